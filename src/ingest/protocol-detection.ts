/**
 * Which protocol is this? (PROTOCOLS.md §1), without sockets: first bytes in, the name of a protocol out.
 *
 * One row per protocol, with its own test (first-bytes.ts) and with what a port must have for it: adding a protocol
 * is one row. The port's text protocol is no row: it is what remains when no row can match any more, when nothing
 * more comes, or when the time for a handshake is over, and so every row must match whole before it wins.
 *
 * Invariants: the answer and the byte at which it is given do not depend on how the bytes were cut; at most
 * DETECTION_BYTES_MAX bytes and the last chunk are held; no byte is lost: all come back with the answer.
 *
 * Not for what follows: TLS and PROXY are only the outer layer, and the listener asks again for what is inside.
 */
import { assert } from '../base/base.ts'
import { JSON_FRAME_BYTES_MAX } from '../wire/wire.ts'
import {
  binary,
  type FirstBytesTest,
  fluentForward,
  framedJson,
  http,
  http2,
  irc,
  json,
  lumberjack,
  proxy,
  relp,
  syslog,
  syslogCounted,
  tls,
} from './first-bytes.ts'

/** The longest first line of HTTP, with its newline. No test may want more bytes than that. */
export const DETECTION_BYTES_MAX = 8192

/** What a port, for one peer, can take at this point of a stream. */
export interface DetectionPort {
  /** TLS can be spoken: there is a certificate, and TLS has not begun yet. */
  readonly hasCertificate: boolean
  /** The peer's address may send a PROXY header, and has not yet. */
  readonly isProxyTrusted: boolean
  /** On the IRC port and on a pinned one only where it is enabled. */
  readonly isHttpEnabled: boolean
  /** Neither pinned to a protocol nor the IRC or HTTP port: every protocol may come. */
  readonly isOpen: boolean
  /** The longest frame of octet-counted syslog. */
  readonly syslogFrameBytesMax: number
}

interface StreamRow {
  readonly protocol: string
  /** Whether the protocol may come at this port. */
  readonly isPossible: (port: DetectionPort) => boolean
  readonly test: (port: DetectionPort) => FirstBytesTest
}

const isOpen = (port: DetectionPort): boolean => port.isOpen
const isHttpEnabled = (port: DetectionPort): boolean => port.isHttpEnabled

/** The first row that matches wins. No two can match at the same byte: a test holds all rows against all vectors. */
export const STREAM_ROWS = [
  { protocol: 'tls', isPossible: (port) => port.hasCertificate, test: tls },
  { protocol: 'proxy', isPossible: (port) => port.isProxyTrusted, test: proxy },
  { protocol: 'http', isPossible: isHttpEnabled, test: http },
  { protocol: 'http2', isPossible: isHttpEnabled, test: http2 },
  { protocol: 'irc', isPossible: isOpen, test: irc },
  { protocol: 'syslog', isPossible: isOpen, test: syslog },
  { protocol: 'syslog', isPossible: isOpen, test: (port) => syslogCounted(port.syslogFrameBytesMax) },
  { protocol: 'relp', isPossible: isOpen, test: relp },
  { protocol: 'json', isPossible: isOpen, test: json },
  { protocol: 'framedJson', isPossible: isOpen, test: framedJson },
  { protocol: 'binary', isPossible: isOpen, test: binary },
  { protocol: 'lumberjack', isPossible: isOpen, test: lumberjack },
  { protocol: 'fluentForward', isPossible: isOpen, test: fluentForward },
] as const satisfies readonly StreamRow[]

/** `text` is the port's own protocol, whatever that is. */
export type StreamProtocol = (typeof STREAM_ROWS)[number]['protocol'] | 'text'

export interface Detection {
  readonly protocol: StreamProtocol
  /** Every byte that was pushed: the protocol's decoder reads them first. */
  readonly bytes: Uint8Array
  /** How many of them it took; 0 where no protocol but the port's own can come. */
  readonly decidedAfter: number
}

interface Candidate {
  readonly protocol: StreamProtocol
  readonly test: FirstBytesTest
}

const NOTHING = new Uint8Array(0)

/** Detects the protocol of one stream. Not used any more after it answered. */
export class ProtocolDetector {
  readonly #port: DetectionPort
  /** What can still match; null until the first byte, so that an idle session costs nothing. */
  #candidates: Candidate[] | null = null
  #held: Uint8Array = NOTHING
  #isDecided = false

  constructor(port: DetectionPort) {
    this.#port = port
  }

  /** Bytes held while undecided. */
  get heldBytes(): number {
    return this.#held.length
  }

  /** Takes the next chunk, at least one byte; null while more than one answer is possible. */
  push(chunk: Uint8Array): Detection | null {
    assert(!this.#isDecided, 'the protocol is decided already')
    this.#candidates ??= candidatesOf(this.#port)
    const before = this.#held.length
    if (this.#candidates.length === 0) return this.#decide('text', chunk, before)
    for (let at = 0; at < chunk.length; at++) {
      const decided = this.#feed(chunk[at], before + at + 1)
      if (decided !== null) return this.#decide(decided, chunk, before + at + 1)
    }
    this.#held = joined(this.#held, chunk)
    return null
  }

  /** Nothing more came, or not in time: it is the port's text protocol. */
  end(): Detection {
    assert(!this.#isDecided, 'the protocol is decided already')
    return this.#decide('text', NOTHING, this.#held.length)
  }

  #feed(byte: number, length: number): StreamProtocol | null {
    const remaining: Candidate[] = []
    for (const candidate of this.#candidates ?? []) {
      const step = candidate.test.next(byte)
      if (step.done !== true) remaining.push(candidate)
      else if (step.value) return candidate.protocol
    }
    this.#candidates = remaining
    return remaining.length === 0 || length === DETECTION_BYTES_MAX ? 'text' : null
  }

  #decide(protocol: StreamProtocol, chunk: Uint8Array, decidedAfter: number): Detection {
    const bytes = this.#held.length === 0 ? chunk : joined(this.#held, chunk)
    this.#isDecided = true
    this.#candidates = null
    this.#held = NOTHING
    return { protocol, bytes, decidedAfter }
  }
}

function candidatesOf(port: DetectionPort): Candidate[] {
  return STREAM_ROWS.filter((row) => row.isPossible(port)).map((row) => {
    const test = row.test(port)
    test.next()
    return { protocol: row.protocol, test }
  })
}

function joined(held: Uint8Array, chunk: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(held.length + chunk.length)
  bytes.set(held)
  bytes.set(chunk, held.length)
  return bytes
}

// ---- datagrams ------------------------------------------------------------------------------------------------

/** Second bytes of a zlib stream that needs no dictionary. Without them every line that starts with `x` were one. */
const ZLIB_FLAGS = [0x01, 0x5e, 0x9c, 0xda]

/** Rows of PROTOCOLS.md §1, UDP. A datagram is there whole, so its test is a plain function. */
export const DATAGRAM_ROWS = [
  { protocol: 'framedJson', test: isOneJsonFrame },
  { protocol: 'gelf', test: isGelf },
  { protocol: 'syslog', test: isSyslog },
  { protocol: 'json', test: (bytes: Uint8Array) => bytes[0] === 0x7b },
] as const

/** `text` stands for log lines. */
export type DatagramProtocol = (typeof DATAGRAM_ROWS)[number]['protocol'] | 'text'

export function detectDatagram(bytes: Uint8Array): DatagramProtocol {
  return DATAGRAM_ROWS.find((row) => row.test(bytes))?.protocol ?? 'text'
}

function isOneJsonFrame(bytes: Uint8Array): boolean {
  if (bytes.length < 5 || bytes[0] !== 0) return false
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return length === bytes.length - 4 && length <= JSON_FRAME_BYTES_MAX && matches(framedJson(), bytes)
}

/** A chunk, gzip or zlib. */
function isGelf([first, second]: Uint8Array): boolean {
  if (first === 0x78) return ZLIB_FLAGS.includes(second)
  return (first === 0x1e && second === 0x0f) || (first === 0x1f && second === 0x8b)
}

function isSyslog(bytes: Uint8Array): boolean {
  return matches(syslog(), bytes)
}

function matches(test: FirstBytesTest, bytes: Uint8Array): boolean {
  test.next()
  for (const byte of bytes) {
    const step = test.next(byte)
    if (step.done === true) return step.value
  }
  return false
}
