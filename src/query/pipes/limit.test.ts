import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { limitsFirst } from '../limits-first.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, type TestRow } from '../test-pipes.ts'

const parse = (text: string) => parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })

const names = (rows: readonly TestRow[]): string => rows.map((fields) => new Map(fields).get('n')).join(' ')

const RECORDS = ['a', 'b', 'c', 'd', 'e'].map((n) => row({ n }))
const records = { keyed: true, ordered: true }

test('of records the newest are kept, oldest first', async () => {
  assert.equal(names(await runPipeText('limit 2', RECORDS, records)), 'd e')
  assert.equal(names(await runPipeText('limit 9', RECORDS, records)), 'a b c d e')
  assert.equal(names(await runPipeText('limit 0', RECORDS, records)), '')
  assert.equal(names(await runPipeText('limit 4 | limit 2', RECORDS, records)), 'd e')
})

test('the newest are those with the latest time, wherever they come', async () => {
  const rows = ['03', '01', '05', '04', '02'].map((n) => row({ n, _time: `2025-07-18T00:00:${n}Z` }))
  assert.equal(names(await runPipeText('limit 3', rows, records)), '03 04 05')
})

test('rows of one record stay in their order, and the last of them count as the newest', async () => {
  const rows = [row({ n: '[1,2,3]' }), row({ n: '[4,5,6,7]' })]
  assert.equal(names(await runPipeText('unroll by (n) | limit 9', rows, records)), '1 2 3 4 5 6 7')
  assert.equal(names(await runPipeText('unroll by (n) | limit 5', rows, records)), '3 4 5 6 7')
  assert.equal(names(await runPipeText('unroll by (n) | limit 2', rows, records)), '6 7')
})

test('of rows that are no records the first are kept', async () => {
  assert.equal(names(await runPipeText('sort by (n desc) | limit 2', RECORDS, records)), 'e d')
  assert.equal(names(await runPipeText('sort by (n) | copy n as m | limit 2', RECORDS, records)), 'a b')
  assert.equal(names(await runPipeText('top by (n) | limit 2', RECORDS, records)), 'a b')
  assert.equal(names(await runPipeText('union (*) | limit 2', RECORDS, records)), 'a b')
})

test('offset leaves out what limit would have taken', async () => {
  assert.equal(names(await runPipeText('offset 2', RECORDS, records)), 'a b c')
  assert.equal(names(await runPipeText('offset 0', RECORDS, records)), 'a b c d e')
  assert.equal(names(await runPipeText('offset 9', RECORDS, records)), '')
  assert.equal(names(await runPipeText('offset 1 | limit 2', RECORDS, records)), 'c d')
  assert.equal(names(await runPipeText('limit 3 | offset 1', RECORDS, records)), 'c d')
  assert.equal(names(await runPipeText('sort by (n) | offset 1 | limit 2', RECORDS, records)), 'b c')
})

test('offset holds back no more than it leaves out', async () => {
  const rows = Array.from({ length: 3000 }, (_, n) => row({ n: String(n), text: n + 'x'.repeat(200) }))
  const small = { ...records, settings: { stateBytesMax: 600_000 }, cuts: 2 }
  await assert.rejects(runPipeText('offset 2900', rows, small), { code: 'QUERY_TOO_LARGE' })
  assert.equal((await runPipeText('fields n | offset 2900', rows, small)).length, 100)
  assert.equal((await runPipeText('offset 300 | count() as n', rows, small))[0][0][1], '2700')
})

test('limits move before offsets, and the rows stay the same', async () => {
  const moved = (pipes: string): string => {
    const query = parse(`* | ${pipes}`)
    return printQuery({ ...query, pipes: limitsFirst(query.pipes) })
  }
  assert.equal(moved('offset 20 | limit 10'), '* | limit 30 | offset 20')
  assert.equal(moved('offset 1 | offset 2 | limit 3'), '* | limit 6 | offset 1 | offset 2')
  assert.equal(
    moved('offset 5 | limit 3 | offset 1 | limit 1'),
    '* | limit 8 | limit 7 | offset 5 | offset 1',
  )
  assert.equal(moved('offset 5 | sort | limit 3'), '* | offset 5 | sort | limit 3')
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    const pipe = (): string => `${random.below(2) === 0 ? 'limit' : 'offset'} ${random.below(8)}`
    const text = Array.from({ length: 1 + random.below(4) }, pipe).join(' | ')
    const start = random.below(2) === 0 ? '' : 'sort by (n desc) | '
    const plain = await runPipeText(start + text, RECORDS, { ...records, seed })
    assert.equal(
      names(await runPipeText(start + moved(text).slice('* | '.length), RECORDS, records)),
      names(plain),
      text,
    )
  }
})

test('numbers of rows may be written as any whole number', () => {
  for (const [text, rows] of [
    ['limit 1_000', 1000],
    ['limit 0x10', 16],
    ['limit 5K', 5000],
    ['limit 2Ki', 2048],
    ['limit 1.5K', 1500],
    ['limit 0.5KiB', 512],
    ['limit 1e3', 1000],
    ['limit', 10],
    ['head 7', 7],
  ] as const) {
    assert.deepEqual(parse(`* | ${text}`).pipes, [{ kind: 'limit', rows }], text)
  }
  for (const text of [
    'limit -1',
    'limit 1.5',
    'limit 10.0.0.1',
    'limit 1.0001K',
    'limit 5s',
    'limit inf',
    'limit x',
    'offset',
  ]) {
    assert.throws(() => parse(`* | ${text}`), { code: 'QUERY_SYNTAX' }, text)
  }
})

test('a number of rows that is too large to be exact is called so', () => {
  for (const number of ['18446744073709551615', '9007199254740992', '1e400', '99999T']) {
    assert.throws(() => parse(`* | limit ${number}`), /is too large for a number of rows/, number)
    assert.throws(() => parse(`* | generate_sequence ${number}`), /is too large for a number of rows/, number)
  }
})
