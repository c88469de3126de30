/**
 * The pattern of `extract`: `text<field>text<field>…`. A field is what stands up to the text behind it, or up to the end
 * where there is none; `<_>` is skipped. A quoted text is taken as a whole and without its quotes and escapes, unless
 * the field is written `<plain:field>`. `&lt;` is a `<` of the text.
 *
 * Reading begins behind the first place where the first text stands. Where a text is missing, the fields from there on
 * are empty: nothing is tried twice, so the work is at most the length of the pattern's texts times that of a value.
 */
import type { CutPattern } from '../batches/cut-texts.ts'
import { quotedEnd, shown, unquote } from '../syntax/quoting.ts'
import { unescapeHtml } from '../values/html-text.ts'
import { encodeText } from '../values/text.ts'

/** Texts and the placeholders between them. `format` has the same form. */
export interface PatternPart {
  /** Before the placeholder. */
  readonly text: string
  /** Null behind the last one, and for `<_>`. */
  readonly field: string | null
  /** `plain` of `<plain:field>`; empty where there is none. */
  readonly option: string
  readonly isPlaceholder: boolean
}

export type PatternProblem = (message: string) => Error

/** Throws what `problem` makes. */
export function parsePattern(
  pattern: string,
  options: readonly string[],
  problem: PatternProblem,
): PatternPart[] {
  const parts: PatternPart[] = []
  let at = 0
  for (;;) {
    const open = pattern.indexOf('<', at)
    const text = unescapeHtml(pattern.slice(at, open < 0 ? pattern.length : open))
    if (open < 0) {
      if (text !== '') parts.push({ text, field: null, option: '', isPlaceholder: false })
      return parts
    }
    const close = pattern.indexOf('>', open)
    const isOpenAgain = pattern.slice(open + 1, close).includes('<')
    if (close < 0 || isOpenAgain)
      throw problem('a `<` in the pattern has no `>`; for the sign itself write `&lt;`')
    parts.push({
      text,
      ...parsePlaceholder(pattern.slice(open + 1, close), options, problem),
      isPlaceholder: true,
    })
    at = close + 1
  }
}

function parsePlaceholder(
  inner: string,
  options: readonly string[],
  problem: PatternProblem,
): { field: string | null; option: string } {
  const colon = inner.indexOf(':')
  const option = colon < 0 ? '' : inner.slice(0, colon).trim()
  const field = unescapeHtml(inner.slice(colon + 1)).trim()
  if (option !== '' && !options.includes(option)) {
    const known = options.map((each) => `\`${each}:\``).join(', ')
    const asField = shown(`<:${inner}>`)
    throw problem(
      `${shown(`<${inner}>`)} begins with what is none of: ${known}; a field of that name is written ${asField}`,
    )
  }
  return { field: field === '' || field === '_' ? null : field, option }
}

/** A quoted text may go on behind the text that ends the field. */
const QUOTES = encodeText('"\'`')
const NO_BYTES = new Uint8Array(0)

/** Finds the fields in texts. */
export class ExtractPattern {
  /** Each once, in the order in which they stand in the pattern. */
  readonly names: readonly string[]
  /** Where it does not stand, no field is found; may be empty. */
  readonly first: string
  /** By placeholder: what it is, and the text behind it. */
  readonly #numbers: readonly number[]
  readonly #arePlain: readonly boolean[]
  readonly #nexts: readonly string[]

  /** Throws what `problem` makes where the pattern is not valid. */
  constructor(pattern: string, problem: PatternProblem) {
    const parts = parsePattern(pattern, ['plain'], problem)
    const places = parts.filter(({ isPlaceholder }) => isPlaceholder)
    this.names = namesOf(places, problem)
    this.first = parts[0].text
    this.#numbers = places.map(({ field }) => (field === null ? -1 : this.names.indexOf(field)))
    this.#arePlain = places.map(({ option }) => option === 'plain')
    this.#nexts = places.map((_, at) => parts[at + 1]?.text ?? '')
    if (this.#nexts.slice(0, -1).includes('')) {
      throw problem('a text has to stand between two fields of the pattern')
    }
  }

  /** What it looks at, of texts that have the first one; null where it does not begin with a text. */
  get cut(): CutPattern | null {
    if (this.first === '') return null
    return {
      first: encodeText(this.first),
      nexts: this.#nexts.filter((next) => next !== '').map(encodeText),
      isToEnd: this.#nexts.at(-1) === '',
      unless: this.#arePlain.includes(false) ? QUOTES : NO_BYTES,
    }
  }

  /** `parts` by the number of the name; a field that is not found is left as it is. */
  takeApart(text: string, parts: string[]): void {
    let at = this.first === '' ? 0 : text.indexOf(this.first)
    if (at < 0) return
    at += this.first.length
    for (let place = 0; place < this.#numbers.length; place++) {
      const next = this.#nexts[place]
      const quoted = this.#arePlain[place] ? null : unquotedAt(text, at)
      const end = quoted !== null ? quoted.end : next === '' ? text.length : text.indexOf(next, at)
      if (end < 0) return
      const number = this.#numbers[place]
      if (number >= 0) parts[number] = quoted !== null ? quoted.text : text.slice(at, end)
      if (quoted !== null && !text.startsWith(next, end)) return
      at = end + next.length
    }
  }
}

function namesOf(places: readonly PatternPart[], problem: PatternProblem): string[] {
  const names = new Set(places.map(({ field }) => field).filter((field) => field !== null))
  if (names.size === 0) throw problem('the pattern has no field, like `ip=<ip> `')
  const prefix = [...names].find((name) => name.endsWith('*'))
  if (prefix !== undefined) throw problem(`${shown(`<${prefix}>`)} is no name of one field`)
  return [...names]
}

/** Null where no quoted text that is valid begins at `at`. */
function unquotedAt(text: string, at: number): { readonly text: string; readonly end: number } | null {
  const first = text[at]
  if (first !== '"' && first !== "'" && first !== '`') return null
  const end = quotedEnd(text, at)
  if (end < 0) return null
  const raw = text.slice(at, end)
  const read = unquote(raw)
  if (read.problem === null) return { text: read.text, end }
  const json = first === '"' ? jsonText(raw) : null
  return json === null ? null : { text: json, end }
}

/** Escapes that only JSON has: `\/`, pairs of `\u`. */
function jsonText(raw: string): string | null {
  try {
    return JSON.parse(raw) as string
  } catch {
    return null
  }
}
