/** Packed rows are what `recordRowOf` makes of the same rows, and lines of them what `rowTextJson` does. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { type Block, FIELD_FALSE, FIELD_NULL, FIELD_NUMBER, FIELD_TRUE } from '../../record/record.ts'
import { recordRowOf } from '../materialize.ts'
import { recordRowsOf } from '../record-rows.ts'
import type { RecordRow } from '../row.ts'
import { rowTextJson } from '../row-fields.ts'
import { rowMapOf } from '../row-map.ts'
import { RowPage } from '../row-page.ts'
import { streamText } from '../special-fields.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, JudgingBlock, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'
import {
  buffersOf,
  HEAD_STREAM,
  HEADS_PER_ROW,
  heldBytesOf,
  type PackedRows,
  packedCount,
  unpackRows,
} from './packed-rows.ts'
import { RowPacker } from './row-packer.ts'

const BYTES_MAX = 64 * 1024 * 1024

function packed(block: Block, rows: Uint32Array): PackedRows {
  const packer = new RowPacker(rows.length, BYTES_MAX)
  packer.add(block, rows)
  return packer.take()
}

const TEXTS = [
  '',
  'plain',
  '"quoted" \\ and\ttabbed\r\n\b\f',
  '\u0000\u0001\u001f\u007f\u0080',
  'é 漢 😀 \ufeff\u2028\u2029',
  '\ufeff',
  '\udc80 not \udcff utf-8 \udced\udca0\udc80',
  'cut off \udce6\udcbc',
  'x'.repeat(300),
]
const NAMES = ['a', 'b"', 'level', '_time', '_stream_id', '_truncated', 'é\u0001', '__proto__']

function recordOf(random: SeededRandom, names: readonly string[]): TestRecord {
  const text = (): string => TEXTS[random.below(TEXTS.length)]
  const kinds = [FIELD_NUMBER, FIELD_TRUE, FIELD_FALSE, FIELD_NULL]
  const value = () => (random.chance(0.6) ? text() : { text: text(), kind: kinds[random.below(4)] })
  const name = (): string => names[random.below(names.length)]
  const random4 = Array.from({ length: random.below(4) }, () => [name(), value()])
  return {
    message: text() + (random.chance(0.5) ? text() : ''),
    level: ['', 'ERROR', 'warning', 'très "odd"'][random.below(4)],
    isTruncated: random.chance(0.1),
    timeMs: [0, 1000, 1500, -1, 1_750_000_000_123][random.below(5)],
    timeNs: [0, 0, 1000, 456_000, 1, 999_999][random.below(6)],
    stream: random.chance(0.6) ? { [name()]: text(), ...(random.chance(0.3) && { z: text() }) } : {},
    fields: Object.fromEntries(random4),
  }
}

/** By seed: few fields, as senders have them, or so many that rows are read one by one. */
function namesOf(seed: number): readonly string[] {
  return seed % 4 === 0 ? Array.from({ length: 60 }, (_, at) => `n${at}`) : NAMES
}

/** Arrays that view a part of a memory compare unlike those that have one of their own. */
function asLists(row: RecordRow): unknown {
  const list = ({ name, kind, value }: (typeof row.fields)[number]) => [name, kind, ...value]
  return { ...row, message: [...row.message], fields: row.fields.map(list), stream: row.stream.map(list) }
}

describe('packed rows', () => {
  it('read as they were, on the other side of a transfer', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed)
      const records = Array.from({ length: 1 + random.below(60) }, () => recordOf(random, namesOf(seed)))
      const own = blockOf(records, 1, seed % 5 === 0)
      const block = seed % 3 === 0 ? new JudgingBlock(own, false) : own
      const share = random.chance(0.3) ? 0.05 : 0.9
      const rows = Uint32Array.from(records.keys()).filter(() => random.chance(share))
      const wanted = Array.from(rows, (row) => recordRowOf(block, row))
      const made = packed(block, rows)
      const moved = structuredClone(made, { transfer: buffersOf(made) })
      assert.equal(made.bytes.length, 0, 'the memory was moved')
      const found = unpackRows(moved)
      assert.deepEqual(found.map(asLists), wanted.map(asLists), `seed ${seed}`)
      for (const { fields, stream } of found)
        assert.ok(
          stream.every((field) => fields.includes(field)),
          `seed ${seed}`,
        )
    }
  })

  it('take messages alone where they lie far apart', () => {
    const records = Array.from({ length: 12_000 }, (_, at) => ({ message: `m${at}`, level: 'info' }))
    const plain = blockOf(records)
    const rows = Uint32Array.from({ length: 1500 }, (_, at) => at * 8)
    const wanted = Array.from(rows, (row) => recordRowOf(plain, row))
    const block = Object.assign(new JudgingBlock(plain, false), {
      layoutGroups: () => ({
        held: [[]],
        ofRow: () => null,
        rowCounts: () => Uint32Array.of(records.length),
      }),
      messagesOf(asked: Uint32Array) {
        const { message } = plain
        const starts = Uint32Array.from(asked, (row) => message.starts[row])
        return { ...message, starts, lengths: Uint32Array.from(asked, (row) => message.lengths[row]) }
      },
    })
    assert.deepEqual(unpackRows(packed(block, rows)).map(asLists), wanted.map(asLists))
    assert.ok(!block.columnsRead.includes('_msg'), 'the whole column is read')
    packed(
      block,
      rows.map((_, at) => at),
    )
    assert.ok(block.columnsRead.includes('_msg'), 'rows that follow each other are read from the column')
  })

  it('may be none', () => {
    assert.deepEqual(unpackRows(new RowPacker(0, 1).take()), [])
  })

  it('end with the one that is too much, and are then over', () => {
    const block = blockOf(Array.from({ length: 40 }, () => ({ message: 'x'.repeat(424) })))
    for (const rows of [Uint32Array.from({ length: 40 }, (_, row) => row), Uint32Array.of(0, 1)]) {
      const packer = new RowPacker(rows.length, 1500)
      packer.add(block, rows)
      assert.equal(packer.rowCount, 2)
      assert.equal(packer.isOver, true)
    }
    assert.equal(heldBytesOf(packed(block, Uint32Array.of(0, 1))), 2000)
  })

  it('tell streams apart where blocks keep equal values once, and one within another', () => {
    const values = ['x', 'xy', 'y', '']
    const records = values.flatMap((a) => values.map((b) => ({ stream: { a, b }, message: `${a} ${b}` })))
    const block = blockOf([...records, ...records])
    const wanted = Array.from({ length: 32 }, (_, row) => recordRowOf(block, row))
    const { field } = block
    block.field = (name) => {
      const column = field.call(block, name)!
      const texts = Array.from(column.starts, (start, row) =>
        Buffer.from(column.data.slice(start, start + column.lengths[row])).toString(),
      )
      return {
        ...column,
        data: Buffer.from('xy'),
        starts: Uint32Array.from(texts, (text) => 'xy'.indexOf(text)),
      }
    }
    const made = packed(
      block,
      Uint32Array.from({ length: 32 }, (_, row) => row),
    )
    assert.deepEqual(unpackRows(made).map(asLists), wanted.map(asLists))
    const streams = wanted.map(({ stream }) => streamText(stream))
    const numbers = Array.from(streams, (_, row) => made.heads[row * HEADS_PER_ROW + HEAD_STREAM])
    assert.deepEqual(
      numbers.map((number) => made.texts[number]),
      streams,
    )
  })

  it('leave nothing where the block fails in between', () => {
    const block = blockOf([{ message: 'a', isTruncated: true }, { message: 'b', isTruncated: true }, {}])
    const packer = new RowPacker(6, BYTES_MAX)
    const { fieldsOf } = block
    let asked = 0
    block.fieldsOf = (row) => {
      if (++asked === 2) throw new Error('damaged')
      return fieldsOf.call(block, row)
    }
    assert.throws(() => packer.add(block, Uint32Array.of(0, 1, 2)))
    assert.equal(packer.rowCount, 0)
    packer.add(block, Uint32Array.of(1))
    assert.deepEqual(
      unpackRows(packer.take()).map(({ id, message }) => [id, ...message]),
      [[2, 0x62]],
    )
  })
})

// ---- pages ------------------------------------------------------------------------------------------------------

/** The rows of two blocks, with ids that lie between each other, asked for in any order. */
function pageOf(random: SeededRandom, names: readonly string[]): RowPage {
  const packs = [1, 31].map((firstId) => {
    const records = Array.from({ length: 30 }, () => recordOf(random, names))
    return packed(
      blockOf(records, firstId),
      Uint32Array.from({ length: 30 }, (_, row) => row),
    )
  })
  const ids = Float64Array.from({ length: 61 }, (_, at) => at + 1)
  if (random.chance(0.5)) for (let at = 60; at > 0; at--) swap(ids, at, random.below(at + 1))
  return new RowPage(packs, ids)
}

function swap(list: Float64Array, a: number, b: number): void {
  ;[list[a], list[b]] = [list[b], list[a]]
}

async function* only<T>(item: T): AsyncGenerator<T> {
  yield item
}

describe('a page of rows', () => {
  it('has the rows in the order of the ids, without those that are not there', () => {
    const packs = [blockOf([{}, {}], 5), blockOf([{}, {}], 8)].map((block) =>
      packed(block, Uint32Array.of(0, 1)),
    )
    const page = new RowPage(packs, Float64Array.of(9, 5, 7, 6, 8))
    assert.deepEqual(
      page.rows().map(({ id }) => id),
      [9, 5, 6, 8],
    )
  })

  for (const pipes of [
    '',
    '| fields *',
    '| fields *, _stream_id',
    '| limit 9 | fields *',
    '| fields a, _time, _msg',
  ])
    it(`becomes the lines that its rows would become with \`*${pipes}\``, async () => {
      const query = parseQuery(`* ${pipes}`, { nowMs: TEST_NOW_MS })
      const mapRow = rowMapOf(query)
      for (let seed = 1; seed <= 60; seed++) {
        const page = pageOf(new SeededRandom(seed), namesOf(seed))
        assert.equal(page.rowCount, 60)
        const wanted = page.rows().map((row) => `${rowTextJson(mapRow(row))}\n`)
        let count = 0
        const pieces: Uint8Array[] = []
        for await (const { bytes, rowCount } of recordRowsOf(query, only(page)).lines()) {
          pieces.push(bytes)
          count += rowCount
        }
        assert.equal(count, 60)
        assert.equal(
          Buffer.concat(pieces).toString('latin1'),
          Buffer.from(wanted.join('')).toString('latin1'),
        )
      }
    })

  it('becomes lines also where a message is longer than a piece, and needs escapes', async () => {
    const messages = ['"'.repeat(256 * 1024), '\u0001'.repeat(100_000), `${'a'.repeat(90_000)}\udcff`]
    const block = blockOf(messages.map((message) => ({ message })))
    const page = new RowPage([packed(block, Uint32Array.of(0, 1, 2))], Float64Array.of(1, 2, 3))
    const wanted = page.rows().map((row) => `${rowTextJson(row)}\n`)
    const pieces = await Array.fromAsync(recordRowsOf(parseQuery('*', { nowMs: 0 }), only(page)).lines())
    assert.equal(Buffer.concat(pieces.map(({ bytes }) => bytes)).toString(), wanted.join(''))
    assert.equal(packedCount(page.packs[0]), 0, 'the memory was given back')
  })
})
