import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { Row } from '../../query/query.ts'
import { FIELD_STRING } from '../../record/record.ts'
import { until } from '../test-peer.ts'
import { type HttpAnswer, HttpFront, jsonOf, NOW_MS } from './test-http.ts'

const BASE = '/select/logsql'
const fronts: HttpFront[] = []

async function open(rows: readonly Readonly<Record<string, string>>[] = []): Promise<HttpFront> {
  const front = await HttpFront.open()
  front.hub.rows = rows.map(rowWith)
  fronts.push(front)
  return front
}

function rowWith(texts: Readonly<Record<string, string>>): Row {
  const values = Object.entries(texts).map(([name, text]) => ({
    ...{ name, kind: FIELD_STRING },
    value: Buffer.from(text),
  }))
  return { kind: 'values', values }
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

const pathOf = (path: string, parameters: Readonly<Record<string, string>>): string =>
  `${BASE}/${path}?${new URLSearchParams(parameters)}`

/** What the hub is asked where everything is right. */
async function asked(front: HttpFront, path: string, parameters: Readonly<Record<string, string>>) {
  const answer = await front.ask(pathOf(path, parameters))
  assert.equal(answer.status, 200, answer.text)
  return front.hub.asked.at(-1)
}

function problemOf(answer: HttpAnswer): readonly unknown[] {
  return [answer.status, jsonOf(answer)['code']]
}

describe('hits', () => {
  it('are counted in steps, which may begin earlier or later', async () => {
    const front = await open()
    const steps: readonly [parameters: Record<string, string>, key: string][] = [
      [{}, '_time:1d'],
      [{ step: '5m' }, '_time:5m'],
      [{ step: '300' }, '_time:300s'],
      [{ step: 'month', offset: '-2h' }, '_time:month offset "-2h"'],
      [{ step: '1d', offset: '3h30m' }, '_time:1d offset 3h30m'],
      [{ step: '1d', offset: '-3600' }, '_time:1d offset "-3600s"'],
      ...['0', '0s', '0h0m0s', '-0s', ''].map((offset): [Record<string, string>, string] => [
        { offset },
        '_time:1d',
      ]),
    ]
    for (const [parameters, key] of steps) {
      assert.equal(
        await asked(front, 'hits', { query: 'a', ...parameters }),
        `a | stats by (${key}) count(*) as hits | sort by (_time)`,
      )
    }
    const refused: readonly Record<string, string>[] = [
      { step: '0' },
      { step: '-1h' },
      { step: 'x' },
      { offset: 'x' },
      { offset: '--1h' },
      { offset: `${'0'.repeat(5000)}!` },
      { offset: `${'0s'.repeat(2500)}!` },
      { step: `${'1h'.repeat(2500)}!` },
    ]
    for (const wrong of refused) {
      const answer = await front.ask(pathOf('hits', { query: 'a', ...wrong }))
      assert.deepEqual(problemOf(answer), [400, 'REQUEST_INVALID'], JSON.stringify(wrong))
    }
  })

  it('are those of the records, whatever pipes make of their time, or of the filter alone', async () => {
    const front = await open()
    const counted = 'stats by (_time:1d) count(*) as hits | sort by (_time)'
    for (const [query, kept] of [
      ['a | fields _msg | filter b', 'a | fields _time, _msg | filter b'],
      ['a | delete _time, c', 'a | delete c'],
      ['a | extract "x<y>" | limit 3 | fields y', 'a | extract "x<y>"'],
      ['a | stats by (b) count()', 'a'],
    ]) {
      assert.equal(await asked(front, 'hits', { query }), `${kept} | ${counted}`)
      assert.equal(await asked(front, 'hits', { query, ignore_pipes: '1' }), `a | ${counted}`)
    }
    front.hub.rows = [rowWith({ _time: '', hits: '3' })]
    const answer = await front.ask(pathOf('hits', { query: 'a | rename _time as t' }))
    assert.deepEqual(problemOf(answer), [400, 'QUERY_SYNTAX'])
  })

  it('are counted by fields of any name', async () => {
    const front = await open([{ _time: '2025-06-15T00:00:00Z', hits: 'x', level: '', hits_: '7' }])
    const answer = await front.ask(`${BASE}/hits?query=a&field=hits&field=level&field=`)
    assert.equal(
      front.hub.asked.at(-1),
      'a | stats by (_time:1d, hits, level) count(*) as hits_ | sort by (_time)',
    )
    assert.deepEqual(jsonOf(answer), {
      hits: [
        {
          fields: { hits: 'x', level: '' },
          timestamps: ['2025-06-15T00:00:00Z'],
          values: [7],
          total: 7,
        },
      ],
    })
  })
})

describe('facets', () => {
  it('are asked for with their limits, of the rows of the query or of its filter alone', async () => {
    const front = await open()
    const limits = { limit: '3', max_values_per_field: '50', max_value_len: '20', keep_const_fields: '1' }
    assert.equal(
      await asked(front, 'facets', { query: 'a | fields b', ...limits }),
      'a | fields b | facets 3 max_values_per_field 50 max_value_len 20 keep_const_fields',
    )
    const alone = { query: 'a | fields b', ignore_pipes: 'true', keep_const_fields: '0' }
    assert.equal(await asked(front, 'facets', alone), 'a | facets')
  })
})

describe('stats_query', () => {
  const vector = async (query: string, row: Readonly<Record<string, string>>): Promise<unknown> => {
    const front = await open([row])
    const answer = jsonOf(await front.ask(pathOf('stats_query', { query, time: '1750000000.5' })))
    const { result } = answer['data'] as { result: { value: readonly unknown[] }[] }
    for (const { value } of result) assert.equal(value[0], 1750000000.5)
    return result.map(({ value, ...metric }) => [metric, value[1]])
  }

  it('looks from the time that is asked for, which may be how long ago it was', async () => {
    const front = await open()
    for (const [time, ms] of [
      ['', NOW_MS],
      ['now', NOW_MS],
      ['5m', NOW_MS - 300_000],
      ['-1h5m', NOW_MS - 3_900_000],
      ['now-1h', NOW_MS - 3_600_000],
      ['2025-06-15T00:00:00Z', Date.UTC(2025, 5, 15)],
      ['1749945600', Date.UTC(2025, 5, 15)],
    ] as const) {
      front.hub.rows = [rowWith({ n: '1' })]
      const answer = jsonOf(await front.ask(pathOf('stats_query', { query: '* | count() n', time })))
      assert.deepEqual(answer['data'], {
        resultType: 'vector',
        result: [{ metric: { __name__: 'n' }, value: [ms / 1000, '1'] }],
      })
    }
    const wrong = await front.ask(pathOf('stats_query', { query: '* | count() n', time: 'soon' }))
    assert.deepEqual(problemOf(wrong), [400, 'REQUEST_INVALID'])
  })

  it('gives a metric for each number, with the names that it has at the end', async () => {
    assert.deepEqual(
      await vector('* | stats by (a) count() n, sum(x) s | rename n as m, a as b', {
        ...{ b: 'q', m: '3', s: 'NaN' },
      }),
      [
        [{ metric: { __name__: 's', b: 'q' } }, 'NaN'],
        [{ metric: { __name__: 'm', b: 'q' } }, '3'],
      ],
    )
  })

  it('tells groups of the same metric apart by their time', async () => {
    assert.deepEqual(await vector('* | by (_time:1h) count() n', { _time: '2025-06-15T00:00:00Z', n: '3' }), [
      [{ metric: { __name__: 'n', _time: '2025-06-15T00:00:00Z' } }, '3'],
    ])
  })

  it('gives a metric for each range of a histogram', async () => {
    const h = '[{"vmrange":"0...1.000e-09","hits":2},{"vmrange":"8.799e-01...1.000e+00","hits":5}]'
    assert.deepEqual(await vector('* | by (a) histogram(x) h', { a: 'q', h }), [
      [{ metric: { __name__: 'h_bucket', a: 'q', vmrange: '0...1.000e-09' } }, '2'],
      [{ metric: { __name__: 'h_bucket', a: 'q', vmrange: '8.799e-01...1.000e+00' } }, '5'],
    ])
    for (const text of ['', '7', 'no json']) {
      assert.deepEqual(await vector('* | histogram(x) h', { h: text }), [
        [{ metric: { __name__: 'h' } }, text],
      ])
    }
  })
})

describe('stats_query_range', () => {
  it('cuts off in each step what the query cuts off', async () => {
    const front = await open()
    const query = 'a | fields b | stats by (b) count() n | sort by (n desc) | limit 2'
    assert.equal(
      await asked(front, 'stats_query_range', { query, step: '1h', offset: '-30m' }),
      'a | fields _time, b | stats by (_time:1h offset "-30m", b) count(*) as n | sort by (n desc) | ' +
        'sort by (n desc) partition by (_time) limit 2',
    )
  })

  it('divides rates by the length of a step', async () => {
    const front = await open()
    const seconds: unknown[] = []
    const query = front.hub.query.bind(front.hub)
    front.hub.query = (text, options) => {
      seconds.push(options?.rateSeconds)
      return query(text, options)
    }
    for (const step of ['5m', '30', '', 'hour', 'week', 'month']) {
      await asked(front, 'stats_query_range', { query: '* | rate()', step })
    }
    assert.deepEqual(seconds, [300, 30, 86_400, 3600, 604_800, 2_629_746])
  })

  it('gives the values of a metric in the order of time', async () => {
    const front = await open([
      { _time: '2025-06-15T02:00:00Z', n: '2' },
      { _time: '2025-06-15T01:00:00Z', n: '1' },
    ])
    const answer = jsonOf(
      await front.ask(pathOf('stats_query_range', { query: '* | count() n', step: '1h' })),
    )
    const start = Date.UTC(2025, 5, 15) / 1000
    assert.deepEqual(answer['data'], {
      resultType: 'matrix',
      result: [
        {
          metric: { __name__: 'n' },
          values: [
            [start + 3600, '1'],
            [start + 7200, '2'],
          ],
        },
      ],
    })
  })
})

describe('tail', () => {
  it('begins so long ago as is wanted, with the first record that came since', async () => {
    const front = await open([{ id: '17' }])
    const options: unknown[] = []
    const tail = front.hub.tail.bind(front.hub)
    front.hub.tail = (query, { afterId, ...more } = {}) => {
      options.push(afterId)
      return tail(query, more)
    }
    const begin = async (parameters: Readonly<Record<string, string>>): Promise<void> => {
      const peer = await front.peer()
      const before = front.hub.tails.length
      peer.send(`GET ${pathOf('tail', { query: 'a', ...parameters })} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      while (front.hub.tails.length === before) await new Promise((resolve) => setImmediate(resolve))
      peer.destroy()
    }
    await begin({ start_offset: '5s' })
    const asked = `a | fields *, _stream_id`
    assert.deepEqual(front.hub.asked, [`_time:>=${NOW_MS - 5000} | stats min(_id) as id`, asked])
    await begin({ start_offset: '5s', after_id: '40' })
    await begin({ start_offset: '0' })
    front.hub.rows = [rowWith({ id: '' })]
    await begin({ start_offset: '1h' })
    assert.deepEqual(options, [16, 40, undefined, undefined])
    for (const wrong of ['x', '-5s']) {
      const answer = await front.ask(pathOf('tail', { query: 'a', start_offset: wrong }))
      assert.deepEqual(problemOf(answer), [400, 'REQUEST_INVALID'])
    }
  })

  it('asks for the ids of streams where rows are records, as a query does', async () => {
    const front = await open([])
    for (const [query, asked] of [
      ['a | extract "x<y>"', 'a | extract "x<y>" | fields *, _stream_id'],
      ['a | fields b', 'a | fields b'],
    ]) {
      const peer = await front.peer()
      peer.send(`GET ${pathOf('tail', { query })} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      while (front.hub.asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
      assert.equal(front.hub.asked.pop(), asked)
      peer.destroy()
    }
  })

  it('sends empty lines where the client asks for them, and no faster than once a second', async () => {
    const front = await open([])
    const begin = async (parameters: Readonly<Record<string, string>>) => {
      const peer = await front.peer()
      peer.send(`GET ${pathOf('tail', { query: 'a', ...parameters })} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      await until(() => peer.received.includes('\r\n\r\n'), 'the headers')
      return peer
    }
    const [silent, lively] = [await begin({}), await begin({ heartbeat: '10s' })]
    front.clock.advance(10_000)
    await until(() => lively.received.endsWith('\r\n1\r\n\n\r\n'), 'an empty line')
    assert.ok(silent.received.endsWith('\r\n\r\n'), silent.received)
    for (const wrong of ['x', '-5s', '999ms']) {
      const answer = await front.ask(pathOf('tail', { query: 'a', heartbeat: wrong }))
      assert.deepEqual(problemOf(answer), [400, 'REQUEST_INVALID'], wrong)
    }
    silent.destroy()
    lively.destroy()
  })
})

describe('tenant ids', () => {
  it('are those of the one tenant', async () => {
    const front = await open()
    assert.equal((await front.ask('/select/tenant_ids')).text, '[{"account_id":0,"project_id":0}]')
  })
})
