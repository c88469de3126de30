/**
 * From a file, variables and flags to one configuration. Pure: the caller reads the file, and hands in how a
 * secret's file is read. Flags win over variables, variables over the file, the file over the profile, the
 * profile over the defaults; each option on its own. All problems are reported together; a value that lost is
 * still checked.
 */
import { CodedError } from '../base/base.ts'
import { build, type DeclaredOption, parseDeclared } from './declaration.ts'
import { readEnvironment } from './environment.ts'
import { type ConfigFile, readConfigFile } from './file.ts'
import { type Flags, readFlags } from './flags.ts'
import { type Failure, isFailure, type ParseContext, type Texts } from './kinds.ts'
import type { Layer, Written } from './layer.ts'
import {
  ANY_MACHINE,
  type Machine,
  type MemoryWanted,
  planMemory,
  SHARED_OPTIONS,
  usualMemory,
} from './memory-plan.ts'
import { type Config, DECLARATION, OPTIONS } from './options.ts'
import { inert, type Origin, PATH_LENGTH_MAX, type Problem, Problems } from './problem.ts'
import { checkRules } from './rules.ts'

export interface ConfigInput {
  readonly file?: ConfigFile
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: Flags
  /**
   * The text of a secret's file; throws when it cannot be read. Relative paths are the caller's working
   * directory's.
   */
  readonly readFile?: (path: string) => string
  /** Names that `ports.<port>.protocol` may have besides `auto`; unchecked when left out. */
  readonly protocols?: readonly string[]
  /** Whose memory is divided. Default: a large one. */
  readonly machine?: Machine
  /** LOGCASTER_ variables that are no options, such as those of the command line. */
  readonly ignoredEnv?: readonly string[]
}

export interface LoadedConfig {
  readonly config: Config
  /** Where the value of each option comes from, by path. */
  readonly origins: ReadonlyMap<string, Origin>
  /** Parsed values by path; the same as in `config`. */
  readonly values: ReadonlyMap<string, unknown>
  readonly warnings: readonly Problem[]
}

export interface CheckedConfig {
  /** Null when there is a problem. */
  readonly loaded: LoadedConfig | null
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** CONFIG_INVALID with all problems in the message, one a line, and as `Problem[]` in `details.problems`. */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const { loaded, problems } = checkConfig(input)
  if (loaded !== null) return loaded
  const name = input.file === undefined ? '' : ` (${inert(input.file.path, PATH_LENGTH_MAX)})`
  const header = `The configuration${name} has ${problems.length === 1 ? 'a problem' : 'problems'}:`
  const message = [header, ...problems.map(({ text }) => `  ${text}`)].join('\n')
  throw new CodedError('CONFIG_INVALID', message, { details: { problems } })
}

/** The same without throwing. */
export function checkConfig(input: ConfigInput): CheckedConfig {
  const problems = new Problems()
  const warnings = new Problems()
  const flags = readFlags(input.flags, problems)
  const environment = readEnvironment(input.env, { ignored: input.ignoredEnv ?? [] }, problems, warnings)
  const file = input.file === undefined ? new Map() : readConfigFile(input.file, problems)
  const resolver = new Resolver([flags, environment, file ?? new Map()], contextOf(input), problems)
  const loaded = resolver.resolve(warnings.list(), input.machine ?? ANY_MACHINE)
  // Without the file, rules would ask for what it may say.
  if (file !== null) resolver.checkRules(loaded.config, input.protocols)
  return {
    loaded: problems.count === 0 ? loaded : null,
    problems: problems.list(),
    warnings: warnings.list(),
  }
}

function contextOf({ env, readFile }: ConfigInput): ParseContext {
  const unreadable = () => {
    throw new Error('no files are read here')
  }
  return { env, readFile: readFile ?? unreadable }
}

class Resolver {
  readonly #layers: readonly Layer[]
  readonly #context: ParseContext
  readonly #problems: Problems
  readonly #values = new Map<string, unknown>()
  readonly #origins = new Map<string, Origin>()
  /** How the user wrote the name of each option that is set. */
  readonly #places = new Map<string, string>()
  readonly #broken = new Set<string>()
  #memory: MemoryWanted = { bytesMax: 0, stores: 1, processors: 1, stated: {} }

  /** `layers`: the strongest first. */
  constructor(layers: readonly Layer[], context: ParseContext, problems: Problems) {
    this.#layers = layers
    this.#context = context
    this.#problems = problems
  }

  resolve(warnings: readonly Problem[], machine: Machine): LoadedConfig {
    const profileOption = OPTIONS.find(({ path }) => path === 'profile')!
    this.#resolveOption(profileOption, '')
    const profile = String(this.#values.get('profile'))
    for (const option of OPTIONS) if (option !== profileOption) this.#resolveOption(option, profile)
    this.#divideMemory(machine)
    const config = build(DECLARATION, (path) => this.#values.get(path))
    return { config, origins: this.#origins, values: this.#values, warnings }
  }

  /** Shares of the memory are the defaults of what is not set. */
  #divideMemory(machine: Machine): void {
    const isStated = (path: string): boolean =>
      this.#origins.get(path)?.from !== 'default' && !this.#broken.has(path)
    const setDefault = (path: string, value: number, of: string): void => {
      if (isStated(path)) return
      this.#values.set(path, value)
      if (!this.#broken.has(path)) this.#origins.set(path, { from: 'default', of })
    }
    setDefault('memory.bytesMax', usualMemory(machine), 'the memory of the machine')
    const numberAt = (path: string): number => Number(this.#values.get(path))
    this.#memory = {
      bytesMax: numberAt('memory.bytesMax'),
      stores: new Set(['logs', ...(this.#values.get('stores') as readonly string[])]).size,
      processors: machine.processors,
      stated: Object.fromEntries(SHARED_OPTIONS.filter(isStated).map((path) => [path, numberAt(path)])),
    }
    const plan = planMemory(this.#memory)
    for (const path of SHARED_OPTIONS) setDefault(path, plan[path], 'memory.bytesMax')
  }

  checkRules(config: Config, protocols: readonly string[] | undefined): void {
    checkRules({
      config,
      protocols,
      memory: this.#memory,
      originOf: (path) => this.#origins.get(path)!,
      isSound: (...paths) => paths.every((path) => !this.#broken.has(path)),
      report: (path, what, hint) => {
        this.#problems.add(this.#places.get(path) ?? path, this.#origins.get(path)!, what, hint)
      },
    })
  }

  #resolveOption(option: DeclaredOption, profile: string): void {
    const [winner, ...losers] = this.#layers.flatMap((layer) => layer.get(option) ?? [])
    this.#setDefault(option, profile)
    if (winner === undefined) return
    const value = this.#parse(option, winner)
    if (value !== undefined) this.#values.set(option.path, value)
    this.#origins.set(option.path, winner.origin)
    this.#places.set(option.path, winner.place)
    // What a reference names may exist only where it wins.
    if (option.kind.form !== 'reference') for (const loser of losers) this.#parse(option, loser)
  }

  #setDefault(option: DeclaredOption, profile: string): void {
    const ofProfile = Object.hasOwn(option.profiles, profile) ? option.profiles[profile] : undefined
    const texts = this.#conditionalDefault(option) ?? ofProfile ?? option.default
    this.#values.set(option.path, texts && parseDeclared(option, texts, this.#context))
    this.#origins.set(
      option.path,
      ofProfile === undefined ? { from: 'default' } : { from: 'profile', profile },
    )
  }

  #conditionalDefault({ names, when }: DeclaredOption): Texts | undefined {
    if (when === undefined) return undefined
    const beside = [...names.slice(0, -1), when.option].join('.')
    return this.#values.get(beside) === when.is ? when.default : undefined
  }

  #parse(option: DeclaredOption, written: Written): unknown {
    const parsed = parseTexts(option, written, this.#context)
    if (!isFailure(parsed)) return parsed.value
    const at = parsed.index === undefined ? undefined : written.origins?.[parsed.index]
    this.#problems.add(written.place, at ?? written.origin, parsed.what, parsed.hint)
    this.#broken.add(option.path)
    return undefined
  }
}

function parseTexts(
  option: DeclaredOption,
  { texts }: Written,
  context: ParseContext,
): { value: unknown } | Failure {
  if (!texts.includes('')) return option.kind.parse(texts, context)
  const example = option.default?.join(',') ?? ''
  const hint = example === '' ? undefined : `write a value such as ${example}, or leave it out`
  return { what: 'is empty', hint }
}
