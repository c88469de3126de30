import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ExplainOptions, explainQuery } from './explain.ts'
import { parseQuery } from './syntax/parser.ts'

const NOW_MS = Date.parse('2026-01-15T10:00:00Z')
const ROWS_OF_MEMORY = 64 * 1024 * 1024

describe('how a query is explained', () => {
  it('says where the filter looks at all', () => {
    assert.equal(
      explained('_time:[2026-01-15, 2026-01-16) disk').time,
      '2026-01-15T00:00:00Z to 2026-01-15T23:59:59.999Z',
    )
    assert.equal(explained('*').blocks, 'all: every record matches')
  })

  it('says that records are found first, and how many of them', () => {
    const found = 'records that match, found by time and id, then read whole and in order'
    assert.equal(explained('disk').rows, `all ${found}`)
    assert.equal(explained('disk', { rowsMax: 100 }).rows, `the newest 100 ${found}`)
    assert.equal(explained('disk | limit 5', { rowsMax: 100 }).rows, `the newest 5 ${found}`)
    assert.equal(explained('disk | fields a | limit 5').rows, `the newest 5 ${found}, then through fields a`)
    assert.equal(
      explained('disk | extract "a<b>" | limit 5').rows,
      `the newest 5 ${found}, then through extract "a<b>"`,
    )
  })

  it('says that the newest records are enough for pipes that order by time', () => {
    const { rows, ...others } = explained('* | sort by (_time desc) limit 3')
    assert.equal(
      rows,
      'the newest 3 records that match, found by time and id, then read whole and in order, ' +
        'then through sort by (_time desc) limit 3',
    )
    assert.deepEqual(Object.keys(others), ['query', 'filter', 'blocks', 'tail'])
    assert.match(explained('* | sort by (_time desc) | limit 4').rows, /^the newest 4 /)
    assert.match(
      explained('* | offset 2 | limit 4 | stats count() n').rows,
      /^the newest 6 .* limit 6 \| offset 2/,
    )
  })

  it('says that so many newest records that memory does not hold them are gathered instead', () => {
    const { rows, reads, then, ...others } = explained(`* | sort by (_time desc) limit ${ROWS_OF_MEMORY}`)
    assert.equal(rows, undefined)
    assert.equal(reads, 'every field')
    assert.equal(others['in threads'], `sort by (_time desc) limit ${ROWS_OF_MEMORY}`)
    assert.equal(then, 'their states are merged')
  })

  it('says what threads gather, which fields they read, and what comes after', () => {
    const { rows, reads, then, ...others } = explained(
      'a:b | extract "x<y>" | stats by (y) count() n | sort by (n)',
    )
    assert.equal(rows, undefined)
    assert.equal(reads, '`_msg`')
    assert.equal(others['in threads'], 'extract "x<y>" | stats by (y) count(*) as n')
    assert.equal(then, 'their states are merged | sort by (n)')
    assert.equal(explained('* | stats count()').reads, 'no field: rows are only counted')
    assert.equal(explained('* | sort by (a)').reads, 'every field')
  })

  it('says what the limit of whoever asks makes of pipes that drop rows', () => {
    const query = '* | unroll by (a)'
    assert.equal(explained(query, { rowsMax: 7 })['in threads'], 'unroll by (a) | limit 7')
    assert.match(explained(query).rows, /^all records .* then through unroll by \(a\)$/)
    const sorted = explained('* | sort by (a) | extract "x<y>"', { rowsMax: 7 })
    assert.equal(sorted['in threads'], 'sort by (a) limit 7')
    assert.equal(sorted['then'], 'their states are merged | limit 7 | extract "x<y>"')
    assert.equal(explained('* | sort by (a) limit 9', { rowsMax: 7 })['in threads'], 'sort by (a) limit 9')
  })

  it('says that queries within the query come first', () => {
    const { first, blocks, rows } = explained('a:in(b | fields c) | limit 5')
    assert.equal(first, 'the queries within its filters, for their values')
    assert.equal(blocks, undefined)
    assert.match(rows, /^the newest 5 /)
  })

  it('says which time is looked at where the query has an offset in time', () => {
    const { query, time, rows } = explained('options(time_offset=1d) _time:[2026-01-15,2026-01-16)')
    assert.equal(query, 'options(time_offset=1d) _time:[2026-01-15,2026-01-16)')
    assert.equal(time, '2026-01-14T00:00:00Z to 2026-01-14T23:59:59.999Z')
    assert.match(rows, /then through time_add 1d$/)
  })
})

function explained(text: string, options?: ExplainOptions): Record<string, string> {
  const lines = explainQuery(parseQuery(text, { nowMs: NOW_MS }), options)
  return Object.fromEntries(lines.map(({ name, text: said }) => [name, said]))
}
