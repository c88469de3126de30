/** Filters that are asked of several fields at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import { bindBatchFilter } from '../batches/batch-view.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { parseQuery } from '../syntax/parser.ts'
import { matchingRows, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'

const RECORDS: readonly TestRecord[] = [
  { message: 'disk error', fields: { 'http.path': '/api', 'http.status': '500' } },
  { message: 'ok', fields: { 'http.path': '/error', user: 'bob' } },
  { message: 'ok', level: 'ERR', stream: { service: 'error-log' } },
  { message: 'ok', fields: { httpx: 'error' } },
  { message: '' },
]

/** Numbers of the records that the query finds. */
function check(records: readonly TestRecord[], expected: Readonly<Record<string, readonly number[]>>): void {
  for (const [query, rows] of Object.entries(expected))
    assert.deepEqual(matchingRows(query, records), rows, query)
}

test('an asterisk asks the message, the level and the fields of the sender', () => {
  check(RECORDS, {
    '*:error': [0, 1, 2, 3],
    '*:ok': [1, 2, 3],
    '*:="error-log"': [2],
    '*:>499': [0],
    '*:~"^/"': [0, 1],
    '*:in(bob, error)': [1, 2, 3],
    '*:(error !ok)': [0],
    '*:(bob or "/api")': [0, 1],
    '!*:error': [4],
    '*:!error': [4],
    '*:1970': [],
    '*:eq_field(user)': [1, 4],
  })
})

test('names that begin so are asked, and only these', () => {
  check(RECORDS, {
    'http.*:error': [1],
    'http*:error': [1, 3],
    'http.*:(error or api)': [0, 1],
    'http.*:*': [0, 1],
    '_m*:ok': [1, 2, 3],
    '_t*:1970': [0, 1, 2, 3, 4],
    'none*:x': [],
    '"http."*:contains_any(api, x)': [0],
    'http.*:range[400, 600)': [0],
  })
})

test('a filter that an empty value passes matches records that have none of the fields', () => {
  check(RECORDS, {
    'http.*:""': [2, 3, 4],
    '*:""': [4],
    'http.*:<a': [0, 1, 2, 3, 4],
    'http.s*:~"^$"': [1, 2, 3, 4],
    'none*:""': [0, 1, 2, 3, 4],
    'http.*:len_range(0, 3)': [0, 2, 3, 4],
  })
})

test('the answer does not depend on what other records of the block have', () => {
  const seed = 3
  const random = new SeededRandom(seed)
  const texts = ['', 'a', 'b', 'a b']
  const queries = [
    '*:a',
    'x*:""',
    '*:""',
    '!x.*:a',
    'x*:(a b)',
    'x*:<b',
    '*:eq_field(x.a)',
    'x.*:len_range(0, 1)',
    '_*:a',
  ]
  for (let round = 0; round < 200; round++) {
    const records = Array.from({ length: 1 + random.below(6) }, () => ({
      message: texts[random.below(4)],
      fields: Object.fromEntries(
        ['x.a', 'x.b', 'y'].flatMap((name) => (random.chance(0.5) ? [[name, texts[random.below(4)]]] : [])),
      ),
    }))
    const query = queries[random.below(queries.length)]
    const alone = records.flatMap((record, row) => (matchingRows(query, [record]).length > 0 ? [row] : []))
    assert.deepEqual(matchingRows(query, records), alone, `seed ${seed}, round ${round}: ${query}`)
  }
})

test('behind a pipe the fields are those of the rows', () => {
  const batch = RowBatch.of({ _msg: ['x', 'error'], 'a.b': ['error', ''], hits: ['5', '7'] })
  const found = (text: string): number[] | null => {
    const rows = bindBatchFilter(parseQuery(text, { nowMs: TEST_NOW_MS }).filter)(batch)
    return rows === null ? null : [...rows]
  }
  assert.equal(found('*:error'), null)
  assert.deepEqual(found('a*:error'), [0])
  assert.deepEqual(found('*:>6'), [1])
  assert.deepEqual(found('a*:""'), [1])
})

test('a filter that is not of one field is refused behind several', () => {
  for (const text of ['*:{a="b"}', 'a*:', '*:', 'f:(*:x)', 'a*b:c']) {
    assert.throws(
      () => parseQuery(text, { nowMs: TEST_NOW_MS }),
      (error) => isCodedError(error, 'QUERY_SYNTAX') && error.details.notBuilt === undefined,
      text,
    )
  }
})
