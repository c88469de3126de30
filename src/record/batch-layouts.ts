/**
 * The layouts of records that lie in batches: rows whose fields have the same names in the same order are found to be
 * alike by comparing bytes with a row before them, so that names are read once a layout and not once a row.
 *
 * A layout is looked for among the few that were used last, then by its names; senders that mix many layouts cost a
 * look-up by names a row, and no more.
 */
import { FIELD_HEADER_BYTES, fieldLength, fieldNameLength } from './batch.ts'

const HEAD = FIELD_HEADER_BYTES
const RECENT = 8

/** Where the fields of a row stand: those of its batch, which others share, and its own. */
export interface RowFields {
  sharedAt: number
  sharedCount: number
  sharedStreams: number
  ownAt: number
  ownCount: number
  ownStreams: number
}

export class LayoutFinder {
  readonly #data: Uint8Array
  readonly #view: DataView
  readonly #keyOf: (fields: RowFields) => string
  readonly #numbers = new Map<string, number>()
  readonly #recent: { readonly fields: RowFields; readonly number: number }[] = []
  #turn = 0

  /** `keyOf` tells layouts apart. */
  constructor(data: Uint8Array, view: DataView, keyOf: (fields: RowFields) => string) {
    this.#data = data
    this.#view = view
    this.#keyOf = keyOf
  }

  /** The number of the layout; the next one that was not given yet where it is new. `fields` may change afterwards. */
  numberOf(fields: RowFields): number {
    for (const recent of this.#recent) if (this.#isSame(recent.fields, fields)) return recent.number
    const key = this.#keyOf(fields)
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(key, number)
    }
    this.#recent[this.#turn++ % RECENT] = { fields: { ...fields }, number }
    return number
  }

  #isSame(a: RowFields, b: RowFields): boolean {
    if (a.ownCount !== b.ownCount || a.ownStreams !== b.ownStreams) return false
    if (a.sharedCount !== b.sharedCount || a.sharedStreams !== b.sharedStreams) return false
    return (
      (a.sharedAt === b.sharedAt || this.#hasSameNames(a.sharedAt, b.sharedAt, a.sharedCount)) &&
      this.#hasSameNames(a.ownAt, b.ownAt, a.ownCount)
    )
  }

  #hasSameNames(startA: number, startB: number, count: number): boolean {
    const view = this.#view
    const data = this.#data
    let a = startA
    let b = startB
    for (let index = 0; index < count; index++) {
      const length = fieldNameLength(view, a)
      if (fieldNameLength(view, b) !== length) return false
      for (let at = HEAD; at < HEAD + length; at++) if (data[a + at] !== data[b + at]) return false
      a += fieldLength(view, a)
      b += fieldLength(view, b)
    }
    return true
  }
}
