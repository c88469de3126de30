/**
 * What the decoders of a server share: memory to encode into, and the budget for half lines. Decoders use it one after
 * the other, never across calls, so that a quiet session costs next to nothing.
 */
import { BatchEncoder } from '../record/record.ts'
import { ByteBudget } from './byte-budget.ts'

/** Reply codes of one chunk, to begin with. */
const CODES_INITIAL = 16 * 1024

export class TextLogWorkspace {
  readonly encoder = new BatchEncoder()
  /** For half lines of all sessions. */
  readonly halfLines: ByteBudget
  codes = new Uint8Array(CODES_INITIAL)

  constructor(halfLineBytesMax: number) {
    this.halfLines = new ByteBudget(halfLineBytesMax)
  }

  putCode(index: number, code: number): void {
    if (index === this.codes.length) {
      const grown = new Uint8Array(index * 2)
      grown.set(this.codes)
      this.codes = grown
    }
    this.codes[index] = code
  }
}
