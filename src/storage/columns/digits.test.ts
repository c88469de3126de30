import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { parseDigits } from './digits.ts'

test('digits are parsed to the number that they print, whatever stands around them', () => {
  const random = new SeededRandom(4)
  const texts = ['0', '42', '4007', '2147483647', '2147483648', '4294967296', '9007199254740991']
  for (let length = 1; length <= 15; length++) {
    texts.push('9'.repeat(length), '1'.padEnd(length, '0'), '1'.padEnd(length + 1, '0').replace(/0$/, '1'))
    for (let count = 0; count < 300; count++)
      texts.push(Array.from({ length }, () => random.below(10)).join(''))
  }
  for (const text of texts)
    assert.equal(parseDigits(Buffer.from(`7${text}7`), 1, text.length + 1), Number(text), text)
})
