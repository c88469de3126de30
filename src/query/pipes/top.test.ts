import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, type TestRow } from '../test-pipes.ts'
import { compareKeysExactly, valueKey } from '../values/value-order.ts'

const ordered = { ordered: true }

const rowsOf = (texts: string): TestRow[] => texts.split(' ').map((a) => row({ a: a === '-' ? '' : a }))

test('the most frequent values come first, those with as many rows in the order of their values', async () => {
  assert.deepEqual(await runPipeText('top by (a)', rowsOf('b 10 9 b a 10 - 9 b'), ordered), [
    row({ a: 'b', hits: '3' }),
    row({ a: '9', hits: '2' }),
    row({ a: '10', hits: '2' }),
    row({ hits: '1' }),
    row({ a: 'a', hits: '1' }),
  ])
})

test('top takes a number, names of fields with or without parentheses, a name for hits, and ranks', async () => {
  const rows = rowsOf('b a b')
  assert.deepEqual(await runPipeText('top 1 a', rows, ordered), [row({ a: 'b', hits: '2' })])
  assert.deepEqual(await runPipeText('top 1 by a hits as n', rows, ordered), [row({ a: 'b', n: '2' })])
  assert.deepEqual(await runPipeText('top (a) hits n rank', rows, ordered), [
    row({ a: 'b', n: '2', rank: '1' }),
    row({ a: 'a', n: '1', rank: '2' }),
  ])
  assert.deepEqual(await runPipeText('top 1 by (a) rank as place hits n', rows, ordered), [
    row({ a: 'b', n: '2', place: '1' }),
  ])
  assert.deepEqual(await runPipeText('top 0 by (a)', rows, ordered), [])
})

test('the name of the hits is none of the fields', async () => {
  assert.deepEqual(await runPipeText('top by (hits, hitss)', [row({ hits: 'x', hitss: 'y' })]), [
    row({ hits: 'x', hitss: 'y', hitsss: '1' }),
  ])
})

test('no two fields of the result have one name', () => {
  for (const pipe of [
    'top by (a) hits as a',
    'top by (rank) rank',
    'top by (a) rank as hits',
    'top a hits as n rank n',
  ]) {
    assert.throws(
      () => parseQuery(`* | ${pipe}`, { nowMs: PIPE_TEST_NOW_MS }),
      (error) => isCodedError(error, 'QUERY_SYNTAX') && /would be called/.test(error.message),
      pipe,
    )
  }
})

test('tuples of several fields are told apart whatever their texts hold', async () => {
  const rows = [
    row({ a: '1,', b: '2' }),
    row({ a: '1', b: ',2' }),
    row({ a: '', b: '1,2' }),
    row({ a: '1,2' }),
  ]
  assert.equal((await runPipeText('top by (a, b)', rows)).length, 4)
  assert.equal((await runPipeText('uniq by (b, a, b)', rows)).length, 4)
})

test('top and uniq count exactly what is there', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed)
    const kinds = 1 + random.below(400)
    const rows = Array.from({ length: random.below(600) }, () =>
      row({
        a: String(random.below(kinds)),
        b: random.below(3) === 0 ? '' : 'bé\ud800'.slice(0, random.below(4)),
      }),
    )
    const by = [['a'], ['b'], ['a', 'b'], ['a', 'b', 'nothing']][random.below(4)]
    const wanted = naively(rows, by)
    const limit = random.below(2 * kinds)
    const where = `seed ${seed}`
    const list = by.join(', ')
    const byHits = wanted.toSorted((x, y) => y.hits - x.hits || compareTuples(x.texts, y.texts))
    assert.deepEqual(
      await runPipeText(`top ${limit} by (${list})`, rows, { ...ordered, seed }),
      byHits.slice(0, limit).map((each) => rowOf(by, each)),
      where,
    )
    const byValue = wanted.toSorted((x, y) => compareTuples(x.texts, y.texts))
    assert.deepEqual(
      await runPipeText(`uniq by (${list}) with hits limit ${limit}`, rows, { ...ordered, seed }),
      byValue.slice(0, limit).map((each) => rowOf(by, each)),
      where,
    )
  }
})

interface Counted {
  readonly texts: readonly string[]
  hits: number
}

function naively(rows: readonly TestRow[], by: readonly string[]): Counted[] {
  const counted = new Map<string, Counted>()
  for (const fields of rows) {
    const values = new Map(fields)
    const texts = by.map((name) => values.get(name) ?? '')
    const known = counted.get(JSON.stringify(texts)) ?? { texts, hits: 0 }
    known.hits++
    counted.set(JSON.stringify(texts), known)
  }
  return [...counted.values()]
}

function compareTuples(a: readonly string[], b: readonly string[]): number {
  return a.reduce((order, text, at) => order || compareKeysExactly(valueKey(text), valueKey(b[at])), 0)
}

function rowOf(by: readonly string[], { texts, hits }: Counted): TestRow {
  const fields = by.map((name, at) => [name, texts[at]] as const).filter(([, text]) => text !== '')
  return [...fields, ['hits', String(hits)]]
}

test('what does not fit into memory is refused; a limited uniq needs little', async () => {
  const rows = Array.from({ length: 5000 }, (_, n) => row({ a: `value ${n}` }))
  const small = { settings: { stateBytesMax: 100_000 }, ...ordered }
  await assert.rejects(runPipeText('top by (a)', rows, small), { code: 'QUERY_TOO_LARGE' })
  await assert.rejects(runPipeText('uniq by (a)', rows, small), { code: 'QUERY_TOO_LARGE' })
  assert.deepEqual(await runPipeText('uniq by (a) limit 2', rows, small), [
    row({ a: 'value 0' }),
    row({ a: 'value 1' }),
  ])
  assert.deepEqual(await runPipeText('field_values a limit 1', rows, small), [
    row({ a: 'value 0', hits: '1' }),
  ])
})

test('a limited uniq gives back what it cuts', async () => {
  const falling = Array.from({ length: 5000 }, (_, n) => row({ a: String(9999 - n), b: 'x' }))
  const small = { settings: { stateBytesMax: 100_000 }, ordered: true }
  assert.deepEqual(await runPipeText('uniq by (a) with hits limit 1', falling, small), [
    row({ a: '5000', hits: '1' }),
  ])
  assert.deepEqual(await runPipeText('uniq by (a, b) limit 1', falling, small), [row({ a: '5000', b: 'x' })])
})

test('uniq and field_values may leave out what does not contain a text', async () => {
  const rows = [
    row({ a: 'web-1', b: 'x' }),
    row({ a: 'db', b: 'web' }),
    row({ a: 'WEB' }),
    row({ a: 'web-1' }),
    row({}),
  ]
  assert.deepEqual(await runPipeText('uniq by (a) filter web', rows, ordered), [row({ a: 'web-1' })])
  assert.deepEqual(await runPipeText('uniq by (a) with hits limit 1 filter "b"', rows, ordered), [
    row({ a: 'db', hits: '1' }),
  ])
  assert.deepEqual(await runPipeText('uniq by (b, a) filter web', rows, ordered), [
    row({ a: 'web-1' }),
    row({ b: 'web', a: 'db' }),
    row({ b: 'x', a: 'web-1' }),
  ])
  assert.deepEqual(await runPipeText('field_values a filter "-" limit 5', rows, ordered), [
    row({ a: 'web-1', hits: '2' }),
  ])
  assert.deepEqual(await runPipeText('uniq by (a) filter nothing', rows, ordered), [])
  assert.equal((await runPipeText('uniq by (a) filter ""', rows, ordered)).length, 4)
})

test('field_values counts the values of one field, the empty one as well', async () => {
  const rows = rowsOf('b a b -')
  assert.deepEqual(await runPipeText('field_values a', rows, ordered), [
    row({ hits: '1' }),
    row({ a: 'a', hits: '1' }),
    row({ a: 'b', hits: '2' }),
  ])
  assert.deepEqual(await runPipeText('field_values hits', rows, ordered), [row({ hitss: '4' })])
})

test('top, uniq and field_values print so that they parse the same, or are refused', () => {
  const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS })
  for (const text of [
    'top a',
    'top 5 by (a, "b c")',
    'top by ("hits", "rank") hits as "as" rank as by',
    'uniq a, b',
    'uniq (a) hits',
    'uniq by ("with") with hits limit 5',
    'field_values (a)',
    'field_values "limit" limit 5',
    'uniq by (a, b) with hits limit 5 filter "x y"',
    'field_values a filter "limit"',
  ]) {
    assert.deepEqual(parse(printQuery(parse(text)).slice('* | '.length)), parse(text), text)
  }
  for (const text of [
    'top',
    'top 5',
    'top by',
    'top ()',
    'top rank',
    'top by (a) hits',
    'top by (a) hits as',
    'top -1 by (a)',
    'uniq',
    'uniq hits',
    'uniq with hits',
    'uniq by (a) with',
    'uniq by (a) limit',
    'uniq a,',
    'uniq by (a) filter',
    'uniq by (a) filter x filter y',
    'field_values a filter limit 5',
    'field_values',
    'field_values (a',
    'field_values a, b',
  ]) {
    assert.throws(() => parse(text), { code: 'QUERY_SYNTAX' }, text)
  }
})
