/** The heads of lines; messages are in the tests of the protocol. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordRow } from '../query/query.ts'
import { RowTextEncoder } from './row-text.ts'

const rowOf = (id: number, severity: number): RecordRow => ({
  kind: 'record',
  id,
  timeMs: 1_705_312_200_250,
  timeNs: 0,
  receivedMs: 0,
  receivedNs: 0,
  severity,
  level: '',
  message: Buffer.from('one'),
  fields: [],
  stream: [],
})

test('ids of any length and every level are written as they are read', () => {
  const encoder = new RowTextEncoder()
  for (const id of [0, 9, 10, 99, 100, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
    encoder.putRow(rowOf(id, 17), 'main')
    assert.equal(Buffer.from(encoder.take()).toString(), `${id}|ERROR|1705312200.25|one\n`)
  }
  encoder.putRow(rowOf(1, 0), 'main')
  encoder.putRow(rowOf(2, 9), 'short')
  const text = Buffer.from(encoder.take()).toString()
  assert.equal(text, '1|UNKNOWN|1705312200.25|one\nLOG:1705312200.25:INFO:one\n')
})
