import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { rowFields } from '../row-fields.ts'
import { selectRows } from '../run.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { blockOf, FakeSnapshot } from '../test-blocks.ts'
import { multiset, PIPE_TEST_NOW_MS, row, runPipeText, runQueryText, type TestRow } from '../test-pipes.ts'
import { decodeText } from '../values/text.ts'

const left = [row({ user: 'ann', a: '1' }), row({ user: 'bob', a: '2' }), row({ a: '3' })]
const right = [
  row({ user: 'ann', b: 'x', a: '9' }),
  row({ user: 'ann', b: 'y' }),
  row({ user: 'eve', b: 'z' }),
]
const both = { records: right, ordered: true }

test('rows get the fields of their partners, and are repeated where there are several', async () => {
  assert.deepEqual(await runPipeText('join by (user) (*)', left, both), [
    row({ user: 'ann', a: '1', b: 'x' }),
    row({ user: 'ann', a: '1', b: 'y' }),
    row({ user: 'bob', a: '2' }),
    row({ a: '3' }),
  ])
})

test('inner leaves out rows without a partner', async () => {
  assert.deepEqual(await runPipeText('join (user) (*) inner', left, both), [
    row({ user: 'ann', a: '1', b: 'x' }),
    row({ user: 'ann', a: '1', b: 'y' }),
  ])
  assert.deepEqual(await runPipeText('join on (user) (user:nobody) inner', left, both), [])
  assert.deepEqual(await runPipeText('join on (user) (user:nobody)', left, both), left)
})

test('a prefix tells fields of the same name apart; the fields that are joined by come once', async () => {
  assert.deepEqual(await runPipeText('join by (user) (b:x) inner prefix "r."', left, both), [
    row({ user: 'ann', a: '1', 'r.b': 'x', 'r.a': '9' }),
  ])
})

test('a value of the row itself stays, and an empty one is filled', async () => {
  const rows = [row({ k: '1', a: 'own' }), row({ k: '1', b: 'x' })]
  assert.deepEqual(await runPipeText('join by (k) (*)', rows, { records: [row({ k: '1', a: 'other' })] }), [
    row({ k: '1', a: 'own' }),
    row({ k: '1', a: 'other', b: 'x' }),
  ])
})

test('rows without the fields are partners of rows without them', async () => {
  assert.deepEqual(await runPipeText('join by (k) (*)', [row({ a: '1' })], { records: [row({ b: '2' })] }), [
    row({ a: '1', b: '2' }),
  ])
})

test('a join gives every pair', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const some = (name: string): TestRow[] =>
      Array.from({ length: random.below(150) }, (_, n) =>
        row({ p: String(random.below(6)), q: random.below(2) === 0 ? '' : 'x', [name]: String(n) }),
      )
    const [own, others] = [some('l'), some('r')]
    const found = await runPipeText('join by (p, q) (*)', own, { records: others, seed })
    const same = (a: TestRow, b: TestRow): boolean => a[0][1] === b[0][1] && a[1][1] === b[1][1]
    const wanted = own.flatMap((fields): TestRow[] => {
      const partners = others.filter((other) => same(fields, other))
      return partners.length === 0 ? [fields] : partners.map((partner) => [...fields, partner[2]])
    })
    assert.deepEqual(multiset(found), multiset(wanted), `seed ${seed}`)
  }
})

test('the rows of the other query must fit into memory', async () => {
  const records = Array.from({ length: 3000 }, (_, n) => row({ k: String(n), text: 'x'.repeat(50) + n }))
  const small = { records, settings: { stateBytesMax: 200_000 } }
  await assert.rejects(runPipeText('join by (k) (*)', [row({ k: '1' })], small), { code: 'QUERY_TOO_LARGE' })
})

test('union puts the rows of another query behind', async () => {
  assert.deepEqual(await runPipeText('union (b:z)', left, both), [...left, right[2]])
  assert.deepEqual(await runQueryText('a:1 | union (b:z | union (b:x))', left, both), [
    left[0],
    right[2],
    right[0],
  ])
  assert.deepEqual(await runPipeText('count() as n | union (* | count() as m)', left, both), [
    row({ n: '3' }),
    row({ m: '3' }),
  ])
})

test('rows may stand in the query itself', async () => {
  const names = 'rows({user=ann,name="Ann Lee"},{"user":"bob","name":"O\\"B"},{user=eve})'
  assert.deepEqual(await runPipeText(`join by (user) ${names}`, left, { ordered: true }), [
    row({ user: 'ann', a: '1', name: 'Ann Lee' }),
    row({ user: 'bob', a: '2', name: 'O"B' }),
    row({ a: '3' }),
  ])
  assert.deepEqual(await runPipeText(`join (user) ${names} inner prefix p. | fields p.name`, left), [
    row({ 'p.name': 'Ann Lee' }),
    row({ 'p.name': 'O"B' }),
  ])
  assert.deepEqual(await runPipeText('fields a | union rows({a=4}, {"":m,})', left, { ordered: true }), [
    ...['1', '2', '3', '4'].map((a) => row({ a })),
    row({ _msg: 'm' }),
  ])
  assert.deepEqual(await runPipeText('union rows()', left, { ordered: true }), left)
})

test('values of rows in the query may be those that a filter looks for', async () => {
  const records = [1, 2, 3].map((n) => ({ message: `m${n}`, fields: { n: String(n) } }))
  const snapshot = new FakeSnapshot([blockOf(records)])
  const query = parseQuery('n:in(nothing | union rows({n=2},{n=3}) | keep n) | fields n', { nowMs: 0 })
  const found: string[] = []
  for await (const each of (await selectRows(snapshot, query)).rows) {
    found.push(...rowFields(each).map(({ value }) => decodeText(value)))
  }
  assert.deepEqual(found, ['2', '3'])
})

test('join and union print so that they parse the same, or are refused', () => {
  const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS })
  for (const text of [
    'join (a) (x)',
    'join by (a, "b c") (x | join (a) (y) inner | limit 5) prefix "p:" inner',
    'union (x)',
    'union (options(concurrency=2) x | union (y) | sort)',
    'union rows()',
    'union rows({a=1,"b c"="\\xff\\n"} , {"a":"}"},{})',
    'join (a) rows({a=1}) prefix p inner',
    'union (rows)',
  ]) {
    assert.deepEqual(parse(printQuery(parse(text)).slice('* | '.length)), parse(text), text)
  }
  for (const text of [
    'join',
    'join by (a)',
    'join by () (x)',
    'join by (a*) (x)',
    'join by (a) ()',
    'join by (a) (x',
    'join by (a) (x) prefix',
    'join by (a) (x) outer',
    'union',
    'union x',
    'union ()',
    'union (x) y',
    'union (| limit 5)',
    'union rows',
    'union rows({a=1}',
    'union rows({a=1} {b=1})',
    'union rows({a})',
    'union rows({a=})',
    'union rows({a={b=1}})',
    'union rows(a=1)',
    'join by (a) rows({a=1',
    'rows({a=1})',
  ]) {
    assert.throws(() => parse(text), { code: 'QUERY_SYNTAX' }, text)
  }
})
