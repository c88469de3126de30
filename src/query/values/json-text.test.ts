import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { jsonString, jsonStrings, readJsonArray, readJsonObject } from './json-text.ts'

/** Pairs of an object, or null. */
function pairsOf(text: string): [string, string][] | null {
  const found = readJsonObject(text)
  return found === null ? null : found.names.map((name, at) => [name, found.texts[at]])
}

test('members of objects within objects get names with dots, and values stay as they were written', () => {
  const text = `
    { "a": 1.50, "b": { "c": "x\\ty", "d": { "e": true, "f": null, "g": {} } },
      "h": [ 1, { "i" : "j k" } , [ ] ], "n": NaN, "m": -Infinity, "u": "\\u00e9\\ud83d\\ude00\\/", "": "empty", "z": 1E+05 } `
  assert.deepEqual(pairsOf(text), [
    ['a', '1.50'],
    ['b.c', 'x\ty'],
    ['b.d.e', 'true'],
    ['h', '[1,{"i":"j k"},[]]'],
    ['n', 'NaN'],
    ['m', '-Infinity'],
    ['u', 'é😀/'],
    ['', 'empty'],
    ['z', '1E+05'],
  ])
  assert.deepEqual(pairsOf('{}'), [])
  assert.deepEqual(pairsOf('{"a":"null","b":1,"b":2}'), [
    ['a', 'null'],
    ['b', '1'],
    ['b', '2'],
  ])
})

test('a text that is no JSON object has no members', () => {
  for (const text of [
    '',
    'x',
    '[]',
    '"a"',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '{"a":1}x',
    '{"a" 1}',
    '{a:1}',
    '{"a":01x}',
    '{"a":nul}',
    '{"a":[1}',
    '{"a":[1,]}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"b}',
    '{"a":"\\',
    '{"a":-}',
    '{"a":1.}',
    '{"a":1e}',
    '{"a":1e+}',
    '{"a":.5}',
  ]) {
    assert.equal(pairsOf(text), null, text)
  }
})

test('names do not depend on those of the text before', () => {
  const texts: [string, [string, string][] | null][] = [
    [
      '{"a":{"x":1},"b":2}',
      [
        ['a.x', '1'],
        ['b', '2'],
      ],
    ],
    [
      '{"b":{"x":1},"bc":2}',
      [
        ['b.x', '1'],
        ['bc', '2'],
      ],
    ],
    [
      '{"x":1,"x":2}',
      [
        ['x', '1'],
        ['x', '2'],
      ],
    ],
    ['{"a\\\\n":1}', [['a\\n', '1']]],
    ['{"a\\n":1}', [['a\n', '1']]],
    ['{"a\\"":1}', [['a"', '1']]],
    ['{"a"":1}', null],
    ['{"a\\u0062":1}', [['ab', '1']]],
    ['{"ab":1}', [['ab', '1']]],
    [
      `{"${'y'.repeat(200)}":1,"z":2}`,
      [
        ['y'.repeat(200), '1'],
        ['z', '2'],
      ],
    ],
    [
      '{"ab" : 1, "z" : 2}',
      [
        ['ab', '1'],
        ['z', '2'],
      ],
    ],
  ]
  for (let round = 0; round < 2; round++) {
    for (const [text, pairs] of texts) assert.deepEqual(pairsOf(text), pairs, text)
  }
})

test('an array gives its items: strings as texts, all else as JSON', () => {
  assert.deepEqual(readJsonArray('["foo", 1, { "baz" : "x y" }, [1, 2], null, NaN]'), [
    'foo',
    '1',
    '{"baz":"x y"}',
    '[1,2]',
    'null',
    'NaN',
  ])
  assert.deepEqual(readJsonArray(' [ ] '), [])
  for (const text of ['', '{}', '[', '[1', '[1,]', '[,1]', '[1 2]', '[1]]', 'null']) {
    assert.equal(readJsonArray(text), null, text)
  }
})

test('lone surrogates in escapes become U+FFFD, so that no text can pass for bytes', () => {
  assert.deepEqual(readJsonArray('["\\udc80", "\\ud83dx", "\\ud83d\\u0041", "\\udcff"]'), [
    '\ufffd',
    '\ufffdx',
    '\ufffdA',
    '\ufffd',
  ])
})

test('bytes that are not UTF-8 go through JSON and back', () => {
  const texts = ['a\udc80b', '\udcff\udcfe', 'quote " back \\ \udc80 \n', '😀\udc80', '']
  assert.deepEqual(readJsonArray(jsonStrings(texts)), texts)
  assert.equal(jsonString('a\udc80"'), '"a\udc80\\""')
})

test('what JSON.stringify writes reads back, with and without spaces', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  for (let round = 0; round < 1000; round++) {
    const items = Array.from({ length: random.below(5) }, () => randomValue(random, 3))
    const wanted = items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
    for (const space of ['', '\t']) {
      assert.deepEqual(readJsonArray(JSON.stringify(items, null, space)), wanted, `seed ${seed}`)
    }
    const text = JSON.stringify({ x: items, y: { z: items } })
    assert.deepEqual(pairsOf(text), [
      ['x', JSON.stringify(items)],
      ['y.z', JSON.stringify(items)],
    ])
    const cut = text.slice(0, random.below(text.length))
    assert.equal(pairsOf(cut), null, `seed ${seed}: ${cut}`)
  }
})

function randomValue(random: SeededRandom, depth: number): unknown {
  const kind = random.below(depth === 0 ? 4 : 6)
  if (kind === 0) return random.below(1000) / 8
  if (kind === 1) return [true, false, null][random.below(3)]
  if (kind <= 3) return randomString(random)
  const items = Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1))
  return kind === 4 ? items : Object.fromEntries(items.map((item) => [randomString(random), item]))
}

function randomString(random: SeededRandom): string {
  const pieces = ['a', ' ', '"', '\\', '\n', 'é', '😀', '\u0001', '/', ' , ', ']']
  return Array.from({ length: random.below(6) }, () => pieces[random.below(pieces.length)]).join('')
}

test('hostile texts of 200,000 characters are read at once, without a stack that grows', () => {
  const size = 200_000
  const texts = [
    '['.repeat(size),
    '{"a":'.repeat(size / 5),
    `{"":${'{"":'.repeat(size / 5)}`,
    `{"a":"${'\\\\'.repeat(size / 2)}"}`,
    `[${'"a\\"",'.repeat(size / 6)}"b"]`,
    `[${'"a",'.repeat(size / 4)}"b\\n"]`,
    `{"a":[${' '.repeat(size)}]}`,
    `{"${'x'.repeat(size)}":{"a":{"b":1},"c":2}}`,
  ]
  for (const text of texts) {
    readJsonObject(text)
    readJsonArray(text)
  }
})

test('names do not grow without bound: objects below a long name stay JSON text', () => {
  const long = 'x'.repeat(200)
  assert.deepEqual(pairsOf(`{"${long}":{"a": {"b":1}}}`), [[long, '{"a":{"b":1}}']])
  const names = readJsonObject(`${'{"abcdefgh":'.repeat(100)}1${'}'.repeat(100)}`)?.names
  assert.ok(names !== undefined && names[0].length < 150)
})
