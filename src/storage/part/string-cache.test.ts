import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StringCache } from './string-cache.ts'

const text = (byteCount: number): Uint8Array => new Uint8Array(byteCount)

/** Keeps a string of so many bytes for a block; whether it is there then. */
function keep(cache: StringCache, file: number, block: number, byteCount: number): boolean {
  const kept = cache.block(file, block)
  if (kept === null) return false
  cache.keep(kept, 1, text(byteCount))
  return kept.bySlot.has(1)
}

test('strings of a block are kept as copies', () => {
  const cache = new StringCache(10_000)
  const frame = Uint8Array.of(1, 2, 3, 4)
  cache.keep(cache.block(1, 7)!, 5, frame.subarray(1, 3))
  frame.fill(9)
  assert.deepEqual([...cache.block(1, 7)!.bySlot.get(5)!], [2, 3])
  assert.equal(cache.block(1, 8)!.bySlot.size, 0)
  assert.equal(cache.block(2, 7)!.bySlot.size, 0)
})

test('no more bytes are kept than there may be, and a string larger than that not at all', () => {
  const cache = new StringCache(10_000)
  for (let block = 0; block < 200; block++) {
    keep(cache, 1, block, 100 + block * 7)
    assert.ok(cache.bytes <= 10_000, `block ${block}: ${cache.bytes}`)
  }
  assert.equal(keep(new StringCache(1000), 1, 1, 1000), false)
  assert.equal(keep(new StringCache(0), 1, 1, 1), false)
})

test('a scan of more blocks than there is room for finds some of them again', () => {
  const cache = new StringCache(50 * 1000)
  let found = 0
  for (let scan = 0; scan < 10; scan++) {
    for (let block = 0; block < 100; block++) {
      if (cache.block(1, block)?.bySlot.has(1) === true) found++
      else keep(cache, 1, block, 800)
    }
  }
  assert.ok(found > 250, `${found} of 1,000 were found`)
})

test('what is asked for later gets room in the end', () => {
  const cache = new StringCache(10_000)
  for (let block = 0; block < 10; block++) keep(cache, 1, block, 800)
  let scans = 0
  while (!keep(cache, 2, 1, 800) && scans < 100) scans++
  assert.ok(scans < 20, `${scans} scans`)
})

test('strings of a file go with it, and what is added to them afterwards counts for nothing', () => {
  const cache = new StringCache(10_000)
  const kept = cache.block(1, 1)!
  cache.keep(kept, 1, text(500))
  keep(cache, 11, 1, 300)
  const { bytes } = cache
  cache.removeFile(1)
  assert.ok(cache.bytes < bytes && cache.bytes > 300)
  const left = cache.bytes
  cache.keep(kept, 2, text(500))
  assert.equal(cache.bytes, left)
})
