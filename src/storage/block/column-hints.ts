/**
 * What was best for the columns of the blocks before, kept for the life of a worker: a program logs today what it logged
 * yesterday, so that most columns need no second try of every encoding. A hint only saves time: a column that it does
 * not fit is encoded as if there was none (encodings.ts).
 *
 * Memory is bounded: when there are too many templates or fields, all are forgotten.
 */
import { type ColumnHint, newColumnHint } from '../columns/encodings.ts'
import type { Template } from '../template/template.ts'

/** Of templates and fields, each. */
const KEYS_MAX = 8192
const SLOTS_MAX = 65_536
/** Longer text is told apart by its beginning, its length and its slots: to mistake one for another costs no bytes. */
const TEXT_BYTES_MAX = 256

export class ColumnHints {
  readonly #ofFields = new Map<string, ColumnHint>()
  readonly #ofTemplates = new Map<string, readonly ColumnHint[]>()
  /** The same by the object, which blocks of one part have in common. */
  readonly #ofObjects = new WeakMap<Template, readonly ColumnHint[]>()
  #slots = 0

  ofField(name: string): ColumnHint {
    let hint = this.#ofFields.get(name)
    if (hint !== undefined) return hint
    if (this.#ofFields.size === KEYS_MAX) this.#ofFields.clear()
    hint = newColumnHint()
    this.#ofFields.set(name, hint)
    return hint
  }

  /** One for each slot. */
  ofTemplate(template: Template): readonly ColumnHint[] {
    let hints = this.#ofObjects.get(template)
    if (hints !== undefined) return hints
    hints = this.#ofText(template)
    this.#ofObjects.set(template, hints)
    return hints
  }

  #ofText({ text, slots }: Template): readonly ColumnHint[] {
    const { buffer, byteOffset, length } = text
    const start = Buffer.from(buffer, byteOffset, Math.min(TEXT_BYTES_MAX, length)).toString('latin1')
    const key = `${length} ${slots.join(' ')} ${start}`
    let hints = this.#ofTemplates.get(key)
    if (hints !== undefined) return hints
    if (this.#ofTemplates.size === KEYS_MAX || this.#slots > SLOTS_MAX) {
      this.#ofTemplates.clear()
      this.#slots = 0
    }
    hints = Array.from(slots, newColumnHint)
    this.#slots += slots.length
    this.#ofTemplates.set(key, hints)
    return hints
  }
}
