/** Files of parts that somebody else made: what can be a record becomes one, and nothing else does any harm. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCodedError, SeededRandom, SimulatedDisk } from '../base/base.ts'
import { BlockBuilder, batchLength, checkBatch, TIME_MS_MAX } from '../record/record.ts'
import { messages, readBlock, type SampleBatch } from '../testing/sample-records.ts'
import { shortOrLong } from '../testing/test-length.ts'
import type { BlockContent } from './block/block-content.ts'
import { PartWriter } from './block/part-writer.ts'
import {
  type Batches,
  contentOf,
  layBatches,
  plainBlock,
  randomBatches,
  testWriter,
} from './block/test-blocks.ts'
import { heldStranger, inspectPart, type RecordPiece, readRecords } from './part-records.ts'

const PATH = '/files/stranger.part'
const never = (): boolean => false

/** A part of these blocks, whose ids follow each other. */
async function written(...blocks: readonly BlockContent[]): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ seed: 1 })
  await disk.makeDirectory('/files')
  const part = await PartWriter.create(disk, PATH, { level: 1 })
  for (const block of blocks) await part.addBlock(block, testWriter)
  await part.finish()
  return disk
}

const job = {
  without: [] as number[],
  batchBytesMax: 4096,
  pieceBytes: 20_000,
  key: 'part:0',
  receivedMs: 5,
  isTrial: false,
}

/** All pieces. */
function readAll(disk: SimulatedDisk, changes: Partial<typeof job> = {}): RecordPiece[] {
  const held = heldStranger(PATH, inspectPart(disk, { path: PATH }, never))
  const pieces: RecordPiece[] = []
  for (let next: RecordPiece['next'] = { block: 0, row: 0 }; next !== null; ) {
    const piece = readRecords(disk, { held, ...job, ...changes, ...next }, never).value as RecordPiece
    pieces.push(piece)
    next = piece.next
  }
  return pieces
}

function batchesOf(pieces: readonly RecordPiece[]): Uint8Array[] {
  return pieces.flatMap(({ batches }) => {
    const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
    const found: Uint8Array[] = []
    for (let at = 0; at < batches.length; at += batchLength(view, at)) {
      assert.equal(checkBatch(view, at, batches.length), null)
      found.push(batches.subarray(at, at + batchLength(view, at)))
    }
    return found
  })
}

/** What the records of batches say, without their ids. */
function textsOf(batches: readonly Uint8Array[]): string[] {
  return batches.flatMap((batch) => {
    const builder = new BlockBuilder(batch)
    builder.addBatch(0)
    return readBlock(builder.build()).map(({ text }) => text)
  })
}

/** Flags that a record may have. */
const honest = (batches: readonly SampleBatch[]): SampleBatch[] =>
  batches.map((batch) => ({
    ...batch,
    records: batch.records.map((record) => ({ ...record, flags: (record.flags ?? 0) & 15 })),
  }))

const laid = (random: SeededRandom, ...batches: readonly SampleBatch[]): Batches =>
  layBatches(batches, random, 1)

const contentOfMessages = (
  from: number,
  count: number,
  changes: Partial<BlockContent> = {},
): BlockContent => {
  const batch = messages(...Array.from({ length: count }, (_, n) => `message ${from + n}`))
  return { ...contentOf(layBatches([batch], new SeededRandom(1), from)), ...changes }
}

const wide = (count: number): SampleBatch => {
  const fields = Array.from({ length: count }, (_, n) => ({ name: `f${n}`, value: String(n) }))
  return { shared: fields.slice(0, 1000), records: [{ message: 'wide', fields: fields.slice(1000) }] }
}

describe('readRecords', () => {
  it('gives every record as it was, whatever the part holds', async () => {
    for (let seed = 1; seed <= shortOrLong(15, 40); seed++) {
      const random = new SeededRandom(seed)
      const block = laid(random, ...honest(randomBatches(random, 1 + random.below(300))))
      const expected = readBlock(plainBlock(block)).map(({ text }) => text)
      const pieces = readAll(await written(contentOf(block)))
      assert.deepEqual(textsOf(batchesOf(pieces)), expected, `seed ${seed}`)
      assert.deepEqual(
        pieces.flatMap(({ damage }) => damage),
        [],
        `seed ${seed}`,
      )
      assert.equal(
        pieces.reduce((sum, { records, tooLarge }) => sum + records + tooLarge, 0),
        expected.length,
      )
    }
  })

  it('cuts the same batches with the same keys, however it is asked', async () => {
    const random = new SeededRandom(9)
    const block = contentOf(laid(random, ...honest(randomBatches(random, 500))))
    const disk = await written(block, contentOfMessages(1_000_000, 50))
    const whole = batchesOf(readAll(disk, { pieceBytes: 1_000_000_000 }))
    assert.ok(whole.length > 5)
    for (const pieceBytes of [1, 5000, 50_000])
      assert.deepEqual(batchesOf(readAll(disk, { pieceBytes })), whole, `${pieceBytes}`)
    const keys = new Set(whole.map((batch) => Buffer.from(batch.subarray(40, 60)).toString('latin1')))
    assert.equal(keys.size, whole.length)
    const trial = readAll(disk, { isTrial: true })
    assert.deepEqual(batchesOf(trial), [])
    assert.ok(trial.every(({ records }) => records > 0))
  })

  it('leaves out blocks that it is told to, and blocks that hold what is no record', async () => {
    const long = new TextEncoder().encode('message '.repeat(10))
    const words = { starts: new Uint32Array(3), lengths: new Uint32Array(3).fill(65) }
    const spans = { starts: new Uint32Array(3), lengths: new Uint32Array(3).fill(7) }
    const blocks = [
      contentOfMessages(1, 3),
      contentOfMessages(11, 3, { flags: new Uint8Array(3).fill(255) }),
      contentOfMessages(21, 3, { timesMs: new Float64Array(3).fill(TIME_MS_MAX + 1) }),
      contentOfMessages(31, 3, { data: long, messages: spans, levelWords: words }),
      contentOfMessages(41, 3),
    ]
    const disk = await written(...blocks)
    const pieces = readAll(disk)
    const damage = pieces.flatMap((piece) => piece.damage)
    assert.deepEqual(
      damage.map(({ block, fromId, toId }) => [block, fromId, toId]),
      [
        [1, 11, 13],
        [2, 21, 23],
        [3, 31, 33],
      ],
    )
    assert.match(damage[0].reason, /unknown flags/)
    assert.match(damage[1].reason, /time out of range/)
    assert.match(damage[2].reason, /level word is too long/)
    assert.equal(textsOf(batchesOf(pieces)).length, 6)
    assert.equal(textsOf(batchesOf(readAll(disk, { without: [0, 1, 2, 3] }))).length, 3)
  })

  it('gives nothing of a block whose last record is none', async () => {
    const flags = new Uint8Array(400)
    flags[399] = 16
    const disk = await written(contentOfMessages(1, 3), contentOfMessages(11, 400, { flags }))
    const [piece, ...others] = readAll(disk)
    assert.deepEqual([others.length, piece.records, piece.damage.length], [0, 3, 1])
    assert.equal(textsOf(batchesOf([piece])).length, 3)
  })

  it('takes records with more fields than one has by itself, and counts those with more than any has', async () => {
    const random = new SeededRandom(1)
    const batch = laid(random, wide(1000), wide(1001), wide(2000), messages('narrow'))
    const content = contentOf(batch)
    const pieces = readAll(await written(content))
    assert.deepEqual(
      textsOf(batchesOf(pieces)),
      readBlock(plainBlock(batch)).map(({ text }) => text),
    )
    const more = contentOf(laid(random, wide(2000)))
    const fields = [...more.fields, { ...more.fields[0], name: 'one more' }]
    const layouts = more.layouts.map((layout) => [...layout, 2000 * 2])
    const tooMany = readAll(await written({ ...more, fields, layouts }, contentOfMessages(50, 2)))
    assert.equal(
      tooMany.reduce((sum, { tooLarge }) => sum + tooLarge, 0),
      1,
    )
    assert.equal(textsOf(batchesOf(tooMany)).length, 2)
  })

  it('refuses a block that would take more memory than any has, before it does', async () => {
    const data = new TextEncoder().encode('a long word '.repeat(100_000))
    const count = 300
    const spans = { starts: new Uint32Array(count), lengths: new Uint32Array(count).fill(data.length) }
    const disk = await written(contentOfMessages(1, count, { data, messages: spans }))
    const [{ damage, records }] = readAll(disk)
    assert.equal(records, 0)
    assert.match(damage[0].reason, /more than 256 MiB/)
  })

  it('ends when it is told to', async () => {
    const disk = await written(contentOfMessages(1, 3))
    const isCancelled = (): boolean => true
    const held = heldStranger(PATH, inspectPart(disk, { path: PATH }, never))
    for (const work of [
      () => inspectPart(disk, { path: PATH }, isCancelled),
      () => readRecords(disk, { held, ...job, block: 0, row: 0 }, isCancelled),
    ])
      assert.throws(work, (error) => isCodedError(error, 'STORE_CLOSED'))
  })
})
