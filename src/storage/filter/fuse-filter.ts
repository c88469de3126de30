/**
 * Binary fuse filters (after Graf and Lemire, 2022): which hashes of a fixed set may be there, in about 9 bits each and
 * 0.4 % false answers (fingerprints of 8 bits), or about 4.5 bits and 6 % (4 bits). No hash of the set is ever denied.
 *
 *   places     |  segment 0  |  segment 1  |  segment 2  | … |  segment s+1  |     each 2^k fingerprints
 *   a hash has     place 0       place 1       place 2                             in three neighbouring segments
 *
 * A hash may be there when the fingerprints at its three places, XORed, are its own fingerprint. Building takes away
 * one by one the hashes that have a place for themselves, and fills them in again backwards. That fails where a knot of
 * hashes is left; then the lanes are spread anew. Time is linear in the hashes for each attempt, and the attempts are
 * few: whatever the hashes are, `build` ends, with null where a Bloom filter must do (filter.ts).
 */
import { HashLanes, scaleLane } from './hash-lanes.ts'
import type { WordHashes } from './word-hash.ts'

export type FingerprintBits = 4 | 8

/** A random set needs a second attempt now and then, a third almost never. */
export const FUSE_ATTEMPTS_MAX = 8
const SEGMENT_BITS_MAX = 18
const SEGMENT_BITS_MIN = 2
/** What `scaleLane` takes. */
const SEGMENTS_MAX = 2 ** 21
const PLACES_MAX = 2 ** 30
const HASHES_OF_A_PLACE_MAX = 255

export interface FuseShape {
  readonly bits: FingerprintBits
  /** A segment has 2^segmentBits places. */
  readonly segmentBits: number
  /** Segments in which the first place of a hash may lie; two more follow. */
  readonly segments: number
}

/** Fingerprints of a filter of this shape. */
export const placesOf = (shape: FuseShape): number => (shape.segments + 2) * 2 ** shape.segmentBits

/** Bytes of the fingerprints of a filter of this shape, or null where no filter has it. */
export function fingerprintBytes(shape: FuseShape): number | null {
  const { segmentBits, segments } = shape
  if (segmentBits < SEGMENT_BITS_MIN || segmentBits > SEGMENT_BITS_MAX) return null
  if (segments < 1 || segments > SEGMENTS_MAX || placesOf(shape) > PLACES_MAX) return null
  return (placesOf(shape) * shape.bits) / 8
}

export class FuseFilter {
  readonly shape: FuseShape
  readonly attempt: number
  /** 8 bits: a byte a place. 4 bits: two places a byte, the even one in the low half. */
  readonly fingerprints: Uint8Array
  readonly #lanes = new HashLanes()
  readonly #segmentMask: number
  readonly #fingerprintMask: number

  constructor(shape: FuseShape, attempt: number, fingerprints: Uint8Array) {
    this.shape = shape
    this.attempt = attempt
    this.fingerprints = fingerprints
    this.#segmentMask = (1 << shape.segmentBits) - 1
    this.#fingerprintMask = (1 << shape.bits) - 1
  }

  mayContain(low: number, high: number): boolean {
    const { segments, segmentBits } = this.shape
    const lanes = this.#lanes
    lanes.spread(low, high, this.attempt)
    const segment = scaleLane(lanes.first, segments)
    const mask = this.#segmentMask
    const found =
      this.#at((segment << segmentBits) + (lanes.second & mask)) ^
      this.#at(((segment + 1) << segmentBits) + (lanes.third & mask)) ^
      this.#at(((segment + 2) << segmentBits) + ((lanes.third >>> 14) & mask))
    return (found & this.#fingerprintMask) === ((lanes.second >>> 24) & this.#fingerprintMask)
  }

  #at(place: number): number {
    if (this.shape.bits === 8) return this.fingerprints[place]
    return this.fingerprints[place >>> 1] >>> ((place & 1) * 4)
  }
}

/** The filter of at least one hash, or null where no attempt came to an end. */
export function buildFuseFilter(hashes: WordHashes, bits: FingerprintBits): FuseFilter | null {
  const shape = fuseShape(hashes.lows.length, bits)
  if (fingerprintBytes(shape) === null) return null
  const peeling = new Peeling(shape, hashes)
  for (let attempt = 0; attempt < FUSE_ATTEMPTS_MAX; attempt++) {
    const fingerprints = peeling.attempt(attempt)
    if (fingerprints !== null) return new FuseFilter(shape, attempt, packedFingerprints(fingerprints, bits))
  }
  return null
}

/** As large as the set needs, so that an attempt nearly always succeeds. The filter says its shape: readers do not ask. */
export function fuseShape(count: number, bits: FingerprintBits): FuseShape {
  const segmentBits = Math.floor(Math.log(Math.max(2, count)) / Math.log(3.33) + 2.25)
  const bounded = Math.min(SEGMENT_BITS_MAX, Math.max(SEGMENT_BITS_MIN, segmentBits))
  const factor = Math.max(1.125, 0.875 + (0.25 * Math.log(1e6)) / Math.log(Math.max(2, count)))
  const segments = Math.ceil((count * factor) / 2 ** bounded) - 2
  return { bits, segmentBits: bounded, segments: Math.max(1, segments) }
}

/** As they stand in a filter, of one byte each. */
export function packedFingerprints(fingerprints: Uint8Array, bits: FingerprintBits): Uint8Array {
  if (bits === 8) return fingerprints
  const halves = new Uint8Array(fingerprints.length / 2)
  for (let at = 0; at < halves.length; at++) {
    halves[at] = (fingerprints[at * 2] & 0xf) | ((fingerprints[at * 2 + 1] & 0xf) << 4)
  }
  return halves
}

/** The memory of an attempt, used again by the next. */
class Peeling {
  readonly #hashes: WordHashes
  readonly #shape: FuseShape
  readonly #lanes = new HashLanes()
  /** By place: how many hashes that are left have it, and the XOR of their numbers. */
  readonly #counts: Uint8Array
  readonly #numbers: Uint32Array
  /** Places that had one hash left when they were seen. */
  readonly #alone: Uint32Array
  /** Hashes in the order they were taken away, each with the place that it had for itself. */
  readonly #taken: Uint32Array
  readonly #takenPlaces: Uint32Array
  // The three places of the hash that `#locate` was last asked for.
  #place0 = 0
  #place1 = 0
  #place2 = 0
  #fingerprint = 0

  constructor(shape: FuseShape, hashes: WordHashes) {
    const places = placesOf(shape)
    const count = hashes.lows.length
    this.#shape = shape
    this.#hashes = hashes
    this.#counts = new Uint8Array(places)
    this.#numbers = new Uint32Array(places)
    this.#alone = new Uint32Array(places)
    this.#taken = new Uint32Array(count)
    this.#takenPlaces = new Uint32Array(count)
  }

  /** A fingerprint a place, or null where hashes are left that have no place for themselves. */
  attempt(attempt: number): Uint8Array | null {
    if (!this.#place(attempt) || !this.#peel(attempt)) return null
    return this.#fill(attempt)
  }

  #locate(number: number, attempt: number): void {
    const { segments, segmentBits } = this.#shape
    const lanes = this.#lanes
    lanes.spread(this.#hashes.lows[number], this.#hashes.highs[number], attempt)
    const mask = (1 << segmentBits) - 1
    const segment = scaleLane(lanes.first, segments)
    this.#place0 = (segment << segmentBits) + (lanes.second & mask)
    this.#place1 = ((segment + 1) << segmentBits) + (lanes.third & mask)
    this.#place2 = ((segment + 2) << segmentBits) + ((lanes.third >>> 14) & mask)
    this.#fingerprint = lanes.second >>> 24
  }

  /** Counts every hash at its places; false where a place has too many. */
  #place(attempt: number): boolean {
    const counts = this.#counts.fill(0)
    const numbers = this.#numbers.fill(0)
    for (let number = 0; number < this.#taken.length; number++) {
      this.#locate(number, attempt)
      const place0 = this.#place0
      const place1 = this.#place1
      const place2 = this.#place2
      if (counts[place0] === HASHES_OF_A_PLACE_MAX) return false
      if (counts[place1] === HASHES_OF_A_PLACE_MAX) return false
      if (counts[place2] === HASHES_OF_A_PLACE_MAX) return false
      counts[place0]++
      counts[place1]++
      counts[place2]++
      numbers[place0] ^= number
      numbers[place1] ^= number
      numbers[place2] ^= number
    }
    return true
  }

  /** Takes away hashes that have a place for themselves until none is left; false where some stay. */
  #peel(attempt: number): boolean {
    let waiting = this.#findAlone()
    let taken = 0
    while (waiting > 0) {
      const place = this.#alone[--waiting]
      if (this.#counts[place] !== 1) continue
      const number = this.#numbers[place]
      this.#taken[taken] = number
      this.#takenPlaces[taken++] = place
      this.#locate(number, attempt)
      waiting = this.#leave(this.#place0, number, waiting)
      waiting = this.#leave(this.#place1, number, waiting)
      waiting = this.#leave(this.#place2, number, waiting)
    }
    return taken === this.#taken.length
  }

  #findAlone(): number {
    let found = 0
    for (let place = 0; place < this.#counts.length; place++) {
      if (this.#counts[place] === 1) this.#alone[found++] = place
    }
    return found
  }

  /** The hash leaves the place; returns how many places wait then. */
  #leave(place: number, number: number, waiting: number): number {
    this.#numbers[place] ^= number
    if (--this.#counts[place] === 1) this.#alone[waiting++] = place
    return waiting
  }

  /** Backwards: each hash sets the place that it had for itself, after all that share its other places. */
  #fill(attempt: number): Uint8Array {
    const fingerprints = new Uint8Array(placesOf(this.#shape))
    for (let at = this.#taken.length - 1; at >= 0; at--) {
      this.#locate(this.#taken[at], attempt)
      // Its own place is still 0, so all three may be XORed.
      fingerprints[this.#takenPlaces[at]] =
        this.#fingerprint ^
        fingerprints[this.#place0] ^
        fingerprints[this.#place1] ^
        fingerprints[this.#place2]
    }
    return fingerprints
  }
}
