/**
 * The contract of `Disk` as tests: every implementation runs the same ones. What a power cut does cannot be tried on
 * a real disk here; the simulated disk has tests of its own for that.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Disk, isCodedError, readFull, readFullSync, writeAll } from '../base/base.ts'

export interface DiskUnderTest {
  readonly disk: Disk
  /** An empty directory. */
  readonly root: string
  dispose(): Promise<void>
}

type Check = (disk: Disk, root: string) => Promise<void>

/** Registers the contract's tests under `name`. */
export function diskContract(name: string, makeDisk: () => Promise<DiskUnderTest>): void {
  for (const [sentence, check] of CHECKS) {
    test(`${name}: ${sentence}`, async () => {
      const made = await makeDisk()
      try {
        await check(made.disk, made.root)
      } finally {
        await made.dispose()
      }
    })
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

async function writeFile(disk: Disk, path: string, text: string): Promise<void> {
  const file = await disk.open(path, 'create')
  await writeAll(file, bytesOf(text), 0)
  await file.datasync()
  await file.close()
}

async function readFile(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read')
  const bytes = new Uint8Array(await file.size())
  assert.equal(await readFull(file, bytes, 0), bytes.length)
  await file.close()
  return new TextDecoder().decode(bytes)
}

const CHECKS: readonly (readonly [sentence: string, check: Check])[] = [
  ['a file reads back as it was written', readsBack],
  ['open answers ENOENT and EEXIST', refusesToOpen],
  ['a file opened for writing keeps what it has', opensForWriting],
  ['a file opened for reading cannot be written', refusesToWrite],
  ['reading at the end and behind it gives 0 bytes', readsNothingBehindTheEnd],
  ['a read gives what there is when there is less than was asked', readsLess],
  ['a read changes only the bytes that it counts', readsInPlace],
  ['writing behind the end fills the gap with zeros', fillsGaps],
  ['overwriting changes only the bytes that were written', overwrites],
  ['truncate cuts, and extends with zeros', truncates],
  ['what was cut off does not come back when the file grows again', forgetsCutBytes],
  ['nothing is written for no bytes', writesNothing],
  ['shared memory can be written and read', usesSharedMemory],
  ['many writes under way together all arrive', writesTogether],
  ['datasync and syncDirectory resolve', syncs],
  ['a closed file answers EBADF, and may be closed again', refusesWhenClosed],
  ['openSync reads what was written', readsBackSync],
  ['openSync answers ENOENT and ENOTDIR', refusesToOpenSync],
  [
    'readSync gives what there is, 0 bytes at the end, and changes only the bytes that it counts',
    readsLessSync,
  ],
  ['readSync reads into shared memory, and nothing into none', usesSharedMemorySync],
  ['a file that was opened with openSync stays readable when it is unlinked', readsUnlinkedFileSync],
  ['a closed ReadableFile answers EBADF, and may be closed again', refusesWhenClosedSync],
  ['makeDirectory makes missing parents and says whether it made any', makesDirectories],
  ['makeDirectory does not replace a file', refusesDirectoryOverFile],
  ['list gives sorted names', lists],
  ['list and syncDirectory answer ENOENT and ENOTDIR', refusesToList],
  ['stat tells file, directory and nothing', stats],
  ['rename moves a file and replaces another', renames],
  ['renaming a file to its own name changes nothing', renamesInPlace],
  ['rename answers ENOENT', refusesToRename],
  ['an open file stays usable when it is renamed', writesRenamedFile],
  ['unlink removes a name, and answers ENOENT when there is none', unlinks],
  ['an open file stays readable when it is unlinked', readsUnlinkedFile],
  ['a replaced file stays readable for who has it open', readsReplacedFile],
  ['space tells free and total bytes', tellsSpace],
  ['a directory is locked once, with the pid of the holder in the error', locksOnce],
  ['a released lock can be taken again', locksAgain],
  ['directories are locked each for itself', locksApart],
  ['locking a directory that is not there answers ENOENT', refusesToLock],
]

async function readsBack(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'one line\n')
  assert.equal(await readFile(disk, `${root}/a`), 'one line\n')
}

async function refusesToOpen(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  await assert.rejects(disk.open(`${root}/b`, 'read'), { code: 'ENOENT' })
  await assert.rejects(disk.open(`${root}/b`, 'write'), { code: 'ENOENT' })
  await assert.rejects(disk.open(`${root}/none/b`, 'create'), { code: 'ENOENT' })
  await assert.rejects(disk.open(`${root}/a`, 'create'), { code: 'EEXIST' })
  await assert.rejects(disk.open(`${root}/a/b`, 'create'), { code: 'ENOTDIR' })
  assert.equal(await readFile(disk, `${root}/a`), 'text')
}

async function opensForWriting(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  const file = await disk.open(`${root}/a`, 'write')
  assert.equal(await file.size(), 4)
  await writeAll(file, bytesOf('er'), 4)
  await file.close()
  assert.equal(await readFile(disk, `${root}/a`), 'texter')
}

async function refusesToWrite(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  const file = await disk.open(`${root}/a`, 'read')
  await assert.rejects(file.write(bytesOf('x'), 0), { code: 'EBADF' })
  await file.close()
  assert.equal(await readFile(disk, `${root}/a`), 'text')
}

async function readsNothingBehindTheEnd(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  assert.equal(await file.read(new Uint8Array(4), 0), 0)
  await writeAll(file, bytesOf('text'), 0)
  assert.equal(await file.read(new Uint8Array(4), 4), 0)
  assert.equal(await file.read(new Uint8Array(4), 1000), 0)
  await file.close()
}

async function readsLess(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  await writeAll(file, bytesOf('text'), 0)
  const target = new Uint8Array(10)
  assert.equal(await readFull(file, target, 2), 2)
  assert.deepEqual(target.subarray(0, 3), Uint8Array.of(0x78, 0x74, 0))
  await file.close()
}

async function readsInPlace(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  await writeAll(file, bytesOf('0123456789'), 0)
  const memory = new Uint8Array(8).fill(0x2e)
  assert.equal(await readFull(file, memory.subarray(2, 5), 4), 3)
  assert.equal(new TextDecoder().decode(memory), '..456...')
  await file.close()
}

async function fillsGaps(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  await writeAll(file, bytesOf('b'), 3)
  await file.close()
  assert.equal(await readFile(disk, `${root}/a`), '\0\0\0b')
}

async function overwrites(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, '0123456789')
  const file = await disk.open(`${root}/a`, 'write')
  await writeAll(file, bytesOf('xyz'), 4)
  await file.close()
  assert.equal(await readFile(disk, `${root}/a`), '0123xyz789')
}

async function truncates(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  await writeAll(file, bytesOf('text'), 0)
  await file.truncate(2)
  assert.equal(await file.size(), 2)
  await file.truncate(5)
  await file.close()
  assert.equal(await readFile(disk, `${root}/a`), 'te\0\0\0')
}

async function forgetsCutBytes(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  await writeAll(file, bytesOf('secret'), 0)
  await file.truncate(0)
  await writeAll(file, bytesOf('x'), 5)
  await file.close()
  assert.equal(await readFile(disk, `${root}/a`), '\0\0\0\0\0x')
}

async function writesNothing(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  assert.equal(await file.write(new Uint8Array(0), 7), 0)
  assert.equal(await file.read(new Uint8Array(0), 0), 0)
  assert.equal(await file.size(), 0)
  await file.close()
}

async function usesSharedMemory(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  const written = new Uint8Array(new SharedArrayBuffer(6)).subarray(1, 5)
  written.set(bytesOf('text'))
  await writeAll(file, written, 0)
  const found = new Uint8Array(new SharedArrayBuffer(4))
  assert.equal(await readFull(file, found, 0), 4)
  assert.equal(Buffer.from(found).toString(), 'text')
  await file.close()
}

async function writesTogether(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  const digits = Array.from('0123456789', (digit, index) =>
    writeAll(file, bytesOf(digit.repeat(100)), index * 100),
  )
  await Promise.all([...digits, file.datasync()])
  await file.close()
  const wanted = Array.from('0123456789', (digit) => digit.repeat(100)).join('')
  assert.equal(await readFile(disk, `${root}/a`), wanted)
}

async function syncs(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  await writeAll(file, bytesOf('text'), 0)
  assert.equal(await file.datasync(), undefined)
  assert.equal(await disk.syncDirectory(root), undefined)
  await file.close()
}

async function refusesWhenClosed(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  await file.close()
  await file.close()
  await assert.rejects(file.write(bytesOf('x'), 0), { code: 'EBADF' })
  await assert.rejects(file.read(new Uint8Array(1), 0), { code: 'EBADF' })
  await assert.rejects(file.truncate(0), { code: 'EBADF' })
  await assert.rejects(file.datasync(), { code: 'EBADF' })
  await assert.rejects(file.size(), { code: 'EBADF' })
}

async function readsBackSync(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'one line\n')
  const file = disk.openSync(`${root}/a`)
  const bytes = new Uint8Array(file.bytes)
  assert.equal(readFullSync(file, bytes, 0), 9)
  assert.equal(new TextDecoder().decode(bytes), 'one line\n')
  file.closeSync()
}

async function refusesToOpenSync(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  assert.throws(() => disk.openSync(`${root}/b`), { code: 'ENOENT' })
  assert.throws(() => disk.openSync(`${root}/a/b`), { code: 'ENOTDIR' })
  assert.deepEqual(await disk.list(root), ['a'])
}

async function readsLessSync(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, '0123456789')
  const file = disk.openSync(`${root}/a`)
  const memory = new Uint8Array(8).fill(0x2e)
  assert.equal(readFullSync(file, memory.subarray(2, 5), 4), 3)
  assert.equal(new TextDecoder().decode(memory), '..456...')
  assert.equal(readFullSync(file, memory, 7), 3)
  assert.equal(new TextDecoder().decode(memory), '78956...')
  assert.equal(file.readSync(memory, 10), 0)
  assert.equal(file.readSync(memory, 1000), 0)
  file.closeSync()
}

async function usesSharedMemorySync(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  const file = disk.openSync(`${root}/a`)
  const found = new Uint8Array(new SharedArrayBuffer(4))
  assert.equal(readFullSync(file, found, 0), 4)
  assert.equal(Buffer.from(found).toString(), 'text')
  assert.equal(file.readSync(new Uint8Array(0), 0), 0)
  file.closeSync()
}

async function readsUnlinkedFileSync(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  const file = disk.openSync(`${root}/a`)
  await disk.unlink(`${root}/a`)
  await writeFile(disk, `${root}/a`, 'other')
  const bytes = new Uint8Array(4)
  assert.equal(readFullSync(file, bytes, 0), 4)
  assert.equal(new TextDecoder().decode(bytes), 'text')
  file.closeSync()
}

async function refusesWhenClosedSync(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  const file = disk.openSync(`${root}/a`)
  file.closeSync()
  const other = disk.openSync(`${root}/a`)
  file.closeSync()
  assert.throws(() => file.readSync(new Uint8Array(1), 0), { code: 'EBADF' })
  assert.equal(other.readSync(new Uint8Array(1), 0), 1)
  other.closeSync()
}

async function makesDirectories(disk: Disk, root: string): Promise<void> {
  assert.equal(await disk.makeDirectory(`${root}/x/y`), true)
  assert.equal(await disk.makeDirectory(`${root}/x/y`), false)
  assert.equal(await disk.makeDirectory(`${root}/x`), false)
  assert.equal(await disk.makeDirectory(`${root}/x/z`), true)
  assert.deepEqual(await disk.list(`${root}/x`), ['y', 'z'])
}

async function refusesDirectoryOverFile(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  await assert.rejects(disk.makeDirectory(`${root}/a`), { code: 'EEXIST' })
  assert.equal(await readFile(disk, `${root}/a`), 'text')
}

async function lists(disk: Disk, root: string): Promise<void> {
  assert.deepEqual(await disk.list(root), [])
  for (const name of ['b', 'a10', 'a9', 'B', 'ä']) await writeFile(disk, `${root}/${name}`, '')
  await disk.makeDirectory(`${root}/c/inner`)
  assert.deepEqual(await disk.list(root), ['B', 'a10', 'a9', 'b', 'c', 'ä'])
}

async function refusesToList(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, '')
  await assert.rejects(disk.list(`${root}/none`), { code: 'ENOENT' })
  await assert.rejects(disk.list(`${root}/a`), { code: 'ENOTDIR' })
  await assert.rejects(disk.syncDirectory(`${root}/none`), { code: 'ENOENT' })
  await assert.rejects(disk.syncDirectory(`${root}/a`), { code: 'ENOTDIR' })
}

async function stats(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  assert.deepEqual(await disk.stat(`${root}/a`), { bytes: 4, isDirectory: false })
  assert.deepEqual(await disk.stat(root), { bytes: 0, isDirectory: true })
  assert.equal(await disk.stat(`${root}/none`), null)
  assert.equal(await disk.stat(`${root}/none/b`), null)
  assert.equal(await disk.stat(`${root}/a/b`), null)
}

async function renames(disk: Disk, root: string): Promise<void> {
  await disk.makeDirectory(`${root}/sub`)
  await writeFile(disk, `${root}/a`, 'new')
  await writeFile(disk, `${root}/sub/b`, 'old')
  await disk.rename(`${root}/a`, `${root}/sub/b`)
  assert.deepEqual(await disk.list(root), ['sub'])
  assert.equal(await readFile(disk, `${root}/sub/b`), 'new')
  await disk.rename(`${root}/sub`, `${root}/moved`)
  assert.equal(await readFile(disk, `${root}/moved/b`), 'new')
}

async function renamesInPlace(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  await disk.rename(`${root}/a`, `${root}/a`)
  assert.deepEqual(await disk.list(root), ['a'])
  assert.equal(await readFile(disk, `${root}/a`), 'text')
}

async function refusesToRename(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  await assert.rejects(disk.rename(`${root}/none`, `${root}/b`), { code: 'ENOENT' })
  await assert.rejects(disk.rename(`${root}/a`, `${root}/none/b`), { code: 'ENOENT' })
  assert.equal(await readFile(disk, `${root}/a`), 'text')
}

async function writesRenamedFile(disk: Disk, root: string): Promise<void> {
  const file = await disk.open(`${root}/a`, 'create')
  await disk.rename(`${root}/a`, `${root}/b`)
  await writeAll(file, bytesOf('text'), 0)
  await file.close()
  assert.equal(await readFile(disk, `${root}/b`), 'text')
}

async function unlinks(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  await disk.unlink(`${root}/a`)
  assert.deepEqual(await disk.list(root), [])
  await assert.rejects(disk.unlink(`${root}/a`), { code: 'ENOENT' })
}

async function readsUnlinkedFile(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'text')
  const file = await disk.open(`${root}/a`, 'read')
  await disk.unlink(`${root}/a`)
  await writeFile(disk, `${root}/a`, 'other')
  const bytes = new Uint8Array(4)
  assert.equal(await readFull(file, bytes, 0), 4)
  assert.equal(new TextDecoder().decode(bytes), 'text')
  await file.close()
}

async function readsReplacedFile(disk: Disk, root: string): Promise<void> {
  await writeFile(disk, `${root}/a`, 'old')
  await writeFile(disk, `${root}/b`, 'new')
  const file = await disk.open(`${root}/a`, 'read')
  await disk.rename(`${root}/b`, `${root}/a`)
  const bytes = new Uint8Array(3)
  assert.equal(await readFull(file, bytes, 0), 3)
  assert.equal(new TextDecoder().decode(bytes), 'old')
  await file.close()
}

async function tellsSpace(disk: Disk, root: string): Promise<void> {
  const { freeBytes, totalBytes } = await disk.space(root)
  assert.ok(freeBytes > 0 && totalBytes >= freeBytes, `${freeBytes} of ${totalBytes}`)
  await assert.rejects(disk.space(`${root}/none`), { code: 'ENOENT' })
}

async function locksOnce(disk: Disk, root: string): Promise<void> {
  const lock = await disk.lock(root)
  const isLocked = (error: unknown) =>
    isCodedError(error, 'DIRECTORY_LOCKED') && error.message.includes(`process ${error.details['pid']}`)
  await assert.rejects(disk.lock(root), isLocked)
  await assert.rejects(disk.lock(root), isLocked)
  // The holder may leave a file of this name in the directory, and no other.
  assert.deepEqual(await disk.list(root), ['lock'])
  await lock.release()
}

async function locksAgain(disk: Disk, root: string): Promise<void> {
  const first = await disk.lock(root)
  await first.release()
  const second = await disk.lock(root)
  await first.release()
  await assert.rejects(disk.lock(root), { code: 'DIRECTORY_LOCKED' })
  await second.release()
  assert.deepEqual(await disk.list(root), [])
}

async function locksApart(disk: Disk, root: string): Promise<void> {
  await disk.makeDirectory(`${root}/x`)
  await disk.makeDirectory(`${root}/y`)
  const locks = [await disk.lock(`${root}/x`), await disk.lock(`${root}/y`)]
  for (const lock of locks) await lock.release()
}

async function refusesToLock(disk: Disk, root: string): Promise<void> {
  await assert.rejects(disk.lock(`${root}/none`), { code: 'ENOENT' })
}
