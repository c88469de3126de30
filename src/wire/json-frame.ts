/**
 * The framed JSON protocol (PROTOCOLS.md §5) without sockets: a u32 length, big-endian, and that many bytes of JSON,
 * `{"type","payload","timestamp","sender_id","correlation_id"}`; the same in both directions and for datagrams.
 *
 * Invariants: decoding gives a value and never throws, whatever came; a frame that is too long is told before its
 * bytes are kept; nothing is parsed that is nested deeper than JSON_DEPTH_MAX. Encoding throws FRAME_TOO_LARGE.
 *
 * Not for what the types mean: handlers know that.
 */
import { assert, CodedError } from '../base/base.ts'
import { FrameBytes } from './frame-bytes.ts'

export const JSON_FRAME_HEADER_BYTES = 4
export const JSON_FRAME_BYTES_MAX = 1024 * 1024
/** Levels of arrays and objects, the message itself included. */
export const JSON_DEPTH_MAX = 64
/** Characters of a type, a sender's id and a correlation id. */
const NAME_LENGTH_MAX = 256

export interface JsonMessage {
  readonly type: string
  /** Any JSON value; an empty object where the message had none. */
  readonly payload: unknown
  /** Seconds since the epoch. */
  readonly timestamp: number | null
  readonly senderId: string | null
  /** Goes back as it came. */
  readonly correlationId: string | number | null
}

export type JsonFrame =
  | { readonly kind: 'message'; readonly message: JsonMessage }
  /** For an `error` frame; after a closing one nothing more comes. */
  | JsonBadFrame

export interface JsonBadFrame {
  readonly kind: 'bad'
  readonly reason: string
  /** Where it could be read in spite of what is wrong. */
  readonly correlationId: string | number | null
  readonly isClosing: boolean
}

const utf8 = new TextEncoder()
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/** Messages of a stream. */
export class JsonFrameDecoder {
  readonly #frameBytesMax: number
  readonly #bytes = new FrameBytes()
  #isClosed = false

  constructor(frameBytesMax = JSON_FRAME_BYTES_MAX) {
    this.#frameBytesMax = frameBytesMax
  }

  /** Bytes of a frame that has not arrived whole. */
  get heldBytes(): number {
    return this.#bytes.length
  }

  /** Hands over bytes, after `next` returned null. They must not change until it does so again. */
  push(chunk: Uint8Array): void {
    if (!this.#isClosed) this.#bytes.push(chunk)
  }

  /** The next message, or null when more bytes are needed. */
  next(): JsonFrame | null {
    if (this.#isClosed) return null
    const frame = this.#bytes.length < JSON_FRAME_HEADER_BYTES ? null : this.#read()
    if (frame === null) this.#bytes.settle()
    return frame
  }

  #read(): JsonFrame | null {
    const length = this.#bytes.uint32(0)
    if (length > this.#frameBytesMax) {
      this.#isClosed = true
      this.#bytes.clear()
      return tooLong(length, this.#frameBytesMax)
    }
    if (this.#bytes.length < JSON_FRAME_HEADER_BYTES + length) return null
    this.#bytes.skip(JSON_FRAME_HEADER_BYTES)
    return parseMessage(this.#bytes.take(length))
  }
}

/** The one message of a datagram. */
export function decodeJsonDatagram(bytes: Uint8Array, frameBytesMax = JSON_FRAME_BYTES_MAX): JsonFrame {
  if (bytes.length < JSON_FRAME_HEADER_BYTES) return bad('A frame begins with a length of 4 bytes')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (length > frameBytesMax) return tooLong(length, frameBytesMax)
  if (length !== bytes.length - JSON_FRAME_HEADER_BYTES) return bad('A datagram holds exactly one frame')
  return parseMessage(bytes.subarray(JSON_FRAME_HEADER_BYTES))
}

export function encodeJsonFrame(message: JsonMessage, frameBytesMax = JSON_FRAME_BYTES_MAX): Uint8Array {
  const { type, payload, timestamp, senderId, correlationId } = message
  const envelope = { type, payload, timestamp, sender_id: senderId, correlation_id: correlationId }
  const text = utf8.encode(JSON.stringify(envelope))
  if (text.length > frameBytesMax) {
    const problem = `A JSON frame holds ${frameBytesMax} bytes, and this one would have ${text.length}.`
    throw new CodedError('FRAME_TOO_LARGE', problem)
  }
  const frame = new Uint8Array(JSON_FRAME_HEADER_BYTES + text.length)
  new DataView(frame.buffer).setUint32(0, text.length)
  frame.set(text, JSON_FRAME_HEADER_BYTES)
  return frame
}

// ---- messages -----------------------------------------------------------------------------------------------

function parseMessage(bytes: Uint8Array): JsonFrame {
  if (isDeeperThan(bytes, JSON_DEPTH_MAX)) return bad(`Nested too deeply: at most ${JSON_DEPTH_MAX} levels`)
  const value = parseJson(bytes)
  if (value === undefined) return bad('Invalid JSON')
  if (!isObject(value)) return bad('A message is an object with "type" and "payload"')
  return readEnvelope(value)
}

/** undefined for bytes that are no JSON text, or no UTF-8. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(strict.decode(bytes))
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readEnvelope(value: Readonly<Record<string, unknown>>): JsonFrame {
  const correlationId = value['correlation_id'] ?? null
  if (!isCorrelationId(correlationId)) return bad('Bad "correlation_id": expected a short string or a number')
  const type = value['type']
  if (!isName(type)) return bad('Bad "type": expected a string of 1 to 256 characters', correlationId)
  const timestamp = value['timestamp'] ?? null
  if (timestamp !== null && !isNumber(timestamp)) {
    return bad('Bad "timestamp": expected seconds as a number', correlationId)
  }
  const senderId = value['sender_id'] ?? null
  if (senderId !== null && !isText(senderId))
    return bad('Bad "sender_id": expected a short string', correlationId)
  const payload = value['payload']
  return {
    kind: 'message',
    message: { type, payload: payload === undefined ? {} : payload, timestamp, senderId, correlationId },
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= NAME_LENGTH_MAX
const isName = (value: unknown): value is string => isText(value) && value.length > 0
const isCorrelationId = (value: unknown): value is string | number | null =>
  value === null || isNumber(value) || isText(value)

function tooLong(length: number, frameBytesMax: number): JsonBadFrame {
  const reason = `Frame too long: ${length} bytes, at most ${frameBytesMax}`
  return { kind: 'bad', reason, correlationId: null, isClosing: true }
}

function bad(reason: string, correlationId: string | number | null = null): JsonBadFrame {
  return { kind: 'bad', reason, correlationId, isClosing: false }
}

// ---- depth --------------------------------------------------------------------------------------------------

const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Whether JSON text opens more than `depthMax` arrays and objects within each other. For bytes that are no JSON the
 * answer is of no use, but given; the parser refuses them.
 */
export function isDeeperThan(bytes: Uint8Array, depthMax: number): boolean {
  assert(depthMax > 0, 'a depth above 0')
  let depth = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) at = stringEnd(bytes, at + 1)
    else if (isOpening(byte) && ++depth > depthMax) return true
    else if (isClosing(byte)) depth--
  }
  return false
}

const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b
const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d

/** Where the string ends that has begun before `at`: its closing quote, or the end of the bytes. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}
