/**
 * LogCaster inside a program:
 *
 *   import { openHub } from 'logcaster'
 *   await using hub = await openHub({ dataDir: './data' })
 *   await hub.write([{ message: 'hello', level: 'info', fields: { user: 'mia' } }])
 *   for await (const row of hub.rows('hello')) console.log(row._msg)
 *
 * `startServer` is the same with all its ports.
 */
import { resolve } from 'node:path'
import { realDisk, systemClock, systemRandom } from './base/base.ts'
import { type HubOptions, openHub as openHubOn, ProgramHub } from './hub/hub.ts'

/** All but the directory has a default: the real disk, the system's clock and randomness. */
export interface OpenHubOptions extends Partial<Omit<HubOptions, 'dataDir'>> {
  readonly dataDir: string
  /** Fields that are the stream of records that are written without one. Default `host`, `service`. */
  readonly streamFields?: readonly string[]
}

/**
 * Opens the hub in a data directory, which is made if it is missing. One process at a time.
 * DIRECTORY_LOCKED, DIRECTORY_UNUSABLE, MANIFEST_CORRUPT, FORMAT_VERSION.
 */
export async function openHub(options: OpenHubOptions): Promise<ProgramHub> {
  const defaults = { disk: realDisk, clock: systemClock, random: systemRandom }
  // A disk of the caller's own (a simulated one) has paths of its own.
  const dataDir = options.disk === undefined ? resolve(options.dataDir) : options.dataDir
  const hub = await openHubOn({ ...defaults, ...options, dataDir })
  return new ProgramHub(hub, options.clock ?? defaults.clock, options.streamFields)
}

export { CodedError, ERROR_CODES, type ErrorCode } from './base/base.ts'
export type {
  HubOptions,
  HubStats,
  ProgramHub,
  QueryOptions,
  RowObject,
  TailObject,
  TailQueryOptions,
  ValuesAnswer,
  ValuesQueryOptions,
  WriteOptions,
} from './hub/hub.ts'
export { type EmbeddedServer, type StartServerOptions, startServer } from './program/program.ts'
export type { NewRecord } from './record/record.ts'
export type { JsonContext, JsonFunction, JsonHandler, JsonMiddleware } from './servers/servers.ts'
