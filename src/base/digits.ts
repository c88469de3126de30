/** Whole numbers of at most 16 digits, which a double holds exactly, as ASCII digits without strings. */

const ZERO = 0x30
const THREE_DIGITS = 1000
const ENTRY = 4
/** By number below 1000: its three digits with zeros in front. */
const PADDED = new Uint8Array(THREE_DIGITS * ENTRY)
/** By number below 1000: its digits as printed, something, and how many they are. */
const PRINTED = new Uint8Array(THREE_DIGITS * ENTRY)
for (let value = 0; value < THREE_DIGITS; value++) {
  const text = String(value)
  for (let i = 0; i < 3; i++) {
    PADDED[value * ENTRY + i] = text.padStart(3, '0').charCodeAt(i)
    PRINTED[value * ENTRY + i] = text.padEnd(3, '0').charCodeAt(i)
  }
  PRINTED[value * ENTRY + 3] = text.length
}

export function digitCount(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  if (value < 10_000) return 4
  if (value < 100_000) return 5
  let count = 6
  for (let limit = 1_000_000; value >= limit; limit *= 10) count++
  return count
}

/** Bytes behind a number that `printNumber` may overwrite: memory must have them. */
export const PRINT_SLACK = 2

/**
 * Writes `value`, an integer from 0 to 2^53, without zeros in front, and answers where it ends. How many digits a number
 * has cannot be foreseen, so short ones are written without asking.
 */
export function printNumber(value: number, out: Uint8Array, start: number): number {
  if (value < 1000) return printPart(value | 0, out, start)
  if (value < 1e6) {
    const top = (value / 1000) | 0
    const end = printPart(top, out, start)
    printThree((value - top * 1000) | 0, out, end)
    return end + 3
  }
  const end = start + digitCount(value)
  printDigits(value, end - start, out, start)
  return end
}

function printPart(value: number, out: Uint8Array, at: number): number {
  const entry = value * ENTRY
  out[at] = PRINTED[entry]
  out[at + 1] = PRINTED[entry + 1]
  out[at + 2] = PRINTED[entry + 2]
  return at + PRINTED[entry + 3]
}

function printThree(value: number, out: Uint8Array, at: number): void {
  const entry = value * ENTRY
  out[at] = PADDED[entry]
  out[at + 1] = PADDED[entry + 1]
  out[at + 2] = PADDED[entry + 2]
}

/** Two digits of a number below 100. */
export function printPair(value: number, out: Uint8Array, at: number): void {
  const entry = value * ENTRY
  out[at] = PADDED[entry + 1]
  out[at + 1] = PADDED[entry + 2]
}

/** Writes `value`, an integer from 0 to 2^53, as exactly `width` digits; digits that do not fit are left out. */
export function printDigits(value: number, width: number, out: Uint8Array, start: number): void {
  let rest = value
  let at = start + width
  while (rest > 0x7fff_ffff && at > start) {
    // A quotient near a whole number may have been rounded up to it.
    let top = Math.floor(rest / 1e9)
    if (top * 1e9 > rest) top--
    const end = Math.max(start, at - 9)
    printSmall(rest - top * 1e9, out, end, at)
    rest = top
    at = end
  }
  printSmall(rest, out, start, at)
}

function printSmall(value: number, out: Uint8Array, start: number, end: number): void {
  let rest = value | 0
  let at = end - 3
  for (; at >= start; at -= 3) {
    const next = (rest / 1000) | 0
    printThree((rest - next * 1000) | 0, out, at)
    rest = next
  }
  // One or two digits are left.
  if (at >= start - 2) out[at + 2] = ZERO + (rest % 10)
  if (at === start - 1) out[at + 1] = ZERO + (((rest / 10) | 0) % 10)
}
