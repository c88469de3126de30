import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationText, secondsText } from './duration-text.ts'

test('durations have the units that they need', () => {
  const pairs: [bigint, string][] = [
    [0n, '0'],
    [1n, '1ns'],
    [-1n, '-1ns'],
    [12_345n, '12µs345ns'],
    [123_456_789n, '123ms456µs789ns'],
    [1_000_000_000n, '1s'],
    [12_345_678_901n, '12.345678901s'],
    [60_000_000_000n, '1m'],
    [210_123_456_789n, '3m30.123456789s'],
    [3_600_000_000_000n + 5_000_000n, '1h5ms'],
    [9n * 86_400_000_000_000n, '1w2d'],
    [-90_500_000_000n, '-1m30.5s'],
  ]
  for (const [nanoseconds, wanted] of pairs) assert.equal(durationText(nanoseconds), wanted)
})

test('seconds have as few decimals as keep the nanoseconds', () => {
  assert.equal(secondsText(63_500_000_000n), '63.5')
  assert.equal(secondsText(-1n), '-0.000000001')
  assert.equal(secondsText(7_000_000_000n), '7')
  assert.equal(secondsText(0n), '0')
})
