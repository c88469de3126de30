import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom, SimulatedDisk } from '../base/base.ts'
import type { ClientOptions } from './client.ts'
import { openClient } from './client.ts'
import { FakeLogServer } from './fake-log-server.ts'
import {
  decodeSpillHeader,
  encodeSpilledBatch,
  encodeSpillHeader,
  encodeSpillMark,
  isSpillFrameIntact,
} from './spill-frame.ts'
import { Bench, rejection, turns, until } from './test-bench.ts'

const SPILL = '/spill'
const message = (text: string): { message: string } => ({ message: text.padEnd(1000) })
const texts = (server: FakeLogServer): string[] => server.store.messages.map((text) => text.trim())

function unreachableServer(): FakeLogServer {
  const server = new FakeLogServer()
  server.connectError = new Error('ECONNREFUSED')
  return server
}

function open(disk: SimulatedDisk, server: FakeLogServer, options: ClientOptions = {}): Promise<Bench> {
  return Bench.open(
    { overflow: 'spill', spillDirectory: SPILL, memoryBytesMax: 2500, disk, ...options },
    server,
  )
}

const emptied = (bench: Bench): Promise<void> =>
  bench.run(() => bench.client.stats().spilledRecords === 0, 'an empty spill')

/** Names in the spill directory but for the lock. */
async function files(disk: SimulatedDisk): Promise<string[]> {
  return (await disk.list(SPILL)).filter((name) => name !== 'lock')
}

describe('the bytes of a spill file', () => {
  it('are as they are drawn', () => {
    assert.equal(Buffer.from(encodeSpillHeader()).toString('hex'), '4c435350494c4c00010010002546fa1e')
    assert.equal(
      Buffer.from(encodeSpilledBatch('a-1', 2, Buffer.from('{},{}'))).toString('hex'),
      '08000000f4b9e7060103000002000000612d317b7d2c7b7d',
    )
    assert.equal(
      Buffer.from(encodeSpillMark('a-1')).toString('hex'),
      '03000000ec483de00203000000000000612d31',
    )
  })

  it('tell every change of one byte', () => {
    const frame = encodeSpilledBatch('a-1', 2, Buffer.from('{},{}'))
    const header = encodeSpillHeader()
    assert.ok(isSpillFrameIntact(frame))
    for (let at = 4; at < frame.length; at++) {
      const changed = Uint8Array.from(frame)
      changed[at] ^= 0x10
      assert.equal(isSpillFrameIntact(changed), false, `byte ${at}`)
    }
    for (let at = 0; at < header.length; at++) {
      const changed = Uint8Array.from(header)
      changed[at] ^= 0x10
      assert.equal(decodeSpillHeader(changed), null, `byte ${at}`)
    }
  })
})

describe("overflow: 'spill'", () => {
  it('keeps on disk what memory has no room for, says so with null, and sends it later, in order', async () => {
    const disk = new SimulatedDisk()
    const server = unreachableServer()
    await using bench = await open(disk, server)
    let spilled = 0
    bench.client.on('spilled', ({ records }) => {
      spilled += records
    })
    const inMemory = [bench.client.send(message('a')), bench.client.send(message('b'))]
    assert.deepEqual(await bench.client.send([message('c'), message('d')]), [null, null])
    assert.deepEqual(await bench.client.send(message('e')), [null])
    assert.equal(spilled, 3)
    assert.equal(bench.client.stats().spilledRecords, 3)
    server.connectError = null
    await emptied(bench)
    assert.deepEqual(texts(server), ['a', 'b', 'c', 'd', 'e'])
    assert.deepEqual(await Promise.all(inMemory), [[1], [2]])
    await until(() => bench.client.stats().spilledBytes === 0, 'the end of the files')
    assert.deepEqual(await files(disk), [])
    assert.deepEqual(await bench.client.send(message('f')), [6])
  })

  it('syncs before it says so, and puts what comes meanwhile into one write', async () => {
    const disk = new SimulatedDisk()
    await using bench = await open(disk, unreachableServer())
    const inMemory = ['a', 'b'].map((text) => bench.client.send(message(text)))
    await bench.client.send(message('c'))
    const before = disk.syncs
    await Promise.all(['d', 'e', 'f', 'g'].map((text) => bench.client.send(message(text))))
    assert.equal(disk.syncs - before, 1)
    await bench.client.close({ flushMsMax: 0 })
    assert.deepEqual(await Promise.all(inMemory), [[null], [null]])
  })

  it('sends first what an earlier process left, under the same batch ids', async () => {
    const disk = new SimulatedDisk()
    const server = unreachableServer()
    const first = await open(disk, server)
    const sends = [first.client.send(message('a')), first.client.send(message('b'))]
    await first.client.send([message('c'), message('d')])
    assert.deepEqual(await first.client.close({ flushMsMax: 0 }), { unacknowledged: 0, spilled: 4 })
    assert.deepEqual(await Promise.all(sends), [[null], [null]], 'memory went to the files too')

    await using second = await open(disk, server)
    assert.equal(second.client.stats().spilledRecords, 4)
    await second.client.send(message('e'))
    server.connectError = null
    await emptied(second)
    assert.deepEqual(texts(server), ['c', 'd', 'a', 'b', 'e'])
  })

  it('does not send again what was acknowledged before the process ended', async () => {
    const disk = new SimulatedDisk()
    const server = unreachableServer()
    const first = await open(disk, server, { batchRecordsMax: 1, batchesInFlightMax: 1 })
    const inMemory = ['a', 'b'].map((text) => first.client.send(message(text)))
    await first.client.send(['c', 'd', 'e', 'f'].map(message))
    server.connectError = null
    server.onRequest = ({ type }) => type === 'log_batch' && server.store.records.length >= 4
    await first.run(() => first.client.stats().acknowledged === 4, 'four')
    await Promise.all(inMemory)
    await turns()
    const left = disk.processKill()
    const ids = new Set(server.store.batchIds)
    server.onRequest = () => false
    server.requests.length = 0

    await using second = await open(left, server)
    await emptied(second)
    assert.deepEqual(texts(server), ['a', 'b', 'c', 'd', 'e', 'f'])
    const again = server
      .requestsOf('log_batch')
      .filter(({ payload }) => ids.has((payload as { batch_id: string }).batch_id))
    assert.deepEqual(again, [])
    await first.client.close({ flushMsMax: 0 })
  })

  it('loses nothing that it promised, however the power is cut, and doubles nothing', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new SeededRandom(seed)
      const disk = new SimulatedDisk({ seed, reorder: true, shortWriteChance: 0.3 })
      const server = unreachableServer()
      const first = await open(disk, server, { batchRecordsMax: 2, memoryBytesMax: 1 })
      const promised: string[] = []
      const count = 3 + random.below(20)
      const sends = Array.from({ length: count }, async (_, index) => {
        await turns(random.below(12))
        await first.client.send(message(`${seed}/${index}`))
        promised.push(`${seed}/${index}`)
      })
      if (random.chance(0.5)) server.connectError = null
      const half = random.below(count)
      await first.run(() => promised.length >= half, `${half} promises`)
      const left = random.chance(0.5) ? disk.powerCut() : disk.processKill()
      await first.client.close({ flushMsMax: 0 })
      const kept = [...promised]
      await Promise.allSettled(sends)
      server.connectError = null

      await using second = await open(left, server)
      await emptied(second)
      const found = texts(server)
      assert.deepEqual(
        kept.filter((text) => !found.includes(text)),
        [],
        `lost, seed ${seed}`,
      )
      assert.equal(new Set(found).size, found.length, `doubled, seed ${seed}`)
      await second.client.close()
      assert.deepEqual(
        (await files(left)).filter((name) => !name.endsWith('.damaged')),
        [],
        `seed ${seed}`,
      )
    }
  })

  it('belongs to one client at a time', async () => {
    const disk = new SimulatedDisk()
    await using bench = await open(disk, unreachableServer())
    const error = await rejection(openClient({ overflow: 'spill', spillDirectory: SPILL, disk }))
    assert.equal(error.code, 'DIRECTORY_LOCKED')
    await bench.client.close({ flushMsMax: 0 })
    const next = await open(disk, unreachableServer())
    await next.client.close({ flushMsMax: 0 })
  })

  it('rejects when its files have no room left', async () => {
    await using bench = await open(new SimulatedDisk(), unreachableServer(), {
      memoryBytesMax: 1,
      spillBytesMax: 3000,
    })
    await bench.client.send(message('a'))
    await bench.client.send(message('b'))
    assert.equal((await rejection(bench.client.send(message('c')))).code, 'SEND_BUFFER_FULL')
  })

  it('rejects what it could not write, tells of it, and goes on in another file', async () => {
    for (const operation of ['write', 'datasync'] as const) {
      const disk = new SimulatedDisk()
      const server = unreachableServer()
      await using bench = await open(disk, server, { memoryBytesMax: 1 })
      await bench.client.send(message('a'))
      disk.failCall(1, { operation, code: 'EIO' })
      assert.equal((await rejection(bench.client.send(message('b')))).code, 'SPILL_UNUSABLE')
      assert.deepEqual(bench.problemCodes.filter((code) => code === 'SPILL_UNUSABLE').length, 1)
      assert.deepEqual(await bench.client.send(message('c')), [null])
      assert.deepEqual(await files(disk), ['spill-00000001', 'spill-00000002'])
      server.connectError = null
      await emptied(bench)
      assert.deepEqual(texts(server), ['a', 'c'])
    }
  })

  it('says at the end how much of what was in memory it could not write', async () => {
    const disk = new SimulatedDisk()
    await using bench = await open(disk, unreachableServer())
    const failing = ['a', 'b'].map((text) => rejection(bench.client.send(message(text))))
    disk.failCall(1, { operation: 'open', code: 'ENOSPC' })
    assert.deepEqual(await bench.client.close({ flushMsMax: 0 }), { unacknowledged: 2, spilled: 0 })
    for (const error of failing) assert.equal((await error).code, 'SPILL_UNUSABLE')
  })

  it('tries a read that failed again', async () => {
    const disk = new SimulatedDisk()
    const server = unreachableServer()
    await using bench = await open(disk, server, { memoryBytesMax: 1 })
    await bench.client.send(message('a'))
    disk.failCall(1, { operation: 'read', code: 'EIO' })
    server.connectError = null
    await emptied(bench)
    assert.deepEqual(texts(server), ['a'])
    assert.ok(bench.problemCodes.includes('SPILL_UNUSABLE'))
  })

  it('tells of damage with its place, keeps the file, and sends what is whole', async () => {
    const disk = new SimulatedDisk()
    const server = unreachableServer()
    const first = await open(disk, server, { memoryBytesMax: 1 })
    for (const text of ['a', 'b', 'c']) await first.client.send(message(text))
    await first.client.close({ flushMsMax: 0 })
    disk.damage(`${SPILL}/spill-00000001`, Buffer.from('?'), 1500)

    await using second = await open(disk, server, { memoryBytesMax: 1 })
    server.connectError = null
    await emptied(second)
    await turns()
    assert.deepEqual(texts(server), ['a'])
    assert.deepEqual(await files(disk), ['spill-00000001.damaged'])
    // Found while it opened, when nobody listened yet.
    const [{ code, details }] = second.problems
    assert.deepEqual([code, details], ['SPILL_CORRUPT', { path: `${SPILL}/spill-00000001`, offset: 1115 }])
  })

  it('tells of damage that comes while it runs, and goes on with the next batch', async () => {
    const disk = new SimulatedDisk()
    const server = unreachableServer()
    await using bench = await open(disk, server, { memoryBytesMax: 1 })
    for (const text of ['a', 'b', 'c']) await bench.client.send(message(text))
    disk.damage(`${SPILL}/spill-00000001`, Buffer.from('?'), 1500)
    server.connectError = null
    await emptied(bench)
    assert.deepEqual(texts(server), ['a', 'c'])
    assert.ok(bench.problemCodes.includes('SPILL_CORRUPT'))
    await until(() => bench.client.stats().spilledBytes === 0, 'the end of the files')
    assert.deepEqual(await files(disk), ['spill-00000001.damaged'])
  })

  it('keeps what it holds where the token is refused', async () => {
    const disk = new SimulatedDisk()
    const server = unreachableServer()
    await using bench = await open(disk, server, { memoryBytesMax: 1 })
    await bench.client.send(message('a'))
    server.connectError = null
    server.refusal = 'NOT_ALLOWED'
    await bench.run(() => server.requestsOf('log_batch').length === 3, 'three tries')
    server.refusal = null
    await emptied(bench)
    assert.deepEqual(texts(server), ['a'])
  })

  it('refuses a file of a later version, and a directory that it cannot make', async () => {
    const disk = new SimulatedDisk()
    const first = await open(disk, unreachableServer(), { memoryBytesMax: 1 })
    await first.client.send(message('a'))
    await first.client.close({ flushMsMax: 0 })
    const header = Buffer.from('4c435350494c4c0002001000', 'hex')
    const crc = Buffer.alloc(4)
    crc.writeUInt32LE((await import('node:zlib')).crc32(header))
    disk.damage(`${SPILL}/spill-00000001`, Buffer.concat([header, crc]), 0)
    assert.equal((await rejection(open(disk, unreachableServer()))).code, 'FORMAT_VERSION')
    disk.failCall(1, { operation: 'makeDirectory', code: 'EACCES' })
    assert.equal((await rejection(open(disk, unreachableServer()))).code, 'SPILL_UNUSABLE')
  })
})
