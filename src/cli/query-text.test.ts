import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCodedError } from '../base/base.ts'
import { parseQuery, printQuery } from '../query/query.ts'
import { composeQuery, type QueryAdditions } from './query-text.ts'

const NOW_MS = 1_763_700_000_000

const VECTORS: readonly [typed: string, additions: Partial<QueryAdditions>, sent: string][] = [
  ['', {}, '*'],
  ['  ', {}, '*'],
  ['level:ERROR', {}, 'level:ERROR'],
  ['disk full', {}, 'disk full'],
  ['disk\nfull', {}, 'disk full'],
  ['"disk\nfull"', {}, '"disk\\nfull"'],
  ['disk # a comment\nfull', {}, 'disk full'],
  ['disk # a comment', { limit: 5 }, 'disk | limit 5'],
  ['disk', { since: '1h' }, '_time:1h (disk)'],
  ['a or b | limit 9', { since: '1h30m' }, '_time:1h30m (a or b) | limit 9'],
  ['disk', { since: '2026-11-20' }, '_time:>=2026-11-20 (disk)'],
  ['disk', { since: '2026-11-20T10:00:00+09:00' }, '_time:>=2026-11-20T10:00:00+09:00 (disk)'],
  ['_time:5m disk', {}, '_time:5m disk'],
  ['disk', { limit: 20, allFields: true }, 'disk | limit 20 | fields *'],
  ['disk | fields service', { allFields: true }, 'disk | fields service | fields *'],
]

describe('composeQuery', () => {
  for (const [typed, additions, sent] of VECTORS) {
    it(`makes ${sent} of ${JSON.stringify(typed)} and ${JSON.stringify(additions)}`, () => {
      const text = composeQuery(typed, { nowMs: NOW_MS, ...additions })
      assert.equal(text, sent)
      assert.ok(!/[\r\n]/.test(text))
      const query = parseQuery(text, { nowMs: NOW_MS })
      assert.deepEqual(parseQuery(printQuery(query), { nowMs: NOW_MS }), query, 'the server reads the same')
    })
  }

  for (const since of ['soon', '1x', '', '1h | limit 1', '5m)', '"5m"', '2026-13-40']) {
    it(`refuses --since ${JSON.stringify(since)}`, () => {
      assert.throws(
        () => composeQuery('x', { nowMs: NOW_MS, since }),
        (error) =>
          isCodedError(error, 'USAGE') && error.message.startsWith('--since must be a time such as 5m'),
      )
    })
  }

  it('says where a query is wrong, with the text for the caret', () => {
    assert.throws(
      () => composeQuery('level:error | lmit 5', { nowMs: NOW_MS, limit: 3 }),
      (error) =>
        isCodedError(error, 'QUERY_SYNTAX') &&
        error.details['offset'] === 14 &&
        error.details['text'] === 'level:error | lmit 5',
    )
  })
})
