/** The door of config/: one declaration of all options, and what follows from it. */
export type { DeclaredOption } from './declaration.ts'
export type { ConfigFile } from './file.ts'
export { type FlagDeclaration, type Flags, optionFlags } from './flags.ts'
export { type CheckedConfig, type ConfigInput, checkConfig, type LoadedConfig, loadConfig } from './load.ts'
export type { Machine, MemoryPlan } from './memory-plan.ts'
export { nearestName } from './nearest-name.ts'
export { type Address, type Network, printAddress } from './network.ts'
export {
  type Capability,
  type Config,
  OPTIONS,
  PORT_NAMES,
  type PortConfig,
  type PortName,
  type ProfileName,
} from './options.ts'
export type { Origin, Problem } from './problem.ts'
export { printReference, referenceJson } from './reference.ts'
export { printSchema } from './schema.ts'
export { Secret } from './secret.ts'
export { checkJson, printCheck, printShow, showJson } from './show.ts'
export { hashToken, parseGrant, printTokenEntry, TOKEN_NAME, type Token } from './token.ts'
