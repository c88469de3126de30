import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digitCount, PRINT_SLACK, printDigits, printNumber, printPair } from './digits.ts'
import { SeededRandom } from './random.ts'

const EDGES = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent).flatMap((power) => [
  power - 1,
  power,
  power + 1,
])
const NUMBERS = [0, 42, 305, 4007, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, ...EDGES]

function randomNumbers(seed: number): number[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: 5000 }, () =>
    Math.floor((random.uint32() / 2 ** 32) * 10 ** (1 + random.below(15))),
  )
}

test('numbers are printed as String prints them, and what stands before them stays', () => {
  for (const value of [...NUMBERS, ...randomNumbers(3)]) {
    const text = String(value)
    const out = Buffer.alloc(text.length + 1 + PRINT_SLACK, 'x')
    assert.equal(printNumber(value, out, 1), text.length + 1)
    assert.equal(out.toString('latin1', 0, text.length + 1), `x${text}`)
    assert.equal(digitCount(value), text.length)
  }
})

test('numbers of a width have zeros in front, lose digits that do not fit, and touch nothing else', () => {
  for (const value of [...NUMBERS, ...randomNumbers(4)]) {
    for (const width of [0, 1, 2, 3, 5, 9, 10, 15, 16]) {
      const out = Buffer.alloc(width + 2, 'x')
      printDigits(value, width, out, 1)
      const digits = String(value).padStart(16, '0')
      assert.equal(out.toString('latin1'), `x${digits.slice(16 - width)}x`, `${value} in ${width} digits`)
    }
  }
})

test('a pair is two digits', () => {
  const out = Buffer.alloc(4, 'x')
  printPair(7, out, 1)
  assert.equal(out.toString('latin1'), 'x07x')
  printPair(99, out, 1)
  assert.equal(out.toString('latin1'), 'x99x')
})
