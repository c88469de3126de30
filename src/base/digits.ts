/** Whole numbers from 0 to 2^53 - 1 as ASCII digits, into memory that has the room. */

const ZERO = 0x30

/** In the shortest form; where it ends. */
export function writeDigits(target: Uint8Array, at: number, value: number): number {
  let count = 1
  for (let bound = 10; value >= bound; bound *= 10) count++
  return writeLastDigits(target, at, value, count)
}

/** The last `count` digits of it, with zeros before them where it has fewer; where they end. */
export function writeLastDigits(target: Uint8Array, at: number, value: number, count: number): number {
  let rest = value
  for (let position = at + count - 1; position >= at; position--) {
    const tenth = Math.floor(rest / 10)
    target[position] = ZERO + (rest - tenth * 10)
    rest = tenth
  }
  return at + count
}
