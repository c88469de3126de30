import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberText, parseNumberOrMoment, parseNumberText } from './number-text.ts'

test('a number prints without an exponent, in as few digits as read back the same', () => {
  const printed: [number, string][] = [
    [0, '0'],
    [-0, '-0'],
    [1500, '1500'],
    [-1.5, '-1.5'],
    [0.1 + 0.2, '0.30000000000000004'],
    [1e20, '100000000000000000000'],
    [1e21, '1000000000000000000000'],
    [-1.25e21, '-1250000000000000000000'],
    [1.2345678901234568e22, '12345678901234568000000'],
    [1e-7, '0.0000001'],
    [-1.5e-9, '-0.0000000015'],
    [Number.NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ]
  for (const [value, text] of printed) assert.equal(numberText(value), text)
})

test('what prints reads back, over the whole range of numbers', () => {
  const seed = Date.now() >>> 0
  let state = seed
  const bits = new DataView(new ArrayBuffer(8))
  for (let round = 0; round < 20_000; round++) {
    for (const at of [0, 4]) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      bits.setUint32(at, state)
    }
    const value = bits.getFloat64(0)
    const text = numberText(value)
    assert.doesNotMatch(text, /e/, `seed ${seed}`)
    assert.ok(Object.is(parseNumberText(text), value), `seed ${seed}: ${value} printed as ${text}`)
  }
})

test('plain numbers, sizes and durations are numbers; addresses and times only where they are asked for', () => {
  const both: [string, number][] = [
    ['12', 12],
    ['-12.50', -12.5],
    ['0.1', 0.1],
    ['007', 7],
    ['999999999999999', 999999999999999],
    ['9007199254740993', 9007199254740992],
    ['1e3', 1000],
    ['1.234_567', 1.234567],
    ['0xff', 255],
    ['inf', Infinity],
    ['-Inf', -Infinity],
    ['1.5KiB', 1536],
    ['1.5s', 1.5e9],
    ['-5ms', -5e6],
  ]
  for (const [text, value] of both) {
    assert.equal(parseNumberText(text), value, text)
    assert.equal(parseNumberOrMoment(text), value, text)
  }
  assert.equal(parseNumberOrMoment('10.0.0.1'), 10 * 2 ** 24 + 1)
  assert.equal(parseNumberOrMoment('2024-05-30T01:02:03Z'), 1717030923e9)
  assert.ok(Number.isNaN(parseNumberText('10.0.0.1')))
  assert.equal(parseNumberOrMoment('2024-05-30 01:02:03Z'), 1717030923e9)
  assert.ok(Number.isNaN(parseNumberText('2024-05-30T01:02:03Z')))
  assert.ok(Number.isNaN(parseNumberText('2024-05-30 01:02:03Z')))
  for (const text of ['', '-', '.', 'x', '1.2.3', 'NaN', '1 ', '٣', '1'.repeat(401)]) {
    assert.ok(Number.isNaN(parseNumberText(text)), text)
    assert.ok(Number.isNaN(parseNumberOrMoment(text)), text)
  }
})
