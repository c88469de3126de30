/** Files of idempotency keys: what comes back, and what is made of a damaged one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom, SimulatedDisk, writeAll } from '../base/base.ts'
import { hasCode } from '../testing/sample-records.ts'
import { readKeysFile, type SealedKey, writeKeysFile } from './keys-file.ts'

const PATH = '/keys-000001'

const randomKeys = (random: SeededRandom, count: number): SealedKey[] =>
  Array.from({ length: count }, () => ({
    key: Array.from({ length: 1 + random.below(256) }, () => String.fromCharCode(random.below(256))).join(''),
    firstId: random.uint32() * 2 ** random.below(21),
    receivedMs: (random.below(2) * 2 - 1) * random.uint32() * 2 ** random.below(21),
  }))

async function put(disk: SimulatedDisk, bytes: Uint8Array): Promise<void> {
  if (disk.peek(PATH) !== null) await disk.unlink(PATH)
  const file = await disk.open(PATH, 'create')
  await writeAll(file, bytes, 0)
  await file.close()
}

test('a file of keys is a header and an entry for each key', async () => {
  const disk = new SimulatedDisk({ seed: 1 })
  await writeKeysFile(disk, PATH, [{ key: 'a\u00ff', firstId: 2 ** 32 + 5, receivedMs: -1 }])
  const hex = Buffer.from(disk.peek(PATH) ?? []).toString('hex')
  assert.equal(hex.slice(0, 48), '4c434b455953464c0100200001000000' + '1400000000000000')
  assert.equal(hex.slice(64), '0200' + '61ff' + '0500000001000000' + 'ffffffffffffffff')
})

test('keys come back byte for byte, in order, however many', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    const keys = randomKeys(random, seed === 30 ? 9000 : random.below(40))
    const disk = new SimulatedDisk({ seed })
    const written = await writeKeysFile(disk, PATH, keys)
    assert.deepEqual(await readKeysFile(disk, PATH), keys, `seed ${seed}`)
    const receivedMsMax = keys.length === 0 ? 0 : Math.max(...keys.map((key) => key.receivedMs))
    assert.deepEqual(written, { bytes: disk.peek(PATH)?.length, keys: keys.length, receivedMsMax })
  }
})

test('a file that is cut or changed anywhere is refused', async () => {
  const disk = new SimulatedDisk({ seed: 1 })
  await writeKeysFile(disk, PATH, randomKeys(new SeededRandom(7), 3))
  const whole = disk.peek(PATH)?.slice() ?? new Uint8Array()
  for (let at = 0; at < whole.length; at++) {
    await put(disk, whole.slice(0, at))
    await assert.rejects(readKeysFile(disk, PATH), hasCode('KEYS_CORRUPT'), `cut at ${at}`)
    for (let bit = 0; bit < 8; bit++) {
      const damaged = whole.slice()
      damaged[at] ^= 1 << bit
      await put(disk, damaged)
      await assert.rejects(readKeysFile(disk, PATH), hasCode('KEYS_CORRUPT'), `bit ${bit} of byte ${at}`)
    }
  }
  await put(disk, Uint8Array.of(...whole, 0))
  await assert.rejects(readKeysFile(disk, PATH), hasCode('KEYS_CORRUPT'))
})

test('a file that cannot be written is taken away again', async () => {
  for (const operation of ['write', 'datasync'] as const) {
    const disk = new SimulatedDisk({ seed: 1 })
    disk.failCall(1, { operation, code: 'ENOSPC' })
    await assert.rejects(
      writeKeysFile(disk, PATH, [{ key: 'a', firstId: 1, receivedMs: 1 }]),
      (error) => !isCodedError(error),
    )
    assert.equal(disk.peek(PATH), null)
  }
})
