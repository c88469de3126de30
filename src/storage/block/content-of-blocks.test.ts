import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset, SeededRandom, SimulatedDisk } from '../../base/base.ts'
import { setBatchFirstId } from '../../record/record.ts'
import { encodeSample, latin1, type SampleBatch } from '../../testing/sample-records.ts'
import { FrameCache } from '../part/frame-cache.ts'
import type { BlockContent } from './block-content.ts'
import { BlockWriter } from './block-writer.ts'
import { BatchContent } from './content-of-batches.ts'
import { type BlockPiece, contentOfBlocks, keptRows, valueBytes } from './content-of-blocks.ts'
import { PartWriter } from './part-writer.ts'
import { StoredPart } from './stored-part.ts'

/** A piece for each batch, out of parts of their own, with ids that begin at 1, 1001, 2001, …. */
async function piecesOf(batches: readonly SampleBatch[]): Promise<BlockPiece[]> {
  const disk = new SimulatedDisk({ seed: 1 })
  const writer = new BlockWriter(new SeededRandom(1))
  const pieces: BlockPiece[] = []
  for (const [index, batch] of batches.entries()) {
    const bytes = encodeSample(batch)
    setBatchFirstId(new DataView(bytes.buffer), 0, index * 1000 + 1)
    const content = new BatchContent(bytes)
    content.addRecords(0, 0, batch.records.length)
    const part = await PartWriter.create(disk, `/${index}`, { level: 1 })
    await part.addBlock(content.build(), writer)
    await part.finish()
    const stored = StoredPart.open(disk, `/${index}`, { cache: new FrameCache(1 << 20), level: 1 })
    pieces.push({ block: stored.block(0), names: stored.names, deleted: null })
  }
  return pieces
}

const textAt = ({ data }: BlockContent, starts: Uint32Array, lengths: Uint32Array): string[] =>
  Array.from(starts, (start, place) => latin1(data.subarray(start, start + lengths[place])))

const rows = (size: number, ...deleted: readonly number[]): Bitset => {
  const set = new Bitset(size)
  for (const row of deleted) set.set(row)
  return set
}

const field = (name: string, value: string, isStream = false) => ({ name, value, isStream })
const BATCHES: readonly SampleBatch[] = [
  {
    records: [
      { message: 'one', fields: [field('a', '1', true), field('b', '2')] },
      { message: 'two', fields: [field('b', '3')] },
      { message: 'three', fields: [field('c', '4')] },
    ],
  },
  { records: [{ message: 'four', fields: [field('b', '5'), field('a', '6')] }, { message: 'five' }] },
]

test('fields are numbered over all blocks, and layouts with them', async () => {
  const content = contentOfBlocks(await piecesOf(BATCHES))
  assert.deepEqual([...content.ids], [1, 2, 3, 1001, 1002])
  assert.deepEqual(textAt(content, content.messages.starts, content.messages.lengths), [
    'one',
    'two',
    'three',
    'four',
    'five',
  ])
  const fields = content.fields.map((each) => [
    each.name,
    [...(each.rows ?? [])],
    textAt(content, each.starts, each.lengths),
  ])
  assert.deepEqual(fields, [
    ['a', [0, 3], ['1', '6']],
    ['b', [0, 1, 3], ['2', '3', '5']],
    ['c', [2], ['4']],
  ])
  assert.deepEqual(content.layouts, [[1, 2], [2], [4], [2, 0], []])
  assert.deepEqual([...content.rowLayouts], [0, 1, 2, 3, 4])
})

test('fields and layouts that only deleted rows have are gone', async () => {
  const [first, second] = await piecesOf(BATCHES)
  const pieces = [
    { ...first, deleted: rows(3, 0, 2) },
    { ...second, deleted: rows(2, 0) },
  ]
  assert.deepEqual(pieces.map(keptRows), [1, 1])
  const content = contentOfBlocks(pieces)
  assert.deepEqual([...content.ids], [2, 1002])
  assert.deepEqual(
    content.fields.map(({ name }) => name),
    ['b'],
  )
  assert.deepEqual(content.layouts, [[0], []])
})

test('memory does not grow with the rows that share a value', async () => {
  const shared = [{ name: 'blob', value: 'z'.repeat(50_000) }]
  const records = Array.from({ length: 500 }, (_, n) => ({ message: `m ${n}` }))
  const [first, second] = await piecesOf([
    { records, shared },
    { records, shared },
  ])
  assert.ok(valueBytes(first) < 100_000)
  const pieces = [{ ...first, deleted: rows(500, 7) }, second]
  const content = contentOfBlocks(pieces)
  assert.equal(content.rowCount, 999)
  assert.ok(content.data.length < 200_000, `${content.data.length} bytes`)
})

test('blocks whose ids do not ascend are refused', async () => {
  const [first, second] = await piecesOf(BATCHES)
  assert.throws(() => contentOfBlocks([second, first]), /after id/)
})
