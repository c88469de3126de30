import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import { BlockView } from '../scan/block-view.ts'
import { FilterPlan } from '../scan/plan.ts'
import { streamId } from '../special-fields.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, type TestRecord } from '../test-blocks.ts'

const planOf = (text: string): FilterPlan => new FilterPlan(parseQuery(text, { nowMs: 0 }).filter)

const A = '{app="a",host="x"}'
const B = '{app="b",host="x"}'

const streams: readonly Readonly<Record<string, string>>[] = [
  { app: 'a', host: 'x' },
  { app: 'b', host: 'x' },
  { app: 'a', host: 'x' },
]
const recordsOf = (list: typeof streams): TestRecord[] => list.map((stream) => ({ stream }))

const rowsOf = (text: string, block: Block): number[] => [...planOf(text).match(block).indexes()]

test('a stream is found by its id and by its text, in each case with the number of its records', () => {
  const block = blockOf(recordsOf(streams))
  const rows: [string, number[]][] = [
    [`_stream_id:${streamId(A)}`, [0, 2]],
    [`_stream_id:${streamId(A).toUpperCase()}`, [0, 2]],
    [`_stream_id:in(${streamId(A)},${streamId(B)})`, [0, 1, 2]],
    [`_stream_id:${'0'.repeat(32)}`, []],
    [`_stream_id:${'0'.repeat(48)}`, []],
    ['_stream_id:in()', []],
    ['_stream:b', [1]],
    [`_stream:=\`${A}\``, [0, 2]],
    ['_stream:~"host=.x"', [0, 1, 2]],
    ['_stream:""', []],
  ]
  for (const [text, expected] of rows) {
    assert.deepEqual(rowsOf(text, block), expected, text)
    assert.equal(planOf(text).knownCount(block), expected.length, text)
  }
})

test('records without a stream, and with streams of other fields, are told apart', () => {
  const block = blockOf(recordsOf([{}, { app: 'a' }, { host: 'a' }, { app: 'a' }]))
  assert.deepEqual(rowsOf('_stream:""', block), [0])
  assert.deepEqual(rowsOf(`_stream_id:${streamId('{app="a"}')}`, block), [1, 3])
  assert.deepEqual(rowsOf('_stream:*', block), [1, 2, 3])
  assert.deepEqual(rowsOf('_stream_id:*', block), [1, 2, 3])
  assert.deepEqual(rowsOf('!_stream_id:*', block), [0])
  assert.deepEqual(rowsOf('_stream:*', blockOf(recordsOf([{}, {}]))), [])
  assert.deepEqual(rowsOf('!_stream:a', blockOf(recordsOf([{}, {}]))), [0, 1])
})

test('a block is asked once a stream, not once a record', () => {
  const block = blockOf(recordsOf(Array.from({ length: 1000 }, (_, row) => streams[row % 3])))
  let asked = 0
  class CountingView extends BlockView {
    override column(field: string) {
      asked++
      return super.column(field)
    }
  }
  const rows = Bitset.full(1000)
  planOf(`_stream_id:${streamId(B)}`).matchAmong(new CountingView(block), rows)
  assert.equal(rows.count(), 333)
  assert.equal(asked, 0)
})
