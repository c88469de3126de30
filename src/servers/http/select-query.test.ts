import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { afterEach, describe, it } from 'node:test'
import { CodedError, type ErrorCode } from '../../base/base.ts'
import type { Answer } from '../../hub/hub.ts'
import { printQuery, type Row } from '../../query/query.ts'
import { FIELD_STRING } from '../../record/record.ts'
import { rowOf } from '../fake-hub.ts'
import { turns, until } from '../test-peer.ts'
import { answerOf, type HttpAnswer, type HttpChanges, HttpFront, jsonOf, NOW_MS } from './test-http.ts'

const PATH = '/select/logsql/query'
/** Rows of records have the ids of their streams, over HTTP. */
const IDS = ' | fields *, _stream_id'
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

const valuesRow = (texts: Readonly<Record<string, string>>): Row => ({
  kind: 'values',
  values: Object.entries(texts).map(([name, text]) => ({
    ...{ name, kind: FIELD_STRING },
    value: Buffer.from(text),
  })),
})

function answerWith(rows: readonly Row[]): Answer {
  return {
    ...{ id: 'fake-2', missing: [], count: rows.length },
    rows: Readable.from(rows),
    [Symbol.asyncDispose]: async () => {},
  }
}

function* manyRows(count: number): Generator<Row> {
  for (let id = 0; id < count; id++) yield rowOf(id, 9, NOW_MS, `row ${id} ${'x'.repeat(500)}`)
}

describe('GET and POST /select/logsql/query', () => {
  it('streams rows as lines of JSON', async () => {
    const front = await open()
    front.hub.rows = [rowOf(1, 17, NOW_MS, 'one'), rowOf(2, 0, NOW_MS, 'two\n')]
    const answer = await front.ask(`${PATH}?query=error`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/stream+json')
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.equal(
      answer.text,
      '{"_time":"2025-06-15T15:06:40Z","_msg":"one","_id":"1"}\n' +
        '{"_time":"2025-06-15T15:06:40Z","_msg":"two\\n","_id":"2"}\n',
    )
    assert.deepEqual(front.hub.asked, [`error${IDS}`])
    assert.equal(front.hub.openAnswers, 0)
  })

  it('tells how long the first piece of an answer took', async () => {
    const front = await open()
    const query = front.hub.query.bind(front.hub)
    front.hub.query = (text, options) => {
      front.clock.advance(1250)
      return query(text, options)
    }
    for (const path of ['query', 'hits', 'facets', 'field_names']) {
      const answer = await front.ask(`/select/logsql/${path}?query=a|fields+b`)
      assert.equal(answer.headers['vl-request-duration-seconds'], '1.250', path)
    }
    const wrong = await front.ask(`${PATH}?query=`)
    assert.equal(wrong.headers['vl-request-duration-seconds'], undefined)
  })

  it('takes a form, whose parameters win', async () => {
    const front = await open()
    const answer = await front.post(`${PATH}?query=no&limit=3`, 'query=level%3Aerror+or+warn&x=1', FORM)
    assert.deepEqual([answer.status, answer.text], [200, ''])
    assert.deepEqual(front.hub.asked, [`level:error or warn | limit 3${IDS}`])
    const other = await front.post(`${PATH}?query=a`, '{}', { 'Content-Type': 'application/json' })
    assert.deepEqual(problemOf(other), [415, 'MEDIA_UNSUPPORTED'])
    assert.equal((await front.ask(`${PATH}?query=a`, { method: 'POST' })).status, 200)
    const empty = await front.post(`${PATH}?query=a`, '', { 'Content-Type': 'application/json' })
    assert.equal(empty.status, 200, 'a body that is not there has no type')
  })

  it('narrows the query to a range of time, and to a number of rows', async () => {
    const front = await open()
    const asked = async (parameters: Record<string, string>): Promise<string | undefined> => {
      const answer = await front.ask(`${PATH}?${new URLSearchParams(parameters)}`)
      assert.equal(answer.status, 200, answer.text)
      return front.hub.asked.at(-1)
    }
    assert.equal(await asked({ query: 'a or b' }), `a or b${IDS}`)
    const ranges: [start: string, end: string, filter: string][] = [
      ['5m', '', '>=now-5m'],
      ['-1h30m', '', '>=now-1h30m'],
      ['', ' 5m ', '<now-5m'],
      ['', '1752800000000', '<1752800000000'],
      ['2025-01-01Z', '1752800000', '[2025-01-01Z,1752800000)'],
      ['2025', '2025-07-18 10:00:00+09:00', '[2025,"2025-07-18 10:00:00+09:00")'],
      ['1h', 'now', '[now-1h,now]'],
      ['', '0s', '<=now'],
    ]
    for (const [start, end, filter] of ranges) {
      assert.equal(await asked({ query: 'a or b', start, end }), `_time:${filter} (a or b)${IDS}`)
    }
    assert.equal(await asked({ query: 'a', start: ' ', end: '' }), `a${IDS}`)
    assert.equal(
      await asked({ query: 'a | fields b', end: '1752800000000', limit: '10' }),
      '_time:<1752800000000 a | fields b | limit 10',
    )
    assert.equal(await asked({ query: 'a', limit: '0' }), `a${IDS}`)
    assert.equal(await asked({ query: 'a', limit: '5', offset: '10' }), `a | offset 10 | limit 5${IDS}`)
  })

  it('asks for the ids of streams where rows are records, and nowhere else', async () => {
    const front = await open()
    for (const [query, asked] of [
      ['a | extract "x<y>" | sort by (_time desc)', `a | extract "x<y>" | sort by (_time desc)${IDS}`],
      ['a | delete _stream_id', `a | delete _stream_id${IDS}`],
      ['a | fields b', 'a | fields b'],
      ['a | stats by (b) count() n | limit 2', 'a | stats by (b) count(*) as n | limit 2'],
      ['a | top 5 by (b)', 'a | top 5 by (b)'],
    ]) {
      assert.equal((await front.ask(`${PATH}?${new URLSearchParams({ query })}`)).status, 200)
      assert.equal(front.hub.asked.at(-1), asked)
    }
  })

  it('takes parameters that hide nothing', async () => {
    const front = await open()
    for (const more of [
      'hidden_fields_filters=',
      'extra_filters=',
      'extra_stream_filters=',
      'format=',
      'offset=',
    ]) {
      assert.equal((await front.ask(`${PATH}?query=a&${more}`)).status, 200, more)
    }
  })

  it('takes a time limit in any unit', async () => {
    const front = await open()
    for (const timeout of ['30', '0.5', '500ms', '1d', '1h30m', '9'.repeat(9)]) {
      assert.equal((await front.ask(`${PATH}?query=a&timeout=${timeout}`)).status, 200, timeout)
    }
  })

  it('gives CSV where that is wanted, with all columns that some row has', async () => {
    const front = await open()
    const rows = [rowOf(1, 17, NOW_MS, 'one, "two"'), rowOf(2, 0, NOW_MS, 'esc \u001b[2J')]
    const names = ['_msg', 'late'].map((name) => valuesRow({ name, hits: '2' }))
    front.hub.query = async (query) => {
      front.hub.asked.push(printQuery(query))
      return answerWith(query.pipes.at(-1)?.kind === 'field_names' ? names : rows)
    }
    const answer = await front.ask(`${PATH}?query=a&format=csv`)
    assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8; header=present')
    assert.equal(
      answer.text,
      '_time,_msg,_id,late\n' +
        '2025-06-15T15:06:40Z,"one, ""two""",1,\n' +
        '2025-06-15T15:06:40Z,esc \\u001b[2J,2,\n',
    )
    assert.deepEqual(front.hub.asked, [`a${IDS} | field_names`, `a${IDS}`])
  })

  it('says that a query was cancelled', async () => {
    const front = await open()
    front.hub.error = new CodedError('QUERY_CANCELLED', 'The query was cancelled.')
    const answer = await front.ask(`${PATH}?query=a`)
    assert.deepEqual(problemOf(answer), [503, 'QUERY_CANCELLED'])
    assert.equal(jsonOf(answer)['detail'], 'The query was cancelled.')
  })

  it('answers 503 where a query had no turn, and says when to come again', async () => {
    const front = await open()
    front.hub.error = new CodedError('SERVER_BUSY', 'no turn')
    const answer = await front.ask(`${PATH}?query=a`)
    assert.deepEqual([...problemOf(answer), answer.headers['retry-after']], [503, 'SERVER_BUSY', '1'])
  })

  it('refuses parameters that make no sense', async () => {
    const front = await open()
    for (const search of [
      '',
      'query=',
      'query=a&limit=x',
      'query=a&limit=-1',
      'query=a&timeout=soon',
      'query=a&timeout=0',
      'query=a&timeout=-1s',
      'query=a&format=xml',
      'query=a&hidden_fields_filters=&hidden_fields_filters=pass*word',
      'query=a&hidden_fields_filters=a,_time',
      'query=a&hidden_fields_filters=*',
      'query=a&hidden_fields_filters=_i*',
      'query=a&hidden_fields_filters=["a",7]',
      'query=a&hidden_fields_filters=["a"',
      `query=a&hidden_fields_filters=${'a,'.repeat(1001)}`,
    ]) {
      assert.deepEqual(problemOf(await front.ask(`${PATH}?${search}`)), [400, 'REQUEST_INVALID'], search)
    }
    for (const search of ['start=soon', 'end=soon', 'start=1h&end=tomorrow', 'start="now"']) {
      const answer = await front.ask(`${PATH}?query=a&${search}`)
      assert.deepEqual(problemOf(answer), [400, 'QUERY_SYNTAX'], search)
      assert.match(String(jsonOf(answer)['detail']), /is no time: write it like/)
    }
    assert.deepEqual(front.hub.asked, [])
  })

  it('shows where a query is wrong', async () => {
    const front = await open()
    const answer = await front.ask(`${PATH}?query=level:error|lmit+5`)
    assert.deepEqual(problemOf(answer), [400, 'QUERY_SYNTAX'])
    const { detail, offset, length } = jsonOf(answer)
    assert.match(String(detail), /^level:error\|lmit 5\n {12}\^\^\^\^\n.*did you mean `limit`\?$/)
    assert.deepEqual([offset, length], [12, 4])
  })

  for (const [code, status] of [
    ['QUERY_TOO_LARGE', 422],
    ['QUERY_CANCELLED', 503],
    ['STORE_CLOSED', 503],
    ['STORE_UNKNOWN', 404],
    ['WORKER_DIED', 503],
  ] as const satisfies readonly (readonly [ErrorCode, number])[]) {
    it(`answers ${code} with ${status}`, async () => {
      const front = await open()
      front.hub.error = new CodedError(code, 'says the test')
      const answer = await front.ask(`${PATH}?query=a`)
      assert.deepEqual(problemOf(answer), [status, code])
      assert.equal('retry-after' in answer.headers, status === 503)
    })
  }

  it('answers 504 when the time is up', async () => {
    const front = await open()
    front.hub.query = (_query, options) =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener('abort', () => reject(new CodedError('QUERY_CANCELLED', 'stopped')))
        front.hub.openAnswers = -1
      })
    const answer = front.ask(`${PATH}?query=a&timeout=2s`)
    await until(() => front.hub.openAnswers === -1, 'the query')
    front.clock.advance(1999)
    await turns()
    front.clock.advance(1)
    assert.deepEqual(problemOf(await answer), [504, 'QUERY_CANCELLED'])
  })

  it('answers 503 when the time is up and the query had no turn', async () => {
    const front = await open()
    const error = new CodedError('QUERY_CANCELLED', 'it waited', { details: { hadTurn: false } })
    front.hub.query = (_query, options) =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener('abort', () => reject(error))
        front.hub.openAnswers = -1
      })
    const answer = front.ask(`${PATH}?query=a&timeout=2s`)
    await until(() => front.hub.openAnswers === -1, 'the query')
    await turns()
    front.clock.advance(2000)
    assert.deepEqual(problemOf(await answer), [503, 'SERVER_BUSY'])
  })

  it('breaks the connection off when something goes wrong behind the first rows', async () => {
    const front = await open()
    front.hub.rows = (function* () {
      yield* manyRows(200)
      throw new CodedError('QUERY_TOO_LARGE', 'says the test')
    })()
    await assert.rejects(front.ask(`${PATH}?query=a`), { code: 'ECONNRESET' })
    assert.equal(front.hub.openAnswers, 0)
  })

  it('reads rows no faster than the peer takes them, and stops when it goes', async () => {
    const front = await open()
    let rowsRead = 0
    front.hub.rows = (function* () {
      for (const row of manyRows(1_000_000)) {
        rowsRead++
        yield row
      }
    })()
    const peer = await front.peer()
    peer.socket.pause()
    peer.send(`GET ${PATH}?query=a HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await until(() => rowsRead > 100, 'the first rows')
    let before = -1
    await until(() => {
      const stands = before === rowsRead
      before = rowsRead
      return stands
    }, 'a stand')
    await turns(500)
    assert.ok(rowsRead < 100_000, `${rowsRead} rows were read`)
    peer.destroy()
    await until(() => front.hub.openAnswers === 0, 'the end of the answer')
    assert.ok(rowsRead < 200_000)
  })

  it('cancels a query whose client goes', async () => {
    const front = await open()
    front.hub.query = (_query, options) =>
      new Promise((_resolve, reject) => {
        front.hub.signals.push(options?.signal ?? AbortSignal.abort())
        options?.signal?.addEventListener('abort', () => reject(new CodedError('QUERY_CANCELLED', 'stopped')))
      })
    const peer = await front.peer()
    peer.send(`GET ${PATH}?query=a HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await until(() => front.hub.signals.length === 1, 'the query')
    assert.equal(front.hub.signals[0].aborted, false)
    peer.destroy()
    await until(() => front.hub.signals[0].aborted, 'the cancellation')
  })

  it('answers 503 while the rows of other answers are too many, and not for longer', async () => {
    const front = await open()
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    front.hub.count_ = 20_000_000
    front.hub.rows = (async function* (): AsyncGenerator<Row> {
      await finished
      yield rowOf(1, 9, NOW_MS, 'x')
    })()
    const slow = front.ask(`${PATH}?query=*`)
    await until(() => front.hub.openAnswers === 1, 'the first answer')
    assert.deepEqual(problemOf(await front.ask(`${PATH}?query=*`)), [503, 'SERVER_BUSY'])
    finish()
    assert.equal((await slow).status, 200)
    front.hub.rows = []
    assert.equal((await front.ask(`${PATH}?query=*`)).status, 200)
    assert.equal(front.hub.openAnswers, 0)
  })

  it('gives all rows where no limit is given', async () => {
    const front = await open()
    front.hub.rows = (function* () {
      for (let id = 0; id < 20_000; id++) yield rowOf(id, 0, NOW_MS, 'x')
    })()
    const sent = front.begin(`${PATH}?query=*`)
    const answer = answerOf(sent)
    sent.end()
    assert.equal((await answer).text.split('\n').length, 20_001)
    assert.equal(front.hub.signals.length, 1)
  })
})
