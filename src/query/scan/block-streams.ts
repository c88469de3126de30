/**
 * The streams of one block. Rows whose stream has the same names are taken together: of each of these fields the block
 * has groups of rows by value, and rows that are in the same group of each are of one stream. So text is made once a
 * stream, not once a row.
 *
 * Where a block has more names of stream fields, or more sets of them, than a sender in his senses would use, rows are
 * looked at one by one: whole columns of each would cost their product.
 */
import { Bitset } from '../../base/portable.ts'
import {
  type Block,
  countsByGroup,
  countsOfRuns,
  joinRuns,
  oneGroup,
  type RowGroups,
  type RowLayout,
  type RowRuns,
  spreadRuns,
} from '../../record/record.ts'
import { streamOfPairs, streamPair, streamText } from '../special-fields.ts'
import { encodeText } from '../values/text.ts'
import { countsAmong, layoutGroups, valueGroups } from './block-groups.ts'
import type { ValueCounter } from './value-counter.ts'

const NOTHING = new Uint8Array(0)
const SETS_MAX = 16
const NAMES_MAX = 32

/** Adds the streams of these rows, null: of all; `shown` of the text that `_stream` has. */
export function tallyStreams(
  block: Block,
  rows: Bitset | null,
  shown: (stream: string) => string = (stream) => stream,
): (counter: ValueCounter) => void {
  const streams = streamsOf(block, rows)
  return (counter) => {
    for (const [text, hits] of streams) counter.addText(shown(text), hits)
  }
}

/** The rows by the text of their stream; null where streams are so many that each row is looked at by itself. */
export function streamGroups(block: Block): RowGroups<Uint8Array> | null {
  const layouts = layoutGroups(block)
  const { lists } = nameSetsOf(layouts.held)
  if (lists.length !== 1) return null
  const [names] = lists
  if (names.length === 0) return oneGroup(NOTHING, block.rowCount)
  if (names.length > NAMES_MAX) return null
  const columns = names.map((name) => valueGroups(block, name))
  const pairs = columns.map(({ held }, at) => held.map((value) => streamPair(names[at], value)))
  const textOf = (groups: readonly number[]): Uint8Array =>
    encodeText(streamOfPairs(groups.map((group, at) => pairs[at][group])))
  const counts = columns.map(({ held }) => held.length)
  const ownRuns = columns.map((column) => runsOf(column, block.rowCount))
  if (ownRuns.every((runs) => runs !== null)) return groupsOfRuns(ownRuns, counts, textOf)
  const ofRows = columns.map((column) => column.ofRow() ?? new Uint32Array(block.rowCount))
  const { tuples, numbers } = tuplesOfAll(ofRows, counts)
  return {
    held: tuples.map(textOf),
    rowCounts: () => countsByGroup(numbers, tuples.length),
    ofRow: () => numbers,
  }
}

/** Null where they are not kept so. */
function runsOf<T>({ held, runs }: RowGroups<T>, rowCount: number): RowRuns | null {
  if (held.length === 1) return { groups: Uint32Array.of(0), ends: Uint32Array.of(rowCount) }
  return runs?.() ?? null
}

/** Of each tuple of groups that some run has. */
function groupsOfRuns(
  lists: readonly RowRuns[],
  counts: readonly number[],
  textOf: (groups: readonly number[]) => Uint8Array,
): RowGroups<Uint8Array> {
  const keyCount = counts.reduce((product, count) => product * count, 1)
  if (keyCount <= TABLE_KEYS_MAX) return groupsOfJoined(tuplesOfRuns(lists, counts), textOf)
  const joined = joinRuns(lists)
  const { tuples, numbers } = tuplesOfAll(joined.groups, counts)
  return groupsOfJoined({ tuples, runs: { groups: numbers, ends: joined.ends } }, textOf)
}

interface JoinedTuples {
  readonly tuples: readonly (readonly number[])[]
  /** By number of the tuple. */
  readonly runs: RowRuns
}

function groupsOfJoined(
  { tuples, runs }: JoinedTuples,
  textOf: (groups: readonly number[]) => Uint8Array,
): RowGroups<Uint8Array> {
  return {
    held: tuples.map(textOf),
    rowCounts: () => countsOfRuns(runs, tuples.length),
    ofRow: () => spreadRuns(runs),
    runs: () => runs,
  }
}

/** List by list, in one pass each; tuples are told apart by a table. */
function tuplesOfRuns(lists: readonly RowRuns[], counts: readonly number[]): JoinedTuples {
  const first = Array.from({ length: counts[0] }, (_, group) => [group])
  let joined: JoinedTuples = { tuples: first, runs: lists[0] }
  for (let at = 1; at < lists.length; at++) joined = withRuns(joined, lists[at], counts[at])
  return joined
}

function withRuns({ tuples, runs }: JoinedTuples, added: RowRuns, groupCount: number): JoinedTuples {
  const { groups: leftGroups, ends: leftEnds } = runs
  const { groups: rightGroups, ends: rightEnds } = added
  const table = new Uint32Array(tuples.length * groupCount)
  const longer: number[][] = []
  const groups = new Uint32Array(leftEnds.length + rightEnds.length)
  const ends = new Uint32Array(groups.length)
  let count = 0
  for (let left = 0, right = 0; left < leftEnds.length; count++) {
    const key = leftGroups[left] * groupCount + rightGroups[right]
    if (table[key] === 0) table[key] = longer.push([...tuples[leftGroups[left]], rightGroups[right]])
    groups[count] = table[key] - 1
    const leftEnd = leftEnds[left]
    const rightEnd = rightEnds[right]
    ends[count] = leftEnd < rightEnd ? leftEnd : rightEnd
    if (leftEnd <= rightEnd) left++
    if (rightEnd <= leftEnd) right++
  }
  return { tuples: longer, runs: { groups: groups.subarray(0, count), ends: ends.subarray(0, count) } }
}

function streamsOf(block: Block, rows: Bitset | null): ReadonlyMap<string, number> {
  const layouts = layoutGroups(block)
  const sets = nameSetsOf(layouts.held)
  const names = new Set(sets.lists.flat())
  if (sets.lists.length > SETS_MAX || names.size > NAMES_MAX) return streamsRowByRow(block, rows)
  const hits = new Map<string, number>()
  for (const [set, list] of sets.lists.entries()) {
    if (list.length === 0) continue
    const chosen = rowsOfSet(layouts, sets, set, rows, block.rowCount)
    for (const { values, count } of combinations(block, list, chosen))
      addTo(hits, streamText(list.map((name, at) => ({ name, value: values[at] }))), count)
  }
  return hits
}

function addTo(hits: Map<string, number>, text: string, count: number): void {
  if (count > 0) hits.set(text, (hits.get(text) ?? 0) + count)
}

function streamsRowByRow(block: Block, rows: Bitset | null): ReadonlyMap<string, number> {
  const hits = new Map<string, number>()
  const add = (row: number): void => {
    const fields = block.fieldsOf(row).filter(({ isStream }) => isStream)
    if (fields.length > 0) addTo(hits, streamText(fields.map(copied)), 1)
  }
  if (rows !== null) rows.forEach(add)
  else for (let row = 0; row < block.rowCount; row++) add(row)
  return hits
}

/** In memory of its own: decoders take no shared memory. */
const copied = ({ name, value }: { name: string; value: Uint8Array }) => ({ name, value: value.slice() })

// ---- sets of names ------------------------------------------------------------------------------------------

interface NameSets {
  /** Names of stream fields, by name. */
  readonly lists: readonly (readonly string[])[]
  /** By layout: its list. */
  readonly ofLayout: Uint32Array
}

function nameSetsOf(layouts: readonly RowLayout[]): NameSets {
  const lists: string[][] = []
  const numbers = new Map<string, number>()
  const ofLayout = Uint32Array.from(layouts, (layout) => {
    const names = layout.flatMap(({ name, isStream }) => (isStream ? [name] : [])).sort()
    const key = JSON.stringify(names)
    let number = numbers.get(key)
    if (number === undefined) {
      number = lists.push(names) - 1
      numbers.set(key, number)
    }
    return number
  })
  return { lists, ofLayout }
}

/** Null: all rows of the block. */
function rowsOfSet(
  layouts: RowGroups<RowLayout>,
  { lists, ofLayout }: NameSets,
  set: number,
  rows: Bitset | null,
  rowCount: number,
): Bitset | null {
  const ofRow = layouts.ofRow()
  if (lists.length === 1 || ofRow === null) return rows
  const chosen = rows?.copy() ?? Bitset.full(rowCount)
  for (let row = 0; row < rowCount; row++) if (ofLayout[ofRow[row]] !== set) chosen.unset(row)
  return chosen
}

// ---- combinations of values ---------------------------------------------------------------------------------

interface Combination {
  /** By name. */
  readonly values: readonly Uint8Array[]
  readonly count: number
}

function combinations(block: Block, names: readonly string[], rows: Bitset | null): Combination[] {
  const columns = names.map((name) => valueGroups(block, name))
  const ofRows = columns.map((column) => column.ofRow())
  const varying = columns.flatMap((_, at) => (ofRows[at] === null ? [] : [at]))
  const valuesOf = (groups: readonly number[]): Uint8Array[] =>
    columns.map(({ held }, at) => held[groups[varying.indexOf(at)] ?? 0])
  if (varying.length === 0) return [{ values: valuesOf([]), count: rows?.count() ?? block.rowCount }]
  if (varying.length === 1) {
    const counts = countsAmong(columns[varying[0]], rows)
    return Array.from(counts, (count, group) => ({ values: valuesOf([group]), count }))
  }
  const { tuples, counts } = tuplesOf(
    varying.map((at) => ofRows[at]!),
    varying.map((at) => columns[at].held.length),
    rows ?? Bitset.full(block.rowCount),
  )
  return tuples.map((groups, at) => ({ values: valuesOf(groups), count: counts[at] }))
}

const TABLE_KEYS_MAX = 1 << 16

/** Keys from 0 to below `keyCount` in the order in which they were first seen. Few keys are looked up in a table. */
class KeyNumbers {
  readonly #table: Uint32Array | null
  readonly #map = new Map<number, number>()
  #count = 0

  constructor(keyCount: number) {
    this.#table = keyCount <= TABLE_KEYS_MAX ? new Uint32Array(keyCount) : null
  }

  numberOf(key: number): number {
    const table = this.#table
    if (table !== null) {
      if (table[key] === 0) table[key] = ++this.#count
      return table[key] - 1
    }
    let number = this.#map.get(key)
    if (number === undefined) {
      number = this.#count++
      this.#map.set(key, number)
    }
    return number
  }
}

/** The distinct tuples of groups that all rows have, and the number of the tuple by row. */
function tuplesOfAll(
  ofRows: readonly Uint32Array[],
  groupCounts: readonly number[],
): { readonly tuples: readonly (readonly number[])[]; readonly numbers: Uint32Array } {
  let numbers = ofRows[0]
  let tuples: number[][] = Array.from({ length: groupCounts[0] }, (_, group) => [group])
  for (let at = 1; at < ofRows.length; at++) {
    const keyCount = tuples.length * groupCounts[at]
    if (keyCount > TABLE_KEYS_MAX) return tuplesOf(ofRows, groupCounts, Bitset.full(numbers.length))
    ;({ numbers, tuples } = combined(numbers, tuples, ofRows[at], groupCounts[at]))
  }
  return { tuples, numbers }
}

function combined(
  before: Uint32Array,
  tuples: readonly (readonly number[])[],
  ofRow: Uint32Array,
  groupCount: number,
): { readonly numbers: Uint32Array; readonly tuples: number[][] } {
  const table = new Uint32Array(tuples.length * groupCount)
  const numbers = new Uint32Array(before.length)
  const longer: number[][] = []
  for (let row = 0; row < numbers.length; row++) {
    const key = before[row] * groupCount + ofRow[row]
    if (table[key] === 0) table[key] = longer.push([...tuples[before[row]], ofRow[row]])
    numbers[row] = table[key] - 1
  }
  return { numbers, tuples: longer }
}

/** The distinct tuples of groups that these rows have, and how many rows have each. Linear in rows and columns. */
function tuplesOf(
  ofRows: readonly Uint32Array[],
  groupCounts: readonly number[],
  rows: Bitset,
): {
  readonly tuples: readonly (readonly number[])[]
  readonly counts: readonly number[]
  /** By row: its tuple. */
  readonly numbers: Uint32Array
} {
  const numbers = new Uint32Array(ofRows[0].length)
  let tuples: number[][] = [[]]
  let counts: number[] = []
  for (const [at, ofRow] of ofRows.entries()) {
    const groupCount = groupCounts[at]
    const known = new KeyNumbers(tuples.length * groupCount)
    const longer: number[][] = []
    counts = []
    for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
      // Both factors are at most the rows of a block: far below 2^53.
      const key = numbers[row] * groupCount + ofRow[row]
      const number = known.numberOf(key)
      if (number === longer.length) {
        longer.push([...tuples[numbers[row]], ofRow[row]])
        counts.push(0)
      }
      counts[number]++
      numbers[row] = number
    }
    tuples = longer
  }
  return { tuples, counts, numbers }
}
