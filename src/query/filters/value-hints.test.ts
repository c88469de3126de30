/**
 * What filters declare of the values that pass them (needles, ranges). A store leaves out whole blocks on the word of
 * these hints, so a wrong one loses records without a trace: they are held against the test itself, over random values
 * made to lie at the edge of what passes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import type { Block, TestNeedle, ValueTest } from '../../record/record.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import type { Filter } from '../ast.ts'
import { FilterPlan } from '../scan/plan.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, JudgingBlock, TEST_NOW_MS } from '../test-blocks.ts'
import { decodeText, encodeText } from '../values/text.ts'
import { isWordAt, isWordBefore } from '../values/words.ts'
import { anyCaseOf } from './any-case.ts'
import { exactOf } from './exact.ts'
import { ipv4Text } from './ip-address.ts'
import { phraseOf } from './phrase.ts'
import { prefixOf } from './prefix.ts'
import { regexpOf } from './regexp.ts'
import { FILTER_KINDS } from './registry.ts'

const BLOCK: Block = blockOf([{}])

/** The test that the filter asks of a block. */
function testOf(filter: Filter): ValueTest {
  const block = new JudgingBlock(BLOCK, false)
  new FilterPlan(filter).match(block)
  const [question] = block.questions
  assert.ok(question, `${JSON.stringify(filter)} asks nothing of a block`)
  return question.test
}

const testOfText = (text: string) => testOf(parseQuery(text, { nowMs: TEST_NOW_MS }).filter)

/** The value holds the needle as it is declared: by trying every place. */
function holdsNeedle(value: Uint8Array, needle: TestNeedle): boolean {
  const { bytes, startsWord, endsWord, isWhole, anyCase = false } = needle
  const folded = (byte: number) => (anyCase && byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)
  for (let at = 0; at + bytes.length <= value.length; at++) {
    const end = at + bytes.length
    if (!bytes.every((byte, index) => byte === folded(value[at + index]))) continue
    if (isWhole && (at > 0 || end < value.length)) continue
    if (startsWord && isWordBefore(value, at, 0)) continue
    if (endsWord && isWordAt(value, end, value.length)) continue
    return true
  }
  return false
}

const PLAIN_DECIMAL = /^-?\d+(?:\.\d+)?$/

const passes = ({ test: run }: ValueTest, value: Uint8Array) => {
  // Off the beginning, so that a test that looks beyond the value's ends is found out.
  const data = new Uint8Array(value.length + 2).fill(0x61)
  data.set(value, 1)
  return run(data, 1, 1 + value.length)
}

function checkHints(asked: ValueTest, value: Uint8Array, story: string): void {
  const { needles, range, characters } = asked
  const isPassed = passes(asked, value)
  const held = needles?.filter((needle) => holdsNeedle(value, needle)) ?? []
  if (isPassed && needles !== undefined) assert.ok(held.length > 0, `${story}: passes without a needle`)
  if (!isPassed) assert.ok(!held.some(({ decides }) => decides), `${story}: a needle decides, and it fails`)
  if (characters !== undefined) {
    const count = [...decodeText(value)].length
    assert.equal(
      isPassed,
      count >= characters.min && count <= characters.max,
      `${story}: ${count} characters`,
    )
  }
  if (range === undefined || !isPassed) return
  const text = decodeText(value)
  assert.notEqual(text, '', `${story}: an empty value passes a range`)
  const isOutside = Number(text) < range.min || Number(text) > range.max
  assert.ok(!PLAIN_DECIMAL.test(text) || !isOutside, `${story}: outside of ${range.min} to ${range.max}`)
}

// ---- what is tried ------------------------------------------------------------------------------------------

const PIECES = [
  'a',
  'B',
  'err',
  'disk',
  'K',
  's',
  '7',
  '42',
  '_',
  ' ',
  '-',
  '.',
  ', ',
  'é',
  'É',
  'ß',
  'ж',
  '漢',
  '\u0301',
  '\u2028',
]
const BYTES = ['\udcff', '\udcd0', '\udcc3', '\udca9', '\udce6', '\udc80']
const NUMBERS = [
  '0',
  '-0',
  '5',
  '-5',
  '7.0',
  '007',
  '15',
  '1.5',
  '-1.50',
  '100',
  '99.999999',
  '9007199254740993',
  '0.1',
  '123456789012345678901234567890',
]
const SPELLED = [
  '1KB',
  '1.5KiB',
  '5m',
  '1.5s',
  '0x10',
  '1e3',
  '+7',
  '.5',
  '5.',
  '1_000',
  'inf',
  '-inf',
  'nan',
  '10.0.0.1',
  '2025-07-18T00:00:00Z',
  '0b11',
  '1e400',
]
const PATTERNS = [
  'a.*b',
  'err|disk',
  '^disk',
  'disk$',
  '(?i)disk',
  '(?i)42',
  '(?i)disk|err',
  '^(?:disk|err)$',
  '(?i)^disk',
  '(?i)7 .',
  '(?s)a.b',
  '(?m)^a',
  '(?ms)disk',
  'x?err+',
  '(err)?disk',
  '\\bdisk\\b',
  'a\\.b',
  '[ab]7',
  '(?:disk){2}',
  'é+disk',
  '7{2}',
  '.',
]

const PLACES = ['anywhere', 'full', 'prefix', 'suffix'] as const

const makeText = (random: SeededRandom, pieces: readonly string[], countMax: number) =>
  Array.from({ length: random.below(countMax + 1) }, () => pieces[random.below(pieces.length)]).join('')

type Make = (random: SeededRandom) => { filter: Filter; texts: readonly string[] }

const textOf = (random: SeededRandom) =>
  makeText(random, random.chance(0.3) ? [...PIECES, ...BYTES] : PIECES, 3)
const field = 'f'
const numeric = (random: SeededRandom) => {
  const from = random.chance(0.7) ? NUMBERS : SPELLED
  return from[random.below(from.length)]
}
const regexps = (pattern: string) => regexpOf(field, pattern, { offset: 0, length: 0 })

/** Every kind of filter that tests values. */
const MAKERS: Readonly<Record<string, Make>> = {
  phrase: (random) => of(textOf(random), (text) => phraseOf(field, text)),
  prefix: (random) => of(textOf(random), (text) => prefixOf(field, text)),
  anyCase: (random) => of(textOf(random), (text) => anyCaseOf(field, text, random.chance(0.5))),
  exact: (random) => of(textOf(random), (text) => exactOf(field, text, random.chance(0.5))),
  in(random) {
    const texts = Array.from({ length: random.below(12) }, () => textOf(random))
    return { filter: inOf(texts), texts }
  },
  regexp(random) {
    const pattern = PATTERNS[random.below(PATTERNS.length)]
    if (random.chance(0.5))
      return { filter: regexps(pattern), texts: ['disk', 'err', '42', '7 7', 'a.b', 'a7b'] }
    const text = `${textOf(random)}${PIECES[random.below(PIECES.length)]}`.replace(/[\udc80-\udcff]/g, '')
    const flags = ['', '(?s)', '(?m)', '(?i)'][random.below(4)]
    return { filter: regexps(flags + text.replace(/[.]/g, '\\.')), texts: [text] }
  },
  containsAny(random) {
    const texts = Array.from({ length: 1 + random.below(random.chance(0.2) ? 20 : 4) }, () => textOf(random))
    return { filter: listOf('containsAny', texts), texts }
  },
  commonCase(random) {
    const texts = Array.from({ length: 1 + random.below(3) }, () => textOf(random))
    return { filter: { ...listOf('commonCase', texts), isWhole: random.chance(0.5) } as Filter, texts }
  },
  lenRange(random) {
    const [min, max] = [random.below(8), random.chance(0.2) ? 'inf' : random.below(12)]
    const filter = { kind: 'lenRange', field, min, max }
    return { filter, texts: ['aaaa', 'éé漢', 'жжжжж', '\udcff\udcc3', 'K漢'] }
  },
  substring: (random) =>
    of(textOf(random) || 'a', (text) => {
      const filter = { kind: 'substring', field, text, anyCase: random.chance(0.5) }
      return filter
    }),
  patternMatch(random) {
    const pieces = ['<N>', '<W>', '<IP4>', ...PIECES]
    const pattern = makeText(random, pieces, 4)
    const filter = {
      kind: 'patternMatch',
      field,
      pattern,
      place: PLACES[random.below(4)],
    }
    const shownAs = (text: string): string => pattern.replaceAll(/<[A-Z0-9]+>/g, text)
    return { filter, texts: [pattern, shownAs('7'), shownAs('42'), shownAs('1.2.3.4')] }
  },
  range(random) {
    const [min, max] = [numeric(random), numeric(random)].map((text) => (text === 'nan' ? '5' : text))
    const filter = { kind: 'range', field, min, max, hasMin: random.chance(0.5), hasMax: random.chance(0.5) }
    return { filter, texts: [min, max, '7', '15', '2'] }
  },
  ipv4Range(random) {
    const [a, b] = [random.below(2 ** 32), random.below(2 ** 32)]
    const filter = { kind: 'ipv4Range', field, min: Math.min(a, b), max: Math.max(a, b) }
    return { filter, texts: [a, b, Math.floor((a + b) / 2), a + 1].map((address) => ipv4Text(address)) }
  },
  ipv6Range(random) {
    const [min, max] = [random.below(0xffff), random.below(0xffff)].sort((a, b) => a - b)
    const shownAs = (group: number): string => `2001:db8::${group.toString(16)}`
    const filter = { kind: 'ipv6Range', field, min: shownAs(min), max: shownAs(max) }
    return { filter, texts: [min, max, Math.floor((min + max) / 2), max + 1].map(shownAs) }
  },
  compare(random) {
    const value = random.chance(0.8) ? numeric(random) : textOf(random)
    const operator = ['>', '>=', '<', '<='][random.below(4)]
    const compare = { kind: 'compare', field, operator, value }
    return { filter: compare, texts: [value] }
  },
}

function inOf(values: readonly string[]): Filter {
  const filter = { kind: 'in', field, values }
  return filter
}

function listOf(kind: string, values: readonly string[]): Filter {
  const filter = { kind, field, values }
  return filter
}

function of(text: string, make: (text: string) => Filter): ReturnType<Make> {
  return { filter: make(text), texts: [text] }
}

/** A text of the filter, more or less, with something around it; or a number near it. */
function valueFor(random: SeededRandom, texts: readonly string[]): Uint8Array {
  const text = texts.length === 0 ? '' : texts[random.below(texts.length)]
  const around = () => (random.chance(0.5) ? '' : makeText(random, [...PIECES, ...BYTES], 2))
  const ways: (() => string)[] = [
    () => text,
    () => around() + text + around(),
    () => around() + text + around() + text + around(),
    () => around() + (random.chance(0.5) ? text.toUpperCase() : text.toLowerCase()) + around(),
    () => text.slice(random.below(2)) + around(),
    () => makeText(random, PIECES, 4),
    () => numeric(random),
    () => neighbourOf(Number(text), random),
    () => '',
  ]
  const value = encodeText(ways[random.below(ways.length)]())
  // Half a character at either end.
  return value.subarray(random.chance(0.1) ? 1 : 0, value.length - (random.chance(0.1) ? 1 : 0))
}

function neighbourOf(number: number, random: SeededRandom): string {
  if (!Number.isFinite(number)) return '17'
  const steps = [-1, -0.5, -1e-9, 0, 1e-9, 0.5, 1]
  return String(number + steps[random.below(steps.length)])
}

test('every kind of filter that tests values is tried', () => {
  const logic = ['all', 'and', 'or', 'not', 'anyField']
  const ofPhrases = ['containsAll', 'seq']
  const ofNoColumn = ['time', 'timeCycle', 'id', 'stream', 'streamId', 'compareFields']
  const withoutHints = ['jsonArray', 'pattern', 'stringRange', 'valueType']
  const others = [...logic, ...ofPhrases, ...ofNoColumn, ...withoutHints]
  assert.deepEqual(
    FILTER_KINDS.map(({ kind }) => kind).toSorted(),
    [...others, ...Object.keys(MAKERS)].toSorted(),
  )
})

const ROUNDS = shortOrLong(800, 2500)

for (const [kind, make] of Object.entries(MAKERS)) {
  test(`values that pass a ${kind} filter are as it declares`, () => {
    const seed = 77
    const random = new SeededRandom(seed)
    let passed = 0
    let failed = 0
    let hinted = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { filter, texts } = make(random)
      const asked = testOf(filter)
      const story = `seed ${seed}, round ${round}, ${JSON.stringify(filter)}`
      checkShape(asked, story)
      if ((asked.needles ?? asked.range ?? asked.characters) !== undefined) hinted++
      for (let each = 0; each < 12; each++) {
        const value = valueFor(random, texts)
        checkHints(asked, value, `${story}, value ${JSON.stringify(decodeText(value))}`)
        if (passes(asked, value)) passed++
        else failed++
      }
    }
    assert.ok(
      passed > ROUNDS * 0.4 && failed > ROUNDS * 0.4 && hinted > ROUNDS / 10,
      `${passed} passed, ${failed} failed, ${hinted} hinted`,
    )
  })
}

function checkShape(asked: ValueTest, story: string): void {
  const { needles, range } = asked
  if (needles !== undefined) {
    assert.ok(needles.length > 0, `${story}: an empty list`)
    assert.ok(
      needles.every(({ bytes }) => bytes.length > 0),
      `${story}: an empty needle`,
    )
  }
  const isHinted = needles !== undefined || range !== undefined
  if (isHinted) assert.ok(!passes(asked, new Uint8Array(0)), `${story}: an empty value passes`)
}

// ---- what is known ------------------------------------------------------------------------------------------

/** `|` is a word's edge, `=` before it the whole value, `~` any case, `?` behind it that the needle does not decide. */
function shown({ needles }: ValueTest): string[] | undefined {
  return needles?.map(({ bytes, startsWord, endsWord, isWhole, decides, anyCase }) => {
    const edge = (isWhole ? '=' : '') + (anyCase ? '~' : '')
    const text = (startsWord ? '|' : '') + decodeText(bytes) + (endsWord ? '|' : '')
    return edge + text + (decides ? '' : '?')
  })
}

test('filters declare what a value must hold', () => {
  const expected: Readonly<Record<string, readonly string[] | undefined>> = {
    '"Failed password"': ['|Failed password|'],
    '"=1, b="': ['=1, b='],
    '"(x"': ['(x|'],
    'err*': ['|err'],
    '"a="*': ['|a='],
    'f:="web api"': ['=web api'],
    'f:="/api/"*': ['/api/?'],
    'f:in(a, "b c", a)': ['=a', '=b c'],
    'f:in(a, "")': undefined,
    'f:in()': undefined,
    'f:in(1,2,3,4,5,6,7,8,9)': ['=1', '=2', '=3', '=4', '=5', '=6', '=7', '=8', '=9'],
    '~"of size 6"': ['of size 6'],
    '~"(?s)of size"': ['of size'],
    '~"took [0-9]+ms"': ['took ?'],
    '~"(?i)failed"': ['~failed'],
    '~"(?i)disk|42"': ['~disk', '42', 'ſ?', 'K?'],
    '~"^disk"': ['disk?'],
    '~"^disk$"': ['=disk'],
    '~"(Failed|Accepted) password"': ['Failed password', 'Accepted password'],
    '~"(?i)12:30"': ['12:30'],
    '~"(?i)12:.*x"': ['12:?'],
    '~"a|b"': ['a', 'b'],
    '~"a|b*"': undefined,
    'i(error)': ['~|error|'],
    'i("Disk Full"*)': ['~|disk full'],
    'i("10.0.0.1")': ['|10.0.0.1|'],
    'i("10.*"*)': ['|10.*'],
    'i(ошибка)': undefined,
    '""': undefined,
    'f:=""': undefined,
    'f:*': undefined,
    'f:>5': undefined,
    'f:>m': undefined,
  }
  for (const [query, needles] of Object.entries(expected)) {
    assert.deepEqual(shown(testOfText(query)), needles, query)
  }
})

test('a list that is too long declares nothing', () => {
  const values = Array.from({ length: 1001 }, (_, index) => `v${index}`)
  assert.equal(testOf(inOf(values)).needles, undefined)
  assert.equal(testOf(inOf(values.slice(1))).needles?.length, 1000)
})

test('a value of a long list is found however the query spelled its bytes', () => {
  const asked = testOf(inOf(['\udcc3\udca9', ...'abcdefghij']))
  assert.ok(passes(asked, encodeText('é')))
})

test('comparisons of numbers declare bounds, those of text none', () => {
  const above5 = testOfText('f:>5').range
  assert.ok(above5 !== undefined && above5.min > 5 && above5.min < 5.000001 && above5.max === Infinity)
  assert.deepEqual(testOfText('f:>=5').range, { min: 5, max: Infinity })
  assert.deepEqual(testOfText('f:<=1.5s').range, { min: -Infinity, max: 1.5e9 })
  assert.deepEqual(testOfText('f:>=1KiB').range, { min: 1024, max: Infinity })
  const below0 = testOfText('f:<0').range
  assert.ok(below0 !== undefined && below0.max < 0 && below0.max >= -Number.MIN_VALUE)
  const belowMinus2 = testOfText('f:<"-2"').range
  assert.ok(belowMinus2 !== undefined && belowMinus2.max < -2 && belowMinus2.max > -2.000001)
  const aboveMinus2 = testOfText('f:>"-2"').range
  assert.ok(aboveMinus2 !== undefined && aboveMinus2.min > -2 && aboveMinus2.min < -1.999999)
  const below5 = testOfText('f:<5').range
  assert.ok(below5 !== undefined && below5.max < 5 && below5.max > 4.999999)
  assert.deepEqual(testOfText('f:>inf').range, { min: Infinity, max: Infinity })
  assert.equal(testOfText('f:<m').range, undefined)
})

// ---- trees --------------------------------------------------------------------------------------------------

/** `msg` for the message, else the field. */
function skipText(text: string): string | undefined {
  const { skip } = new FilterPlan(parseQuery(text, { nowMs: TEST_NOW_MS }).filter)
  const show = (tree: NonNullable<typeof skip>): string =>
    tree.kind === 'value' ? (tree.field ?? 'msg') : `${tree.kind}(${tree.tests.map(show).join(' ')})`
  return skip && show(skip)
}

test('a filter says what rows that match pass, unless rows without a value may match', () => {
  const expected: Readonly<Record<string, string | undefined>> = {
    a: 'msg',
    '_msg:a': 'msg',
    'f:a': 'f',
    'f:*': 'f',
    'f:>5': 'f',
    'f:<m': undefined,
    'f:""': undefined,
    'f:in("", a)': undefined,
    '!a': undefined,
    '*': undefined,
    'level:error': undefined,
    '_stream:a': undefined,
    '_id:5': undefined,
    '_time:5m': undefined,
    '_truncated:true': undefined,
    'a f:b': 'and(msg f)',
    'a f:b !c _time:5m level:error': 'and(msg f)',
    'a level:error': 'msg',
    'a or f:b': 'or(msg f)',
    'a or !b': undefined,
    'a or level:error': undefined,
    '(a or f:b) g:c': 'and(g or(msg f))',
    '!(a b)': undefined,
    '!!a': 'msg',
  }
  for (const [query, tree] of Object.entries(expected)) {
    assert.equal(skipText(query), tree, query)
  }
})
