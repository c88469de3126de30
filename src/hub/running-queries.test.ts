import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError, SeededRandom, SimulatedClock } from '../base/base.ts'
import { parseQuery } from '../query/query.ts'
import { QueryGate } from './query-gate.ts'
import { RunningQueries, TURN_WAIT_MS_MAX } from './running-queries.ts'

const query = parseQuery('level:error', { nowMs: 0 })

function start() {
  const clock = new SimulatedClock({ wallMs: 1000 })
  const queries = new RunningQueries(clock, new SeededRandom(1))
  return { clock, queries, begin: (id?: string) => queries.begin({ query, store: 'logs', client: 'me', id }) }
}

test('a query is listed while it waits and runs, with who asked and for how long', () => {
  const { clock, queries, begin } = start()
  const { id, runs, ends } = begin()
  clock.advance(5)
  const [waiting] = queries.list()
  assert.deepEqual(
    [
      waiting.id,
      waiting.query,
      waiting.store,
      waiting.client,
      waiting.state,
      waiting.startedMs,
      waiting.tookMs,
    ],
    [id, 'level:error', 'logs', 'me', 'waiting', 1000, 5],
  )
  runs()
  assert.equal(queries.find(id).state, 'running')
  ends(7)
  clock.advance(100)
  assert.deepEqual(queries.list(), [])
  assert.deepEqual([queries.find(id).state, queries.find(id).rows, queries.find(id).tookMs], ['done', 7, 5])
})

test('a query that is cancelled is told so, and one that has ended stays as it is', () => {
  const { queries, begin } = start()
  const running = begin('mine')
  assert.equal(queries.cancel('mine'), true)
  assert.equal(running.signal.aborted, true)
  running.fails(new CodedError('QUERY_CANCELLED', 'The query was cancelled.'))
  assert.deepEqual(
    [queries.find('mine').state, queries.find('mine').problem],
    ['cancelled', 'The query was cancelled.'],
  )
  assert.equal(queries.cancel('mine'), false)
  assert.equal(queries.find('mine').state, 'cancelled')
})

test('whoever asked may end it too', () => {
  const { queries } = start()
  const stop = new AbortController()
  const { signal } = queries.begin({ query, store: 'logs', signal: stop.signal })
  stop.abort()
  assert.equal(signal.aborted, true)
})

test('what went wrong is kept', () => {
  const { queries, begin } = start()
  begin('bad').fails(new CodedError('QUERY_TOO_LARGE', 'much'))
  assert.deepEqual([queries.find('bad').state, queries.find('bad').problem], ['failed', 'much'])
})

test('an id is a plain word, and that of one query at a time', () => {
  const { begin } = start()
  for (const id of ['', 'a b', 'x'.repeat(65), '../x'])
    assert.throws(() => begin(id), { code: 'QUERY_ID_INVALID' }, id)
  const first = begin('mine')
  assert.throws(() => begin('mine'), { code: 'QUERY_ID_INVALID' })
  first.ends(0)
  begin('mine')
})

test('slow queries are remembered longer than quick ones, the last one first', () => {
  const { clock, queries, begin } = start()
  for (const id of ['slow-1', 'slow-2']) {
    const running = begin(id)
    clock.advance(1500)
    running.ends(1)
  }
  for (let at = 0; at < 300; at++) begin(`quick-${at}`).ends(0)
  assert.deepEqual(
    queries.slow().map(({ id }) => id),
    ['slow-2', 'slow-1'],
  )
  assert.equal(queries.find('slow-1').tookMs, 1500)
  assert.throws(() => queries.find('quick-0'), { code: 'QUERY_UNKNOWN' })
  assert.throws(() => queries.cancel('nobody'), { code: 'QUERY_UNKNOWN' })
})

test('a query that has no turn for too long is given up, and told to come again', async () => {
  const { clock, queries, begin } = start()
  const gate = new QueryGate(1)
  const leave = await gate.enter(undefined)
  const waiting = begin()
  const turn = gate.enter(waiting.signal)
  clock.advance(TURN_WAIT_MS_MAX - 1)
  assert.equal(waiting.signal.aborted, false)
  clock.advance(1)
  await assert.rejects(turn, { code: 'SERVER_BUSY', message: /had no turn for 10 s: ask again soon/ })
  waiting.fails(new CodedError('SERVER_BUSY', 'no turn'))
  assert.deepEqual([queries.find(waiting.id).state, queries.find(waiting.id).problem], ['failed', 'no turn'])
  leave()
  assert.equal(gate.running, 0)
})

test('a query that runs is not given up, however long it takes; nor is one that has ended', () => {
  const { clock, begin } = start()
  const [running, ended] = [begin(), begin()]
  running.runs()
  ended.fails(new CodedError('QUERY_TOO_LARGE', 'too large'))
  clock.advance(100 * TURN_WAIT_MS_MAX)
  assert.deepEqual([running.signal.aborted, ended.signal.aborted], [false, false])
})
