/**
 * A cursor over the tokens of a query, with the few moves that filters and pipes need to parse themselves. It knows
 * no filter and no pipe. Every way of refusing goes through it, so that every error has a place.
 */
import type { CodedError } from '../../base/base.ts'
import { type Token, tokenize } from './lexer.ts'
import { notBuiltProblem, type Span, syntaxProblem } from './problem.ts'
import { shown } from './quoting.ts'

/** A phrase: a word, a quoted text, or tokens without a space between them (`foo-bar/baz`). */
export interface Phrase {
  readonly text: string
  readonly isQuoted: boolean
  readonly span: Span
}

export interface PhraseOptions {
  /** A colon belongs to it (`a:b:c` after a field's name). */
  readonly colon?: boolean
  /** An asterisk belongs to it (regular expressions). */
  readonly asterisk?: boolean
  /** An equals sign belongs to it. Default: it does. */
  readonly equals?: boolean
}

const ENDS_OF_PHRASES = ',()[]|'

export class TokenReader {
  readonly source: string
  /** What `now` means. */
  readonly nowMs: number
  readonly #tokens: readonly Token[]
  #at = 0
  readonly #wordsAsked: string[] = []

  constructor(source: string, nowMs: number) {
    this.source = source
    this.nowMs = nowMs
    this.#tokens = tokenize(source)
  }

  /** The token to be read next. */
  get token(): Token {
    const token = this.#tokens[this.#at]
    if (token.problem !== null) throw syntaxProblem(token.problem.message, token.problem)
    return token
  }

  /** The token after `token`; at the end, the end again. */
  get following(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)]
  }

  /** The token before `token`, or null. */
  get previous(): Token | null {
    return this.#tokens[this.#at - 1] ?? null
  }

  /** The words that would have meant something here, as far as somebody asked for them. */
  get wordsAsked(): readonly string[] {
    return this.#wordsAsked
  }

  next(): Token {
    const token = this.token
    if (this.#at < this.#tokens.length - 1) this.#at++
    this.#wordsAsked.length = 0
    return token
  }

  /** To the next bar that stands in no parentheses, or to the end; whatever the tokens are. */
  skipToBar(): void {
    let depth = 0
    for (; this.#at < this.#tokens.length - 1; this.#at++) {
      const token = this.#tokens[this.#at]
      if (isSymbol(token, '(')) depth++
      if (isSymbol(token, ')')) depth = Math.max(0, depth - 1)
      if (isSymbol(token, '|') && depth === 0) return
    }
  }

  isSymbol(symbol: string): boolean {
    return isSymbol(this.token, symbol)
  }

  /** The word is next, unquoted, in any case. `word` is in small letters. */
  isWord(word: string): boolean {
    const { kind, text } = this.token
    if (kind !== 'word') return false
    if (text.toLowerCase() === word) return true
    this.#wordsAsked.push(word)
    return false
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false
    this.next()
    return true
  }

  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.next()
    return true
  }

  /** As `takeWord`, for a word that stands at most once: `isThere` says that it stood before. */
  takeWordOnce(word: string, isThere: boolean): boolean {
    if (isThere && this.isWord(word)) throw this.problem(`\`${word}\` stands twice here`)
    return this.takeWord(word)
  }

  /** The symbol stands right behind the token that was read last, without a space. */
  takeJoined(symbol: string): boolean {
    return !this.token.isSpaced && this.takeSymbol(symbol)
  }

  expectSymbol(symbol: string, where: string): void {
    if (!this.takeSymbol(symbol)) throw this.problem(`expected \`${symbol}\` ${where}, got ${this.#shown()}`)
  }

  /** A pipe stands in the group that opens with the parenthesis after `token`: the group is a query. */
  isQueryGroup(): boolean {
    let depth = 0
    for (let at = this.#at + 1; at < this.#tokens.length; at++) {
      const token = this.#tokens[at]
      // Ranges may open with the one and close with the other: `[a, b)`.
      if (isSymbol(token, '(') || isSymbol(token, '[')) depth++
      if ((isSymbol(token, ')') || isSymbol(token, ']')) && --depth === 0) return false
      if (isSymbol(token, '|') && depth === 1) return true
    }
    return false
  }

  /** Nothing more belongs to this filter or pipe: the text, the group or the pipe ends here. */
  isAtEndOfPart(): boolean {
    return this.token.kind === 'end' || this.isSymbol('|') || this.isSymbol(')')
  }

  /** A phrase, or null when none starts here. */
  phrase(options: PhraseOptions = {}): Phrase | null {
    const first = this.token
    if (this.#endsPhrase(first, options)) return null
    this.next()
    let end = first.end
    while (!this.token.isSpaced && !this.#endsPhrase(this.token, options)) end = this.next().end
    const span = { offset: first.start, length: end - first.start }
    if (end === first.end) return { text: first.text, isQuoted: first.kind === 'quoted', span }
    return { text: this.source.slice(first.start, end), isQuoted: false, span }
  }

  expectPhrase(what: string, options: PhraseOptions = {}): Phrase {
    const phrase = this.phrase(options)
    if (phrase === null) throw this.expected(what)
    return phrase
  }

  #endsPhrase(token: Token, options: PhraseOptions): boolean {
    if (token.kind === 'end') return true
    if (token.kind !== 'symbol') return false
    if (token.text === ':') return options.colon !== true
    if (token.text === '*') return options.asterisk !== true
    if (token.text === '=') return options.equals === false
    return ENDS_OF_PHRASES.includes(token.text)
  }

  /** A problem at the token that is next, or at a span. */
  problem(message: string, span: Span = spanOf(this.token)): CodedError {
    return syntaxProblem(message, span)
  }

  /** `what` should stand here. `hint`, with the mark before it, is said behind what stands there. */
  expected(what: string, hint = ''): CodedError {
    return this.problem(`expected ${what}, got ${this.#shown()}${hint}`)
  }

  notBuilt(what: string, span: Span = spanOf(this.token)): CodedError {
    return notBuiltProblem(what, span)
  }

  #shown(): string {
    const { kind, start, end } = this.token
    if (kind === 'end') return 'the end of the query'
    return shown(this.source.slice(start, end))
  }
}

export function isSymbol(token: Token, symbol: string): boolean {
  return token.kind === 'symbol' && token.text === symbol
}

/** Where a token stands; the end of the text has a length of 1, so that a caret can be shown. */
export function spanOf(token: Token): Span {
  return { offset: token.start, length: Math.max(1, token.end - token.start) }
}
