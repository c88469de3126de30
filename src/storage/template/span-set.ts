/**
 * A set of spans of one array, told apart by their bytes and by a number that belongs to them (the salt). A span that
 * is added a second time gets the number that it got first. Templates and values are interned with it.
 *
 *   data     "7 8 7"          add(0, 0, 1) -> 0   add(0, 2, 3) -> 1   add(0, 4, 5) -> 0   add(1, 4, 5) -> 2
 *
 * Invariants: equal means equal bytes, compared one by one: a hash only says where to look. Numbers count up from 0 in
 * the order of adding, whatever the key. Bytes are not copied, and the data must not change while the set is used; but a
 * set that is made to copy has the bytes of its entries in memory of its own, and goes on with other data (`useData`).
 *
 * Log text is hostile. The hash is cheap, and somebody can find texts on which it collides; so a lookup tries a few
 * places, and where they are all taken goes on at a place that only the key knows. That holds also when the table has
 * grown, since places are never given back.
 */
import { type HashKey, keyedHash } from './keyed-hash.ts'

export const NOT_FOUND = -1

/** An entry: start, end, salt, hash. */
const ENTRY_INTS = 4
const CHEAP_PLACES = 12
const PLACES_MIN = 1 << 10
/** 16 MB with the entries. More is given back when the set is used again, and so is what it hardly used. */
const PLACES_KEPT_MAX = 1 << 20
/** Salt of entries that no lookup finds. */
const UNPLACED = -0x8000_0000
const COPY_BYTES_MIN = 1 << 12
const COPY_BYTES_KEPT_MAX = 1 << 20

export class SpanSet {
  readonly #key: HashKey
  readonly #copies: boolean
  /** What spans are looked up in. */
  #data: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#data.buffer)
  /** What entries lie in. */
  #bytes = this.#data
  #bytesView = this.#view
  #bytesUsed = 0
  /** Pairs: hash, number of the entry + 1. */
  #places = new Int32Array(PLACES_MIN * 2)
  #placeMask = PLACES_MIN - 1
  #entries = new Int32Array((PLACES_MIN / 2) * ENTRY_INTS)
  #count = 0
  #comparisons = 0

  constructor(key: HashKey, copies = false) {
    this.#key = key
    this.#copies = copies
  }

  /** What `startOf` and `endOf` refer to; another array once an entry was added. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  get bytesView(): DataView {
    return this.#bytesView
  }

  /** Bytes of all entries of a set that copies. */
  get bytesUsed(): number {
    return this.#bytesUsed
  }

  get count(): number {
    return this.#count
  }

  /** Byte by byte, since the set was made: tells whether somebody aims at the hash. */
  get comparisons(): number {
    return this.#comparisons
  }

  /** Forgets all spans; new ones lie in `data`. */
  reset(data: Uint8Array): void {
    this.useData(data)
    this.#bytesUsed = 0
    if (!this.#copies) this.#setBytes(data)
    else if (this.#bytes.length === 0 || this.#bytes.length > COPY_BYTES_KEPT_MAX)
      this.#setBytes(new Uint8Array(COPY_BYTES_MIN))
    const placeCount = this.#placeMask + 1
    const wanted = Math.min(PLACES_KEPT_MAX, this.#count * 8 < placeCount ? placeCount / 4 : placeCount)
    this.#count = 0
    if (wanted === placeCount || placeCount === PLACES_MIN) return void this.#places.fill(0)
    this.#makeRoom(Math.max(PLACES_MIN, wanted))
  }

  /** Spans that are given from now on lie in `data`, those of entries where they were: only for a set that copies. */
  useData(data: Uint8Array): void {
    this.#data = data
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  }

  #setBytes(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#bytesView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  #makeRoom(placeCount: number): void {
    this.#places = new Int32Array(placeCount * 2)
    this.#placeMask = placeCount - 1
    this.#entries = new Int32Array((placeCount / 2) * ENTRY_INTS)
  }

  startOf(entry: number): number {
    return this.#entries[entry * ENTRY_INTS]
  }

  endOf(entry: number): number {
    return this.#entries[entry * ENTRY_INTS + 1]
  }

  saltOf(entry: number): number {
    return this.#entries[entry * ENTRY_INTS + 2]
  }

  /** Start and end of all entries, in arrays of their own. */
  spans(): { starts: Uint32Array; ends: Uint32Array } {
    const starts = new Uint32Array(this.#count)
    const ends = new Uint32Array(this.#count)
    this.copySpans(0, starts, ends)
    return { starts, ends }
  }

  /** Writes start and end of the entries from number `from` on, each at its number. */
  copySpans(from: number, starts: Uint32Array, ends: Uint32Array): void {
    const entries = this.#entries
    for (let entry = from; entry < this.#count; entry++) {
      starts[entry] = entries[entry * ENTRY_INTS]
      ends[entry] = entries[entry * ENTRY_INTS + 1]
    }
  }

  find(salt: number, start: number, end: number): number {
    return this.#place(salt, start, end, false)
  }

  add(salt: number, start: number, end: number): number {
    return this.#place(salt, start, end, true)
  }

  /** A new entry that no lookup finds: for spans that the caller tells apart by itself. */
  append(start: number, end: number): number {
    return this.#appendEntry(0, UNPLACED, start, end)
  }

  #place(salt: number, start: number, end: number, adds: boolean): number {
    const hash = this.#cheapHash(salt, start, end)
    const places = this.#places
    const mask = this.#placeMask
    let place = hash & mask
    for (let tries = 0; tries < CHEAP_PLACES; tries++) {
      const entry = places[place * 2 + 1] - 1
      if (entry < 0) return adds ? this.#append(place, hash, salt, start, end) : NOT_FOUND
      if (places[place * 2] === hash && this.#equals(entry, salt, start, end)) return entry
      place = (place + 1) & mask
    }
    return this.#placeByKey(hash, salt, start, end, adds)
  }

  #placeByKey(hash: number, salt: number, start: number, end: number, adds: boolean): number {
    const places = this.#places
    const mask = this.#placeMask
    const keyed = keyedHash(this.#key, salt, this.#data, start, end)
    for (let place = keyed & mask; ; place = (place + 1) & mask) {
      const entry = places[place * 2 + 1] - 1
      if (entry < 0) return adds ? this.#append(place, hash, salt, start, end) : NOT_FOUND
      if (places[place * 2] === hash && this.#equals(entry, salt, start, end)) return entry
    }
  }

  #append(place: number, hash: number, salt: number, start: number, end: number): number {
    this.#places[place * 2] = hash
    this.#places[place * 2 + 1] = this.#count + 1
    return this.#appendEntry(hash, salt, start, end)
  }

  #appendEntry(hash: number, salt: number, start: number, end: number): number {
    const entry = this.#count++
    const at = entry * ENTRY_INTS
    const from = this.#copies ? this.#copy(start, end) : start
    this.#entries[at] = from
    this.#entries[at + 1] = from + end - start
    this.#entries[at + 2] = salt
    this.#entries[at + 3] = hash
    if (this.#count * 2 > this.#placeMask) this.#grow()
    return entry
  }

  /** Where the copy begins. */
  #copy(start: number, end: number): number {
    const from = this.#bytesUsed
    this.#bytesUsed += end - start
    if (this.#bytesUsed > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(this.#bytesUsed, this.#bytes.length * 2))
      bytes.set(this.#bytes.subarray(0, from))
      this.#setBytes(bytes)
    }
    const bytes = this.#bytes
    const data = this.#data
    for (let at = start, to = from; at < end; at++, to++) bytes[to] = data[at]
    return from
  }

  #grow(): void {
    const entries = this.#entries
    this.#makeRoom((this.#placeMask + 1) * 2)
    this.#entries.set(entries)
    for (let entry = 0; entry < this.#count; entry++) {
      if (entries[entry * ENTRY_INTS + 2] !== UNPLACED) this.#placeAgain(entry)
    }
  }

  #placeAgain(entry: number): void {
    const places = this.#places
    const mask = this.#placeMask
    const at = entry * ENTRY_INTS
    const hash = this.#entries[at + 3]
    let place = hash & mask
    for (let tries = 0; places[place * 2 + 1] !== 0; tries++) {
      if (tries === CHEAP_PLACES - 1) {
        const [start, end, salt] = this.#entries.subarray(at, at + 3)
        place = keyedHash(this.#key, salt, this.#bytes, start, end) & mask
        while (places[place * 2 + 1] !== 0) place = (place + 1) & mask
        break
      }
      place = (place + 1) & mask
    }
    places[place * 2] = hash
    places[place * 2 + 1] = entry + 1
  }

  #equals(entry: number, salt: number, start: number, end: number): boolean {
    const entries = this.#entries
    const at = entry * ENTRY_INTS
    let other = entries[at]
    if (entries[at + 2] !== salt || entries[at + 1] - other !== end - start) return false
    this.#comparisons++
    const view = this.#view
    const bytesView = this.#bytesView
    let mine = start
    for (; mine + 4 <= end; mine += 4, other += 4) {
      if (view.getInt32(mine, true) !== bytesView.getInt32(other, true)) return false
    }
    const data = this.#data
    const bytes = this.#bytes
    for (; mine < end; mine++, other++) if (data[mine] !== bytes[other]) return false
    return true
  }

  #cheapHash(salt: number, start: number, end: number): number {
    const view = this.#view
    const data = this.#data
    let hash = Math.imul(salt ^ this.#key.k0, 0x2c1b3c6d) ^ (end - start)
    let at = start
    for (; at + 4 <= end; at += 4) {
      hash = Math.imul(hash ^ view.getInt32(at, true), 0x297a2d39)
      hash ^= hash >>> 15
    }
    let last = 0
    for (; at < end; at++) last = (last << 8) | data[at]
    hash = Math.imul(hash ^ last ^ this.#key.k1, 0x1b56c4e9)
    return hash ^ (hash >>> 15)
  }
}

/**
 * Whether two texts of `length` bytes are equal from the fifth byte on; they have four bytes at least. The last word
 * overlaps the one before it: no bytes are left over.
 */
export function sameFrom4(view: DataView, start: number, other: number, length: number): boolean {
  const last = length - 4
  for (let at = 4; at < last; at += 4) {
    if (view.getInt32(start + at, true) !== view.getInt32(other + at, true)) return false
  }
  return view.getInt32(start + last, true) === view.getInt32(other + last, true)
}
