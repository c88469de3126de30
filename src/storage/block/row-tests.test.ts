/** Tests of the rows of a template: what is decided without rows, and that all ways answer as a test of each row. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset, SeededRandom } from '../../base/base.ts'
import { RowWriterMemory, type ValueTest } from '../../record/record.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import { ByteSink } from '../columns/byte-sink.ts'
import { ENCODINGS, encodeColumn } from '../columns/encodings.ts'
import { columnOf, encodeRows, factsOf, randomRows, VALUE_KINDS } from '../columns/test-columns.ts'
import { addValue, noSlotFacts } from '../template/slot-facts.ts'
import { render, type Template } from '../template/template.ts'
import { COUNT_COST_MAX, columnTest, keepPassing, type RowTest, templateTest } from './row-tests.ts'
import { ANSWER_ALL, ANSWER_NONE, ANSWER_SOME, TemplateAnswers } from './template-answers.ts'
import { TemplateRows } from './template-rows.ts'

const SEEDS = shortOrLong(500, 1500)

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

interface Made {
  readonly template: Template
  readonly rows: TemplateRows
  /** By row, in latin1. */
  readonly texts: readonly string[]
  readonly answers: (test: ValueTest) => TemplateAnswers
}

/** `segments` has one text more than there are columns; `encode` makes the bytes of a column, its code in front. */
function make(
  segments: readonly string[],
  columns: readonly (readonly string[])[],
  encode: (values: readonly string[], slot: number) => Uint8Array = encoded,
): Made {
  const slots = new Uint32Array(columns.length)
  const facts = noSlotFacts(columns.length)
  const sink = new ByteSink()
  for (let slot = 0, at = 0; slot < columns.length; slot++) {
    at += segments[slot].length
    slots[slot] = at
    for (const value of columns[slot]) addValue(facts, slot, latin1(value), 0, value.length)
    const bytes = encode(columns[slot], slot)
    sink.varint(bytes.length)
    sink.append(bytes)
  }
  const template = { text: latin1(segments.join('')), slots }
  const rowCount = columns[0].length
  return {
    template,
    rows: new TemplateRows(template, rowCount, sink.written().slice()),
    texts: columns[0].map((_, row) =>
      Buffer.from(
        render(
          template,
          columns.map((values) => latin1(values[row])),
        ),
      ).toString('latin1'),
    ),
    answers: (test) => new TemplateAnswers(test, [template], [facts]),
  }
}

function encoded(values: readonly string[]): Uint8Array {
  const column = columnOf(values)
  const sink = new ByteSink()
  const { code } = encodeColumn(column, factsOf(column), sink)
  return Uint8Array.of(code, ...sink.written())
}

function encodedAs(name: string, values: readonly string[]): Uint8Array {
  const encoding = ENCODINGS.find((one) => one.name === name)!
  return Uint8Array.of(encoding.code, ...encodeRows(encoding, values)!)
}

interface Searched extends ValueTest {
  /** Values that it was asked about. */
  asked: number
}

const isEven = (length: number): boolean => length % 2 === 0

/** One that does not decide passes only values of even length. */
function substring(text: string, { cost = 8, decides = true } = {}): Searched {
  const bytes = latin1(text)
  const searched = {
    asked: 0,
    cost,
    needles: [{ bytes, startsWord: false, endsWord: false, isWhole: false, decides }],
    test(data: Uint8Array, start: number, end: number): boolean {
      searched.asked++
      return (
        (decides || isEven(end - start)) &&
        Buffer.from(data.subarray(start, end)).includes(Buffer.from(bytes))
      )
    },
  }
  return searched
}

/** The test of rows whose template alone does not decide. */
function testOf({ rows, answers }: Made, asked: ValueTest): RowTest {
  const own = answers(asked)
  assert.equal(own.answer(0), ANSWER_SOME, 'the template alone decides')
  return templateTest(rows, 0, asked, own, new RowWriterMemory())
}

/** Fails where the test answers otherwise than the texts of the rows do. */
function assertAnswers(rowTest: RowTest, expected: readonly boolean[], what: string): void {
  const count = expected.filter((passes) => passes).length
  assert.equal(rowTest.count(), count, `${what}: count`)
  for (const [row, passes] of expected.entries())
    assert.equal(rowTest.passes(row), passes, `${what}: row ${row}`)
  if (rowTest.answer === ANSWER_ALL) assert.equal(count, expected.length, what)
  if (rowTest.answer === ANSWER_NONE) assert.equal(count, 0, what)
  const kept = Bitset.full(expected.length)
  keepPassing(kept, rowTest)
  assert.deepEqual(
    expected.map((_, row) => kept.has(row)),
    expected,
    `${what}: kept`,
  )
}

test('every way answers as a test of each row', () => {
  const kinds = Object.keys(VALUE_KINDS)
  const seen = { none: 0, all: 0, some: 0, lazy: 0 }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]
    const rowCount = 1 + random.below(random.chance(0.1) ? 300 : 30)
    const columns = Array.from({ length: 1 + random.below(4) }, () => {
      const values = randomRows(pick(kinds), random.below(1000), rowCount)
      return random.chance(0.4) ? values.map(() => pick(values.slice(0, 3))) : values
    })
    const segments = Array.from({ length: columns.length + 1 }, () =>
      pick(['', ' ', '1', 'a', ' of size ', 'user']),
    )
    const made = make(segments, columns)
    const text = pick(made.texts)
    const from = random.below(text.length + 1)
    const needle = random.chance(0.15)
      ? pick(['6', 'zz', 'of size 1', '-'])
      : text.slice(from, from + 1 + random.below(9))
    if (needle === '') continue
    const cost = random.chance(0.2) ? 1_000_000 : 8
    const decides = random.chance(0.8)
    const asked = substring(needle, { cost, decides })
    const own = made.answers(asked)
    const what = `seed ${seed}, ${JSON.stringify(needle)} in ${JSON.stringify(segments)}`
    const expected = made.texts.map((one) => one.includes(needle) && (decides || isEven(one.length)))
    if (own.answer(0) !== ANSWER_SOME) continue
    const rowTest = testOf(made, asked)
    if (rowTest.cost > COUNT_COST_MAX) seen.lazy++
    seen[rowTest.answer === ANSWER_NONE ? 'none' : rowTest.answer === ANSWER_ALL ? 'all' : 'some']++
    assertAnswers(rowTest, expected, what)
  }
  const isTelling = Math.min(seen.none, seen.all, seen.lazy) > SEEDS / 100 && seen.some > SEEDS / 4
  assert.ok(isTelling, JSON.stringify(seen))
})

test('the number of characters decides as on each row, and no row is put together for it', () => {
  const kinds = Object.keys(VALUE_KINDS)
  const seen = { none: 0, all: 0, some: 0, unread: 0 }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]
    const rowCount = 1 + random.below(30)
    const columns = Array.from({ length: 1 + random.below(3) }, () =>
      randomRows(pick(kinds), random.below(1000), rowCount),
    )
    const segments = Array.from({ length: columns.length + 1 }, () => pick(['', ' ', 'user ', '\xe9']))
    const made = make(segments, columns)
    const around = pick(made.texts).length
    const min = Math.max(0, around - random.below(5))
    const characters = { min, max: random.chance(0.2) ? Infinity : min + random.below(8) }
    const isRight = (length: number): boolean => length >= characters.min && length <= characters.max
    let asked = 0
    // Bytes above 7F stand alone here: each is a character.
    const counted: ValueTest = {
      cost: 1,
      characters,
      test(_data, start, end) {
        asked++
        return isRight(end - start)
      },
    }
    const expected = made.texts.map(({ length }) => isRight(length))
    const what = `seed ${seed}: ${JSON.stringify(characters)}`
    const answer = made.answers(counted).answer(0)
    if (answer === ANSWER_NONE) assert.ok(!expected.includes(true), what)
    else if (answer === ANSWER_ALL) assert.ok(!expected.includes(false), what)
    else assertAnswers(testOf(made, counted), expected, what)
    seen[answer === ANSWER_NONE ? 'none' : answer === ANSWER_ALL ? 'all' : 'some']++
    if (asked === 0) seen.unread++
  }
  assert.ok(Math.min(...Object.values(seen)) > SEEDS / 50, JSON.stringify(seen))
})

const ids = Array.from({ length: 60 }, (_, row) => `blk_-${row * 7919}`)
const sizes = Array.from({ length: 60 }, (_, row) => String(10_000 + row * 7))
const hosts = Array.from({ length: 60 }, (_, row) => ['of the moon', 'of earth', 'x'][row % 3])

test('a window without a byte of the needle falls away, and its columns are not decoded', () => {
  // Of the numbers nothing but their encoding is left: decoding them fails.
  const cut = (values: readonly string[], slot: number): Uint8Array =>
    slot === 0 ? encodedAs('shapes', values) : encodedAs('integers', values).subarray(0, 2)
  const made = make(['at ', ' size ', ''], [ids, sizes], cut)
  const { rows, answers } = made
  assert.throws(() => rows.column(1).materialize(), { code: 'PART_CORRUPT' })
  const asked = substring('of size 6')
  // The facts say that a value of letters may end with "of"; the shapes of this block say that none does.
  assert.equal(answers(asked).answer(0), ANSWER_SOME)
  assert.equal(testOf(made, asked).answer, ANSWER_NONE)
  assert.equal(asked.asked, 0)
})

test('a dictionary is asked once a distinct value', () => {
  const made = make(['to ', ' now'], [hosts])
  const asked = substring('rth now')
  assertAnswers(
    testOf(made, asked),
    hosts.map((host) => host === 'of earth'),
    'a dictionary',
  )
  assert.equal(asked.asked, 3)
  const never = substring('zth now')
  assert.equal(testOf(made, never).answer, ANSWER_NONE)
  assert.equal(
    testOf(make(['to ', ' now'], [hosts.map((host) => `${host}s`)]), substring('s now')).answer,
    ANSWER_ALL,
  )
})

test('where the needle stands within values, only values that hold it are asked', () => {
  const made = make(['block ', ' done'], [ids])
  const asked = substring('_-7919')
  assertAnswers(
    testOf(made, asked),
    ids.map((id) => id.includes('_-7919')),
    'ids',
  )
  assert.ok(asked.asked <= 2, `${asked.asked} values were asked`)
  // It may begin in the text, so that a search in the values would not find it.
  const reaching = substring('k blk_-7919')
  assertAnswers(
    testOf(made, reaching),
    ids.map((id) => id.startsWith('blk_-7919')),
    'ids behind text',
  )
})

test('a needle that stands over the border of two values is in neither', () => {
  const values = ['a1', '2b', 'xx', 'a12', 'b', '12']
  const made = make(['<', '>'], [values], (rows) => encodedAs('plain', rows))
  assertAnswers(
    testOf(made, substring('12')),
    values.map((value) => value.includes('12')),
    'plain',
  )
})

/** Any of the texts; `word` at the beginning of a word only, as far as ASCII goes. */
function anyOf(word: string, ...texts: readonly string[]): Searched {
  const needle = (text: string, startsWord: boolean) => ({
    ...{ bytes: latin1(text), startsWord, endsWord: false, isWhole: false, decides: true },
  })
  const searched = {
    asked: 0,
    cost: 8,
    needles: [needle(word, true), ...texts.map((text) => needle(text, false))],
    test(data: Uint8Array, start: number, end: number): boolean {
      searched.asked++
      const value = Buffer.from(data.subarray(start, end)).toString('latin1')
      return new RegExp(`\\b${word}`).test(value) || texts.some((text) => value.includes(text))
    },
  }
  return searched
}

test('the window of one needle does not tell where a word of another one begins', () => {
  // Cut off behind the first slot, "abc" looks like a word that begins with "bc".
  const made = make(
    ['', 'bc ', ' ', ''],
    [
      ['a', 'a', 'a', 'a'],
      ['7', '8', '8', '9'],
      ['bc', 'cb', 'bcb', 'c'],
    ],
  )
  assertAnswers(testOf(made, anyOf('bc', '7')), [true, false, true, false], 'two needles')
})

test('several needles are searched in the values of a slot at once', () => {
  const made = make(['block ', ' done'], [ids])
  const asked = anyOf('nothing', '_-7919', '_-15838', '4')
  assertAnswers(
    testOf(made, { ...asked, needles: asked.needles!.slice(1) }),
    ids.map((id) => /_-7919|_-15838|4/.test(id)),
    'ids',
  )
  assert.equal(asked.asked, 0)
})

test('a costly test asks for no value before a row is asked for, and once a distinct value then', () => {
  const made = make(['to ', ' now'], [hosts])
  const asked = substring('rth now', { cost: COUNT_COST_MAX })
  const rowTest = testOf(made, asked)
  assert.equal(asked.asked, 0)
  assert.ok(rowTest.cost > COUNT_COST_MAX)
  assert.equal(rowTest.passes(1), true)
  assert.equal(rowTest.passes(4), true)
  assert.equal(asked.asked, 1)
  const ofColumn = substring('earth', { cost: COUNT_COST_MAX })
  assert.ok(columnTest(make(['', ''], [hosts]).rows.column(0), ofColumn).cost > COUNT_COST_MAX)
  assert.equal(ofColumn.asked, 0)
})

test('the text of one row is put together from its values alone', () => {
  for (const kind of Object.keys(VALUE_KINDS)) {
    const made = make(['a ', ' b ', ''], [randomRows(kind, 3, 50), sizes.slice(0, 50)])
    for (const row of [49, 0, 17])
      assert.equal(Buffer.from(made.rows.textOf(row)).toString('latin1'), made.texts[row], kind)
  }
})

test('columns that do not fill their string are damage', () => {
  const template = { text: latin1('ab'), slots: Uint32Array.of(1) }
  for (const bytes of [[], [0], [3, 1, 2], [1, 1, 1], [0x80]])
    assert.throws(() => new TemplateRows(template, 1, Uint8Array.from(bytes)), { code: 'PART_CORRUPT' })
})
