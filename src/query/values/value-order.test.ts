import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { compareKeys, compareKeysExactly, compareNatural, compareValues, valueKey } from './value-order.ts'

/** Each comes before all that stand behind it. */
const ASCENDING = [
  '',
  '-',
  '-x',
  '(none)',
  '-Inf',
  '-9223372036854775809',
  '-9223372036854775808',
  '-1.5',
  '0',
  '0.5',
  '1',
  '9',
  '10',
  '0xff',
  '1us',
  '1KiB',
  '1.5ms',
  '10s',
  '9223372036854775806',
  '9223372036854775807',
  '18446744073709551614',
  '18446744073709551615',
  '18446744073709551616',
  '9'.repeat(309),
  '9'.repeat(350),
  'inf',
  '2024-12-31T23:59:59.999999998Z',
  '2024-12-31T23:59:59.999999999Z',
  '2025-01-01T02:00:00+02:00',
  '2025-01-01T00:00:00.000000001Z',
  '10.0.0.1',
  '10.0.0.9',
  '10.0.0.10',
  'A',
  'NaN',
  'a',
  'a1',
  'a2',
  'a10',
  'a10b',
  'host9',
  'host10',
  'host10a',
  'host123456789012345678901234567890',
  'host123456789012345678901234567891',
  'é',
  '가',
]

test('values have one order, whatever they look like', () => {
  const left = ASCENDING.filter((text) => !['(none)', '-x'].includes(text))
  for (const [first, a] of left.entries()) {
    for (const b of left.slice(first + 1)) {
      assert.ok(compareValues(a, b) < 0, `${a} < ${b}`)
      assert.ok(compareValues(b, a) > 0, `${b} > ${a}`)
    }
    assert.equal(compareValues(a, a), 0)
  }
})

test('numbers that are the same count the same, however they are written', () => {
  for (const [a, b] of [
    ['1', '1.0'],
    ['1000', '1e3'],
    ['1KiB', '1024'],
    ['255', '0xff'],
    ['1s', '1000000000'],
    ['2025-01-01T00:00:00Z', '2025-01-01T01:00:00+01:00'],
  ]) {
    assert.equal(compareValues(a, b), 0, `${a} = ${b}`)
    assert.notEqual(compareKeysExactly(valueKey(a), valueKey(b)), 0)
  }
})

test('large whole numbers are exact beside floats', () => {
  assert.equal(compareValues('1e19', '10000000000000000000'), 0)
  assert.ok(compareValues('1e19', '10000000000000000001') < 0)
  assert.ok(compareValues('-1e19', '-10000000000000000001') > 0)
  assert.ok(compareValues('-inf', `-${'9'.repeat(350)}`) < 0)
})

test('in natural order only equal texts are equal', () => {
  assert.ok(compareNatural('a1', 'a01') !== 0)
  assert.ok(compareNatural('a01b', 'a1c') < 0)
  assert.ok(compareNatural('a', 'ab') < 0)
  assert.equal(compareNatural('a007', 'a007'), 0)
})

test('a long run of digits is compared in one pass', () => {
  const a = `x${'0'.repeat(100_000)}1`
  assert.ok(compareNatural(a, `x${'9'.repeat(100_000)}`) < 0)
  assert.ok(compareNatural(`${a}a`, `${a}b`) < 0)
})

const PIECES = [
  '',
  '-',
  '+',
  '.',
  '0',
  '1',
  '9',
  '10',
  'K',
  'KiB',
  's',
  'ms',
  'e3',
  'x',
  'a',
  ' ',
  '_',
  '9'.repeat(309),
  '9'.repeat(350),
  'inf',
  'é',
  '2025-01-01T',
]

test('any three values stand in one order', () => {
  const seed = 20250718
  const random = new SeededRandom(seed)
  const piece = () => PIECES[random.below(PIECES.length)]
  const text = () => Array.from({ length: 1 + random.below(4) }, piece).join('')
  for (let round = 0; round < 20_000; round++) {
    const [a, b, c] = [text(), text(), text()].map(valueKey).toSorted(compareKeys)
    const where = `seed ${seed}: ${JSON.stringify([a.text, b.text, c.text])}`
    assert.ok(compareKeys(a, b) <= 0 && compareKeys(b, c) <= 0 && compareKeys(a, c) <= 0, where)
    assert.equal(Math.sign(compareKeys(a, b)), -Math.sign(compareKeys(b, a)) + 0, where)
    if (compareKeys(a, b) === 0)
      assert.equal(Math.sign(compareKeys(a, c)), Math.sign(compareKeys(b, c)), where)
  }
})
