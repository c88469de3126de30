/** Some rows of a block, as a block of their own: what is left when rows are deleted, or lie between those of others. */
import { Bitset } from '../../base/base.ts'
import {
  type Block,
  type BlockField,
  type Column,
  FIELD_ABSENT,
  type RowGroups,
  type RowLayout,
  type ValueTest,
} from '../../record/record.ts'
import { groupsOfSelected } from './stored-groups.ts'

const NOTHING = new Uint8Array(0)

export class SelectedRows implements Block {
  readonly rowCount: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly #block: Block
  readonly #rows: Uint32Array
  readonly #gathered = new Map<string, Float64Array | Uint32Array | Uint8Array>()
  readonly #columns = new Map<string, Column | null>()

  /** `rows` ascend, and there is at least one. */
  constructor(block: Block, rows: Uint32Array) {
    this.#block = block
    this.#rows = rows
    this.rowCount = rows.length
    const { timesMs } = block
    let min = Number.POSITIVE_INFINITY
    let max = Number.NEGATIVE_INFINITY
    for (const row of rows) {
      if (timesMs[row] < min) min = timesMs[row]
      if (timesMs[row] > max) max = timesMs[row]
    }
    this.timeMsMin = min
    this.timeMsMax = max
  }

  get ids(): Float64Array {
    return this.#floats('ids', this.#block.ids)
  }

  get timesMs(): Float64Array {
    return this.#floats('timesMs', this.#block.timesMs)
  }

  get timesNs(): Uint32Array {
    return this.#ints('timesNs', this.#block.timesNs)
  }

  get receivedMs(): Float64Array {
    return this.#floats('receivedMs', this.#block.receivedMs)
  }

  get receivedNs(): Uint32Array {
    return this.#ints('receivedNs', this.#block.receivedNs)
  }

  get severities(): Uint8Array {
    return this.#bytes('severities', this.#block.severities)
  }

  get flags(): Uint8Array {
    return this.#bytes('flags', this.#block.flags)
  }

  get message(): Column {
    return this.#column(' message', this.#block.message)
  }

  get levelWords(): Column {
    return this.#column(' levelWords', this.#block.levelWords)
  }

  messageOf(row: number): Uint8Array {
    const at = this.#rows[row]
    if (this.#block.messageOf !== undefined) return this.#block.messageOf(at)
    const { data, starts, lengths } = this.#block.message
    return new Uint8Array(data.subarray(starts[at], starts[at] + lengths[at]))
  }

  field(name: string): Column | null {
    const known = this.#columns.get(name)
    if (known !== undefined) return known
    const column = this.#block.field(name)
    const selected = column === null ? null : this.#select(column)
    const own = selected?.kinds?.every((kind) => kind === FIELD_ABSENT) === true ? null : selected
    this.#columns.set(name, own)
    return own
  }

  /** Judged by the block itself where it can. */
  narrow(field: string | null, test: ValueTest, rows: Bitset): void {
    if (this.#block.narrow === undefined)
      narrowByColumn(field === null ? this.message : this.field(field), test, rows)
    else {
      const ofBlock = new Bitset(this.#block.rowCount)
      rows.forEach((row) => void ofBlock.set(this.#rows[row]))
      this.#block.narrow(field, test, ofBlock)
      rows.forEach((row) => {
        if (!ofBlock.has(this.#rows[row])) rows.unset(row)
      })
    }
  }

  /** Null where the block itself has none. */
  valueGroups(field: string | null): RowGroups<Uint8Array> | null {
    const groups = this.#block.valueGroups?.(field) ?? null
    return groups === null ? null : groupsOfSelected(groups, this.#rows)
  }

  layoutGroups(): RowGroups<RowLayout> | null {
    const groups = this.#block.layoutGroups?.() ?? null
    return groups === null ? null : groupsOfSelected(groups, this.#rows)
  }

  fieldsOf(row: number): BlockField[] {
    return this.#block.fieldsOf(this.#rows[row])
  }

  fieldNamesOf(row: number): string[] {
    return this.#block.fieldNamesOf(this.#rows[row])
  }

  streamFieldNamesOf(row: number): string[] {
    return this.#block.streamFieldNamesOf(this.#rows[row])
  }

  fieldNames(): string[] {
    const names = new Set<string>()
    for (const row of this.#rows) for (const name of this.#block.fieldNamesOf(row)) names.add(name)
    return [...names]
  }

  #floats(name: string, values: Float64Array): Float64Array {
    return this.#gather(name, () => Float64Array.from(this.#rows, (row) => values[row]))
  }

  #ints(name: string, values: Uint32Array): Uint32Array {
    return this.#gather(name, () => Uint32Array.from(this.#rows, (row) => values[row]))
  }

  #bytes(name: string, values: Uint8Array): Uint8Array {
    return this.#gather(name, () => Uint8Array.from(this.#rows, (row) => values[row]))
  }

  #gather<T extends Float64Array | Uint32Array | Uint8Array>(name: string, make: () => T): T {
    const known = this.#gathered.get(name)
    if (known !== undefined) return known as T
    const made = make()
    this.#gathered.set(name, made)
    return made
  }

  #column(key: string, column: Column): Column {
    const known = this.#columns.get(key)
    if (known !== undefined && known !== null) return known
    const own = this.#select(column)
    this.#columns.set(key, own)
    return own
  }

  #select({ data, starts, lengths, kinds }: Column): Column {
    const rows = this.#rows
    return {
      data,
      starts: Uint32Array.from(rows, (row) => starts[row]),
      lengths: Uint32Array.from(rows, (row) => lengths[row]),
      kinds: kinds === null ? null : Uint8Array.from(rows, (row) => kinds[row]),
    }
  }
}

function narrowByColumn(column: Column | null, test: ValueTest, rows: Bitset): void {
  if (column === null) {
    if (!test.test(NOTHING, 0, 0)) rows.clear()
    return
  }
  const { data, starts, lengths } = column
  rows.forEach((row) => {
    if (!test.test(data, starts[row], starts[row] + lengths[row])) rows.unset(row)
  })
}
