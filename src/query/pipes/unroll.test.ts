import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError } from '../../base/base.ts'
import { row, runPipeText } from '../test-pipes.ts'

test('arrays stand side by side, and shorter ones are empty beyond their end', async () => {
  const rows = [row({ a: '["x","y"]', b: '[1, {"c": [2]}, null]', d: 'z' })]
  assert.deepEqual(await runPipeText('unroll by (a, b)', rows), [
    row({ a: 'x', b: '1', d: 'z' }),
    row({ a: 'y', b: '{"c":[2]}', d: 'z' }),
    row({ b: 'null', d: 'z' }),
  ])
})

test('a row without items stays one row, and its field is empty', async () => {
  const rows = [row({ a: '[]', b: '1' }), row({ a: 'no array', b: '2' }), row({ b: '3' })]
  for (const pipe of ['unroll a', 'unroll by a', 'unroll a, a'])
    assert.deepEqual(await runPipeText(pipe, rows), [row({ b: '1' }), row({ b: '2' }), row({ b: '3' })])
})

test('rows that do not match stay as they are', async () => {
  const rows = [row({ a: '[1,2]', b: 'x' }), row({ a: '[1,2]', b: 'y' })]
  assert.deepEqual(await runPipeText('unroll if (b:x) (a)', rows), [
    row({ a: '1', b: 'x' }),
    row({ a: '2', b: 'x' }),
    row({ a: '[1,2]', b: 'y' }),
  ])
})

test('rows that would fill the memory are refused', async () => {
  const items = `[${'0,'.repeat(10_000)}0]`
  const rows = Array.from({ length: 200 }, () => row({ a: items }))
  await assert.rejects(runPipeText('unroll a', rows, { settings: { stateBytesMax: 8 << 20 } }), (error) =>
    isCodedError(error, 'QUERY_TOO_LARGE'),
  )
})

test('long items count, not only their rows', async () => {
  const rows = [row({ a: `[${`"${'x'.repeat(5000)}",`.repeat(400)}""]` })]
  const settings = { stateBytesMax: 1 << 20 }
  await assert.rejects(runPipeText('unroll a', rows, { settings, cuts: 0 }), (error) =>
    isCodedError(error, 'QUERY_TOO_LARGE'),
  )
})
