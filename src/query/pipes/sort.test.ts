import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, runQueryText, type TestRow } from '../test-pipes.ts'
import { compareValues } from '../values/value-order.ts'

const parse = (text: string) => parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })

const keyed = { keyed: true, ordered: true }

/** The texts of one field, of rows in their order. */
const column = (rows: readonly TestRow[], name: string): string[] =>
  rows.map((fields) => new Map(fields).get(name) ?? '')

const NUMBERS = ['10', '9', '', '1.5', '1e3', 'abc', '2KiB', '-3', '10'].map((a) => row({ a, same: 'x' }))

test('values are sorted by what they are: nothing, numbers and sizes by amount, then texts', async () => {
  const sorted = await runPipeText('sort by (a)', NUMBERS, keyed)
  assert.deepEqual(column(sorted, 'a'), ['', '-3', '1.5', '9', '10', '10', '1e3', '2KiB', 'abc'])
  const turned = await runPipeText('sort by (a) desc', NUMBERS, keyed)
  assert.deepEqual(column(turned, 'a'), ['abc', '2KiB', '1e3', '10', '10', '9', '1.5', '-3', ''])
})

test('times are sorted by the nanosecond, digits within texts as numbers', async () => {
  const rows = [
    row({ at: '2025-07-18T10:00:00.000000002Z', host: 'web10' }),
    row({ at: '2025-07-18T12:00:00+02:00', host: 'web9' }),
    row({ at: '2025-07-18T10:00:00.000000001Z', host: 'web010' }),
  ]
  assert.deepEqual(column(await runPipeText('sort by (at)', rows, keyed), 'host'), [
    'web9',
    'web010',
    'web10',
  ])
  assert.deepEqual(column(await runPipeText('sort by (host)', rows, keyed), 'host'), [
    'web9',
    'web010',
    'web10',
  ])
})

test('rows that are the same come in the order of their records, in the direction of the last field', async () => {
  const rows = ['1', '2', '3', '4'].map((n) => row({ n, same: 'x', _time: '2025-07-18T00:00:00Z' }))
  assert.deepEqual(column(await runPipeText('sort by (same)', rows, keyed), 'n'), ['1', '2', '3', '4'])
  assert.deepEqual(column(await runPipeText('sort by (same desc)', rows, keyed), 'n'), ['4', '3', '2', '1'])
  assert.deepEqual(column(await runPipeText('sort by (same) desc limit 2', rows, keyed), 'n'), ['4', '3'])
  assert.deepEqual(column(await runPipeText('sort by (same desc, other) limit 2', rows, keyed), 'n'), [
    '1',
    '2',
  ])
})

test('without fields, all fields but _id are compared, in the order of their names', async () => {
  const rows = [
    row({ b: '1', a: '2', _id: '1' }),
    row({ b: '2', a: '1', _id: '2' }),
    row({ b: '1', a: '1', _id: '3' }),
    row({ b: '1', _id: '4' }),
  ]
  assert.deepEqual(column(await runPipeText('sort', rows, keyed), '_id'), ['4', '3', '2', '1'])
  assert.deepEqual(column(await runPipeText('sort desc limit 2', rows, keyed), '_id'), ['1', '2'])
  assert.deepEqual(column(await runPipeText('first 3', rows, keyed), '_id'), ['4', '3', '2'])
})

test('offset leaves rows out and the rank goes on counting', async () => {
  const rows = ['3', '1', '2'].map((a) => row({ a, rank: 'old' }))
  assert.deepEqual(await runPipeText('sort by (a) offset 1 rank', rows, keyed), [
    row({ a: '2', rank: '2' }),
    row({ a: '3', rank: '3' }),
  ])
  assert.deepEqual(await runPipeText('sort by (a) offset 1 limit 1 rank as place', rows, keyed), [
    row({ a: '2', rank: 'old', place: '2' }),
  ])
  assert.deepEqual(await runPipeText('sort by (a) limit 0', rows, keyed), [])
  assert.deepEqual(await runPipeText('sort by (a) offset 3', rows, keyed), [])
})

test('each partition has rows and ranks of its own, and partitions come in the order of their values', async () => {
  const rows = [
    row({ host: 'h10', size: '5' }),
    row({ host: 'h9', size: '1' }),
    row({ host: 'h10', size: '7' }),
    row({ size: '3' }),
    row({ host: 'h9', size: '2' }),
    row({ host: 'h10', size: '6' }),
  ]
  assert.deepEqual(await runPipeText('sort by (size desc) partition by (host) limit 2 rank', rows, keyed), [
    row({ size: '3', rank: '1' }),
    row({ host: 'h9', size: '2', rank: '1' }),
    row({ host: 'h9', size: '1', rank: '2' }),
    row({ host: 'h10', size: '7', rank: '1' }),
    row({ host: 'h10', size: '6', rank: '2' }),
  ])
  assert.deepEqual(await runPipeText('first by (size) partition by (host)', rows, keyed), [
    row({ size: '3' }),
    row({ host: 'h9', size: '1' }),
    row({ host: 'h10', size: '5' }),
  ])
  assert.deepEqual(
    column(await runPipeText('sort by (size) partition by (host) offset 1 limit 1', rows, keyed), 'size'),
    ['2', '6'],
  )
})

test('last is first the other way round', async () => {
  const rows = ['3', '1', '2'].map((a) => row({ a }))
  assert.deepEqual(column(await runPipeText('last 2 by (a)', rows, keyed), 'a'), ['3', '2'])
  assert.deepEqual(column(await runPipeText('last 2 by (a desc)', rows, keyed), 'a'), ['1', '2'])
  assert.deepEqual(await runPipeText('last by (a) rank', rows, keyed), [row({ a: '3', rank: '1' })])
})

test('sorted rows come behind each other, so that limit takes the first of them', async () => {
  const rows = ['3', '1', '2'].map((a) => row({ a }))
  assert.deepEqual(column(await runPipeText('sort by (a) | limit 2', rows, keyed), 'a'), ['1', '2'])
  assert.deepEqual(column(await runPipeText('sort by (a) | offset 1 | limit 1', rows, keyed), 'a'), ['2'])
})

test('a sort by one field keeps what another one left where it is', async () => {
  const rows = ['b2', 'a1', 'a2', 'b1'].map((text) => row({ x: text[0], y: text[1] }))
  const sorted = await runQueryText('* | sort by (y) | sort by (x)', rows, keyed)
  assert.deepEqual(
    sorted.map((fields) => column([fields], 'x')[0] + column([fields], 'y')[0]),
    ['a1', 'a2', 'b1', 'b2'],
  )
})

// ---- against all rows in an array -----------------------------------------------------------------------------

const TEXTS = [
  '',
  '1',
  '2',
  '10',
  '10.0',
  'x',
  'X',
  'é',
  '2025-07-18T00:00:00Z',
  '1s',
  '999ms',
  '\ud800',
  '-',
]

function randomRows(random: SeededRandom, countMax: number): TestRow[] {
  const count = random.below(countMax)
  const texts = TEXTS.slice(random.below(6), 6 + random.below(TEXTS.length - 5))
  return Array.from({ length: count }, (_, n) => {
    const fields: [string, string][] = [['n', String(n)]]
    for (const name of ['a', 'b', 'c']) {
      if (random.below(5) > 0) fields.push([name, texts[random.below(texts.length)]])
    }
    return fields
  })
}

/** Rows in the order of `by`; ids are as `n`, and all have the same time. */
function naivelySorted(
  rows: readonly TestRow[],
  by: readonly { field: string; isDesc: boolean }[],
): TestRow[] {
  const value = (fields: TestRow, name: string): string => column([fields], name)[0]
  return [...rows].sort((one, other) => {
    for (const { field, isDesc } of by) {
      const order = compareValues(value(one, field), value(other, field))
      if (order !== 0) return isDesc ? -order : order
    }
    const order = Number(value(one, 'n')) - Number(value(other, 'n'))
    return by.at(-1)?.isDesc === true ? -order : order
  })
}

test('any sort gives what sorting all rows in an array gives', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed)
    // Some with so many rows that what is kept is cut down again and again.
    const rows = randomRows(random, seed % 10 === 0 ? 5000 : 200)
    const by = ['a', 'b', 'c']
      .slice(0, 1 + random.below(3))
      .map((field) => ({ field, isDesc: random.below(2) === 0 }))
    const limit = random.below(2) === 0 ? null : random.below(Math.min(30, rows.length) + 10)
    const offset = random.below(3) === 0 ? random.below(20) : 0
    const isPartitioned = limit !== null && random.below(2) === 0
    const fields = by.map(({ field, isDesc }) => field + (isDesc ? ' desc' : '')).join(', ')
    const text = `sort by (${fields})${isPartitioned ? ' partition by (c)' : ''} offset ${offset}${
      limit === null ? '' : ` limit ${limit}`
    }`
    const found = await runPipeText(text, rows, { ...keyed, seed })
    const sorted = naivelySorted(rows, by)
    const parts = isPartitioned
      ? [...Map.groupBy(sorted, (fields) => column([fields], 'c')[0])]
      : [['', sorted] as const]
    parts.sort(([a], [b]) => compareValues(a, b) || (a < b ? -1 : 1))
    const wanted = parts.flatMap(([, part]) => part.slice(offset, offset + (limit ?? Infinity)))
    assert.deepEqual(column(found, 'n'), column(wanted, 'n'), `seed ${seed}: ${text}`)
  }
})

test('what is sorted without a limit is held, and refused where it does not fit', async () => {
  const rows = Array.from({ length: 2000 }, (_, n) => row({ a: String(n), text: 'x'.repeat(100) + n }))
  const small = { settings: { stateBytesMax: 200_000 }, ...keyed }
  await assert.rejects(runPipeText('sort by (a)', rows, small), { code: 'QUERY_TOO_LARGE' })
  assert.deepEqual(column(await runPipeText('sort by (a desc) limit 3', rows, small), 'a'), [
    '1999',
    '1998',
    '1997',
  ])
})

test('sort prints so that it parses the same', () => {
  for (const text of [
    'sort',
    'sort desc',
    'sort by (a, "b c" desc) desc partition by (d, e) offset 5 limit 10 rank',
    'sort by (desc desc, asc, limit)',
    'sort limit 0x10 rank as limit',
    'first',
    'first 5 by (a desc) partition by (b) rank as "first"',
    'last 1_000 by (rank) rank',
  ]) {
    const query = parse(`* | ${text}`)
    assert.deepEqual(parse(printQuery(query)), query, text)
  }
})

test('what is wrong with a sort is told with its place', () => {
  const place = (text: string): number => {
    try {
      parse(`* | ${text}`)
    } catch (error) {
      const { details } = error as { details: { offset: number } }
      return details.offset - '* | '.length
    }
    assert.fail(`${text} was not refused`)
  }
  assert.equal(place('sort by (a) limit x'), 18)
  assert.equal(place('sort by (a) limit 1 limit 2'), 20)
  assert.equal(place('sort by (a*)'), 9)
  assert.equal(place('sort by (a) partition by (b)'), 0)
  assert.equal(place('sort by (a) partition by () limit 1'), 25)
  assert.equal(place('sort by (a) limit 1.5'), 18)
  assert.equal(place('first 5x by (a)'), 6)
})
