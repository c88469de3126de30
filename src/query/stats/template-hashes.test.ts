import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import type { TextTemplate, TextTemplates } from '../../record/record.ts'
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

test('a text has the hash that it has by itself, whatever its template, or without one', () => {
  const hasher = new ValueHasher([1, 2, 3, 4])
  const patterns = ['user * logged in from *', '*', '* *', 'nothing changes', 'é*가**', '', 'a*']
  const words = ['', 'b', '7', 'root', 'é', '10.0.0.1', 'x'.repeat(64), 'y'.repeat(65), 'z'.repeat(5000)]
  for (let round = 0; round < 50; round++) {
    const rows = Array.from({ length: 1 + random.below(80) }, () => ({
      place: random.below(patterns.length + 1),
      values: Array.from({ length: 3 }, () => words[random.below(words.length)]),
    }))
    const { templates, texts } = templatesOf(patterns, rows)
    const { count, words: hashes, isFilled, ofRow } = hashedTemplates(templates, hasher)
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
})
