/** Columns whose values are here, each in the form that takes the least: texts, groups, one text, times, ids. */
import { FIELD_NUMBER, formatRfc3339 } from '../../record/record.ts'
import { type BatchColumn, pick, type TextGroups, textsOfGroups } from './batch-column.ts'

/** Texts as they are. */
export class TextColumn implements BatchColumn {
  readonly #texts: readonly string[]
  readonly #kinds: Uint8Array | null

  constructor(texts: readonly string[], kinds: Uint8Array | null = null) {
    this.#texts = texts
    this.#kinds = kinds
  }

  texts(): readonly string[] {
    return this.#texts
  }

  kinds(): Uint8Array | null {
    return this.#kinds
  }

  groups(): null {
    return null
  }

  select(rows: Uint32Array): BatchColumn {
    const texts = new Array<string>(rows.length)
    for (let at = 0; at < rows.length; at++) texts[at] = this.#texts[rows[at]]
    return new TextColumn(texts, this.#kinds === null ? null : pick(this.#kinds, rows))
  }
}

/** Rows by their text. */
export class GroupColumn implements BatchColumn {
  readonly #groups: TextGroups
  readonly #rowCount: number
  readonly #kinds: Uint8Array | null
  #texts: readonly string[] | null = null

  constructor(groups: TextGroups, rowCount: number, kinds: Uint8Array | null = null) {
    this.#groups = groups
    this.#rowCount = rowCount
    this.#kinds = kinds
  }

  texts(): readonly string[] {
    this.#texts ??= textsOfGroups(this.#groups, this.#rowCount)
    return this.#texts
  }

  kinds(): Uint8Array | null {
    return this.#kinds
  }

  groups(): TextGroups {
    return this.#groups
  }

  select(rows: Uint32Array): BatchColumn {
    const { texts, ofRow } = this.#groups
    const kinds = this.#kinds === null ? null : pick(this.#kinds, rows)
    return new GroupColumn({ texts, ofRow: ofRow === null ? null : pick(ofRow, rows) }, rows.length, kinds)
  }
}

/** One text in all rows. */
export class ConstantColumn implements BatchColumn {
  readonly #text: string
  readonly #rowCount: number

  constructor(text: string, rowCount: number) {
    this.#text = text
    this.#rowCount = rowCount
  }

  texts(): readonly string[] {
    return new Array<string>(this.#rowCount).fill(this.#text)
  }

  kinds(): null {
    return null
  }

  groups(): TextGroups {
    return { texts: [this.#text], ofRow: null }
  }

  select(rows: Uint32Array): BatchColumn {
    return new ConstantColumn(this.#text, rows.length)
  }
}

/** The time of records: text only where somebody reads it. */
export class TimeColumn implements BatchColumn {
  /** By row: milliseconds since the epoch, and nanoseconds within that millisecond. */
  readonly timesMs: Float64Array
  readonly timesNs: Uint32Array
  #texts: readonly string[] | null = null

  constructor(timesMs: Float64Array, timesNs: Uint32Array) {
    this.timesMs = timesMs
    this.timesNs = timesNs
  }

  texts(): readonly string[] {
    this.#texts ??= Array.from(this.timesMs, (ms, row) => formatRfc3339(ms, this.timesNs[row]))
    return this.#texts
  }

  kinds(): null {
    return null
  }

  groups(): null {
    return null
  }

  filledCount(): number {
    return this.timesMs.length
  }

  select(rows: Uint32Array): BatchColumn {
    return new TimeColumn(pick(this.timesMs, rows), pick(this.timesNs, rows))
  }
}

/** The ids of records: text only where somebody reads it. */
export class IdColumn implements BatchColumn {
  readonly #ids: Float64Array
  #texts: readonly string[] | null = null

  constructor(ids: Float64Array) {
    this.#ids = ids
  }

  texts(): readonly string[] {
    this.#texts ??= Array.from(this.#ids, String)
    return this.#texts
  }

  kinds(): Uint8Array {
    return new Uint8Array(this.#ids.length).fill(FIELD_NUMBER)
  }

  groups(): null {
    return null
  }

  filledCount(): number {
    return this.#ids.length
  }

  select(rows: Uint32Array): BatchColumn {
    return new IdColumn(pick(this.#ids, rows))
  }
}
