/** Rows of tails are the rows of queries, whatever their records have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { FIELD_NULL, FIELD_NUMBER, FIELD_STRING } from '../../record/record.ts'
import { recordRowOf } from '../materialize.ts'
import type { RecordRow } from '../row.ts'
import { blockOf, type TestRecord } from '../test-blocks.ts'
import { LiveBlock } from './live-block.ts'
import { LiveRows } from './live-row.ts'

function recordOf(random: SeededRandom, names: number): TestRecord {
  const pairs = Array.from({ length: random.below(3) }, () => [
    `f${random.below(names)}`,
    `v${random.below(3)}`,
  ])
  const kind = [FIELD_STRING, FIELD_NUMBER, FIELD_NULL][random.below(3)]
  const value = random.chance(0.8) ? { text: '7', kind } : ''
  return {
    message: random.chance(0.9) ? `message ${random.below(100)}` : '',
    level: ['', 'ERROR', 'warning', 'odd'][random.below(4)],
    isTruncated: random.chance(0.1),
    ...(random.chance(0.3) && { stream: { host: `h${random.below(2)}` } }),
    fields: { ...Object.fromEntries(pairs), ...(random.chance(0.3) && { app: value, host: 'own' }) },
  }
}

test('a row is the same as that of a query, whatever the layouts of a block are', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = new SeededRandom(seed)
    const names = seed % 3 === 0 ? 100 : 2
    const records = Array.from({ length: 1 + random.below(40) }, () => recordOf(random, names))
    const block = blockOf(records, 1, seed % 2 === 0)
    const rows = new LiveRows(block)
    for (let asked = 0; asked < records.length; asked++) {
      const row = random.chance(0.8) ? asked : random.below(records.length)
      assert.deepEqual(rows.row(row), recordRowOf(block, row), `seed ${seed}, row ${row}`)
    }
  }
})

const copied = (row: RecordRow): RecordRow => ({
  kind: row.kind,
  id: row.id,
  timeMs: row.timeMs,
  timeNs: row.timeNs,
  receivedMs: row.receivedMs,
  receivedNs: row.receivedNs,
  severity: row.severity,
  level: row.level,
  message: new Uint8Array(row.message),
  fields: row.fields,
  stream: row.stream,
})

test('a row that passes is the same while it is shown, and rows that are kept do not change with it', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = new SeededRandom(seed)
    const names = seed % 3 === 0 ? 100 : 2
    const records = Array.from({ length: 1 + random.below(20) }, () => recordOf(random, names))
    const block = blockOf(records, 1, seed % 2 === 0)
    const live = new LiveBlock(block)
    for (let asked = 0; asked < 2 * records.length; asked++) {
      const row = random.below(records.length)
      const kept = random.chance(0.2) ? random.below(records.length) : null
      const keptRow = kept === null ? null : live.recordRow(kept)
      assert.deepEqual(copied(live.passingRow(row)), recordRowOf(block, row), `seed ${seed}, row ${row}`)
      if (kept !== null) assert.deepEqual(keptRow, recordRowOf(block, kept), `seed ${seed}, row ${kept}`)
    }
  }
})

test('a row that passes copies no message', () => {
  const block = blockOf([{ message: 'one' }], 1, true)
  const { message } = new LiveBlock(block).passingRow(0)
  assert.equal(message.buffer, block.message.data.buffer)
})

test('rows that share their fields share what is made of them', () => {
  const rows = new LiveRows(
    blockOf([{ message: 'one', fields: { app: 'shop' } }, { message: 'two' }], 1, true),
  )
  const [one, two] = [rows.row(0), rows.row(1)]
  assert.equal(one.fields, two.fields)
  assert.equal(two.fields[0].name, 'app')
})
