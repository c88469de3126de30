/**
 * The binary protocol (PROTOCOLS.md §4) without sockets: frames in both directions, for servers and clients.
 *
 *   0        1         2                4                                8
 *   +--------+---------+----------------+--------------------------------+-----------
 *   | ver=1  | command | payload length |            sequence            | payload
 *   +--------+---------+----------------+--------------------------------+-----------
 *     u8        u8          u16                     u32                     big-endian
 *
 * A reply has the command of its request plus 0x80, and its sequence. Whatever a peer sends, decoding gives a value
 * and never throws; encoding throws FRAME_TOO_LARGE for what does not fit into a frame. Bytes in a decoded value lie
 * in the decoder's memory: valid until it returned null and took another chunk.
 *
 * Not for what a command means to a store or a query: the session knows that.
 */
import { assert, CodedError } from '../base/base.ts'
import { FrameBytes } from './frame-bytes.ts'

const BINARY_VERSION = 1
const BINARY_HEADER_BYTES = 8
export const BINARY_PAYLOAD_BYTES_MAX = 0xffff
/** Bytes before the message of a LOG request: level, timestamp, message length. */
const LOG_HEADER_BYTES = 7
export const BINARY_MESSAGE_BYTES_MAX = BINARY_PAYLOAD_BYTES_MAX - LOG_HEADER_BYTES

/** Statuses of refusals. */
export const BINARY_REFUSALS = {
  badFrame: 16,
  badLevelOrTime: 17,
  tooLong: 18,
  notAllowed: 19,
  storageFull: 20,
  badQuery: 21,
  unknownVersion: 22,
} as const
export type BinaryRefusal = keyof typeof BINARY_REFUSALS

export type BinaryRequest =
  | BinaryLog
  | { readonly kind: 'query'; readonly sequence: number; readonly text: string }
  | { readonly kind: 'ping'; readonly sequence: number; readonly payload: Uint8Array }
  | { readonly kind: 'stats'; readonly sequence: number }
  | BinaryBadRequest

export interface BinaryLog {
  readonly kind: 'log'
  readonly sequence: number
  /** OTLP severity number, 0 for an unknown level. */
  readonly severity: number
  /** Unix seconds; 0 stands for the time of arrival. */
  readonly timeSeconds: number
  readonly message: Uint8Array
}

/** What is answered with `encodeBinaryRefusal`; after a closing one no more requests come. */
export interface BinaryBadRequest {
  readonly kind: 'bad'
  readonly sequence: number
  /** As it came, known or not. */
  readonly command: number
  readonly refusal: BinaryRefusal
  readonly reason: string
  readonly isClosing: boolean
}

export type BinaryReply =
  | { readonly kind: 'stored'; readonly sequence: number; readonly id: number }
  /** `isWhole` is false for a piece: more pieces of the same row follow. */
  | { readonly kind: 'row'; readonly sequence: number; readonly json: Uint8Array; readonly isWhole: boolean }
  | { readonly kind: 'end'; readonly sequence: number }
  | { readonly kind: 'pong'; readonly sequence: number; readonly payload: Uint8Array }
  | { readonly kind: 'stats'; readonly sequence: number; readonly json: string }
  | BinaryRefused
  /** What no server of this protocol sends; nothing comes after it. */
  | { readonly kind: 'bad'; readonly reason: string }

export interface BinaryRefused {
  readonly kind: 'refused'
  readonly sequence: number
  readonly status: number
  /** null for a status that this version does not know. */
  readonly refusal: BinaryRefusal | null
  readonly reason: string
}

const LOG = 1
const QUERY = 2
const PING = 3
const STATS = 4
export const BINARY_COMMANDS = { log: LOG, query: QUERY, ping: PING, stats: STATS } as const

const REPLY_BIT = 0x80
const STATUS_OK = 0
const STATUS_END = 1
const STATUS_PIECE = 2
const REFUSED_FROM = 16
const LEVEL_NUMBER_MAX = 5
const LEVEL_UNKNOWN = 255
const UINT32_MAX = 0xffff_ffff
const TWO_32 = 0x1_0000_0000
const REASON_BYTES_MAX = 1024
/** Header, status and id. */
const STORED_FRAME_BYTES = BINARY_HEADER_BYTES + 9
const NOTHING = new Uint8Array(0)

const refusals = new Map<number, BinaryRefusal>(
  Object.entries(BINARY_REFUSALS).map(([name, status]) => [status, name as BinaryRefusal]),
)
const utf8 = new TextEncoder()
const lenient = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

// ---- decoding -----------------------------------------------------------------------------------------------

/** One frame as it came, its payload still undecoded. */
interface Frame {
  readonly command: number
  readonly sequence: number
  readonly payload: Uint8Array
}

/** Requests of a stream, for servers. */
export class BinaryRequestDecoder {
  readonly #bytes = new FrameBytes()
  #isClosed = false

  /** Bytes of a frame that has not arrived whole. */
  get heldBytes(): number {
    return this.#bytes.length
  }

  /** Hands over bytes, after `next` returned null. They must not change until it does so again. */
  push(chunk: Uint8Array): void {
    if (!this.#isClosed) this.#bytes.push(chunk)
  }

  /** The next request, or null when more bytes are needed. */
  next(): BinaryRequest | null {
    if (this.#isClosed) return null
    const request = this.#bytes.length < BINARY_HEADER_BYTES ? null : this.#read()
    if (request === null) this.#bytes.settle()
    if (request?.kind === 'bad' && request.isClosing) this.#close()
    return request
  }

  #read(): BinaryRequest | null {
    return checkRequestHeader(this.#bytes) ?? parseWith(this.#bytes, parseRequest)
  }

  #close(): void {
    this.#isClosed = true
    this.#bytes.clear()
  }
}

/** Replies of a stream, for clients. */
export class BinaryReplyDecoder {
  readonly #bytes = new FrameBytes()
  #isClosed = false

  get heldBytes(): number {
    return this.#bytes.length
  }

  /** Hands over bytes, after `next` returned null. They must not change until it does so again. */
  push(chunk: Uint8Array): void {
    if (!this.#isClosed) this.#bytes.push(chunk)
  }

  next(): BinaryReply | null {
    if (this.#isClosed) return null
    const reply = this.#bytes.length < BINARY_HEADER_BYTES ? null : this.#read()
    if (reply === null) this.#bytes.settle()
    if (reply?.kind === 'bad') this.#close()
    return reply
  }

  #read(): BinaryReply | null {
    const version = this.#bytes.byte(0)
    if (version !== BINARY_VERSION) return badReply(`version ${version}`)
    return parseWith(this.#bytes, parseReply)
  }

  #close(): void {
    this.#isClosed = true
    this.#bytes.clear()
  }
}

/** Parses a frame once it is there whole. */
function parseWith<T>(bytes: FrameBytes, parse: (frame: Frame) => T): T | null {
  const payloadBytes = bytes.uint16(2)
  if (bytes.length < BINARY_HEADER_BYTES + payloadBytes) return null
  const command = bytes.byte(1)
  const sequence = bytes.uint32(4)
  bytes.skip(BINARY_HEADER_BYTES)
  return parse({ command, sequence, payload: bytes.take(payloadBytes) })
}

/** What is wrong with a header, told before its payload arrived. */
function checkRequestHeader(bytes: FrameBytes): BinaryBadRequest | null {
  const version = bytes.byte(0)
  const command = bytes.byte(1)
  const payloadBytes = bytes.uint16(2)
  const bad = (refusal: BinaryRefusal, reason: string): BinaryBadRequest =>
    badRequest({ command, sequence: bytes.uint32(4) }, refusal, reason, true)
  if (version !== BINARY_VERSION) return bad('unknownVersion', `Unknown version ${version}: expected 1`)
  if (command < LOG || command > STATS) return bad('badFrame', `Unknown command ${command}: expected 1 to 4`)
  if (command === LOG && payloadBytes < LOG_HEADER_BYTES) {
    return bad('badFrame', `Payload of LOG too short: ${payloadBytes} bytes, at least ${LOG_HEADER_BYTES}`)
  }
  if (command === STATS && payloadBytes > 0) {
    return bad('badFrame', `Payload of STATS: ${payloadBytes} bytes, expected none`)
  }
  return null
}

function parseRequest(frame: Frame): BinaryRequest {
  const { command, sequence, payload } = frame
  switch (command) {
    case LOG:
      return parseLog(frame)
    case QUERY:
      return parseQuery(frame)
    case PING:
      return { kind: 'ping', sequence, payload }
    default:
      assert(command === STATS, 'a command that passed the check')
      return { kind: 'stats', sequence }
  }
}

/** Hot path: no DataView per record (measured: two of them were an eighth of all time). */
function parseLog(frame: Frame): BinaryLog | BinaryBadRequest {
  const { payload } = frame
  const messageBytes = payload[5] * 0x100 + payload[6]
  const message = payload.subarray(LOG_HEADER_BYTES)
  if (messageBytes !== message.length) {
    const reason = `Message length ${messageBytes} does not fit: the payload holds ${message.length} bytes of it`
    return badRequest(frame, 'badFrame', reason, true)
  }
  const severity = severityOf(payload[0])
  if (severity === null) {
    return badRequest(frame, 'badLevelOrTime', `Bad level ${payload[0]}: expected 0 to 5 or 255`, false)
  }
  const timeSeconds = (payload[1] * 0x100 + payload[2]) * 0x1_0000 + payload[3] * 0x100 + payload[4]
  return { kind: 'log', sequence: frame.sequence, severity, timeSeconds, message }
}

function parseQuery(frame: Frame): BinaryRequest {
  try {
    return { kind: 'query', sequence: frame.sequence, text: strict.decode(frame.payload) }
  } catch {
    return badRequest(frame, 'badQuery', 'The query is not UTF-8', false)
  }
}

function badRequest(
  frame: Omit<Frame, 'payload'>,
  refusal: BinaryRefusal,
  reason: string,
  isClosing: boolean,
): BinaryBadRequest {
  return { kind: 'bad', sequence: frame.sequence, command: frame.command, refusal, reason, isClosing }
}

function parseReply({ command, sequence, payload }: Frame): BinaryReply {
  if (command === (PING | REPLY_BIT)) return { kind: 'pong', sequence, payload }
  if (payload.length === 0) return badReply('no status')
  const status = payload[0]
  const rest = payload.subarray(1)
  if (status >= REFUSED_FROM) {
    const refusal = refusals.get(status) ?? null
    return { kind: 'refused', sequence, status, refusal, reason: lenient.decode(rest) }
  }
  return parseAnswer(command, sequence, status, rest) ?? badReply(`status ${status} of command ${command}`)
}

function parseAnswer(
  command: number,
  sequence: number,
  status: number,
  rest: Uint8Array,
): BinaryReply | null {
  if (command === (QUERY | REPLY_BIT)) {
    if (status === STATUS_END) return { kind: 'end', sequence }
    if (status > STATUS_PIECE) return null
    return { kind: 'row', sequence, json: rest, isWhole: status === STATUS_OK }
  }
  if (status !== STATUS_OK) return null
  if (command === (STATS | REPLY_BIT)) return { kind: 'stats', sequence, json: lenient.decode(rest) }
  return command === (LOG | REPLY_BIT) ? parseStored(sequence, rest) : null
}

function parseStored(sequence: number, rest: Uint8Array): BinaryReply {
  if (rest.length !== 8) return badReply(`an id of ${rest.length} bytes`)
  const view = viewOf(rest)
  const id = view.getUint32(0) * TWO_32 + view.getUint32(4)
  return Number.isSafeInteger(id) ? { kind: 'stored', sequence, id } : badReply('an id of 2^53 or more')
}

function badReply(reason: string): BinaryReply {
  return { kind: 'bad', reason }
}

// ---- encoding of requests -----------------------------------------------------------------------------------

/** `severity` 0 is an unknown level; `timeSeconds` 0 the time of arrival. */
export function encodeBinaryLog(
  sequence: number,
  severity: number,
  timeSeconds: number,
  message: Uint8Array,
): Uint8Array {
  const isTime = Number.isInteger(timeSeconds) && timeSeconds >= 0 && timeSeconds <= UINT32_MAX
  assert(isTime, 'a time of whole seconds in 32 bits')
  assert(severity >= 0 && severity <= 24, 'an OTLP severity number')
  const frame = newFrame(LOG, sequence, LOG_HEADER_BYTES + message.length)
  const view = viewOf(frame)
  view.setUint8(BINARY_HEADER_BYTES, levelNumberOf(severity))
  view.setUint32(BINARY_HEADER_BYTES + 1, timeSeconds)
  view.setUint16(BINARY_HEADER_BYTES + 5, message.length)
  frame.set(message, BINARY_HEADER_BYTES + LOG_HEADER_BYTES)
  return frame
}

export function encodeBinaryQuery(sequence: number, text: string): Uint8Array {
  return encodeFrame(QUERY, sequence, utf8.encode(text))
}

export function encodeBinaryPing(sequence: number, payload: Uint8Array): Uint8Array {
  return encodeFrame(PING, sequence, payload)
}

export function encodeBinaryStats(sequence: number): Uint8Array {
  return encodeFrame(STATS, sequence, NOTHING)
}

// ---- encoding of replies ------------------------------------------------------------------------------------

export function encodeBinaryStored(sequence: number, id: number): Uint8Array {
  return encodeBinaryStoredRun(Uint32Array.of(sequence), id)
}

/** The replies to LOG requests whose records have `firstId` and the ids that follow, one after another. */
export function encodeBinaryStoredRun(sequences: Uint32Array, firstId: number): Uint8Array {
  const count = sequences.length
  assert(firstId >= 0 && Number.isSafeInteger(firstId + count), 'ids below 2^53')
  const frames = new Uint8Array(count * STORED_FRAME_BYTES)
  const view = viewOf(frames)
  for (let index = 0, at = 0; index < count; index++, at += STORED_FRAME_BYTES) {
    const id = firstId + index
    view.setUint8(at, BINARY_VERSION)
    view.setUint8(at + 1, LOG | REPLY_BIT)
    view.setUint16(at + 2, STORED_FRAME_BYTES - BINARY_HEADER_BYTES)
    view.setUint32(at + 4, sequences[index])
    view.setUint8(at + BINARY_HEADER_BYTES, STATUS_OK)
    view.setUint32(at + BINARY_HEADER_BYTES + 1, Math.floor(id / TWO_32))
    view.setUint32(at + BINARY_HEADER_BYTES + 5, id >>> 0)
  }
  return frames
}

/** One row of any length: all its frames, one after another. */
export function encodeBinaryRow(sequence: number, json: Uint8Array): Uint8Array {
  const pieceBytesMax = BINARY_PAYLOAD_BYTES_MAX - 1
  if (json.length <= pieceBytesMax) return encodeAnswer(QUERY, sequence, STATUS_OK, json)
  const frames: Uint8Array[] = []
  for (let at = 0; at < json.length; at += pieceBytesMax) {
    const isLast = at + pieceBytesMax >= json.length
    const piece = json.subarray(at, at + pieceBytesMax)
    frames.push(encodeAnswer(QUERY, sequence, isLast ? STATUS_OK : STATUS_PIECE, piece))
  }
  return Buffer.concat(frames)
}

/** After the last row of a query. */
export function encodeBinaryEnd(sequence: number): Uint8Array {
  return encodeAnswer(QUERY, sequence, STATUS_END, NOTHING)
}

export function encodeBinaryPong(sequence: number, payload: Uint8Array): Uint8Array {
  return encodeFrame(PING | REPLY_BIT, sequence, payload)
}

export function encodeBinaryStatsReply(sequence: number, json: string): Uint8Array {
  return encodeAnswer(STATS, sequence, STATUS_OK, utf8.encode(json))
}

/** `command` is that of the request, known or not. A reason is cut after 1,024 bytes, never within a character. */
export function encodeBinaryRefusal(
  command: number,
  sequence: number,
  refusal: BinaryRefusal,
  reason: string,
): Uint8Array {
  const text = new Uint8Array(REASON_BYTES_MAX)
  const { written } = utf8.encodeInto(reason, text)
  return encodeAnswer(command, sequence, BINARY_REFUSALS[refusal], text.subarray(0, written))
}

function encodeAnswer(command: number, sequence: number, status: number, rest: Uint8Array): Uint8Array {
  const frame = newFrame(command | REPLY_BIT, sequence, 1 + rest.length)
  frame[BINARY_HEADER_BYTES] = status
  frame.set(rest, BINARY_HEADER_BYTES + 1)
  return frame
}

function encodeFrame(command: number, sequence: number, payload: Uint8Array): Uint8Array {
  const frame = newFrame(command, sequence, payload.length)
  frame.set(payload, BINARY_HEADER_BYTES)
  return frame
}

function newFrame(command: number, sequence: number, payloadBytes: number): Uint8Array {
  assert(sequence >= 0 && sequence <= UINT32_MAX, 'a sequence of 32 bits')
  if (payloadBytes > BINARY_PAYLOAD_BYTES_MAX) {
    const message = `A binary frame holds ${BINARY_PAYLOAD_BYTES_MAX} bytes, and this one would have ${payloadBytes}.`
    throw new CodedError('FRAME_TOO_LARGE', message)
  }
  const frame = new Uint8Array(BINARY_HEADER_BYTES + payloadBytes)
  const view = viewOf(frame)
  view.setUint8(0, BINARY_VERSION)
  view.setUint8(1, command)
  view.setUint16(2, payloadBytes)
  view.setUint32(4, sequence)
  return frame
}

// ---- levels -------------------------------------------------------------------------------------------------

/** The lowest severity of the level with this number, 0 for an unknown level, null for no level at all. */
function severityOf(levelNumber: number): number | null {
  if (levelNumber === LEVEL_UNKNOWN) return 0
  return levelNumber <= LEVEL_NUMBER_MAX ? levelNumber * 4 + 1 : null
}

function levelNumberOf(severity: number): number {
  return severity === 0 ? LEVEL_UNKNOWN : Math.floor((severity - 1) / 4)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
