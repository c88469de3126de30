import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_SHORT_NUMBER, SHORT_NUMBERS, shortNumberPlace, shortWordAt } from './short-numbers.ts'

const placeOf = (text: string): number =>
  shortNumberPlace(shortWordAt(Buffer.from(`x${text}y`, 'latin1'), 1, text.length), text.length)

test('each text of one to four digits has a place of its own', () => {
  const places = new Set<number>()
  for (let length = 1; length <= 4; length++) {
    for (let number = 0; number < 10 ** length; number++) {
      const place = placeOf(String(number).padStart(length, '0'))
      assert.ok(place >= 0 && place < SHORT_NUMBERS)
      places.add(place)
    }
  }
  assert.equal(places.size, SHORT_NUMBERS)
})

test('a text with any other byte at any place has none', () => {
  for (let byte = 0; byte < 256; byte++) {
    if (byte >= 0x30 && byte <= 0x39) continue
    const other = String.fromCharCode(byte)
    for (const text of ['0', '9', '09', '90', '999', '0000', '9999']) {
      for (let at = 0; at < text.length; at++) {
        assert.equal(placeOf(text.slice(0, at) + other + text.slice(at + 1)), NO_SHORT_NUMBER)
      }
    }
  }
})
