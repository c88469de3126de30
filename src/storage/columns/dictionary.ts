/**
 * A value that comes again is a number: the distinct values once, in the order of their first appearance, as a column of
 * their own in whatever encoding is smallest; then a code a row. Two ways to write codes:
 *
 *   0 places      the place of the value among the distinct ones
 *   1 distances   0 for the next value that was not there yet, else how far back in the list of those that were; so
 *                 values that keep coming are small numbers, and ids of requests come and go at small distances
 *
 *   +-----------------+----------+---------------+--------+-----------------+-----------------+
 *   | distinct values | encoding | bytes of them | values | way of the      | codes: sequence |
 *   | varint          | u8       | varint        |        | codes u8        |                 |
 *   +-----------------+----------+---------------+--------+-----------------+-----------------+
 */
import type { RowRuns } from '../../record/record.ts'
import { ByteSink } from './byte-sink.ts'
import { ByteSource, partCorrupt } from './byte-source.ts'
import { type ChosenEncoding, smallestOf } from './choice.ts'
import { type ColumnFacts, factsOfDistinct } from './column-facts.ts'
import type { ColumnValues } from './column-values.ts'
import { DecodedColumn, lazily, newSpans } from './decoded-column.ts'
import type { EncodedColumn, Encoding, MaterializedColumn } from './encoding.ts'
import { integersOf } from './integers.ts'
import { planSequence, readIndexes, readIndexRuns, type SequencePlan } from './number-sequence.ts'

const PLACES = 0
const DISTANCES = 1

/** Distances are not tried for so few values: their places are as small. */
const PLACES_ALONE_MAX = 16
/** With more distinct values than this share of the rows, a dictionary cannot win. */
const DISTINCT_SHARE_MAX = 0.9

/** Of a plan's detail: the number of the inner encoding, the way of the codes, the form of their sequence. */
const INNER_MASK = 0xf
const WAY_SHIFT = 4
const FORM_SHIFT = 5

/** `inner` holds the distinct values; one of them must take any. */
export function dictionaryOf(inner: readonly Encoding[]): Encoding {
  const innerOf = (code: number): Encoding => {
    const encoding = inner.find((one) => one.code === code)
    if (encoding === undefined) throw partCorrupt(`there is no encoding ${code} of distinct values`)
    return encoding
  }
  return {
    code: 9,
    name: 'dictionary',
    isText: false,

    plan({ table }, facts, detail) {
      const { distinct, codes } = facts
      if (distinct.length === 1 || distinct.length > codes.length * DISTINCT_SHARE_MAX) return null
      const integers = integersOf(table, facts)
      if (integers !== null && isNarrow(integers)) return null
      const values = { table, entries: distinct, rowCount: distinct.length }
      const known = detail === undefined ? undefined : inner[detail & INNER_MASK]
      const chosen = chosenOf(inner, values, factsOfDistinct(facts), known)
      if (chosen === null) return null
      const { encoding, plan } = chosen
      const codesPlan = planCodes(facts, detail)
      return {
        detail: inner.indexOf(encoding) | (codesPlan.way << WAY_SHIFT) | (codesPlan.plan.form << FORM_SHIFT),
        bytes: 5 + plan.bytes + codesPlan.plan.bytes,
        write: (sink) => {
          sink.varint(distinct.length)
          sink.u8(encoding.code)
          const own = new ByteSink(Math.ceil(plan.bytes) + 64)
          plan.write(own)
          sink.varint(own.length)
          sink.append(own.written())
          sink.u8(codesPlan.way)
          codesPlan.plan.write(sink)
        },
      }
    },

    decode(bytes, rowCount) {
      const source = new ByteSource(bytes)
      const count = source.varintUpTo(rowCount, 'the number of distinct values')
      if (count === 0) throw partCorrupt('a dictionary is empty')
      const distinct = innerOf(source.u8()).decode(source.take(source.varint()), count)
      const way = source.u8()
      if (way > DISTANCES) throw partCorrupt(`there is no way ${way} of codes`)
      const rest = source.takeRest()
      return new DictionaryColumn(distinct, way, rest, rowCount).column()
    },

    holds(bytes, bitsOf) {
      const source = new ByteSource(bytes)
      source.varint()
      const encoding = innerOf(source.u8())
      return encoding.holds(source.take(source.varint()), bitsOf)
    },
  }
}

/** As it was chosen before, where it still takes the values, else the smallest; null where none takes them. */
function chosenOf(
  inner: readonly Encoding[],
  values: ColumnValues,
  facts: ColumnFacts,
  known: Encoding | undefined,
): ChosenEncoding | null {
  const plan = known?.plan(values, facts) ?? null
  return known === undefined || plan === null ? smallestOf(inner, values, facts) : { encoding: known, plan }
}

/** Such numbers are as small as their codes would be. */
function isNarrow(integers: Float64Array): boolean {
  let min = integers[0]
  let max = min
  for (let i = 1; i < integers.length; i++) {
    const value = integers[i]
    if (value < min) min = value
    else if (value > max) max = value
    if (max - min > 255) return false
  }
  return true
}

function planCodes(
  facts: ColumnFacts,
  detail: number | undefined,
): { readonly way: number; readonly plan: SequencePlan } {
  const { distinct, scratch } = facts
  if (detail !== undefined) {
    const way = (detail >> WAY_SHIFT) & 1
    const codes = way === PLACES ? placesOf(facts) : distancesOf(facts)
    return { way, plan: planSequence(codes, scratch, true, detail >> FORM_SHIFT) }
  }
  const places = planSequence(placesOf(facts), scratch)
  if (distinct.length <= PLACES_ALONE_MAX) return { way: PLACES, plan: places }
  const distances = planSequence(distancesOf(facts), scratch)
  return distances.bytes < places.bytes ? { way: DISTANCES, plan: distances } : { way: PLACES, plan: places }
}

function placesOf({ codes, scratch }: ColumnFacts): Float64Array {
  const places = scratch.floats(codes.length)
  for (let row = 0; row < places.length; row++) places[row] = codes[row]
  return places
}

function distancesOf({ codes, scratch }: ColumnFacts): Float64Array {
  const distances = scratch.floats(codes.length)
  let seen = 0
  for (let row = 0; row < distances.length; row++) {
    const code = codes[row]
    distances[row] = code === seen ? 0 : seen - code
    if (code === seen) seen++
  }
  return distances
}

class DictionaryColumn {
  readonly #distinct: EncodedColumn
  readonly #way: number
  readonly #bytes: Uint8Array
  readonly #rowCount: number
  readonly #codes: () => Uint32Array
  #runs: RowRuns | null | undefined

  constructor(distinct: EncodedColumn, way: number, bytes: Uint8Array, rowCount: number) {
    this.#distinct = distinct
    this.#way = way
    this.#bytes = bytes
    this.#rowCount = rowCount
    this.#codes = lazily(() => readCodes(bytes, way, rowCount, distinct.rowCount))
  }

  column(): DecodedColumn {
    return new DecodedColumn({
      rowCount: this.#rowCount,
      dictionary: {
        values: lazily(() => this.#values()),
        entries: () => this.#distinct.materialize(),
        codes: this.#codes,
        runs: () => this.#readRuns(),
      },
      numbers: () => this.#distinct.numbers(),
      mayContain: (text) => this.#distinct.mayContain(text),
      valuesWith: (text) => (this.#distinct.dictionary === null ? this.#distinct.valuesWith(text) : null),
      materialize: () => this.#materialize(),
      valueAt: (row) => this.#distinct.valueAt(this.#codes()[row]),
    })
  }

  #readRuns(): RowRuns | null {
    if (this.#runs === undefined)
      this.#runs = readCodeRuns(this.#bytes, this.#way, this.#rowCount, this.#distinct.rowCount)
    return this.#runs
  }

  #values(): Uint8Array[] {
    const { data, starts, lengths } = this.#distinct.materialize()
    return Array.from(starts, (start, i) => data.subarray(start, start + lengths[i]))
  }

  #materialize(): MaterializedColumn {
    const { data, starts, lengths } = this.#distinct.materialize()
    const codes = this.#codes()
    const spans = newSpans(codes.length)
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row]
      spans.starts[row] = starts[code]
      spans.lengths[row] = lengths[code]
    }
    return { data, ...spans }
  }
}

function readCodes(bytes: Uint8Array, way: number, rowCount: number, count: number): Uint32Array {
  const source = new ByteSource(bytes)
  const codes = readIndexes(source, rowCount, way === PLACES ? count - 1 : count, 'a code')
  source.expectEnd()
  if (way === PLACES) return codes
  let seen = 0
  for (let row = 0; row < rowCount; row++) {
    if (codes[row] > seen) throw partCorrupt('a code lies before the first value')
    codes[row] = codes[row] === 0 ? seen++ : seen - codes[row]
  }
  if (seen > count) throw partCorrupt('its rows have more values than its dictionary')
  return codes
}

/** Null where they are not stored in runs. */
function readCodeRuns(bytes: Uint8Array, way: number, rowCount: number, count: number): RowRuns | null {
  const source = new ByteSource(bytes)
  const runs = readIndexRuns(source, rowCount, way === PLACES ? count - 1 : count, 'a code')
  if (runs === null) return null
  source.expectEnd()
  return way === PLACES ? runs : runsOfDistances(runs, count)
}

/** A run of zeros is a run for each value that is new. */
function runsOfDistances({ groups, ends }: RowRuns, count: number): RowRuns {
  const most = groups.length + count
  const codes = new Uint32Array(most)
  const codeEnds = new Uint32Array(most)
  let made = 0
  let seen = 0
  let row = 0
  for (let run = 0; run < groups.length; run++) {
    const distance = groups[run]
    if (distance > seen) throw partCorrupt('a code lies before the first value')
    if (distance > 0) {
      codes[made] = seen - distance
      codeEnds[made++] = ends[run]
      row = ends[run]
      continue
    }
    if (seen + ends[run] - row > count) throw partCorrupt('its rows have more values than its dictionary')
    for (; row < ends[run]; row++) {
      codes[made] = seen++
      codeEnds[made++] = row + 1
    }
  }
  return { groups: codes.subarray(0, made), ends: codeEnds.subarray(0, made) }
}
