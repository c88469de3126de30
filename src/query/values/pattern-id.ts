/**
 * Patterns of messages: the text with placeholders for its numbers, addresses, times and the like, and the name of that
 * text. Pipe `patterns` shows both, filter `pattern:` asks for the name. It follows from the text alone: the same in
 * every store, before and after records are sealed.
 */
import { collapseNumbersPretty } from './collapse-nums.ts'
import { sha256Hex } from './sha256.ts'
import { encodeText } from './text.ts'

/** Hexadecimal digits of an id. */
export const PATTERN_ID_DIGITS = 16

/** The message as pipe `collapse_nums prettify` leaves it. */
export function patternOf(message: string): string {
  return collapseNumbersPretty(message)
}

/** Of the text that `patternOf` gives. */
export function patternId(pattern: string): string {
  return sha256Hex(encodeText(pattern)).slice(0, PATTERN_ID_DIGITS)
}

/** Patterns that are kept with their ids, by characters. */
const CHARACTERS_KEPT_MAX = 4 * 1024 * 1024

/** Ids by pattern: there are few patterns and many messages. */
export class PatternIds {
  readonly #ids = new Map<string, string>()
  #characters = 0

  /** Of the pattern of a message. */
  idOf(message: string): string {
    const pattern = patternOf(message)
    let id = this.#ids.get(pattern)
    if (id === undefined) {
      id = patternId(pattern)
      this.#keep(pattern, id)
    }
    return id
  }

  #keep(pattern: string, id: string): void {
    this.#characters += pattern.length + PATTERN_ID_DIGITS
    if (this.#characters > CHARACTERS_KEPT_MAX) {
      this.#ids.clear()
      this.#characters = pattern.length + PATTERN_ID_DIGITS
    }
    this.#ids.set(pattern, id)
  }
}
