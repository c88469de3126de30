/** Files of deleted rows: what comes back, how small they are, and what is made of a damaged one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { Bitset, SeededRandom, SimulatedDisk, writeAll } from '../base/base.ts'
import { hasCode } from '../testing/sample-records.ts'
import { readDeletesFile, writeDeletesFile } from './deletes-file.ts'

const PATH = '/deletes-000001'

function randomSet(random: SeededRandom): Bitset {
  const set = new Bitset(random.below(3000))
  const probability = [0, 0.001, 0.1, 0.5, 0.9, 0.999, 1][random.below(7)]
  for (let row = 0; row < set.size; row++) if (random.chance(probability)) set.set(row)
  return set
}

async function put(disk: SimulatedDisk, bytes: Uint8Array): Promise<void> {
  if (disk.peek(PATH) !== null) await disk.unlink(PATH)
  const file = await disk.open(PATH, 'create')
  await writeAll(file, bytes, 0)
  await file.close()
}

test('sets of rows come back, of whichever blocks and however dense', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new SeededRandom(seed)
    const blocks = new Map<number, Bitset>()
    for (let n = random.below(8); n > 0; n--) blocks.set(random.below(20), randomSet(random))
    if (random.chance(0.1)) blocks.set(0xffff_ffff, randomSet(random))
    const disk = new SimulatedDisk({ seed })
    const bytes = await writeDeletesFile(disk, PATH, blocks)
    assert.equal(disk.peek(PATH)?.length, bytes)
    const sorted = new Map([...blocks].sort(([a], [b]) => a - b))
    assert.deepEqual(readDeletesFile(disk, PATH), sorted, `seed ${seed}`)
  }
})

test('few rows, and all but few, cost a byte or two each; never more than a bit a row', async () => {
  const few = new Bitset(65_536)
  for (const row of [0, 5, 60_000]) few.set(row)
  const half = new Bitset(65_536)
  for (let row = 0; row < 65_536; row += 2) half.set(row)
  const sizes = [few, few.copy().invert(), Bitset.full(65_536), half].map((set) =>
    writeDeletesFile(new SimulatedDisk({ seed: 1 }), PATH, new Map([[0, set]])),
  )
  assert.deepEqual(await Promise.all(sizes), [32 + 6 + 5, 32 + 6 + 5, 32 + 6, 32 + 7 + 8192])
})

test('a file that is cut or changed anywhere is refused', async () => {
  const disk = new SimulatedDisk({ seed: 1 })
  const random = new SeededRandom(3)
  await writeDeletesFile(disk, PATH, new Map([1, 2, 9].map((block) => [block, randomSet(random)])))
  const whole = disk.peek(PATH)?.slice() ?? new Uint8Array()
  for (let at = 0; at < whole.length; at++) {
    for (const bytes of [whole.slice(0, at), whole.with(at, whole[at] ^ (1 << (at & 7)))]) {
      await put(disk, bytes)
      assert.throws(() => readDeletesFile(disk, PATH), hasCode('DELETES_CORRUPT'), `byte ${at}`)
    }
  }
})

test('entries that make no sense are refused under good checksums, and a newer version too', async () => {
  const file = (version: number, count: number, entries: number[]): Uint8Array => {
    const bytes = Buffer.alloc(32 + entries.length)
    bytes.write('LCDELETE', 'latin1')
    bytes.writeUInt16LE(version, 8)
    bytes.writeUInt16LE(32, 10)
    bytes.writeUInt32LE(count, 12)
    bytes.writeUInt32LE(entries.length, 16)
    bytes.set(entries, 32)
    bytes.writeUInt32LE(crc32(bytes.subarray(32)), 24)
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28)
    return bytes
  }
  const disk = new SimulatedDisk({ seed: 1 })
  await put(disk, file(1, 1, [0, 9, 1, 1, 3]))
  assert.deepEqual([...(readDeletesFile(disk, PATH).get(0)?.words ?? [])], [8])
  const bad = [
    [0, 9, 3, 1, 3], // an unknown form
    [0, 9, 1, 1, 9], // row 9 of 9
    [0, 9, 0, 2, 0, 2], // bit 9 of 9
    [0, 9, 0, 1, 0], // too few bits
    [0, 9, 1, 3, 1, 1, 1], // longer than its bits
    [0, 0x81, 0x80, 0x40, 1, 0], // 1,048,577 rows
    [0, 9, 1, 1, 3, 0], // more than its entry
    [],
  ]
  for (const entries of bad) {
    await put(disk, file(1, 1, entries))
    assert.throws(() => readDeletesFile(disk, PATH), hasCode('DELETES_CORRUPT'), `${entries}`)
  }
  await put(disk, file(2, 0, []))
  assert.throws(() => readDeletesFile(disk, PATH), hasCode('FORMAT_VERSION'))
})
