/** `hidden_fields_filters` over HTTP: every route answers as if the records had never had the fields. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../base/base.ts'
import { type Hub, openHub } from '../../hub/hub.ts'
import { encodeSample, type SampleRecord } from '../../testing/sample-records.ts'
import { HttpFront, jsonOf, NOW_MS } from './test-http.ts'

const BASE = '/select/logsql'
const HIDDEN = new Set(['password', 'secret.key', 'token'])

/** Without what is hidden where `isWhole` is not said. */
function recordsOf(isWhole: boolean): SampleRecord[] {
  return Array.from({ length: 40 }, (_, at) => {
    const fields = [
      { name: 'host', value: `web-${at % 2}`, isStream: true },
      { name: 'token', value: `t${at % 3}`, isStream: true },
      { name: 'user', value: `user${at % 4}` },
      { name: 'password', value: at % 2 === 0 ? `user${at % 5}` : '' },
      { name: 'secret.key', value: `k${at}` },
    ].filter(({ name, value }) => value !== '' && (isWhole || !HIDDEN.has(name)))
    return { message: `request ${at}`, timeMs: NOW_MS - (40 - at) * 1000, severity: 9 + (at % 9), fields }
  })
}

/** A front before a real hub, half of whose records are sealed. */
async function frontWith(isWhole: boolean): Promise<{ front: HttpFront; hub: Hub }> {
  const clock = new SimulatedClock({ wallMs: NOW_MS })
  const [disk, random] = [new SimulatedDisk(), new SeededRandom(1)]
  const hub = await openHub({ dataDir: '/data', disk, clock, random, store: { freeBytesMin: 0 } })
  const records = recordsOf(isWhole)
  await hub.store().append(encodeSample({ records: records.slice(0, 20), receivedMs: NOW_MS }))
  await hub.store().flush()
  await hub.store().append(encodeSample({ records: records.slice(20), receivedMs: NOW_MS }))
  const front = await HttpFront.open()
  front.hub.query = (query, options) => hub.query(query, options)
  front.hub.values = (query, wanted, options) => hub.values(query, wanted, options)
  return { front, hub }
}

type Parameters = readonly (readonly [string, string])[]

const HIDINGS: readonly Parameters[] = [
  [
    ['hidden_fields_filters', 'password, secret.*'],
    ['hidden_fields_filters', 'token'],
  ],
  [['hidden_fields_filters', '["password","secret.*","token"]']],
]

const QUERIES = ['*', 'password:*', '!password:*', '{token="t1"}', 'user:in(password:* | fields password)']

const ASKED: readonly (readonly [path: string, Record<string, string>])[] = [
  ...[
    ...QUERIES,
    '* | sort by (secret.key desc) | fields user, _id',
    '* | join by (user) (* | stats by (user) count_uniq(secret.key) n)',
    '* | union (password:*) | stats count(token) n',
    'password:user1 | stream_context before 1',
  ].flatMap((query): [string, Record<string, string>][] => [
    ['query', { query }],
    ['query', { query, format: 'csv' }],
  ]),
  ['query', { query: '*', extra_filters: 'password:*' }],
  ['query', { query: '*', extra_filters: '{"token":"t1"}' }],
  ['query', { query: '*', extra_stream_filters: '{"token":"t1"}' }],
  ['query', { query: '*', limit: '5', offset: '3' }],
  ...QUERIES.flatMap((query): [string, Record<string, string>][] => [
    ['hits', { query, field: 'password', step: '10s' }],
    ['hits', { query, field: 'token', fields_limit: '2' }],
    ['facets', { query }],
    ['facets', { query, keep_const_fields: '1' }],
    ['stats_query', { query: `${query} | stats by (token) count(password) n` }],
    ['stats_query_range', { query: `${query} | stats by (password) count() n`, step: '10s' }],
    ['field_names', { query }],
    ['field_names', { query: `${query} | fields password, user` }],
    ['field_values', { query, field: 'password' }],
    ['field_values', { query, field: 'user' }],
    ['field_values', { query: `${query} | format "<password>" as user`, field: 'user' }],
    ['streams', { query }],
    ['stream_ids', { query }],
    ['stream_field_names', { query }],
    ['stream_field_values', { query, field: 'token' }],
    ['stream_field_values', { query, field: 'host' }],
  ]),
]

describe('hidden fields over HTTP', () => {
  let whole: Awaited<ReturnType<typeof frontWith>>
  let never: Awaited<ReturnType<typeof frontWith>>
  before(async () => {
    whole = await frontWith(true)
    never = await frontWith(false)
  })
  after(async () => {
    for (const { front, hub } of [whole, never]) {
      await front.close()
      await hub.close()
    }
  })

  async function textOf(front: HttpFront, path: string, parameters: Parameters): Promise<string> {
    const answer = await front.ask(
      `${BASE}/${path}?${new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value]))}`,
    )
    assert.equal(answer.status, 200, answer.text)
    return answer.text
  }

  it('are as if no record had them, whatever is asked', async () => {
    for (const [path, asked] of ASKED) {
      const expected = await textOf(never.front, path, Object.entries(asked))
      for (const hiding of HIDINGS) {
        const found = await textOf(whole.front, path, [...Object.entries(asked), ...hiding])
        assert.equal(found, expected, `${path} ${JSON.stringify(asked)}`)
      }
    }
  })

  it('are seen by whoever does not hide them', async () => {
    assert.match(
      await textOf(whole.front, 'query', [['query', 'password:* | limit 1']]),
      /token.*secret\.key/,
    )
  })

  it('are hidden by a form as well', async () => {
    const form = new URLSearchParams({ query: 'password:*', hidden_fields_filters: 'password' })
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const answer = await whole.front.post(`${BASE}/query`, String(form), headers)
    assert.deepEqual([answer.status, answer.text], [200, ''])
  })

  it('are refused by tails, which could not hide them', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await whole.front.ask(`${BASE}/tail?query=*&hidden_fields_filters=password`, { method })
      assert.equal(answer.status, 400)
      assert.match(String(jsonOf(answer)['detail']), /`hidden_fields_filters` is not for tails/)
    }
    assert.equal(whole.front.hub.tails.length, 0)
  })
})
