import assert from 'node:assert/strict'
import { it } from 'node:test'
import { objectOfRow } from './json-shape.ts'

it('a row that is a JSON object is read, whatever its bytes are', () => {
  assert.deepEqual(objectOfRow(Buffer.from('{"_msg":"x","n":1}')), { _msg: 'x', n: 1 })
  assert.deepEqual(objectOfRow(Buffer.from('{"a":"\xff"}', 'latin1')), { a: '\ufffd' })
})

it('any other row is none', () => {
  for (const row of ['', '{', '{"a":', '[1]', '"{}"', 'null', '7|ERROR|1700000000|{}', '\ufeff{}'])
    assert.equal(objectOfRow(Buffer.from(row)), null, row)
})
