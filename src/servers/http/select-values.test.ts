import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CodedError } from '../../base/base.ts'
import type { Row } from '../../query/query.ts'
import { FIELD_STRING } from '../../record/record.ts'
import { type HttpAnswer, type HttpChanges, HttpFront, jsonOf } from './test-http.ts'

const BASE = '/select/logsql'
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const fronts: HttpFront[] = []

async function open(changes: HttpChanges = {}): Promise<HttpFront> {
  const front = await HttpFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

function problemOf(answer: HttpAnswer): readonly unknown[] {
  return [answer.status, jsonOf(answer)['code']]
}

describe('values over HTTP', () => {
  it('are asked for by the paths and parameters of VictoriaLogs', async () => {
    const front = await open()
    const rows: readonly [path: string, wanted: object][] = [
      ['field_names?query=a', { kind: 'fieldNames' }],
      ['field_values?query=a&field=host', { kind: 'fieldValues', field: 'host' }],
      ['streams?query=a&filter=web', { kind: 'streams', part: 'web' }],
      ['stream_ids?query=a', { kind: 'streamIds' }],
      ['stream_field_names?query=a', { kind: 'streamFieldNames' }],
      ['stream_field_values?query=a&field=host', { kind: 'streamFieldValues', field: 'host' }],
    ]
    for (const [path, wanted] of rows) {
      const answer = await front.ask(`${BASE}/${path}`)
      assert.deepEqual([answer.status, answer.text], [200, '{"values":[],"distinct":0,"cut":false}'], path)
      assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
      assert.deepEqual(front.hub.wanted.pop(), { ...wanted, limit: 10_000 })
    }
    assert.equal(
      (await front.post(`${BASE}/field_values?field=x`, 'query=b&limit=7&start=5m', FORM)).status,
      200,
    )
    assert.deepEqual(front.hub.wanted, [{ kind: 'fieldValues', field: 'x', limit: 7 }])
    assert.equal(front.hub.asked.at(-1), '_time:>=now-5m b')
    await front.ask(`${BASE}/streams?query=*&limit=123456789`)
    assert.equal(front.hub.wanted.at(-1)?.limit, 100_000)
  })

  it('are answered whole, whatever they hold and however many they are', async () => {
    const front = await open()
    const values = Array.from({ length: 1203 }, (_, at) => ({ value: `"\u0000\u202e${at}`, hits: at + 1 }))
    const missing = [{ fromId: 3, toId: 9, reason: 'damaged' }]
    front.hub.valuesFound = { values, distinct: 5000, isCut: true, missing }
    const answer = await front.ask(`${BASE}/field_values?query=*&field=x`)
    assert.deepEqual(jsonOf(answer), { values, distinct: 5000, cut: true, missing })
    front.hub.valuesFound = { values: values.slice(0, 1000), distinct: 1000, isCut: false, missing: [] }
    const other = await front.ask(`${BASE}/field_values?query=*&field=x`)
    assert.deepEqual(jsonOf(other), { values: values.slice(0, 1000), distinct: 1000, cut: false })
  })

  it('are those of what pipes make of records, where the query has pipes', async () => {
    const front = await open()
    const rows = (texts: readonly (readonly [value: string, hits: number])[], field: string): Row[] =>
      texts.map(([value, hits]) => ({
        kind: 'values',
        values: [
          { name: field, kind: FIELD_STRING, value: Buffer.from(value) },
          { name: 'hits', kind: FIELD_STRING, value: Buffer.from(String(hits)) },
        ],
      }))
    const asked = async (path: string, found: readonly Row[]): Promise<readonly unknown[]> => {
      front.hub.rows = found
      const answer = await front.ask(`${BASE}/${path}`)
      assert.equal(answer.status, 200, answer.text)
      return [front.hub.asked.at(-1), jsonOf(answer)]
    }
    const query = `query=${encodeURIComponent('a | extract "x<y>"')}`
    const found: readonly (readonly [string, number])[] = [
      ['', 50],
      ['b', 2],
      ['ab', 9],
      ['a', 2],
    ]
    const values = [
      { value: 'ab', hits: 9 },
      { value: 'a', hits: 2 },
      { value: 'b', hits: 2 },
    ]
    assert.deepEqual(await asked(`field_names?${query}`, rows(found, 'name')), [
      'a | extract "x<y>" | field_names',
      { values, distinct: 3, cut: false },
    ])
    assert.deepEqual(await asked(`field_values?${query}&field=y&limit=1&filter=a`, rows(found, 'y')), [
      'a | extract "x<y>" | stats by (y) count(*) as hits',
      { values: values.slice(0, 1), distinct: 2, cut: false },
    ])
    const [ofHits] = await asked(`field_values?${query}&field=hits`, [])
    assert.equal(ofHits, 'a | extract "x<y>" | stats by (hits) count(*) as hits_')
    const [ofStreams] = await asked(`streams?${query}`, [])
    assert.equal(ofStreams, 'a | extract "x<y>" | stats by (_stream) count(*) as hits')
    const [ofIds] = await asked(`stream_ids?${query}`, [])
    assert.equal(ofIds, 'a | extract "x<y>" | stats by (_stream_id) count(*) as hits')
    assert.deepEqual(front.hub.wanted, [])
    const many = Array.from({ length: 5000 }, (_, at): readonly [string, number] => [`v${at}`, at])
    const [, most] = await asked(`field_values?${query}&field=y&limit=2`, rows(many, 'y'))
    assert.deepEqual(most, {
      values: [
        { value: 'v4999', hits: 4999 },
        { value: 'v4998', hits: 4998 },
      ],
      distinct: 5000,
      cut: false,
    })
  })

  it('are those of the filter alone where that is wanted, and where they are parts of streams', async () => {
    const front = await open()
    for (const path of [
      'field_names?query=a|fields+b&ignore_pipes=1',
      'streams?query=a|fields+b&ignore_pipes=true',
      'stream_field_names?query=a|fields+b',
      'stream_field_values?query=a|fields+b&field=c',
    ]) {
      assert.equal((await front.ask(`${BASE}/${path}`)).status, 200)
      assert.equal(front.hub.asked.at(-1), 'a', path)
    }
    assert.equal(front.hub.wanted.length, 4)
  })

  it('are refused where a parameter is missing or makes no sense', async () => {
    const front = await open()
    for (const path of [
      'field_names',
      'field_values?query=a',
      'field_values?query=a&field=',
      'stream_field_values?query=a',
      'streams?query=a&limit=-1',
    ]) {
      assert.deepEqual(problemOf(await front.ask(`${BASE}/${path}`)), [400, 'REQUEST_INVALID'], path)
    }
    assert.deepEqual(problemOf(await front.ask(`${BASE}/streams?query=a|lmit+5`)), [400, 'QUERY_SYNTAX'])
    assert.deepEqual(front.hub.asked, [])
    front.hub.error = new CodedError('QUERY_CANCELLED', 'cancelled')
    assert.deepEqual(problemOf(await front.ask(`${BASE}/streams?query=a`)), [503, 'QUERY_CANCELLED'])
  })

  it('are for readers', async () => {
    const front = await open({ grant: ['write'] })
    const answer = await front.ask(`${BASE}/streams?query=a`)
    assert.deepEqual(problemOf(answer), [401, 'NOT_ALLOWED'])
  })
})
