import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RE2JS } from 're2js'
import { SeededRandom } from '../base/base.ts'
import { requiredLiteral } from './required-literal.ts'

const literal = (pattern: string) => {
  const found = requiredLiteral(pattern)
  return found === null ? null : `${found.anyCase ? '(?i)' : ''}${found.text}${found.isWhole ? '$' : ''}`
}

test('the longest text of the top level is required', () => {
  assert.equal(literal('blk_-?\\d+ of size 6\\d+'), ' of size 6')
  assert.equal(literal('took [0-9]+ms'), 'took ')
  assert.equal(literal('a(b|c)def'), 'def')
  assert.equal(literal('^/api/v[12]/all$'), '/api/v')
})

test('a pattern that is only text is that text', () => {
  assert.equal(literal('of size 6'), 'of size 6$')
  assert.equal(literal('1\\.2\\.3'), '1.2.3$')
  assert.equal(literal('(?i)failed'), '(?i)failed$')
})

test('what may be missing is not required', () => {
  assert.equal(literal('ab?'), 'a')
  assert.equal(literal('ab*c{0,2}d'), 'a')
  assert.equal(literal('(abc)?x'), 'x')
  assert.equal(literal('.*'), null)
})

test('what is not understood requires nothing', () => {
  for (const pattern of [
    'a|b',
    'ab(?i)c',
    '\\x41bc',
    '\\Qa.b\\E',
    '\\pLab',
    '(?i:ab)c',
    'a{b',
    '\ufffdab',
    'a\\',
  ]) {
    assert.equal(literal(pattern), null, pattern)
  }
})

test('in any case, only ASCII is required', () => {
  assert.equal(literal('(?i)naïve text'), '(?i)ve text')
})

test('no text that a pattern finds lacks what the pattern requires', () => {
  const seed = 23
  const random = new SeededRandom(seed)
  const pieces = [
    'a',
    'b',
    'ab',
    '(a|b)',
    '[ab]',
    '[^a]',
    '.',
    '\\d',
    '(?:ab)',
    '\\.',
    'a?',
    'b+',
    'a*',
    'b{2}',
    '^',
    '$',
    '\\b',
  ]
  for (let round = 0; round < 2000; round++) {
    const pattern = Array.from(
      { length: 1 + random.below(5) },
      () => pieces[random.below(pieces.length)],
    ).join('')
    const required = requiredLiteral(pattern)
    if (required === null) continue
    const text = Array.from({ length: random.below(8) }, () => 'ab.1'[random.below(4)]).join('')
    const holds = text.includes(required.text)
    if (RE2JS.compile(pattern).test(text)) assert.ok(holds, `seed ${seed}: ${pattern} finds ${text}`)
    else if (required.isWhole) assert.ok(!holds, `seed ${seed}: ${pattern} does not find ${text}`)
  }
})
