import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { type TestNeedle, wordEnd, wordStart } from '../../record/record.ts'
import { addValue, noSlotFacts, type SlotFacts } from './slot-facts.ts'
import { render, type Template } from './template.ts'
import { type TemplateAnswer, TemplateMatcher, type TemplateWindow } from './template-match.ts'

const encoder = new TextEncoder()
const SEEDS = 12_000
const ROWS_MAX = 6

type Options = Partial<Pick<TestNeedle, 'startsWord' | 'endsWord' | 'isWhole' | 'anyCase'>>

function needleOf(bytes: Uint8Array, options: Options = {}): TestNeedle {
  return { bytes, startsWord: false, endsWord: false, isWhole: false, decides: true, ...options }
}

const inSmallLetters = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte))

/** A phrase as LogsQL looks for it: words begin and end where it does. */
function phrase(text: string): TestNeedle {
  const bytes = encoder.encode(text)
  return needleOf(bytes, {
    startsWord: isWordAt(bytes, 0, bytes.length),
    endsWord: isWordBefore(bytes, bytes.length, 0),
  })
}

const substring = (text: string): TestNeedle => needleOf(encoder.encode(text))

interface Rows {
  readonly template: Template
  readonly facts: SlotFacts
  /** By row, by slot. */
  readonly values: readonly (readonly Uint8Array[])[]
}

/** `segments` has one text more than each row has values. */
function rowsOf(segments: readonly Uint8Array[], values: readonly (readonly Uint8Array[])[]): Rows {
  const slotCount = segments.length - 1
  const slots = new Uint32Array(slotCount)
  const facts = noSlotFacts(slotCount)
  for (let slot = 0, at = 0; slot < slotCount; slot++) {
    at += segments[slot].length
    slots[slot] = at
    for (const row of values) addValue(facts, slot, row[slot], 0, row[slot].length)
  }
  return { template: { text: Uint8Array.from(Buffer.concat(segments)), slots }, facts, values }
}

function textRows(segments: readonly string[], ...values: readonly (readonly string[])[]): Rows {
  return rowsOf(
    segments.map((text) => encoder.encode(text)),
    values.map((row) => row.map((value) => encoder.encode(value))),
  )
}

const ask = ({ template, facts }: Rows, needle: TestNeedle): TemplateAnswer =>
  new TemplateMatcher(needle).ask(template, facts)

// ---- what filters mean, asked of rendered rows ----------------------------------------------------------------

function isWordAt(data: Uint8Array, at: number, end: number): boolean {
  return at < end && wordStart(data, at, end) === at
}

function isWordBefore(data: Uint8Array, at: number, start: number): boolean {
  for (let from = at - 1; from >= start && from >= at - 4; from--)
    if (wordEnd(data, from, at) === at) return true
  return false
}

function holds(value: Uint8Array, needle: TestNeedle): boolean {
  const { bytes, startsWord, endsWord, isWhole, anyCase } = needle
  if (isWhole && value.length !== bytes.length) return false
  const searched = Buffer.from(anyCase ? inSmallLetters(value) : value)
  for (let at = searched.indexOf(bytes); at >= 0; at = searched.indexOf(bytes, at + 1)) {
    const begins = !startsWord || !isWordBefore(value, at, 0)
    if (begins && (!endsWord || !isWordAt(value, at + bytes.length, value.length))) return true
  }
  return false
}

function renderWindow(
  { text, slots }: Template,
  values: readonly Uint8Array[],
  { fromSegment: from, toSegment: to }: TemplateWindow,
): Uint8Array {
  const start = from === 0 ? 0 : slots[from - 1]
  const end = to === slots.length ? text.length : slots[to]
  const part = { text: text.subarray(start, end), slots: slots.slice(from, to).map((slot) => slot - start) }
  return render(part, values.slice(from, to))
}

/** How many of the rows hold the needle; fails where the answer is wrong about one. */
function assertTrue(rows: Rows, needle: TestNeedle, answer: TemplateAnswer, message: string): number {
  let holding = 0
  for (const values of rows.values) {
    const expected = holds(render(rows.template, values), needle)
    if (expected) holding++
    if (typeof answer === 'string') assert.equal(answer === 'all', expected, `${message}: ${answer}`)
    else {
      const parts = answer.map((window) => renderWindow(rows.template, values, window))
      const found = parts.some((part) => holds(part, needle))
      assert.equal(found, expected, `${message}: windows ${JSON.stringify(answer)}`)
    }
  }
  return holding
}

// ---- random templates -----------------------------------------------------------------------------------------

/** Bytes that make words and their edges, also of two, three and four bytes (é, –, 𝒳), whole and cut. */
const ALPHABETS: readonly (readonly number[][])[] = [
  [[0x61], [0x20]],
  [[0x61], [0x62], [0x31], [0x20], [0x2e]],
  [[0x61], [0x20], [0xc3, 0xa9], [0xe2, 0x80, 0x93]],
  [[0x61], [0x2d], [0xc3], [0xa9], [0xe2], [0x80], [0x93]],
  [[0xf0, 0x9d, 0x92, 0xb3], [0x9d], [0x92, 0xb3], [0xf0], [0x5f], [0x3a]],
  [[0xc3, 0xa9], [0xa9], [0xc3]],
  [[0x41], [0x7a], [0x30], [0x39], [0x5f], [0x2f]],
  [[0x41], [0x61], [0x47], [0x67], [0x40], [0x60], [0x20]],
]

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)]
}

function randomBytes(random: SeededRandom, lengthMax: number, alphabet: readonly number[][]): Uint8Array {
  const bytes: number[] = []
  for (let left = random.below(lengthMax + 1); left > 0; left--) bytes.push(...pick(random, alphabet))
  return Uint8Array.from(bytes)
}

function randomRows(random: SeededRandom): Rows {
  const alphabet = pick(random, ALPHABETS)
  const slotCount = random.below(5)
  const segments = Array.from({ length: slotCount + 1 }, () =>
    randomBytes(random, random.chance(0.3) ? 0 : 5, alphabet),
  )
  const slotAlphabets = segments.slice(1).map(() => {
    if (random.chance(0.3)) return pick(random, ALPHABETS)
    return random.chance(0.5) ? [pick(random, alphabet)] : alphabet
  })
  const lengths = slotAlphabets.map(() => 1 + random.below(4))
  const mayBeEmpty = random.chance(0.5)
  const values = Array.from({ length: 1 + random.below(ROWS_MAX) }, () =>
    slotAlphabets.map((slotAlphabet, slot) => {
      const value = randomBytes(random, lengths[slot], slotAlphabet)
      return value.length > 0 || mayBeEmpty ? value : Uint8Array.from(slotAlphabet[0])
    }),
  )
  return rowsOf(segments, values)
}

function randomNeedle(random: SeededRandom, rows: Rows): TestNeedle {
  const row = render(rows.template, pick(random, rows.values))
  const start = random.chance(0.2) ? 0 : random.below(row.length + 1)
  const cut = row.slice(start, random.chance(0.2) ? row.length : start + 1 + random.below(8))
  const bytes = cut.length === 0 || random.chance(0.2) ? randomBytes(random, 4, pick(random, ALPHABETS)) : cut
  const anyCase = random.chance(0.4)
  return needleOf(bytes.length === 0 ? Uint8Array.of(0x61) : anyCase ? inSmallLetters(bytes) : bytes, {
    anyCase,
    startsWord: random.chance(0.6),
    endsWord: random.chance(0.6),
    isWhole: random.chance(0.1),
  })
}

describe('a template', () => {
  test('answers as a search of its rendered rows does, whatever the bytes', () => {
    const counts = { all: 0, none: 0, window: 0, part: 0, several: 0, holding: 0 }
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new SeededRandom(seed)
      const needled = randomRows(random)
      const needle = randomNeedle(random, needled)
      const matcher = new TemplateMatcher(needle)
      for (const rows of [needled, randomRows(random), needled]) {
        const answer = matcher.ask(rows.template, rows.facts)
        assert.deepEqual(ask(rows, needle), answer, `seed ${seed}: a used matcher answers differently`)
        const holding = assertTrue(rows, needle, answer, `seed ${seed}`)
        if (typeof answer === 'string') counts[answer]++
        else {
          counts.window++
          if (holding > 0) counts.holding++
          if (answer.length > 1) counts.several++
          const { slots } = rows.template
          const rendered = answer.reduce(
            (sum, { fromSegment, toSegment }) => sum + toSegment - fromSegment,
            0,
          )
          if (rendered < slots.length) counts.part++
          for (const [at, { fromSegment, toSegment }] of answer.entries()) {
            assert.ok(fromSegment <= toSegment && toSegment <= slots.length, `seed ${seed}`)
            assert.ok(
              at === 0 || answer[at - 1].toSegment <= fromSegment,
              `seed ${seed}: a slot in two windows`,
            )
          }
        }
      }
    }
    assert.ok(counts.all > SEEDS / 20 && counts.none > SEEDS / 4, JSON.stringify(counts))
    assert.ok(counts.part > counts.window / 4 && counts.holding > counts.window / 2, JSON.stringify(counts))
    assert.ok(counts.several > counts.window / 20, JSON.stringify(counts))
  })

  test('has a phrase of its static text in all rows', () => {
    const rows = textRows(['Failed password for ', ' from ', ' port '], ['root', '10.0.0.7'], ['x', '::1'])
    assert.equal(ask(rows, phrase('Failed password')), 'all')
    assert.equal(ask(rows, phrase('password for')), 'all')
    assert.equal(ask(rows, substring('ssword')), 'all')
    assert.equal(ask(rows, phrase('ssword')), 'none')
    assert.equal(ask(rows, phrase('port')), 'all')
    assert.equal(ask(rows, phrase('Failed passwords')), 'none')
  })

  test('knows the edge of a word beside a slot from its classes', () => {
    assert.equal(ask(textRows(['id', ''], ['-'], ['..']), phrase('id')), 'all')
    assert.equal(ask(textRows(['id', ''], ['7'], ['a8']), phrase('id')), 'none')
    assert.equal(ask(textRows(['', 'ms'], ['7'], ['12']), phrase('ms')), 'none')
    const empty = [{ fromSegment: 0, toSegment: 1 }]
    assert.deepEqual(ask(textRows(['id', ''], ['7'], ['']), phrase('id')), empty)
    assert.deepEqual(ask(textRows(['id', ''], ['é'], ['–']), phrase('id')), empty)
    assert.equal(ask(textRows(['id', ''], ['é'], ['–']), substring('id')), 'all')
    assert.equal(ask(textRows(['x', ' y'], ['12'], ['3']), phrase('12 y')), 'none')
    const notUtf8 = Uint8Array.from([0x69, 0x64, 0xe2, 0x61])
    assert.equal(ask(rowsOf([notUtf8, new Uint8Array(0)], [[Uint8Array.of(0xe2)]]), phrase('id')), 'all')
  })

  test('has a phrase in any case in its text, in a slot of either case, and across both', () => {
    const anyCase = (text: string): TestNeedle => ({ ...phrase(text), anyCase: true })
    const rows = textRows(['FAILed password for ', ' from ', ''], ['ROOT', '10.0.0.7'], ['ADMIN', '::1'])
    assert.equal(ask(rows, anyCase('failed password')), 'all')
    assert.equal(ask(rows, phrase('failed password')), 'none')
    assert.deepEqual(ask(rows, anyCase('for root from')), [{ fromSegment: 0, toSegment: 1 }])
    assert.deepEqual(ask(rows, anyCase('root')), [{ fromSegment: 0, toSegment: 1 }])
    assert.equal(ask(rows, phrase('root')), 'none')
    assert.equal(ask(textRows(['{', ''], ['7']), { ...substring('['), anyCase: true }), 'none')
  })

  test('has no phrase of letters where its slots are digits', () => {
    const rows = textRows(['job ', ' took ', ' ms'], ['1', '23'], ['4', '567'])
    assert.equal(ask(rows, phrase('connection reset by peer')), 'none')
    assert.equal(ask(rows, phrase('job x took')), 'none')
    assert.equal(ask(rows, substring('job 12 took')), 'none')
    assert.deepEqual(ask(rows, substring('b 1 took')), [{ fromSegment: 0, toSegment: 1 }])
  })

  test('asks for the slot that a phrase reaches into, and no other', () => {
    const rows = textRows(
      ['Received block ', ' of size ', ' from /', ''],
      ['blk_-1608999687919862906', '67108864', '10.250.14.224'],
      ['blk_7503483334202473044', '91178', '10.251.215.16'],
    )
    assert.deepEqual(ask(rows, substring('of size 6')), [{ fromSegment: 1, toSegment: 2 }])
    assert.deepEqual(ask(rows, phrase('of size 67108864')), [{ fromSegment: 1, toSegment: 2 }])
    assert.equal(ask(rows, phrase('of size 6')), 'none')
    assert.deepEqual(ask(rows, phrase('10.250.14.224')), [{ fromSegment: 2, toSegment: 3 }])
    assert.equal(ask(rows, phrase('of size 671088640000')), 'none')
  })

  test('has a window for each slot where no place of the needle reaches into two', () => {
    const rows = textRows(['a ', ' b ', 'x', ' c ', ''], ['7', '8', '9', '7'], ['12', '34', '5', '6'])
    const around = (slot: number) => ({ fromSegment: slot, toSegment: slot + 1 })
    assert.deepEqual(ask(rows, substring('6')), [around(0), around(1), around(2), around(3)])
    assert.deepEqual(ask(rows, substring('4x5')), [{ fromSegment: 1, toSegment: 3 }])
    assert.deepEqual(ask(rows, phrase('6')), [around(0), around(3)])
  })

  test('leaves out of the window a slot beside the needle', () => {
    const rows = textRows(['x ', 'a ', '', ' z'], ['a', '7', 'b'], ['', '8', ''])
    assert.deepEqual(ask(rows, substring('a 7')), [{ fromSegment: 1, toSegment: 2 }])
    assert.deepEqual(ask(rows, substring('7')), [{ fromSegment: 1, toSegment: 2 }])
  })

  test('may have a token only in a slot of fitting classes and lengths', () => {
    const token = phrase('blk_-123')
    assert.deepEqual(ask(textRows(['block ', ' done'], ['blk_-17'], ['blk_-12345']), token), [
      { fromSegment: 0, toSegment: 1 },
    ])
    assert.equal(ask(textRows(['block ', ' done'], ['blk_-17'], ['blk_-1']), token), 'none')
    assert.equal(ask(textRows(['block ', ' done'], ['blk_12345678']), token), 'none')
    assert.equal(ask(textRows(['blk_', ' done'], ['1234567']), token), 'none')
    assert.deepEqual(ask(textRows(['blk_-', ' done'], ['123'], ['456']), token), [
      { fromSegment: 0, toSegment: 1 },
    ])
    assert.equal(ask(textRows(['blk_-', ' done'], ['1234'], ['4567']), token), 'none')
  })

  test('is a whole value where it has no slot, or where slots can fill the gaps', () => {
    const whole = (text: string) => needleOf(encoder.encode(text), { isWhole: true })
    assert.equal(ask(textRows(['starting']), whole('starting')), 'all')
    assert.equal(ask(textRows(['starting up']), whole('starting')), 'none')
    const rows = textRows(['job ', ' took ', ''], ['1', '23'], ['4', '567'])
    assert.deepEqual(ask(rows, whole('job 9 took 99')), [{ fromSegment: 0, toSegment: 2 }])
    assert.equal(ask(rows, whole('job 99 took 99')), 'none')
    assert.equal(ask(rows, whole('job 9 took ')), 'none')
  })

  test('widens a window until the ends of it look like those of the row', () => {
    const rows = textRows(['a', 'id', '', ' z'], ['', '7', '1'], ['-', '8', '2'])
    assert.deepEqual(ask(rows, needleOf(encoder.encode('id7'), { startsWord: true })), [
      { fromSegment: 0, toSegment: 2 },
    ])
    assert.deepEqual(ask(rows, needleOf(encoder.encode('id7'), { endsWord: true })), 'none')
    assert.deepEqual(ask(rows, needleOf(encoder.encode('id7'))), [{ fromSegment: 1, toSegment: 2 }])
  })

  test('walks the largest template with a long needle that fits nearly everywhere', () => {
    const text = new Uint8Array(8192).fill(0x61)
    const slots = Uint32Array.from({ length: 512 }, (_, slot) => slot * 16)
    const facts = noSlotFacts(512)
    const value = new Uint8Array(40).fill(0x61)
    for (let slot = 0; slot < 512; slot++) addValue(facts, slot, value, 0, slot % 40)
    const bytes = new Uint8Array(4096).fill(0x61)
    bytes[4095] = 0x7a
    assert.equal(new TemplateMatcher(needleOf(bytes)).ask({ text, slots }, facts), 'none')
    bytes[4095] = 0x62
    // A value of one byte or more could be the b, for all that the facts tell; slot 0 has none.
    assert.deepEqual(new TemplateMatcher(needleOf(bytes)).ask({ text, slots }, facts), [
      { fromSegment: 1, toSegment: 512 },
    ])
  })
})
