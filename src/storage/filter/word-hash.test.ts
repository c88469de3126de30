/**
 * The hash is part of the format: these values stand in files. The steps were also run with 2 and 4 rounds against the
 * published vectors of HalfSipHash-2-4.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WordHash } from './word-hash.ts'

const SEED = { low: 0x03020100, high: 0x07060504 }

function hashOf(bytes: Uint8Array, seed = SEED): string {
  const hash = new WordHash(seed)
  hash.hash(bytes, 0, bytes.length)
  return [hash.high, hash.low].map((half) => half.toString(16).padStart(8, '0')).join('')
}

test('the bytes 0, 1, 2, … have these hashes for ever', () => {
  const counting = Uint8Array.from({ length: 63 }, (_, index) => index)
  const hashes = [0, 1, 4, 7, 8, 63].map((length) => hashOf(counting.subarray(0, length)))
  assert.deepEqual(hashes, [
    '2af7202321d0a576',
    '9733d36f8d74e887',
    '05ae8c71a0db24eb',
    '8ff14cb20a2d053c',
    '5f7aec1d31a8cd3d',
    'c1c5141920c4123c',
  ])
})

test('a hash depends on the bytes of the word and on nothing around it', () => {
  const hash = new WordHash(SEED)
  hash.hash(Buffer.from('...error_12345...'), 3, 14)
  const { low, high } = hash
  hash.hash(Buffer.from('error_12345'), 0, 11)
  assert.deepEqual([hash.low, hash.high], [low, high])
})

test('another seed, another hash', () => {
  const word = Buffer.from('error')
  assert.notEqual(hashOf(word, { low: 1, high: 0 }), hashOf(word, { low: 0, high: 0 }))
  assert.notEqual(hashOf(word, { low: 0, high: 1 }), hashOf(word, { low: 0, high: 0 }))
})
