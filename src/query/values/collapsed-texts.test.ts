import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import type { TextGroups } from '../batches/batch-column.ts'
import { collapseNumbers, collapseNumbersPretty } from './collapse-nums.ts'
import { CollapsedTexts } from './collapsed-texts.ts'
import { encodeText } from './text.ts'

const textsOf = ({ texts, ofRow }: TextGroups, rowCount: number): string[] =>
  Array.from({ length: rowCount }, (_, row) => texts[ofRow === null ? 0 : ofRow[row]])

const PIECES = [
  'a',
  'bc',
  ' ',
  '1',
  '22',
  '0x',
  '-',
  '.',
  ':',
  'é',
  '\udcff',
  'ffff',
  '2edfed59-3e98-4073-bbb2-28d321ca71a7',
]

function randomTexts(random: SeededRandom, count: number): string[] {
  return Array.from({ length: count }, () =>
    Array.from({ length: random.below(8) }, () => PIECES[random.below(PIECES.length)]).join(''),
  )
}

function storedOf(texts: readonly string[]) {
  const values = texts.map(encodeText)
  const data = new Uint8Array(values.reduce((sum, { length }) => sum + length, 0))
  const starts = new Uint32Array(values.length)
  let size = 0
  for (const [row, value] of values.entries()) {
    starts[row] = size
    data.set(value, size)
    size += value.length
  }
  return { data, starts, lengths: Uint32Array.from(values, ({ length }) => length), kinds: null }
}

test('texts, columns of bytes and single texts become what each becomes by itself', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    for (const isPretty of [false, true]) {
      const one = isPretty ? collapseNumbersPretty : collapseNumbers
      const collapsed = new CollapsedTexts(isPretty, seed)
      for (let batch = 0; batch < 3; batch++) {
        const texts = randomTexts(random, 1 + random.below(200))
        const wanted = texts.map(one)
        assert.deepEqual(textsOf(collapsed.groupsOfTexts(texts), texts.length), wanted, `seed ${seed}`)
        const column = storedOf(texts)
        const all = collapsed.groupsOfStored({ column, rows: null }, texts.length)
        assert.deepEqual(textsOf(all, texts.length), wanted, `seed ${seed}`)
        const rows = Uint32Array.from({ length: 20 }, () => random.below(texts.length))
        const some = collapsed.groupsOfStored({ column, rows }, rows.length)
        assert.deepEqual(
          textsOf(some, rows.length),
          Array.from(rows, (row) => wanted[row]),
          `seed ${seed}`,
        )
        assert.equal(collapsed.textOf(texts[0]), wanted[0])
      }
    }
  }
})

test('messages that differ in numbers only are one group', () => {
  const { texts, ofRow } = new CollapsedTexts(false, 1).groupsOfTexts(['a 1', 'b 2', 'a 33', 'a 4'])
  assert.deepEqual(texts, ['a <N>', 'b <N>'])
  assert.deepEqual([...(ofRow ?? [])], [0, 1, 0, 0])
})

test('more different texts than are remembered stay right', () => {
  const collapsed = new CollapsedTexts(false, 1)
  for (let batch = 0; batch < 3; batch++) {
    const texts = Array.from({ length: 40_000 }, (_, row) => `word${batch}x${row} 5`)
    assert.deepEqual(
      textsOf(collapsed.groupsOfTexts(texts), texts.length),
      texts.map((text) => text.replace(/ 5$/, ' <N>')),
    )
  }
})

test('the text before those that were forgotten is made again', () => {
  const collapsed = new CollapsedTexts(false, 1)
  const texts = Array.from({ length: 70_000 }, (_, row) => `wordx${row} 5`)
  collapsed.groupsOfTexts([...texts, 'the end 5'])
  assert.equal(collapsed.textOf('the end 7'), 'the end <N>')
  assert.deepEqual(collapsed.groupsOfTexts(['the end 8']).texts, ['the end <N>'])
})

test('a column without a value is empty in all rows', () => {
  assert.deepEqual(new CollapsedTexts(false, 1).groupsOfStored({ column: null, rows: null }, 3), {
    texts: [''],
    ofRow: null,
  })
})

test('texts whose hashes are the same stay apart', () => {
  // Found by trying: both have the same hash with seed 1.
  const texts = ['oytwruih', 'uwmptjwi', 'oytwruih']
  const collapsed = new CollapsedTexts(false, 1)
  assert.deepEqual(textsOf(collapsed.groupsOfTexts(texts), 3), texts)
  assert.deepEqual(
    texts.map((text) => collapsed.textOf(text)),
    texts,
  )
})

test('what became of the text before says nothing of one that only looks like it', () => {
  const neighbours = [
    ['10.0.0.1', '192.168.1.20', '1.2.3', '1.2.3.4.5', '<N>.<N>.<N>.<N>', '<N', 'a.b.c.d'],
    ['took 5 ms', 'took 17 ms', 'took 5 ms!', 'took x ms', 'took ', 'took 5', 'took 5ms', 'took <N> ms'],
    ['id abcdefab', 'id abcdefab-abcd-abcd-abcd-abcdefabcdef', 'id cafe', 'id 12345678'],
    ['12345678-1234-1234-1234-123456789012', 'abcdefab-1234-1234-1234-123456789012', '1-2-3-4-5'],
    ['abcdefab-1234-1234-1234-12345678901', 'abcdefab-1234-1234-1234-123456789012'],
    ['1234 abcd', '1234', '12', '1234 abc'],
    ['v 2', 'v2', 'x2', '0x2', '2', '', '22', '\udcff2', '\udcff3', 'é2'],
  ]
  for (const texts of neighbours) {
    const collapsed = new CollapsedTexts(false, 1)
    for (const first of texts) {
      for (const second of texts) {
        const pair = [first, second]
        const column = storedOf(pair)
        const { texts: found, ofRow } = collapsed.groupsOfStored({ column, rows: null }, 2)
        assert.deepEqual(textsOf({ texts: found, ofRow }, 2), pair.map(collapseNumbers))
      }
    }
  }
})

test('values that share their bytes are told apart by where they begin and how long they are', () => {
  const data = encodeText('12 ab')
  const values = [
    [0, 2],
    [0, 0],
    [0, 5],
    [3, 2],
    [0, 2],
    [0, 1],
    [3, 0],
    [0, 5],
  ]
  const column = {
    ...{ data, kinds: null },
    starts: Uint32Array.from(values, ([start]) => start),
    lengths: Uint32Array.from(values, ([, length]) => length),
  }
  const wanted = ['<N>', '', '<N> ab', 'ab', '<N>', '<N>', '', '<N> ab']
  const collapsed = new CollapsedTexts(false, 1)
  assert.deepEqual(textsOf(collapsed.groupsOfStored({ column, rows: null }, 8), 8), wanted)
  assert.deepEqual(textsOf(collapsed.groupsOfValues(column), 8), wanted)
})
