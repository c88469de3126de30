import assert from 'node:assert/strict'
import { test } from 'node:test'
import { literalsOf } from './literals.ts'
import { parsePattern } from './parse-pattern.ts'

/** `~` before texts in any case, `+` and letters of other cases, `=` where the pattern is these texts. */
function literals(pattern: string): string[] | null {
  const tree = parsePattern(pattern)
  if (tree === null) return null
  const { required, whole } = literalsOf(tree)
  const places = whole === null ? '' : `${whole.begins ? '^' : ''}=${whole.ends ? '$' : ''}`
  return required.map(
    ({ texts, anyCase, foreign }) =>
      `${anyCase ? '~' : ''}${texts.join('|')}${foreign.length > 0 ? `+${foreign.join('')}` : ''}${places}`,
  )
}

test('the longest text comes first, and others follow', () => {
  assert.deepEqual(literals('blk_-?\\d+ of size 6\\d+'), [' of size 6', 'blk_-|blk_'])
  assert.deepEqual(literals('took [0-9]+ms'), ['took ', 'ms'])
  assert.deepEqual(literals('a(b|c)def'), ['abdef|acdef='])
  assert.deepEqual(literals('a.def'), ['def', 'a'])
})

test('a pattern that is only text is that text, in places or anywhere', () => {
  assert.deepEqual(literals('of size 6'), ['of size 6='])
  assert.deepEqual(literals('1\\.2\\.3'), ['1.2.3='])
  assert.deepEqual(literals('\\Qa.b\\E'), ['a.b='])
  assert.deepEqual(literals('^/api/v[12]/all$'), ['/api/v1/all|/api/v2/all^=$'])
  assert.deepEqual(literals('^GET'), ['GET^='])
  assert.deepEqual(literals('(?m)^GET'), ['GET'])
  assert.deepEqual(literals('\\bGET\\b'), ['GET'])
})

test('of alternatives every one is known, or none', () => {
  assert.deepEqual(literals('error|failed|timeout'), ['error|failed|timeout='])
  assert.deepEqual(literals('(?:con|dis)nect(?:ed)?'), ['connected|connect|disnected|disnect='])
  assert.deepEqual(literals('error: \\d+|failed.*x'), ['error: |failed'])
  assert.deepEqual(literals('error|\\d+'), [])
  assert.deepEqual(literals('(error|\\d+) here'), [' here'])
  assert.deepEqual(literals('(a|b|c)(a|b|c)(a|b|c)xyz'), ['axyz|bxyz|cxyz', 'aa|ab|ac|ba|bb|bc|ca|cb|cc'])
})

test('what may be missing is not required', () => {
  assert.deepEqual(literals('ab*c{0,2}d'), ['a', 'd'])
  assert.deepEqual(literals('(abc)?xy'), ['abcxy|xy='])
  assert.deepEqual(literals('(?:abc)+'), ['abc'])
  assert.deepEqual(literals('(?:ab){2}'), ['abab='])
  assert.deepEqual(literals('a{0}b'), ['b='])
  assert.deepEqual(literals('.*'), [])
  assert.deepEqual(literals('a?'), [])
  assert.deepEqual(literals(''), [])
})

test('in any case ASCII letters are small, and other cases of them are named', () => {
  assert.deepEqual(literals('(?i)Failed'), ['~failed='])
  assert.deepEqual(literals('(?i)disk'), ['~disk+ſ\u212a='])
  assert.deepEqual(literals('[Ff]ailed'), ['~failed'])
  assert.deepEqual(literals('a(?i)b'), ['~ab'])
  assert.deepEqual(literals('(?i)12:30'), ['12:30='])
  assert.deepEqual(literals('(?i)naïve text'), ['~ve text', '~na'])
})

test('what is not known requires nothing', () => {
  assert.deepEqual(literals('\\pLab'), ['ab'])
  assert.deepEqual(literals('\ufffd'), [])
  assert.deepEqual(literals('[a-z]'), [])
  assert.deepEqual(literals('\\x41\\x{42}\\103'), ['ABC='])
})

test('very long texts and very many are cut', () => {
  assert.deepEqual(literals('x'.repeat(5000)), [`${'x'.repeat(5000)}=`])
  assert.deepEqual(literals('a{1000}')?.[0], 'a'.repeat(16))
  const many = Array.from({ length: 40 }, (_, index) => `word${index}`).join('|')
  assert.deepEqual(literals(many), [])
  assert.deepEqual(literals(`(?:${many}) end`), [' end'])
})
