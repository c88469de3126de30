import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import { RowWriter, RowWriterMemory } from './row-writer.ts'

const random = new SeededRandom(11)
const lettersOf = (length: number): string =>
  Array.from({ length }, () => String.fromCharCode(0x61 + random.below(26))).join('')

/** Values that stand anywhere in memory, some of them shared. */
function columnOf(texts: readonly string[]) {
  const distinct = [...new Set(texts)]
  const data = Buffer.from(distinct.map((text) => `?${text}`).join(''))
  const places = new Map<string, number>()
  let at = 0
  for (const text of distinct) {
    places.set(text, at + 1)
    at += 1 + text.length
  }
  return {
    data,
    starts: Uint32Array.from(texts, (text) => places.get(text)!),
    lengths: Uint32Array.from(texts, ({ length }) => length),
  }
}

function exampleOf(rowCount: number) {
  const pieces = Array.from({ length: 1 + random.below(5) }, () => lettersOf(random.below(9)))
  const slots = pieces.slice(0, -1).map((_, at) => pieces.slice(0, at + 1).join('').length)
  const lengths = [0, 1, 3, 3, 3, 63, 64, 65, 5000]
  const some = Array.from({ length: 6 }, () => lettersOf(lengths[random.below(lengths.length)]))
  const values = slots.map(() => Array.from({ length: rowCount }, () => some[random.below(some.length)]))
  const rows = Array.from({ length: rowCount }, (_, row) =>
    pieces.map((piece, at) => (at === 0 ? piece : values[at - 1][row] + piece)).join(''),
  )
  return { text: Buffer.from(pieces.join('')), slots: Uint32Array.from(slots), values, rows }
}

test('rows of many templates are what they are, in any order, in one memory', () => {
  const memory = new RowWriterMemory()
  const examples = Array.from({ length: 40 }, () => exampleOf(30))
  const writers: RowWriter[] = []
  for (let round = 0; round < 8_000; round++) {
    // New writers come while others are in use, and may make the memory larger.
    const { text, slots, values } = examples[writers.length] ?? examples[0]
    if (round % 200 === 0 && writers.length < examples.length)
      writers.push(new RowWriter(text, slots, values.map(columnOf), memory))
    const at = random.below(writers.length)
    const first = random.below(30)
    // Mostly rows that follow each other.
    for (let row = first; row < Math.min(30, first + random.below(5)); row++) {
      const end = writers[at].write(row)
      assert.equal(Buffer.from(memory.bytes.subarray(0, end)).toString(), examples[at].rows[row])
    }
  }
})

test('a template with many slots has room', () => {
  const memory = new RowWriterMemory()
  const slots = new Uint32Array(500).fill(1)
  const values = Array.from(slots, (_, slot) => columnOf([`${slot} `, `${slot + 1} `]))
  const writer = new RowWriter(Buffer.from('()'), slots, values, memory)
  for (const row of [0, 1, 1, 0]) {
    const middle = Array.from(slots, (_, slot) => `${slot + row} `).join('')
    assert.equal(Buffer.from(memory.bytes.subarray(0, writer.write(row))).toString(), `(${middle})`)
  }
})
