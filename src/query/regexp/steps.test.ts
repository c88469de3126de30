import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePattern } from './parse-pattern.ts'
import { safeLengthOf } from './steps.ts'

const safeLength = (pattern: string): number => {
  const tree = parsePattern(pattern)
  assert.ok(tree !== null, pattern)
  return safeLengthOf(tree)
}

const ALL = 1 << 16

test('patterns whose runs cannot overlap are safe for any text', () => {
  for (const pattern of [
    'error|failed',
    '[ab]c?d{1,3}',
    'took [0-9]+ms',
    'blk_-?\\d+ of size 6\\d+',
    'user=(\\w+) ip=([\\d.]+)',
    '\\b\\d+ms',
    '(?m)^.*x',
    '^.*x',
    'foo(.*)',
    '(?:GET|POST) /\\w+/(\\d+) ',
  ])
    assert.equal(safeLength(pattern), ALL, pattern)
})

test('patterns that begin a run anywhere are safe for short texts', () => {
  for (const pattern of ['\\d+ms', 'a.*b', '(?s).*x', 'x\\d?\\d+y']) {
    const length = safeLength(pattern)
    assert.ok(length > 100 && length < 1000, `${pattern}: ${length}`)
  }
  assert.ok(safeLength('a.*b.*c') < 100)
})

test('what grows faster is not safe at all, or only for a few characters', () => {
  for (const pattern of [
    '(a+)+$',
    '(a|a)*',
    '(x+x+)+y',
    '(?:a?){20}a{20}',
    '(?:ab)*c',
    '.{1000}',
    'a?a?a?a?a?a?a?a?a?a?a?a?x',
  ])
    assert.ok(safeLength(pattern) < 16, `${pattern}: ${safeLength(pattern)}`)
})

/** Steps of an engine that goes back, over all beginnings: counted on texts made to be bad. */
test('a run is not taken for one of its own where its characters may stand before it', () => {
  assert.ok(safeLength('1\\d+x') < 1000)
  assert.equal(safeLength(' 1\\d+x'), ALL)
  assert.ok(safeLength('[ 1]\\d+x') < 1000)
  assert.ok(safeLength('(?: |1)\\d+x') < 1000)
  assert.ok(safeLength(' ?\\d+x') < 1000)
  assert.ok(safeLength('\\b[\\d ]+x') < 1000)
})
