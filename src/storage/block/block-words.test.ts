import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { instantiateKernel, SeededRandom } from '../../base/base.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import { ColumnKernel } from '../columns/column-kernel.ts'
import type { ValueTable } from '../columns/column-values.ts'
import { columnOf } from '../columns/test-columns.ts'
import { decodeWordFilter, encodeWordFilter } from '../filter/word-filter.ts'
import { WordSet } from '../filter/word-set.ts'
import { BlockWords } from './block-words.ts'

const SEED = { low: 0x9abcdef0, high: 0x12345678 }
const kernel = ColumnKernel.open(instantiateKernel)
assert.ok(kernel !== null)

const ALPHABETS = ['abcdef0123456789_-', 'ab c=/.:', 'xyz_09 ', 'aé ñ\u4e2dx0', '\x00\xffab\x80 ']

function randomTable(seed: number, count: number, alphabet: string): ValueTable {
  const random = new SeededRandom(seed)
  const text = (): string => {
    const length = random.chance(0.02) ? 300 : random.chance(0.05) ? 48 + random.below(24) : random.below(24)
    return Array.from({ length }, () => alphabet[random.below(alphabet.length)]).join('')
  }
  const rows = Array.from({ length: count }, () => Buffer.from(text()).toString('latin1'))
  return columnOf([...new Set(rows)]).table
}

function addToSet(set: WordSet, { bytes, starts, ends, count }: ValueTable): void {
  for (let value = 0; value < count; value++) set.addWords(bytes, starts[value], ends[value])
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('Words of a block', () => {
  for (const bytesMin of [1, 6]) {
    it(`of ASCII make the filter of the twin, byte for byte, from ${bytesMin} bytes on`, () => {
      const words = new BlockWords(SEED, bytesMin, kernel.words)
      for (let seed = 1; seed <= shortOrLong(15, 40); seed++) {
        const table = randomTable(seed, [0, 1, 30, 500, 8000][seed % 5], ALPHABETS[seed % 3])
        const set = new WordSet(SEED, bytesMin)
        addToSet(set, table)
        // A set that was used has more places, and another order.
        const own = ColumnKernel.open(instantiateKernel)
        const fresh = new BlockWords(SEED, bytesMin, own?.words ?? null)
        fresh.addTable(table, own?.begin(table) ?? false)
        for (const bits of [4, 8] as const)
          assert.equal(hex(fresh.encode(bits)), hex(encodeWordFilter(set, bits)), `seed ${seed}`)
        words.clear()
        words.addTable(table, kernel.begin(table))
        assert.equal(words.encode(8).length, encodeWordFilter(set, 8).length, `seed ${seed}`)
      }
    })
  }

  it('are all in the filter, whatever bytes they have and whoever gathers them', () => {
    const words = new BlockWords(SEED, 3, kernel.words)
    for (let seed = 1; seed <= shortOrLong(15, 40); seed++) {
      const random = new SeededRandom(seed)
      const alphabet = ALPHABETS[seed % ALPHABETS.length]
      const tables = Array.from({ length: 1 + random.below(3) }, (_, n) =>
        randomTable(seed * 10 + n, 400, alphabet),
      )
      const alone = randomTable(seed * 10 + 9, 50, alphabet)
      const set = new WordSet(SEED, 3)
      words.clear()
      for (const table of tables) {
        words.addTable(table, random.chance(0.8) && kernel.begin(table))
        addToSet(set, table)
      }
      for (let value = 0; value < alone.count; value++)
        words.addWords(alone.bytes, alone.starts[value], alone.ends[value])
      addToSet(set, alone)
      const filter = decodeWordFilter(words.encode(8))
      assert.equal(filter.words, set.count, `seed ${seed}`)
      const { lows, highs } = set.hashes()
      for (let i = 0; i < lows.length; i++)
        assert.ok(filter.mayContainHash(lows[i], highs[i]), `seed ${seed}, hash ${i}`)
    }
  })

  it('are all in the filter where they are more than the kernel has room for', () => {
    const words = new BlockWords(SEED, 6, kernel.words)
    const set = new WordSet(SEED, 6)
    const random = new SeededRandom(3)
    for (let turn = 0; turn < 3; turn++) {
      const rows = Array.from({ length: 120_000 }, () => `w${random.uint32()}x${random.uint32()}`)
      const { table } = columnOf(rows)
      words.addTable(table, kernel.begin(table))
      addToSet(set, table)
    }
    assert.ok(set.count > 300_000)
    const filter = decodeWordFilter(words.encode(8))
    assert.equal(filter.words, set.count)
    const { lows, highs } = set.hashes()
    for (let i = 0; i < lows.length; i++) assert.ok(filter.mayContainHash(lows[i], highs[i]), `hash ${i}`)
  })

  it('of one block are not those of the next', () => {
    const words = new BlockWords(SEED, 1, kernel.words)
    const first = columnOf(['alpha', 'beta']).table
    words.addTable(first, kernel.begin(first))
    words.clear()
    assert.equal(decodeWordFilter(words.encode(8)).words, 0)
    const second = columnOf(['gamma']).table
    words.addTable(second, kernel.begin(second))
    // `of another column` stands in every table of the tests.
    assert.equal(decodeWordFilter(words.encode(8)).words, 4)
  })
})
