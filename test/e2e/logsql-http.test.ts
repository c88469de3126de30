/**
 * LogsQL over HTTP, asked of the real program: the shapes that clients of LogsQL rely on, a tail that is pushed, and
 * queries that are watched and cancelled.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type RunningProgram, startProgram } from '../running-program.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 0, 15, 10)

/** 90 records, one each minute: two services, every third an error. */
const RECORDS = Array.from({ length: 90 }, (_, at) => ({
  _time: new Date(START + at * 60_000).toISOString(),
  _msg: `request ${at} took ${at * 10} ms`,
  level: at % 3 === 0 ? 'error' : 'info',
  service: at % 2 === 0 ? 'api' : 'web',
  bytes: at * 100,
}))

let program: RunningProgram

async function ask(
  path: string,
  parameters: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<string> {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters))
    for (const each of [value].flat()) search.append(name, each)
  const answer = await fetch(`http://127.0.0.1:${program.httpPort}${path}?${search}`)
  const text = await answer.text()
  assert.equal(answer.status, 200, text)
  return text
}

const askJson = async (path: string, parameters: Parameters<typeof ask>[1]): Promise<unknown> =>
  JSON.parse(await ask(path, parameters))

const rowsOf = async (
  query: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>[]> =>
  (await ask('/select/logsql/query', { query, ...more }))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

async function send(records: readonly object[]): Promise<void> {
  const body = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await fetch(`http://127.0.0.1:${program.httpPort}/api/v1/logs`, {
    method: 'POST',
    headers,
    body,
  })
  assert.equal(answer.status, 200, await answer.text())
}

describe('LogsQL over HTTP', () => {
  before(async () => {
    program = await startProgram()
    await send(RECORDS)
  })

  after(() => program[Symbol.asyncDispose]())

  it('gives rows whose values are texts', async () => {
    const [row] = await rowsOf('request', { limit: '1' })
    assert.deepEqual([row['bytes'], row['level'], row['service']], ['8900', 'info', 'web'])
  })

  it('runs pipes', async () => {
    assert.deepEqual(
      await rowsOf('* | stats by (level) count() as rows, max(bytes) as most | sort by (rows desc)'),
      [
        { level: 'info', rows: '60', most: '8900' },
        { level: 'error', rows: '30', most: '8700' },
      ],
    )
    assert.deepEqual(await rowsOf('level:error | extract "took <ms> ms" | stats sum(ms) as total'), [
      { total: '13050' },
    ])
    assert.deepEqual(await rowsOf('* | filter service:in(level:error | uniq by (service)) | count() as n'), [
      { n: '90' },
    ])
  })

  it('counts hits in steps of time, by fields, and sums up what is beyond the limit', async () => {
    const range = { query: '*', step: '1h', start: '2026-01-15T10:00:00Z', end: '2026-01-15T12:00:00Z' }
    assert.deepEqual(await askJson('/select/logsql/hits', range), {
      hits: [
        {
          fields: {},
          timestamps: ['2026-01-15T10:00:00Z', '2026-01-15T11:00:00Z'],
          values: [60, 30],
          total: 90,
        },
      ],
    })
    const limited = await askJson('/select/logsql/hits', {
      ...range,
      field: ['level', 'service'],
      fields_limit: '1',
    })
    assert.deepEqual(limited, {
      hits: [
        {
          fields: { level: 'info', service: 'api' },
          timestamps: ['2026-01-15T10:00:00Z', '2026-01-15T11:00:00Z'],
          values: [20, 10],
          total: 30,
        },
        {
          fields: {},
          timestamps: ['2026-01-15T10:00:00Z', '2026-01-15T11:00:00Z'],
          values: [40, 20],
          total: 60,
        },
      ],
    })
  })

  it('gives the values of every field', async () => {
    const { facets } = (await askJson('/select/logsql/facets', { query: '*', limit: '1' })) as {
      facets: { field_name: string; values: object[] }[]
    }
    assert.deepEqual(
      facets.find(({ field_name }) => field_name === 'level'),
      { field_name: 'level', values: [{ field_value: 'info', hits: 60 }] },
    )
  })

  it('answers stats as Prometheus gives a vector and a matrix', async () => {
    const time = '2026-01-15T12:00:00Z'
    assert.deepEqual(
      await askJson('/select/logsql/stats_query', { query: '_time:2h level:error | count() as n', time }),
      {
        status: 'success',
        data: {
          resultType: 'vector',
          result: [{ metric: { __name__: 'n' }, value: [Date.parse(time) / 1000, '30'] }],
        },
      },
    )
    const range = { query: '* | stats by (level) count() as n', step: '1h' }
    const matrix = (await askJson('/select/logsql/stats_query_range', range)) as {
      data: { resultType: string; result: { metric: Record<string, string>; values: unknown[] }[] }
    }
    assert.equal(matrix.data.resultType, 'matrix')
    assert.deepEqual(
      matrix.data.result.find(({ metric }) => metric['level'] === 'error'),
      {
        metric: { __name__: 'n', level: 'error' },
        values: [
          [START / 1000, '20'],
          [(START + HOUR) / 1000, '10'],
        ],
      },
    )
  })

  it('refuses what is no query of stats, and says what would be', async () => {
    const answer = await fetch(`http://127.0.0.1:${program.httpPort}/select/logsql/stats_query?query=error`)
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /must end in a pipe `stats`/)
  })

  it('forces filters on a query', async () => {
    const extra = {
      query: '* | count() as n',
      extra_filters: '{"level":"error"}',
      extra_stream_filters: '{}',
    }
    assert.equal(await ask('/select/logsql/query', extra), '{"n":"30"}\n')
    const both = { query: '* | count() as n', extra_filters: 'level:error service:api' }
    assert.equal(await ask('/select/logsql/query', both), '{"n":"15"}\n')
  })

  it('forces filters on queries within the query too, and the time range unless a query says otherwise', async () => {
    const asked = async (query: string, more: Readonly<Record<string, string>>): Promise<string> =>
      ask('/select/logsql/query', { query, ...more })
    const forced = { extra_filters: 'level:error' }
    assert.equal(await asked('nothing | union (*) | count() as n', forced), '{"n":"30"}\n')
    assert.equal(
      await asked('service:in(level:info | uniq by (service)) | count() as n', forced),
      '{"n":"0"}\n',
    )
    const joined =
      'service:api | limit 1 | fields service | join by (service) (* | by (service) count() as n) | fields n'
    assert.equal(await asked(joined, forced), '{"n":"15"}\n')
    const range = { start: '2026-01-15T11:00:00Z' }
    assert.equal(await asked('nothing | union (*) | count() as n', range), '{"n":"30"}\n')
    const beyond = 'nothing | union (options(ignore_global_time_filter=true) *) | count() as n'
    assert.equal(await asked(beyond, range), '{"n":"90"}\n')
    assert.equal(
      await asked('options(ignore_global_time_filter=true) * | count() as n', range),
      '{"n":"90"}\n',
    )
  })

  it('pushes what arrives to a tail, through its pipes', async () => {
    const stop = new AbortController()
    const query = new URLSearchParams({ query: 'pushed | extract "number <n>" | fields n' })
    const tail = await fetch(`http://127.0.0.1:${program.httpPort}/select/logsql/tail?${query}`, {
      signal: stop.signal,
    })
    await send([{ _msg: 'not this' }, { _msg: 'pushed number 17' }, { _msg: 'pushed number 18' }])
    let text = ''
    for await (const chunk of tail.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.split('\n').length > 2) break
    }
    stop.abort()
    assert.equal(text, '{"n":"17"}\n{"n":"18"}\n')
  })

  it('tells how far a query is, and forgets none that has just ended', async () => {
    await ask('/select/logsql/query', { query: 'level:error | count()', query_id: 'mine-1' })
    const info = (await askJson('/api/v1/query/mine-1', {})) as Record<string, unknown>
    assert.deepEqual([info['id'], info['state'], info['rows'], info['problem']], ['mine-1', 'done', 1, null])
    assert.equal(info['query'], 'level:error | stats count(*)')
    const unknown = await fetch(`http://127.0.0.1:${program.httpPort}/api/v1/query/nobody`)
    assert.deepEqual([unknown.status, JSON.parse(await unknown.text())['code']], [404, 'QUERY_UNKNOWN'])
    const bad = new URLSearchParams({ query: '*', query_id: 'a b' })
    const refused = await fetch(`http://127.0.0.1:${program.httpPort}/select/logsql/query?${bad}`)
    assert.deepEqual([refused.status, JSON.parse(await refused.text())['code']], [400, 'QUERY_ID_INVALID'])
  })
})
