/**
 * Frames of the binary protocol and of framed JSON for tests (PROTOCOLS §4, §5). Written apart from src/wire/, so that
 * the two cannot agree on a mistake.
 */

const BINARY_HEADER_BYTES = 8
const LOG_HEADER_BYTES = 7
const INFO = 2
const JSON_HEADER_BYTES = 4

export function binaryFrame(command: number, sequence: number, payload: Uint8Array): Buffer {
  const header = Buffer.from([1, command, 0, 0, 0, 0, 0, 0])
  header.writeUInt16BE(payload.length, 2)
  header.writeUInt32BE(sequence, 4)
  return Buffer.concat([header, payload])
}

/** A LOG request of level INFO, with the time of arrival. */
export function binaryLog(sequence: number, message: Uint8Array): Buffer {
  const payload = Buffer.alloc(LOG_HEADER_BYTES)
  payload[0] = INFO
  payload.writeUInt16BE(message.length, 5)
  return binaryFrame(1, sequence, Buffer.concat([payload, message]))
}

export interface BinaryAnswer {
  readonly command: number
  readonly sequence: number
  readonly payload: Buffer
}

export function jsonFrame(type: string, payload: unknown, correlationId: number | string | null): Buffer {
  return rawJsonFrame(JSON.stringify({ type, payload, correlation_id: correlationId }))
}

/** Around any text, JSON or not. */
export function rawJsonFrame(text: string | Uint8Array): Buffer {
  const body = Buffer.from(text)
  const header = Buffer.alloc(JSON_HEADER_BYTES)
  header.writeUInt32BE(body.length)
  return Buffer.concat([header, body])
}

export interface JsonAnswer {
  readonly type: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly correlation_id: number | string | null
}

/** Chunks in, whole frames out. */
class FrameReader {
  readonly #headerBytes: number
  readonly #bodyBytes: (header: Buffer) => number
  #rest: Buffer = Buffer.alloc(0)

  constructor(headerBytes: number, bodyBytes: (header: Buffer) => number) {
    this.#headerBytes = headerBytes
    this.#bodyBytes = bodyBytes
  }

  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Buffer[] = []
    let from = 0
    for (;;) {
      const rest = bytes.subarray(from)
      if (rest.length < this.#headerBytes) break
      const length = this.#headerBytes + this.#bodyBytes(rest)
      if (rest.length < length) break
      frames.push(rest.subarray(0, length))
      from += length
    }
    this.#rest = bytes.subarray(from)
    return frames
  }
}

export class BinaryAnswers {
  readonly #reader = new FrameReader(BINARY_HEADER_BYTES, (header) => header.readUInt16BE(2))

  push(chunk: Buffer): BinaryAnswer[] {
    return this.#reader.push(chunk).map((frame) => ({
      command: frame[1],
      sequence: frame.readUInt32BE(4),
      payload: frame.subarray(BINARY_HEADER_BYTES),
    }))
  }
}

export class JsonAnswers {
  readonly #reader = new FrameReader(JSON_HEADER_BYTES, (header) => header.readUInt32BE(0))

  push(chunk: Buffer): JsonAnswer[] {
    return this.#reader.push(chunk).map((frame) => JSON.parse(frame.toString('utf8', JSON_HEADER_BYTES)))
  }
}
