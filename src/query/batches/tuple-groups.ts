/**
 * Rows of a batch by what they hold in several fields: numbers for the tuples of texts that occur, made of the numbers of
 * groups that the fields have. Work is per row on numbers only, and per tuple on texts.
 */
import type { TextGroups } from './batch-column.ts'
import type { RowBatch } from './row-batch.ts'

/** Tuples that are numbered by a table; with more, by a hash of numbers. */
const TABLE_MIN = 1 << 16
const TABLE_MAX = 1 << 22
const TABLE_A_ROW = 4

export class TupleGroups {
  /** Two tuples may have the same texts, and some may have no row. */
  readonly count: number
  readonly #rowCount: number
  readonly #groups: readonly TextGroups[]
  /** By field, by tuple: the group of the field; null: the tuple has the number of the group. */
  readonly #members: readonly (Uint32Array | null)[]
  readonly #ofRow: Uint32Array | null

  constructor(batch: Pick<RowBatch, 'rowCount' | 'groups'>, fields: readonly string[]) {
    const groups = fields.map((field) => batch.groups(field))
    let numbers: Numbers = { count: 1, ofRow: null }
    const steps: Step[] = []
    if (groups.length === 1) numbers = { count: groups[0].texts.length, ofRow: null }
    else for (const each of groups) numbers = withGroups(numbers, each, batch.rowCount, steps)
    this.count = numbers.count
    this.#ofRow = numbers.ofRow
    this.#rowCount = batch.rowCount
    this.#groups = groups
    this.#members = groups.length === 1 ? [null] : membersOf(steps, numbers.count)
  }

  /** By row: its tuple; null where all rows have tuple 0. Of one field it is read when somebody asks. */
  get ofRow(): Uint32Array | null {
    return this.#groups.length === 1 ? this.#groups[0].ofRow : this.#ofRow
  }

  /** The text of a tuple in the field of that place. */
  textOf(tuple: number, field: number): string {
    const members = this.#members[field]
    return this.#groups[field].texts[members === null ? tuple : members[tuple]]
  }

  /** By tuple: how many rows have it. */
  rowCounts(): Uint32Array {
    const [only] = this.#groups
    if (this.#groups.length === 1 && only.rowCounts !== undefined) return only.rowCounts()
    const counts = new Uint32Array(this.count)
    const { ofRow } = this
    if (ofRow === null) counts[0] = this.#rowCount
    else for (let row = 0; row < ofRow.length; row++) counts[ofRow[row]]++
    return counts
  }
}

interface Numbers {
  readonly count: number
  readonly ofRow: Uint32Array | null
}

/** Of one field, by the tuples of the fields up to it. */
interface Step {
  /** The tuple of the fields before it; null: the one of the same number. */
  readonly before: Uint32Array | null
  /** The group of the field; null: the one of the same number. */
  readonly added: Uint32Array | null
}

/** Adds to `steps`. */
function withGroups({ count, ofRow }: Numbers, groups: TextGroups, rowCount: number, steps: Step[]): Numbers {
  const size = groups.texts.length
  if (groups.ofRow === null) {
    steps.push({ before: null, added: new Uint32Array(count) })
    return { count, ofRow }
  }
  if (ofRow === null) {
    steps.push({ before: new Uint32Array(size), added: null })
    return { count: size, ofRow: groups.ofRow }
  }
  const tableMax = Math.min(TABLE_MAX, Math.max(TABLE_MIN, TABLE_A_ROW * rowCount))
  const paired =
    count * size <= tableMax
      ? pairsByTable(ofRow, groups.ofRow, count, size)
      : pairsByHash(ofRow, groups.ofRow, size)
  const { pairs } = paired
  const added = new Uint32Array(pairs.length)
  const before = new Uint32Array(pairs.length)
  for (let at = 0; at < pairs.length; at++) {
    added[at] = pairs[at] % size
    before[at] = (pairs[at] - added[at]) / size
  }
  steps.push({ before, added })
  return { count: pairs.length, ofRow: paired.ofRow }
}

/** By field, by tuple: the group. From the last field to the first: work is tuples times fields. */
function membersOf(steps: readonly Step[], count: number): Uint32Array[] {
  const members = new Array<Uint32Array>(steps.length)
  const tuples = new Uint32Array(count)
  for (let tuple = 0; tuple < count; tuple++) tuples[tuple] = tuple
  for (let field = steps.length - 1; field >= 0; field--) {
    const { before, added } = steps[field]
    const of = tuples.slice()
    if (added !== null) for (let tuple = 0; tuple < count; tuple++) of[tuple] = added[tuples[tuple]]
    if (before !== null) for (let tuple = 0; tuple < count; tuple++) tuples[tuple] = before[tuples[tuple]]
    members[field] = of
  }
  return members
}

interface Pairs {
  /** `a * size + b` of each pair that occurs. */
  readonly pairs: readonly number[]
  readonly ofRow: Uint32Array
}

function pairsByTable(a: Uint32Array, b: Uint32Array, count: number, size: number): Pairs {
  const numbers = new Int32Array(count * size).fill(-1)
  const pairs: number[] = []
  const ofRow = new Uint32Array(a.length)
  for (let row = 0; row < a.length; row++) {
    const pair = a[row] * size + b[row]
    let number = numbers[pair]
    if (number < 0) {
      number = pairs.push(pair) - 1
      numbers[pair] = number
    }
    ofRow[row] = number
  }
  return { pairs, ofRow }
}

function pairsByHash(a: Uint32Array, b: Uint32Array, size: number): Pairs {
  const numbers = new Map<number, number>()
  const pairs: number[] = []
  const ofRow = new Uint32Array(a.length)
  for (let row = 0; row < a.length; row++) {
    const pair = a[row] * size + b[row]
    let number = numbers.get(pair)
    if (number === undefined) {
      number = pairs.push(pair) - 1
      numbers.set(pair, number)
    }
    ofRow[row] = number
  }
  return { pairs, ofRow }
}
