/**
 * LogsQL text to tokens. Never throws: a token that cannot be right carries its problem, and whoever reads it reports
 * it, so that a highlighter can show a query that is being typed.
 *
 * A token is a run of word characters and dots, a quoted text, or one other character. What makes `foo-bar/baz` one
 * phrase is that no space stands between its tokens (token-reader.ts joins them). A quotation mark right after a word
 * is an ordinary character, so `don't` needs no quotes. `#` starts a comment to the end of the line, unless it stands
 * within a phrase like `issue#12`.
 */
import { quotedEnd, unquote } from './quoting.ts'

export type TokenKind = 'word' | 'quoted' | 'symbol' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** What it stands for: without quotes and escapes. */
  readonly text: string
  /** In code units of the source. */
  readonly start: number
  readonly end: number
  /** Space or a comment stands before it, or nothing. */
  readonly isSpaced: boolean
  readonly problem: TokenProblem | null
}

export interface TokenProblem {
  readonly message: string
  readonly offset: number
  readonly length: number
}

const WORD = /[\p{L}\p{Nd}_.]+/uy
const SPACE = /\s+/uy
const COMMENT = /#[^\n]*/y
const CHARACTER = /[\s\S]/uy
const QUOTES = '"\'`'
/** After these a `#` starts a comment even without a space. */
const PUNCTUATION = '()[]{},|'

/** All tokens of the source; the last one is of the kind `end`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let isSpaced = true
  while (at < source.length) {
    const skipped = skipBlank(source, at, isSpaced || mayEndPhrase(tokens.at(-1)))
    if (skipped > at) {
      at = skipped
      isSpaced = true
      continue
    }
    const token = readToken(source, at, isSpaced, tokens.at(-1))
    tokens.push(token)
    at = token.end
    isSpaced = false
  }
  tokens.push({
    kind: 'end',
    text: '',
    start: source.length,
    end: source.length,
    isSpaced: true,
    problem: null,
  })
  return tokens
}

function mayEndPhrase(token: Token | undefined): boolean {
  if (token === undefined || token.kind === 'quoted') return true
  return token.kind === 'symbol' && PUNCTUATION.includes(token.text)
}

function skipBlank(source: string, at: number, commentsMayStart: boolean): number {
  const spaceEnd = matchEnd(SPACE, source, at)
  if (spaceEnd > at) return spaceEnd
  return commentsMayStart ? matchEnd(COMMENT, source, at) : at
}

function readToken(source: string, start: number, isSpaced: boolean, previous: Token | undefined): Token {
  const wordEnd = matchEnd(WORD, source, start)
  if (wordEnd > start) return plainToken('word', source, start, wordEnd, isSpaced)
  const isAfterWord = !isSpaced && previous?.kind === 'word'
  if (QUOTES.includes(source[start]) && !isAfterWord) return quotedToken(source, start, isSpaced)
  return plainToken('symbol', source, start, matchEnd(CHARACTER, source, start), isSpaced)
}

function plainToken(kind: TokenKind, source: string, start: number, end: number, isSpaced: boolean): Token {
  return { kind, text: source.slice(start, end), start, end, isSpaced, problem: null }
}

function quotedToken(source: string, start: number, isSpaced: boolean): Token {
  const end = quotedEnd(source, start)
  if (end === -1) {
    const message = `the text that opens here has no closing ${source[start]}`
    const problem = { message, offset: start, length: 1 }
    return { kind: 'quoted', text: source.slice(start + 1), start, end: source.length, isSpaced, problem }
  }
  const { text, problem } = unquote(source.slice(start, end))
  const placed = problem === null ? null : { ...problem, offset: problem.offset + start }
  return { kind: 'quoted', text, start, end, isSpaced, problem: placed }
}

function matchEnd(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(source) ? pattern.lastIndex : at
}
