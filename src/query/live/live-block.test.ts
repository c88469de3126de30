/** What tails share of a block: they find what a query finds, however many of them ask. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset, SeededRandom } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { Query } from '../ast.ts'
import type { Row } from '../row.ts'
import { rowJson } from '../row-fields.ts'
import { FilterPlan } from '../scan/plan.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'

import { LiveBlock } from './live-block.ts'
import { matchBlock, type RowVisitor, visitRows } from './match.ts'

const parse = (text: string): Query => parseQuery(text, { nowMs: TEST_NOW_MS })

const WORDS = ['disk', 'Error', 'timeout', 'größe', 'a', 'of', 'full', 'DISK', '0815', 'x1y2z3']

function recordsOf(random: SeededRandom): TestRecord[] {
  const word = (): string => WORDS[random.below(WORDS.length)]
  return Array.from({ length: random.below(12) + 1 }, () => ({
    message: Array.from({ length: random.below(5) }, word).join(random.chance(0.8) ? ' ' : ''),
    fields: (random.chance(0.5) ? { app: random.chance(0.9) ? word() : '' } : {}) as Record<string, string>,
  }))
}

function filterOf(random: SeededRandom, depth = 2): string {
  const word = (): string =>
    WORDS[random.below(WORDS.length)] + (random.chance(0.2) ? String(random.below(10)) : '')
  const field = random.chance(0.3) ? 'app:' : ''
  const leaves = [
    () => `"${word()}"`,
    () => `"${word()} ${word()}"`,
    () => `"${word()}"*`,
    () => `i("${word()}")`,
    () => `="${word()}"`,
    () => `~"${word()}.*${word()}"`,
    () => `~"(?i)${word()}"`,
    () => `in("${word()}","${word()}")`,
    () => `seq("${word()}","${word()}")`,
    () => `contains_any("${word()}","${word()}")`,
    () => `contains_all("${word()}","${word()}")`,
    () => `substring("${word()}")`,
    () => '""',
    () => '*',
  ]
  if (depth > 0 && random.chance(0.4)) {
    const [a, b] = [filterOf(random, depth - 1), filterOf(random, depth - 1)]
    return random.chance(0.2) ? `!(${a})` : `(${a} ${random.chance(0.5) ? 'or' : ''} ${b})`
  }
  return field + leaves[random.below(leaves.length)]()
}

const rowsOf = (found: { forEach(visit: (row: number) => void): void } | null): number[] => {
  const rows: number[] = []
  found?.forEach((row) => {
    rows.push(row)
  })
  return rows
}

test('many tails find in a shared block what each finds alone', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = new SeededRandom(seed)
    const block = blockOf(recordsOf(random))
    const texts = Array.from({ length: 12 }, () => filterOf(random))
    const queries = texts.map(parse)
    // One of them joined after the block had come.
    const live = new LiveBlock(block, queries.slice(1))
    for (const [at, query] of queries.entries())
      assert.deepEqual(
        rowsOf(live.match(query)),
        rowsOf(matchBlock(query, block)),
        `seed ${seed}: ${texts[at]}`,
      )
  }
})

test('a text that stands nowhere is found out without looking at rows, and else only rows that hold it are', (t) => {
  const looked = t.mock.method(FilterPlan.prototype, 'matchAmong')
  const nowhere = Array.from({ length: 50 }, (_, at) => parse(`"nothing ${at}"`))
  const somewhere = parse('"disk is" or i("IS WELL")')
  const messages = ['the disk is full', 'all is well', 'full of disks', 'the disk was full']
  const live = new LiveBlock(blockOf(messages.map((message) => ({ message }))), [...nowhere, somewhere])
  for (const query of nowhere) assert.equal(live.match(query), null)
  assert.equal(looked.mock.callCount(), 0)
  assert.deepEqual(rowsOf(live.match(somewhere)), [0, 1])
  assert.deepEqual(rowsOf(live.match(parse('disk -full'))), [], 'who is not known is answered all the same')
  assert.equal(looked.mock.callCount(), 2)
})

test('in values that are made to look like all texts every tail finds the same', () => {
  const texts = Array.from({ length: 60 }, (_, at) => `${'ab'.repeat(150)}${at}`)
  const queries = [...texts.map((text) => parse(`substring("${text}")`)), parse('substring("ababba")')]
  const message = `${'ab'.repeat(50_000)}59`
  const block = blockOf([{ message }, { message: 'xx ababba' }, { message: texts[7] }])
  const live = new LiveBlock(block, queries)
  for (const query of queries) assert.deepEqual(rowsOf(live.match(query)), rowsOf(matchBlock(query, block)))
})

/** What the visitor is asked and told, as text. */
function visit(text: string, block: Block, wants: (id: number) => boolean | null): string[] {
  const query = parse(text)
  const told: string[] = []
  const visitor = {
    wants(id: number): boolean | null {
      const answer = wants(id)
      told.push(`${id}?`)
      return answer
    },
    row: (id: number, row: Row | null) => void told.push(row === null ? `${id}` : `${id} ${rowJson(row)}`),
  }
  const live = new LiveBlock(block)
  for (const _ of visitRows(query, live, matchBlock(query, block), visitor));
  return told
}

const BASKETS: readonly TestRecord[] = [
  { message: 'one', fields: { items: '["a","b"]' } },
  { message: 'two', fields: {} },
  { message: 'three', fields: { items: '["c"]' } },
]

test('a visitor is asked once a record, and told of every row that its pipes leave', () => {
  const block = blockOf(BASKETS)
  const query = '* | filter items:* | unroll items | fields items'
  assert.deepEqual(
    visit(query, block, () => true),
    ['1?', '1 {"items":"a"}', '1 {"items":"b"}', '3?', '3 {"items":"c"}'],
  )
  assert.deepEqual(
    visit(query, block, () => false),
    ['1?', '1', '1', '3?', '3'],
  )
  assert.deepEqual(
    visit(query, block, (id) => (id === 3 ? null : false)),
    ['1?', '1', '1', '3?'],
  )
})

test('no row is made that nobody wants', () => {
  const block = blockOf(BASKETS)
  const live = new LiveBlock(block)
  let made = 0
  const record = live.recordRow.bind(live)
  live.recordRow = (row) => {
    made++
    return record(row)
  }
  const query = parse('*')
  const visitor = { wants: (id: number) => id === 2, row: () => {} }
  for (const _ of visitRows(query, live, matchBlock(query, block), visitor));
  assert.equal(made, 1)
  assert.equal(live.recordRow(0), live.recordRow(0))
})

test('rows that are too much for the memory of pipes together are made of fewer records at once', () => {
  const [records, rows] = [30, 40_000]
  const items = JSON.stringify(new Array<number>(rows).fill(7))
  const query = parse('* | unroll items | fields items')
  const block = blockOf(Array.from({ length: records }, () => ({ message: 'm', fields: { items } })))
  const asked: number[] = []
  let count = 0
  const visitor = {
    wants: (id: number) => asked.push(id) < 0,
    row: () => void count++,
  }
  for (const _ of visitRows(query, new LiveBlock(block), matchBlock(query, block), visitor));
  assert.deepEqual([asked, count], [Array.from({ length: records }, (_, at) => at + 1), records * rows])
})

test('rows that pass are shown as such where no pipe has to see them, and made where one does', () => {
  const block = blockOf([{ message: 'one' }, { message: 'two' }], 1, true)
  const shown = (text: string): Row[] => {
    const rows: Row[] = []
    const visitor: RowVisitor = {
      wants: () => 'passing',
      row: (_, row) => void (row !== null && rows.push(row)),
    }
    const query = parseQuery(text, { nowMs: 0 })
    for (const _ of visitRows(query, new LiveBlock(block), Bitset.full(2), visitor));
    return rows
  }
  const [first, second] = shown('*')
  assert.equal(first, second)
  const mapped = shown('* | fields _msg')
  assert.deepEqual(mapped.map(rowJson), ['{"_msg":"one"}', '{"_msg":"two"}'])
  for (const row of mapped)
    assert.ok(row.kind === 'values' && row.values[0].value.buffer !== block.message.data.buffer)
})
