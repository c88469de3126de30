/** All engines, and the searches before them, held against a matcher that is plainly right; and against time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import { sequenceLength } from '../values/text.ts'
import { ByteRegexp } from './byte-regexp.ts'
import { compileLinear } from './linear.ts'
import { NativeRegexp } from './native.ts'
import { nativeSource } from './native-source.ts'
import { parsePattern } from './parse-pattern.ts'
import { compileRegexp } from './regexp.ts'
import { safeLengthOf } from './steps.ts'
import { randomPattern, randomText } from './test-patterns.ts'
import { regexpTest } from './value-test.ts'

const SEEDS = shortOrLong(600, 4000)
const TEXTS = 12

function isUtf8(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at, bytes.length)
    if (length === 0) return false
    at += length
  }
  return true
}

test('every engine finds what a plain matcher finds', () => {
  const seen = { found: 0, missed: 0, native: 0, literal: 0, understood: 0 }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const { pattern, matches } = randomPattern(random)
    const tree = parsePattern(pattern)
    assert.ok(tree !== null, `seed ${seed}: ${pattern} is not understood`)
    const source = nativeSource(tree)
    const native = source === null ? null : new NativeRegexp(source, 0)
    const linear = compileLinear(pattern)
    const bytesTest = new ByteRegexp(pattern, tree)
    const valueTest = regexpTest(pattern)
    const compiled = compileRegexp(pattern)
    if (native !== null) seen.native++
    if (valueTest.needles !== undefined) seen.literal++
    for (let round = 0; round < TEXTS; round++) {
      const bytes = randomText(random)
      const expected = matches(bytes)
      const what = `seed ${seed}: ${JSON.stringify(pattern)} in ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`
      seen[expected ? 'found' : 'missed']++
      assert.equal(linear.test(bytes), expected, `re2js, ${what}`)
      // Among other bytes, so that a test that looks beyond the value's ends is found out.
      const data = new Uint8Array(bytes.length + 4).fill(0x61)
      data.set(bytes, 2)
      assert.equal(bytesTest.test(data, 2, 2 + bytes.length), expected, `bytes, ${what}`)
      assert.equal(valueTest.test(data, 2, 2 + bytes.length), expected, `a value, ${what}`)
      if (!isUtf8(bytes)) continue
      const text = Buffer.from(bytes).toString()
      assert.equal(linear.test(text), expected, `re2js, text, ${what}`)
      assert.equal(compiled.test(text), expected, `text, ${what}`)
      // A limit that is never reached: match by match, and not all at once.
      const oneByOne = compiled.replaceAll(text, '<$$&>', 1_000_000)
      assert.equal(compiled.replaceAll(text, '<$$&>'), oneByOne, `replaced, ${what}`)
      if (native === null) continue
      const ours = native.matchFrom(text, 0)
      const theirs = linear.matchFrom(text, 0)
      assert.deepEqual(
        ours && [ours.start, ours.end, ours.groups()],
        theirs && [theirs.start, theirs.end, theirs.groups()],
        `groups, ${what}`,
      )
      const from = text.length === 0 ? 0 : random.below(text.length)
      if (text.codePointAt(from)! !== text.charCodeAt(from) || /[\udc00-\udfff]/.test(text[from])) continue
      assert.equal(
        native.matchFrom(text, from)?.start,
        linear.matchFrom(text, from)?.start,
        `from ${from}, ${what}`,
      )
    }
  }
  const isTelling =
    seen.found > SEEDS && seen.missed > SEEDS && seen.native > SEEDS / 3 && seen.literal > SEEDS / 5
  assert.ok(isTelling, JSON.stringify(seen))
})

test('what RegExp means otherwise is not given to it', () => {
  for (const pattern of ['(?:(a)|b){2}c', '(?:a?){2}b', '(?:|a){1,2}b', 'a*', '$', '\\pLa', '(?i)é']) {
    const tree = parsePattern(pattern)
    assert.ok(tree !== null && nativeSource(tree) === null, pattern)
  }
  for (const pattern of ['(a|b)?c', '(?:a|b){2}c', '(?i)k', '[^a]', '(?m)^a$']) {
    const tree = parsePattern(pattern)
    assert.ok(tree !== null && nativeSource(tree) !== null, pattern)
  }
})

test('hostile patterns are left to the engine that is linear', () => {
  for (const pattern of [
    '(a+)+$',
    '(a|a)*$',
    '(x+x+)+y',
    '(?:a?){20}a{20}',
    '(.*)(.*)(.*)x',
    '(a|aa)+$',
    '([a-z]+)*=',
  ]) {
    const tree = parsePattern(pattern)
    assert.ok(tree !== null && safeLengthOf(tree) < 64, `${pattern} is taken for safe`)
  }
})

test('hostile patterns and texts end', () => {
  const text = `${'a'.repeat(100_000)}!`
  const bytes = new TextEncoder().encode(text)
  const startedMs = performance.now()
  for (const pattern of [
    '(a+)+$',
    '(a|a)*=',
    '(a|aa)+$',
    'a.*b',
    '(?:a.*)*b',
    '(x+x+)+y',
    '[a-z]+=',
    '.{1000}b',
    'a*a*a*b',
  ]) {
    assert.equal(regexpTest(pattern).test(bytes, 0, bytes.length), false, pattern)
    assert.equal(compileRegexp(pattern).test(text), false, pattern)
    assert.equal(compileRegexp(pattern).exec(text), null, pattern)
  }
  // Far less than a machine takes that goes back and tries again: minutes for the least of them.
  assert.ok(performance.now() - startedMs < 60_000)
})
