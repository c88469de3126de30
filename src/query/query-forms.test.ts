import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError } from '../base/base.ts'
import type { Query } from './ast.ts'
import { matchBlock } from './live/match.ts'
import {
  idQuery,
  keywordQuery,
  levelQuery,
  limitedQuery,
  narrowedQuery,
  regexQuery,
  timeRangeQuery,
} from './query-forms.ts'
import { parseQuery } from './syntax/parser.ts'
import { printQuery } from './syntax/printer.ts'
import { blockOf, TEST_NOW_MS, type TestRecord } from './test-blocks.ts'

function found(query: Query, records: readonly TestRecord[]): number[] {
  const again = parseQuery(printQuery(query), { nowMs: TEST_NOW_MS })
  assert.deepEqual(again, query, `printed as ${printQuery(query)}`)
  const rows: number[] = []
  matchBlock(query, blockOf(records)).forEach((row) => {
    rows.push(row)
  })
  return rows
}

const isSyntax = (error: unknown) => isCodedError(error, 'QUERY_SYNTAX')

test('a keyword is a part of the message in any case, or the name of a level', () => {
  const records = [
    { message: 'Terror' },
    { message: 'ok', level: 'ERR' },
    { message: 'ok' },
    { message: 'none of it' },
  ]
  assert.deepEqual(found(keywordQuery('ERROR'), records), [0, 1])
  assert.deepEqual(found(keywordQuery('error'), records), [0, 1])
  assert.deepEqual(found(keywordQuery('none'), records), [3])
  assert.deepEqual(found(keywordQuery('OK'), records), [1, 2])
})

test('a keyword is text, whatever it looks like', () => {
  const records = [{ message: 'a.*b (c) | limit 5' }, { message: 'axxb' }]
  for (const word of ['.*', '(C)', '| Limit', '\\', '"', "'", '^a', '$']) {
    const isThere = records[0].message.includes(word.toLowerCase())
    assert.deepEqual(found(keywordQuery(word), records), isThere ? [0] : [], word)
  }
  assert.throws(() => keywordQuery(''), isSyntax)
})

test('a level is found by any of its names, and a word of the sender by itself', () => {
  const records = [{ level: 'ERROR' }, { level: 'err' }, { level: 'loud' }, {}]
  assert.deepEqual(found(levelQuery('Error'), records), [0, 1])
  assert.deepEqual(found(levelQuery('LOUD'), records), [2])
  assert.deepEqual(found(levelQuery('UNKNOWN'), records), [3])
  assert.deepEqual(found(levelQuery('quiet'), records), [])
})

const times = [0, 1000, 60_000, 3_600_000, 86_400_000].map((back) => ({ timeMs: TEST_NOW_MS - back }))

test('a range goes from the beginning of one time to the end of the other', () => {
  assert.deepEqual(found(timeRangeQuery('2025-07-17', '2025-07-17', TEST_NOW_MS), times), [1, 2, 3, 4])
  assert.deepEqual(found(timeRangeQuery('now-1m', 'now', TEST_NOW_MS), times), [0, 1, 2])
  assert.deepEqual(found(timeRangeQuery('1h', '', TEST_NOW_MS), times), [0, 1, 2, 3])
  assert.deepEqual(found(timeRangeQuery('', ' 1752796799 ', TEST_NOW_MS), times), [1, 2, 3, 4])
  assert.deepEqual(
    found(timeRangeQuery('17/Jul/2025:23:00:00 +0000', '2025-07-17 23:59:00Z', TEST_NOW_MS), times),
    [2, 3],
  )
})

test('a range that names no time says which end', () => {
  assert.throws(
    () => timeRangeQuery('2025', 'soon', TEST_NOW_MS),
    (error) => isCodedError(error, 'QUERY_SYNTAX') && error.details.offset === 6,
  )
  assert.throws(() => timeRangeQuery(' ', '', TEST_NOW_MS), isSyntax)
})

test('a query is narrowed by the filter of another, and limited', () => {
  const query = parseQuery('a or b | fields c', { nowMs: TEST_NOW_MS })
  const range = timeRangeQuery('2025-07-17Z', '', TEST_NOW_MS)
  assert.equal(printQuery(narrowedQuery(query, range)), '_time:>=2025-07-17Z (a or b) | fields c')
  assert.equal(printQuery(limitedQuery(query, 5)), 'a or b | fields c | limit 5')
})

test('an id is a whole number', () => {
  assert.deepEqual(found(idQuery('2'), [{}, {}, {}]), [1])
  for (const id of ['', '-1', '1.5', 'x', '99999999999999999']) assert.throws(() => idQuery(id), isSyntax, id)
})

test('a regular expression is found in the message', () => {
  const records = [{ message: 'took 15ms' }, { message: 'took long' }]
  assert.deepEqual(found(regexQuery('took \\d+ms'), records), [0])
  assert.throws(() => regexQuery('took ('), isSyntax)
})
