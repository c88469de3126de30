/**
 * Whatever the text, the parser returns a query that prints back to itself, or throws a coded error at a place within the
 * text, and soon. Texts are made of pieces of the language, of bytes, of real queries with pieces changed, and of nesting;
 * a failure names the seed and the round.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { CodedError, isCodedError, SeededRandom } from '../../base/base.ts'
import { sampled, shortOrLong } from '../../testing/test-length.ts'
import type { Query } from '../ast.ts'
import { FILTER_KINDS } from '../filters/registry.ts'
import { PIPE_KINDS } from '../pipes/registry.ts'
import { TEST_NOW_MS } from '../test-blocks.ts'
import { decodeText } from '../values/text.ts'
import { caretMessage } from './caret.ts'
import { diagnoseQuery, parseQuery } from './parser.ts'
import { printQuery } from './printer.ts'
import { VOCABULARY } from './vocabulary.ts'

/** A text of 64 KiB takes some 10 ms; machines that run tests are slow and busy. */
const PARSE_MS_MAX = 10_000
const MUTATIONS = shortOrLong(3000, 8000)
const UNSHOWN = /[\p{Cc}\u202e]/u

/** Whether the text is a query. */
function checkText(text: string, story: string): boolean {
  const startMs = performance.now()
  const told = `${story}: ${JSON.stringify(text.slice(0, 500))}`
  const query = read(text, (error) => {
    checkRefusal(text, error, told)
    checkProblems(text, error, told)
  })
  if (query !== null) {
    assert.deepEqual(diagnoseQuery(text, { nowMs: TEST_NOW_MS }), [], told)
    const printed = printQuery(query)
    // What is printed may be longer than what was read, and then too long.
    const again = read(printed, (error) => {
      assert.ok(isCodedError(error, 'QUERY_TOO_LARGE'), `${told} printed as ${printed}, refused: ${error}`)
    })
    if (again !== null) assert.deepEqual(again, query, `${told} printed as ${printed}`)
  }
  assert.ok(performance.now() - startMs < PARSE_MS_MAX, `${told} took too long`)
  return query !== null
}

function read(text: string, refused: (error: unknown) => void): Query | null {
  try {
    return parseQuery(text, { nowMs: TEST_NOW_MS })
  } catch (error) {
    refused(error)
    return null
  }
}

/** Every problem is a coded error at a place, the first one that for which the text is refused. */
function checkProblems(text: string, error: unknown, told: string): void {
  const problems = diagnoseQuery(text, { nowMs: TEST_NOW_MS })
  assert.ok(error instanceof Error && problems[0]?.message === error.message, `${told}: ${problems[0]}`)
  for (const problem of problems.slice(0, 5)) checkRefusal(text, problem, told)
}

function checkRefusal(text: string, error: unknown, told: string): void {
  assert.ok(error instanceof CodedError, `${told} threw ${error instanceof Error ? error.stack : error}`)
  assert.ok(['QUERY_SYNTAX', 'QUERY_TOO_LARGE'].includes(error.code), `${told} threw ${error.code}`)
  assert.ok(!UNSHOWN.test(error.message), `${told}: ${JSON.stringify(error.message)}`)
  const { offset, length } = error.details
  if (offset === undefined && error.code === 'QUERY_TOO_LARGE') return
  assert.ok(typeof offset === 'number' && offset >= 0 && offset <= text.length, `${told}: offset ${offset}`)
  assert.ok(typeof length === 'number' && length > 0, `${told}: length ${length}`)
  assert.ok(caretMessage(text, error).endsWith(error.message), told)
}

// ---- what is tried ------------------------------------------------------------------------------------------

const PIECES = [
  ...'error 10 5m now 1.2.3.4 <N> not and or offset by as if from at with limit options # & é 오류 😀 . % = == =~'.split(
    ' ',
  ),
  ...': * ( ) [ ] { } | , > < >= <= ! - ~ != "a b" \'c\' `d` level: _time: _id: _msg: _stream: *: f: f*: "f g":'.split(
    ' ',
  ),
  ...[
    '\n',
    '\\',
    "'",
    '`',
    '"',
    '"\\xff"',
    '"\\',
    '\u202e',
    '\ud800',
    '\udcff',
    '\ufeff',
    '\0',
    '2025-07-18Z',
    ' ',
    '',
  ],
  ...VOCABULARY.functions.map((name) => `${name}(`),
  ...VOCABULARY.pipes.map((name) => `| ${name}`),
]

const pick = <T>(random: SeededRandom, from: readonly T[]): T => from[random.below(from.length)]

function casesOf(t: TestContext): string[] {
  const folder = sharedFolder(t, 'cases')
  if (folder === null) return []
  const { cases } = JSON.parse(readFileSync(join(folder, 'logsql-parse.json'), 'utf8'))
  return cases.map(({ kind, query }: { kind: string; query: string | { $hex: string } }) => {
    const text =
      typeof query === 'string' ? query : decodeText(new Uint8Array(Buffer.from(query.$hex, 'hex')))
    return kind.startsWith('query') ? text : `* | ${kind.startsWith('stats') ? 'stats ' : ''}${text}`
  })
}

const examples = (): string[] => [...FILTER_KINDS, ...PIPE_KINDS].flatMap((kind) => kind.examples)

test('pieces of the language are read or refused', () => {
  const seed = 42
  const random = new SeededRandom(seed)
  for (let round = 0; round < shortOrLong(1500, 4000); round++) {
    const pieces = Array.from({ length: 1 + random.below(12) }, () => pick(random, PIECES))
    checkText(pieces.join(random.chance(0.5) ? ' ' : ''), `seed ${seed}, round ${round}`)
  }
})

test('bytes are read or refused', () => {
  const seed = 43
  const random = new SeededRandom(seed)
  for (let round = 0; round < shortOrLong(1000, 3000); round++) {
    const units = Array.from({ length: random.below(40) }, () =>
      random.chance(0.1) ? random.below(65_536) : random.below(128),
    )
    checkText(String.fromCharCode(...units), `seed ${seed}, round ${round}`)
    checkText(decodeText(Uint8Array.from(units)), `seed ${seed}, round ${round} as bytes`)
  }
})

/** Something taken out, put in, repeated, or taken from another query. */
function mutated(random: SeededRandom, text: string, others: readonly string[]): string {
  const at = random.below(text.length + 1)
  const end = Math.min(text.length, at + random.below(8))
  const other = pick(random, others)
  const ways = [
    () => text.slice(0, at) + text.slice(end),
    () => text.slice(0, at) + pick(random, PIECES) + text.slice(at),
    () => text.slice(0, at) + pick(random, PIECES) + text.slice(end),
    () => text.slice(0, at),
    () => text.slice(0, end) + text.slice(at),
    () => text.slice(0, at) + other.slice(random.below(other.length + 1)),
    () => `${text} | ${other.replace(/^[^|]*\|/, '')}`,
    () => `${text.slice(0, at)}(${other})${text.slice(end)}`,
    () => `*:(${text})`,
    () => `f:in(${text} | fields x) ${other}`,
  ]
  return pick(random, ways)()
}

test('real queries with pieces changed are read or refused', (t) => {
  const seed = 44
  const random = new SeededRandom(seed)
  const queries = [...examples(), ...casesOf(t)]
  let read = 0
  for (let round = 0; round < MUTATIONS; round++) {
    let text = pick(random, queries)
    for (let change = 0; change <= random.below(3); change++) text = mutated(random, text, queries)
    if (checkText(text, `seed ${seed}, round ${round}`)) read++
  }
  assert.ok(read > MUTATIONS / 8, `${read} read`)
})

test('nesting of every kind is read or refused, however deep', () => {
  const nestings: readonly (readonly [string, string, string])[] = [
    ['(', 'a', ')'],
    ['!', 'a', ''],
    ['not ', 'a', ''],
    [':', 'a', ''],
    ['f:(', 'a', ')'],
    ['*:(', 'a', ')'],
    ['*:', 'a', ''],
    ['(a or ', 'b', ')'],
    ['a or (b ', 'c', ')'],
    ['in(', 'a', ' | fields x)'],
    ['f:contains_any(a ', 'b', ' | fields x)'],
    ['_stream_id:in(', 'a', ' | fields _stream_id)'],
    ['a | union (', 'b', ')'],
    ['a | join by (x) (', 'b', ')'],
    ['a | filter (', 'b', ')'],
    ['options(concurrency=2) in(', 'a', ' | fields x)'],
    ['[', '1', ']'],
    ['{', 'a="b"', '}'],
    ['re(', 'a', ')'],
    ['a | math (', '1', ') as b'],
    ['a | stats count() if (', 'b', ') as c'],
    ['in(', '', ''],
    ['a | ', 'b', ''],
    ['"', 'a', '"'],
    ['`', 'a', '`'],
    ['~"(', 'a', ')"'],
    ['range[', '1', ',2]'],
    ['seq(', 'a', ')'],
    ['_time:[', 'now', ',now]'],
    ['{a in (', 'b', ')}'],
  ]
  for (const [opens, middle, closes] of nestings) {
    for (const depth of [1, 5, 49, 50, 51, 99, 100, 101, 1000, 20_000]) {
      const text = opens.repeat(depth) + middle + closes.repeat(depth)
      if (text.length > 100_000) continue
      checkText(text, `${depth} times ${opens}`)
      checkText(opens.repeat(depth), `${depth} times ${opens}, left open`)
    }
  }
})

test('long texts of one kind are read or refused soon', () => {
  const units = [
    'a ',
    'a or ',
    'a|',
    'a,',
    '"a"',
    'a*',
    '*',
    ' ',
    '#\n',
    'f:',
    '-',
    '\\',
    'é',
    '1.',
    '{',
    'in(a) ',
    'a="b",',
    '\ud800',
  ]
  const texts = [
    ...units.map((unit) => [unit, 60_000] as const),
    ...PIECES.filter((piece) => piece !== '').map((piece) => [piece, 12_000] as const),
  ]
  const places = [
    ['', 'many'],
    ['* | ', 'a pipe of many'],
    ['f:in(', 'a list of many'],
  ]
  // In the short form half of the texts are tried at each place, and each text at one or two of them.
  for (const [turn, [before, story]] of places.entries()) {
    for (const [unit, size] of sampled(texts, 2, turn)) {
      const text = unit.repeat(Math.floor(size / unit.length))
      checkText(before + text, `${story} ${JSON.stringify(unit)}`)
    }
  }
})
