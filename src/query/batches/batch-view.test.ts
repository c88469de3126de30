import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'
import { bindBatchFilter } from './batch-view.ts'
import { EVERY_FIELD } from './fields-wanted.ts'
import { batchOfBlock } from './record-batches.ts'

const FILTERS = [
  'error',
  'a:>3',
  'a:""',
  'level:error or level:warn',
  '_time:[2025-07-18T00:00:02Z,2025-07-18T00:00:09Z]',
  '{service="s1"}',
  '_stream:"s1"',
  'not (error a:in(1,2))',
  'nothing',
  '*',
]

const words = ['error', 'timeout', 'of', 'Error']

function randomRecord(random: SeededRandom, index: number): TestRecord {
  return {
    message: `${words[random.below(words.length)]} ${random.below(5)}`,
    timeMs: TEST_NOW_MS + index * 500,
    level: ['error', 'WARN', 'info', ''][random.below(4)],
    stream: { service: `s${random.below(3)}` },
    fields: random.chance(0.7) ? { a: String(random.below(6)) } : {},
  }
}

test('a filter finds the same rows of a batch whether it asks the block or the texts of its rows', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const records = Array.from({ length: 40 }, (_, index) => randomRecord(random, index))
    const whole = batchOfBlock(blockOf(records), null, EVERY_FIELD)
    const some = Uint32Array.from({ length: 25 }, () => random.below(40))
    for (const batch of [
      whole,
      whole.select(some),
      whole.select(some.slice().sort()).select(Uint32Array.of(3, 1, 1, 20)),
    ]) {
      assert.ok(batch.origin !== null)
      const copy = batch.withColumns(batch.columns)
      assert.equal(copy.origin, null)
      for (const text of FILTERS) {
        const find = bindBatchFilter(parseQuery(text, { nowMs: TEST_NOW_MS }).filter)
        assert.deepEqual(find(batch), find(copy), `${text}, seed ${seed}`)
      }
    }
  }
})

test('a batch with another column is no block any more', () => {
  const batch = batchOfBlock(blockOf([{ message: 'a' }, { message: 'b' }]), null, EVERY_FIELD)
  const find = bindBatchFilter(parseQuery('a', { nowMs: TEST_NOW_MS }).filter)
  assert.deepEqual(find(batch), Uint32Array.of(0))
  assert.deepEqual(find(batch.with('_msg', ['x', 'a'])), Uint32Array.of(1))
})

test('keys of rows are those of their records, also when they are sent to a thread', () => {
  const records = Array.from({ length: 9 }, (_, index) => ({ timeMs: 1000 - index, timeNs: index }))
  const batch = batchOfBlock(blockOf(records, 100), null, EVERY_FIELD).select(Uint32Array.of(8, 0, 0))
  const { timesMs, timesNs, ids } = structuredClone(batch.keys)!
  assert.deepEqual(
    [[...timesMs], [...timesNs], [...ids]],
    [
      [992, 1000, 1000],
      [8, 0, 0],
      [108, 100, 100],
    ],
  )
})
