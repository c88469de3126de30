import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError, isCodedError } from '../../base/base.ts'
import { compileRegexp } from './regexp.ts'

test('groups of the first match come by number, with their names', () => {
  const regexp = compileRegexp('(?P<key>\\w+)=(\\d+)?(?<unit>[a-z]*)')
  assert.deepEqual(regexp.groupNames, ['', 'key', '', 'unit'])
  assert.deepEqual(regexp.exec('a: took=15ms size=4'), ['took=15ms', 'took', '15', 'ms'])
  assert.deepEqual(regexp.exec('x='), ['x=', 'x', '', ''])
  assert.equal(regexp.exec('nothing'), null)
  assert.equal(regexp.test('a=1'), true)
  assert.equal(regexp.test('a'), false)
})

test('matches are replaced from left to right, up to a limit', () => {
  const replace = (pattern: string, text: string, replacement: string, limit?: number) =>
    compileRegexp(pattern).replaceAll(text, replacement, limit)
  assert.equal(replace('[_/]', 'a_b/c_d', '-'), 'a-b-c-d')
  assert.equal(replace('[_/]', 'a_b/c_d', '-', 1), 'a-b/c_d')
  assert.equal(replace('a(x*)b', '-ab-axxb-', `$\{1}`), '--xx-')
  assert.equal(replace('a(x*)b', '-ab-axxb-', '$1W'), '---')
  assert.equal(replace('a(?P<W>x*)b', '-ab-axxb-', '$W[$0]$$$'), '-[ab]$$-xx[axxb]$$-')
  assert.equal(replace('(a)|b', 'ab', '<$1>'), '<a><>')
  assert.equal(replace('^a', 'aaa', 'b'), 'baa')
  assert.equal(replace('\\ba', 'aa a', 'b'), 'ba b')
})

test('empty matches are replaced where no other match ends', () => {
  const replace = (pattern: string, text: string) => compileRegexp(pattern).replaceAll(text, '-')
  assert.equal(replace('', 'ab'), '-a-b-')
  assert.equal(replace('x*', 'axb'), '-a-b-')
  assert.equal(replace('b*', '😀b'), '-😀-')
  assert.equal(replace('$', 'ab'), 'ab-')
  assert.equal(replace('', ''), '-')
})

test('matches and groups are those of Go, whichever engine is asked', () => {
  const expected: readonly (readonly [string, string, readonly string[] | null])[] = [
    ['(?m)a$', 'ba', ['a']],
    ['(?m)(a$)', 'ab\na\r\na\nb', ['a', 'a']],
    ['(?m)^b', 'a\rb', null],
    ['a$', 'a\n', null],
    ['.', '\n\u2028', ['\u2028']],
    ['(?:(a)|b)*c', 'abc', ['abc', 'a']],
    ['(?:(a)|b)c', 'abc', ['bc', '']],
    ['(?:a*)*b', 'aab', ['aab']],
    ['(|a)+b', 'aab', ['aab', 'a']],
    ['(a|ab)(c|bcd)(d*)', 'abcd', ['abcd', 'a', 'bcd', '']],
    ['(a+?)(a*)b', 'aaab', ['aaab', 'a', 'aa']],
    ['(?U)(a+)(a*)', 'aaa', ['a', 'a', '']],
    ['(?i)\\bk', 'ſk', ['k']],
    ['(?i)s[k]', 'ſK', ['ſK']],
    ['\\w+', 'é_1', ['_1']],
    ['[^a]b', '😀b', ['😀b']],
    ['\\x{1F600}+', '😀😀', ['😀😀']],
  ]
  for (const [pattern, text, groups] of expected)
    assert.deepEqual(compileRegexp(pattern).exec(text), groups, `${pattern} in ${text}`)
})

test('a pattern that is not valid or too large is refused with its place', () => {
  const span = { offset: 7, length: 3 }
  const codeOf = (pattern: string) => {
    try {
      compileRegexp(pattern, span)
    } catch (error) {
      assert.ok(error instanceof CodedError)
      assert.deepEqual({ ...error.details }, span)
      return error.code
    }
    return null
  }
  assert.equal(codeOf('a('), 'QUERY_SYNTAX')
  assert.equal(codeOf('(?=a)'), 'QUERY_SYNTAX')
  assert.equal(codeOf('a{1000}{2}'), 'QUERY_SYNTAX')
  assert.equal(codeOf('[ab]{1000}'.repeat(11)), 'QUERY_TOO_LARGE')
})

test('groups within groups are refused beyond a depth, however deep', () => {
  for (const depth of [1001, 5000, 20_000]) {
    const pattern = `${'('.repeat(depth)}a${')'.repeat(depth)}`
    assert.throws(
      () => compileRegexp(pattern),
      (error) => isCodedError(error),
      `${depth}`,
    )
  }
})
