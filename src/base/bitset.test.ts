import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset } from './bitset.ts'
import { SeededRandom } from './random.ts'

function indexesOf(bits: Bitset): number[] {
  const found: number[] = []
  bits.forEach((index) => {
    found.push(index)
  })
  return found
}

test('a new bitset is empty', () => {
  const bits = new Bitset(70)
  assert.equal(bits.size, 70)
  assert.equal(bits.count(), 0)
  assert.equal(bits.isEmpty(), true)
  assert.equal(bits.nextSet(0), -1)
})

test('bits on both sides of a word boundary are set, seen and unset', () => {
  const bits = Bitset.of(70, [0, 31, 32, 63, 64, 69])
  assert.deepEqual(indexesOf(bits), [0, 31, 32, 63, 64, 69])
  assert.equal(bits.has(31), true)
  assert.equal(bits.has(33), false)
  bits.unset(31)
  assert.equal(bits.has(31), false)
  assert.equal(bits.count(), 5)
})

test('a full bitset has exactly its size of bits, whatever the last word holds', () => {
  for (const size of [0, 1, 31, 32, 33, 64, 65]) {
    const bits = Bitset.full(size)
    assert.equal(bits.count(), size)
    assert.equal(bits.clear().isEmpty(), true)
    assert.equal(bits.invert().count(), size)
  }
})

test('the indexes are those of the bits that are on, ascending', () => {
  const bits = Bitset.of(200, [199, 3, 64, 31, 32])
  assert.deepEqual([...bits.indexes()], [3, 31, 32, 64, 199])
  assert.deepEqual([...new Bitset(40).indexes()], [])
  assert.deepEqual([...new Bitset(0).indexes()], [])
  assert.deepEqual([...Bitset.full(65).indexes()], [...Array(65).keys()])
})

test('the places of bits in a list are found, in the order of the list', () => {
  const bits = Bitset.of(100, [5, 40, 99])
  assert.deepEqual([...bits.placesIn(Uint32Array.of(99, 0, 5, 6, 40, 99))], [0, 2, 4, 5])
  assert.deepEqual([...bits.placesIn(new Uint32Array(0))], [])
})

test('nextSet walks the bits and ends with -1', () => {
  const bits = Bitset.of(200, [3, 64, 199])
  assert.equal(bits.nextSet(0), 3)
  assert.equal(bits.nextSet(3), 3)
  assert.equal(bits.nextSet(4), 64)
  assert.equal(bits.nextSet(65), 199)
  assert.equal(bits.nextSet(200), -1)
  assert.equal(new Bitset(0).nextSet(0), -1)
})

test('fillRange turns on exactly the range', () => {
  const ranges = [
    [0, 0],
    [0, 1],
    [5, 9],
    [30, 34],
    [0, 32],
    [32, 64],
    [31, 97],
    [0, 100],
    [99, 100],
  ]
  for (const [from, to] of ranges) {
    const wanted = Array.from({ length: to - from }, (_, i) => from + i)
    assert.deepEqual(indexesOf(new Bitset(100).fillRange(from, to)), wanted)
  }
})

test('a copy does not follow its original', () => {
  const bits = Bitset.of(40, [1])
  const copy = bits.copy()
  bits.set(39)
  assert.deepEqual(indexesOf(copy), [1])
})

test('combining bitsets of different sizes is a bug', () => {
  assert.throws(() => new Bitset(1).and(new Bitset(2)), /BUG/)
})

test('and, or, andNot, invert and count agree with sets of numbers', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new SeededRandom(seed)
    const size = 1 + random.below(300)
    const all = Array.from({ length: size }, (_, i) => i)
    const left = all.map(() => random.chance(0.4))
    const right = all.map(() => random.chance(0.4))
    const a = Bitset.of(
      size,
      all.filter((index) => left[index]),
    )
    const b = Bitset.of(
      size,
      all.filter((index) => right[index]),
    )
    const check = (bits: Bitset, isWanted: (index: number) => boolean) => {
      const wanted = all.filter(isWanted)
      assert.deepEqual(indexesOf(bits), wanted, `seed ${seed}`)
      assert.equal(bits.count(), wanted.length, `seed ${seed}`)
    }
    check(a.copy().and(b), (index) => left[index] && right[index])
    check(a.copy().or(b), (index) => left[index] || right[index])
    check(a.copy().andNot(b), (index) => left[index] && !right[index])
    check(a.copy().invert(), (index) => !left[index])
  }
})
