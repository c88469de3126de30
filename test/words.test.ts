/**
 * Words are defined twice, because storage/ may not import query/: record/words.ts splits values into words for the
 * filters of parts, query/words.ts decides where a word of a query may stand. A part is passed over when its filter
 * denies a word, so the two must agree on every byte.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { SeededRandom } from '../src/base/base.ts'
import { phraseTest } from '../src/query/filters/phrase-test.ts'
import { decodeText, sequenceLength } from '../src/query/values/text.ts'
import { isWordAt, isWordBefore } from '../src/query/values/words.ts'
import { requiredWords, wordEnd, wordStart } from '../src/record/record.ts'
import { sharedFolder } from './shared-folder.ts'

function spans(data: Uint8Array): [number, number][] {
  const found: [number, number][] = []
  for (let start = wordStart(data, 0, data.length); start < data.length; ) {
    const end = wordEnd(data, start, data.length)
    found.push([start, end])
    start = wordStart(data, end, data.length)
  }
  return found
}

/** The same by the query's definition: a word goes on while a word character starts. */
function querySpans(data: Uint8Array): [number, number][] {
  const found: [number, number][] = []
  let start = -1
  for (let at = 0; at < data.length; at += sequenceLength(data, at, data.length) || 1) {
    const isWord = isWordAt(data, at, data.length)
    if (isWord && start < 0) start = at
    if (!isWord && start >= 0) {
      found.push([start, at])
      start = -1
    }
  }
  if (start >= 0) found.push([start, data.length])
  return found
}

function checkSame(data: Uint8Array, what: string): void {
  const found = spans(data)
  assert.deepEqual(found, querySpans(data), what)
  for (const [start, end] of found) {
    assert.ok(isWordBefore(data, end, 0) && !isWordBefore(data, start, 0), `${what}: ends of a word`)
  }
}

/** Pieces that make words, part them, or are half a character. */
const PIECES = [
  'a',
  'error',
  '7',
  '_',
  ' ',
  '-',
  '.',
  'é',
  'ß',
  '한',
  '١',
  '²',
  '€',
  '𝒜',
  '💥',
  'e\u0301',
  '\u200b',
  '\ufeff',
].map((text) => Buffer.from(text))
const BROKEN = [
  [0x80],
  [0xa9],
  [0xc3],
  [0xc0, 0x80],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9d, 0x92],
  [0xf4, 0x90],
  [0xff],
].map((bytes) => Buffer.from(bytes))

function randomText(random: SeededRandom, piecesMax: number): Buffer {
  const pieces = Array.from({ length: random.below(piecesMax + 1) }, () => {
    const from = random.chance(0.25) ? BROKEN : PIECES
    return from[random.below(from.length)]
  })
  return Buffer.concat(pieces)
}

test('both definitions split every single code point alike', () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const data = Buffer.from(`a${String.fromCodePoint(code)}`)
    const isWord = isWordAt(data, 1, data.length)
    if ((wordEnd(data, 0, data.length) === data.length) !== isWord) assert.fail(`U+${code.toString(16)}`)
  }
})

test('both definitions split random bytes and random Unicode alike', () => {
  for (let seed = 0; seed < 5000; seed++) {
    const random = new SeededRandom(seed)
    checkSame(randomText(random, 12), `seed ${seed}`)
    const noise = Buffer.from(Array.from({ length: random.below(24) }, () => random.below(256)))
    checkSame(noise, `seed ${seed}, noise`)
  }
})

test('both definitions split lines of real logs alike', (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  for (const name of globSync('*.log', { cwd: corpus })) {
    const lines = readFileSync(join(corpus, name)).toString('latin1').split('\n').slice(0, 500)
    for (const line of lines) checkSame(Buffer.from(line, 'latin1'), `${name}: ${line}`)
  }
})

test('a value that a phrase or a prefix matches has all the words that it requires', () => {
  let matched = 0
  for (let seed = 0; seed < 40_000; seed++) {
    const random = new SeededRandom(seed)
    const value = randomText(random, 8)
    const start = random.below(value.length + 1)
    const phrase = value.subarray(start, start + 1 + random.below(8))
    const isPrefix = random.chance(0.5)
    const { test: matches } = phraseTest(decodeText(phrase), { isPrefix, anyCase: false })
    if (phrase.length === 0 || !matches(value, 0, value.length)) continue
    matched++
    const inValue = new Set(spans(value).map(([from, to]) => value.toString('hex', from, to)))
    for (const word of requiredWords(phrase, isPrefix)) {
      const bytes = phrase.toString('hex', word.start, word.end)
      assert.ok(inValue.has(bytes), `seed ${seed}: ${value.toString('hex')} has no ${bytes}`)
    }
  }
  assert.ok(matched > 5000, `${matched} matched`)
})
