import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { xxHash64Text } from './xxhash64.ts'

const hexOf = (bytes: Uint8Array): string => BigInt(xxHash64Text(bytes)).toString(16).padStart(16, '0')

test('published hashes come out', () => {
  const hashes: [string, string][] = [
    ['', 'ef46db3751d8e999'],
    ['a', 'd24ec4f1a98c6e5b'],
    ['as', '1c330fb2d66be179'],
    ['asd', '631c37ce72a97393'],
    ['asdf', '415872f599cea71e'],
    ['abc', '44bc2cf5ad770999'],
    ['xxhash', '32dd38952c4bc720'],
    ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
    ['Call me Ishmael. Some years ago--never mind how long precisely-', '02a2e85470d6fd96'],
  ]
  for (const [text, hex] of hashes) assert.equal(hexOf(Buffer.from(text)), hex, text)
  assert.equal(xxHash64Text(new Uint8Array(0)), '17241709254077376921')
})

test('every length gives what the algorithm written with BigInt gives', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, () => random.below(256))
    assert.equal(xxHash64Text(bytes), String(plainHash(bytes)), `seed ${seed}, length ${length}`)
  }
})

const MASK = (1n << 64n) - 1n
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n
const turn = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & MASK
const take = (sum: bigint, input: bigint): bigint => (turn((sum + input * P2) & MASK, 31n) * P1) & MASK

function plainHash(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer)
  let at = 0
  let hash = P5
  if (bytes.length >= 32) {
    const sums = [(P1 + P2) & MASK, P2, 0n, -P1 & MASK]
    for (; at + 32 <= bytes.length; at += 32) {
      for (const [lane, sum] of sums.entries()) {
        sums[lane] = take(sum, view.getBigUint64(at + 8 * lane, true))
      }
    }
    hash = (turn(sums[0], 1n) + turn(sums[1], 7n) + turn(sums[2], 12n) + turn(sums[3], 18n)) & MASK
    for (const sum of sums) hash = (((hash ^ take(0n, sum)) & MASK) * P1 + P4) & MASK
  }
  hash = (hash + BigInt(bytes.length)) & MASK
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (turn(hash ^ take(0n, view.getBigUint64(at, true)), 27n) * P1 + P4) & MASK
  }
  if (at + 4 <= bytes.length) {
    hash = (turn(hash ^ ((BigInt(view.getUint32(at, true)) * P1) & MASK), 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < bytes.length; at++) hash = (turn(hash ^ ((BigInt(bytes[at]) * P5) & MASK), 11n) * P1) & MASK
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return hash ^ (hash >> 32n)
}
