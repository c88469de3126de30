import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedDisk } from '../../base/base.ts'
import { PACKING_RAW, PACKING_ZSTD, PACKING_ZSTD_DICTIONARY } from './part-file.ts'
import type { PartFileReader } from './part-file-reader.ts'
import { FRAME_BYTES_TARGET, PartFileWriter } from './part-file-writer.ts'
import {
  contentsOf,
  contentsThrough,
  diskWith,
  openPart,
  PATH,
  partBytes,
  readDamaged,
  readPart,
  sealFramesAgain,
  type TestBlock,
  type TestPart,
  type TestString,
  writePart,
} from './test-part.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function text(random: SeededRandom, byteCount: number): Uint8Array {
  let lines = ''
  while (lines.length < byteCount) lines += `request ${random.below(10_000)} took ${random.below(90)} ms\n`
  return bytesOf(lines.slice(0, byteCount))
}

const noise = (random: SeededRandom, byteCount: number): Uint8Array =>
  Uint8Array.from({ length: byteCount }, () => random.uint32())

function randomString(random: SeededRandom, slot: number): TestString {
  const scale = [0, 40, 3000, 20_000][random.below(4)]
  const isLong = random.chance(0.03)
  const byteCount = isLong ? FRAME_BYTES_TARGET + 1 + random.below(1000) : random.below(scale + 1)
  return {
    slot,
    bytes: random.chance(0.6) ? text(random, byteCount) : noise(random, byteCount),
    kind: random.chance(0.7) ? 'text' : 'dense',
    endsFrame: random.chance(0.2),
  }
}

function randomBlock(random: SeededRandom): TestBlock {
  const slots = new Set(Array.from({ length: random.below(12) }, () => random.below(1000)))
  return {
    facts: noise(random, random.below(20)),
    strings: Array.from(slots, (slot) => randomString(random, slot)),
  }
}

const randomPart = (random: SeededRandom): TestPart => ({
  ...(random.chance(0.5) ? { dictionary: text(random, 500) } : {}),
  blocks: Array.from({ length: random.below(6) }, () => randomBlock(random)),
  sections: new Map(random.chance(0.5) ? [[16, text(random, 100)]] : []),
})

interface Target {
  readonly disk: SimulatedDisk
  readonly writer: PartFileWriter
}

async function beginPart(before: TestPart, level = 1): Promise<Target> {
  const disk = new SimulatedDisk()
  const writer = await PartFileWriter.create(disk, PATH, { level })
  if (before.dictionary !== undefined) await writer.setDictionary(before.dictionary)
  for (const { facts, strings } of before.blocks) {
    for (const { slot, bytes, kind } of strings) await writer.put(slot, bytes, kind)
    await writer.endBlock(facts)
  }
  return { disk, writer }
}

async function endPart({ disk, writer }: Target): Promise<PartFileReader> {
  await writer.finish()
  await writer.close()
  return openPart(disk)
}

const EMPTY: TestPart = { blocks: [], sections: new Map() }

const packingsOf = (reader: PartFileReader, block: number): number[] =>
  reader.storedFrames(block).map(({ packing }) => packing)

const framesOf = (reader: PartFileReader, block: number): number[] =>
  reader.storedFrames(block).map(({ bytes }) => bytes)

/** Random blocks copied behind others, with facts of their own; a block that is put follows each. */
async function copyRandomPart(seed: number, repackLevel: number | null): Promise<void> {
  const random = new SeededRandom(seed)
  const [part, before] = [randomPart(random), randomPart(random)]
  const source = openPart(await diskWith(await partBytes(part)))
  const target = await beginPart(before)
  const expected: TestBlock[] = [...before.blocks]
  for (let n = 0; n < part.blocks.length; n++) {
    const facts = noise(random, 5)
    await target.writer.copyBlock(source, n, facts, { repackLevel })
    expected.push({ facts, strings: part.blocks[n].strings })
    await target.writer.put(n, bytesOf(`behind block ${n}`))
    await target.writer.endBlock(bytesOf(''))
    expected.push({ facts: bytesOf(''), strings: [{ slot: n, bytes: bytesOf(`behind block ${n}`) }] })
  }
  const reader = await endPart(target)
  await reader.verify()
  assert.deepEqual(contentsThrough(reader), contentsOf({ blocks: expected, sections: new Map() }))
  for (let n = 0; n < part.blocks.length; n++) {
    const copy = before.blocks.length + 2 * n
    assert.deepEqual(framesOf(reader, copy), framesOf(source, n), 'frames end where they did')
    assert.deepEqual(reader.openBlock(copy).slots, source.openBlock(n).slots, 'strings lie as they did')
  }
  reader.close()
  source.close()
}

for (const repackLevel of [null, 7]) {
  test(`random parts copied block by block read back the same, level ${repackLevel}`, async () => {
    for (let seed = 0; seed < 60; seed++) {
      await copyRandomPart(seed, repackLevel).catch((error) => {
        throw new Error(`seed ${seed}: ${error}`, { cause: error })
      })
    }
  })
}

const BLOCK: TestBlock = {
  facts: bytesOf('old'),
  strings: [
    { slot: 1, bytes: text(new SeededRandom(1), 30_000), endsFrame: true },
    { slot: 2, bytes: noise(new SeededRandom(2), 5000), kind: 'dense' },
    { slot: 3, bytes: text(new SeededRandom(3), 50) },
  ],
}

test('frames without a dictionary are copied as they are', async () => {
  const source = openPart(await diskWith(await partBytes({ ...EMPTY, blocks: [BLOCK] })))
  const target = await beginPart(EMPTY, 19)
  await target.writer.copyBlock(source, 0, bytesOf('new'), { repackLevel: null })
  const reader = await endPart(target)
  assert.deepEqual(packingsOf(source, 0), [PACKING_ZSTD, PACKING_RAW, PACKING_RAW])
  assert.equal(reader.storedFrames(0).length, 3)
  for (const { n } of source.storedFrames(0)) {
    assert.deepEqual(reader.readStoredFrame(n), source.readStoredFrame(n))
  }
  assert.deepEqual(reader.facts(0), bytesOf('new'))
})

test('frames packed with a dictionary are packed again, with that of the writer if it has one', async () => {
  const dictionary = text(new SeededRandom(9), 400)
  const source = openPart(await diskWith(await partBytes({ ...EMPTY, dictionary, blocks: [BLOCK] })))
  assert.equal(packingsOf(source, 0)[0], PACKING_ZSTD_DICTIONARY)
  for (const before of [EMPTY, { ...EMPTY, dictionary: text(new SeededRandom(10), 700) }]) {
    const target = await beginPart(before)
    await target.writer.copyBlock(source, 0, bytesOf(''), { repackLevel: null })
    const reader = await endPart(target)
    const packing = before.dictionary === undefined ? PACKING_ZSTD : PACKING_ZSTD_DICTIONARY
    assert.equal(packingsOf(reader, 0)[0], packing)
    assert.deepEqual(reader.openBlock(0).read(1), BLOCK.strings[0].bytes)
  }
})

test('packed again at a higher level a block is smaller, and what does not pack stays raw', async () => {
  const source = openPart(await diskWith(await partBytes({ ...EMPTY, blocks: [BLOCK] })))
  const target = await beginPart(EMPTY)
  await target.writer.copyBlock(source, 0, bytesOf(''), { repackLevel: 19 })
  const reader = await endPart(target)
  const [before, after] = [source.storedFrames(0), reader.storedFrames(0)]
  assert.ok(after[0].storedBytes < before[0].storedBytes)
  assert.deepEqual(packingsOf(reader, 0), [PACKING_ZSTD, PACKING_RAW, PACKING_RAW])
})

test('a block that is damaged is not copied', async () => {
  const good = await partBytes({ ...EMPTY, blocks: [BLOCK] })
  for (const repackLevel of [null, 3]) {
    const disk = await diskWith(good)
    const source = openPart(disk)
    disk.damage(PATH, Uint8Array.of(good[100] ^ 1), 100)
    const target = await beginPart(EMPTY)
    const copy = target.writer.copyBlock(source, 0, bytesOf(''), { repackLevel })
    await assert.rejects(copy, { code: 'PART_CORRUPT', details: { file: PATH, offset: 16 } })
  }
})

test('a block whose directory does not fit its frames is not copied, and nothing of it is written', async () => {
  const strings = [
    { slot: 5, bytes: bytesOf('abc') },
    { slot: 6, bytes: bytesOf('de') },
  ]
  const bytes = await partBytes({ ...EMPTY, blocks: [{ facts: bytesOf(''), strings }] })
  // Header, "abcde", and a directory that ends with the lengths 3 and 2.
  assert.deepEqual(bytes.subarray(21, 26), Uint8Array.of(2, 5, 6, 3, 2))
  bytes[24] = 2
  sealFramesAgain(bytes)
  const source = openPart(await diskWith(bytes))
  const target = await beginPart(EMPTY)
  const copy = target.writer.copyBlock(source, 0, bytesOf(''), { repackLevel: null })
  await assert.rejects(copy, { code: 'PART_CORRUPT' })
  const reader = await endPart(target)
  assert.equal(reader.blockCount, 0)
  await reader.verify()
})

test('an error of the disk that writes passes through and fails the part for good', async () => {
  const blocks = [{ facts: bytesOf(''), strings: [{ slot: 1, bytes: noise(new SeededRandom(1), 600_000) }] }]
  const source = openPart(await diskWith(await partBytes({ ...EMPTY, blocks })))
  const { disk, writer } = await beginPart(EMPTY)
  disk.failCall(1, { code: 'ENOSPC', operation: 'write', partialBytes: 9, partialOutcome: 'thrown' })
  const copy = writer.copyBlock(source, 0, bytesOf(''), { repackLevel: null })
  await assert.rejects(copy, { code: 'ENOSPC' })
  await assert.rejects(writer.finish(), { code: 'ENOSPC' })
  await writer.close()
  assert.equal(readDamaged(disk, [], 'a part that was not finished'), 'PART_CORRUPT')
})

test('copying into an open block is a bug', async () => {
  const disk = new SimulatedDisk()
  await writePart(disk, { ...EMPTY, blocks: [BLOCK] })
  const source = openPart(disk)
  const { writer } = await beginPart(EMPTY)
  await writer.put(1, bytesOf('a'))
  await assert.rejects(
    writer.copyBlock(source, 0, bytesOf(''), { repackLevel: null }),
    /BUG: a block is open/,
  )
  assert.equal(readPart(disk).length, 4)
})
