import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { jsonSafe, terminalSafe, wantsColor } from './terminal.ts'

const SAFE: readonly [what: string, text: string, shown: string][] = [
  ['plain text', 'disk full', 'disk full'],
  ['other scripts', '디스크가 가득 찼습니다 диск ディスク', '디스크가 가득 찼습니다 диск ディスク'],
  ['a tab', 'a\tb', 'a\tb'],
  ['a backslash', 'C:\\temp\\x', 'C:\\temp\\x'],
  ['a newline', 'one\ntwo', 'one\\ntwo'],
  ['a carriage return', 'good\rbad', 'good\\rbad'],
  ['a colour', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['a title', '\x1b]0;owned\x07', '\\x1b]0;owned\\x07'],
  ['NUL, backspace and DEL', 'a\0b\bc\x7f', 'a\\x00b\\x08c\\x7f'],
  ['a C1 control (CSI)', 'a\u009b2Jb', 'a\\u009b2Jb'],
  ['a bidirectional override', 'user\u202e nimda', 'user\\u202e nimda'],
  ['an isolate', '\u2066x\u2069', '\\u2066x\\u2069'],
  ['marks of direction', '\u200e\u200f\u061c', '\\u200e\\u200f\\u061c'],
  ['zero width', 'pay\u200bpal\u200d\ufeff', 'pay\\u200bpal\\u200d\\ufeff'],
  ['line and paragraph separators', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
  ['a variation selector of the supplement', 'a\u{e0100}', 'a\\u{e0100}'],
  ['a soft hyphen', 'so\u00adft', 'so\\u00adft'],
  ['a lone surrogate', 'a\ud800b', 'a\\ud800b'],
  ['an emoji', '🔥 hot', '🔥 hot'],
]

const SAFE_BYTES: readonly [what: string, bytes: number[], shown: string][] = [
  ['valid UTF-8', [0xea, 0xb0, 0x80], '가'],
  ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61], '\\ufeffa'],
  ['a lone continuation', [0x61, 0x80, 0x62], 'a\\x80b'],
  ['a raw C1 byte', [0x9b, 0x32, 0x4a], '\\x9b2J'],
  ['a cut sequence', [0x61, 0xea, 0xb0], 'a\\xea\\xb0'],
  ['an overlong slash', [0xc0, 0xaf], '\\xc0\\xaf'],
  ['an encoded surrogate', [0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
  ['above the last character', [0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
  ['good around bad', [0xea, 0xb0, 0x80, 0xff, 0xea, 0xb0, 0x81], '가\\xff각'],
]

describe('terminalSafe', () => {
  for (const [what, text, shown] of SAFE) {
    it(`shows ${what} without obeying it`, () => assert.equal(terminalSafe(text), shown))
  }
  for (const [what, bytes, shown] of SAFE_BYTES) {
    it(`shows bytes: ${what}`, () => assert.equal(terminalSafe(Uint8Array.from(bytes)), shown))
  }
  it('lets no byte through that a terminal could obey', () => {
    for (let byte = 0; byte < 256; byte++) {
      const shown = terminalSafe(Uint8Array.of(0x61, byte, 0x62))
      assert.match(shown, /^a[\t\x20-\x7e]+b$/, `byte ${byte}`)
    }
  })
})

describe('jsonSafe', () => {
  it('keeps the meaning of the JSON and escapes what a terminal could obey', () => {
    const value = { 'na\u202eme': 'a\u009bb\u{e0041}c', n: 1 }
    const safe = jsonSafe(JSON.stringify(value))
    assert.equal(safe, '{"na\\u202eme":"a\\u009bb\\udb40\\udc41c","n":1}')
    assert.deepEqual(JSON.parse(safe), value)
  })
})

describe('wantsColor', () => {
  const table: readonly [Parameters<typeof wantsColor>, boolean][] = [
    [['auto', {}, true], true],
    [['auto', {}, false], false],
    [['auto', { NO_COLOR: '1' }, true], false],
    [['auto', { NO_COLOR: '' }, true], true],
    [['auto', { TERM: 'dumb' }, true], false],
    [['auto', { FORCE_COLOR: '1' }, false], true],
    [['auto', { FORCE_COLOR: '0' }, true], false],
    [['auto', { FORCE_COLOR: '1', NO_COLOR: '1' }, false], true],
    [['always', { NO_COLOR: '1' }, false], true],
    [['never', { FORCE_COLOR: '1' }, true], false],
  ]
  for (const [args, expected] of table) {
    it(`is ${expected} for ${JSON.stringify(args)}`, () => assert.equal(wantsColor(...args), expected))
  }
})
