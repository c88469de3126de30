/** Records of an answer that were fetched together, in the order of the answer, packed as each searcher gave them. */
import type { RecordRow } from './row.ts'
import {
  buffersOf,
  heldBytesOf,
  NUMBERS_PER_ROW as NUMBERS,
  type PackedRows,
  packedCount,
  unpackRow,
} from './scan/packed-rows.ts'

const NUMBERS_PER_ROW = NUMBERS

export class RowPage {
  readonly packs: readonly PackedRows[]
  readonly rowCount: number
  /** By place: which of the packs has the row, and its place there. */
  readonly packOf: Uint32Array
  readonly rowOf: Uint32Array

  /** The rows that the packs have of `ids`, in the order of these. */
  constructor(packs: readonly PackedRows[], ids: Float64Array) {
    this.packs = packs
    this.packOf = new Uint32Array(ids.length)
    this.rowOf = new Uint32Array(ids.length)
    const finder = new RowFinder(packs)
    let count = 0
    for (let at = 0; at < ids.length; at++) {
      if (!finder.find(ids[at])) continue
      this.packOf[count] = finder.pack
      this.rowOf[count++] = finder.row
    }
    this.rowCount = count
  }

  /** Memory that the rows take as objects, roughly. */
  get heldBytes(): number {
    return this.packs.reduce((sum, pack) => sum + heldBytesOf(pack), 0)
  }

  /** Gives the memory of all rows back at once: nobody may look at any of them any more. */
  release(): void {
    for (const pack of this.packs)
      if (packedCount(pack) > 0) for (const buffer of buffersOf(pack)) buffer.transfer(0)
  }

  row(at: number): RecordRow {
    return unpackRow(this.packs[this.packOf[at]], this.rowOf[at])
  }

  rows(): RecordRow[] {
    return Array.from({ length: this.rowCount }, (_, at) => this.row(at))
  }
}

/** Rows by their ids: mostly they are asked for as they lie. */
class RowFinder {
  pack = 0
  row = 0
  readonly #packs: readonly PackedRows[]
  /** By pack: the row behind the one that was found last. */
  readonly #next: Uint32Array

  constructor(packs: readonly PackedRows[]) {
    this.#packs = packs
    this.#next = new Uint32Array(packs.length)
  }

  find(id: number): boolean {
    for (let pack = 0; pack < this.#packs.length; pack++) {
      const row = this.#next[pack]
      if (this.#packs[pack].numbers[row * NUMBERS_PER_ROW] === id) return this.#found(pack, row)
    }
    for (let pack = 0; pack < this.#packs.length; pack++) {
      const row = rowWithId(this.#packs[pack], id)
      if (row >= 0) return this.#found(pack, row)
    }
    return false
  }

  #found(pack: number, row: number): true {
    this.pack = pack
    this.row = row
    this.#next[pack] = row + 1
    return true
  }
}

/** -1 where it is not there. */
function rowWithId(pack: PackedRows, id: number): number {
  const { numbers } = pack
  let low = 0
  let high = packedCount(pack)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle * NUMBERS_PER_ROW] < id) low = middle + 1
    else high = middle
  }
  return numbers[low * NUMBERS_PER_ROW] === id ? low : -1
}
