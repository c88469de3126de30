import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { WordHash } from './word-hash.ts'
import { WordSet } from './word-set.ts'

const SEED = { low: 1, high: 2 }

function setOf(texts: readonly string[], wordBytesMin = 1): WordSet {
  const set = new WordSet(SEED, wordBytesMin)
  for (const text of texts) {
    const bytes = Buffer.from(text)
    set.addWords(bytes, 0, bytes.length)
  }
  return set
}

const hashesOf = (set: WordSet): string[] => {
  const { lows, highs } = set.hashes()
  return Array.from(lows, (low, at) => `${highs[at]}:${low}`).sort()
}

test('every word counts once', () => {
  const set = setOf(['error: disk sda1 failed', 'disk sda1: error', ''])
  assert.equal(set.count, 4)
  assert.deepEqual(hashesOf(set), hashesOf(setOf(['failed', 'sda1', 'disk', 'error'])))
})

test('words shorter than asked are left out, counted in bytes', () => {
  assert.equal(setOf(['a bb ccc dddd é éé'], 3).count, 3)
})

test('only the words between the bounds count', () => {
  const set = new WordSet(SEED)
  const bytes = Buffer.from('one two three')
  set.addWords(bytes, 4, 7)
  const hash = new WordHash(SEED)
  hash.hash(bytes, 4, 7)
  assert.deepEqual(hashesOf(set), [`${hash.high}:${hash.low}`])
})

test('the hash 0 is a hash like any other', () => {
  const set = new WordSet(SEED)
  for (const [low, high] of [
    [0, 0],
    [0, 0],
    [0, 1],
    [1, 0],
  ])
    set.addHash(low, high)
  assert.deepEqual(hashesOf(set), ['0:0', '0:1', '1:0'])
})

test('a set that grew holds what a set of JavaScript holds', () => {
  const random = new SeededRandom(7)
  const set = new WordSet(SEED)
  const expected = new Set<string>()
  for (let count = 0; count < 20_000; count++) {
    // Few low halves, so that many hashes want one place.
    const low = random.below(500) * 0x100
    const high = random.below(10)
    set.addHash(low, high)
    expected.add(`${high}:${low}`)
  }
  assert.deepEqual(hashesOf(set), [...expected].sort())
})

test('sets are put together', () => {
  const set = setOf(['one two'])
  set.addAll(setOf(['two three']))
  assert.deepEqual(hashesOf(set), hashesOf(setOf(['one two three'])))
})
