/**
 * What general compression (zstd level 1, many columns in a frame) will roughly make of bytes: their order-0 entropy,
 * and something for every symbol, because a short column cannot pay for a table of its own.
 */

import { CLASS_BITS, DIGIT, LOWER_HEX, UPPER_HEX } from './byte-classes.ts'
import type { ValueTable } from './column-values.ts'

/** `n * log2(n)`, which a histogram needs 256 times. */
const N_LOG_N = Float64Array.from({ length: 4096 }, (_, n) => (n < 2 ? 0 : n * Math.log2(n)))

/** What a symbol's first appearance costs beyond its entropy. */
const SYMBOL_BITS = 5

/** Above this many values a table of 256 counts is cheaper walked by symbol than by value. */
const WALK_BY_VALUE_MAX = 256
/** Of more values than these, every second, third ... is looked at. */
const SAMPLED_WORDS = 2048

const counts = new Uint32Array(256)

function nLogN(n: number): number {
  return n < 4096 ? N_LOG_N[n] : n * Math.log2(n)
}

/** Bits that the low `width` (at most 8) bits of `count` words, shifted right by `shift`, take once compressed. */
export function planeBits(words: Uint32Array, count: number, shift: number, width: number): number {
  const mask = (1 << width) - 1
  const step = count < 2 * SAMPLED_WORDS ? 1 : Math.floor(count / SAMPLED_WORDS)
  let sampled = 0
  for (let i = 0; i < count; i += step) {
    counts[(words[i] >>> shift) & mask]++
    sampled++
  }
  let inside = 0
  let symbols = 0
  if (sampled > WALK_BY_VALUE_MAX) {
    for (let symbol = 0; symbol <= mask; symbol++) {
      const n = counts[symbol]
      if (n === 0) continue
      inside += nLogN(n)
      symbols++
    }
    counts.fill(0, 0, mask + 1)
  } else {
    for (let i = 0; i < count; i += step) {
      const symbol = (words[i] >>> shift) & mask
      const n = counts[symbol]
      if (n === 0) continue
      inside += N_LOG_N[n]
      symbols++
      counts[symbol] = 0
    }
  }
  if (symbols <= 1) return 16
  // A sample has less entropy than what it was taken from (Miller and Madow).
  const missing = step === 1 ? 0 : (symbols - 1) / (2 * Math.LN2)
  const entropyBits = ((nLogN(sampled) - inside + missing) * count) / sampled
  return Math.min(width * count, entropyBits + symbols * SYMBOL_BITS)
}

/** Looked at in a column to judge its text. */
const SAMPLED_VALUES = 96
const SAMPLED_BYTES = 64
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
    if ((CLASS_BITS[symbol] & ~(DIGIT | LOWER_HEX | UPPER_HEX)) !== 0) words += counts[symbol]
    inside += nLogN(counts[symbol])
    symbols++
    counts[symbol] = 0
  }
  const bits = Math.min(8, (nLogN(sampled) - inside + symbols * SYMBOL_BITS) / sampled)
  return sampled > values * LONG_VALUE_BYTES ? bits * (1 - (LONG_VALUE_GAIN * words) / sampled) : bits
}
