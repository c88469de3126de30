import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, type TestRow } from '../test-pipes.ts'

const records = { keyed: true, ordered: true }
const names = (rows: readonly TestRow[]): string => rows.map((fields) => new Map(fields).get('n')).join(' ')

test('of rows that are the same in the fields named the oldest stays, whole, in its place', async () => {
  const rows = [
    row({ n: '1', a: 'x', b: 'p' }),
    row({ n: '2', a: 'y', b: 'p' }),
    row({ n: '3', a: 'x', b: 'q' }),
    row({ n: '4' }),
    row({ n: '5', a: '' }),
  ]
  assert.deepEqual(await runPipeText('deduplicate by (a)', rows, records), [
    row({ n: '1', a: 'x', b: 'p' }),
    row({ n: '2', a: 'y', b: 'p' }),
    row({ n: '4' }),
  ])
  assert.equal(names(await runPipeText('deduplicate by (a, b)', rows, records)), '1 2 3 4')
  assert.equal(names(await runPipeText('deduplicate (a) | limit 2', rows, records)), '2 4')
})

test('without fields rows must be the same in all but _id, whatever columns others have', async () => {
  const rows = [
    row({ _id: '1', a: 'x', b: '' }),
    row({ _id: '2', a: 'x' }),
    row({ _id: '3', a: 'x', c: 'y' }),
    row({ _id: '4', c: 'x' }),
    row({ _id: '5', a: 'x', c: 'y' }),
    row({ _id: '6' }),
    row({ _id: '7' }),
  ]
  const left = await runPipeText('deduplicate', rows, records)
  assert.equal(left.map((fields) => new Map(fields).get('_id')).join(' '), '1 3 4 6')
})

test('the oldest stays, however rows come', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new SeededRandom(seed)
    const rows = Array.from({ length: 3000 }, (_, n) => {
      const second = String(random.below(60)).padStart(2, '0')
      return row({ n: String(n), key: String(random.below(1500)), _time: `2025-07-18T00:00:${second}Z` })
    })
    const oldest = new Map<string, TestRow>()
    const inOrder = rows.toSorted((a, b) =>
      a[2][1] < b[2][1] ? -1 : a[2][1] > b[2][1] ? 1 : Number(a[0][1]) - Number(b[0][1]),
    )
    for (const fields of inOrder) if (!oldest.has(fields[1][1])) oldest.set(fields[1][1], fields)
    const left = await runPipeText('deduplicate by (key)', rows, { ...records, seed })
    assert.equal(names(left), names([...oldest.values()]), `seed ${seed}`)
  }
})

test('what does not fit into memory is refused', async () => {
  const rows = Array.from({ length: 2000 }, (_, n) => row({ n: String(n), a: 'x'.repeat(300) }))
  const small = { ...records, settings: { stateBytesMax: 200_000 } }
  await assert.rejects(runPipeText('deduplicate', rows, small), { code: 'QUERY_TOO_LARGE' })
  assert.equal(names(await runPipeText('deduplicate by (a)', rows, small)), '0')
})

test('deduplicate prints so that it parses the same, and needs names within its parentheses', () => {
  const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS })
  for (const text of ['deduplicate', 'deduplicate (a)', 'deduplicate by ("a b", by)']) {
    assert.deepEqual(parse(printQuery(parse(text)).slice('* | '.length)), parse(text), text)
  }
  for (const text of ['deduplicate by', 'deduplicate ()', 'deduplicate by (a*)', 'deduplicate a'])
    assert.throws(() => parse(text), { code: 'QUERY_SYNTAX' }, text)
})
