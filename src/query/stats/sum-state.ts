/**
 * Sums of numbers by group. What a float cannot hold of a sum is kept beside it, so that a sum is the nearest float to the
 * true one and does not depend on the order in which rows came or on how they were divided.
 */
import type { FieldPattern } from '../batches/fields-wanted.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { numberText } from '../values/number-text.ts'
import { GroupNumbers } from './group-array.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsState } from './kind.ts'
import { readNumbers } from './numbers.ts'

/** Plain data. */
interface TakenSums {
  readonly sums: Float64Array
  readonly rests: Float64Array
  readonly counts: Float64Array
}

export class SumState implements StatsState {
  readonly #fields: readonly FieldPattern[]
  readonly #result: (sum: number, count: number) => number
  readonly #sums: GroupNumbers
  /** What is to be added to the sums. */
  readonly #rests: GroupNumbers
  /** How many numbers there were. */
  readonly #counts: GroupNumbers

  /** `result` of a group that had numbers; without any it is NaN. */
  constructor(
    fields: readonly FieldPattern[],
    memory: MemoryShare,
    result: (sum: number, count: number) => number,
  ) {
    this.#fields = fields
    this.#result = result
    this.#sums = new GroupNumbers(memory)
    this.#rests = new GroupNumbers(memory)
    this.#counts = new GroupNumbers(memory)
  }

  read(batch: RowBatch): AddRows {
    const columns = readNumbers(batch, this.#fields)
    return (rows) => {
      this.#grow(rows.groupCount)
      for (const numbers of columns) this.#add(rows, numbers)
    }
  }

  #grow(groupCount: number): void {
    this.#sums.grow(groupCount)
    this.#rests.grow(groupCount)
    this.#counts.grow(groupCount)
  }

  #add({ rows, count, ofRow, only }: GroupedRows, numbers: Float64Array): void {
    const sums = this.#sums.values
    const rests = this.#rests.values
    const counts = this.#counts.values
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const number = numbers[row]
      if (Number.isNaN(number)) continue
      const group = ofRow === null ? only : ofRow[row]
      const before = sums[group]
      const sum = before + number
      sums[group] = sum
      rests[group] += restOfSum(before, number, sum)
      counts[group]++
    }
  }

  take(): TakenSums {
    return { sums: this.#sums.take(), rests: this.#rests.take(), counts: this.#counts.take() }
  }

  merge(state: unknown, groups: Uint32Array, groupCount: number): void {
    const taken = state as TakenSums
    this.#grow(groupCount)
    const sums = this.#sums.values
    const rests = this.#rests.values
    const count = Math.min(groups.length, taken.sums.length)
    for (let at = 0; at < count; at++) {
      const before = sums[groups[at]]
      const sum = before + taken.sums[at]
      sums[groups[at]] = sum
      rests[groups[at]] += restOfSum(before, taken.sums[at], sum) + taken.rests[at]
    }
    this.#counts.addFrom(taken.counts, groups, groupCount)
  }

  texts(groupCount: number): string[] {
    this.#grow(groupCount)
    return Array.from({ length: groupCount }, (_, group) => numberText(this.#resultOf(group)))
  }

  #resultOf(group: number): number {
    const count = this.#counts.values[group]
    if (count === 0) return Number.NaN
    const sum = this.#sums.values[group]
    return this.#result(Number.isFinite(sum) ? sum + this.#rests.values[group] : sum, count)
  }
}

/** What `sum` lacks of a + b. */
export function restOfSum(a: number, b: number, sum: number): number {
  const added = sum - a
  return a - (sum - added) + (b - added)
}
