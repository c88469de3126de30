import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameCache } from './frame-cache.ts'

const load = (byteCount: number) => async (): Promise<Uint8Array> => new Uint8Array(byteCount)
const refuse = async (): Promise<Uint8Array> => assert.fail('it should be cached')

test('what was not asked for the longest time goes first', async () => {
  const cache = new FrameCache(100)
  const file = cache.addFile()
  await cache.frame(file, 1, load(40))
  await cache.frame(file, 2, load(40))
  await cache.frame(file, 1, refuse)
  await cache.frame(file, 3, load(40))
  await cache.frame(file, 1, refuse)
  await cache.frame(file, 3, refuse)
  await assert.rejects(cache.frame(file, 2, refuse), /should be cached/)
  assert.deepEqual(cache.stats, { bytes: 80, hits: 3, misses: 4 })
})

test('a frame larger than the budget is given and not kept', async () => {
  const cache = new FrameCache(100)
  assert.equal((await cache.frame(1, 1, load(101))).length, 101)
  assert.equal(cache.stats.bytes, 0)
})

test('frames of two files with the same number are two frames', async () => {
  const cache = new FrameCache(100)
  const [one, other] = [cache.addFile(), cache.addFile()]
  await cache.frame(one, 1, load(10))
  assert.equal((await cache.frame(other, 1, load(20))).length, 20)
  cache.removeFile(one)
  assert.equal(cache.stats.bytes, 20)
})

test('two who ask at once share a load, and a load that failed is tried again', async () => {
  const cache = new FrameCache(100)
  let loads = 0
  const failing = async (): Promise<Uint8Array> => {
    loads++
    throw new Error('EIO')
  }
  const outcomes = await Promise.allSettled([cache.frame(1, 1, failing), cache.frame(1, 1, failing)])
  assert.deepEqual([outcomes.map(({ status }) => status), loads], [['rejected', 'rejected'], 1])
  assert.equal((await cache.frame(1, 1, load(7))).length, 7)
})

test('a load that ends after its file was closed is not kept', async () => {
  const cache = new FrameCache(100)
  const file = cache.addFile()
  let arrive = (_: Uint8Array): void => {}
  const loading = cache.frame(file, 1, () => new Promise((resolve) => (arrive = resolve)))
  cache.removeFile(file)
  arrive(new Uint8Array(10))
  assert.equal((await loading).length, 10)
  assert.equal(cache.stats.bytes, 0)
})
