/** Backups that become data directories again, on simulated disks. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCodedError, SeededRandom, SimulatedDisk } from '../base/base.ts'
import { encodeSample, hasCode, messages, readStore } from '../testing/sample-records.ts'
import { shortOrLong } from '../testing/test-length.ts'
import { restoreBackup } from './restore.ts'
import type { Store } from './store.ts'
import { TestDirectory } from './test-directory.ts'
import { verifyDirectory } from './verify.ts'

const MANUAL = { sealing: false, segmentBytesMax: 64 * 1024 }
const FROM = '/backup/monday'
const TO = '/restored'
const STORE = `${FROM}/stores/logs`

/** A backup of two parts, their keys, and a segment. */
async function backedUp(seed = 1): Promise<TestDirectory> {
  const directory = new TestDirectory(new SimulatedDisk({ seed }))
  const store = await directory.open(MANUAL)
  for (let n = 0; n < 40; n++)
    await store.append(encodeSample({ ...messages(`message ${n}`, 'x'.repeat(n * 10)), key: `key ${n}` }))
  await store.flush()
  await store.append(encodeSample(messages('sealed later')))
  await store.flush()
  await store.append(encodeSample(messages('not sealed')))
  await store.maintenance.backup(STORE)
  await store.close()
  return directory
}

function at(directory: TestDirectory, path: string): TestDirectory {
  const other = new TestDirectory(directory.disk)
  Object.assign(other, { path })
  return other
}

const restore = (
  { disk, clock }: TestDirectory,
  options: { readonly to?: string; readonly partial?: boolean } = {},
): ReturnType<typeof restoreBackup> =>
  restoreBackup({ disk, clock, from: FROM, to: options.to ?? TO }, options)

const texts = async (store: Store): Promise<string[]> => (await readStore(store)).map(({ text }) => text)

const filesBelow = (disk: SimulatedDisk, path: string): string[] =>
  disk.files().filter((file) => file.startsWith(`${path}/`))

describe('restoreBackup', () => {
  it('makes a data directory that has what the backup had, and leaves the backup as it is', async () => {
    const directory = await backedUp()
    const { disk, clock } = directory
    const before = filesBelow(disk, FROM).map((file) => [file, disk.peek(file)])
    const { stores, records, files, damaged } = await restore(directory)
    assert.deepEqual([stores, records, damaged], [['logs'], 82, []])
    assert.equal(files, before.length)
    assert.deepEqual(
      filesBelow(disk, FROM).map((file) => [file, disk.peek(file)]),
      before,
    )
    assert.deepEqual((await verifyDirectory({ disk, clock, directory: `${TO}/stores/logs` })).damaged, [])
    const original = await directory.open(MANUAL)
    const store = await at(directory, `${TO}/stores/logs`).open(MANUAL)
    assert.deepEqual(await texts(store), await texts(original))
    assert.equal(await store.append(encodeSample({ ...messages('again'), key: 'key 7' })), 15)
    assert.equal(store.stats().state, 'writable')
    await store.close()
    await original.close()
  })

  it('refuses a directory that has anything in it, and one in the backup', async () => {
    const directory = await backedUp()
    await restore(directory)
    const before = directory.disk.files()
    for (const to of [TO, FROM, `${FROM}/new`, '/data'])
      await assert.rejects(restore(directory, { to }), hasCode('RESTORE_REFUSED'), to)
    assert.deepEqual(directory.disk.files(), before)
  })

  it('refuses what is no backup, and one that was interrupted', async () => {
    const directory = await backedUp()
    const { disk, clock } = directory
    const from = '/nothing'
    await assert.rejects(restoreBackup({ disk, clock, from, to: TO }), /there are no stores in it/)
    await at(directory, STORE).remove('manifest-000001')
    await assert.rejects(restore(directory, { partial: true }), /store logs has no manifest/)
    const { damaged } = await verifyDirectory({ disk, clock, directory: STORE })
    assert.deepEqual(
      damaged.map(({ file }) => file),
      ['manifest'],
    )
    assert.deepEqual(filesBelow(disk, TO), [])
  })

  it('refuses a backup of which any byte was turned over, and restores it as far as it can be read', async () => {
    const random = new SeededRandom(5)
    for (let round = 0; round < shortOrLong(16, 40); round++) {
      const directory = await backedUp(round)
      const backup = at(directory, STORE)
      const names = backup.names()
      const name = names[round % names.length]
      const offset = random.below(backup.bytes(name).length)
      const what = `round ${round}: byte ${offset} of ${name}`
      const lastLine = backup.text(name).trimEnd().lastIndexOf('\n')
      // A last line that is broken counts as one that was being written; without it nothing is missing.
      if (name.startsWith('manifest') && offset >= lastLine) continue
      backup.damage(name, offset)
      await assert.rejects(
        restore(directory),
        (error) => isCodedError(error, 'RESTORE_REFUSED') && error.message.includes(name),
        what,
      )
      assert.deepEqual(filesBelow(directory.disk, TO), [], what)
      if (name.startsWith('manifest')) {
        await assert.rejects(restore(directory, { partial: true }), hasCode('RESTORE_REFUSED'), what)
        continue
      }
      const { damaged, files } = await restore(directory, { partial: true })
      assert.deepEqual([...new Set(damaged.map(({ file }) => file))], [`logs/${name}`], what)
      assert.equal(files, names.length, what)
      const store = await at(directory, `${TO}/stores/logs`).open({ ...MANUAL, acceptLoss: true })
      const known = new Set(await texts(await directory.open(MANUAL)))
      // Whoever reads a block that is damaged is told so.
      const found = await texts(store).catch((error: unknown) => {
        if (!isCodedError(error, 'PART_CORRUPT')) throw error
        return []
      })
      assert.ok(
        found.every((text) => known.has(text)),
        what,
      )
      await store.close()
    }
  })

  it('leaves nothing that a server starts with when it fails, wherever that is, and can be tried again', async () => {
    for (let calls = 1; ; calls++) {
      assert.ok(calls < 30, 'no restoration came through')
      const directory = await backedUp()
      const { disk } = directory
      let left = calls
      const open = disk.open.bind(disk)
      disk.open = async (path, mode) => {
        if (path.startsWith(TO) && mode === 'create' && --left === 0)
          throw Object.assign(new Error('ENOSPC: the test'), { code: 'ENOSPC' })
        return open(path, mode)
      }
      const outcome = await restore(directory).catch(() => null)
      disk.open = open
      if (outcome !== null) return
      assert.deepEqual(filesBelow(disk, TO), [], `call ${calls}`)
      assert.equal((await restore(directory)).records, 82, `call ${calls}`)
    }
  })

  it('is a whole store or none after a power cut at any moment', async () => {
    for (let calls = 1; ; calls++) {
      assert.ok(calls < 30, 'no restoration came through')
      const directory = await backedUp()
      const { disk } = directory
      let left = calls
      let cut: SimulatedDisk | null = null
      const open = disk.open.bind(disk)
      disk.open = async (path, mode) => {
        if (path.startsWith(TO) && mode === 'create' && --left === 0) cut = disk.processKill()
        return open(path, mode)
      }
      await restore(directory).catch(() => {})
      if (cut === null) return
      const torn = new TestDirectory(cut)
      Object.assign(torn, { path: `${TO}/stores/logs` })
      if (torn.names().length === 0) continue
      await assert.rejects(torn.open(MANUAL), hasCode('MANIFEST_CORRUPT'), `call ${calls}`)
    }
  })

  it('is refused while a server uses the backup, and holds the directory meanwhile', async () => {
    const directory = await backedUp()
    const lock = await directory.disk.lock(FROM)
    await assert.rejects(restore(directory), hasCode('DIRECTORY_LOCKED'))
    await lock.release()
    await restore(directory)
    const after = await directory.disk.lock(TO)
    await after.release()
  })
})
