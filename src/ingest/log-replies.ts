/**
 * What the log port answers, as codes and as bytes.
 *
 * A decoder gives one code per reply; the session renders them when the records are durable, in one buffer per batch.
 * A code is REPLY_OK (the next id), REPLY_ACK, REPLY_PONG or that of a refusal in one of the two dialects. Every
 * reason is one row of LOG_REFUSALS; docs/protocols-text.md quotes them all, and a test holds the two level.
 */
import { assert } from '../base/base.ts'

/** `main` is `LOG|…|…|…` and `QUERY|…|…`, `short` is `LOG:…:…:…` and `QUERY:…`. */
export type Dialect = 'main' | 'short'

export const REPLY_OK = 1
export const REPLY_ACK = 2
export const REPLY_PONG = 3
const REFUSALS_FROM = 16

/** In the order of their codes. `{bytesMax}` stands for `record.bytesMax`. */
export const LOG_REFUSALS = {
  badForm: 'Bad command: expected LOG|<LEVEL>|<timestamp>|<message>',
  badLevel: 'Bad level: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL',
  badTime: 'Bad timestamp: expected Unix seconds, RFC 3339 or nothing',
  emptyMessage: 'Empty message',
  tooLong: 'Message too long: at most {bytesMax} bytes',
  controlCharacter: 'Control character in message: only tab is allowed',
  overload: 'Line too long for the memory that is left: try again later',
  notAllowed: 'Not allowed: this session may not write',
  badToken: 'Unknown token',
  storageFull: 'Log storage full',
  shuttingDown: 'Server is shutting down',
  notStored: 'Not stored: internal error',
} as const

export type LogRefusal = keyof typeof LOG_REFUSALS

const NAMES = Object.keys(LOG_REFUSALS) as LogRefusal[]

export function refusalCode(name: LogRefusal, dialect: Dialect): number {
  return REFUSALS_FROM + NAMES.indexOf(name) * 2 + (dialect === 'short' ? 1 : 0)
}

/** The text of a refusal without its dialect's prefix. */
export function refusalReason(name: LogRefusal, recordBytesMax: number): string {
  return LOG_REFUSALS[name].replace('{bytesMax}', String(recordBytesMax))
}

const ID_DIGITS_MAX = 16
const OK_BYTES_MAX = 'OK|\n'.length + ID_DIGITS_MAX
const ZERO = 0x30
const NINE = 0x39

/** Renders codes; one for all sessions of a server. */
export class LogReplyEncoder {
  /** Bytes of the reply of a code; that of REPLY_OK is made for each record. */
  readonly #replies: Uint8Array[] = []
  readonly #digits = new Uint8Array(ID_DIGITS_MAX)
  #digitCount = 0

  constructor(recordBytesMax: number) {
    this.#replies[REPLY_OK] = new Uint8Array(OK_BYTES_MAX)
    this.#replies[REPLY_ACK] = Buffer.from('ACK\n')
    this.#replies[REPLY_PONG] = Buffer.from('PONG\n')
    for (const name of NAMES) {
      const reason = refusalReason(name, recordBytesMax)
      this.#replies[refusalCode(name, 'main')] = Buffer.from(`ERROR|${reason}\n`)
      this.#replies[refusalCode(name, 'short')] = Buffer.from(`ERROR:${reason}\n`)
    }
  }

  /** The replies of a batch that is durable; its records have `firstId` and the ids that follow. */
  encode(codes: Uint8Array, firstId: number): Uint8Array {
    const target = Buffer.allocUnsafe(this.#lengthOf(codes))
    this.#startDigits(firstId)
    let at = 0
    for (let index = 0; index < codes.length; index++) {
      const code = codes[index]
      at = code === REPLY_OK ? this.#putOk(target, at) : put(this.#replies[code], target, at)
      if (code === REPLY_OK || code === REPLY_ACK) this.#countUp()
    }
    return target.subarray(0, at)
  }

  /** The replies of a batch of which nothing was stored. */
  encodeRefused(codes: Uint8Array, refusal: LogRefusal): Uint8Array {
    const refused = codes.slice()
    for (let index = 0; index < refused.length; index++) {
      if (refused[index] === REPLY_OK) refused[index] = refusalCode(refusal, 'main')
      if (refused[index] === REPLY_ACK) refused[index] = refusalCode(refusal, 'short')
    }
    return this.encode(refused, 0)
  }

  /** One refusal on its own. */
  refusal(name: LogRefusal, dialect: Dialect): Uint8Array {
    return this.#replies[refusalCode(name, dialect)]
  }

  #lengthOf(codes: Uint8Array): number {
    let length = 0
    for (let index = 0; index < codes.length; index++) length += this.#replies[codes[index]].length
    return length
  }

  #startDigits(id: number): void {
    assert(Number.isSafeInteger(id) && id >= 0, 'an id is an integer from 0 to 2^53 - 1')
    const text = String(id)
    this.#digitCount = text.length
    for (let index = 0; index < text.length; index++) this.#digits[index] = text.charCodeAt(index)
  }

  /** Writes `OK|<id>\n` and counts the digits up: cheaper than to divide each id. */
  #putOk(target: Uint8Array, start: number): number {
    const digits = this.#digits
    const count = this.#digitCount
    target[start] = 0x4f
    target[start + 1] = 0x4b
    target[start + 2] = 0x7c
    let at = start + 3
    for (let index = 0; index < count; index++) target[at++] = digits[index]
    target[at++] = 0x0a
    return at
  }

  #countUp(): void {
    const digits = this.#digits
    let index = this.#digitCount - 1
    while (index >= 0 && digits[index] === NINE) digits[index--] = ZERO
    if (index >= 0) {
      digits[index]++
      return
    }
    // 999 became 000: a one goes before it. Sixteen digits are never all nines, as ids end at 2^53 - 1.
    digits.copyWithin(1, 0, this.#digitCount)
    digits[0] = ZERO + 1
    this.#digitCount++
  }
}

function put(reply: Uint8Array, target: Uint8Array, start: number): number {
  for (let index = 0; index < reply.length; index++) target[start + index] = reply[index]
  return start + reply.length
}
