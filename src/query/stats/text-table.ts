/** Texts, numbered from 0 in the order in which they came, charged to the memory of the query. */
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'

/** Of the table, beside the text itself. */
const BYTES_A_TEXT = 48

export class TextTable {
  /** By number. */
  readonly texts: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #memory: MemoryShare

  constructor(memory: MemoryShare) {
    this.#memory = memory
  }

  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#memory.charge(BYTES_A_TEXT + textBytes(text))
    const number = this.texts.push(text) - 1
    this.#numbers.set(text, number)
    return number
  }
}
