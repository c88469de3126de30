import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { isCodedError, SeededRandom, SimulatedDisk, systemErrorCode } from '../../base/base.ts'
import { FrameCache } from './frame-cache.ts'
import { FRAME_BYTES_MAX, PART_TRAILER_BYTES } from './part-file.ts'
import { FRAME_BYTES_TARGET, PartFileWriter } from './part-file-writer.ts'
import {
  contentsOf,
  diskWith,
  openPart,
  PATH,
  partBytes,
  readDamaged,
  readPart,
  sealAgain,
  sealFramesAgain,
  type TestPart,
  type TestString,
  writePart,
} from './test-part.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

function randomBytes(count: number, seed: number): Uint8Array {
  const random = new SeededRandom(seed)
  return Uint8Array.from({ length: count }, () => random.uint32())
}

/** Lines that zstd makes small. */
function logText(lines: number, seed: number): Uint8Array {
  const random = new SeededRandom(seed)
  const text = Array.from(
    { length: lines },
    () => `connection from 10.0.0.${random.below(255)} closed after ${random.below(1000)} ms\n`,
  )
  return bytesOf(text.join(''))
}

const string = (slot: number, bytes: Uint8Array, more: Partial<TestString> = {}): TestString => ({
  slot,
  bytes,
  ...more,
})

const SMALL: TestPart = {
  blocks: [
    {
      facts: bytesOf('f0'),
      strings: [string(1, bytesOf('one')), string(2, bytesOf('')), string(9, bytesOf('nine'))],
    },
    {
      facts: bytesOf(''),
      strings: [string(7, Uint8Array.of(1, 2, 3), { kind: 'dense' }), string(1, bytesOf('uno'))],
    },
    { facts: bytesOf('f2'), strings: [] },
  ],
  sections: new Map([[16, bytesOf('templates')]]),
}

/** Packed and raw frames, a dictionary, shared frames and parted ones. */
const PACKED: TestPart = {
  dictionary: logText(20, 1),
  blocks: [
    {
      facts: bytesOf('first'),
      strings: [
        string(3, logText(30, 2)),
        string(4, bytesOf('x'), { endsFrame: true }),
        string(1_000_000, logText(5, 3)),
        string(0, randomBytes(40, 4), { kind: 'dense' }),
      ],
    },
    { facts: bytesOf('second'), strings: [string(3, randomBytes(200, 5)), string(4, new Uint8Array(500))] },
  ],
  sections: new Map([
    [0xffff_ffff, bytesOf('last')],
    [16, logText(10, 6)],
    [17, new Uint8Array(0)],
  ]),
}

/** Everything that a part may have, large enough for more than one frame of each. */
const LARGE: TestPart = {
  dictionary: logText(200, 11),
  blocks: Array.from({ length: 40 }, (_, n) => ({
    facts: randomBytes(20, n),
    strings: Array.from({ length: 30 }, (_, at) =>
      string(at * 3, at % 4 === 0 ? randomBytes(50 * at, n * 100 + at) : logText(5 * at, n * 100 + at), {
        kind: at % 4 === 0 ? 'dense' : 'text',
      }),
    ),
  })),
  sections: new Map([[20, logText(20_000, 12)]]),
}

for (const [name, part] of Object.entries({ SMALL, PACKED, LARGE })) {
  test(`what was written is read: ${name}`, async (t) => {
    const disk = new SimulatedDisk()
    const summary = await writePart(disk, part)
    assert.deepEqual(readPart(disk), contentsOf(part))
    const bytes = disk.peek(PATH)!
    assert.equal(summary.bytes, bytes.length)
    assert.equal(summary.sha256, createHash('sha256').update(bytes).digest('hex'))
    assert.equal(summary.blocks, part.blocks.length)
    t.diagnostic(`${summary.bytes} bytes, ${summary.frames} frames`)
    const reader = openPart(disk)
    await reader.verify()
    reader.close()
  })
}

test('a small part is these bytes', async () => {
  const part: TestPart = {
    blocks: [{ facts: bytesOf('F'), strings: [string(5, bytesOf('abc')), string(300, bytesOf('de'))] }],
    sections: new Map([[16, bytesOf('S')]]),
  }
  const bytes = await partBytes(part, { level: 1, featuresToUnderstand: 0x100, featuresToIgnore: 2 })
  const expected = [
    '4c4350415254464c 0100 1000 eec20e07', // header: "LCPARTFL", version 1, 16 bytes, CRC
    '6162636465', // frame 0: the strings "abc" and "de"
    '53', // frame 1: section 16, "S"
    '02 05 ac02 03 02', // frame 2, the directory: two strings, slots 5 and 300, 3 and 2 bytes
    '00 01 02 00 06 01 46', // frame 3, the block table: 1 frame from 0 on, directory in frame 2 at 0, 6 bytes, facts "F"
    '4c435046 2000 0000', // footer: "LCPF", header of 32 bytes
    '00010000 02000000', // features to understand, to ignore
    '01000000 04000000 02000000 00000000', // 1 block, 4 frames, 2 sections
    '01000000 03000000 01000000 00000000 0700000000000000', // section 1, the block table: frame 3
    '10000000 01000000 01000000 00000000 0100000000000000', // section 16: frame 1
    '05000000 05000000 65d88785 00000000', // frame 0: 5 bytes, CRC, raw
    '01000000 01000000 c3ef6020 00000000',
    '06000000 06000000 e4cff0f5 00000000',
    '07000000 07000000 edf6d9ae 00000000',
    '2300000000000000 90000000 4e6654ed', // trailer: the footer is at 35, has 144 bytes, its CRC
    '0100 2000 18a74d68 4c435041 52544e44', // version 1, 32 bytes, CRC, "LCPARTND"
  ]
  assert.equal(Buffer.from(bytes).toString('hex'), expected.join('').replaceAll(' ', ''))
})

test('a part without blocks and sections is a part', async () => {
  const disk = new SimulatedDisk()
  const empty: TestPart = { blocks: [], sections: new Map() }
  const summary = await writePart(disk, empty)
  assert.equal(summary.frames, 0)
  assert.deepEqual(readPart(disk), [])
})

test('strings longer than a frame lie in several and come back whole, also from the middle of a section', async () => {
  const longText = new Uint8Array(2 * FRAME_BYTES_MAX + 17)
  for (let at = 0; at < longText.length; at += 1000) longText[at] = at / 1000
  const part: TestPart = {
    blocks: [
      {
        facts: bytesOf('long'),
        strings: [
          string(1, bytesOf('before')),
          string(2, longText),
          string(3, randomBytes(FRAME_BYTES_TARGET + 1, 1), { kind: 'dense' }),
          string(4, bytesOf('after')),
        ],
      },
    ],
    sections: new Map([[16, longText.subarray(0, FRAME_BYTES_MAX + 1)]]),
  }
  const disk = new SimulatedDisk()
  await writePart(disk, part)
  assert.deepEqual(readPart(disk), contentsOf(part))
})

test('a block says what it has before anything of it is read', async () => {
  const reader = openPart(await diskWith(await partBytes(SMALL)))
  const block = reader.openBlock(0)
  assert.deepEqual(block.slots, [1, 2, 9])
  assert.deepEqual([block.bytesOf(1), block.bytesOf(2), block.bytesOf(9), block.bytesOf(3)], [3, 0, 4, null])
  assert.equal(block.read(3), null)
  assert.equal(reader.sectionBytes(16), 9)
  assert.equal(reader.sectionBytes(17), null)
  assert.equal(reader.section(17), null)
  assert.deepEqual(reader.sectionKinds, [16])
  assert.equal(reader.storedBytes(0), 7)
  reader.close()
})

test('a part is opened by one read of its end, and a string costs the frame that holds it', async () => {
  const blocks = Array.from({ length: 10 }, (_, n) => ({
    facts: bytesOf(`${n}`),
    strings: [string(1, randomBytes(30_000, n), { endsFrame: true }), string(2, randomBytes(30_000, 50 + n))],
  }))
  const disk = await diskWith(await partBytes({ blocks, sections: new Map() }))
  const reader = openPart(disk)
  assert.equal(disk.callsOf('read'), 1)
  const block = reader.openBlock(3)
  assert.equal(disk.callsOf('read'), 2, 'the directories of all ten blocks')
  block.read(1)
  assert.equal(disk.callsOf('read'), 3)
  block.read(1)
  reader.openBlock(9).read(7)
  assert.equal(disk.callsOf('read'), 3, 'what was read is cached')
  block.read(2)
  assert.equal(disk.callsOf('read'), 4, 'another frame')
  reader.close()
})

/** The second of three blocks has 480 KB that do not pack and some that do, in several frames. */
async function partOfSeveralFrames(): Promise<{ disk: SimulatedDisk; part: TestPart }> {
  const small = { facts: bytesOf(''), strings: [string(1, randomBytes(70_000, 1))] }
  const strings = Array.from({ length: 12 }, (_, at) =>
    string(at, at % 3 === 0 ? logText(500, at) : randomBytes(60_000, at), {
      kind: at % 3 === 0 ? 'text' : 'dense',
    }),
  )
  const part: TestPart = {
    blocks: [small, { facts: bytesOf(''), strings }, small],
    sections: new Map([[16, randomBytes(70_000, 2)]]),
  }
  return { disk: await diskWith(await partBytes(part)), part }
}

test('all frames of a block are fetched with one read', async () => {
  const { disk, part } = await partOfSeveralFrames()
  const cache = new FrameCache(1 << 24)
  const reader = openPart(disk, { cache })
  assert.deepEqual(new Set(reader.storedFrames(1).map(({ packing }) => packing)), new Set([0, 1]))
  assert.ok(reader.storedFrames(1).length >= 3)
  const block = reader.openBlock(1)
  const before = disk.callsOf('read')
  reader.prefetch(1)
  assert.equal(disk.callsOf('read'), before + 1)
  for (const { slot, bytes } of part.blocks[1].strings) assert.deepEqual(block.read(slot), bytes)
  for (const { n } of reader.storedFrames(1)) reader.unpacked(n)
  reader.prefetch(1)
  assert.equal(disk.callsOf('read'), before + 1, 'what was fetched is cached')
  // No frame keeps the memory of its neighbours.
  for (const { n, bytes } of reader.storedFrames(1))
    assert.ok(reader.unpacked(n).buffer.byteLength <= bytes + 1)
  reader.close()
  assert.equal(cache.stats.bytes, 0)
})

test('a fetch loads only the frames that are missing', async () => {
  const { disk, part } = await partOfSeveralFrames()
  const cache = new FrameCache(1 << 24)
  const reader = openPart(disk, { cache })
  const block = reader.openBlock(1)
  block.read(1)
  const { misses } = cache.stats
  const reads = disk.callsOf('read')
  reader.prefetch(1)
  assert.equal(cache.stats.misses - misses, reader.storedFrames(1).length - 1)
  for (const { slot, bytes } of part.blocks[1].strings) assert.deepEqual(block.read(slot), bytes)
  assert.equal(disk.callsOf('read'), reads + 1)
  reader.close()
})

test('a block that does not fit into the cache is not fetched', async () => {
  const { disk, part } = await partOfSeveralFrames()
  const reader = openPart(disk, { cache: new FrameCache(300_000) })
  const before = disk.callsOf('read')
  reader.prefetch(1)
  assert.equal(disk.callsOf('read'), before)
  const block = reader.openBlock(1)
  for (const { slot, bytes } of part.blocks[1].strings) assert.deepEqual(block.read(slot), bytes)
  reader.close()
})

test('frames can be had as they are stored, and unpacked', async () => {
  const disk = await diskWith(await partBytes(LARGE))
  const cache = new FrameCache(1 << 24)
  const reader = openPart(disk, { cache })
  const file = disk.peek(PATH)!
  let storedBytes = 0
  for (const { n, ...frame } of reader.storedFrames(7)) {
    const stored = reader.readStoredFrame(n)
    assert.equal(stored.length, frame.storedBytes)
    assert.ok(Buffer.from(file).includes(Buffer.from(stored)))
    assert.equal(reader.unpacked(n).length, frame.bytes)
    storedBytes += stored.length
  }
  assert.equal(storedBytes, reader.storedBytes(7))
  const strings = LARGE.blocks[7].strings.filter(({ kind }) => kind === 'dense')
  const dense = reader.storedFrames(7).find(({ packing }) => packing === 0) ?? assert.fail('no raw frame')
  assert.deepEqual(Buffer.from(reader.unpacked(dense.n)), Buffer.concat(strings.map(({ bytes }) => bytes)))
  reader.close()
})

test('a bit turned over in a frame is found by whoever reads the frame, in any way', async () => {
  const { disk } = await partOfSeveralFrames()
  const reader = openPart(disk)
  const frames = reader.storedFrames(1)
  let offset = 16 + reader.storedBytes(0)
  for (const { n, storedBytes } of frames) {
    for (const at of [offset, offset + storedBytes - 1]) {
      const good = disk.peek(PATH)!.subarray(at, at + 1)
      disk.damage(PATH, Uint8Array.of(good[0] ^ 1), at)
      const damage = { code: 'PART_CORRUPT', details: { file: PATH, offset } }
      assert.throws(() => reader.readStoredFrame(n), damage)
      assert.throws(() => reader.unpacked(n), damage)
      assertFetchThrows(disk, damage)
      disk.damage(PATH, good, at)
    }
    offset += storedBytes
  }
  reader.prefetch(1)
  reader.close()
})

/** Tries it twice: what the first one left in the cache does not hide the damage. */
function assertFetchThrows(disk: SimulatedDisk, damage: object): void {
  const reader = openPart(disk)
  assert.throws(() => reader.prefetch(1), damage)
  assert.throws(() => reader.prefetch(1), damage)
  reader.close()
}

test('readers share a budget, and a closed one leaves nothing in it', async () => {
  const cache = new FrameCache(200_000)
  const disk = await diskWith(await partBytes(LARGE))
  const readers = [openPart(disk, { cache }), openPart(disk, { cache })]
  for (const reader of readers) {
    for (let n = 0; n < reader.blockCount; n++) {
      const block = reader.openBlock(n)
      for (const slot of block.slots) block.read(slot)
      assert.ok(cache.stats.bytes <= 200_000)
    }
  }
  assert.ok(cache.stats.bytes > 100_000)
  for (const reader of readers) reader.close()
  assert.equal(cache.stats.bytes, 0)
})

// ---- damage -------------------------------------------------------------------------------------------------

for (const [name, part] of Object.entries({ SMALL, PACKED })) {
  test(`any single bit turned over gives PART_CORRUPT, FORMAT_VERSION or the same answer: ${name}`, async (t) => {
    const good = await partBytes(part)
    const disk = await diskWith(good)
    const expected = contentsOf(part)
    const counts: Record<string, number> = {}
    for (let bit = 0; bit < good.length * 8; bit++) {
      const at = bit >> 3
      disk.damage(PATH, Uint8Array.of(good[at] ^ (1 << (bit & 7))), at)
      const outcome = readDamaged(disk, expected, `bit ${bit}`)
      counts[outcome] = (counts[outcome] ?? 0) + 1
      disk.damage(PATH, good.subarray(at, at + 1), at)
    }
    t.diagnostic(`${good.length} bytes: ${JSON.stringify(counts)}`)
    // Only the header is not read by an ordinary reader.
    assert.deepEqual(counts, { equal: 16 * 8, PART_CORRUPT: good.length * 8 - 16 * 8 })
  })
}

for (const check of ['verify', 'verifyStored'] as const) {
  test(`${check} finds every bit turned over, those of the header too`, async () => {
    const good = await partBytes(SMALL)
    const disk = await diskWith(good)
    const checked = async (): Promise<void> => {
      const reader = openPart(disk)
      await reader[check]().finally(() => reader.close())
    }
    await checked()
    for (let bit = 0; bit < good.length * 8; bit++) {
      const at = bit >> 3
      disk.damage(PATH, Uint8Array.of(good[at] ^ (1 << (bit & 7))), at)
      await assert.rejects(checked, { code: 'PART_CORRUPT' }, `bit ${bit}`)
      disk.damage(PATH, good.subarray(at, at + 1), at)
    }
  })
}

test('bits turned over anywhere in a larger part are found', async () => {
  const good = await partBytes(LARGE)
  const disk = await diskWith(good)
  const expected = contentsOf(LARGE)
  for (let seed = 0; seed < 100; seed++) {
    const random = new SeededRandom(seed)
    // The end of the file holds the structures: half of the bits are turned there.
    const at = good.length - 1 - random.below(random.chance(0.5) ? good.length - 16 : 2000)
    disk.damage(PATH, Uint8Array.of(good[at] ^ (1 << random.below(8))), at)
    assert.equal(readDamaged(disk, expected, `seed ${seed}`), 'PART_CORRUPT', `seed ${seed}`)
    disk.damage(PATH, good.subarray(at, at + 1), at)
  }
})

test('a part that was cut short anywhere, or goes on, is PART_CORRUPT', async () => {
  const good = await partBytes(PACKED)
  for (let length = 0; length < good.length; length++) {
    const disk = await diskWith(good.subarray(0, length))
    assert.equal(readDamaged(disk, [], `${length} bytes`), 'PART_CORRUPT')
  }
  const longer = Buffer.concat([good, Uint8Array.of(0)])
  assert.equal(readDamaged(await diskWith(longer), [], 'one byte more'), 'PART_CORRUPT')
})

test('footers that lie under good checksums lead to no other error, and to no large allocation', async () => {
  const good = await partBytes(PACKED)
  const footer = new DataView(good.buffer).getUint32(good.length - PART_TRAILER_BYTES, true)
  const outcomes: Record<string, number> = {}
  for (let seed = 0; seed < 2000; seed++) {
    const random = new SeededRandom(seed)
    const bytes = good.slice()
    for (let change = random.below(3); change >= 0; change--) {
      const at = footer + random.below(good.length - footer - 12)
      bytes[at] = random.chance(0.3) ? 0xff : random.below(256)
    }
    sealAgain(bytes)
    const disk = await diskWith(bytes)
    let outcome = 'read'
    try {
      readPart(disk)
    } catch (error) {
      if (!isCodedError(error)) assert.fail(`seed ${seed}: ${error}`)
      outcome = error.code
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  assert.ok(outcomes['PART_CORRUPT'] > 300, JSON.stringify(outcomes))
})

test('block tables and directories that lie under good checksums are PART_CORRUPT or read', async () => {
  // SMALL is raw, so that its table and directories can be changed where they lie.
  const good = await partBytes(SMALL)
  const view = new DataView(good.buffer)
  const footer = view.getUint32(good.length - PART_TRAILER_BYTES, true)
  const outcomes: Record<string, number> = {}
  for (let seed = 0; seed < 2000; seed++) {
    const random = new SeededRandom(seed)
    const bytes = good.slice()
    const changed = 16 + random.below(footer - 16)
    bytes[changed] = random.chance(0.5) ? 0x80 | random.below(128) : random.below(8)
    sealFramesAgain(bytes)
    const disk = await diskWith(bytes)
    assertLeavesNothing(disk, `seed ${seed}`)
    try {
      readPart(disk)
      outcomes['read'] = (outcomes['read'] ?? 0) + 1
    } catch (error) {
      assert.ok(isCodedError(error, 'PART_CORRUPT'), `seed ${seed}: ${error}`)
      outcomes[error.code] = (outcomes[error.code] ?? 0) + 1
    }
  }
  assert.ok(outcomes['PART_CORRUPT'] > 300, JSON.stringify(outcomes))
})

/** Opening the part, whether it succeeds or not, and closing it leaves no open file and no frame in the cache. */
function assertLeavesNothing(disk: SimulatedDisk, what: string): void {
  const cache = new FrameCache(1 << 20)
  try {
    openPart(disk, { cache }).close()
  } catch (error) {
    assert.ok(isCodedError(error, 'PART_CORRUPT'), `${what}: ${error}`)
  }
  assert.equal(cache.stats.bytes, 0, what)
  assert.equal(disk.callsOf('close'), disk.callsOf('open'), what)
}

test('a newer version and an unknown feature are FORMAT_VERSION, an ignorable feature is not', async () => {
  const newer = await partBytes(SMALL)
  new DataView(newer.buffer).setUint16(newer.length - PART_TRAILER_BYTES + 16, 2, true)
  sealAgain(newer)
  const newerDisk = await diskWith(newer)
  assert.throws(() => openPart(newerDisk), { code: 'FORMAT_VERSION' })

  const options = { level: 1, featuresToUnderstand: 0x8000_0100, featuresToIgnore: 0xff }
  const disk = await diskWith(await partBytes(SMALL, options))
  assert.throws(() => openPart(disk), { code: 'FORMAT_VERSION' })
  assert.throws(() => openPart(disk, { featuresUnderstood: 0x100 }), { code: 'FORMAT_VERSION' })
  const reader = openPart(disk, { featuresUnderstood: 0x8000_0300 })
  assert.equal(reader.featuresToIgnore, 0xff)
  reader.close()
})

// ---- disks that fail ----------------------------------------------------------------------------------------

test('short reads and writes change nothing', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const disk = new SimulatedDisk({ seed, shortReadChance: 0.7, shortWriteChance: 0.7 })
    await writePart(disk, PACKED)
    assert.deepEqual(readPart(disk), contentsOf(PACKED), `seed ${seed}`)
  }
})

test('an error of the disk while reading passes through, and the next try works', async () => {
  const disk = await diskWith(await partBytes(LARGE))
  for (const n of [1, 2, 3, 10]) {
    disk.failCall(n, { code: 'EIO', operation: 'read' })
    assert.throws(
      () => readPart(disk),
      (error) => systemErrorCode(error) === 'EIO',
      `read ${n}`,
    )
  }
  const reader = openPart(disk)
  const block = reader.openBlock(0)
  disk.failCall(1, { code: 'EIO', operation: 'read' })
  assert.throws(() => block.read(3), { code: 'EIO' })
  assert.deepEqual(block.read(3), LARGE.blocks[0].strings[1].bytes)
  reader.close()
})

test('an error of the disk while writing fails the part for good', async () => {
  for (const code of ['ENOSPC', 'EIO']) {
    const disk = new SimulatedDisk()
    const writer = await PartFileWriter.create(disk, PATH, { level: 1 })
    disk.failCall(1, { code, operation: 'write', partialBytes: 100, partialOutcome: 'thrown' })
    await writer.put(1, randomBytes(50_000, 1))
    await writer.endBlock(bytesOf(''))
    await assert.rejects(writer.finish(), { code })
    await assert.rejects(writer.finish(), { code })
    await writer.close()
    assert.equal(readDamaged(disk, [], code), 'PART_CORRUPT')
  }
})

test('after a power cut a synced part is whole; another one is PART_CORRUPT or whole', async () => {
  const part: TestPart = { ...PACKED, sections: new Map([[16, randomBytes(600_000, 1)]]) }
  const expected = contentsOf(part)
  const outcomes: Record<string, number> = {}
  for (let seed = 0; seed < 100; seed++) {
    const disk = new SimulatedDisk({ seed })
    const isSynced = seed % 4 === 0
    if (!isSynced) disk.failCall(1, { code: 'EIO', operation: 'datasync', reach: 'some' })
    await writePart(disk, part).catch(() => assert.ok(!isSynced))
    await disk.syncDirectory('/')
    const outcome = readDamaged(disk.powerCut(seed), expected, `seed ${seed}`)
    if (isSynced) assert.equal(outcome, 'equal', `seed ${seed}`)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  assert.ok(outcomes['PART_CORRUPT'] > 20, JSON.stringify(outcomes))
})

test('a process that dies at any write leaves a part that is PART_CORRUPT', async () => {
  const part: TestPart = { ...PACKED, sections: new Map([[16, randomBytes(600_000, 1)]]) }
  const writes = await countWrites(part)
  for (let n = 1; n <= writes; n++) {
    let left: SimulatedDisk | undefined
    let seen = 0
    const disk = new SimulatedDisk({
      onCall: (operation) => {
        if (operation === 'write' && ++seen === n) left = disk.processKill()
      },
    })
    await assert.rejects(writePart(disk, part), { code: 'ESTALE' })
    assert.equal(readDamaged(left!, [], `write ${n}`), 'PART_CORRUPT')
  }
})

async function countWrites(part: TestPart): Promise<number> {
  const disk = new SimulatedDisk()
  await writePart(disk, part)
  return disk.callsOf('write')
}

// ---- misuse -------------------------------------------------------------------------------------------------

test('what a writer is told twice or out of turn is a bug', async () => {
  const disk = new SimulatedDisk()
  const writer = await PartFileWriter.create(disk, PATH, { level: 1 })
  await writer.put(1, bytesOf('a'))
  await assert.rejects(writer.put(1, bytesOf('b')), /BUG: slot 1/)
  await assert.rejects(writer.put(-1, bytesOf('b')), /BUG/)
  await assert.rejects(writer.addSection(16, bytesOf('in a block')), /BUG: a block is open/)
  await assert.rejects(writer.finish(), /BUG: a block is open/)
  await writer.endBlock(bytesOf(''))
  await writer.addSection(16, bytesOf(''))
  await assert.rejects(writer.addSection(16, bytesOf('')), /BUG/)
  await assert.rejects(writer.addSection(1, bytesOf('')), /BUG/)
  await writer.setDictionary(bytesOf('dictionary'))
  await assert.rejects(writer.setDictionary(bytesOf('another')), /BUG/)
  await writer.close()
  await assert.rejects(PartFileWriter.create(disk, PATH, { level: 1 }), { code: 'EEXIST' })
})
