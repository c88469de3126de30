import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { createHashKey, keyedHash } from './keyed-hash.ts'
import { NOT_FOUND, SpanSet } from './span-set.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

test('equal bytes with the same salt are one entry', () => {
  const set = new SpanSet(createHashKey(new SeededRandom(1)))
  set.reset(latin1('7 8 7'))
  assert.deepEqual([set.add(0, 0, 1), set.add(0, 2, 3), set.add(0, 4, 5), set.add(1, 4, 5)], [0, 1, 0, 2])
  assert.equal(set.find(0, 4, 5), 0)
  assert.equal(set.find(2, 4, 5), NOT_FOUND)
  assert.equal(set.count, 3)
  assert.deepEqual([set.startOf(1), set.endOf(1), set.saltOf(2)], [2, 3, 1])
  set.reset(latin1('9'))
  assert.equal(set.find(0, 0, 1), NOT_FOUND)
})

test('it numbers spans as a map of strings does, also while it grows', () => {
  const random = new SeededRandom(2)
  const data = Uint8Array.from({ length: 60_000 }, () => random.below(3))
  const set = new SpanSet(createHashKey(random))
  set.reset(data)
  const numbers = new Map<string, number>()
  for (let round = 0; round < 60_000; round++) {
    const start = random.below(data.length - 20)
    const end = start + random.below(20)
    const key = data.subarray(start, end).join('')
    if (!numbers.has(key)) {
      assert.equal(set.find(0, start, end), NOT_FOUND)
      numbers.set(key, numbers.size)
    }
    assert.equal(set.add(0, start, end), numbers.get(key))
  }
  assert.equal(set.count, numbers.size)
})

/**
 * Two words whose differences cancel out in a hash of one multiplication a word, whatever its key: the high bit passes
 * the multiplication alone, and the shift makes it two bits. 2^12 texts with the same cheap hash.
 */
test('texts on which the cheap hash collides are told apart, and are not compared with each other', () => {
  const pairs = 12
  const textCount = 1 << pairs
  const data = new Uint8Array(textCount * pairs * 8)
  const view = new DataView(data.buffer)
  for (let text = 0; text < textCount; text++) {
    for (let pair = 0; pair < pairs; pair++) {
      const flipped = (text >>> pair) & 1
      view.setUint32((text * pairs + pair) * 8, flipped ? 0x8000_0000 : 0, true)
      view.setUint32((text * pairs + pair) * 8 + 4, flipped ? 0x8001_0000 : 0, true)
    }
  }
  const set = new SpanSet(createHashKey(new SeededRandom(3)))
  set.reset(data)
  for (let round = 0; round < 2; round++) {
    for (let text = 0; text < textCount; text++) {
      assert.equal(set.add(0, text * pairs * 8, (text + 1) * pairs * 8), text)
    }
  }
  assert.ok(set.comparisons < textCount * 100, `${set.comparisons} comparisons`)
})

test('the keyed hash depends on key, salt, length and every byte', () => {
  const key = { k0: 0x03020100, k1: 0x07060504 }
  const data = latin1('abcdefgh\0')
  const hashes = [
    keyedHash(key, 0, data, 0, 8),
    keyedHash(key, 1, data, 0, 8),
    keyedHash(key, 0, data, 0, 7),
    keyedHash(key, 0, data, 0, 9),
    keyedHash(key, 0, data, 1, 8),
    keyedHash({ k0: 1, k1: 2 }, 0, data, 0, 8),
    keyedHash(key, 0, data, 3, 3),
  ]
  assert.equal(new Set(hashes).size, hashes.length)
})
