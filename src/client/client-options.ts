/**
 * The options of a client: their names, meanings, defaults and bounds. docs/client.md shows the same table, and a test
 * holds the two level.
 */
import { type Clock, CodedError, type Disk, type Random, realDisk, systemRandom } from '../base/base.ts'
import { JSON_FRAME_BYTES_MAX } from '../wire/wire.ts'
import { type Connect, systemConnect, type TlsSettings } from './network.ts'
import { wakefulClock } from './wakeful-clock.ts'

const SECOND_MS = 1000
const MIB = 1024 * 1024
/** What a timer of Node.js can wait. */
const TIMER_MS_MAX = 2_147_483_647
/** Room in a frame for all that is not records: the type, the ids, the sender's name. */
const ENVELOPE_BYTES_MAX = 4096

/** The most that the records of one frame may take. */
export const BODY_BYTES_MAX = JSON_FRAME_BYTES_MAX - ENVELOPE_BYTES_MAX

interface Bounds {
  readonly default: number
  readonly min: number
  readonly max: number
}

/** Every option that is a number. Times are milliseconds. */
export const CLIENT_LIMITS = {
  /** Until a new connection has answered for the first time: TCP, TLS and login together. */
  connectMsMax: { default: 10 * SECOND_MS, min: 1, max: TIMER_MS_MAX },
  /** Before the first new try; doubled for each further one. */
  retryMsMin: { default: 100, min: 1, max: TIMER_MS_MAX },
  /** The longest pause between two tries. */
  retryMsMax: { default: 30 * SECOND_MS, min: 1, max: TIMER_MS_MAX },
  /** Silence after which the server is asked whether it is there. */
  pingMs: { default: 15 * SECOND_MS, min: 1, max: TIMER_MS_MAX },
  /** A request that has no answer after this breaks its connection. */
  answerMsMax: { default: 30 * SECOND_MS, min: 1, max: TIMER_MS_MAX },
  /** Connections in all. One is for sending, the others for queries and tails. */
  connectionsMax: { default: 4, min: 2, max: 1000 },
  /** How long a query waits for a connection. */
  checkoutMsMax: { default: 10 * SECOND_MS, min: 1, max: TIMER_MS_MAX },
  /** After this a connection that nobody needs is closed. */
  idleMsMax: { default: 60 * SECOND_MS, min: 1, max: TIMER_MS_MAX },
  /** Batches that are sent and not acknowledged. */
  batchesInFlightMax: { default: 8, min: 1, max: 1000 },
  /** Bytes of a batch. A record that is longer travels alone. */
  batchBytesMax: { default: 256 * 1024, min: 1, max: BODY_BYTES_MAX },
  /** Records of a batch. */
  batchRecordsMax: { default: 5000, min: 1, max: 20_000 },
  /** Bytes of records in memory that are not acknowledged. */
  memoryBytesMax: { default: 64 * MIB, min: 1, max: Number.MAX_SAFE_INTEGER },
  /** Bytes of all spill files. */
  spillBytesMax: { default: 1024 * MIB, min: 1, max: Number.MAX_SAFE_INTEGER },
  /** After this `send` gives up and rejects with TIMED_OUT; 0: never. */
  sendMsMax: { default: 0, min: 0, max: TIMER_MS_MAX },
  /** How long `close` waits for acknowledgements. */
  closeMsMax: { default: 10 * SECOND_MS, min: 0, max: TIMER_MS_MAX },
} as const satisfies Record<string, Bounds>

type LimitName = keyof typeof CLIENT_LIMITS
export type ClientLimits = { readonly [Name in LimitName]: number }

/** What happens to a `send` for which `memoryBytesMax` leaves no room. */
export type Overflow = 'wait' | 'reject' | 'spill'

export interface ClientOptions extends Partial<ClientLimits> {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Any port of the server. Default 9999. */
  readonly port?: number
  /** Default: no TLS. */
  readonly tls?: boolean | TlsSettings
  /** Sent before anything else on every connection. Default: none. */
  readonly token?: string
  /** How the client calls itself (`sender_id`). Default `logcaster-client`. */
  readonly name?: string
  /** Default `wait`; `spill` needs `spillDirectory`. */
  readonly overflow?: Overflow
  /** A directory for this client alone. What an earlier process left in it is sent first. */
  readonly spillDirectory?: string
  readonly clock?: Clock
  readonly random?: Random
  readonly connect?: Connect
  readonly disk?: Disk
}

/** Options that were checked, with nothing missing. */
export interface ClientSettings extends ClientLimits {
  readonly host: string
  readonly port: number
  readonly tls: TlsSettings | null
  readonly token: string | null
  readonly name: string
  readonly overflow: Overflow
  readonly spillDirectory: string | null
  readonly clock: Clock
  readonly random: Random
  readonly connect: Connect
  readonly disk: Disk
}

const OVERFLOWS: readonly Overflow[] = ['wait', 'reject', 'spill']
const NAME_LENGTH_MAX = 200
const OPTION_NAMES: readonly string[] = [
  ...['host', 'port', 'tls', 'token', 'name', 'overflow', 'spillDirectory'],
  ...['clock', 'random', 'connect', 'disk'],
  ...Object.keys(CLIENT_LIMITS),
]

/** CONFIG_INVALID names the first option that is wrong, and what would be right. */
export function checkOptions(options: ClientOptions): ClientSettings {
  checkNames(options)
  const settings: ClientSettings = {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 9999,
    tls: tlsOf(options.tls),
    token: options.token ?? null,
    name: options.name ?? 'logcaster-client',
    overflow: options.overflow ?? 'wait',
    spillDirectory: options.spillDirectory ?? null,
    clock: options.clock ?? wakefulClock,
    random: options.random ?? systemRandom,
    connect: options.connect ?? systemConnect,
    disk: options.disk ?? realDisk,
    ...limitsOf(options),
  }
  checkTexts(settings)
  checkRetries(settings)
  checkOverflow(settings)
  return settings
}

function checkNames(options: ClientOptions): void {
  const unknown = Object.keys(options).find((name) => !OPTION_NAMES.includes(name))
  if (unknown === undefined) return
  throw invalid(
    `${JSON.stringify(unknown)} does not exist; the options are ${OPTION_NAMES.toSorted().join(', ')}`,
  )
}

function tlsOf(tls: boolean | TlsSettings | undefined): TlsSettings | null {
  if (tls === undefined || tls === false) return null
  return tls === true ? {} : tls
}

function limitsOf(options: ClientOptions): ClientLimits {
  const names = Object.keys(CLIENT_LIMITS) as LimitName[]
  const entries = names.map((name) => [name, limitOf(name, options[name])])
  return Object.fromEntries(entries) as ClientLimits
}

function limitOf(name: LimitName, value: unknown): number {
  const { default: fallback, min, max } = CLIENT_LIMITS[name]
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw invalid(`${name} is ${String(value)}; give an integer from ${min} to ${max}`)
}

function checkTexts({ host, port, token, name }: ClientSettings): void {
  if (typeof host !== 'string' || host === '') throw invalid('host is empty; give a name or an address')
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid(`port is ${String(port)}; give an integer from 1 to 65535`)
  }
  if (token !== null && (typeof token !== 'string' || token === '')) {
    throw invalid('token is empty; leave it out where none is needed')
  }
  if (typeof name !== 'string' || name.length > NAME_LENGTH_MAX) {
    throw invalid(`name is no text of at most ${NAME_LENGTH_MAX} characters`)
  }
}

function checkRetries({ retryMsMin, retryMsMax }: ClientSettings): void {
  if (retryMsMin > retryMsMax) {
    throw invalid(`retryMsMin is ${retryMsMin}, more than retryMsMax (${retryMsMax})`)
  }
}

function checkOverflow({ overflow, spillDirectory }: ClientSettings): void {
  if (!OVERFLOWS.includes(overflow)) {
    throw invalid(`overflow is ${JSON.stringify(overflow)}; give ${OVERFLOWS.join(', ')}`)
  }
  const needsDirectory = overflow === 'spill'
  if (needsDirectory === (spillDirectory !== null)) return
  const problem = needsDirectory ? 'needs a directory; give' : 'is the only one to use a'
  throw invalid(`overflow: 'spill' ${problem} spillDirectory`)
}

function invalid(problem: string): CodedError {
  return new CodedError('CONFIG_INVALID', `Client option ${problem}.`)
}
