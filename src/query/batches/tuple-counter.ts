/**
 * How many rows have each tuple of texts: for `top`, `uniq` and `field_values`. Exact, within the memory of the query.
 *
 * With `keptMax` only the first tuples in the order of their values are kept, and their hits are exact all the same: what
 * was left out once comes behind all that are kept, and stays out.
 */

import { compareKeysExactly, type ValueKey, valueKey } from '../values/value-order.ts'
import { type MemoryShare, textBytes } from './memory-share.ts'
import type { RowBatch } from './row-batch.ts'
import { smallest } from './smallest.ts'
import { TupleGroups } from './tuple-groups.ts'

/** Plain data. */
export interface CountedTuples {
  /** By field, then by tuple. */
  readonly texts: readonly (readonly string[])[]
  readonly hits: Float64Array
}

const TUPLE_BYTES = 64
const CAPACITY_FIRST = 64

export class TupleCounter {
  readonly #fields: readonly string[]
  readonly #memory: MemoryShare
  readonly #keptMax: number
  #numbers = new Map<string, number>()
  /** By field, then by tuple. */
  #texts: string[][]
  #hits = new Float64Array(CAPACITY_FIRST)
  #bytes = 0
  /** The last tuple that may be kept; null where any may. */
  #bound: readonly ValueKey[] | null = null

  /** `keptMax` is at least 1. */
  constructor(fields: readonly string[], memory: MemoryShare, keptMax = Infinity) {
    this.#fields = fields
    this.#memory = memory
    this.#keptMax = keptMax
    this.#texts = fields.map(() => [])
  }

  get size(): number {
    return this.#numbers.size
  }

  /** Reads all that it needs before it counts. */
  add(batch: RowBatch): void {
    const column = this.#fields.length === 1 ? batch.column(this.#fields[0]) : null
    // Texts that stand in no groups are looked up once, not first among those of the batch.
    if (column !== null && column.groups() === null) this.#addTexts(column.texts())
    else this.#addTuples(batch)
    this.#cutWhereFull()
  }

  #addTuples(batch: RowBatch): void {
    const tuples = new TupleGroups(batch, this.#fields)
    const counts = tuples.rowCounts()
    const texts = new Array<string>(this.#fields.length)
    for (let tuple = 0; tuple < tuples.count; tuple++) {
      if (counts[tuple] === 0) continue
      for (let field = 0; field < texts.length; field++) texts[field] = tuples.textOf(tuple, field)
      this.#count(texts, counts[tuple])
      this.#cutWhereFull()
    }
  }

  #addTexts(texts: readonly string[]): void {
    let last: string | null = null
    let number = -1
    for (let row = 0; row < texts.length; row++) {
      const text = texts[row]
      if (text !== last) {
        number = this.#numbers.get(text) ?? this.#added(text, [text])
        last = text
        if (this.#isFull) {
          this.#cut()
          number = this.#numbers.get(text) ?? -1
        }
      }
      if (number >= 0) this.#hits[number]++
    }
  }

  addCounted({ texts, hits }: CountedTuples): void {
    for (let tuple = 0; tuple < hits.length; tuple++) {
      this.#count(
        texts.map((ofField) => ofField[tuple]),
        hits[tuple],
      )
      this.#cutWhereFull()
    }
  }

  #count(texts: readonly string[], hits: number): void {
    const key = tupleKey(texts)
    const number = this.#numbers.get(key) ?? this.#added(key, texts)
    if (number >= 0) this.#hits[number] += hits
  }

  /** The number of a tuple that was not there; -1 where it is not kept. */
  #added(key: string, texts: readonly string[]): number {
    if (this.#bound !== null && compareTuples(texts.map(valueKey), this.#bound) > 0) return -1
    const bytes = textBytes(key) + TUPLE_BYTES
    this.#memory.charge(bytes)
    this.#bytes += bytes
    const number = this.#numbers.size
    this.#numbers.set(key, number)
    for (let field = 0; field < texts.length; field++) this.#texts[field].push(texts[field])
    if (number === this.#hits.length) {
      const grown = new Float64Array(2 * number)
      grown.set(this.#hits)
      this.#hits = grown
    }
    this.#hits[number] = 0
    return number
  }

  get #isFull(): boolean {
    return this.#numbers.size > 2 * this.#keptMax + CAPACITY_FIRST
  }

  #cutWhereFull(): void {
    if (this.#isFull) this.#cut()
  }

  /** Leaves the first tuples only. */
  #cut(): void {
    const { order, keys } = this.#inOrder(this.#keptMax)
    const counted = this.#picked(order)
    this.#memory.give(this.#bytes)
    this.#bytes = 0
    this.#numbers = new Map()
    this.#texts = this.#fields.map(() => [])
    this.#hits = new Float64Array(CAPACITY_FIRST)
    this.#bound = null
    for (let tuple = 0; tuple < counted.hits.length; tuple++) {
      this.#count(
        counted.texts.map((ofField) => ofField[tuple]),
        counted.hits[tuple],
      )
    }
    this.#bound = order.length === 0 ? [] : keys[order[order.length - 1]]
  }

  #inOrder(limit: number): { order: Uint32Array; keys: ValueKey[][] } {
    const keys = Array.from({ length: this.size }, (_, tuple) => this.#texts.map((of) => valueKey(of[tuple])))
    const all = Uint32Array.from({ length: this.size }, (_, tuple) => tuple)
    return { order: smallest(all, limit, (a, b) => compareTuples(keys[a], keys[b])), keys }
  }

  #picked(order: Uint32Array): CountedTuples {
    const pick = (texts: readonly string[]): string[] => Array.from(order, (tuple) => texts[tuple])
    return { texts: this.#texts.map(pick), hits: Float64Array.from(order, (tuple) => this.#hits[tuple]) }
  }

  /** All that is kept, in no order. */
  counted(): CountedTuples {
    return { texts: this.#texts, hits: this.#hits.slice(0, this.size) }
  }

  /** The first ones in the order of their values. */
  firstByValue(): CountedTuples {
    return this.#picked(this.#inOrder(this.#keptMax).order)
  }

  /** Those that most rows have, the most frequent first; those with as many in the order of their values. */
  mostFrequent(limit: number): CountedTuples {
    const hits = this.#hits
    const all = Uint32Array.from({ length: this.size }, (_, tuple) => tuple)
    const keys = new Map<number, ValueKey[]>()
    const keysOf = (tuple: number): ValueKey[] => {
      let made = keys.get(tuple)
      if (made === undefined) {
        made = this.#texts.map((of) => valueKey(of[tuple]))
        keys.set(tuple, made)
      }
      return made
    }
    return this.#picked(
      smallest(all, limit, (a, b) => hits[b] - hits[a] || compareTuples(keysOf(a), keysOf(b))),
    )
  }
}

/** The same for the same texts only. */
export function tupleKey(texts: readonly string[]): string {
  if (texts.length === 1) return texts[0]
  let key = ''
  for (const text of texts) key += `${text.length},`
  for (const text of texts) key += text
  return key
}

function compareTuples(a: readonly ValueKey[], b: readonly ValueKey[]): number {
  for (let at = 0; at < a.length; at++) {
    const order = compareKeysExactly(a[at], b[at])
    if (order !== 0) return order
  }
  return 0
}
