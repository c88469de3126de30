/** Functions that keep one value of each group, row by row: which one, they say themselves. */
import type { FieldPattern } from '../../batches/fields-wanted.ts'
import { type MemoryShare, textBytes } from '../../batches/memory-share.ts'
import type { RowBatch } from '../../batches/row-batch.ts'
import { compareKeys, type ValueKey, valueKey } from '../../values/value-order.ts'
import { columnsOf } from '../arguments.ts'
import type { RunningState } from './kind.ts'

const BYTES_A_GROUP = 64

/** Whether a value takes the place of the one that the group has. */
export type TakesPlace = (value: ValueKey, before: ValueKey) => boolean

export const isSmaller: TakesPlace = (value, before) => compareKeys(value, before) < 0
export const isLarger: TakesPlace = (value, before) => compareKeys(value, before) > 0
export const never: TakesPlace = () => false
export const always: TakesPlace = () => true

export class RunningValue implements RunningState {
  readonly #fields: readonly FieldPattern[]
  readonly #takesPlace: TakesPlace
  /** A row without a field that the query names has the empty value; else it has none. */
  readonly #takesEmpty: boolean
  readonly #memory: MemoryShare
  readonly #values: (ValueKey | undefined)[] = []
  #columns: readonly { readonly texts: readonly string[]; readonly isNamed: boolean }[] = []

  constructor(
    fields: readonly FieldPattern[],
    takesPlace: TakesPlace,
    takesEmpty: boolean,
    memory: MemoryShare,
  ) {
    this.#fields = fields
    this.#takesPlace = takesPlace
    this.#takesEmpty = takesEmpty
    this.#memory = memory
  }

  read(batch: RowBatch): void {
    this.#columns = columnsOf(batch, this.#fields).map(({ name, isNamed }) => ({
      texts: batch.texts(name),
      isNamed,
    }))
  }

  add(row: number, group: number): void {
    for (const { texts, isNamed } of this.#columns) {
      const text = texts[row]
      if (text === '' && !(this.#takesEmpty && isNamed)) continue
      const before = this.#values[group]
      if (before?.text === text) continue
      const value = valueKey(text)
      if (before !== undefined && !this.#takesPlace(value, before)) continue
      this.#memory.charge(textBytes(text) - (before === undefined ? -BYTES_A_GROUP : textBytes(before.text)))
      this.#values[group] = value
    }
  }

  text(group: number): string {
    return this.#values[group]?.text ?? ''
  }
}
