/**
 * Protocols that detection recognises and that are not built yet. Each is refused in its own language, so that its
 * client knows at once, keeps what it has, and does not wait for an answer that never comes.
 *
 * A row says how one protocol refuses; the session is the same for all. Nothing that such a client sends is stored.
 */
import type { StreamProtocol } from '../ingest/ingest.ts'
import type { Connection } from './connection.ts'
import type { ConnectionProtocol, ConnectionRefused, ProtocolSession } from './protocol.ts'

interface RefusedRow {
  /** What detection calls it. */
  readonly protocol: StreamProtocol
  readonly reason: string
  /** What is sent before the end; `first` are the client's first bytes, if any came. */
  readonly refuse: (reason: string, first: Uint8Array) => Uint8Array
}

const REFUSED_ROWS: readonly RefusedRow[] = [
  { protocol: 'irc', reason: 'LogCaster does not speak IRC yet', refuse: refuseIrc },
  { protocol: 'relp', reason: 'LogCaster does not speak RELP yet', refuse: refuseRelp },
  { protocol: 'lumberjack', reason: 'LogCaster does not speak Lumberjack yet', refuse: refuseLumberjack },
  { protocol: 'fluentForward', reason: 'LogCaster does not speak Fluent Forward yet', refuse: refuseForward },
  { protocol: 'http2', reason: 'HTTP/2 is not spoken here: use HTTP/1.1', refuse: refuseHttp2 },
]

/** One protocol for each row. */
export function refusedProtocols(): RefusedProtocol[] {
  return REFUSED_ROWS.map((row) => new RefusedProtocol(row))
}

export interface RefusedProtocolStats {
  /** Open now. */
  readonly sessions: number
  /** Connections that were told. */
  readonly refused: number
}

const NOTHING = new Uint8Array(0)

export class RefusedProtocol implements ConnectionProtocol {
  readonly takesStream = false
  readonly #row: RefusedRow
  #sessions = 0
  #refused = 0

  constructor(row: RefusedRow) {
    this.#row = row
  }

  get name(): StreamProtocol {
    return this.#row.protocol
  }

  open(connection: Connection): ProtocolSession {
    this.#sessions++
    const session = new RefusedSession(connection, (first) => this.#refuse(first))
    void session.closed.then(() => this.#sessions--)
    return session
  }

  refusal({ reason }: ConnectionRefused): Uint8Array {
    return this.#row.refuse(reason, NOTHING)
  }

  stats(): RefusedProtocolStats {
    return { sessions: this.#sessions, refused: this.#refused }
  }

  #refuse(first: Uint8Array): Uint8Array {
    this.#refused++
    return this.#row.refuse(this.#row.reason, first)
  }
}

/** Refuses at the first bytes, or without any when the session must end before. */
class RefusedSession implements ProtocolSession {
  readonly closed: Promise<void>
  readonly #connection: Connection
  readonly #refuse: (first: Uint8Array) => Uint8Array
  #isOver = false
  #resolveClosed: () => void = () => {}

  constructor(connection: Connection, refuse: (first: Uint8Array) => Uint8Array) {
    this.#connection = connection
    this.#refuse = refuse
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  onChunk(chunk: Buffer): void {
    this.#end(chunk)
  }

  onEnd(): void {
    this.#end()
  }

  onIdle(): void {
    this.#end()
  }

  drain(): void {
    this.#end()
  }

  deny(): void {
    this.#end()
  }

  onRoom(): void {}

  isBusy(): boolean {
    return false
  }

  cut(): void {
    this.#isOver = true
    this.#connection.cut()
  }

  onClosed(): void {
    this.#isOver = true
    this.#resolveClosed()
  }

  #end(first: Uint8Array = NOTHING): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#connection.write(this.#refuse(first))
    this.#connection.finish()
  }
}

// ---- how each refuses -----------------------------------------------------------------------------------------

function refuseIrc(reason: string): Uint8Array {
  return Buffer.from(`ERROR :${reason}\r\n`)
}

/**
 * Answers the `open`, whose transaction number its frame begins with, and closes. Only the session is refused, no
 * message: a client that is told 500 for a message drops it.
 */
function refuseRelp(reason: string, first: Uint8Array): Uint8Array {
  const number = /^\d{1,9}(?= )/.exec(Buffer.from(first.subarray(0, RELP_NUMBER_BYTES)).toString('latin1'))
  const data = `500 ${reason}`
  const answer = number === null ? '' : `${number[0]} rsp ${Buffer.byteLength(data)} ${data}\n`
  return Buffer.from(`${answer}0 serverclose 0\n`)
}

/** Nine digits and the space. */
const RELP_NUMBER_BYTES = 10

/** There are no words for it: an acknowledgement of sequence 0 says that nothing was taken. In the client's version. */
function refuseLumberjack(_reason: string, first: Uint8Array): Uint8Array {
  const version = first[0] === LUMBERJACK_1 ? LUMBERJACK_1 : LUMBERJACK_2
  return Uint8Array.of(version, CAPITAL_A, 0, 0, 0, 0)
}

const LUMBERJACK_1 = 0x31
const LUMBERJACK_2 = 0x32
const CAPITAL_A = 0x41

/** A MessagePack map, where an acknowledgement would be one: `{"error": reason}`. */
function refuseForward(reason: string): Uint8Array {
  const text = Buffer.from(reason).subarray(0, STRING_8_BYTES_MAX)
  return Buffer.concat([ERROR_KEY, Uint8Array.of(STRING_8, text.length), text])
}

const STRING_8 = 0xd9
const STRING_8_BYTES_MAX = 255
/** A map of one, and its key: a string of five bytes. */
const ERROR_KEY = Buffer.from('\x81\xa5error', 'latin1')

/**
 * The server's preface and the end (RFC 9113): SETTINGS without any setting, and GOAWAY, no stream taken, with
 * HTTP_1_1_REQUIRED and the reason for whoever debugs it.
 *
 *   0 u24 length  3 u8 type  4 u8 flags  5 u32 stream  9 payload; of GOAWAY: u32 last stream, u32 error, debug data
 */
function refuseHttp2(reason: string): Uint8Array {
  const debug = Buffer.from(reason)
  const goAway = Buffer.alloc(HTTP2_HEADER_BYTES + GOAWAY_BYTES)
  goAway.writeUIntBE(GOAWAY_BYTES + debug.length, 0, 3)
  goAway[3] = HTTP2_GOAWAY
  goAway.writeUInt32BE(HTTP_1_1_REQUIRED, HTTP2_HEADER_BYTES + 4)
  return Buffer.concat([HTTP2_SETTINGS, goAway, debug])
}

const HTTP2_HEADER_BYTES = 9
const HTTP2_SETTINGS = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0)
const HTTP2_GOAWAY = 7
const GOAWAY_BYTES = 8
const HTTP_1_1_REQUIRED = 0x0d
