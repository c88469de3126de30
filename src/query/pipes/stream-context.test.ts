import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { streamId } from '../special-fields.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runQueryText, type TestRow } from '../test-pipes.ts'

const records = { keyed: true, ordered: true }

const SECOND = 1000
const timeOf = (second: number): string =>
  new Date(PIPE_TEST_NOW_MS - 3_600_000 + second * SECOND).toISOString().replace('.000Z', 'Z')

function record(second: number, app: string, message: string): TestRow {
  return row({ _time: timeOf(second), _stream: `{app="${app}"}`, _msg: message, app })
}

const messages = (rows: readonly TestRow[]): string =>
  rows.map((fields) => new Map(fields).get('_msg')).join(' ')

const LINE = Array.from('ab!cdefgh!i!jklm', (letter, n) => record(n, 'x', letter === '!' ? 'hit' : letter))

test('a row comes with its neighbours, and what stands together is a chunk', async () => {
  const context = (pipe: string) => runQueryText(`hit | stream_context ${pipe}`, LINE, records)
  assert.equal(messages(await context('before 1 after 1')), 'b hit c --- h hit i hit j ---')
  assert.equal(messages(await context('before 2')), 'a b hit --- g h hit i hit ---')
  assert.equal(messages(await context('after 3')), 'hit c d e --- hit i hit j k l ---')
  assert.equal(messages(await context('before 9 after 9')), 'a b hit c d e f g h hit i hit j k l m ---')
  assert.equal(messages(await context('before 0')), 'hit --- hit --- hit ---')
})

test('the row between chunks tells the time and the stream of the chunk before it', async () => {
  const [, last] = await runQueryText('hit | stream_context after 0', LINE, records)
  const wanted = [
    ['_time', timeOf(2)],
    ['_stream', '{app="x"}'],
    ['_msg', '---'],
  ]
  assert.deepEqual(last, wanted)
  const id = ['_stream_id', streamId('{app="x"}')] as const
  const named = LINE.map((fields) => [...fields, id])
  const [, lastNamed] = await runQueryText('hit | stream_context after 0', named, records)
  assert.deepEqual(lastNamed, [...wanted, id])
})

test('neighbours are of the same stream', async () => {
  const rows = [
    record(0, 'x', 'a'),
    record(1, 'y', 'b'),
    record(2, 'x', 'hit'),
    record(3, 'y', 'c'),
    record(4, 'x', 'd'),
    row({ _time: timeOf(5), _stream: '{app="x",host="h"}', _msg: 'e' }),
  ]
  assert.equal(
    messages(await runQueryText('hit | stream_context before 5 after 5', rows, records)),
    'a hit d ---',
  )
})

test('records without a stream have each other for neighbours', async () => {
  const rows = [
    row({ _time: timeOf(0), _msg: 'a' }),
    record(1, 'x', 'b'),
    row({ _time: timeOf(2), _msg: 'hit' }),
    row({ _time: timeOf(3), _msg: 'c' }),
  ]
  assert.equal(
    messages(await runQueryText('hit | stream_context before 5 after 5', rows, records)),
    'a hit c ---',
  )
})

test('neighbours are no further away than the time window', async () => {
  const rows = [record(0, 'x', 'a'), record(3600, 'x', 'hit'), record(7200, 'x', 'b'), record(7201, 'x', 'c')]
  const context = (pipe: string) =>
    runQueryText(`hit | stream_context before 5 after 5${pipe}`, rows, records)
  assert.equal(messages(await context('')), 'a hit b ---')
  assert.equal(messages(await context(' time_window 59m')), 'hit ---')
  assert.equal(messages(await context(' time_window 1w')), 'a hit b c ---')
})

test('a stream whose values hold quotes, braces and commas is found', async () => {
  const stream = '{a="x\\"},{b=\\"",c="\\\\"}'
  const rows = ['a', 'hit', 'b'].map((_msg, n) =>
    row({ _time: timeOf(n), _stream: stream, _msg, a: 'x"},{b="', c: '\\' }),
  )
  assert.equal(messages(await runQueryText('hit | stream_context before 1', rows, records)), 'a hit ---')
})

test('too many rows and too many streams are refused', async () => {
  const many = (streams: number, rows: number): TestRow[] =>
    Array.from({ length: streams * rows }, (_, n) => record(n % 60, `s${n % streams}`, 'hit'))
  const context = (rows: TestRow[]) =>
    runQueryText('hit | stream_context before 0', rows, { ...records, cuts: 0 })
  assert.equal((await context(many(100, 1))).length, 200)
  await assert.rejects(context(many(101, 1)), { code: 'QUERY_TOO_LARGE' })
  assert.equal((await context(many(1, 1000))).length, 1001)
  await assert.rejects(context(many(1, 1001)), { code: 'QUERY_TOO_LARGE' })
})

test('the context of any rows is what a look at all records gives', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed)
    const rows = Array.from({ length: random.below(80) }, (_, n) =>
      record(random.below(30), `s${random.below(3)}`, random.below(5) === 0 ? 'hit' : `m${n}`),
    )
    const before = random.below(4)
    const after = random.below(4)
    const windowMs = [500, 3000, 3_600_000][random.below(3)]
    const text = `hit | stream_context before ${before} after ${after} time_window ${windowMs}ms`
    const found = await runQueryText(text, rows, { keyed: true, seed, ordered: true })
    const chunks = naiveChunks(rows, before, after, windowMs)
    const wanted = chunks.flatMap((chunk) => [...chunk, '---'])
    assert.equal(messagesByStream(found), wanted.join(' '), `seed ${seed}: ${text}`)
  }
})

/** Streams in the order of their names: theirs is that of their first hits. */
function messagesByStream(rows: readonly TestRow[]): string {
  const streams = Map.groupBy(rows, (fields) => new Map(fields).get('_stream') ?? '')
  return [...streams]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, all]) => messages(all))
    .join(' ')
}

function naiveChunks(rows: readonly TestRow[], before: number, after: number, windowMs: number): string[][] {
  const chunks: string[][] = []
  const values = rows.map(
    (fields, id) => ({ ...Object.fromEntries(fields), id }) as Record<string, string> & { id: number },
  )
  const streams = Map.groupBy(values, ({ _stream }) => _stream)
  for (const [, stream] of [...streams].sort(([a], [b]) => (a < b ? -1 : 1))) {
    stream.sort((a, b) => Date.parse(a._time) - Date.parse(b._time) || a.id - b.id)
    const isShown = stream.map(() => false)
    for (const [at, hit] of stream.entries()) {
      if (hit._msg !== 'hit') continue
      for (let other = Math.max(0, at - before); other <= Math.min(stream.length - 1, at + after); other++) {
        const distance = Math.abs(Date.parse(stream[other]._time) - Date.parse(hit._time))
        if (distance <= windowMs) isShown[other] = true
      }
    }
    for (const [at, { _msg }] of stream.entries()) {
      if (!isShown[at]) continue
      if (at === 0 || !isShown[at - 1]) chunks.push([])
      chunks[chunks.length - 1].push(_msg)
    }
  }
  return chunks
}

test('stream_context prints so that it parses the same, and stands right behind the filter', () => {
  const parse = (text: string) => parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })
  for (const text of [
    'before 1',
    'after 2 before 3',
    'time_window 1.5h after 1',
    'before 0 time_window 1h',
  ]) {
    const query = parse(`* | stream_context ${text}`)
    assert.deepEqual(parse(printQuery(query)), query, text)
  }
  assert.doesNotThrow(() => parse('a | filter b | stream_context before 1 | limit 5'))
  for (const text of [
    '* | stream_context',
    '* | stream_context time_window 1h',
    '* | stream_context before',
    '* | stream_context before -1',
    '* | stream_context before 1 time_window 0s',
    '* | stream_context before 1 time_window x',
    '* | limit 5 | stream_context before 1',
    '* | stream_context before 1 | stream_context before 1',
  ]) {
    assert.throws(() => parse(text), { code: 'QUERY_SYNTAX' }, text)
  }
})
