import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { SeededRandom } from '../base/base.ts'
import { combineCrc32 } from './crc-combine.ts'

describe('combineCrc32', () => {
  it('is the CRC of both stretches, wherever bytes are cut', () => {
    const bytes = Buffer.from('123456789')
    // The check value of CRC-32 in the catalogue of parametrised CRC algorithms.
    assert.equal(crc32(bytes), 0xcbf43926)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const [a, b] = [bytes.subarray(0, cut), bytes.subarray(cut)]
      assert.equal(combineCrc32(crc32(a), crc32(b), b.length), 0xcbf43926, `cut at ${cut}`)
    }
  })

  it('is that of random bytes of any length', (t) => {
    const seed = Date.now()
    t.diagnostic(`seed ${seed}`)
    const random = new SeededRandom(seed)
    for (let round = 0; round < 500; round++) {
      const a = Buffer.from(Array.from({ length: random.below(1000) }, () => random.below(256)))
      const b = Buffer.alloc(random.below(200_000), 'a line and another one\n')
      assert.equal(combineCrc32(crc32(a), crc32(b), b.length), crc32(b, crc32(a)))
    }
  })

  it('takes lengths beyond 2 ** 31', () => {
    const one = crc32(Buffer.of(7))
    const whole = combineCrc32(one, crcOfZeros(2 ** 31), 2 ** 31)
    const half = combineCrc32(one, crcOfZeros(2 ** 30), 2 ** 30)
    assert.equal(whole, combineCrc32(half, crcOfZeros(2 ** 30), 2 ** 30))
  })
})

function crcOfZeros(count: number): number {
  let crc = crc32(Buffer.of(0))
  for (let length = 1; length < count; length *= 2) crc = combineCrc32(crc, crc, length)
  return crc
}
