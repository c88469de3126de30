import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameCache } from './frame-cache.ts'

const load = (byteCount: number) => (): Uint8Array => new Uint8Array(byteCount)
const refuse = (): Uint8Array => assert.fail('it should be cached')

test('what was not asked for the longest time goes first', () => {
  const cache = new FrameCache(100)
  const file = cache.addFile()
  cache.frame(file, 1, load(40))
  cache.frame(file, 2, load(40))
  cache.frame(file, 1, refuse)
  cache.frame(file, 3, load(40))
  cache.frame(file, 1, refuse)
  cache.frame(file, 3, refuse)
  assert.throws(() => cache.frame(file, 2, refuse), /should be cached/)
  assert.deepEqual(cache.stats, { bytes: 80, hits: 3, misses: 4 })
})

test('a frame larger than the budget is given and not kept', () => {
  const cache = new FrameCache(100)
  assert.equal(cache.frame(1, 1, load(101)).length, 101)
  assert.equal(cache.stats.bytes, 0)
})

test('frames of two files with the same number are two frames', () => {
  const cache = new FrameCache(100)
  const [one, other] = [cache.addFile(), cache.addFile()]
  cache.frame(one, 1, load(10))
  assert.equal(cache.frame(other, 1, load(20)).length, 20)
  cache.removeFile(one)
  assert.equal(cache.stats.bytes, 20)
})

test('a load that failed is tried again', () => {
  const cache = new FrameCache(100)
  const fail = (): Uint8Array => {
    throw new Error('EIO')
  }
  assert.throws(() => cache.frame(1, 1, fail), /EIO/)
  assert.equal(cache.frame(1, 1, load(7)).length, 7)
  assert.deepEqual(cache.stats, { bytes: 7, hits: 0, misses: 2 })
})

test('a frame that was looked at goes later, and is no hit', () => {
  const cache = new FrameCache(100)
  cache.frame(1, 1, load(40))
  cache.frame(1, 2, load(40))
  assert.equal(cache.peek(1, 1)?.length, 40)
  assert.equal(cache.peek(1, 3), null)
  cache.frame(1, 3, load(40))
  assert.deepEqual([cache.peek(1, 1) !== null, cache.peek(1, 2)], [true, null])
  assert.deepEqual(cache.stats, { bytes: 80, hits: 0, misses: 3 })
})
