import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { FIELD_STRING } from '../../record/record.ts'
import { HttpFront, jsonOf } from './test-http.ts'

const fronts: HttpFront[] = []

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

async function ask(route: string, query: string, rows: readonly Readonly<Record<string, string>>[]) {
  const front = await HttpFront.open()
  fronts.push(front)
  front.hub.rows = rows.map((texts) => ({
    kind: 'values',
    values: Object.entries(texts).map(([name, text]) => ({
      ...{ name, kind: FIELD_STRING },
      value: Buffer.from(text),
    })),
  }))
  const answer = await front.ask(
    `/select/logsql/${route}?${new URLSearchParams({ query, time: '0', step: '1h' })}`,
  )
  return { status: answer.status, body: jsonOf(answer) }
}

test('groups that nothing tells apart are refused, not merged', async () => {
  const query = '* | by (app) count() n | fields n'
  const ten = { _time: '2025-06-15T10:00:00Z' }
  const eleven = { _time: '2025-06-15T11:00:00Z' }
  for (const [route, rows] of [
    ['stats_query', [{ n: '1' }, { n: '2' }]],
    [
      'stats_query_range',
      [
        { ...ten, n: '1' },
        { ...eleven, n: '5' },
        { ...ten, n: '2' },
      ],
    ],
  ] as const) {
    const { status, body } = await ask(route, query, rows)
    assert.deepEqual([status, body['code']], [400, 'QUERY_SYNTAX'], route)
    assert.equal(
      body['detail'],
      'Several groups would be the same metric `{"__name__":"n"}`: keep the fields that tell them apart, or make ' +
        'one group of them with another `stats`.',
    )
  }
})

test('metrics that have other labels, or stand at other times, are told apart', async () => {
  const query = '* | by (app) count() n, sum(x) s'
  const vector = await ask('stats_query', query, [
    { app: 'a', n: '1', s: '1' },
    { app: 'b', n: '1', s: '1' },
  ])
  assert.equal(vector.status, 200)
  const matrix = await ask('stats_query_range', query, [
    { _time: '2025-06-15T10:00:00Z', app: 'a', n: '1', s: '1' },
    { _time: '2025-06-15T10:00:00Z', app: 'b', n: '1', s: '1' },
    { _time: '2025-06-15T11:00:00Z', app: 'a', n: '1', s: '1' },
  ])
  assert.equal(matrix.status, 200)
})
