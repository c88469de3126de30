import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { formatRfc3339 } from '../../record/record.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { NumberColumn } from '../batches/number-column.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { ConstantColumn, GroupColumn, TimeColumn } from '../batches/text-columns.ts'
import { roundTo } from '../math/functions.ts'
import { bindBatches, fieldsForPipes } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, TEST_SETTINGS } from '../test-pipes.ts'

const pipesOf = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS }).pipes

/** `x` of `math <expression> as x` for a row with these fields. */
async function resultOf(expression: string, fields: Readonly<Record<string, string>> = {}): Promise<string> {
  const [found] = await runPipeText(`math ${expression} as x`, [row({ one: '1', ...fields })])
  return new Map(found).get('x') ?? ''
}

test('operators compute with numbers', async () => {
  const values: [string, string][] = [
    ['7 / 2', '3.5'],
    ['7 % 4', '3'],
    ['-7 % 4', '-3'],
    ['2 ^ 3 ^ 2', '64'],
    ['-2 ^ 2', '4'],
    ['2 + 3 * 4', '14'],
    ['0.1 + 0.2', '0.30000000000000004'],
    ['1 / 0', '+Inf'],
    ['-1 / 0', '-Inf'],
    ['0 / 0', 'NaN'],
    ['1e300 * 1e300', '+Inf'],
    ['10 ^ 21', '1000000000000000000000'],
    ['1 / 10 ^ 7', '0.0000001'],
    ['6 & 3', '2'],
    ['6 or 3', '7'],
    ['6 xor 3', '5'],
    ['9007199254740991 & 9007199254740990', '9007199254740990'],
    ['4294967296 or 1', '4294967297'],
    ['4294967295 xor 0', '4294967295'],
    ['6.9 & 3.9', '2'],
    ['-1 & 3', 'NaN'],
    ['(0 / 0) default 5', '5'],
    ['(1 / 0) default 5', '+Inf'],
  ]
  for (const [expression, value] of values) assert.equal(await resultOf(expression), value, expression)
})

test('functions compute with numbers', async () => {
  const values: [string, string][] = [
    ['abs(-1.5)', '1.5'],
    ['ceil(1.2)', '2'],
    ['floor(-1.2)', '-2'],
    ['exp(0)', '1'],
    ['ln(exp(1))', '1'],
    ['ln(0)', '-Inf'],
    ['max(1, nothing, 3)', '3'],
    ['min(1, nothing, 3)', '1'],
    ['max(nothing, nothing)', 'NaN'],
    ['round(2.5)', '3'],
    ['round(-2.5)', '-3'],
    ['round(1.234, 0.1)', '1.2'],
    ['round(0.15, 0.1)', '0.2'],
    ['round(0.29, 0.1)', '0.3'],
    ['round(1234, 100)', '1200'],
    ['round(10s5ms, 1s) / 1s', '10'],
    ['round(7, 0)', 'NaN'],
    ['round(7, -2)', '8'],
    ['round(-0.4)', '0'],
    ['ceil(-0.5) * 3', '0'],
    ['now()', String(BigInt(PIPE_TEST_NOW_MS) * 1_000_000n)],
  ]
  for (const [expression, value] of values) assert.equal(await resultOf(expression), value, expression)
})

test('round gives multiples of the step that are next to the value', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  for (let round = 0; round < 2000; round++) {
    const decimals = random.below(6)
    const step = (1 + random.below(999)) / 10 ** decimals
    const value = (random.below(2_000_001) - 1_000_000) / 1000
    const rounded = roundTo(value, step)
    const where = `seed ${seed}: round(${value}, ${step}) is ${rounded}`
    assert.ok(Math.abs(rounded - value) <= step * 0.5000001, where)
    assert.equal(rounded + 0, Number(rounded.toFixed(decimals)) + 0, where)
  }
})

test('fields count as numbers, times, addresses, durations and sizes, and else as NaN', async () => {
  const values: [string, string][] = [
    ['12.50', '12.5'],
    ['0x10', '16'],
    ['1KiB', '1024'],
    ['1.5ms', '1500000'],
    ['10.0.0.1', '167772161'],
    ['2024-05-30T01:02:03.5Z', '1717030923500000000'],
    ['', 'NaN'],
    ['text', 'NaN'],
    ['12 apples', 'NaN'],
    ['\udcff', 'NaN'],
    ['9'.repeat(1000), 'NaN'],
  ]
  for (const [text, value] of values) assert.equal(await resultOf('f', { f: text }), value, text)
  assert.equal(await resultOf('missing default -1'), '-1')
})

test('an expression sees what the ones before it made, and not what comes behind', async () => {
  const rows = [row({ a: '1', b: '2' }), row({ a: 'x', b: '5' }), row({ b: '7' })]
  assert.deepEqual(await runPipeText('math b + 1 as a, a * 10 as c, a - b as a | fields a, b, c', rows), [
    row({ a: '1', b: '2', c: '30' }),
    row({ a: '1', b: '5', c: '60' }),
    row({ a: '1', b: '7', c: '80' }),
  ])
})

test('results without names are fields that other pipes can use', async () => {
  const rows = [row({ a: '6', b: '4' })]
  assert.deepEqual(await runPipeText('math a / b | math "a / b" * 2 as c', rows), [
    row({ a: '6', b: '4', 'a / b': '1.5', c: '3' }),
  ])
})

test('rand gives other numbers below 1 for each row', async () => {
  const rows = Array.from({ length: 200 }, () => row({ a: '1' }))
  const found = await runPipeText('math rand() as x', rows, { cuts: 0 })
  const numbers = found.map((fields) => Number(new Map(fields).get('x')))
  assert.equal(new Set(numbers).size, 200)
  assert.ok(numbers.every((number) => number >= 0 && number < 1))
})

test('columns of every kind give the same numbers as their texts', () => {
  const timesMs = Float64Array.of(1_717_030_923_123, -1, 0, 4_102_444_799_999)
  const timesNs = Uint32Array.of(456_789, 999_999, 0, 1)
  const groups = { texts: ['1.5', 'x', '10ms', 'unused'], ofRow: Uint32Array.of(2, 0, 1, 0) }
  const columns = new Map<string, BatchColumn>([
    ['t', new TimeColumn(timesMs, timesNs)],
    ['g', new GroupColumn(groups, 4)],
    ['c', new ConstantColumn('7', 4)],
    ['n', new NumberColumn(Float64Array.of(1, -0, Number.NaN, 1e21))],
  ])
  const map = bindBatches(pipesOf('math t as t2, g as g2, c as c2, n as n2, none as none2'), TEST_SETTINGS)
  const batch = new RowBatch(4, columns)
  const made = map(batch)
  const plain = map(
    new RowBatch(
      4,
      new Map(batch.names.map((name) => [name, RowBatch.of({ x: batch.texts(name) }).column('x')!])),
    ),
  )
  for (const name of ['t2', 'g2', 'c2', 'n2', 'none2'])
    assert.deepEqual(made.texts(name), plain.texts(name), name)
  assert.deepEqual(made.texts('g2'), ['10000000', '1.5', 'NaN', '1.5'])
  assert.equal(made.texts('t2')[0], String(Number(BigInt(timesMs[0]) * 1_000_000n + 456_789n)))
  assert.equal(batch.texts('t')[1], formatRfc3339(-1, 999_999))
  assert.deepEqual(batch.texts('n'), ['1', '-0', 'NaN', '1000000000000000000000'])
  assert.deepEqual(made.select(Uint32Array.of(3, 3, 0)).texts('n2'), [
    '1000000000000000000000',
    '1000000000000000000000',
    '1',
  ])
})

test('only fields of results that somebody wants are read', () => {
  const wanted = fieldsForPipes(pipesOf('math a + b as x, x * c as y, d as z | fields y'))
  assert.deepEqual(wanted.allow.map(({ name }) => name).toSorted(), ['a', 'b', 'c'])
})
