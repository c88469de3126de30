import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { logfmtName, logfmtValue, readLogfmt } from './logfmt-text.ts'

function pairsOf(text: string): [string, string][] {
  const { names, texts } = readLogfmt(text)
  assert.equal(names.length, texts.length)
  return names.map((name, at) => [name, texts[at]])
}

test('pairs are read with and without quotes', () => {
  const texts: [string, [string, string][]][] = [
    [
      'a=b c="d e" f=',
      [
        ['a', 'b'],
        ['c', 'd e'],
        ['f', ''],
      ],
    ],
    [
      '  a=1\tb=2\n',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a="x\\"y\\n\\u00e9"', [['a', 'x"y\né']]],
    [
      "a='x y' b=`c d`",
      [
        ['a', 'x y'],
        ['b', 'c d'],
      ],
    ],
    ['a=b=c', [['a', 'b=c']]],
    ['a=""', [['a', '']]],
    ['path="C:\\dir name"', [['path', 'C:\\dir name']]],
    ['é=ü', [['é', 'ü']]],
    ['foo.bar@x=1', [['foo.bar@x', '1']]],
  ]
  for (const [text, pairs] of texts) assert.deepEqual(pairsOf(text), pairs, text)
})

test('what is no pair is passed over', () => {
  assert.deepEqual(pairsOf('hello world a=1 bye'), [['a', '1']])
  assert.deepEqual(pairsOf('=1 =  a=2 ="x y"'), [['a', '2']])
  assert.deepEqual(pairsOf(''), [])
  assert.deepEqual(pairsOf(' \t '), [])
})

test('a quotation mark that nothing closes is a character', () => {
  assert.deepEqual(pairsOf('a="b c=d'), [
    ['a', '"b'],
    ['c', 'd'],
  ])
  assert.deepEqual(pairsOf('a="b"c d=e'), [
    ['a', '"b"c'],
    ['d', 'e'],
  ])
})

test('what is written as logfmt reads back', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  const pieces = ['a', '=', ' ', '"', '\\', '\n', '`', "'", 'é', '😀', '\u00a0', '\u0085', '\udc80', '/']
  const make = (): string =>
    Array.from({ length: 1 + random.below(6) }, () => pieces[random.below(pieces.length)]).join('')
  for (let round = 0; round < 2000; round++) {
    const pairs = Array.from(
      { length: 1 + random.below(4) },
      () => [logfmtName(make()), make()] as [string, string],
    )
    const text = pairs.map(([name, value]) => `${name}=${logfmtValue(value)}`).join(' ')
    assert.deepEqual(pairsOf(text), pairs, `seed ${seed}: ${text}`)
  }
})

test('hostile texts of 200,000 characters are read at once', () => {
  for (const piece of ['a="', 'a="\'`\\', '=', 'a="b"c ', 'a="\\" ', '"\'`= ']) {
    readLogfmt(piece.repeat(50_000))
  }
})
