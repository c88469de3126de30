import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BatchColumn } from '../batches/batch-column.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { bindBatches } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, TEST_SETTINGS } from '../test-pipes.ts'

test('copy gives a field one more name, one pair after the other', async () => {
  const rows = [row({ a: '1', b: '2' }), row({ b: '3' })]
  assert.deepEqual(await runPipeText('copy a as c, c as d', rows), [
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '1'],
      ['d', '1'],
    ],
    [['b', '3']],
  ])
})

test('a field that a row lacks empties the one that it is copied or renamed to', async () => {
  assert.deepEqual(await runPipeText('copy a b', [row({ b: '1' }), row({ a: '2' })]), [
    [],
    [
      ['b', '2'],
      ['a', '2'],
    ],
  ])
  assert.deepEqual(await runPipeText('rename a b', [row({ b: '1', c: '3' })]), [[['c', '3']]])
})

test('rename keeps the place of the field', async () => {
  assert.deepEqual(await runPipeText('mv b as x', [row({ a: '1', b: '2', c: '3' })]), [
    [
      ['a', '1'],
      ['x', '2'],
      ['c', '3'],
    ],
  ])
})

test('of a prefix only what a row has goes somewhere', async () => {
  const rows = [row({ 'p.a': '1', 'q.a': 'x', 'q.b': 'y' }), row({ 'p.b': '2', 'q.a': 'z' })]
  assert.deepEqual(await runPipeText('rename p.* as q.*', rows), [
    [
      ['q.a', '1'],
      ['q.b', 'y'],
    ],
    [
      ['q.a', 'z'],
      ['q.b', '2'],
    ],
  ])
})

test('a prefix to one name gives the last of the names that is not empty', async () => {
  const rows = [row({ p1: 'a', p2: 'b' }), row({ p1: 'c' }), row({ p2: 'd', p10: 'e' })]
  const found = await runPipeText('copy p* as first | fields first', rows)
  assert.deepEqual(found, [[['first', 'b']], [['first', 'c']], [['first', 'd']]])
})

test('a prefix may become a part of itself', async () => {
  assert.deepEqual(await runPipeText('rename a* as aa*', [row({ a: '1', ab: '2' })]), [
    [
      ['aa', '1'],
      ['aab', '2'],
    ],
  ])
  assert.deepEqual(await runPipeText('rename a* as a*', [row({ a: '1' })]), [[['a', '1']]])
})

test('types of values go along', () => {
  const { pipes } = parseQuery('* | copy n as m | rename n* as m*', { nowMs: PIPE_TEST_NOW_MS })
  const batch = new RowBatch(2, new Map([['n', new TextColumn(['1', ''], Uint8Array.of(3, 0))]]))
  const made = bindBatches(pipes, TEST_SETTINGS)(batch)
  assert.deepEqual(made.names, ['m'])
  assert.deepEqual([...(made.column('m')?.kinds() ?? [])], [3, 0])
})

test('columns that nobody looks at are not read', () => {
  const unread = (): never => assert.fail('read')
  const column: BatchColumn = { texts: unread, kinds: unread, groups: unread, select: unread }
  const text = '* | copy a as b, p* as q* | rename b as c | delete d | fields a*, c, q*'
  const { pipes } = parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })
  const batch = new RowBatch(1, new Map(['a', 'd', 'p.x'].map((name) => [name, column])))
  assert.deepEqual(bindBatches(pipes, TEST_SETTINGS)(batch).names, ['a', 'c', 'q.x'].toSorted())
})
