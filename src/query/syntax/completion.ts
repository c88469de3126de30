/**
 * What may stand at a place of a query that is being typed. Names of fields and their values are only known to whoever
 * holds records: the answer says which are wanted, and the caller adds them.
 */
import { FILTER_KINDS } from '../filters/registry.ts'
import { PIPE_KINDS, PIPES_BY_LEAD, PIPES_BY_NAME } from '../pipes/registry.ts'
import { SPECIAL_FIELDS } from '../special-fields.ts'
import { type Token, tokenize } from './lexer.ts'

export type CandidateKind = 'field' | 'function' | 'keyword' | 'pipe'

export interface Candidate {
  /** What replaces the piece of text, with what must follow it: `in(`, `level:`, `stats `. */
  readonly text: string
  readonly kind: CandidateKind
  /** One line; empty where there is nothing to say. */
  readonly summary: string
}

export interface Completion {
  /** The piece of text that a candidate replaces, in code units. */
  readonly start: number
  readonly end: number
  /** Those that begin with the piece, in the order of the alphabet. */
  readonly candidates: readonly Candidate[]
  /** Names of fields fit here: with a colon behind them in a filter, without one in a pipe. */
  readonly wantsFields: 'none' | 'filter' | 'name'
  /** Values of this field fit here; null: none. */
  readonly wantsValuesOf: string | null
}

/** Fields stand in the parentheses behind these, and behind the pipes that name fields. */
const KEYWORDS: readonly Candidate[] = ['and', 'not', 'or'].map((text) => ({
  ...{ text: `${text} `, kind: 'keyword', summary: '' },
}))

/** What fits at `cursor`, a place in the text. */
export function completeQuery(text: string, cursor: number): Completion {
  const tokens = tokenize(text.slice(0, cursor)).filter(({ kind }) => kind !== 'end')
  const last = tokens.at(-1)
  const isTyping = last !== undefined && last.kind === 'word' && last.end === cursor
  const before = isTyping ? tokens.slice(0, -1) : tokens
  const start = isTyping ? last.start : cursor
  const begun = text.slice(start, cursor)
  const place = placeOf(before)
  const fits = ({ text: each }: Candidate): boolean => each.startsWith(begun) && each.trimEnd() !== begun
  return {
    ...{ start, end: cursor },
    candidates: candidatesAt(place)
      .filter(fits)
      .toSorted((a, b) => (a.text < b.text ? -1 : 1)),
    wantsFields: place.kind === 'filter' ? 'filter' : place.kind === 'names' ? 'name' : 'none',
    wantsValuesOf: place.kind === 'value' ? place.field : null,
  }
}

type Place =
  | { readonly kind: 'filter' | 'names' | 'pipe' | 'stats' }
  | { readonly kind: 'value'; readonly field: string }
  /** A text that somebody makes up. */
  | { readonly kind: 'nothing' }

function placeOf(before: readonly Token[]): Place {
  const previous = before.at(-1)
  if (previous === undefined) return { kind: 'filter' }
  if (previous.kind === 'quoted' && previous.problem !== null) return { kind: 'nothing' }
  if (isSymbol(previous, '|')) return { kind: 'pipe' }
  if (isSymbol(previous, ':') && !inPipeOf(before)) return { kind: 'value', field: before.at(-2)?.text ?? '' }
  const pipe = inPipeOf(before)
  if (pipe === null) return { kind: 'filter' }
  return placeInPipe(pipe)
}

interface OpenPipe {
  readonly name: string
  /** Its tokens behind the name. */
  readonly rest: readonly Token[]
  /** Parentheses that are open. */
  readonly depth: number
}

/** The pipe that the place is in; null: it is in the filter before all pipes, or in that of a query in parentheses. */
function inPipeOf(before: readonly Token[]): OpenPipe | null {
  const bar = before.findLastIndex((token) => isSymbol(token, '|'))
  if (bar < 0) return null
  const [name, ...rest] = before.slice(bar + 1)
  if (name === undefined) return null
  let depth = 0
  for (const token of rest) {
    if (isSymbol(token, '(')) depth++
    if (isSymbol(token, ')')) depth--
  }
  return { name: name.text.toLowerCase(), rest, depth }
}

function placeInPipe({ name, rest, depth }: OpenPipe): Place {
  const kind = PIPES_BY_NAME.get(name) ?? PIPES_BY_LEAD.get(name)
  if (kind === undefined) return { kind: 'filter' }
  if (kind.kind === 'filter') return { kind: 'filter' }
  const previous = rest.at(-1)
  if (previous?.text === 'as') return { kind: 'nothing' }
  const opener = rest.findLastIndex((token) => isSymbol(token, '('))
  if (depth > 0 && rest[opener - 1]?.text === 'if') return { kind: 'filter' }
  if (depth === 0 && (kind.leads?.length ?? 0) > 0 && kind.leads?.includes('count') === true)
    return { kind: 'stats' }
  return { kind: 'names' }
}

function candidatesAt({ kind }: Place): readonly Candidate[] {
  if (kind === 'pipe') return pipes()
  if (kind === 'stats') return [...statsWords()]
  if (kind === 'value') return functions()
  if (kind === 'filter') return [...fields(':'), ...functions(), ...KEYWORDS]
  return kind === 'names' ? fields('') : []
}

function pipes(): Candidate[] {
  return PIPE_KINDS.flatMap(({ names, summary }) =>
    names.map((name): Candidate => ({ text: `${name} `, kind: 'pipe', summary })),
  )
}

function statsWords(): Candidate[] {
  return [...PIPES_BY_LEAD.keys()].map((word) =>
    word === 'by'
      ? { text: 'by (', kind: 'keyword', summary: 'groups the rows' }
      : { text: `${word}(`, kind: 'function', summary: '' },
  )
}

function functions(): Candidate[] {
  return FILTER_KINDS.flatMap(({ forms, summary }) =>
    Object.keys(forms?.functions ?? {}).map(
      (name): Candidate => ({ text: `${name}(`, kind: 'function', summary }),
    ),
  )
}

function fields(behind: string): Candidate[] {
  return Array.from(SPECIAL_FIELDS.keys(), (name) => ({
    text: `${name}${behind}`,
    kind: 'field',
    summary: '',
  }))
}

const isSymbol = ({ kind, text }: Token, symbol: string): boolean => kind === 'symbol' && text === symbol
