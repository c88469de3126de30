import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { parseDigits } from './digits.ts'

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

test('digits are parsed to the number that String prints so', () => {
  for (const value of [...NUMBERS, ...randomNumbers(4)]) {
    const text = Buffer.from(String(value))
    assert.equal(parseDigits(text, 0, text.length), value)
  }
})
