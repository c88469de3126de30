/** Filters that take lists of words, phrases and values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import type { Filter, Query } from '../ast.ts'
import { countRows } from '../run.ts'
import { FilterPlan } from '../scan/plan.ts'
import { findValues } from '../scan/value-answers.ts'
import { isLive } from '../shape.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, FakeSnapshot, matchingRows, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'
import { decodeText, encodeText } from '../values/text.ts'
import { containsAnyTest } from './contains-any.ts'
import { ManyPhrases } from './many-phrases.ts'
import { phraseTest } from './phrase-test.ts'
import { filterKindOf } from './registry.ts'

const messages = (...texts: (string | Uint8Array)[]): TestRecord[] => texts.map((message) => ({ message }))

/** Numbers of the texts that the query finds. */
function check(records: readonly TestRecord[], expected: Readonly<Record<string, readonly number[]>>): void {
  for (const [query, rows] of Object.entries(expected))
    assert.deepEqual(matchingRows(query, records), rows, query)
}

const parse = (text: string): Query => parseQuery(text, { nowMs: TEST_NOW_MS })

test('contains_all wants all words and phrases, contains_any one', () => {
  check(messages('disk full', 'full disk', 'disk', 'fulldisk', 'no space, disk full', ''), {
    'contains_all(disk, full)': [0, 1, 4],
    'contains_all("disk full", space)': [4],
    'contains_all(disk, disk)': [0, 1, 2, 4],
    'contains_any(space, "full disk")': [1, 4],
    'contains_any(fulldisk)': [3],
    'contains_any(full, x)': [0, 1, 4],
    '!contains_any(full, fulldisk)': [2, 5],
  })
})

test('every value has the empty phrase, and all of none; no value has one of none', () => {
  const records = [{ fields: { f: 'a' } }, {}]
  check(records, {
    'f:contains_all()': [0, 1],
    'f:contains_all("")': [0, 1],
    'f:contains_all("", a)': [0],
    'f:contains_any()': [],
    'f:contains_any("")': [0, 1],
    'f:contains_any("", b)': [0, 1],
    'f:contains_any(*)': [0, 1],
    'f:seq()': [0, 1],
    'f:seq("")': [0, 1],
    'f:seq("", a)': [0],
  })
})

test('a sequence wants its phrases one behind the other, each in a place of its own', () => {
  check(messages('GET /api took 5', 'took 5 GET /api', 'a a', 'a', 'ab a', '-65536'), {
    'seq(GET, took)': [0],
    'seq(took, GET)': [1],
    'seq(a, a)': [2],
    'seq(a, a, a)': [],
    'seq(ab, a)': [4],
    'seq("GET /", "api")': [0, 1],
    'seq("-", "65536")': [5],
    'seq("-6", "5536")': [],
    '!seq(a)': [0, 1, 5],
  })
})

test('levels are found by all their names in lists too', () => {
  const records = ['ERROR', 'err', 'warn', 'info'].map((level) => ({ level }))
  check(records, {
    'level:contains_any(error, warning)': [0, 1, 2],
    'level:contains_all(error)': [0, 1],
    'level:equals_common_case(Error)': [0, 1],
  })
})

test('common cases are the text itself, capitals, and small letters for any of its capitals', () => {
  const records = messages(
    'disk full',
    'Disk full',
    'Disk Full',
    'DISK FULL',
    'dISK full',
    'disk-full',
    'xDisk Full',
    'disk Full',
  )
  check(records, {
    'contains_common_case("disk full")': [0, 3],
    'contains_common_case("Disk full")': [0, 1, 3],
    'contains_common_case("Disk Full")': [0, 1, 2, 3, 7],
    'contains_common_case(DISK)': [0, 1, 2, 3, 4, 5, 7],
    'equals_common_case("DISK-FULL")': [5],
    'equals_common_case("disk Full")': [0, 3, 7],
    'equals_common_case(disk)': [],
    'equals_common_case()': [],
    'contains_common_case(x, "disk-full")': [5],
  })
  check(messages('Über', 'über', 'ÜBER', 'übEr', '', '42', '日本'), {
    'contains_common_case(über)': [1, 2],
    'contains_common_case(Über)': [0, 1, 2],
    'equals_common_case("", 42, 日本)': [4, 5, 6],
  })
  const cases = ['DiskFull', 'DISKFULL', 'diskfull', 'Diskfull', 'diskFull']
  const asked = {
    'equals_common_case(DiskFull)': [0, 1, 2, 3, 4],
    'contains_common_case(DiskFull)': [0, 1, 2, 3, 4],
  }
  check(messages(...cases, 'dISKFULL', 'diskFULL'), asked)
})

test('common cases of so many capital letters that they are very many are refused', () => {
  const refused = (query: string, offset: number): void =>
    assert.throws(
      () => matchingRows(query, []),
      (error) => isCodedError(error, 'QUERY_SYNTAX') && error.details.offset === offset,
      query,
    )
  check(messages('abcdefghijkl', 'abcdefghijkL', 'x'), { 'equals_common_case(ABCDEFGHIJKL)': [0, 1] })
  refused('equals_common_case(ABCDEFGHIJKLM)', 19)
  refused('contains_common_case(a, ABCDEFGHIJKL)', 24)
  refused(`contains_common_case(${'ABCDEFGHIJ,'.repeat(5)})`, 65)
})

test('a substring stands anywhere, in any case where asked', () => {
  const records = messages('unfailed', 'FAILED', 'a.b', 'axb', 'ÜBER', Uint8Array.of(0x41, 0xff, 0x42))
  check(records, {
    'substring(aile)': [0],
    'isubstring(aile)': [0, 1],
    'substring("a.b")': [2],
    'isubstring("A.B")': [2],
    'isubstring(über)': [4],
    'isubstring("a\\xffb")': [5],
    'substring("\\xff")': [5],
    'isubstring("(")': [],
    'substring("")': [0, 1, 2, 3, 4, 5],
  })
})

test('items of JSON arrays are strings by what they say, and others as they are written', () => {
  const arrays = [
    '["a","b c",5]',
    '[ "\\u0061" , 5.0, null, true ]',
    '["x,a", {"k": ["a", 1]}, [1, 2]]',
    'a',
    '"a"',
    '{"a": 1}',
    '["a"',
    '["a"] x',
    '[]',
    '["",  "]"]',
    '["a" "b"]',
    '[a]',
  ]
  const records = arrays.map((f) => ({ fields: { f } }))
  check(records, {
    'f:json_array_contains_any(a)': [0, 1],
    'f:json_array_contains_any(5)': [0],
    'f:json_array_contains_any("5.0", "b c")': [0, 1],
    'f:json_array_contains_any(null)': [1],
    'f:json_array_contains_any(true, false)': [1],
    'f:json_array_contains_any("x,a")': [2],
    'f:json_array_contains_any("[1, 2]")': [2],
    'f:json_array_contains_any("]")': [9],
    'f:json_array_contains_any("")': [9],
    'f:json_array_contains_any()': [],
  })
})

test('a JSON array that is not closed, or full of quotation marks and brackets, costs no more than another', () => {
  for (const piece of ['["', '[[', '"\\', '[",', '{']) {
    const record = { fields: { f: `[${piece.repeat(200_000)}` } }
    const startMs = performance.now()
    check([record], { 'f:json_array_contains_any(a)': [] })
    assert.ok(performance.now() - startMs < 5000, piece)
  }
})

// ---- subqueries ---------------------------------------------------------------------------------------------

test('a query stands where values may, ends in one field, and gives its values to the filter', () => {
  for (const name of ['in', 'contains_any', 'contains_all', 'json_array_contains_any']) {
    const { filter } = parse(`f:${name}(error | fields user)`)
    const kind = filterKindOf(filter)
    assert.deepEqual(kind.subquery?.(filter), parse('error | fields user'))
    assert.deepEqual(kind.withValues?.(filter, ['a', 'b c']), parse(`f:${name}(a, "b c")`).filter)
    assert.throws(() => new FilterPlan(filter), /subquery/, name)
    assert.equal(kind.subquery?.(parse(`f:${name}(a)`).filter), null)
  }
})

test('ids of streams come from a query, and what is no id finds nothing', () => {
  const id = 'f1d2d2f924e986ac86fdf7b36c94bcdf'
  const { filter } = parse('_stream_id:in(error | fields _stream_id)')
  const given = filterKindOf(filter).withValues?.(filter, [id, 'none', ''])
  assert.deepEqual(given, parse(`_stream_id:in(${id})`).filter)
  assert.throws(() => new FilterPlan(filter), /subquery/)
})

// ---- many phrases -------------------------------------------------------------------------------------------

const PIECES = ['a', 'b', 'disk', 'é', '漢', '_', '7', '42', ' ', '-', '.', '=', '\udcff', '\udcc3']

function randomText(random: SeededRandom, piecesMax: number): string {
  const count = random.below(piecesMax + 1)
  return Array.from({ length: count }, () => PIECES[random.below(PIECES.length)]).join('')
}

test('many phrases in one pass are found where each alone is', () => {
  const seed = 11
  const random = new SeededRandom(seed)
  let passed = 0
  for (let round = 0; round < 1500; round++) {
    const phrases = Array.from({ length: 1 + random.below(30) }, () => randomText(random, 4) || 'x')
    const single = phrases.map((phrase) => phraseTest(phrase, { isPrefix: false, anyCase: false }))
    const many = new ManyPhrases(phrases)
    for (let each = 0; each < 6; each++) {
      const text = randomText(random, 10)
      const data = encodeText(`-${text}-`)
      const found = new Set(phrases.filter((_, index) => single[index].test(data, 1, data.length - 1)))
      const story = `seed ${seed}, round ${round}: ${JSON.stringify(phrases)} in ${JSON.stringify(text)}`
      assert.equal(many.hasAtLeast(1, data, 1, data.length - 1), found.size > 0, story)
      assert.equal(many.hasAtLeast(many.count, data, 1, data.length - 1), found.size === many.count, story)
      assert.equal(many.hasAtLeast(found.size + 1, data, 1, data.length - 1), false, story)
      if (found.size > 0) passed++
    }
  }
  assert.ok(passed > 1000, `${passed} passed`)
})

test('a list of thousands of phrases is one pass', () => {
  const phrases = Array.from({ length: 50_000 }, (_, index) => `/path/${index}/to`)
  const asked = containsAnyTest(phrases)
  const value = encodeText(`GET /path/49999/to ${'x '.repeat(1000)}`)
  const other = encodeText(`GET /path/50000/to ${'x '.repeat(1000)}`)
  const startMs = performance.now()
  for (let round = 0; round < 200; round++) {
    assert.ok(asked.test(value, 0, value.length))
    assert.ok(!asked.test(other, 0, other.length))
  }
  assert.ok(performance.now() - startMs < 5000)
  assert.equal(decodeText(value).startsWith('GET'), true)
})

test('contains_all of many phrases wants each of them', () => {
  const words = Array.from({ length: 100 }, (_, index) => `w${index}`)
  const filter: Filter = parse(`contains_all(${words.join(',')})`).filter
  assert.equal(filter.kind, 'containsAll')
  check(messages(words.toReversed().join(' '), words.slice(1).join(' '), `x${words.join(' ')}`), {
    [`contains_all(${words.join(',')})`]: [0],
  })
})

test('a query with a query in its filter is answered, its values are counted, and it cannot be followed live', async () => {
  const records = ['a', 'b', 'a', 'c'].map((user, at) => ({
    message: at === 1 || at === 2 ? 'error' : 'ok',
    fields: { user, other: user.toUpperCase() },
  }))
  const snapshot = new FakeSnapshot([blockOf(records)])
  const query = parse('user:in(error | fields user)')
  assert.equal(await countRows(snapshot, query), 3)
  assert.equal(await countRows(snapshot, parse('*:in(error | fields user)')), 3)
  assert.equal(await countRows(snapshot, parse('!user:in(error | fields user)')), 1)
  assert.equal(await countRows(snapshot, parse('user:in(user:in(error | fields user) ok | fields user)')), 2)
  assert.equal(await countRows(snapshot, parse('contains_any(user:b | fields _msg)')), 2)
  const { values } = await findValues(snapshot, query, { kind: 'fieldValues', field: 'other' }, { limit: 9 })
  assert.deepEqual(values, [
    { value: 'A', hits: 2 },
    { value: 'B', hits: 1 },
  ])
  assert.equal(isLive(query), false)
  assert.equal(isLive(parse('user:in(a)')), true)
})
