/** How many different tuples of values each group has: of their hashes. */
import type { FieldPattern } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { PipeContext } from '../pipes/kind.ts'
import { columnsOf } from './arguments.ts'
import { GroupNumbers } from './group-array.ts'
import type { GroupedRows } from './grouped-rows.ts'
import { HashSet, type TakenHashes } from './hash-set.ts'
import { hashedTuples, hashedValues } from './hashed-values.ts'
import type { AddRows, StatsState } from './kind.ts'
import { HASH_WORDS, type HashedValues, ValueHasher } from './value-hash.ts'

/** Hashes that are looked for at once. */
const AHEAD = 256
/** Marks of a batch: for each group, for each value. */
const MARKS_MAX = 1 << 20

export class DistinctState implements StatsState {
  readonly #fields: readonly FieldPattern[]
  /** Counts no further; infinite where there is no limit. */
  readonly #limit: number
  readonly #hasher: ValueHasher
  readonly #set: HashSet
  readonly #counts: GroupNumbers

  /** `words` of a hash decide what is different, two or three; `limit` 0 is none. */
  constructor(fields: readonly FieldPattern[], limit: number, words: number, context: PipeContext) {
    this.#fields = fields
    this.#limit = limit === 0 ? Infinity : limit
    this.#hasher = new ValueHasher(context.settings.hashKey)
    this.#set = new HashSet(words, context.memory)
    this.#counts = new GroupNumbers(context.memory)
  }

  read(batch: RowBatch): AddRows {
    const columns = columnsOf(batch, this.#fields).map(({ column }) => hashedValues(column, this.#hasher))
    const values = columns.length === 1 ? columns[0] : hashedTuples(columns, batch.rowCount, this.#hasher)
    return (rows) => this.#add(rows, values)
  }

  #add(grouped: GroupedRows, values: HashedValues): void {
    const { rows, count, groupCount, ofRow, only } = grouped
    const { count: valueCount, words, isFilled, ofRow: valueOfRow } = values
    const counts = this.#counts.grow(groupCount)
    const marks = valueOfRow === null ? null : marksOf(ofRow === null ? 1 : groupCount, valueCount)
    const isOne = valueOfRow === null && valueCount === 1
    const isByRow = valueOfRow === null && !isOne && rows === null && ofRow === null
    for (let at = 0; at < count; at++) {
      if (isByRow && at % AHEAD === 0)
        this.#set.approach(only, words, at * HASH_WORDS, Math.min(AHEAD, count - at), HASH_WORDS)
      const row = rows === null ? at : rows[at]
      const value = valueOfRow === null ? (isOne ? 0 : row) : valueOfRow[row]
      if (isFilled[value] === 0) continue
      const group = ofRow === null ? only : ofRow[row]
      if (marks !== null) {
        const mark = (ofRow === null ? 0 : group * valueCount) + value
        if (marks[mark] === 1) continue
        marks[mark] = 1
      }
      if (counts[group] < this.#limit && this.#set.add(group, words, value * HASH_WORDS)) counts[group]++
      if (isOne && ofRow === null) return
    }
  }

  take(): unknown {
    return this.#set.take()
  }

  merge(state: unknown, groups: Uint32Array, groupCount: number): void {
    const taken = state as TakenHashes
    const set = this.#set
    const counts = this.#counts.grow(groupCount)
    const turns = set.takenTurns(taken)
    const isSame = groups.every((group, at) => group === at)
    if (isSame && this.#limit === Infinity && set.adopt(taken)) {
      for (let turn = 0; turn < turns; turn++) {
        const group = set.takenGroup(taken, turn)
        if (group >= 0) counts[group]++
      }
      return
    }
    if (this.#limit === Infinity) set.reserve(taken)
    for (let turn = 0; turn < turns; turn++) {
      const slot = set.takenSlot(turn, turns)
      const taker = set.takenGroup(taken, slot)
      if (taker < 0) continue
      const group = groups[taker]
      if (counts[group] < this.#limit && set.addTaken(taken, slot, group)) counts[group]++
    }
  }

  texts(groupCount: number): string[] {
    const counts = this.#counts.grow(groupCount)
    return Array.from({ length: groupCount }, (_, group) => String(counts[group]))
  }
}

/** Null where they would be too many. */
function marksOf(groupCount: number, valueCount: number): Uint8Array | null {
  const marks = groupCount * valueCount
  return marks > MARKS_MAX ? null : new Uint8Array(marks)
}
