import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import { buildBloomFilter } from './bloom-filter.ts'
import { buildFuseFilter } from './fuse-filter.ts'
import { HashLanes, scaleLane } from './hash-lanes.ts'
import { decodeWordFilter, encodeWordFilter, FILTER_HEADER_BYTES } from './word-filter.ts'
import type { WordHashes } from './word-hash.ts'
import { WordSet } from './word-set.ts'

const SEED = { low: 0x11223344, high: 0x55667788 }

function setOf(text: string, wordBytesMin = 1): WordSet {
  const set = new WordSet(SEED, wordBytesMin)
  const bytes = Buffer.from(text)
  set.addWords(bytes, 0, bytes.length)
  return set
}

function asks(filterBytes: Uint8Array, word: string): boolean {
  const bytes = Buffer.from(word)
  return decodeWordFilter(filterBytes).mayContain(bytes, 0, bytes.length)
}

function randomHashes(count: number, seed: number): WordHashes {
  const random = new SeededRandom(seed)
  const set = new WordSet(SEED)
  while (set.count < count) set.addHash(random.uint32(), random.uint32())
  return set.hashes()
}

interface Asked {
  mayContain(low: number, high: number): boolean
}

function denied(filter: Asked, { lows, highs }: WordHashes): number {
  let count = 0
  for (let at = 0; at < lows.length; at++) if (!filter.mayContain(lows[at], highs[at])) count++
  return count
}

/** The share of random hashes, in no set, that may be there all the same. */
function falseShare(filter: Asked, seed: number): number {
  const random = new SeededRandom(seed)
  const asked = 20_000
  let found = 0
  for (let count = 0; count < asked; count++) if (filter.mayContain(random.uint32(), random.uint32())) found++
  return found / asked
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('a filter of four words is these bytes', () => {
  const set = setOf('disk sda1 failed: error')
  const bytes = encodeWordFilter(set, 8)
  // The Unicode version is the runtime's.
  bytes[4] = 0
  bytes[5] = 0
  assert.equal(
    hex(bytes.subarray(0, FILTER_HEADER_BYTES)),
    '010803000000010004000000010000004433221188776655',
  )
  assert.equal(hex(bytes.subarray(FILTER_HEADER_BYTES)), '00000000000000000000000f000000000000000000c01283')
  assert.equal(hex(encodeWordFilter(set, 4).subarray(FILTER_HEADER_BYTES)), '0000000000f0000000000032')
})

test('the lanes of a hash are these numbers', () => {
  const lanes = new HashLanes()
  lanes.spread(0x01234567, 0x89abcdef, 0)
  assert.deepEqual([lanes.first, lanes.second, lanes.third], [0xc16ca4aa, 0x30caf5ed, 0x83377b59])
  lanes.spread(0x01234567, 0x89abcdef, 1)
  assert.deepEqual([lanes.first, lanes.second, lanes.third], [0x184f443e, 0x52e1d27f, 0x112ae75d])
})

test('a lane is scaled without rounding up', () => {
  assert.equal(scaleLane(0xffffffff, 2 ** 21), 2 ** 21 - 1)
  assert.equal(scaleLane(0, 5), 0)
  for (const bound of [1, 3, 1000, 2 ** 21 - 1]) {
    const exact = (0xfffffffen * BigInt(bound)) >> 32n
    assert.equal(scaleLane(0xfffffffe, bound), Number(exact))
  }
})

test('a word that was put in is never denied, most others are', () => {
  for (const bits of [4, 8] as const) {
    const bytes = encodeWordFilter(setOf('disk sda1 failed: error'), bits)
    for (const word of ['disk', 'sda1', 'failed', 'error']) assert.equal(asks(bytes, word), true, word)
    const others = Array.from({ length: 1000 }, (_, index) => `other${index}`)
    const found = others.filter((word) => asks(bytes, word)).length
    assert.ok(found < (bits === 8 ? 30 : 150), `${found} of 1000 are not denied at ${bits} bits`)
  }
})

test('a filter without words denies all', () => {
  const bytes = encodeWordFilter(setOf(' ... '), 8)
  assert.equal(bytes.length, FILTER_HEADER_BYTES)
  assert.equal(asks(bytes, 'error'), false)
})

test('a word that is too short to be in the filter is not denied', () => {
  const bytes = encodeWordFilter(setOf('connection from 12', 6), 8)
  assert.equal(asks(bytes, 'from'), true)
  assert.equal(asks(bytes, '99999'), true)
  assert.equal(asks(bytes, '999999'), false)
})

test('where the Unicode version is another one, only words of ASCII are denied', () => {
  const bytes = encodeWordFilter(setOf('grün green'), 8)
  assert.equal(asks(bytes, 'größe'), false)
  bytes[4]++
  assert.equal(asks(bytes, 'größe'), true)
  assert.equal(asks(bytes, 'yellow'), false)
})

for (const count of [1, 2, 3, 10, 100, 1000, 20_000, 200_000]) {
  test(`filters of ${count} hashes deny none of them, and are small`, (t) => {
    const hashes = randomHashes(count, count)
    for (const bits of [4, 8] as const) {
      const filter = buildFuseFilter(hashes, bits)
      assert.ok(filter !== null)
      assert.equal(denied(filter, hashes), 0)
      const share = falseShare(filter, count + 1)
      const bitsAKey = (filter.fingerprints.length * 8) / count
      t.diagnostic(`${bits} bits: ${bitsAKey.toFixed(2)} bits a key, ${(share * 100).toFixed(2)} % false`)
      assert.ok(share < (bits === 8 ? 0.01 : 0.08), `${share}`)
      if (count >= 1000) assert.ok(bitsAKey < bits * 1.6, `${bitsAKey}`)
    }
  })
}

test('every size from 1 to 300 can be built, few with more than two attempts', () => {
  const attempts: number[] = []
  for (let count = 1; count <= 300; count++) {
    const hashes = randomHashes(count, 1000 + count)
    const filter = buildFuseFilter(hashes, 8)
    assert.ok(filter !== null, `${count}`)
    assert.equal(denied(filter, hashes), 0)
    attempts.push(filter.attempt)
  }
  assert.ok(attempts.filter((attempt) => attempt > 1).length < 15, `${attempts}`)
})

test('equal hashes give equal filters', () => {
  const build = () => buildFuseFilter(randomHashes(500, 3), 8)?.fingerprints
  assert.deepEqual(build(), build())
})

test('hashes that share a half or follow each other are no worse than random ones', () => {
  const numbers = Uint32Array.from({ length: 5000 }, (_, index) => index)
  const same = new Uint32Array(5000).fill(77)
  const steps = numbers.map((number) => number << 19)
  for (const hashes of [
    { lows: numbers, highs: same },
    { lows: same, highs: numbers },
    { lows: steps, highs: numbers },
  ]) {
    const filter = buildFuseFilter(hashes, 8)
    assert.ok(filter !== null && filter.attempt < 3)
    assert.equal(denied(filter, hashes), 0)
    assert.ok(falseShare(filter, 5) < 0.01)
  }
})

test('a set that no fuse filter can hold ends after a few attempts, and a Bloom filter takes it', (t) => {
  // The same hash twice is no set: it never has a place for itself.
  const { lows, highs } = randomHashes(2000, 9)
  const hashes = { lows: Uint32Array.from([...lows, lows[0]]), highs: Uint32Array.from([...highs, highs[0]]) }
  assert.equal(buildFuseFilter(hashes, 8), null)
  const bloom = buildBloomFilter(hashes)
  assert.equal(denied(bloom, hashes), 0)
  const share = falseShare(bloom, 10)
  t.diagnostic(`Bloom: ${((bloom.bits.length * 8) / 2000).toFixed(2)} bits a key, ${share * 100} % false`)
  assert.ok(share < 0.02, `${share}`)
})

test('five thousand times the same hash ends as well', () => {
  const hashes = { lows: new Uint32Array(5000), highs: new Uint32Array(5000) }
  assert.equal(buildFuseFilter(hashes, 8), null)
  assert.equal(denied(buildBloomFilter(hashes), hashes), 0)
})

test('a Bloom filter is read from its bytes', () => {
  const hashes = randomHashes(100, 12)
  const { bits } = buildBloomFilter(hashes)
  const header = encodeWordFilter(setOf('word'), 8).subarray(0, FILTER_HEADER_BYTES)
  const bytes = Buffer.concat([header, bits])
  bytes.set([2, 0, 0, 0])
  bytes.writeUInt32LE(bits.length / 64, 12)
  const filter = decodeWordFilter(bytes)
  assert.equal(denied({ mayContain: (low, high) => filter.mayContainHash(low, high) }, hashes), 0)
})

test('bytes that are no filter are PART_CORRUPT, whatever they are', () => {
  const good = encodeWordFilter(setOf('disk sda1 failed: error'), 8)
  const random = new SeededRandom(4)
  const word = Buffer.from('error')
  let refused = 0
  for (let round = 0; round < 20_000; round++) {
    const bytes = good.slice(0, random.chance(0.2) ? random.below(good.length + 1) : good.length)
    for (let change = random.below(3); change >= 0; change--) {
      if (bytes.length > 0)
        bytes[random.below(Math.min(bytes.length, FILTER_HEADER_BYTES))] = random.below(256)
    }
    try {
      decodeWordFilter(bytes).mayContain(word, 0, word.length)
    } catch (error) {
      assert.ok(isCodedError(error, 'PART_CORRUPT'), `round ${round}: ${error}`)
      refused++
    }
  }
  assert.ok(refused > 10_000, `${refused}`)
})
