/** One pass over values finds the rows of every text, as a search for each text alone does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { Needle } from '../../base/portable.ts'
import type { Column, TestNeedle } from '../../record/record.ts'
import { columnOfValues } from '../values/text-column.ts'
import { NEEDLE_BYTES_MIN, type NeedleRows, NeedleSearch } from './needle-search.ts'

const utf8 = new TextEncoder()

const needleOf = (bytes: Uint8Array, anyCase = false): TestNeedle => ({
  bytes: new Needle(bytes, anyCase).bytes,
  ...{ startsWord: false, endsWord: false, isWhole: false, decides: true },
  ...(anyCase && { anyCase }),
})

const shown = (rows: NeedleRows | null): number[][] | null =>
  rows?.map((each) => Array.from(each?.indexes() ?? [])) ?? null

/** Row by row, text by text. */
function naive({ data, starts, lengths }: Column, needles: readonly TestNeedle[]): number[][] {
  return needles.map(({ bytes, anyCase }) => {
    const needle = new Needle(bytes, anyCase)
    const rows = Array.from(starts, (_, row) => row)
    return rows.filter((row) => needle.indexIn(data, starts[row], starts[row] + lengths[row]) >= 0)
  })
}

function distinct(needles: readonly TestNeedle[]): TestNeedle[] {
  return [...new Map(needles.map((needle) => [`${needle.anyCase} ${needle.bytes.join()}`, needle])).values()]
}

test('the rows of every text are found, whatever the values are', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = new SeededRandom(seed)
    const letters = utf8.encode(seed % 3 === 0 ? 'ab' : 'aAbB @`[{0')
    const bytesOf = (length: number): Uint8Array =>
      Uint8Array.from({ length }, () =>
        seed % 5 === 0 ? random.below(256) : letters[random.below(letters.length)],
      )
    const values = Array.from({ length: 1 + random.below(40) }, () => bytesOf(random.below(30)))
    const shortest = NEEDLE_BYTES_MIN + random.below(3)
    const pieceOf = (value: Uint8Array): Uint8Array => {
      const from = random.below(Math.max(1, value.length - shortest + 1))
      return value.slice(from, from + shortest + random.below(9))
    }
    const needles = distinct(
      Array.from({ length: 1 + random.below(20) }, () => {
        const own = random.chance(0.7) ? pieceOf(values[random.below(values.length)]) : new Uint8Array(0)
        const bytes = own.length >= shortest ? own : bytesOf(shortest + random.below(6))
        return needleOf(bytes, random.chance(0.5))
      }),
    )
    const search = new NeedleSearch(needles)
    const column = columnOfValues(values)
    assert.deepEqual(shown(search.rowsOf(column)), naive(column, needles), `seed ${seed}`)
    // Runs were chosen by other values.
    const others = columnOfValues(values.map((_, row) => bytesOf(row % 50)))
    assert.deepEqual(shown(search.rowsOf(others)), naive(others, needles), `seed ${seed}, others`)
  }
})

test('rows that share their value share what it holds', () => {
  const data = utf8.encode('service=checkout, service=cart')
  const starts = Uint32Array.of(8, 8, 18, 8, 26, 26)
  const lengths = Uint32Array.of(8, 8, 7, 8, 4, 4)
  const needles = ['check', 'cart', 'heck', 'never'].map((text) => needleOf(utf8.encode(text)))
  const rows = new NeedleSearch(needles).rowsOf({ data, starts, lengths, kinds: null })
  assert.deepEqual(shown(rows), [[0, 1, 3], [4, 5], [0, 1, 3], []])
})

test('values that look like the texts everywhere are given up, and others are searched again', () => {
  const needles = Array.from({ length: 100 }, (_, at) => needleOf(utf8.encode(`${'a'.repeat(500)}${at}`)))
  const search = new NeedleSearch(needles)
  assert.equal(search.rowsOf(columnOfValues([utf8.encode('a'.repeat(200_000))])), null)
  const value = utf8.encode(`x${'a'.repeat(500)}17`)
  assert.deepEqual(shown(search.rowsOf(columnOfValues([value])))?.[17], [0])
})
