/** `stddev(a, b*)`: the standard deviation of all values that are numbers. */
import type { FieldPattern } from '../batches/fields-wanted.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { numberText } from '../values/number-text.ts'
import { type FieldsCall, parseStatsFields, printFields } from './arguments.ts'
import { GroupNumbers } from './group-array.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsFunction, StatsState } from './kind.ts'
import { readNumbers } from './numbers.ts'
import { restOfSum } from './sum-state.ts'

export interface StddevCall extends FieldsCall {
  readonly name: 'stddev'
}

export const stddevFunction: StatsFunction<StddevCall> = {
  name: 'stddev',
  summary: 'the standard deviation of the numbers, of all of them: `NaN` where there is none',
  examples: ['* | stats by (service) avg(took) as mean, stddev(took) as deviation'],
  parse: (parser) => ({ name: 'stddev', fields: parseStatsFields(parser, 'stddev') }),
  print: printFields,
  wants: ({ fields }) => fields,
  bind: ({ fields }, { memory }) => new DeviationState(fields, memory),
}

/** Plain data: sums of numbers and of squares, each with what a float cannot hold of it, and how many there were. */
type TakenDeviation = readonly Float64Array[]

/** Behind each sum stands what a float cannot hold of it. */
const SUM = 0
const SQUARES = 2
const COUNT = 4

/**
 * Sums of twice the digits of a float: the difference of two large ones, which the deviation is, keeps enough of them,
 * and nothing depends on the order of rows.
 */
class DeviationState implements StatsState {
  readonly #fields: readonly FieldPattern[]
  readonly #arrays: readonly GroupNumbers[]

  constructor(fields: readonly FieldPattern[], memory: MemoryShare) {
    this.#fields = fields
    this.#arrays = Array.from({ length: COUNT + 1 }, () => new GroupNumbers(memory))
  }

  read(batch: RowBatch): AddRows {
    const columns = readNumbers(batch, this.#fields)
    return (rows) => {
      this.#grow(rows.groupCount)
      for (const numbers of columns) this.#add(rows, numbers)
    }
  }

  #grow(groupCount: number): void {
    for (const array of this.#arrays) array.grow(groupCount)
  }

  #add({ rows, count, ofRow, only }: GroupedRows, numbers: Float64Array): void {
    const counts = this.#arrays[COUNT].values
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const number = numbers[row]
      if (Number.isNaN(number)) continue
      const group = ofRow === null ? only : ofRow[row]
      const square = number * number
      this.#addTo(SUM, group, number, 0)
      this.#addTo(SQUARES, group, square, restOfProduct(number, number, square))
      counts[group]++
    }
  }

  #addTo(at: number, group: number, number: number, rest: number): void {
    const sums = this.#arrays[at].values
    const before = sums[group]
    const sum = before + number
    sums[group] = sum
    this.#arrays[at + 1].values[group] += restOfSum(before, number, sum) + rest
  }

  take(): TakenDeviation {
    return this.#arrays.map((array) => array.take())
  }

  merge(state: unknown, groups: Uint32Array, groupCount: number): void {
    const taken = state as TakenDeviation
    this.#grow(groupCount)
    const count = Math.min(groups.length, taken[COUNT].length)
    for (let at = 0; at < count; at++) {
      for (const sum of [SUM, SQUARES]) this.#addTo(sum, groups[at], taken[sum][at], taken[sum + 1][at])
      this.#arrays[COUNT].values[groups[at]] += taken[COUNT][at]
    }
  }

  texts(groupCount: number): string[] {
    this.#grow(groupCount)
    return Array.from({ length: groupCount }, (_, group) => numberText(this.#deviationOf(group)))
  }

  #deviationOf(group: number): number {
    const [sum, sumRest, squares, squaresRest, count] = this.#arrays.map(({ values }) => values[group])
    const square = sum * sum
    const squareRest = restOfProduct(sum, sum, square) + 2 * sum * sumRest
    const mean = square / count
    const product = mean * count
    const meanRest = (square - product - restOfProduct(mean, count, product) + squareRest) / count
    return Math.sqrt(Math.max(0, squares - mean + (squaresRest - meanRest)) / count)
  }
}

const SPLITTER = 2 ** 27 + 1

/** What `product` lacks of a * b. */
function restOfProduct(a: number, b: number, product: number): number {
  const highA = highOf(a)
  const highB = highOf(b)
  const lowA = a - highA
  const lowB = b - highB
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB)
}

function highOf(number: number): number {
  const scaled = SPLITTER * number
  return scaled - (scaled - number)
}
