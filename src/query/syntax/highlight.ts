/**
 * What each piece of a query text is, for whoever shows one that is being typed: it need not be right, or whole. Knows
 * words and what stands beside them, not the grammar; the parser says what is wrong.
 */
import { FUNCTION_FORMS } from '../filters/registry.ts'
import { PIPE_NAMES, PIPES_BY_LEAD } from '../pipes/registry.ts'
import { type Token, tokenize } from './lexer.ts'

export type HighlightKind =
  | 'bad'
  | 'comment'
  | 'field'
  | 'function'
  | 'keyword'
  | 'number'
  | 'operator'
  | 'pipe'
  | 'string'
  | 'word'

export interface Highlight {
  readonly kind: HighlightKind
  /** In code units of the text. */
  readonly start: number
  readonly end: number
}

const LOGIC: ReadonlySet<string> = new Set(['and', 'or', 'not'])
/** Words that pipes know beside their names. */
const PIPE_WORDS: ReadonlySet<string> = new Set(
  'as asc at by desc fields from hits if inner keep_original_fields limit offset partition prefix prettify rank result_prefix skip_empty_results with'.split(
    ' ',
  ),
)
const NUMBER = /^\d[\w.]*$/

/** In the order of the text, without blanks between; nothing overlaps. */
export function highlightQuery(text: string): Highlight[] {
  const tokens = tokenize(text)
  const found: Highlight[] = []
  let isInPipe = false
  let end = 0
  for (const [at, token] of tokens.entries()) {
    const comment = text.slice(end, token.start).search(/#/)
    if (comment >= 0) found.push({ kind: 'comment', start: end + comment, end: token.start })
    if (token.kind === 'end') break
    if (isSymbol(token, '|')) isInPipe = true
    found.push({ kind: kindOf(tokens, at, isInPipe), start: token.start, end: token.end })
    end = token.end
  }
  return found
}

function kindOf(tokens: readonly Token[], at: number, isInPipe: boolean): HighlightKind {
  const token = tokens[at]
  const next = tokens[at + 1]
  if (token.problem !== null) return 'bad'
  if (token.kind === 'symbol') return 'operator'
  if (next !== undefined && isSymbol(next, ':') && !next.isSpaced) return 'field'
  if (token.kind === 'quoted') return 'string'
  return kindOfWord(token.text.toLowerCase(), tokens[at - 1], next, isInPipe)
}

function kindOfWord(
  word: string,
  previous: Token | undefined,
  next: Token | undefined,
  isInPipe: boolean,
): HighlightKind {
  if (previous !== undefined && isSymbol(previous, '|') && PIPE_NAMES.has(word)) return 'pipe'
  const isCall = next !== undefined && isSymbol(next, '(')
  if (isCall && (FUNCTION_FORMS.has(word) || (isInPipe && PIPES_BY_LEAD.has(word)))) {
    return isInPipe && PIPE_WORDS.has(word) ? 'keyword' : 'function'
  }
  if (LOGIC.has(word) || (isInPipe && PIPE_WORDS.has(word))) return 'keyword'
  return NUMBER.test(word) ? 'number' : 'word'
}

const isSymbol = ({ kind, text }: Token, symbol: string): boolean => kind === 'symbol' && text === symbol
