import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FIELD_NUMBER, FIELD_STRING } from '../../record/record.ts'
import { recordRowOf } from '../materialize.ts'
import { blockOf } from '../test-blocks.ts'
import { buffersOf, packRows, unpackRows } from './packed-rows.ts'

describe('packed rows', () => {
  it('read as they were, on the other side of a transfer', () => {
    const block = blockOf([
      { message: 'one', timeMs: 5, timeNs: 7, level: 'warn', stream: { app: 'a' }, fields: { f: 'x' } },
      { message: '', level: 'Très grave' },
      { message: Uint8Array.of(0, 255), fields: { f: '', n: { text: '1', kind: FIELD_NUMBER } } },
    ])
    const rows = [0, 1, 2].map((row) => recordRowOf(block, row))
    const packed = packRows(rows)
    const moved = structuredClone(packed, { transfer: buffersOf(packed) })
    assert.equal(packed.bytes.length, 0, 'the memory was moved')
    const unpacked = unpackRows(moved)
    assert.deepEqual(unpacked.map(asLists), rows.map(asLists))
    assert.equal(unpacked[0].stream[0], unpacked[0].fields[0])
    assert.equal(unpacked[0].fields[1].kind, FIELD_STRING)
  })

  it('may be none', () => {
    assert.deepEqual(unpackRows(packRows([])), [])
  })
})

/** Arrays that view a part of a memory compare unlike those that have one of their own. */
function asLists(row: ReturnType<typeof unpackRows>[number]): unknown {
  const list = ({ name, kind, value }: (typeof row.fields)[number]) => [name, kind, ...value]
  return { ...row, message: [...row.message], fields: row.fields.map(list), stream: row.stream.map(list) }
}
