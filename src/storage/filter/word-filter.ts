/**
 * A filter over the words of values, as it stands in a part (docs/formats/part.md): asked for a word, it says no only
 * where no value that was put in has it. Little-endian:
 *
 *    0 u8  kind: 0 no words at all, 1 binary fuse, 2 Bloom      8 u32 words
 *    1 u8  fuse: bits of a fingerprint, 4 or 8                 12 u32 fuse: segments    Bloom: blocks of 64 bytes
 *    2 u8  fuse: a segment has 2^this places                   16 u64 seed of the hash
 *    3 u8  fuse: number of the attempt that succeeded          24 …   fuse: fingerprints   Bloom: bits
 *    4 u16 Unicode version: major * 256 + minor
 *    6 u16 words of fewer bytes were left out
 *
 * A word with letters beyond ASCII is only looked up where this runtime has the Unicode version that the filter was
 * made with. In another one its neighbours may be letters too, so that the filter has other words. Words of ASCII are
 * not in danger: later versions only add letters, so what is a whole word now was one then.
 */
import { assert, CodedError } from '../../base/base.ts'
import { WORDS_UNICODE_VERSION } from '../../record/record.ts'
import { BLOOM_BLOCK_BYTES, BLOOM_BLOCKS_MAX, BloomFilter, buildBloomFilter } from './bloom-filter.ts'
import {
  type FingerprintBits,
  FUSE_ATTEMPTS_MAX,
  FuseFilter,
  type FuseShape,
  fingerprintBytes,
} from './fuse-filter.ts'
import type { WordHashes } from './word-hash.ts'
import { type HashSeed, WordHash } from './word-hash.ts'

export const FILTER_HEADER_BYTES = 24

const KIND_EMPTY = 0
const KIND_FUSE = 1
const KIND_BLOOM = 2
const WORD_BYTES_MIN_MAX = 0xffff

/** What is asked for one hash. */
interface HashFilter {
  mayContain(low: number, high: number): boolean
}

const EMPTY: HashFilter = { mayContain: () => false }

export class WordFilter {
  /** Distinct words in it. */
  readonly words: number
  readonly seed: HashSeed
  readonly wordBytesMin: number
  readonly #unicodeVersion: number
  readonly #hash: WordHash
  readonly #filter: HashFilter

  constructor(header: FilterHeader, filter: HashFilter) {
    this.words = header.words
    this.seed = header.seed
    this.wordBytesMin = header.wordBytesMin
    this.#unicodeVersion = header.unicodeVersion
    this.#hash = new WordHash(header.seed)
    this.#filter = filter
  }

  /** False only where no value has the word `data[start .. end)`. */
  mayContain(data: Uint8Array, start: number, end: number): boolean {
    if (end - start < this.wordBytesMin) return true
    if (this.#unicodeVersion !== WORDS_UNICODE_VERSION && !isAscii(data, start, end)) return true
    this.#hash.hash(data, start, end)
    return this.mayContainHash(this.#hash.low, this.#hash.high)
  }

  /** The same for a hash under `seed`. */
  mayContainHash(low: number, high: number): boolean {
    return this.#filter.mayContain(low, high)
  }
}

function isAscii(data: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (data[at] >= 0x80) return false
  return true
}

interface FilterHeader {
  readonly kind: number
  readonly bits: number
  readonly segmentBits: number
  readonly attempt: number
  readonly unicodeVersion: number
  readonly wordBytesMin: number
  readonly words: number
  /** Segments or blocks. */
  readonly pieces: number
  readonly seed: HashSeed
}

/** What a filter is made of: a WordSet, or what stands for one. */
export interface FilterWords {
  readonly seed: HashSeed
  readonly wordBytesMin: number
  readonly count: number
  hashes(): WordHashes
  /** Asked where there is at least one word; null where a Bloom filter must do. */
  buildFuse(bits: FingerprintBits): FuseFilter | null
}

/** The filter of the set, as bytes: the same for words that came in the same order. */
export function encodeWordFilter(set: FilterWords, bits: FingerprintBits): Uint8Array {
  assert(set.wordBytesMin <= WORD_BYTES_MIN_MAX, 'wordBytesMin has 16 bits')
  const common = {
    bits: 0,
    segmentBits: 0,
    attempt: 0,
    unicodeVersion: WORDS_UNICODE_VERSION,
    wordBytesMin: set.wordBytesMin,
    words: set.count,
    seed: set.seed,
  }
  if (common.words === 0) return encode({ ...common, kind: KIND_EMPTY, pieces: 0 }, new Uint8Array(0))
  const fuse = set.buildFuse(bits)
  if (fuse !== null) {
    const { attempt, shape, fingerprints } = fuse
    const { segmentBits, segments } = shape
    return encode({ ...common, kind: KIND_FUSE, bits, segmentBits, attempt, pieces: segments }, fingerprints)
  }
  const bloom = buildBloomFilter(set.hashes())
  const blocks = bloom.bits.length / BLOOM_BLOCK_BYTES
  return encode({ ...common, kind: KIND_BLOOM, pieces: blocks }, bloom.bits)
}

function encode(header: FilterHeader, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FILTER_HEADER_BYTES + body.length)
  const view = new DataView(bytes.buffer)
  bytes[0] = header.kind
  bytes[1] = header.bits
  bytes[2] = header.segmentBits
  bytes[3] = header.attempt
  view.setUint16(4, header.unicodeVersion, true)
  view.setUint16(6, header.wordBytesMin, true)
  view.setUint32(8, header.words, true)
  view.setUint32(12, header.pieces, true)
  view.setUint32(16, header.seed.low, true)
  view.setUint32(20, header.seed.high, true)
  bytes.set(body, FILTER_HEADER_BYTES)
  return bytes
}

/** PART_CORRUPT. The bytes stay with the filter and must not change. */
export function decodeWordFilter(bytes: Uint8Array): WordFilter {
  if (bytes.length < FILTER_HEADER_BYTES) throw corrupt('is shorter than its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header: FilterHeader = {
    kind: bytes[0],
    bits: bytes[1],
    segmentBits: bytes[2],
    attempt: bytes[3],
    unicodeVersion: view.getUint16(4, true),
    wordBytesMin: view.getUint16(6, true),
    words: view.getUint32(8, true),
    pieces: view.getUint32(12, true),
    seed: { low: view.getUint32(16, true), high: view.getUint32(20, true) },
  }
  return new WordFilter(header, decodeBody(header, bytes.subarray(FILTER_HEADER_BYTES)))
}

function decodeBody(header: FilterHeader, body: Uint8Array): HashFilter {
  switch (header.kind) {
    case KIND_EMPTY:
      if (body.length > 0 || header.words > 0) throw corrupt('has no words, and bytes for them')
      return EMPTY
    case KIND_FUSE:
      return decodeFuse(header, body)
    case KIND_BLOOM:
      return decodeBloom(header, body)
    default:
      throw corrupt(`has the unknown kind ${header.kind}`)
  }
}

function decodeFuse({ bits, segmentBits, attempt, pieces }: FilterHeader, body: Uint8Array): FuseFilter {
  if (bits !== 4 && bits !== 8) throw corrupt(`has fingerprints of ${bits} bits`)
  const shape: FuseShape = { bits, segmentBits, segments: pieces }
  if (attempt >= FUSE_ATTEMPTS_MAX || fingerprintBytes(shape) !== body.length) {
    throw corrupt(`of ${body.length} bytes cannot have ${pieces} segments of 2^${segmentBits} places`)
  }
  return new FuseFilter(shape, attempt, body)
}

function decodeBloom({ pieces }: FilterHeader, body: Uint8Array): BloomFilter {
  if (pieces === 0 || pieces > BLOOM_BLOCKS_MAX || pieces * BLOOM_BLOCK_BYTES !== body.length) {
    throw corrupt(`of ${body.length} bytes cannot have ${pieces} blocks`)
  }
  return new BloomFilter(body)
}

function corrupt(what: string): CodedError {
  return new CodedError('PART_CORRUPT', `A word filter ${what}.`)
}
