import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RowBatch } from '../batches/row-batch.ts'
import { TimeColumn } from '../batches/text-columns.ts'
import { bindGroupKey } from './group-key.ts'

/** What each text is grouped by. */
function bucketsOf(texts: readonly string[], step: string, offset: string | null = null): string[] {
  const read = bindGroupKey({ field: 'a', step, offset })
  const groups = read(RowBatch.of({ a: texts }))
  return texts.map((_, row) => groups.texts[groups.ofRow === null ? 0 : groups.ofRow[row]])
}

test('numbers are put into steps downwards, in the decimals of the step', () => {
  assert.deepEqual(bucketsOf(['0', '9', '10', '-1', '25.5'], '10'), ['0', '0', '10', '-10', '20'])
  assert.deepEqual(bucketsOf(['0.3', '0.7', '0.05', '1', '-0.1'], '0.1'), ['0.3', '0.7', '0', '1', '-0.1'])
  assert.deepEqual(bucketsOf(['1023', '1024', '2047', '3KiB'], '1KiB'), ['0', '1024', '1024', '3072'])
  assert.deepEqual(bucketsOf(['3', '4', '13'], '10', '4'), ['-6', '4', '4'])
})

test('every number is in the step that is said', () => {
  for (const size of [0.1, 0.25, 3, 7, 1e-3]) {
    const texts = Array.from({ length: 2000 }, (_, at) => String((at - 1000) * 0.05))
    for (const [at, start] of bucketsOf(texts, String(size)).entries()) {
      const number = Number(texts[at])
      const isIn = Number(start) <= number + 1e-9 && number < Number(start) + size + 1e-9
      assert.ok(isIn, `${texts[at]} is not in the step of ${size} from ${start}`)
    }
  }
})

test('durations stay durations, times times and addresses addresses', () => {
  assert.deepEqual(bucketsOf(['1.5s', '250ms', '2m3s'], '1s'), ['1s', '0', '2m3s'])
  assert.deepEqual(bucketsOf(['2025-07-18T10:20:30Z', 'x'], 'month'), ['2025-07-01T00:00:00Z', 'x'])
  assert.deepEqual(bucketsOf(['10.1.2.3', '10.1.3.0', '256.1.1.1', ''], '/24'), [
    '10.1.2.0',
    '10.1.3.0',
    '256.1.1.1',
    '',
  ])
  assert.deepEqual(bucketsOf(['10.1.2.3', '255.255.255.255'], '/0'), ['0.0.0.0', '0.0.0.0'])
  assert.deepEqual(bucketsOf(['10.1.2.3', '255.255.255.255'], '/32'), ['10.1.2.3', '255.255.255.255'])
  assert.deepEqual(bucketsOf(['10.1.2.3'], '256'), ['10.1.2.0'])
})

test('what is no number stays as it is', () => {
  const texts = ['', 'x', '-', 'NaN', 'inf', '12monkeys', '1.2.3']
  assert.deepEqual(bucketsOf(texts, '10'), texts)
  assert.deepEqual(bucketsOf(['5', '2025-07-18T10:20:30Z'], 'month'), ['5', '2025-07-01T00:00:00Z'])
})

test('the time of records is put into steps without its text, and gives the same', () => {
  const timesMs = Float64Array.from(
    { length: 500 },
    (_, at) => Date.UTC(2025, 6, 18) + ((at * 7919) % 500) * 61_003,
  )
  const timesNs = Uint32Array.from({ length: 500 }, (_, at) => (at * 1999) % 1_000_000)
  const column = new TimeColumn(timesMs, timesNs)
  const batch = new RowBatch(500, new Map([['a', column]]))
  for (const [step, offset] of [
    ['1m', null],
    ['1h', '17m'],
    ['day', 'Asia/Seoul'],
    ['month', null],
    ['7us', null],
    ['1d', '1ns'],
  ] as const) {
    const { texts, ofRow } = bindGroupKey({ field: 'a', step, offset })(batch)
    const found = Array.from(timesMs, (_, row) => texts[ofRow === null ? 0 : ofRow[row]])
    assert.deepEqual(found, bucketsOf(column.texts(), step, offset), `${step} offset ${offset}`)
    assert.equal(new Set(texts).size, texts.length, 'each step once')
  }
})
