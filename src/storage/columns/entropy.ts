/**
 * What general compression (zstd level 1, many columns in a frame) will roughly make of bytes: their order-0 entropy,
 * and something for every symbol, because a short column cannot pay for a table of its own.
 */

import { BYTE_CLASSES, MINUS_SIGN } from './column-facts.ts'
import type { ValueTable } from './column-values.ts'

/** `n * log2(n)`, which a histogram needs 256 times. */
const N_LOG_N = Float64Array.from({ length: 4096 }, (_, n) => (n < 2 ? 0 : n * Math.log2(n)))

/** What a symbol's first appearance costs beyond its entropy. */
const SYMBOL_BITS = 5

/** Above this many values a table of 256 counts is cheaper walked by symbol than by value. */
const WALK_BY_VALUE_MAX = 256

const counts = new Uint32Array(256)

function nLogN(n: number): number {
  return n < 4096 ? N_LOG_N[n] : n * Math.log2(n)
}

/** Bits that the low `width` (at most 8) bits of all `words`, shifted right by `shift`, take once compressed. */
export function planeBits(words: Uint32Array, shift: number, width: number): number {
  const mask = (1 << width) - 1
  const count = words.length
  for (let i = 0; i < count; i++) counts[(words[i] >>> shift) & mask]++
  let inside = 0
  let symbols = 0
  if (count > WALK_BY_VALUE_MAX) {
    for (let symbol = 0; symbol <= mask; symbol++) {
      if (counts[symbol] === 0) continue
      inside += nLogN(counts[symbol])
      symbols++
    }
    counts.fill(0, 0, mask + 1)
  } else {
    for (let i = 0; i < count; i++) {
      const symbol = (words[i] >>> shift) & mask
      if (counts[symbol] === 0) continue
      inside += nLogN(counts[symbol])
      symbols++
      counts[symbol] = 0
    }
  }
  if (symbols <= 1) return 16
  return Math.min(width * count, nLogN(count) - inside + symbols * SYMBOL_BITS)
}

/** Looked at in a column to judge its text. */
const SAMPLED_VALUES = 256
const SAMPLED_BYTES = 96
/** What matches save in text whose values are longer than words, beyond the entropy of single bytes: nothing in digits. */
const LONG_VALUE_BYTES = 12
const LONG_VALUE_GAIN = 0.35

/** Bits for a byte of the text of `distinct` values, judged by some of them from all over the column. */
export function textBits({ bytes, starts, ends }: ValueTable, distinct: Uint32Array): number {
  const step = Math.max(1, Math.floor(distinct.length / SAMPLED_VALUES))
  let sampled = 0
  let values = 0
  for (let i = 0; i < distinct.length; i += step) {
    const start = starts[distinct[i]]
    const end = Math.min(ends[distinct[i]], start + SAMPLED_BYTES)
    for (let at = start; at < end; at++) counts[bytes[at]]++
    sampled += end - start
    values++
  }
  if (sampled === 0) return 0
  let inside = 0
  let symbols = 0
  let words = 0
  for (let symbol = 0; symbol < 256; symbol++) {
    if (counts[symbol] === 0) continue
    if (BYTE_CLASSES[symbol] >= MINUS_SIGN) words += counts[symbol]
    inside += nLogN(counts[symbol])
    symbols++
    counts[symbol] = 0
  }
  const bits = Math.min(8, (nLogN(sampled) - inside + symbols * SYMBOL_BITS) / sampled)
  return sampled > values * LONG_VALUE_BYTES ? bits * (1 - (LONG_VALUE_GAIN * words) / sampled) : bits
}
