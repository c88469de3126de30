import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { decodeText, encodeText } from '../values/text.ts'
import { inert, quote, shown, unquote } from './quoting.ts'

test('escapes stand for characters and bytes', () => {
  assert.equal(unquote('"\\n\\t\\\\\\"\\x41\\101\\u00e9\\U0001f600"').text, '\n\t\\"AAé😀')
  assert.deepEqual([...encodeText(unquote('"\\xff\\xfe"').text)], [0xff, 0xfe])
})

test('bytes that make a character are that character', () => {
  assert.equal(unquote('"\\xd0\\xb9"').text, 'й')
})

test('half a surrogate is no escape', () => {
  assert.notEqual(unquote('"\\ud800"').problem, null)
})

test('quoted text shows nothing invisible', () => {
  assert.equal(quote('a"b\\c\n\x1b[31m\u202e\x7f'), '"a\\"b\\\\c\\n\\u001b[31m\\u202e\\u007f"')
})

test('what is shown in a message is one short line', () => {
  assert.equal(shown('a\nb'), '`a\\nb`')
  assert.equal(shown('x'.repeat(50)), `\`${'x'.repeat(40)}…\``)
  assert.equal(inert('say "hi" \\ \r\n'), 'say "hi" \\ \\r\\n')
})

test('any bytes survive decoding, quoting, unquoting and encoding', () => {
  const seed = 7
  const random = new SeededRandom(seed)
  for (let round = 0; round < 2000; round++) {
    const bytes = Uint8Array.from({ length: random.below(12) }, () => random.below(256))
    const text = decodeText(bytes)
    assert.deepEqual(encodeText(text), bytes, `seed ${seed}, round ${round}`)
    assert.equal(unquote(quote(text)).text, text, `seed ${seed}, round ${round}`)
  }
})
