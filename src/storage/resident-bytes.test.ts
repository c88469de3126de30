import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskFile } from '../base/base.ts'
import { appendSample, messages, readMessages } from '../testing/sample-records.ts'
import { Chunk } from './buffer.ts'
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from './frame.ts'
import { ResidentBytes, type ResidentSpan } from './resident-bytes.ts'
import { type FoundFrame, walkSegment } from './segment-file.ts'
import { TestDirectory } from './test-directory.ts'

const TEXTS = Array.from({ length: 40 }, (_, n) => `${n} ${'x'.repeat(n * 100)}`)

/** A closed segment of many frames, and a copy of it in chunks of two frames each. */
async function segmentInMemory() {
  const directory = new TestDirectory()
  const store = await directory.open({ sealing: false })
  for (const text of TEXTS) await appendSample(store, messages(text))
  await store.close()
  const bytes = directory.bytes('segment-00000001')
  const frames = directory.frames('segment-00000001')
  const chunks: Chunk[] = []
  const spans: ResidentSpan[] = []
  for (let at = 0; at < frames.length; at += 2) {
    const { offset } = frames[at]
    const end = frames.at(at + 2)?.offset ?? bytes.length
    const chunk = new Chunk(7 + end - offset)
    chunk.bytes.set(bytes.subarray(offset, end), 7)
    chunks.push(chunk)
    const { memory, sharedEpoch, epoch } = chunk
    spans.push({ offset, length: end - offset, memory, memoryOffset: 7, sharedEpoch, epoch })
  }
  const header = decodeSegmentHeader(bytes)
  assert.ok(typeof header !== 'string')
  return { bytes, frames, chunks, spans, salt: header.salt }
}

type InMemory = Awaited<ReturnType<typeof segmentInMemory>>

const refuse = (): Promise<never> => Promise.reject(new Error('is only read'))

function fileOf(bytes: Uint8Array): DiskFile {
  return {
    read: async (target, position) => {
      const found = bytes.subarray(position, position + target.length)
      target.set(found)
      return found.length
    },
    size: async () => bytes.length,
    close: async () => {},
    write: refuse,
    truncate: refuse,
    datasync: refuse,
  }
}

/** All frames that a walk finds, end to end. */
async function walk(
  { bytes, frames, salt }: InMemory,
  onDisk: Uint8Array,
  spans: readonly ResidentSpan[],
  visit: (offset: number) => void = () => {},
): Promise<Buffer> {
  const found: Buffer[] = []
  const take = (frame: FoundFrame): void => {
    found.push(Buffer.from(frame.bytes))
    visit(frame.offset)
  }
  const segment = { number: 1, salt, firstId: 1 }
  const result = await walkSegment(fileOf(onDisk), segment, bytes.length, take, new ResidentBytes(spans))
  assert.deepEqual([result.holes, result.records, result.end], [[], frames.length, bytes.length])
  return Buffer.concat(found)
}

const framesOf = ({ bytes }: InMemory): Buffer => Buffer.from(bytes.subarray(SEGMENT_HEADER_BYTES))

test('what the buffer holds of a segment is taken from there, and the rest from the disk', async () => {
  const segment = await segmentInMemory()
  const { bytes, spans } = segment
  const held = [spans, [], spans.slice(3), spans.slice(0, -3), spans.filter((_, at) => at % 3 === 1)]
  for (const some of held) {
    const onDisk = bytes.slice()
    for (const { offset, length } of some) onDisk.fill(0, offset, offset + length)
    assert.ok((await walk(segment, onDisk, some)).equals(framesOf(segment)), `${some.length} spans`)
  }
})

test('a stretch may begin anywhere in what is held, and end there, and no later', () => {
  const chunk = new Chunk(20)
  chunk.bytes.set(Buffer.from('..abcdefgh'))
  const { memory, sharedEpoch, epoch } = chunk
  const span = { offset: 100, length: 8, memory, memoryOffset: 2, sharedEpoch, epoch }
  const held = new ResidentBytes([span])
  const target = Buffer.alloc(3)
  assert.deepEqual([held.sizeAt(99), held.gapAt(99)], [0, 1])
  assert.deepEqual([held.sizeAt(103), held.gapAt(103)], [5, 0])
  assert.deepEqual([held.copyAt(103, target), String(target)], [true, 'def'])
  assert.deepEqual([held.copyAt(105, target), String(target)], [true, 'fgh'])
  assert.equal(held.copyAt(106, target), false)
  assert.deepEqual([held.sizeAt(108), held.gapAt(108)], [0, Number.POSITIVE_INFINITY])
  assert.equal(held.sizeAt(100), 8)
})

test('memory that is used again for something else, before the walk or during it, is not believed', async () => {
  const count = (await segmentInMemory()).spans.length
  for (let lost = 0; lost < count; lost++) {
    for (const when of [0, lost, lost + 1]) {
      const segment = await segmentInMemory()
      const { bytes, chunks, spans } = segment
      const reuse = (): void => {
        chunks[lost].useAgain()
        chunks[lost].bytes.fill(0x5a)
      }
      if (when === 0) reuse()
      const at = when === 0 ? -1 : spans[when - 1].offset
      const visit = (offset: number): void => {
        if (offset === at) reuse()
      }
      assert.ok(
        (await walk(segment, bytes, spans, visit)).equals(framesOf(segment)),
        `chunk ${lost}, ${when}`,
      )
    }
  }
})

test('to seal what the buffer holds takes no more of the segment than its header', async () => {
  const directory = new TestDirectory()
  const store = await directory.open()
  for (const text of TEXTS) await appendSample(store, messages(text))
  let reads = 0
  directory.disk.onCall = (operation, path) => {
    if (operation === 'read' && path.includes('/segment-')) reads++
  }
  await store.flush()
  directory.disk.onCall = undefined
  assert.equal(reads, 1)
  assert.deepEqual(Object.values(await readMessages(store)), TEXTS)
  await store.close()
})
