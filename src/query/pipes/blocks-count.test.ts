import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { EVERY_FIELD } from '../batches/fields-wanted.ts'
import { batchOfBlock } from '../batches/record-batches.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { bindGatherer, runPipes } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { blockOf, TEST_NOW_MS } from '../test-blocks.ts'
import { TEST_SETTINGS } from '../test-pipes.ts'

const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: TEST_NOW_MS })

const block = blockOf([
  { message: 'one', timeMs: 1, fields: { a: 'é' } },
  { message: 'two', timeMs: 2, fields: { a: 'é', b: 'x' } },
])

function gathered(text: string, batches: readonly RowBatch[]): string[] {
  const [pipe] = parse(text).pipes
  const merged = bindGatherer(pipe, TEST_SETTINGS)
  for (const batch of batches) {
    const gatherer = bindGatherer(pipe, TEST_SETTINGS)
    gatherer.add(batch)
    merged.merge(structuredClone(gatherer.take()))
  }
  return [...merged.rows()].flatMap((batch) =>
    Array.from({ length: batch.rowCount }, (_, row) =>
      batch.names.map((name) => batch.texts(name)[row]).join(' '),
    ),
  )
}

test('blocks_count counts the blocks that had rows', () => {
  const whole = batchOfBlock(block, null, EVERY_FIELD)
  assert.deepEqual(gathered('blocks_count', [whole, whole, new RowBatch(0, new Map())]), ['2'])
  assert.deepEqual(gathered('blocks_count as n', []), ['0'])
})

test('block_stats tells of each field how a block holds it', () => {
  const found = gathered('block_stats', [batchOfBlock(block, null, EVERY_FIELD)])
  assert.ok(
    found.some((line) => line.startsWith('_time 2 time ')),
    found.join('\n'),
  )
  assert.ok(
    found.some((line) => /^a 2 (const|dict|string) 4 0 /.test(line)),
    found.join('\n'),
  )
  assert.ok(
    found.some((line) => /^b 1 (const|dict|string) 1 /.test(line)),
    found.join('\n'),
  )
})

test('query_stats says how many rows reached it, and what was read', async () => {
  async function* input(): AsyncGenerator<RowBatch> {
    yield RowBatch.of({ a: ['1', '2'] })
    yield RowBatch.of({ a: ['3'] })
  }
  const rows: string[] = []
  const context = {
    settings: TEST_SETTINGS,
    random: new SeededRandom(1),
    signal: undefined,
    pause: async () => {},
    wanted: EVERY_FIELD,
    select: () => input(),
    progress: () => ({ blocks: 7 }),
  }
  for await (const batch of runPipes(input(), parse('query_stats').pipes, context)) {
    rows.push(batch.names.map((name) => `${name} ${batch.texts(name)[0]}`).join(', '))
  }
  assert.deepEqual(rows, ['rows 3, blocks 7'])
})

test('the three print so that they parse the same, or are refused', () => {
  for (const text of [
    'blocks_count',
    'blocks_count x',
    'blocks_count as "a b"',
    'block_stats',
    'query_stats',
  ])
    assert.deepEqual(parse(printQuery(parse(text)).slice('* | '.length)), parse(text), text)
  for (const text of [
    'blocks_count (x)',
    'blocks_count a b',
    'blocks_count as',
    'block_stats x',
    'query_stats x',
  ])
    assert.throws(() => parse(text), { code: 'QUERY_SYNTAX' }, text)
})
