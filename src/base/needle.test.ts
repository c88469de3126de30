import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Needle } from './needle.ts'
import { SeededRandom } from './random.ts'

const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text)

const find = (needle: string, data: string, anyCase = false) =>
  new Needle(encodeText(needle), anyCase).indexIn(encodeText(data), 0, encodeText(data).length)

test('a needle is found at its first place', () => {
  assert.equal(find('error', 'an error, an error'), 3)
  assert.equal(find('x', 'abc'), -1)
  assert.equal(find('', 'abc'), 0)
  assert.equal(find('abc', 'abc'), 0)
  assert.equal(find('abcd', 'abc'), -1)
})

test('any case means ASCII letters in any case', () => {
  assert.equal(find('ErRoR', 'an eRROr', true), 3)
  assert.equal(find('é', 'É', true), -1)
  assert.equal(find('[', '{', true), -1)
})

test('nothing before the start or from the end on is looked at', () => {
  const data = encodeText('abcabc')
  assert.equal(new Needle(encodeText('abc')).indexIn(data, 1, 6), 3)
  assert.equal(new Needle(encodeText('abc')).indexIn(data, 1, 5), -1)
})

test('a place that is not accepted is passed over', () => {
  const data = encodeText('aaaa')
  const needle = new Needle(encodeText('aa'))
  assert.equal(
    needle.indexIn(data, 0, 4, (_data, position) => position === 2),
    2,
  )
  assert.equal(
    needle.indexIn(data, 0, 4, () => false),
    -1,
  )
})

test('random needles are found where a plain search finds them', () => {
  const seed = 11
  const random = new SeededRandom(seed)
  for (let round = 0; round < 3000; round++) {
    const data = Buffer.from(Array.from({ length: random.below(40) }, () => 97 + random.below(2)))
    const wanted = Buffer.from(Array.from({ length: 1 + random.below(5) }, () => 97 + random.below(2)))
    const places: number[] = []
    new Needle(wanted).indexIn(data, 0, data.length, (_data, position) => places.push(position) < 0)
    const expected: number[] = []
    for (let at = data.indexOf(wanted); at >= 0; at = data.indexOf(wanted, at + 1)) expected.push(at)
    assert.deepEqual(places, expected, `seed ${seed}, round ${round}`)
  }
})

test('text made to be compared again and again takes the other way and finds the same', () => {
  const wanted = Buffer.from(`b${'a'.repeat(3000)}`)
  const data = Buffer.from(`${'a'.repeat(200_000)}${wanted}aab`)
  assert.equal(new Needle(wanted).indexIn(data, 0, data.length), 200_000)
  const periodic = new Needle(Buffer.from('ab'.repeat(1000)))
  const places: number[] = []
  const repeated = Buffer.from('ab'.repeat(20_000))
  periodic.indexIn(repeated, 0, repeated.length, (_data, position) => places.push(position) < 0)
  assert.equal(places.length, 19_001)
  assert.deepEqual([places[0], places[1], places.at(-1)], [0, 2, 38_000])
})
