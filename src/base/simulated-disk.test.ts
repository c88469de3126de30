import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type DiskFile, readFull, readFullSync, retryInterrupted, writeAll } from './disk.ts'
import { SimulatedDisk, type SimulatedDiskOptions } from './simulated-disk.ts'

const SEEDS = 300
const SECTOR = 512
const encoder = new TextEncoder()

/** `sectors('ab')` is a sector of a and a sector of b. */
function sectors(letters: string): Uint8Array {
  return encoder.encode(Array.from(letters, (letter) => letter.repeat(SECTOR)).join(''))
}

/** One letter for each sector of the file (0 for zeros, ? for a mixture), or null when there is no file. */
function lettersOf(disk: SimulatedDisk, path: string): string | null {
  const bytes = disk.peek(path)
  if (bytes === null) return null
  let letters = ''
  for (let from = 0; from < bytes.length; from += SECTOR) {
    const sector = bytes.subarray(from, from + SECTOR)
    if (sector.every((byte) => byte === 0)) letters += '0'
    else letters += sector.every((byte) => byte === sector[0]) ? String.fromCharCode(sector[0]) : '?'
  }
  return letters
}

function textOf(disk: SimulatedDisk, path: string): string | null {
  const bytes = disk.peek(path)
  return bytes === null ? null : new TextDecoder().decode(bytes)
}

/** A disk with an empty file `/data/a`, all of it durable. */
async function diskWithFile(options?: SimulatedDiskOptions): Promise<[SimulatedDisk, DiskFile]> {
  const disk = new SimulatedDisk(options)
  await disk.makeDirectory('/data')
  const file = await disk.open('/data/a', 'create')
  await disk.syncDirectory('/data')
  await disk.syncDirectory('/')
  return [disk, file]
}

async function create(disk: SimulatedDisk, path: string, text: string): Promise<void> {
  const file = await disk.open(path, 'create')
  await writeAll(file, encoder.encode(text), 0)
  await file.datasync()
  await file.close()
}

/** What `look` sees after each of many power cuts of the same moment. */
function outcomes<T>(disk: SimulatedDisk, look: (after: SimulatedDisk) => T): Set<T> {
  const seen = new Set<T>()
  for (let seed = 1; seed <= SEEDS; seed++) seen.add(look(disk.fork().powerCut(seed)))
  return seen
}

function assertSees<T>(seen: Set<T>, wanted: readonly T[]): void {
  for (const outcome of wanted) assert.ok(seen.has(outcome), `${outcome} is not among ${[...seen].join(' ')}`)
}

describe('a power cut and the bytes of a file', () => {
  test('un-synced bytes are kept, lost or torn', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('abc'), 0)
    const seen = outcomes(disk, (after) => lettersOf(after, '/data/a'))
    assertSees(seen, ['', 'abc', 'ab0', 'a00', '0bc', '000'])
  })

  test('un-synced writes are reordered', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('a'), 0)
    await writeAll(file, sectors('b'), SECTOR)
    assertSees(
      outcomes(disk, (after) => lettersOf(after, '/data/a')),
      ['a', '0b', 'ab', ''],
    )
  })

  test('a sector shows the first of its un-synced writes, never a later one without an earlier', async () => {
    const [disk, file] = await diskWithFile()
    for (const [index, text] of ['1111', '2222', '3333'].entries()) {
      await writeAll(file, encoder.encode(text), 4 * index)
    }
    const withoutZeros = (after: SimulatedDisk) => textOf(after, '/data/a')?.replace(/\0+$/, '')
    const seen = outcomes(disk, withoutZeros)
    assert.deepEqual(seen, new Set(['', '1111', '11112222', '111122223333']))
  })

  test('the first writes of many may survive, and one of them torn', async () => {
    const [disk, file] = await diskWithFile()
    for (let i = 0; i < 8; i++) await writeAll(file, sectors('aaaa'), 4 * i * SECTOR)
    const prefixes = Array.from({ length: 32 }, (_, length) => 'a'.repeat(length))
    const seen = outcomes(disk, (after) => lettersOf(after, '/data/a')?.replace(/0+$/, ''))
    const found = prefixes.filter((prefix) => seen.has(prefix))
    assert.ok(found.length > 16, `only ${found.length} prefixes`)
  })

  test('what was written is what the bytes were then, whatever their owner does with them later', async () => {
    const [disk, file] = await diskWithFile()
    const bytes = encoder.encode('text')
    await writeAll(file, bytes, 0)
    bytes.fill(0x78)
    assert.equal(textOf(disk, '/data/a'), 'text')
    await file.datasync()
    assert.deepEqual([...outcomes(disk, (after) => textOf(after, '/data/a'))], ['text'])
  })

  test('an overwritten sector is the old one or the new one', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('abc'), 0)
    await file.datasync()
    await writeAll(file, sectors('xyz'), 0)
    const seen = outcomes(disk, (after) => lettersOf(after, '/data/a'))
    assertSees(seen, ['abc', 'xyz', 'xbc', 'ayz', 'xyc'])
    for (const letters of seen) assert.match(letters ?? '', /^[ax0][by0][cz0]$/)
  })

  test('a sector may show zeros where an un-synced write was', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('aaaa'), 0)
    await file.datasync()
    await writeAll(file, sectors('xxxx'), 0)
    const seen = [...outcomes(disk, (after) => lettersOf(after, '/data/a'))]
    assert.ok(seen.some((letters) => letters?.includes('0')))
  })

  test('synced bytes stay, whatever is written behind them', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, encoder.encode('kept'), 0)
    await file.datasync()
    await writeAll(file, encoder.encode('more'), 4)
    const seen = outcomes(disk, (after) => textOf(after, '/data/a')?.slice(0, 4))
    assert.deepEqual([...seen], ['kept'])
  })

  test('an un-synced truncate happened or did not', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('abc'), 0)
    await file.datasync()
    await file.truncate(SECTOR)
    assert.deepEqual(
      outcomes(disk, (after) => lettersOf(after, '/data/a')),
      new Set(['abc', 'a']),
    )
    await file.datasync()
    assert.deepEqual([...outcomes(disk, (after) => lettersOf(after, '/data/a'))], ['a'])
  })

  test('a datasync does not cover what was written after it was called', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('a'), 0)
    let written: Promise<void> | undefined
    disk.onCall = (operation) => {
      if (operation !== 'datasync') return
      disk.onCall = undefined
      written = writeAll(file, sectors('b'), SECTOR)
      return written
    }
    await file.datasync()
    assert.ok(written !== undefined)
    const seen = outcomes(disk, (after) => lettersOf(after, '/data/a'))
    assertSees(seen, ['a', 'ab', 'a0'])
    for (const letters of seen) assert.equal(letters?.[0], 'a')
  })
})

describe('a power cut and names', () => {
  test('a file whose name was not synced may vanish, with its synced bytes', async () => {
    const [disk] = await diskWithFile()
    await create(disk, '/data/b', 'text')
    assert.deepEqual(
      outcomes(disk, (after) => textOf(after, '/data/b')),
      new Set([null, 'text']),
    )
    await disk.syncDirectory('/data')
    assert.deepEqual([...outcomes(disk, (after) => textOf(after, '/data/b'))], ['text'])
  })

  test('un-synced names survive in any order', async () => {
    const [disk] = await diskWithFile()
    await create(disk, '/data/b', 'text')
    await create(disk, '/data/c', 'text')
    const seen = outcomes(disk, (after) => after.files().join(' '))
    assert.deepEqual(
      seen,
      new Set(['/data/a', '/data/a /data/b', '/data/a /data/c', '/data/a /data/b /data/c']),
    )
  })

  test('a removed name may come back until its directory is synced', async () => {
    const [disk] = await diskWithFile()
    await disk.unlink('/data/a')
    assert.deepEqual(
      outcomes(disk, (after) => after.files().join(' ')),
      new Set(['/data/a', '']),
    )
    await disk.syncDirectory('/data')
    assert.deepEqual([...outcomes(disk, (after) => after.files().join(' '))], [''])
  })

  test('a rename happens whole or not at all', async () => {
    const [disk] = await diskWithFile()
    await create(disk, '/data/new', 'new')
    await create(disk, '/data/current', 'old')
    await disk.syncDirectory('/data')
    await disk.rename('/data/new', '/data/current')
    const look = (after: SimulatedDisk) => `${textOf(after, '/data/new')} ${textOf(after, '/data/current')}`
    assert.deepEqual(outcomes(disk, look), new Set(['new old', 'null new']))
    await disk.syncDirectory('/data')
    assert.deepEqual([...outcomes(disk, look)], ['null new'])
  })

  test('a file that was renamed but not synced may be empty although its directory is synced', async () => {
    const [disk] = await diskWithFile()
    const file = await disk.open('/data/new', 'create')
    await writeAll(file, encoder.encode('text'), 0)
    await disk.rename('/data/new', '/data/current')
    await disk.syncDirectory('/data')
    assertSees(
      outcomes(disk, (after) => textOf(after, '/data/current')),
      ['', 'text'],
    )
  })

  test('a rename to another directory is durable when either is synced', async () => {
    for (const synced of ['/data', '/data/sub']) {
      const [disk] = await diskWithFile()
      await disk.makeDirectory('/data/sub')
      await disk.syncDirectory('/data')
      await disk.rename('/data/a', '/data/sub/a')
      assert.equal(outcomes(disk, (after) => after.files().join(' ')).size, 2)
      await disk.syncDirectory(synced)
      assert.deepEqual([...outcomes(disk, (after) => after.files().join(' '))], ['/data/sub/a'])
    }
  })

  test('a synced name wins over what was pending for it before', async () => {
    const [disk] = await diskWithFile()
    await disk.makeDirectory('/data/sub')
    await disk.syncDirectory('/data')
    await create(disk, '/data/b', 'text')
    await disk.rename('/data/b', '/data/sub/b')
    await disk.syncDirectory('/data/sub')
    assert.deepEqual([...outcomes(disk, (after) => after.files().join(' '))], ['/data/a /data/sub/b'])
  })

  test('a directory sync does not cover names that were made after it was called', async () => {
    const [disk] = await diskWithFile()
    disk.onCall = (operation) => {
      if (operation !== 'syncDirectory') return
      disk.onCall = undefined
      return create(disk, '/data/b', 'text')
    }
    await disk.syncDirectory('/data')
    assert.deepEqual(
      outcomes(disk, (after) => textOf(after, '/data/b')),
      new Set([null, 'text']),
    )
  })

  test('a directory sync that was interrupted is done by trying again', async () => {
    const [disk] = await diskWithFile()
    await create(disk, '/data/b', 'text')
    disk.failCall(1, { code: 'EINTR' })
    await retryInterrupted(() => disk.syncDirectory('/data'))
    assert.deepEqual([...outcomes(disk, (after) => textOf(after, '/data/b'))], ['text'])
  })

  test('a directory whose name was not synced may vanish with everything in it', async () => {
    const [disk] = await diskWithFile()
    await disk.makeDirectory('/data/sub')
    await create(disk, '/data/sub/b', 'text')
    await disk.syncDirectory('/data/sub')
    const seen = outcomes(disk, (after) => after.files().join(' '))
    assert.deepEqual(seen, new Set(['/data/a', '/data/a /data/sub/b']))
  })

  test('a directory sync that failed proves nothing about its names, nor does a later one', async () => {
    const [disk] = await diskWithFile()
    await create(disk, '/data/b', 'text')
    disk.failCall(1, { code: 'EIO', operation: 'syncDirectory' })
    await assert.rejects(disk.syncDirectory('/data'), { code: 'EIO' })
    await disk.syncDirectory('/data')
    assert.deepEqual(
      outcomes(disk, (after) => textOf(after, '/data/b')),
      new Set([null, 'text']),
    )
    await create(disk, '/data/c', 'text')
    await disk.syncDirectory('/data')
    assert.deepEqual([...outcomes(disk, (after) => textOf(after, '/data/c'))], ['text'])
  })
})

describe('the end of a process', () => {
  test('a killed process leaves everything that it wrote, still not durable', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('ab'), 0)
    const after = disk.processKill()
    assert.equal(lettersOf(after, '/data/a'), 'ab')
    assertSees(
      outcomes(after, (cut) => lettersOf(cut, '/data/a')),
      ['', 'ab'],
    )
  })

  test('files, locks and the disk itself are dead for the old process only', async () => {
    for (const end of [
      (disk: SimulatedDisk) => disk.powerCut(1),
      (disk: SimulatedDisk) => disk.processKill(),
    ]) {
      const [disk, file] = await diskWithFile()
      const lock = await disk.lock('/data')
      const after = end(disk)
      await assert.rejects(file.write(sectors('x'), 0), { code: 'ESTALE' })
      await assert.rejects(file.close(), { code: 'ESTALE' })
      await assert.rejects(disk.open('/data/b', 'create'), { code: 'ESTALE' })
      await assert.rejects(lock.release(), { code: 'ESTALE' })
      assert.equal(textOf(after, '/data/b'), null)
      const next = await after.lock('/data')
      await next.release()
    }
  })

  test('a call under way does nothing any more', async () => {
    const [disk, file] = await diskWithFile()
    const calls = [disk.rename('/data/a', '/data/b'), file.write(sectors('x'), 0), disk.lock('/data')]
    const after = disk.processKill()
    await Promise.all(calls.map((call) => assert.rejects(call, { code: 'ESTALE' })))
    assert.deepEqual(after.files(), ['/data/a'])
    assert.equal(textOf(after, '/data/a'), '')
  })

  test('a cut before a call leaves the call undone, a cut after it leaves it done but unheard of', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('ab'), 0)
    const cut = (hook: 'onCall' | 'onReturn'): Promise<SimulatedDisk> => {
      const copy = disk.fork(1)
      const after = new Promise<SimulatedDisk>((resolve) => {
        copy[hook] = (operation) => {
          if (operation === 'rename') resolve(copy.fork())
          if (operation === 'rename') copy.powerCut()
        }
      })
      const call = copy.rename('/data/a', '/data/b')
      return Promise.all([after, assert.rejects(call, { code: 'ESTALE' })]).then(([found]) => found)
    }
    assert.deepEqual((await cut('onCall')).files(), ['/data/a'])
    assert.deepEqual((await cut('onReturn')).files(), ['/data/b'])
  })

  test('hooks see every call with its kind, path and number', async () => {
    const seen: string[] = []
    const disk = new SimulatedDisk({
      onCall: (operation, path, n) => void seen.push(`${n} ${operation} ${path}`),
    })
    await disk.makeDirectory('/data')
    await create(disk, '/data/a', 'text')
    await disk.syncDirectory('/data')
    assert.deepEqual(seen, [
      '1 makeDirectory /data',
      '2 open /data/a',
      '3 write /data/a',
      '4 datasync /data/a',
      '5 close /data/a',
      '6 syncDirectory /data',
    ])
    assert.equal(disk.calls, 6)
    assert.equal(disk.syncs, 2)
    assert.equal(disk.callsOf('write'), 1)
  })
})

describe('a datasync that failed', () => {
  async function failedSync(reach?: 'nothing' | 'some' | 'everything'): Promise<[SimulatedDisk, DiskFile]> {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('a'), 0)
    await file.datasync()
    await writeAll(file, sectors('bb'), SECTOR)
    disk.failCall(1, { code: 'EIO', operation: 'datasync', reach })
    await assert.rejects(file.datasync(), { code: 'EIO' })
    return [disk, file]
  }

  test('loses its bytes for good, though they read back and later syncs succeed', async () => {
    const [disk, file] = await failedSync()
    await file.datasync()
    await writeAll(file, sectors('c'), 3 * SECTOR)
    await file.datasync()
    assert.equal(lettersOf(disk, '/data/a'), 'abbc')
    assert.equal(lettersOf(disk.fork().processKill(), '/data/a'), 'abbc')
    assert.deepEqual([...outcomes(disk, (after) => lettersOf(after, '/data/a'))], ['a00c'])
  })

  test('may or may not have made the file longer', async () => {
    const [disk] = await failedSync()
    assert.deepEqual(
      outcomes(disk, (after) => lettersOf(after, '/data/a')),
      new Set(['a', 'a00']),
    )
  })

  test('may have brought some or all of its bytes to the platter, when the fault says so', async () => {
    const [all] = await failedSync('everything')
    assert.deepEqual([...outcomes(all, (after) => lettersOf(after, '/data/a'))], ['abb'])
    const [some] = await failedSync('some')
    for (const letters of outcomes(some, (after) => lettersOf(after, '/data/a'))) {
      assert.match(letters ?? '', /^a(b|0)?(b|0)?$/)
    }
  })

  test('because of EINTR costs nothing', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, sectors('a'), 0)
    disk.failCall(1, { code: 'EINTR' })
    await retryInterrupted(() => file.datasync())
    assert.deepEqual([...outcomes(disk, (after) => lettersOf(after, '/data/a'))], ['a'])
  })
})

describe('calls that are made to fail', () => {
  test('the n-th call fails, once', async () => {
    const [disk, file] = await diskWithFile()
    disk.failCall(3, { code: 'EIO' })
    await file.size()
    await file.size()
    await assert.rejects(file.size(), { code: 'EIO' })
    await file.size()
  })

  test('only calls of the kind and path that the fault names count and fail', async () => {
    const [disk, file] = await diskWithFile()
    await create(disk, '/data/b', 'text')
    disk.failCall(2, { code: 'EIO', operation: 'size', pathIncludes: '/a' })
    const other = await disk.open('/data/b', 'read')
    await file.size()
    await other.size()
    await other.size()
    await file.write(sectors('x'), 0)
    await assert.rejects(file.size(), { code: 'EIO' })
  })

  test('a persistent fault fails every later call until the disk is healed', async () => {
    const [disk, file] = await diskWithFile()
    disk.failCall(1, { code: 'EIO', operation: 'write', persistent: true })
    await assert.rejects(file.write(sectors('x'), 0), { code: 'EIO' })
    await assert.rejects(file.write(sectors('x'), 0), { code: 'EIO' })
    assert.equal(lettersOf(disk, '/data/a'), '')
    disk.heal()
    assert.equal(await file.write(sectors('x'), 0), SECTOR)
  })

  test('a partial write returns a short count and the next write fails', async () => {
    for (const persistent of [false, true]) {
      const [disk, file] = await diskWithFile()
      disk.failCall(1, { code: 'ENOSPC', operation: 'write', partialBytes: 3, persistent })
      assert.equal(await file.write(encoder.encode('abcdef'), 0), 3)
      await assert.rejects(file.write(encoder.encode('def'), 3), { code: 'ENOSPC' })
      assert.equal(textOf(disk, '/data/a'), 'abc')
      disk.heal()
      assert.equal(await file.write(encoder.encode('def'), 3), 3)
    }
  })

  test('a partial write may also fail at once', async () => {
    const [disk, file] = await diskWithFile()
    disk.failCall(1, { code: 'EIO', partialBytes: 3, partialOutcome: 'thrown' })
    await assert.rejects(file.write(encoder.encode('abcdef'), 0), { code: 'EIO' })
    assert.equal(textOf(disk, '/data/a'), 'abc')
    assert.equal(await file.write(encoder.encode('xyz'), 0), 3)
  })

  test('an interrupted call is done by trying again', async () => {
    const [disk, file] = await diskWithFile()
    disk.failCall(1, { code: 'EINTR' })
    await writeAll(file, encoder.encode('text'), 0)
    disk.failCall(1, { code: 'EINTR' })
    const bytes = new Uint8Array(4)
    assert.equal(await readFull(file, bytes, 0), 4)
    assert.deepEqual(bytes, encoder.encode('text'))
    disk.failCall(1, { code: 'EINTR', persistent: true })
    await assert.rejects(writeAll(file, bytes, 0), { code: 'EINTR' })
  })

  test('a rename, unlink or create that fails did nothing', async () => {
    const [disk] = await diskWithFile()
    disk.failCall(1, { code: 'EIO', persistent: true })
    await assert.rejects(disk.rename('/data/a', '/data/b'), { code: 'EIO' })
    await assert.rejects(disk.unlink('/data/a'), { code: 'EIO' })
    await assert.rejects(disk.open('/data/b', 'create'), { code: 'EIO' })
    assert.deepEqual(disk.files(), ['/data/a'])
  })

  test('a close that fails closes, a release that fails releases', async () => {
    const [disk, file] = await diskWithFile()
    const lock = await disk.lock('/data')
    disk.failCall(1, { code: 'EIO', operation: 'close' })
    disk.failCall(1, { code: 'EIO', operation: 'release' })
    await assert.rejects(file.close(), { code: 'EIO' })
    await assert.rejects(lock.release(), { code: 'EIO' })
    await assert.rejects(file.size(), { code: 'EBADF' })
    await disk.lock('/data')
  })
})

describe('a disk of limited size', () => {
  test('takes what fits, then answers ENOSPC, and takes more when there is more room', async () => {
    const [disk, file] = await diskWithFile({ capacityBytes: 10 })
    assert.equal(await file.write(encoder.encode('abcdef'), 0), 6)
    assert.equal(await file.write(encoder.encode('ghijkl'), 6), 4)
    await assert.rejects(file.write(encoder.encode('kl'), 10), { code: 'ENOSPC' })
    assert.deepEqual(await disk.space('/data'), { freeBytes: 0, totalBytes: 10 })
    assert.equal(await file.write(encoder.encode('ABC'), 0), 3)
    disk.setCapacity(11)
    assert.equal(await file.write(encoder.encode('kl'), 10), 1)
    assert.equal(textOf(disk, '/data/a'), 'ABCdefghijk')
  })

  test('has room again when a file is cut, replaced or removed and closed', async () => {
    const [disk, file] = await diskWithFile({ capacityBytes: 10 })
    const freeBytes = async () => (await disk.space('/data')).freeBytes
    await writeAll(file, encoder.encode('abcdef'), 0)
    await file.truncate(4)
    assert.equal(await freeBytes(), 6)
    await create(disk, '/data/b', 'xyz')
    await disk.rename('/data/b', '/data/a')
    assert.equal(await freeBytes(), 3)
    await file.close()
    await disk.rename('/data/a', '/data/a')
    assert.equal(await freeBytes(), 7)
    await disk.unlink('/data/a')
    assert.equal(await freeBytes(), 10)
  })

  test('counts again after a power cut', async () => {
    const [disk, file] = await diskWithFile({ capacityBytes: 10 })
    await writeAll(file, encoder.encode('abcd'), 0)
    await file.datasync()
    const after = disk.powerCut(7)
    assert.deepEqual(await after.space('/'), { freeBytes: 6, totalBytes: 10 })
  })
})

describe('chance', () => {
  test('reads and writes may be short', async () => {
    const [, file] = await diskWithFile({ shortReadChance: 0.5, shortWriteChance: 0.5 })
    const counts = new Set<number>()
    for (let i = 0; i < 50; i++) counts.add(await file.write(encoder.encode('abc'), 0))
    assert.deepEqual([...counts].sort(), [1, 2, 3])
    counts.clear()
    for (let i = 0; i < 50; i++) counts.add(await file.read(new Uint8Array(3), 0))
    assert.deepEqual([...counts].sort(), [1, 2, 3])
  })

  test('calls under way together overtake each other only where that was asked for', async () => {
    const orders = async (reorder: boolean): Promise<Set<string>> => {
      const [, file] = await diskWithFile({ reorder })
      const seen = new Set<string>()
      for (let round = 0; round < 30; round++) {
        let order = ''
        const sizes = Array.from('abc', (letter) => file.size().then(() => void (order += letter)))
        await Promise.all(sizes)
        seen.add(order)
      }
      return seen
    }
    assert.deepEqual([...(await orders(false))], ['abc'])
    assert.ok((await orders(true)).size > 1)
  })

  test('equal seeds and histories give equal outcomes, other seeds give others', async () => {
    const run = async (seed: number): Promise<string> => {
      const disk = new SimulatedDisk({ seed, shortWriteChance: 0.3, reorder: true })
      await disk.makeDirectory('/data')
      for (const name of ['a', 'b', 'c', 'd']) {
        const file = await disk.open(`/data/${name}`, 'create')
        await writeAll(file, sectors('abcd'), 0)
        await file.close()
      }
      await disk.syncDirectory('/')
      const after = disk.powerCut()
      return after
        .files()
        .map((path) => `${path} ${lettersOf(after, path)}`)
        .join()
    }
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
    const first = await Promise.all(seeds.map(run))
    const second = await Promise.all(seeds.map(run))
    assert.deepEqual(first, second)
    assert.ok(new Set(first).size > 3)
  })
})

describe('synchronous calls', () => {
  async function opened(options?: SimulatedDiskOptions) {
    const disk = new SimulatedDisk(options)
    await create(disk, '/a', 'abc')
    return { disk, file: disk.openSync('/a') }
  }

  test('are counted and shown to the hooks, as any other', async () => {
    const { disk, file } = await opened()
    const before = disk.calls
    const seen: string[] = []
    disk.onCall = (operation, path, n) => void seen.push(`${n - before} ${operation} ${path}`)
    disk.onReturn = (operation) => void seen.push(`did ${operation}`)
    file.readSync(new Uint8Array(3), 0)
    file.closeSync()
    disk.openSync('/a')
    assert.deepEqual(seen, ['1 read /a', 'did read', '2 close /a', 'did close', '3 open /a', 'did open'])
    assert.deepEqual([disk.calls - before, disk.callsOf('read'), disk.callsOf('open')], [3, 1, 3])
  })

  test('a hook that would delay one is a bug', async () => {
    const { disk, file } = await opened()
    disk.onCall = async () => {}
    assert.throws(() => file.readSync(new Uint8Array(3), 0), /BUG: a hook cannot delay a synchronous read/)
    disk.onCall = undefined
    disk.onReturn = async () => {}
    assert.throws(() => disk.openSync('/a'), /BUG: a hook cannot delay a synchronous open/)
  })

  test('fail when that was ordered; a close that fails closes', async () => {
    const { disk, file } = await opened()
    for (const operation of ['open', 'read', 'close'] as const) disk.failCall(1, { code: 'EIO', operation })
    assert.throws(() => disk.openSync('/a'), { code: 'EIO' })
    assert.throws(() => file.readSync(new Uint8Array(3), 0), { code: 'EIO' })
    assert.equal(file.readSync(new Uint8Array(3), 0), 3)
    assert.throws(() => file.closeSync(), { code: 'EIO' })
    assert.throws(() => file.readSync(new Uint8Array(3), 0), { code: 'EBADF' })
  })

  test('an interrupted read is done by trying again, a bounded number of times', async () => {
    const { disk, file } = await opened()
    const bytes = new Uint8Array(3)
    disk.failCall(1, { code: 'EINTR' })
    assert.equal(readFullSync(file, bytes, 0), 3)
    assert.deepEqual(bytes, encoder.encode('abc'))
    disk.failCall(1, { code: 'EINTR', persistent: true })
    const before = disk.callsOf('read')
    assert.throws(() => readFullSync(file, bytes, 0), { code: 'EINTR' })
    assert.equal(disk.callsOf('read') - before, 100)
  })

  test('reads may be short', async () => {
    const { file } = await opened({ shortReadChance: 0.5 })
    const counts = new Set<number>()
    for (let i = 0; i < 50; i++) counts.add(file.readSync(new Uint8Array(3), 0))
    assert.deepEqual([...counts].sort(), [1, 2, 3])
    const bytes = new Uint8Array(5)
    assert.equal(readFullSync(file, bytes, 0), 3)
    assert.deepEqual(bytes.subarray(0, 3), encoder.encode('abc'))
  })

  test('are refused once the process ended, also when it ended in their hook', async () => {
    const { disk, file } = await opened()
    disk.onReturn = () => void disk.processKill()
    assert.throws(() => file.readSync(new Uint8Array(3), 0), { code: 'ESTALE' })
    disk.onReturn = undefined
    assert.throws(() => file.readSync(new Uint8Array(3), 0), { code: 'ESTALE' })
    assert.throws(() => file.closeSync(), { code: 'ESTALE' })
    assert.throws(() => disk.openSync('/a'), { code: 'ESTALE' })
  })

  test('a file that was unlinked takes its room until it is closed', async () => {
    const { disk, file } = await opened({ capacityBytes: 10 })
    const freeBytes = async () => (await disk.space('/')).freeBytes
    await disk.unlink('/a')
    assert.equal(await freeBytes(), 7)
    file.closeSync()
    file.closeSync()
    assert.equal(await freeBytes(), 10)
  })
})

describe('what a harness may do besides', () => {
  test('a fork and its original do not see each other', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, encoder.encode('abc'), 0)
    const copy = disk.fork()
    await writeAll(file, encoder.encode('x'), 1)
    await disk.rename('/data/a', '/data/b')
    const other = await copy.open('/data/a', 'write')
    await writeAll(other, encoder.encode('y'), 2)
    await other.datasync()
    assert.deepEqual([textOf(disk, '/data/b'), textOf(copy, '/data/a')], ['axc', 'aby'])
    assert.deepEqual([...outcomes(copy, (after) => textOf(after, '/data/a'))], ['aby'])
    assert.ok(outcomes(disk, (after) => textOf(after, '/data/a') ?? textOf(after, '/data/b')).has(''))
  })

  test('what a power cut left can be written and cut again without changing other outcomes', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, encoder.encode('abc'), 0)
    await file.datasync()
    const cuts = [disk.fork().powerCut(1), disk.fork().powerCut(2)]
    const reopened = await cuts[0].open('/data/a', 'write')
    await writeAll(reopened, encoder.encode('X'), 0)
    await reopened.datasync()
    assert.deepEqual(
      cuts.map((cut) => textOf(cut.fork().powerCut(3), '/data/a')),
      ['Xbc', 'abc'],
    )
    assert.equal(textOf(disk, '/data/a'), 'abc')
  })

  test('damage is seen by readers and survives a power cut', async () => {
    const [disk, file] = await diskWithFile()
    await writeAll(file, encoder.encode('abc'), 0)
    await file.datasync()
    disk.damage('/data/a', encoder.encode('#'), 1)
    assert.equal(textOf(disk, '/data/a'), 'a#c')
    assert.equal(textOf(disk.powerCut(1), '/data/a'), 'a#c')
  })

  test('a path that is not absolute is a bug', async () => {
    await assert.rejects(new SimulatedDisk().list('data'), /BUG/)
    await assert.rejects(new SimulatedDisk().list('/data/../x'), /BUG/)
  })
})
