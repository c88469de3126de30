/** What filters say that they look at, on the examples of all kinds: other fields make no difference. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import { bindBatchFilter } from './batches/batch-view.ts'
import { isWanted } from './batches/fields-wanted.ts'
import { RowBatch } from './batches/row-batch.ts'
import { fieldsOfFilter } from './filter-fields.ts'
import { FILTER_KINDS } from './filters/registry.ts'
import { hasSubquery } from './piped.ts'
import { parseQuery } from './syntax/parser.ts'
import { PIPE_TEST_NOW_MS } from './test-pipes.ts'

const parse = (text: string) => parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })

const VALUES = [
  '',
  '',
  'error',
  'api',
  '500',
  '10.0.0.1',
  '{service="api"}',
  '2025-07-18T00:00:00Z',
  '["a"]',
  '7',
]

function randomBatch(random: SeededRandom, names: readonly string[]): RowBatch {
  const columns: Record<string, string[]> = {}
  for (const name of names) {
    columns[name] = Array.from({ length: 20 }, () => VALUES[random.below(VALUES.length)])
  }
  return RowBatch.of(columns)
}

const NAMES = ['_time', '_msg', '_stream', '_id', 'level', 'service', 'host', 'status', 'ip', 'user', 'other']

test('a filter finds the same rows without the fields that it does not want', () => {
  let narrow = 0
  for (const example of FILTER_KINDS.flatMap(({ examples }) => examples)) {
    const query = parse(example)
    if (hasSubquery(query)) continue
    const fields = fieldsOfFilter(query.filter)
    const names = [
      ...new Set([...NAMES, ...fields.flatMap(({ name, isPrefix }) => (isPrefix ? [] : [name]))]),
    ]
    const wanted = { allow: fields, deny: [] }
    if (!names.every((name) => isWanted(wanted, name))) narrow++
    for (let seed = 1; seed <= 10; seed++) {
      const batch = randomBatch(new SeededRandom(seed), names)
      const left = batch.withColumns(new Map([...batch.columns].filter(([name]) => isWanted(wanted, name))))
      const find = bindBatchFilter(query.filter)
      assert.deepEqual(find(left), find(batch), `${example}, seed ${seed}`)
    }
  }
  assert.ok(narrow > 40, `${narrow} examples tell which fields they want`)
})
