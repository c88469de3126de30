/**
 * Hashes of texts that are kept as templates: each row is put together and hashed as src/record/row-writer.ts and
 * src/query/stats/value-hash.ts do, sixteen bytes at a time. Those files are its twins and its specification;
 * test/kernels.test.ts and src/query/stats/template-hash-kernel.test.ts hold them together. This is AssemblyScript:
 * `npm run -s node -- dev/kernels.ts` compiles it.
 *
 *   memory
 *    0x000100  the key: four words
 *    0x001000  slots, and one more behind the last: u32 where it stands in the text, u32 where the starts of its values
 *              are, u32 where their lengths are, i32 what a start is to be moved by. The last one has the first only.
 *    0x010000  the text of the template, then slack
 *    0x040000  the row, then slack
 *    0x080000  of each row: three words of its hash, and its length
 *    0x0a0000  starts and lengths of values
 *    0x240000  values, then slack
 *
 * Invariant: whoever calls has seen to it that texts and rows fit; a copy reads and writes up to sixteen bytes more.
 */

export const KEY: i32 = 0x100
export const SLOTS: i32 = 0x1000
export const SLOTS_MAX: i32 = 1024
export const TEXT: i32 = 0x10000
export const TEXT_BYTES: i32 = 0x2ff00
export const ROW: i32 = 0x40000
export const ROW_BYTES: i32 = 0x3ff00
export const HASHES: i32 = 0x80000
export const ROWS_MAX: i32 = 0x2000
export const SPANS: i32 = 0xa0000
export const SPANS_BYTES: i32 = 0x1a0000
export const VALUES: i32 = 0x240000
export const VALUES_BYTES: i32 = 0x1bff00

const SLOT_BYTES: i32 = 16
const BLOCK: i32 = 16
const ROUNDS: i32 = 9

/** Of the rows 0 to below `rowCount`. */
export function hashRows(slotCount: i32, rowCount: i32): void {
  const first = load<i32>(SLOTS)
  copy(ROW, TEXT, first)
  for (let row = 0; row < rowCount; row++) {
    let at = ROW + first
    for (let slot = SLOTS, end = SLOTS + slotCount * SLOT_BYTES; slot < end; slot += SLOT_BYTES) {
      const start = load<i32>(load<i32>(slot, 4) + (row << 2))
      const length = load<i32>(load<i32>(slot, 8) + (row << 2))
      copy(at, start + load<i32>(slot, 12), length)
      at += length
      const from = load<i32>(slot)
      const textLength = load<i32>(slot, SLOT_BYTES) - from
      copy(at, TEXT + from, textLength)
      at += textLength
    }
    const out = HASHES + (row << 4)
    store<i32>(out, at - ROW, 12)
    hash(at - ROW, out)
  }
}

// @ts-ignore: decorator
@inline
function copy(to: i32, from: i32, length: i32): void {
  v128.store(to, v128.load(from))
  for (let at = BLOCK; at < length; at += BLOCK) v128.store(to + at, v128.load(from + at))
}

/** HalfSipHash with 96 bits, of the row. */
function hash(length: i32, out: i32): void {
  let v0 = load<i32>(KEY)
  let v1 = load<i32>(KEY, 4)
  let v2 = load<i32>(KEY, 8) ^ 0x6c796765
  let v3 = load<i32>(KEY, 12) ^ 0x74656462
  const wordsEnd = ROW + (length & ~3)
  for (let place = ROW; place < wordsEnd; place += 4) {
    const word = load<i32>(place)
    v3 ^= word
    v0 += v1
    v1 = rotl(v1, 5) ^ v0
    v0 = rotl(v0, 16)
    v2 += v3
    v3 = rotl(v3, 8) ^ v2
    v0 += v3
    v3 = rotl(v3, 7) ^ v0
    v2 += v1
    v1 = rotl(v1, 13) ^ v2
    v2 = rotl(v2, 16)
    v0 ^= word
  }
  const rest = (1 << ((length & 3) << 3)) - 1
  const last = (length << 24) | (load<i32>(wordsEnd) & rest)
  v3 ^= last
  for (let round = 0; round <= ROUNDS; round++) {
    v0 += v1
    v1 = rotl(v1, 5) ^ v0
    v0 = rotl(v0, 16)
    v2 += v3
    v3 = rotl(v3, 8) ^ v2
    v0 += v3
    v3 = rotl(v3, 7) ^ v0
    v2 += v1
    v1 = rotl(v1, 13) ^ v2
    v2 = rotl(v2, 16)
    if (round === 0) {
      v0 ^= last
      v2 ^= 0xee
    } else if (round === 3 || round === 6 || round === 9) {
      store<i32>(out, v1 ^ v3)
      out += 4
    }
  }
}
