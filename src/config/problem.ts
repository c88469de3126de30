/**
 * What is wrong with a configuration, in words that say where, what, and what would be right. Problems are
 * gathered, not thrown, so that all are reported at once. Whatever a file, a variable or a flag says is shown
 * inert.
 */

/** Where a value, or a problem, comes from. */
export type Origin =
  /** `of`: what the default follows from, where it is not always the same. */
  | { readonly from: 'default'; readonly of?: string }
  | { readonly from: 'profile'; readonly profile: string }
  | { readonly from: 'file'; readonly path: string; readonly line: number }
  | { readonly from: 'env'; readonly name: string }
  | { readonly from: 'flag'; readonly flag: string }

export interface Problem {
  /** The whole sentence: `record.bytesMx: unknown option at line 4; did you mean bytesMax?` */
  readonly text: string
  /** What the sentence is about, as the user wrote it: an option's path, a variable, a flag, or the file. */
  readonly place: string
  readonly origin: Origin
  /** What would be right, or null. */
  readonly hint: string | null
}

/** Problems past this number are counted, not kept: a file of junk must not cost a sentence per line. */
const PROBLEMS_MAX = 100

export class Problems {
  readonly #list: Problem[] = []
  #more = 0

  /** `makeHint` runs only when the problem is kept. */
  add(place: string, origin: Origin, what: string, makeHint?: string | (() => string | null)): void {
    if (this.#list.length >= PROBLEMS_MAX) {
      this.#more++
      return
    }
    const hint = (typeof makeHint === 'function' ? makeHint() : makeHint) ?? null
    const line = origin.from === 'file' && origin.line > 0 ? ` at line ${origin.line}` : ''
    const text = `${inert(place, PATH_LENGTH_MAX)}: ${what}${line}${hint === null ? '' : `; ${hint}`}`
    this.#list.push({ text, place, origin, hint })
  }

  get count(): number {
    return this.#list.length + this.#more
  }

  list(): Problem[] {
    if (this.#more === 0) return this.#list
    const text = `and ${this.#more} more problems`
    return [...this.#list, { text, place: '', origin: { from: 'default' }, hint: null }]
  }
}

/** How a place is named that the user can go to. */
export function printOrigin(origin: Origin): string {
  switch (origin.from) {
    case 'default':
      return origin.of === undefined ? 'default' : `default, of ${origin.of}`
    case 'profile':
      return `profile ${origin.profile}`
    case 'file':
      return `${inert(origin.path, PATH_LENGTH_MAX)} line ${origin.line}`
    case 'env':
      return origin.name
    case 'flag':
      return `--${origin.flag}`
  }
}

const SHOWN_LENGTH_MAX = 60
export const PATH_LENGTH_MAX = 500
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

/**
 * The text with everything escaped that could act on a terminal or hide itself, cut at `lengthMax`
 * characters.
 */
export function inert(text: string, lengthMax = SHOWN_LENGTH_MAX): string {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text
  return cut.replace(NOT_PRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** The text in quotes, inert. */
export function quoted(text: string): string {
  return `"${inert(text)}"`
}
