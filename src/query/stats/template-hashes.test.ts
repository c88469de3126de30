import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuseKernel, SeededRandom } from '../../base/base.ts'
import type { TextTemplate, TextTemplates } from '../../record/record.ts'
import { TemplateHashKernel } from './template-hash-kernel.ts'
import { hashedTemplates } from './template-hashes.ts'
import { HASH_WORDS, ValueHasher } from './value-hash.ts'

const random = new SeededRandom(7)
const encoder = new TextEncoder()

function columnOf(texts: readonly string[]): ReturnType<TextTemplate['values']> {
  // Values do not begin where their memory does.
  const bytes = texts.map((text) => encoder.encode(`?${text}`))
  const data = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0))
  const starts = new Uint32Array(texts.length)
  const lengths = new Uint32Array(texts.length)
  let at = 0
  for (const [row, each] of bytes.entries()) {
    data.set(each, at)
    starts[row] = at + 1
    lengths[row] = each.length - 1
    at += each.length
  }
  return { data, starts, lengths }
}

/** Texts with `*` for their slots, and rows: the number of the template, and values. */
function templatesOf(
  texts: readonly string[],
  rows: readonly { readonly place: number; readonly values: readonly string[] }[],
): { templates: TextTemplates; texts: string[] } {
  const own = (place: number) => rows.filter((row) => row.place === place)
  const templates = texts.map((text, place): TextTemplate => {
    const pieces = text.split('*')
    const ends = pieces.slice(0, -1).map((_, at) => encoder.encode(pieces.slice(0, at + 1).join('')).length)
    return {
      ...{ text: encoder.encode(pieces.join('')), slots: ends, rowCount: own(place).length },
      isDigits: () => false,
      values: (slot) => columnOf(own(place).map(({ values }) => values[slot])),
    }
  })
  const plain = own(texts.length)
  return {
    templates: {
      templates,
      ofRow: Uint32Array.from(rows, ({ place }) => place),
      plain: plain.length === 0 ? null : columnOf(plain.map(({ values }) => values[0])),
    },
    texts: rows.map(({ place, values }) =>
      place === texts.length
        ? values[0]
        : texts[place].split('*').reduce((text, piece, at) => text + values[at - 1] + piece),
    ),
  }
}

const hasher = new ValueHasher([1, 2, 3, 4])

for (const kernel of [TemplateHashKernel.open(), TemplateHashKernel.open(refuseKernel)])
  test(`a text has the hash that it has by itself, whatever its template, or without one: ${kernel === null ? 'twin' : 'kernel'}`, () => {
    checkTexts(kernel)
  })

function checkTexts(kernel: TemplateHashKernel | null): void {
  const patterns = ['user * logged in from *', '*', '* *', 'nothing changes', 'é*가**', '', 'a*']
  const words = ['', 'b', '7', 'root', 'é', '10.0.0.1', 'x'.repeat(64), 'y'.repeat(65), 'z'.repeat(5000)]
  for (let round = 0; round < 50; round++) {
    const rows = Array.from({ length: 1 + random.below(80) }, () => ({
      place: random.below(patterns.length + 1),
      values: Array.from({ length: 3 }, () => words[random.below(words.length)]),
    }))
    const { templates, texts } = templatesOf(patterns, rows)
    const { count, words: hashes, isFilled, ofRow } = hashedTemplates(templates, hasher, kernel)
    assert.equal(count, rows.length)
    assert.equal(ofRow, null)
    for (const [row, text] of texts.entries()) {
      const expected = new Uint32Array(HASH_WORDS)
      if (text !== '') hasher.hashText(text, expected, 0)
      assert.equal(isFilled[row], text === '' ? 0 : 1)
      const hash = hashes.subarray(row * HASH_WORDS, (row + 1) * HASH_WORDS)
      assert.deepEqual(hash, expected, `row ${row}: ${text.slice(0, 80)}`)
    }
  }
}

/** Of one template; values of each slot, row by row, in memory that some of them share. */
function templateOf(
  text: string,
  slots: readonly number[],
  values: readonly (readonly string[])[],
): TextTemplates {
  const rowCount = values[0].length
  const columns = values.map((texts) => sharedColumnOf(texts))
  const template = {
    ...{ text: encoder.encode(text), slots, rowCount },
    isDigits: () => false,
    values: (slot: number) => columns[slot],
  }
  return { templates: [template], ofRow: new Uint32Array(rowCount), plain: null }
}

function sharedColumnOf(texts: readonly string[]): ReturnType<TextTemplate['values']> {
  const distinct = [...new Set(texts)]
  const column = columnOf(distinct)
  const numbers = new Map(distinct.map((text, number) => [text, number]))
  const numberOf = Uint32Array.from(texts, (text) => numbers.get(text) ?? 0)
  return {
    data: column.data,
    starts: numberOf.map((number) => column.starts[number]),
    lengths: numberOf.map((number) => column.lengths[number]),
  }
}

/** Rows that the kernel took. */
class WatchedKernel {
  taken = 0
  readonly kernel: TemplateHashKernel

  constructor() {
    const kernel = TemplateHashKernel.open()
    assert.ok(kernel !== null)
    this.kernel = kernel
    const hash = kernel.hash.bind(kernel)
    kernel.hash = (...words) => {
      const taken = hash(...words)
      this.taken += taken
      return taken
    }
  }
}

function assertSame(templates: TextTemplates, taken: number): void {
  const watched = new WatchedKernel()
  const found = hashedTemplates(templates, hasher, watched.kernel)
  const wanted = hashedTemplates(templates, hasher, null)
  // Bytes, of which no difference is printed: that of a million numbers would take minutes.
  assert.ok(Buffer.from(found.words.buffer).equals(Buffer.from(wanted.words.buffer)), 'other hashes')
  assert.ok(Buffer.from(found.isFilled).equals(Buffer.from(wanted.isFilled)), 'other rows are empty')
  assert.equal(watched.taken, taken)
}

const textsOf = (count: number, make: (at: number) => string): string[] =>
  Array.from({ length: count }, (_, at) => make(at))

test('the kernel takes more rows than it has room for in several turns', () => {
  const users = textsOf(20_000, () => 'x'.repeat(random.below(40)))
  const ports = textsOf(20_000, () => String(random.below(65_536)))
  assertSame(templateOf('user  from port ', [5, 16], [users, ports]), 20_000)
})

test('what the kernel has no room for is the work of its twin', () => {
  const small = textsOf(40, (at) => `value ${at}`)
  assertSame(templateOf('a', [1], [[...small, 'y'.repeat(300_000)]]), 0)
  assertSame(templateOf('z'.repeat(250_000), [7], [small]), 0)
  assertSame(templateOf('z'.repeat(150_000), [7], [small]), 40)
  assertSame(templateOf('', new Array(1100).fill(0), new Array(1100).fill(small)), 0)
  assertSame(templateOf('', new Array(1000).fill(0), new Array(1000).fill(small)), 40)
  assertSame(templateOf('a', [0], [textsOf(60, (at) => `${at}`.repeat(20_000))]), 0)
  assertSame(templateOf('few', [3], [small.slice(0, 7)]), 0)
})

test('rows of every length hash alike, also where longer ones were before', () => {
  const values = textsOf(400, (at) => (at % 2 === 0 ? 'q'.repeat(at % 97) : 'r'.repeat(400 - at)))
  assertSame(templateOf('<>', [1], [values]), 400)
  assertSame(templateOf('', [0, 0], [values, textsOf(400, (at) => (at % 3 === 0 ? '' : 'é'))]), 400)
})
