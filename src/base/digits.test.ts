/** Numbers written digit by digit are what the engine prints. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeDigits, writeLastDigits } from './digits.ts'
import { SeededRandom } from './random.ts'

const written = (write: (target: Uint8Array) => number): string => {
  const target = new Uint8Array(24).fill(0x2a)
  const end = write(target)
  assert.equal(target[end], 0x2a, 'nothing behind the end')
  return Buffer.from(target.subarray(1, end)).toString('latin1')
}

test('Whole numbers are written in their shortest form, from nothing to the greatest that is exact', () => {
  const random = new SeededRandom(4)
  const powers = Array.from({ length: 16 }, (_, power) => 10 ** power).flatMap((bound) => [bound - 1, bound])
  const others = Array.from({ length: 200 }, () => random.below(2 ** random.below(54)))
  for (const value of [...powers, ...others, Number.MAX_SAFE_INTEGER])
    assert.equal(
      written((target) => writeDigits(target, 1, value)),
      String(value),
    )
})

test('The last digits of a number have zeros before them where it has fewer', () => {
  for (const [value, count, text] of [
    [0, 3, '000'],
    [7, 1, '7'],
    [42, 6, '000042'],
    [12345, 3, '345'],
    [5, 0, ''],
  ] as const)
    assert.equal(
      written((target) => writeLastDigits(target, 1, value, count)),
      text,
    )
})
