/**
 * The text query protocol (PROTOCOLS.md §3) without sockets: bytes in, requests out.
 *
 * It knows the forms of requests and nothing of what they mean: the types of `QUERY|<TYPE>|…` are a table of the
 * server (servers/query-types.ts). Words of requests are understood in any case.
 *
 * Invariants: the requests are the same however the bytes are cut into chunks, and a line never takes more memory
 * than `lineBytesMax`; a longer one is refused once and dropped up to its end.
 */
import { assert } from '../base/base.ts'
import type { ByteBudget } from './byte-budget.ts'
import { LineCarry } from './line-carry.ts'
import type { Dialect } from './log-replies.ts'
import type { QueryRefusal } from './query-replies.ts'

export const QUERY_LINE_BYTES_MAX = 64 * 1024

export type QueryRequest =
  | QueryTextRequest
  | { readonly kind: 'auth'; readonly token: Uint8Array }
  | { readonly kind: 'ping' | 'stats' | 'help' | 'quit' | 'blank' }
  | QueryBadRequest

/** `QUERY|<TYPE>|<parameter>`, or `QUERY:<keyword>` as a KEYWORD of the short dialect. */
export interface QueryTextRequest {
  readonly kind: 'query'
  readonly dialect: Dialect
  /** In capitals, whatever it is. */
  readonly type: string
  /** The rest of the line, `|` and all. */
  readonly parameter: string
}

/** A line that is no request. */
export interface QueryBadRequest {
  readonly kind: 'bad'
  readonly dialect: Dialect
  readonly refusal: QueryRefusal
}

const NOTHING = Buffer.alloc(0)
const NEWLINE = 0x0a
const RETURN = 0x0d
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class QueryTextDecoder {
  readonly #lineBytesMax: number
  readonly #carry: LineCarry
  #chunk: Buffer = NOTHING
  #at = 0
  /** The rest of a line that was too long is on its way. */
  #isDiscarding = false
  #isEnding = false

  constructor(halfLines: ByteBudget, lineBytesMax = QUERY_LINE_BYTES_MAX) {
    this.#lineBytesMax = lineBytesMax
    this.#carry = new LineCarry(lineBytesMax, halfLines)
  }

  /** Hands over bytes, after `next` returned null. They must not change until it does so again. */
  push(chunk: Uint8Array): void {
    assert(this.#at === this.#chunk.length, 'the chunk before was not read to its end')
    this.#chunk = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#at = 0
  }

  /** Nothing more will come: a last line without its newline is a request too. */
  end(): void {
    this.#isEnding = true
  }

  /** The next request, or null when more bytes are needed. */
  next(): QueryRequest | null {
    if (this.#isDiscarding) this.#discard()
    const newline = this.#chunk.indexOf(NEWLINE, this.#at)
    if (newline >= 0) return this.#readLine(newline)
    if (this.#at < this.#chunk.length) {
      const refusal = this.#keepRest()
      if (refusal !== null) return refusal
    }
    return this.#isEnding && this.#carry.length > 0 ? this.#takeCarry() : null
  }

  #readLine(newline: number): QueryRequest {
    const length = this.#carry.length + newline - this.#at
    if (length > this.#lineBytesMax) return this.#refuseLine('tooLong')
    const start = this.#at
    if (this.#carry.length === 0) {
      this.#at = newline + 1
      return parseLine(this.#chunk, start, newline)
    }
    if (!this.#carry.append(this.#chunk, start, newline)) return this.#refuseLine('overload')
    this.#at = newline + 1
    return this.#takeCarry()
  }

  /** Keeps the beginning of a line for the next chunk; a refusal when it is too long already. */
  #keepRest(): QueryBadRequest | null {
    const length = this.#chunk.length
    if (length - this.#at > this.#carry.room) return this.#refuseLine('tooLong')
    if (!this.#carry.append(this.#chunk, this.#at, length)) return this.#refuseLine('overload')
    this.#at = length
    return null
  }

  #takeCarry(): QueryRequest {
    const request = parseLine(this.#carry.bytes, 0, this.#carry.length)
    this.#carry.clear()
    return request
  }

  #refuseLine(refusal: QueryRefusal): QueryBadRequest {
    const carried = this.#carry.bytes.subarray(0, Math.min(this.#carry.length, SHORT_FORM.length))
    const fresh = this.#chunk.subarray(this.#at, this.#at + SHORT_FORM.length)
    const dialect = dialectOf(Buffer.concat([carried, fresh]))
    this.#carry.clear()
    this.#isDiscarding = true
    this.#discard()
    return { kind: 'bad', dialect, refusal }
  }

  #discard(): void {
    const newline = this.#chunk.indexOf(NEWLINE, this.#at)
    this.#isDiscarding = newline < 0
    this.#at = newline < 0 ? this.#chunk.length : newline + 1
  }
}

// ---- the forms of requests --------------------------------------------------------------------------------------

const MAIN_FORM = 'QUERY|'
const SHORT_FORM = 'QUERY:'
const AUTH_FORM = 'AUTH|'
const WORDS = new Map<string, 'ping' | 'stats' | 'help' | 'quit'>([
  ['PING', 'ping'],
  ['STATS', 'stats'],
  ['HELP', 'help'],
  ['QUIT', 'quit'],
])

function parseLine(bytes: Buffer, start: number, lineEnd: number): QueryRequest {
  const end = lineEnd > start && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd
  const line = bytes.subarray(start, end)
  if (startsWith(line, AUTH_FORM))
    return { kind: 'auth', token: Uint8Array.from(line.subarray(AUTH_FORM.length)) }
  const text = decode(line)
  if (text === null) return { kind: 'bad', dialect: dialectOf(line), refusal: 'notUtf8' }
  if (startsWith(line, MAIN_FORM)) return parseMain(text.slice(MAIN_FORM.length))
  if (startsWith(line, SHORT_FORM)) {
    return { kind: 'query', dialect: 'short', type: 'KEYWORD', parameter: text.slice(SHORT_FORM.length) }
  }
  const word = text.trim().toUpperCase()
  if (word === '') return { kind: 'blank' }
  const kind = WORDS.get(word)
  return kind === undefined ? { kind: 'bad', dialect: 'main', refusal: 'unknownRequest' } : { kind }
}

/** `<TYPE>|<parameter>`; types that need no parameter may end the line. */
function parseMain(rest: string): QueryRequest {
  const bar = rest.indexOf('|')
  const type = bar < 0 ? rest : rest.slice(0, bar)
  const parameter = bar < 0 ? '' : rest.slice(bar + 1)
  return { kind: 'query', dialect: 'main', type: type.trim().toUpperCase(), parameter }
}

function dialectOf(line: Buffer): Dialect {
  return startsWith(line, SHORT_FORM) ? 'short' : 'main'
}

function startsWith(line: Buffer, form: string): boolean {
  return line.length >= form.length && line.toString('latin1', 0, form.length).toUpperCase() === form
}

function decode(line: Buffer): string | null {
  try {
    return utf8.decode(line)
  } catch {
    return null
  }
}
