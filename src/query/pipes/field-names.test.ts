import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVERY_FIELD, NO_FIELD, withFields } from '../batches/fields-wanted.ts'
import { batchOfBlock } from '../batches/record-batches.ts'
import { bindGatherer } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, TEST_NOW_MS } from '../test-blocks.ts'
import { row, runPipeText, TEST_SETTINGS, type TestRow } from '../test-pipes.ts'

/** `name hits, …` */
const shown = (rows: readonly TestRow[]): string =>
  rows.map((fields) => fields.map(([, text]) => text).join(' ')).join(', ')

test('names of fields are counted where they are not empty, by name', async () => {
  const rows = [row({ b: 'x', a: '' }), row({ a: '1', b: 'y' }), row({ c: '' })]
  assert.equal(shown(await runPipeText('field_names', rows, { ordered: true })), 'a 1, b 2')
  assert.deepEqual(await runPipeText('field_names as hits', [row({ a: '1' })]), [
    row({ hits: 'a', hitss: '1' }),
  ])
  assert.deepEqual(await runPipeText('field_names', []), [])
})

test('names are counted without a look at values where a block knows who has them', () => {
  const block = blockOf([
    { message: 'm', timeMs: 5, stream: { host: 'h' }, fields: { a: '1' } },
    { message: 'n', timeMs: 6, level: 'WARN', fields: { a: '2', b: '3' } },
  ])
  const [pipe] = parseQuery('* | field_names', { nowMs: TEST_NOW_MS }).pipes
  const named = (rows: Uint32Array | null): string => {
    const gatherer = bindGatherer(pipe, TEST_SETTINGS)
    gatherer.add(batchOfBlock(block, rows, EVERY_FIELD))
    return [...gatherer.rows()]
      .flatMap((batch) => batch.texts('name').map((name, at) => `${name} ${batch.texts('hits')[at]}`))
      .join(', ')
  }
  assert.equal(named(null), '_id 2, _msg 2, _stream 1, _time 2, a 2, b 1, host 1, level 1')
  assert.equal(named(Uint32Array.of(0)), '_id 1, _msg 1, _stream 1, _time 1, a 1, host 1')
  const batch = batchOfBlock(block, null, withFields(NO_FIELD, ['b', 'nothing']))
  assert.equal(batch.column('b')?.filledCount?.(), 1)
  assert.equal(batch.column('nothing')?.filledCount?.(), 0)
})
