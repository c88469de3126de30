/**
 * HalfSipHash-1-3: a hash of 32 bits that nobody can aim at without its key, after J.-P. Aumasson and D. J. Bernstein.
 * It costs some four times what a hash of one multiplication a word does, so tables ask for it only where the cheap
 * one was made to collide (span-set.ts).
 */
import type { Random } from '../../base/base.ts'

export interface HashKey {
  readonly k0: number
  readonly k1: number
}

export function createHashKey(random: Random): HashKey {
  return { k0: random.uint32() | 0, k1: random.uint32() | 0 }
}

/** The hash of a number and `data[start .. end)`. */
export function keyedHash(key: HashKey, salt: number, data: Uint8Array, start: number, end: number): number {
  let v0 = key.k0
  let v1 = key.k1
  let v2 = key.k0 ^ 0x6c796765
  let v3 = key.k1 ^ 0x74656462
  const round = (): void => {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  const take = (word: number): void => {
    v3 ^= word
    round()
    v0 ^= word
  }
  take(salt)
  let at = start
  for (; at + 4 <= end; at += 4) {
    take(data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24))
  }
  let last = (end - start) << 24
  for (let shift = 0; at < end; at++, shift += 8) last |= data[at] << shift
  take(last)
  v2 ^= 0xff
  round()
  round()
  round()
  return v1 ^ v3
}
