/**
 * `histogram(field)`: how many numbers lie in which range, as a JSON array of `{"vmrange":"1.000e+00...1.136e+00","hits":5}`.
 * A decimal has 18 ranges, each as much larger than the one before; from 10^-9 to 10^18, and one range below and above.
 * Negative numbers do not count.
 */
import type { Random } from '../../base/base.ts'
import type { FieldPattern } from '../batches/fields-wanted.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { parseFieldName, printFieldNames } from '../pipes/parts.ts'
import { GroupNumbers } from './group-array.ts'
import type { GroupedRows } from './grouped-rows.ts'
import type { AddRows, StatsCall, StatsFunction, StatsState } from './kind.ts'
import { readNumbers } from './numbers.ts'
import { PairTable } from './pair-table.ts'

export interface HistogramCall extends StatsCall {
  readonly name: 'histogram'
  readonly field: string
}

export const histogramFunction: StatsFunction<HistogramCall> = {
  name: 'histogram',
  summary: 'how many numbers lie in which range, as a JSON array of `vmrange` and `hits`',
  examples: ['* | stats by (service) histogram(took) as took'],
  parse(parser) {
    const { reader } = parser
    reader.expectSymbol('(', 'after `histogram`')
    const field = parseFieldName(parser)
    reader.takeSymbol(',')
    reader.expectSymbol(')', 'after the field of `histogram(…)`, which takes one')
    return { name: 'histogram', field }
  },
  print: ({ field }, printer) => `histogram(${printFieldNames([field], printer)})`,
  wants: ({ field }) => [{ name: field, isPrefix: false }],
  bind: ({ field }, { memory, random }) => new HistogramState(field, memory, random),
}

const EXPONENT_MIN = -9
const EXPONENT_MAX = 18
const RANGES_A_DECIMAL = 18
const RANGE_COUNT = (EXPONENT_MAX - EXPONENT_MIN) * RANGES_A_DECIMAL
/** The ranges are 1 to RANGE_COUNT, what is smaller and what is larger than all of them beside these. */
const ABOVE = RANGE_COUNT + 1

class HistogramState implements StatsState {
  readonly #fields: readonly FieldPattern[]
  /** Groups and ranges. */
  readonly #pairs: PairTable
  /** By number of the pair. */
  readonly #hits: GroupNumbers

  constructor(field: string, memory: MemoryShare, random: Random) {
    this.#fields = [{ name: field, isPrefix: false }]
    this.#pairs = new PairTable(memory, random)
    this.#hits = new GroupNumbers(memory)
  }

  read(batch: RowBatch): AddRows {
    const columns = readNumbers(batch, this.#fields)
    return (rows) => {
      for (const numbers of columns) this.#add(rows, numbers)
    }
  }

  #add({ rows, count, ofRow, only }: GroupedRows, numbers: Float64Array): void {
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const number = numbers[row]
      if (number >= 0) this.#hit(ofRow === null ? only : ofRow[row], rangeOf(number), 1)
    }
  }

  #hit(group: number, range: number, hits: number): void {
    const pair = this.#pairs.numberOf(group, range)
    this.#hits.grow(pair + 1)[pair] += hits
  }

  take(): unknown {
    const { firsts, seconds, count } = this.#pairs
    return {
      groups: firsts.slice(0, count),
      ranges: seconds.slice(0, count),
      hits: this.#hits.values.slice(0, count),
    }
  }

  merge(state: unknown, groups: Uint32Array, _groupCount: number): void {
    const taken = state as { groups: Uint32Array; ranges: Uint32Array; hits: Float64Array }
    for (let at = 0; at < taken.groups.length; at++) {
      this.#hit(groups[taken.groups[at]], taken.ranges[at], taken.hits[at])
    }
  }

  texts(groupCount: number): string[] {
    const { firsts, seconds, count } = this.#pairs
    const ranges = Array.from({ length: groupCount }, (): [number, number][] => [])
    for (let pair = 0; pair < count; pair++)
      ranges[firsts[pair]].push([seconds[pair], this.#hits.values[pair]])
    return ranges.map(histogramText)
  }
}

function histogramText(ranges: readonly (readonly [number, number])[]): string {
  const sorted = ranges.toSorted(([a], [b]) => a - b)
  return `[${sorted.map(([range, hits]) => `{"vmrange":"${rangeText(range)}","hits":${hits}}`).join(',')}]`
}

/** A number on the border of two ranges is in the lower one. */
function rangeOf(number: number): number {
  const place = (Math.log10(number) - EXPONENT_MIN) * RANGES_A_DECIMAL
  if (place < 0) return 0
  if (place > RANGE_COUNT) return ABOVE
  return Math.max(1, Math.ceil(place))
}

function rangeText(range: number): string {
  if (range === 0) return `0...${boundText(0)}`
  return range === ABOVE
    ? `${boundText(RANGE_COUNT)}...+Inf`
    : `${boundText(range - 1)}...${boundText(range)}`
}

/** Four digits, and an exponent of two at least: `1.136e+00`. */
function boundText(range: number): string {
  const exponent = EXPONENT_MIN + range / RANGES_A_DECIMAL
  return (10 ** exponent).toExponential(3).replace(/e([+-])(\d)$/, 'e$10$2')
}
