/**
 * The client's side of the text log protocol (PROTOCOLS §2), without I/O: lines in, bytes for the log port out, the
 * server's replies in, counts out.
 *
 * A plain line has no reply. A PING after some of them is a barrier: its PONG says that every earlier line of the
 * connection is durable. Replies come in order, so one queue of what is expected tells them apart. Lines go out as
 * they came; one that the server would read as a command is wrapped as `LOG|UNKNOWN||line` and has its own OK.
 *
 * Invariant: acknowledged + refused + waiting = sent.
 */
import { assert } from '../base/base.ts'
import { RECORD_BYTES_MAX_DEFAULT } from '../record/record.ts'
import { classifyLine, LINE_COMMAND, LINE_EMPTY, LINE_UNDECIDED } from './line-classifier.ts'

export interface LineSenderOptions {
  /** Sends every line as `LOG|level||line`. */
  readonly level?: string
  /** Lines between two barriers. Default 1,000. */
  readonly barrierLines?: number
  /** Bytes between two barriers, roughly. Default 64 KiB. */
  readonly barrierBytes?: number
}

export interface RefusedLine {
  /** Where the line was, `app.log:12`; null when the server did not say which line it meant. */
  readonly place: string | null
  readonly reason: string
}

interface Expected {
  /** The place of a line that has its own reply, or null for a barrier. */
  readonly line: number | null
  /** Plain lines that this barrier makes safe. */
  readonly plainLines: number
}

interface Source {
  readonly name: string
  readonly firstLine: number
}

const BARRIER_LINES = 1000
const BARRIER_BYTES = 64 * 1024
/** What stands in the queue for the reply to a token. */
const LOGIN: Expected = { line: null, plainLines: 0 }
/** Bytes that may wait for a decision; a longer head is wrapped. */
const HEAD_BYTES_MAX = 4096
const REFUSED_KEPT_MAX = 10
const REPLY_BYTES_MAX = 64 * 1024
const LINE_FEED = 10
const PING = Buffer.from('PING\n')
const OUT_BYTES = 64 * 1024
/** Read entries that may stand before the head of the queue until they are cleared away. */
const EXPECTED_READ_MAX = 4096

export class LineSender {
  /** Lines given to the server as records. */
  sent = 0
  acknowledged = 0
  refused = 0
  /** Empty lines: they are not records. */
  empty = 0
  /** Plain lines longer than the default of `record.bytesMax`: the server may keep only their start. A level refuses. */
  long = 0
  /** The first few refused lines. */
  readonly refusedLines: RefusedLine[] = []
  /** An ERROR that is about no line: the server does not want this connection. */
  complaint: string | null = null
  /** Why the server did not take the token. */
  refusedToken: string | null = null
  /** A reply that the protocol does not know: the peer is something else. */
  foreignReply: string | null = null
  #commandPrefix: Buffer
  #wrapsAll: boolean
  #barrierLines: number
  #barrierBytes: number
  #expected: Expected[] = []
  #expectedHead = 0
  #sources: Source[] = []
  #lineNumber = 1
  /** Start of a line that is not decided yet. */
  #held: Uint8Array = new Uint8Array(0)
  #isInLine = false
  #lineBytes = 0
  #plainSinceBarrier = 0
  #bytesSinceBarrier = 0
  #out = Buffer.allocUnsafe(OUT_BYTES)
  #outLength = 0
  #reply = ''

  constructor(options: LineSenderOptions = {}) {
    this.#wrapsAll = options.level !== undefined
    this.#commandPrefix = Buffer.from(`LOG|${options.level ?? 'UNKNOWN'}||`)
    this.#barrierLines = options.barrierLines ?? BARRIER_LINES
    this.#barrierBytes = options.barrierBytes ?? BARRIER_BYTES
  }

  /** Replies that have not come yet. */
  get waiting(): number {
    return this.#expected.length - this.#expectedHead
  }

  /** Presents a token. `line` is the whole line; its reply comes before those to what is sent after it. */
  login(line: string): void {
    assert(!this.#isInLine, 'a login inside a line')
    const bytes = Buffer.from(line)
    this.#append(bytes, 0, bytes.length)
    this.#expected.push(LOGIN)
  }

  /** A new file begins; `name` is for messages. */
  beginSource(name: string): void {
    this.#sources.push({ name, firstLine: this.#lineNumber })
  }

  /** Takes the next bytes of the source; what is to be sent then waits in `take`. */
  push(chunk: Uint8Array): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = NOTHING
    let from = 0
    for (;;) {
      const to = bytes.indexOf(LINE_FEED, from)
      if (to === -1) break
      this.#line(bytes, from, to)
      from = to + 1
    }
    if (this.#isBarrierDue(true)) this.#barrierNow()
    this.#rest(bytes, from)
  }

  /** The source ended: a last line without a line feed counts as a line. */
  endSource(): void {
    if (!this.#isInLine && this.#held.length === 0) return
    const held = this.#held
    this.#held = NOTHING
    this.#line(held, 0, held.length)
  }

  /** Asks for the acknowledgement of everything before, or only whether somebody answers. */
  barrier(): void {
    assert(!this.#isInLine, 'a barrier inside a line')
    this.#barrierNow()
  }

  /** Records that were sent and are neither acknowledged nor refused. */
  get unanswered(): number {
    return this.sent - this.acknowledged - this.refused
  }

  /** Whether the server owes a reply to what it was sent whole. */
  get isOwed(): boolean {
    const isOpenLineLast = this.#isInLine && this.#expected.at(-1)?.line === this.#lineNumber
    return this.waiting > (isOpenLineLast ? 1 : 0)
  }

  /** The bytes to send now; they are the caller's. */
  take(): Uint8Array {
    const bytes = this.#out.subarray(0, this.#outLength)
    this.#out = Buffer.allocUnsafe(OUT_BYTES)
    this.#outLength = 0
    return bytes
  }

  /** Takes bytes that the server sent. A barrier may then wait in `take`. */
  receive(chunk: Uint8Array): void {
    const lines = (this.#reply + Buffer.from(chunk).toString('latin1')).split('\n')
    this.#reply = lines.pop() ?? ''
    for (const line of lines) this.#answer(line.endsWith('\r') ? line.slice(0, -1) : line)
    if (this.#isBarrierDue(true)) this.#barrierNow()
    if (this.#reply.length > REPLY_BYTES_MAX) this.#foreign(this.#reply)
  }

  /** One line, complete with this piece of it. */
  #line(bytes: Uint8Array, from: number, to: number): void {
    if (this.#isInLine) this.#pass(bytes, from, to)
    else this.#wholeLine(bytes, from, to)
    this.#lineNumber++
    if (this.#isBarrierDue(false)) this.#barrierNow()
  }

  #wholeLine(bytes: Uint8Array, from: number, to: number): void {
    const kind = classifyLine(bytes, from, to, true)
    if (kind === LINE_EMPTY) {
      this.empty++
      return
    }
    this.#begin(kind === LINE_COMMAND)
    this.#pass(bytes, from, to)
  }

  /** The end of a line that began with `#begin`. */
  #pass(bytes: Uint8Array, from: number, to: number): void {
    if (to < bytes.length) this.#append(bytes, from, to + 1)
    else {
      this.#append(bytes, from, to)
      this.#append(NEWLINE, 0, 1)
    }
    this.#lineBytes += to - from
    if (this.#lineBytes > RECORD_BYTES_MAX_DEFAULT && !this.#wrapsAll) this.long++
    this.#isInLine = false
  }

  /** The start of a line whose end has not come. */
  #rest(bytes: Uint8Array, from: number): void {
    if (from === bytes.length) return
    if (!this.#isInLine) {
      const kind = classifyLine(bytes, from, bytes.length, false)
      const isHeld = kind === LINE_UNDECIDED && bytes.length - from <= HEAD_BYTES_MAX
      if (isHeld) {
        this.#held = bytes.slice(from)
        return
      }
      this.#begin(kind !== 0)
      this.#isInLine = true
    }
    this.#append(bytes, from, bytes.length)
    this.#lineBytes += bytes.length - from
  }

  #begin(isCommand: boolean): void {
    this.sent++
    this.#lineBytes = 0
    if (!isCommand && !this.#wrapsAll) {
      this.#plainSinceBarrier++
      return
    }
    this.#append(this.#commandPrefix, 0, this.#commandPrefix.length)
    this.#expected.push({ line: this.#lineNumber, plainLines: 0 })
  }

  /** A barrier is due after enough lines, or as soon as none is under way: what comes meanwhile gathers behind it. */
  #isBarrierDue(isPieceDone: boolean): boolean {
    if (this.#isInLine || this.#plainSinceBarrier === 0) return false
    if (this.#plainSinceBarrier >= this.#barrierLines) return true
    if (this.#bytesSinceBarrier >= this.#barrierBytes) return true
    return isPieceDone && this.waiting === 0
  }

  #barrierNow(): void {
    this.#append(PING, 0, PING.length)
    this.#expected.push({ line: null, plainLines: this.#plainSinceBarrier })
    this.#plainSinceBarrier = 0
    this.#bytesSinceBarrier = 0
  }

  #append(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from
    if (this.#outLength + length > this.#out.length) this.#grow(this.#outLength + length)
    this.#out.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#outLength)
    this.#outLength += length
    this.#bytesSinceBarrier += length
  }

  #grow(bytesMin: number): void {
    const larger = Buffer.allocUnsafe(Math.max(bytesMin, this.#out.length * 2))
    larger.set(this.#out.subarray(0, this.#outLength))
    this.#out = larger
  }

  #answer(line: string): void {
    if (this.foreignReply !== null) return
    if (line === 'PONG') this.#pong(line)
    else if (line.startsWith('OK|')) this.#ok(line)
    else if (line === 'OK') this.#loggedIn(line)
    else if (/^ERROR[|:]/.test(line)) this.#error(line.slice(6))
    // `plainLines.reply: ack` on the server: the PONG says the same.
    else if (line !== 'ACK') this.#foreign(line)
  }

  #pong(line: string): void {
    const expected = this.#next()
    if (expected === null || expected === LOGIN || expected.line !== null) this.#foreign(line)
    else this.acknowledged += expected.plainLines
  }

  #loggedIn(line: string): void {
    if (this.#next() !== LOGIN) this.#foreign(line)
  }

  #ok(line: string): void {
    const expected = this.#next()
    if (expected === null || expected.line === null) this.#foreign(line)
    else this.acknowledged++
  }

  /** A reason while a barrier is awaited is about one of the plain lines before it: the server did not say which. */
  #error(reason: string): void {
    const head = this.#expected[this.#expectedHead]
    const line = head?.line ?? null
    const text = Buffer.from(reason, 'latin1').toString()
    if (head === LOGIN) {
      this.refusedToken = text
      return
    }
    if (line !== null) this.#next()
    else if (head === undefined || head.plainLines === 0) {
      this.complaint ??= text
      return
    } else this.#expected[this.#expectedHead] = { line: null, plainLines: head.plainLines - 1 }
    this.refused++
    if (this.refusedLines.length >= REFUSED_KEPT_MAX) return
    this.refusedLines.push({ place: line === null ? null : this.#placeOf(line), reason: text })
  }

  #placeOf(line: number): string {
    const source = this.#sources.findLast(({ firstLine }) => firstLine <= line)
    return source === undefined ? String(line) : `${source.name}:${line - source.firstLine + 1}`
  }

  #foreign(line: string): void {
    this.foreignReply ??= Buffer.from(line, 'latin1').toString()
  }

  #next(): Expected | null {
    const expected = this.#expected[this.#expectedHead]
    if (expected === undefined) return null
    this.#expectedHead++
    if (this.#expectedHead >= EXPECTED_READ_MAX || this.waiting === 0) {
      this.#expected = this.#expected.slice(this.#expectedHead)
      this.#expectedHead = 0
    }
    return expected
  }
}

const NOTHING = new Uint8Array(0)
const NEWLINE = new Uint8Array([LINE_FEED])
