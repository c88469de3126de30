import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bool,
  bytes,
  count,
  duration,
  isFailure,
  type Kind,
  listOf,
  nameOf,
  oneOf,
  path,
  printBytes,
  printDuration,
  timeZone,
} from './kinds.ts'

const CONTEXT = { env: {}, readFile: () => assert.fail('a value of this kind reads no file') }

function valueIn<T>(kind: Kind<T>, ...texts: string[]): T {
  const parsed = kind.parse(texts, CONTEXT)
  if (isFailure(parsed)) assert.fail(parsed.what)
  return parsed.value
}

function problemOf(kind: Kind<unknown>, ...texts: string[]): string {
  const parsed = kind.parse(texts, CONTEXT)
  if (!isFailure(parsed)) assert.fail(`read as ${JSON.stringify(parsed.value)}`)
  return parsed.hint === undefined ? parsed.what : `${parsed.what}; ${parsed.hint}`
}

function itReads<T>(kind: Kind<T>, cases: readonly (readonly [text: string, value: T])[]): void {
  for (const [text, value] of cases) it(`${text} is ${value}`, () => assert.equal(valueIn(kind, text), value))
}

function itRefuses(kind: Kind<unknown>, cases: readonly (readonly [text: string, problem: string])[]): void {
  for (const [text, problem] of cases) {
    it(`${text.slice(0, 40)} is refused`, () => assert.equal(problemOf(kind, text), problem))
  }
}

describe('a size in bytes', () => {
  itReads(bytes(), [
    ['0', 0],
    ['1500', 1500],
    ['256KiB', 262_144],
    ['256 KiB', 262_144],
    ['256kib', 262_144],
    ['4MB', 4_000_000],
    ['1.5MiB', 1_572_864],
    ['1.1MB', 1_100_000],
    ['10B', 10],
    ['2GiB', 2_147_483_648],
  ])
  itRefuses(bytes(), [
    ['lots', '"lots" is not a number of bytes; write a size such as 256KiB or 4MB'],
    ['-1', '"-1" is not a number of bytes; write a size such as 256KiB or 4MB'],
    ['1e3', '"1e3" is not a number of bytes; write a size such as 256KiB or 4MB'],
    ['256k', '"256k" has a unit that is not known; write 256KiB (times 1024) or 256kB (times 1000)'],
    ['4mbit', '"4mbit" has a unit that is not known; write 4MiB (times 1024) or 4MB (times 1000)'],
    [
      '5 apples',
      '"5 apples" has a unit that is not known; the units are B, KiB, MiB, GiB, TiB and kB, MB, GB, TB',
    ],
    ['0.3B', '"0.3B" is not a whole number of bytes; write a size such as 256KiB or 4MB'],
    ['999999999TiB', '"999999999TiB" is not a whole number of bytes; write a size such as 256KiB or 4MB'],
  ])
  it('outside the range is refused with the bound, in units', () => {
    const kind = bytes({ min: 1024, max: 1_048_576 })
    assert.equal(problemOf(kind, '1'), '"1" is too small; write at least 1KiB')
    assert.equal(problemOf(kind, '2MiB'), '"2MiB" is too large; write at most 1MiB')
  })
  it('prints as the shortest exact text', () => {
    const values = [0, 999, 1024, 1500, 262_144, 4_000_000, 2 ** 31, 1_000]
    assert.deepEqual(values.map(printBytes), ['0', '999', '1KiB', '1500', '256KiB', '4MB', '2GiB', '1kB'])
  })
})

describe('a duration', () => {
  itReads(duration(), [
    ['0', 0],
    ['1500', 1500],
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['2d', 172_800_000],
  ])
  itRefuses(duration(), [
    ['soon', '"soon" is not a duration; write a duration such as 500ms, 10s, 5m or 1h'],
    ['10 s', '"10 s" is not a duration; write a duration such as 500ms, 10s, 5m or 1h'],
    ['10s5', '"10s5" is not a duration; write a duration such as 500ms, 10s, 5m or 1h'],
    ['s', '"s" is not a duration; write a duration such as 500ms, 10s, 5m or 1h'],
    ['-5s', '"-5s" is not a duration; write a duration such as 500ms, 10s, 5m or 1h'],
    ['0.5ms', '"0.5ms" is not a whole number of milliseconds; the smallest unit is ms'],
  ])
  it('is never longer than a timer can wait, unless it is said to be', () => {
    assert.equal(problemOf(duration(), '30d'), '"30d" is too large; write at most 2147483647ms')
    assert.equal(valueIn(duration({ max: 40 * 86_400_000 }), '30d'), 2_592_000_000)
  })
  it('prints with the largest unit that divides it', () => {
    assert.deepEqual([0, 1, 1500, 60_000, 90_000, 86_400_000].map(printDuration), [
      '0',
      '1ms',
      '1500ms',
      '1m',
      '90s',
      '1d',
    ])
  })
})

describe('a count', () => {
  itReads(count(), [
    ['0', 0],
    ['10000', 10_000],
    ['007', 7],
  ])
  itRefuses(count({ min: 1, max: 100 }), [
    ['0', '"0" is too small; write at least 1'],
    ['101', '"101" is too large; write at most 100'],
    ['1,000', '"1,000" is not a count; write 1000'],
    ['1_000', '"1_000" is not a count; write 1000'],
    ['many', '"many" is not a count; write a whole number such as 100'],
    ['1.5', '"1.5" is not a count; write a whole number such as 100'],
    ['9'.repeat(50), `"${'9'.repeat(50)}" is not a count; write a whole number such as 100`],
  ])
})

describe('true or false', () => {
  itReads(bool, [
    ['true', true],
    ['FALSE', false],
  ])
  itRefuses(bool, [
    ['yes', '"yes" is neither true nor false; write true'],
    ['off', '"off" is neither true nor false; write false'],
    ['maybe', '"maybe" is neither true nor false; write true or false'],
  ])
})

describe('one of several words', () => {
  const kind = oneOf('none', 'required')
  itReads(kind, [['none', 'none']])
  itRefuses(kind, [
    ['requird', '"requird" is not one of none, required; did you mean required?'],
    ['None', '"None" is not one of none, required; did you mean none?'],
    ['password', '"password" is not one of none, required'],
  ])
})

describe('a time zone', () => {
  itReads(timeZone, [
    ['UTC', 'UTC'],
    ['Asia/Seoul', 'Asia/Seoul'],
  ])
  itRefuses(timeZone, [
    ['Asia/Seul', '"Asia/Seul" is not a time zone; did you mean Asia/Seoul?'],
    ['here', '"here" is not a time zone; write a name such as UTC or Asia/Seoul'],
  ])
})

describe('a name, a path', () => {
  itReads(nameOf('store name', /^[a-z]+$/, 'write letters'), [['audit', 'audit']])
  itRefuses(nameOf('store name', /^[a-z]+$/, 'write letters'), [
    ['Audit!', '"Audit!" is not a store name; write letters'],
  ])
  itReads(path, [['./my data', './my data']])
})

describe('a list', () => {
  const words = listOf('list of words', oneOf('read', 'write'), { emptyWord: 'nothing' })
  const some = listOf('list of words', oneOf('read', 'write'), { emptyHint: 'write one' })

  it('holds the values of its texts', () => {
    assert.deepEqual(valueIn(words, 'write', 'read'), ['write', 'read'])
  })
  it('can be empty by its word or by having no texts, if it may be', () => {
    assert.deepEqual(valueIn(words, 'nothing'), [])
    assert.deepEqual(valueIn(words), [])
    assert.deepEqual(words.print([]), ['nothing'])
  })
  it('cannot be empty otherwise', () => {
    assert.equal(problemOf(some), 'the list is empty; write one')
  })
  it('refuses its empty word among others, and a text that stands twice', () => {
    assert.equal(problemOf(words, 'read', 'nothing'), '"nothing" stands alone or not at all')
    assert.equal(problemOf(words, 'read', 'read'), '"read" stands twice in the list')
  })
  it('says which of its texts is wrong', () => {
    const parsed = words.parse(['read', 'wrte'], CONTEXT)
    assert.deepEqual(parsed, {
      what: '"wrte" is not one of read, write',
      hint: 'did you mean write?',
      index: 1,
    })
  })
})

describe('what a message repeats', () => {
  it('is inert and short, whatever it was', () => {
    const hostile = `\u001b[2J\u202e${'x'.repeat(100)}`
    assert.equal(
      problemOf(count(), hostile),
      `"\\u{1b}[2J\\u{202e}${'x'.repeat(55)}…" is not a count; write a whole number such as 100`,
    )
  })
})
