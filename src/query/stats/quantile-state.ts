/** Quantiles of the values of each group (quantile-sketch.ts); a row without a field that the query names is empty. */
import type { TextGroups } from '../batches/batch-column.ts'
import type { FieldPattern } from '../batches/fields-wanted.ts'
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { type ValueKey, valueKey } from '../values/value-order.ts'
import { type ArgumentColumn, columnsOf } from './arguments.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsState } from './kind.ts'
import { QuantileSketch, type TakenSketch } from './quantile-sketch.ts'

const BYTES_A_VALUE = 200
const BYTES_A_GROUP = 400

export class QuantileState implements StatsState {
  readonly #share: number
  readonly #fields: readonly FieldPattern[]
  readonly #memory: MemoryShare
  readonly #sketches: (QuantileSketch | undefined)[] = []

  constructor(share: number, fields: readonly FieldPattern[], memory: MemoryShare) {
    this.#share = share
    this.#fields = fields
    this.#memory = memory
  }

  read(batch: RowBatch): AddRows {
    const columns = columnsOf(batch, this.#fields).map((argument) => this.#readColumn(argument))
    return (rows) => {
      for (const add of columns) add(rows)
    }
  }

  #readColumn({ column, isNamed }: ArgumentColumn): AddRows {
    if (column === null) return (rows) => this.#addGroups(rows, { texts: [''], ofRow: null }, true)
    const groups = column.groups()
    if (groups !== null) return (rows) => this.#addGroups(rows, groups, isNamed)
    const texts = column.texts()
    return (rows) => this.#addTexts(rows, texts, isNamed)
  }

  #addGroups(
    { rows, count, ofRow, only }: GroupedRows,
    { texts, ofRow: textOfRow }: TextGroups,
    takesEmpty: boolean,
  ): void {
    if (ofRow === null && textOfRow === null) {
      if (count > 0 && (takesEmpty || texts[0] !== '')) this.#add(only, valueKey(texts[0]), count)
      return
    }
    const keys = new Array<ValueKey | null>(texts.length).fill(null)
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const text = textOfRow === null ? 0 : textOfRow[row]
      if (texts[text] === '' && !takesEmpty) continue
      keys[text] ??= valueKey(texts[text])
      this.#add(ofRow === null ? only : ofRow[row], keys[text], 1)
    }
  }

  #addTexts({ rows, count, ofRow, only }: GroupedRows, texts: readonly string[], takesEmpty: boolean): void {
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      if (texts[row] === '' && !takesEmpty) continue
      this.#add(ofRow === null ? only : ofRow[row], valueKey(texts[row]), 1)
    }
  }

  #add(group: number, key: ValueKey, count: number): void {
    const sketch = this.#sketchOf(group)
    const before = sketch.size
    sketch.add(key, count)
    if (sketch.size > before) this.#memory.charge(BYTES_A_VALUE + textBytes(key.text))
  }

  #sketchOf(group: number): QuantileSketch {
    let sketch = this.#sketches[group]
    if (sketch === undefined) {
      this.#memory.charge(BYTES_A_GROUP)
      sketch = new QuantileSketch()
      this.#sketches[group] = sketch
    }
    return sketch
  }

  take(): (TakenSketch | null)[] {
    return Array.from(this.#sketches, (sketch) => sketch?.take() ?? null)
  }

  merge(state: unknown, groups: Uint32Array, _groupCount: number): void {
    for (const [at, taken] of (state as (TakenSketch | null)[]).entries()) {
      if (taken === null) continue
      const sketch = this.#sketchOf(groups[at])
      const before = sketch.size
      sketch.merge(taken)
      this.#memory.charge(Math.max(0, sketch.size - before) * BYTES_A_VALUE)
    }
  }

  texts(groupCount: number): string[] {
    return Array.from({ length: groupCount }, (_, group) => this.#sketches[group]?.valueAt(this.#share) ?? '')
  }
}
