/** The first or the last value of each group, in the order of values. */
import { formatRfc3339 } from '../../record/record.ts'
import type { TextGroups } from '../batches/batch-column.ts'
import type { FieldPattern } from '../batches/fields-wanted.ts'
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TimeColumn } from '../batches/text-columns.ts'
import { compareKeysExactly, RANK_TIME, type ValueKey, valueKey } from '../values/value-order.ts'
import { type ArgumentColumn, columnsOf } from './arguments.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsState } from './kind.ts'

const BYTES_A_GROUP = 64

export class ExtremeState implements StatsState {
  readonly #fields: readonly FieldPattern[]
  readonly #memory: MemoryShare
  /** 1: the first one is wanted, -1: the last one. */
  readonly #sign: 1 | -1
  readonly #best: (ValueKey | null)[] = []

  constructor(fields: readonly FieldPattern[], memory: MemoryShare, wants: 'first' | 'last') {
    this.#fields = fields
    this.#memory = memory
    this.#sign = wants === 'first' ? 1 : -1
  }

  read(batch: RowBatch): AddRows {
    const columns = columnsOf(batch, this.#fields).map((argument) => this.#readColumn(argument))
    return (rows) => {
      this.#grow(rows.groupCount)
      for (const add of columns) add(rows)
    }
  }

  #readColumn({ column, isNamed }: ArgumentColumn): AddRows {
    if (column === null) return (rows) => this.#addGroups(rows, { texts: [''], ofRow: null }, true)
    if (column instanceof TimeColumn) return (rows) => this.#addTimes(rows, column)
    const groups = column.groups()
    if (groups !== null) return (rows) => this.#addGroups(rows, groups, isNamed)
    const texts = column.texts()
    return (rows) => this.#addTexts(rows, texts, isNamed)
  }

  #grow(groupCount: number): void {
    const added = groupCount - this.#best.length
    if (added <= 0) return
    this.#memory.charge(added * BYTES_A_GROUP)
    for (let at = 0; at < added; at++) this.#best.push(null)
  }

  /** A key is made once a text. */
  #addGroups({ rows, count, ofRow, only }: GroupedRows, groups: TextGroups, takesEmpty: boolean): void {
    const keys = new Array<ValueKey | null>(groups.texts.length).fill(null)
    const { texts, ofRow: textOfRow } = groups
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const text = textOfRow === null ? 0 : textOfRow[row]
      const group = ofRow === null ? only : ofRow[row]
      const best = this.#best[group]
      if (best !== null && best === keys[text]) continue
      if (texts[text] === '' && !takesEmpty) continue
      keys[text] ??= valueKey(texts[text])
      this.#offer(group, keys[text])
      // All rows are the same.
      if (textOfRow === null && ofRow === null) return
    }
  }

  #addTexts({ rows, count, ofRow, only }: GroupedRows, texts: readonly string[], takesEmpty: boolean): void {
    let last: ValueKey | null = null
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const text = texts[row]
      if (text === '' && !takesEmpty) continue
      if (last === null || last.text !== text) last = valueKey(text)
      this.#offer(ofRow === null ? only : ofRow[row], last)
    }
  }

  /** The text of a time is made when somebody asks for it. */
  #addTimes({ rows, count, ofRow, only }: GroupedRows, { timesMs, timesNs }: TimeColumn): void {
    const sign = this.#sign
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const group = ofRow === null ? only : ofRow[row]
      const best = this.#best[group]
      if (best !== null && best.rank === RANK_TIME) {
        const order = timesMs[row] - best.number || timesNs[row] - best.ns
        if (order * sign >= 0) continue
      }
      this.#offer(group, { rank: RANK_TIME, number: timesMs[row], ns: timesNs[row], text: '' })
    }
  }

  #offer(group: number, key: ValueKey): void {
    const best = this.#best[group]
    if (best !== null && compareKeysExactly(key, best) * this.#sign >= 0) return
    this.#memory.charge(textBytes(key.text) - (best === null ? 0 : textBytes(best.text)))
    this.#best[group] = key
  }

  take(): (string | null)[] {
    return this.#best.map((key) => (key === null ? null : textOf(key)))
  }

  merge(state: unknown, groups: Uint32Array, groupCount: number): void {
    this.#grow(groupCount)
    for (const [at, text] of (state as (string | null)[]).entries()) {
      if (text !== null) this.#offer(groups[at], valueKey(text))
    }
  }

  texts(groupCount: number): string[] {
    this.#grow(groupCount)
    return this.#best.map((key) => (key === null ? '' : textOf(key)))
  }
}

function textOf({ rank, number, ns, text }: ValueKey): string {
  return rank === RANK_TIME && text === '' ? formatRfc3339(number, ns) : text
}
