import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { DigitText } from './digit-run.ts'
import { ENCODINGS } from './encodings.ts'
import { encodeRows, randomRows, VALUE_KINDS } from './test-columns.ts'

const SEEDS = 3000
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

test('a text of digits stands in a number where it stands in the printed one', () => {
  const random = new SeededRandom(7)
  for (let round = 0; round < 20_000; round++) {
    const digits = 1 + random.below(15)
    const number = Math.floor(random.below(1_000_000_000) * 10 ** (digits - 9)) + random.below(10)
    const printed = String(number)
    const width = printed.length + random.below(3)
    const text = printed.padStart(width, '0')
    if (width > 15) continue
    const from = random.below(width)
    const cut = text.slice(from, from + 1 + random.below(random.chance(0.8) ? 4 : 13))
    const wanted = random.chance(0.7) ? cut : String(random.below(1000)).padStart(1 + random.below(4), '0')
    const known = DigitText.of(bytesOf(wanted))
    assert.equal(known?.isIn(number, width), text.includes(wanted), `${wanted} in ${text}`)
  }
})

test('what is no text of digits, or a long one, is not searched in numbers', () => {
  for (const text of ['', 'a', '1a', '-1', '1.5', '123456789012345'])
    assert.equal(DigitText.of(bytesOf(text)), null, text)
})

test('columns that know which values hold digits know it of every value', () => {
  const kinds = Object.keys(VALUE_KINDS)
  const seen = { known: 0, found: 0, dictionaries: 0 }
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const kind = kinds[random.below(kinds.length)]
    const rows = randomRows(kind, seed, 1 + random.below(40))
    const values = random.chance(0.3) ? rows.map((_, row) => rows[row % 4]) : rows
    const value = values[random.below(values.length)]
    const runs = value.match(/\d+/g) ?? ['6']
    const run = runs[random.below(runs.length)]
    const from = random.below(run.length)
    const text = run.slice(from, from + 1 + random.below(5))
    for (const encoding of ENCODINGS) {
      const encoded = encodeRows(encoding, values)
      if (encoded === null) continue
      const column = encoding.decode(encoded, values.length)
      const found = column.valuesWith(bytesOf(text))
      if (found === null) continue
      const held = column.dictionary?.values().map((one) => Buffer.from(one).toString('latin1')) ?? values
      const expected = held.map((one) => Number(one.includes(text)))
      assert.deepEqual([...found], expected, `seed ${seed}, ${kind} as ${encoding.name}, ${text}`)
      seen.known++
      if (column.dictionary !== null) seen.dictionaries++
      if (expected.includes(1)) seen.found++
    }
  }
  const isTelling = seen.known > SEEDS / 4 && seen.found > SEEDS / 8 && seen.dictionaries > SEEDS / 100
  assert.ok(isTelling, JSON.stringify(seen))
})
