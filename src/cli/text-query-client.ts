/**
 * The client's side of the text query protocol (PROTOCOLS §3). `TextAnswerReader` is sans-I/O: bytes in, events out,
 * the same events however the bytes are cut.
 *
 *   OK                    (no event) the token was taken, where one was sent before the request
 *   RESULT|2              start, count 2 (`*` for a tail: null)
 *   7|ERROR|1.5|text      row, as it stands in the line
 *   GAP|8|11|4            gap (tail only)
 *   MISSING|7|12|reason   missing: what had these ids could not be read
 *   END                   end
 *   ERROR|reason          refusedToken in place of OK; else error, in place of everything else or of the end
 *
 * A line that is none of these means that the peer speaks something else: `foreign`.
 */
export type AnswerEvent =
  | { readonly kind: 'start'; readonly count: number | null }
  | { readonly kind: 'row'; readonly bytes: Uint8Array }
  | { readonly kind: 'gap'; readonly fromId: string; readonly toId: string; readonly count: string }
  | { readonly kind: 'missing'; readonly fromId: string; readonly toId: string; readonly reason: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'error'; readonly reason: string }
  | { readonly kind: 'refusedToken'; readonly reason: string }
  | { readonly kind: 'foreign'; readonly line: string }

type State = 'login' | 'start' | 'rows' | 'done'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const LINE_BYTES_MAX = 64 * 1024 * 1024
const SHOWN_CHARACTERS_MAX = 200
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export class TextAnswerReader {
  #state: State
  #pieces: Uint8Array[] = []
  #pieceBytes = 0

  /** `hasToken`: a token was sent before the request, so that its reply comes first. */
  constructor({ hasToken = false }: { readonly hasToken?: boolean } = {}) {
    this.#state = hasToken ? 'login' : 'start'
  }

  /** True after the end, an error or a foreign line; what comes then is ignored. */
  get isDone(): boolean {
    return this.#state === 'done'
  }

  /** True once the answer has begun. */
  get hasStarted(): boolean {
    return this.#state === 'rows'
  }

  /** Takes the next bytes, which must not change any more: rows may share their memory. */
  push(chunk: Uint8Array): AnswerEvent[] {
    const events: AnswerEvent[] = []
    let from = 0
    while (this.#state !== 'done') {
      const to = chunk.indexOf(LINE_FEED, from)
      if (to === -1) break
      const line = this.#complete(chunk.subarray(from, to))
      from = to + 1
      if (this.#state === 'login') this.#login(line, events)
      else events.push(this.#line(line))
    }
    this.#keep(chunk.subarray(from), events)
    return events
  }

  #complete(tail: Uint8Array): Uint8Array {
    const line = this.#pieces.length === 0 ? tail : Buffer.concat([...this.#pieces, tail])
    this.#pieces = []
    this.#pieceBytes = 0
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
  }

  #keep(rest: Uint8Array, events: AnswerEvent[]): void {
    if (rest.length === 0 || this.#state === 'done') return
    this.#pieces.push(rest)
    this.#pieceBytes += rest.length
    if (this.#pieceBytes > LINE_BYTES_MAX) events.push(this.#foreign(this.#pieces[0]))
  }

  #login(line: Uint8Array, events: AnswerEvent[]): void {
    const text = decoder.decode(line)
    this.#state = 'start'
    if (text === 'OK') return
    const refusal = this.#error(text)
    events.push(
      refusal?.kind === 'error' ? { kind: 'refusedToken', reason: refusal.reason } : this.#foreign(line),
    )
  }

  #line(line: Uint8Array): AnswerEvent {
    if (this.#state === 'rows') return this.#inAnswer(line)
    const text = decoder.decode(line)
    const count = /^RESULT[|:](\d+|\*)$/.exec(text)?.[1]
    if (count === undefined) return this.#error(text) ?? this.#foreign(line)
    this.#state = 'rows'
    return { kind: 'start', count: count === '*' ? null : Number(count) }
  }

  #inAnswer(line: Uint8Array): AnswerEvent {
    // Rows start with a digit or a brace; only lines of the protocol start with a capital.
    const isRow = line.length === 0 || line[0] < 0x41 || line[0] > 0x5a
    if (isRow) return { kind: 'row', bytes: line }
    const text = decoder.decode(line)
    if (text === 'END') return this.#end()
    const gap = /^GAP\|(\d+)\|(\d+)\|(\d+)$/.exec(text)
    if (gap !== null) return { kind: 'gap', fromId: gap[1], toId: gap[2], count: gap[3] }
    const missing = /^MISSING\|(\d+)\|(\d+)\|(.*)$/.exec(text)
    if (missing !== null) return { kind: 'missing', fromId: missing[1], toId: missing[2], reason: missing[3] }
    return this.#error(text) ?? { kind: 'row', bytes: line }
  }

  #end(): AnswerEvent {
    this.#state = 'done'
    return { kind: 'end' }
  }

  #error(text: string): AnswerEvent | null {
    if (!/^ERROR[|:]/.test(text)) return null
    this.#state = 'done'
    return { kind: 'error', reason: text.slice(6) }
  }

  #foreign(line: Uint8Array): AnswerEvent {
    this.#state = 'done'
    this.#pieces = []
    return { kind: 'foreign', line: decoder.decode(line.subarray(0, SHOWN_CHARACTERS_MAX)) }
  }
}

export interface RecordLine {
  readonly id: string
  readonly level: string
  /** Unix seconds with decimals, as the server prints them. */
  readonly time: string
  /** The bytes of the message, exactly. */
  readonly message: Uint8Array
}

const BAR = 0x7c
const BACKSLASH = 0x5c

/** `<id>|<LEVEL>|<time>|<message>`, or null when the row is not a record. */
export function readRecordLine(row: Uint8Array): RecordLine | null {
  const first = row.indexOf(BAR)
  const second = first === -1 ? -1 : row.indexOf(BAR, first + 1)
  const third = second === -1 ? -1 : row.indexOf(BAR, second + 1)
  if (third === -1 || first === 0 || row[0] < 0x30 || row[0] > 0x39) return null
  return {
    id: decoder.decode(row.subarray(0, first)),
    level: decoder.decode(row.subarray(first + 1, second)),
    time: decoder.decode(row.subarray(second + 1, third)),
    message: unescapeMessage(row.subarray(third + 1)),
  }
}

/** `\n`, `\\` and `\xNN` back to the bytes they stand for; every other byte stays. */
export function unescapeMessage(text: Uint8Array): Uint8Array {
  let from = text.indexOf(BACKSLASH)
  if (from === -1) return text
  const bytes = new Uint8Array(text.length)
  bytes.set(text.subarray(0, from))
  let length = from
  while (from < text.length) {
    const found = text[from] === BACKSLASH ? readEscape(text, from) : null
    bytes[length++] = found === null ? text[from] : found.byte
    from += found === null ? 1 : found.length
  }
  return bytes.subarray(0, length)
}

function readEscape(text: Uint8Array, at: number): { byte: number; length: number } | null {
  const letter = text[at + 1]
  if (letter === 0x6e) return { byte: LINE_FEED, length: 2 }
  if (letter === BACKSLASH) return { byte: BACKSLASH, length: 2 }
  if (letter !== 0x78) return null
  const digits = decoder.decode(text.subarray(at + 2, at + 4))
  return /^[0-9a-fA-F]{2}$/.test(digits) ? { byte: Number.parseInt(digits, 16), length: 4 } : null
}
