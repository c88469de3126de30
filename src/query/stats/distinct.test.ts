import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { MemoryShare } from '../batches/memory-share.ts'
import { encodeText } from '../values/text.ts'
import { HashSet, type TakenHashes } from './hash-set.ts'
import { PairTable } from './pair-table.ts'
import { HASH_WORDS, ValueHasher } from './value-hash.ts'

const memory = () => new MemoryShare(1 << 30, 'A test')
const KEY = [1, 2, 3, 4]

function hashOf(text: string, key: readonly number[] = KEY): string {
  const words = new Uint32Array(HASH_WORDS)
  new ValueHasher(key).hashText(text, words, 0)
  return words.join()
}

test('a text and its bytes have the same hash, wherever they lie', () => {
  const hasher = new ValueHasher(KEY)
  const texts = [
    'a',
    'abc',
    'abcd',
    'abcde',
    'é가😀',
    '\udcff',
    'x'.repeat(511),
    'x'.repeat(512),
    'y'.repeat(5000),
  ]
  for (const text of texts) {
    const bytes = encodeText(text)
    for (const shift of [0, 1, 2, 3]) {
      const data = new Uint8Array(new SharedArrayBuffer(bytes.length + 8))
      data.set(bytes, shift)
      const words = new Uint32Array(HASH_WORDS)
      hasher.hashBytes(new DataView(data.buffer, 0, data.length), shift, bytes.length, words, 0)
      assert.equal(words.join(), hashOf(text), JSON.stringify(text.slice(0, 9)))
    }
  }
})

test('texts that differ a little have hashes that differ in half of their bits, and by their key', () => {
  const seen = new Set<string>()
  let bits = 0
  let pairs = 0
  for (let at = 0; at < 20_000; at++) {
    const hash = hashOf(`value ${at}`)
    assert.ok(!seen.has(hash))
    seen.add(hash)
    const other = hashOf(`value ${at}`, [1, 2, 3, 5]).split(',').map(Number)
    for (const [word, value] of hash.split(',').map(Number).entries()) bits += bitCount(value ^ other[word])
    pairs++
  }
  const share = bits / pairs / (32 * HASH_WORDS)
  assert.ok(Math.abs(share - 0.5) < 0.005, `${share}`)
  for (const [a, b] of [
    ['', '\0'],
    ['a', 'a\0'],
    ['\0\0\0', '\0\0\0\0'],
    ['ab', 'ba'],
  ])
    assert.notEqual(hashOf(a), hashOf(b))
})

function bitCount(value: number): number {
  let bits = 0
  for (let rest = value >>> 0; rest !== 0; rest >>>= 1) bits += rest & 1
  return bits
}

test('a set holds each hash of a group once, and gives all of them away', () => {
  const random = new SeededRandom(3)
  for (const words of [2, 3]) {
    const set = new HashSet(words, memory())
    const known = new Set<string>()
    // Few first words, so that slots collide.
    const values = Array.from({ length: 3_000 }, () =>
      Uint32Array.of(random.below(50), random.below(20), random.below(20)),
    )
    for (const value of values) {
      const group = random.below(3)
      const key = `${group},${value.subarray(0, words)}`
      assert.equal(set.add(group, value, 0), !known.has(key), key)
      known.add(key)
    }
    const taken = set.take()
    assert.deepEqual([taken.count, slotsOf(set, taken).length], [known.size, known.size])
    const other = new HashSet(words, memory())
    assert.equal(other.adopt(taken), false, 'a small one is not taken as it lies')
    for (const slot of slotsOf(set, taken)) {
      const group = set.takenGroup(taken, slot)
      assert.ok(other.addTaken(taken, slot, group))
      assert.ok(!other.addTaken(taken, slot, group))
    }
  }
})

test('a set takes a large one as it lies, knows what is in it, and goes on from there', () => {
  const random = new SeededRandom(4)
  for (const words of [2, 3]) {
    const hashes = Uint32Array.from({ length: 3 * 200_000 }, () => random.uint32())
    const set = new HashSet(words, memory())
    for (let at = 0; at < hashes.length; at += 3) set.add(at % 2, hashes, at)
    const taken = structuredClone(set.take())
    const other = new HashSet(words, memory())
    assert.ok(other.adopt(taken))
    for (let at = 0; at < hashes.length; at += 3) assert.ok(!other.add(at % 2, hashes, at), `${at}`)
    const more = Uint32Array.from({ length: 3 * 300_000 }, () => random.uint32())
    for (let at = 0; at < more.length; at += 3) assert.ok(other.add(0, more, at))
    for (let at = 0; at < hashes.length; at += 3) assert.ok(!other.add(at % 2, hashes, at), 'after it grew')
    assert.equal(other.adopt(taken), false, 'one that is not empty keeps what it has')
    assert.equal(other.take().count, 500_000)
  }
})

test('what one set gives away fills another one as fast as anything', () => {
  const random = new SeededRandom(9)
  const count = 300_000
  const hashes = Uint32Array.from({ length: 2 * count }, () => random.uint32())
  const set = new HashSet(2, memory())
  for (let index = 0; index < count; index++) set.add(0, hashes, 2 * index)
  const taken = set.take()
  const other = new HashSet(2, memory())
  // Slot after slot this would take minutes; the test would end with its time.
  for (const slot of slotsOf(set, taken)) other.addTaken(taken, slot, 0)
  assert.deepEqual([other.take().count, taken.count], [count, count])
})

test('a value that very many groups have costs each of them as much as any', () => {
  const value = Uint32Array.of(123_456_789, 5, 6)
  const set = new HashSet(3, memory())
  const groups = 300_000
  // In one slot after the other this would take ten minutes; the test would end with its time.
  for (let group = 0; group < groups; group++) assert.ok(set.add(group, value, 0))
  for (let group = 0; group < groups; group += 1000) assert.ok(!set.add(group, value, 0))
  assert.equal(set.take().count, groups)
})

/** Those that hold something, in the order of their turns. */
function slotsOf(set: HashSet, taken: TakenHashes): number[] {
  const turns = set.takenTurns(taken)
  const slots = Array.from({ length: turns }, (_, turn) => set.takenSlot(turn, turns))
  assert.equal(new Set(slots).size, turns, 'each has its turn')
  return slots.filter((slot) => set.takenGroup(taken, slot) >= 0)
}

test('pairs are numbered in the order in which they came, however many', () => {
  const random = new SeededRandom(5)
  const pairs = new PairTable(memory(), random)
  const numbers = new Map<string, number>()
  for (let at = 0; at < 50_000; at++) {
    const [first, second] = [
      random.below(300),
      random.chance(0.5) ? random.below(300) : 0xffff_ffff - random.below(9),
    ]
    const key = `${first},${second}`
    const wanted = numbers.get(key) ?? numbers.size
    numbers.set(key, wanted)
    assert.equal(pairs.numberOf(first, second), wanted)
    assert.deepEqual([pairs.firsts[wanted], pairs.seconds[wanted]], [first, second])
  }
  assert.equal(pairs.count, numbers.size)
})
