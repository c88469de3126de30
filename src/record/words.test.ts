import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requiredWords, WORDS_UNICODE_VERSION, wordEnd, wordStart } from './words.ts'

function wordsOf(bytes: Uint8Array): string[] {
  const words: string[] = []
  for (let start = wordStart(bytes, 0, bytes.length), end = 0; start < bytes.length; ) {
    end = wordEnd(bytes, start, bytes.length)
    words.push(Buffer.from(bytes.subarray(start, end)).toString())
    start = wordStart(bytes, end, bytes.length)
  }
  return words
}

const words = (text: string): string[] => wordsOf(Buffer.from(text))
const bytesOf = (...codes: number[]): Uint8Array => Uint8Array.from(codes)

function required(phrase: string | Uint8Array, isPrefix = false): string[] {
  const bytes = Buffer.from(phrase)
  return requiredWords(bytes, isPrefix).map(({ start, end }) => bytes.toString('utf8', start, end))
}

test('a word is a run of letters, digits and underscores', () => {
  assert.deepEqual(words('2026-01-02 ERROR [main_1] a.b=c/d'), [
    '2026',
    '01',
    '02',
    'ERROR',
    'main_1',
    'a',
    'b',
    'c',
    'd',
  ])
  assert.deepEqual(words(''), [])
  assert.deepEqual(words(' ...!'), [])
})

test('letters and decimal digits of every script are part of words, marks and other numbers are not', () => {
  assert.deepEqual(words('größe 한국어 ١٢٣ x²y Ⅷ 𝒜b'), ['größe', '한국어', '١٢٣', 'x', 'y', '𝒜b'])
  // A combining accent is no letter.
  assert.deepEqual(words('e\u0301te'), ['e', 'te'])
})

test('what is not UTF-8 parts words', () => {
  const a = 0x61
  const b = 0x62
  for (const broken of [
    [0x80], // a continuation alone
    [0xc3], // a lead alone
    [0xc0, 0x80], // not the shortest form
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80], // a surrogate
    [0xf0, 0x80, 0x80, 0x80],
    [0xf4, 0x90, 0x80, 0x80], // above U+10FFFF
    [0xf8, 0x88, 0x80, 0x80, 0x80],
    [0xff],
    [0xe2, 0x82], // cut short
  ]) {
    assert.deepEqual(wordsOf(bytesOf(a, ...broken, b)), ['a', 'b'], `${broken}`)
  }
})

test('nothing is read at or beyond the end', () => {
  const bytes = Buffer.from('abé')
  assert.equal(wordEnd(bytes, 0, 3), 2)
  assert.equal(wordStart(bytes, 2, 3), 3)
  assert.equal(wordEnd(bytes, 0, 1), 1)
})

test('the Unicode version is major and minor in a byte each', () => {
  const [major, minor] = String(process.versions['unicode']).split('.').map(Number)
  assert.equal(WORDS_UNICODE_VERSION, major * 256 + minor)
})

test('a phrase requires its words, a prefix not the one at its end', () => {
  assert.deepEqual(required('failed login: user'), ['failed', 'login', 'user'])
  assert.deepEqual(required('failed login: us', true), ['failed', 'login'])
  assert.deepEqual(required('failed login: ', true), ['failed', 'login'])
  assert.deepEqual(required('...'), [])
})

test('a word beside what may be a piece of a letter is not required', () => {
  // In a value these bytes may be the end of "é" and its beginning.
  assert.deepEqual(required(bytesOf(0xa9, 0x61, 0x2e, 0x62)), ['b'])
  assert.deepEqual(required(bytesOf(0x61, 0x2e, 0x62, 0xc3)), ['a'])
  assert.deepEqual(required(bytesOf(0x61, 0x2e, 0x62, 0xf0, 0x9d, 0x92)), ['a'])
  // Four continuation bytes, or a lead with all of its bytes, are nobody's piece.
  assert.deepEqual(required(bytesOf(0x80, 0x80, 0x80, 0x80, 0x61)), ['a'])
  assert.deepEqual(required(bytesOf(0x61, 0xe2, 0x82, 0xac)), ['a'])
  assert.deepEqual(required(bytesOf(0x61, 0xc0)), ['a'])
})
