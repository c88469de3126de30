import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import { spreadRuns } from '../../record/record.ts'
import { sampled } from '../../testing/test-length.ts'
import { ByteSink } from './byte-sink.ts'
import type { ColumnValues } from './column-values.ts'
import type { EncodedColumn, Encoding } from './encoding.ts'
import { chooseEncoding, decodeColumn, ENCODINGS, encodeColumn, newColumnHint } from './encodings.ts'
import { shapes } from './shapes.ts'
import { columnOf, encodeRows, factsOf, logColumns, randomRows, rowsOf, VALUE_KINDS } from './test-columns.ts'

/** Every encoding that takes the rows gives them back, and so does the one that is chosen. Answers its name. */
function assertComesBack(rows: readonly string[], what: string): string {
  const values = columnOf(rows)
  const facts = factsOf(values)
  const stored = new Set(Buffer.from(rows.join(''), 'latin1'))
  for (const encoding of ENCODINGS) {
    const plan = encoding.plan(values, facts)
    if (plan === null) continue
    const sink = new ByteSink(16)
    plan.write(sink)
    const bytes = sink.written().slice()
    assertColumn(encoding.decode(bytes, rows.length), rows, `${what} as ${encoding.name}`)
    const held = bytesHeld(encoding, bytes)
    for (const byte of stored)
      assert.ok(held.has(byte), `${what} as ${encoding.name}: byte ${byte} is not held`)
  }
  return chooseEncoding(values, facts).encoding.name
}

/** Bytes that the column says some value may have. */
function bytesHeld(encoding: Encoding, bytes: Uint8Array): Set<number> {
  const held = new Set<number>()
  for (let first = 0; first < 256; first += 32) {
    const bitsOf = Uint32Array.from({ length: 256 }, (_, byte) =>
      byte >>> 5 === first >>> 5 ? 1 << (byte & 31) : 0,
    )
    const bits = encoding.holds(bytes, bitsOf)
    for (let bit = 0; bit < 32; bit++) if ((bits & (1 << bit)) !== 0) held.add(first + bit)
  }
  return held
}

function assertColumn(column: EncodedColumn, rows: readonly string[], what: string): void {
  assert.equal(column.rowCount, rows.length, what)
  const back = rowsOf(column)
  const wrong = rows.findIndex((row, i) => row !== back[i])
  assert.equal(
    wrong,
    -1,
    `${what}: row ${wrong} was ${JSON.stringify(rows[wrong])}, is ${JSON.stringify(back[wrong])}`,
  )
  assert.equal(back.length, rows.length, what)
  if (column.dictionary !== null) {
    const values = column.dictionary.values().map((value) => Buffer.from(value).toString('latin1'))
    assert.equal(new Set(values).size, values.length, `${what}: distinct values`)
    assert.deepEqual(
      Array.from(column.dictionary.codes(), (code) => values[code]),
      back,
      `${what}: codes`,
    )
    const runs = column.dictionary.runs()
    if (runs !== null)
      assert.deepEqual(spreadRuns(runs), Uint32Array.from(column.dictionary.codes()), `${what}: runs`)
  }
  const bounds = column.numbers()
  if (bounds === null) return
  for (const row of rows)
    assert.ok(Number(row) >= bounds.min && Number(row) <= bounds.max, `${what}: bounds of ${row}`)
}

test('codes and names of encodings are unique', () => {
  assert.equal(new Set(ENCODINGS.map(({ code }) => code)).size, ENCODINGS.length)
  assert.equal(new Set(ENCODINGS.map(({ name }) => name)).size, ENCODINGS.length)
})

test('an unknown encoding is a damaged part', () => {
  assert.throws(() => decodeColumn(0, new Uint8Array(4), 1), { code: 'PART_CORRUPT' })
  assert.throws(() => decodeColumn(200, new Uint8Array(4), 1), { code: 'PART_CORRUPT' })
})

test('columns of every kind come back in every encoding that takes them', () => {
  for (const kind of Object.keys(VALUE_KINDS)) {
    for (const rowCount of [1, 2, 3, 7, 100, 1000]) {
      const seed = rowCount + 17
      assertComesBack(randomRows(kind, seed, rowCount), `${kind}, seed ${seed}, ${rowCount} rows`)
    }
  }
})

test('mixtures of kinds come back', () => {
  const kinds = Object.keys(VALUE_KINDS)
  for (let seed = 0; seed < 120; seed++) {
    const random = new SeededRandom(seed)
    const of = [kinds[random.below(kinds.length)], kinds[random.below(kinds.length)]]
    const columns = of.map((kind) => randomRows(kind, seed, 1 + random.below(60)))
    const rows = Array.from({ length: 1 + random.below(200) }, () => {
      const column = columns[random.chance(0.9) ? 0 : 1]
      return column[random.below(column.length)]
    })
    assertComesBack(rows, `${of.join(' and ')}, seed ${seed}`)
  }
})

test('the encoding that a reader would expect is chosen', () => {
  const expected: Record<string, string> = {
    'small integers': 'integers',
    'counters that grow': 'integers',
    'large integers': 'integers',
    'digits of one width': 'integers',
    decimals: 'decimals',
    addresses: 'ipv4',
    'block ids': 'shapes',
    uuids: 'positions',
    times: 'timestamps',
    levels: 'dictionary',
    bytes: 'plain',
  }
  for (const [kind, name] of Object.entries(expected)) {
    const values = columnOf(randomRows(kind, 5, 4000))
    assert.equal(chooseEncoding(values, factsOf(values)).encoding.name, name, kind)
  }
  const equal = columnOf(['a', 'a', 'a'])
  assert.equal(chooseEncoding(equal, factsOf(equal)).encoding.name, 'constant')
})

test('65,536 rows, and values of 256 KiB, come back', () => {
  for (const kind of ['uuids', 'block ids', 'times', 'levels', 'awkward ones', 'decimals'])
    assertComesBack(randomRows(kind, 3, 65_536), kind)
  const large = ['a', '7', '\xff'].map((letter) => letter.repeat(1 << 18))
  assertComesBack(large, 'large values')
  assertComesBack([...large, ...large, '', '1'], 'large values again')
  assertComesBack([large[1]], 'one large value')
})

test('300,000 rows, more than any memory is kept for, come back', () => {
  for (const kind of sampled(['large integers', 'block ids', 'uuids', 'levels', 'runs of one'], 2)) {
    const rows = randomRows(kind, 4, 300_000)
    const values = columnOf(rows)
    const sink = new ByteSink()
    const encoding = encodeColumn(values, factsOf(values), sink)
    const column = decodeColumn(encoding.code, sink.written().slice(), rows.length)
    assert.ok(rowsOf(column).join('\n') === rows.join('\n'), `${kind} as ${encoding.name}`)
  }
})

test('columns that share memory come back when they are decoded after one another', () => {
  const kinds = Object.keys(VALUE_KINDS)
  const columns = kinds.map((kind) => {
    const rows = randomRows(kind, 6, 300)
    const values = columnOf(rows)
    const sink = new ByteSink()
    const { code } = encodeColumn(values, factsOf(values), sink)
    const column = decodeColumn(code, sink.written().slice(), rows.length)
    column.materialize()
    return { rows, column }
  })
  columns.forEach(({ rows, column }, i) => {
    assertColumn(column, rows, kinds[i])
  })
})

test('a column says no only to a text that stands in no value', () => {
  const random = new SeededRandom(11)
  for (const [seed, kind] of Object.keys(VALUE_KINDS).entries()) {
    const rows = randomRows(kind, seed, 200)
    const others = randomRows(kind, seed + 100, 50)
    for (const encoding of ENCODINGS) {
      const bytes = encodeRows(encoding, rows)
      if (bytes === null) continue
      const column = encoding.decode(bytes, rows.length)
      for (const value of [...rows, ...others]) {
        const start = random.below(value.length + 1)
        const text = value.slice(start, start + 1 + random.below(value.length))
        const stands = rows.some((row) => row.includes(text))
        const answer = column.mayContain(Buffer.from(text, 'latin1'))
        assert.ok(
          answer || !stands,
          `${kind}: ${encoding.name} says that ${JSON.stringify(text)} is in no value`,
        )
      }
    }
  }
})

test('numbers tell that a block id, or an address with a port, is in no value', () => {
  const column = (rows: readonly string[]) => {
    const bytes = encodeRows(shapes, rows)
    assert.ok(bytes !== null)
    return shapes.decode(bytes, rows.length)
  }
  const blocks = column(['blk_-1608999687919862906', 'blk_7503483334202473044', 'blk_17', 'blk_0'])
  const says = (text: string): boolean => blocks.mayContain(Buffer.from(text))
  assert.deepEqual(['blk_7503483334202473044', 'blk_7503', '-16089', 'k_1', '7503'].map(says), [
    true,
    true,
    true,
    true,
    true,
  ])
  assert.deepEqual(['blk_7503483334202473', '_8', 'blk_75034833342024730441'].map(says), [true, false, true])
  assert.deepEqual(['blk_8503483334202473044', 'blk_76', '-1609', 'k_2'].map(says), [
    false,
    false,
    false,
    false,
  ])
  const padded = column(['a-007:80', 'a-019:443'])
  assert.deepEqual(
    ['a-007', 'a-00', 'a-01', 'a-7', 'a-1', 'a-02'].map((text) => padded.mayContain(Buffer.from(text))),
    [true, true, true, false, false, false],
  )
})

test('a column comes back whatever column the hint is of, and is hardly larger for it', () => {
  const kinds = Object.keys(VALUE_KINDS)
  for (const [seed, from] of kinds.entries()) {
    const before = columnOf(randomRows(from, seed, 400))
    for (const kind of kinds) {
      const hint = newColumnHint()
      chooseEncoding(before, factsOf(before), hint)
      const rows = randomRows(kind, seed + 1, 300)
      const values = columnOf(rows)
      const alone = chooseEncoding(values, factsOf(values)).plan.bytes
      const { encoding, plan } = chooseEncoding(values, factsOf(values), hint)
      const sink = new ByteSink()
      plan.write(sink)
      assertColumn(decodeColumn(encoding.code, sink.written().slice(), rows.length), rows, `${from}, ${kind}`)
      if (from === kind)
        assert.ok(plan.bytes <= alone * 1.2 + 16, `${kind}: ${plan.bytes} bytes, ${alone} without a hint`)
    }
  }
})

test('a hint is taken until the column grows, and given up now and then', () => {
  const integers = columnOf(randomRows('process ids', 1, 400))
  const hint = newColumnHint()
  const triesOf = (values: ColumnValues): boolean => {
    const { uses } = hint
    chooseEncoding(values, factsOf(values), hint)
    return hint.uses <= uses
  }
  assert.equal(triesOf(integers), true)
  const tries = Array.from({ length: 32 }, () => triesOf(integers))
  assert.deepEqual(tries.indexOf(true), 15)
  assert.equal(tries.filter((isTry) => isTry).length, 2)
  assert.equal(triesOf(columnOf(randomRows('uuids', 1, 400))), true)
  assert.equal(triesOf(columnOf(randomRows('uuids', 2, 400))), false)
})

test('a few rows are numbers or plain, and small numbers are no dictionary', () => {
  const nameOf = (rows: readonly string[]): string => {
    const values = columnOf(rows)
    return chooseEncoding(values, factsOf(values)).encoding.name
  }
  assert.equal(nameOf(['blk_17', 'blk_12', 'blk_99']), 'plain')
  assert.equal(nameOf(['17', '12', '99']), 'integers')
  const small = Array.from({ length: 400 }, (_, row) => String((row * row) % 200))
  assert.equal(nameOf(small), 'integers')
})

test('columns of real logs come back', (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  for (const path of [corpus, join(corpus, 'more')]) {
    for (const name of readdirSync(path).filter((file) => file.endsWith('.log'))) {
      const columns = logColumns(join(path, name))
      for (const [i, rows] of columns.entries()) assertComesBack(rows.slice(0, 1500), `${name}, column ${i}`)
    }
  }
})

test('what bytes a column may hold is told without its rows', () => {
  const held = (rows: readonly string[], name: string): string => {
    const encoding = ENCODINGS.find((one) => one.name === name)!
    const found = bytesHeld(encoding, encodeRows(encoding, rows)!)
    return String.fromCharCode(...[...found].sort((a, b) => a - b))
  }
  const repeated = (...rows: string[]): string[] =>
    Array.from({ length: 60 }, (_, row) => rows[row % rows.length])
  assert.equal(held(['of', 'of'], 'constant'), 'fo')
  assert.equal(held(['1', '-2'], 'integers'), '-0123456789')
  assert.equal(held(['1.5', '2.5'], 'decimals'), '-.0123456789')
  assert.equal(held(['10.0.0.1', '10.0.0.2'], 'ipv4'), '.0123456789')
  assert.equal(held(['blk_-1', 'blk_77'], 'shapes'), '-0123456789_bkl')
  assert.equal(held(['a7f3', 'b910', '02d1'], 'positions'), '0123456789abcdef')
  assert.equal(held(['x1', 'x2'], 'positions'), '12x')
  assert.equal(held(repeated('17', '9000'), 'dictionary'), '-0123456789')
  assert.equal(held(['2015-07-29 17:41:44Z', '2016-07-29 17:41:44Z'], 'timestamps'), ' -0123456789:Z')
})

// ---- estimates -----------------------------------------------------------------------------------------------------

/** Typical columns; a plain text's compression cannot be told without compressing it. */
const TYPICAL = [
  'small integers', 'process ids', 'large integers', 'digits of one width', 'block ids', 'decimals', 'addresses',
  'addresses with ports', 'uuids', 'request ids', 'times', 'times to the nanosecond', 'levels', 'integers or a dash',
] // biome-ignore format: a list

/** Bytes that general compression makes of the column, without the frame's own. */
function compressedLength(bytes: Uint8Array): number {
  return Math.min(bytes.length, zstdCompressSync(bytes).length - 12)
}

test('an estimate is within 20% of what compression makes of the column', () => {
  const wrong: string[] = []
  for (const kind of TYPICAL) {
    const values = columnOf(randomRows(kind, 11, 8000))
    const { plan, encoding } = chooseEncoding(values, factsOf(values))
    const sink = new ByteSink()
    plan.write(sink)
    const truth = compressedLength(sink.written())
    const ratio = plan.bytes / truth
    if (ratio > 0.8 && ratio < 1.2) continue
    wrong.push(`${kind} as ${encoding.name}: ${plan.bytes.toFixed(0)}, truth ${truth}`)
  }
  assert.deepEqual(wrong, [])
})

test('no other encoding would have been a tenth smaller', () => {
  const wrong: string[] = []
  for (const kind of Object.keys(VALUE_KINDS)) {
    const rows = randomRows(kind, 12, 8000)
    const values = columnOf(rows)
    const lengths = new Map<string, number>()
    for (const encoding of ENCODINGS) {
      const bytes = encodeRows(encoding, rows)
      if (bytes !== null) lengths.set(encoding.name, compressedLength(bytes))
    }
    const { plan, encoding } = chooseEncoding(values, factsOf(values))
    const sink = new ByteSink()
    plan.write(sink)
    const chosen = compressedLength(sink.written())
    if (chosen <= Math.min(...lengths.values()) * 1.1 + 40) continue
    wrong.push(`${kind}: ${encoding.name} of ${JSON.stringify([...lengths])}`)
  }
  assert.deepEqual(wrong, [])
})

// ---- damage --------------------------------------------------------------------------------------------------------

/** What a reader may do with a column; answers whether the damage was noticed. */
function isNoticed(encoding: Encoding, bytes: Uint8Array, rowCount: number): boolean {
  try {
    const column = encoding.decode(bytes, rowCount)
    assert.equal(column.rowCount, rowCount)
    const { data, starts, lengths } = column.materialize()
    assert.equal(starts.length, rowCount)
    assert.equal(lengths.length, rowCount)
    for (let row = 0; row < rowCount; row++) assert.ok(starts[row] + lengths[row] <= data.length)
    assert.ok(data.length <= 1_000_000)
    column.numbers()
    column.dictionary?.values()
    column.dictionary?.codes()
    column.dictionary?.runs()
    bytesHeld(encoding, bytes)
    return false
  } catch (error) {
    if (isCodedError(error, 'PART_CORRUPT')) return true
    throw error
  }
}

test('a column with a flipped bit, or cut, is noticed or has the right number of rows', () => {
  for (const encoding of ENCODINGS) {
    for (const kind of Object.keys(VALUE_KINDS)) {
      const rows = randomRows(kind, 21, 60)
      const bytes = encodeRows(encoding, rows)
      if (bytes === null) continue
      const random = new SeededRandom(encoding.code)
      for (let round = 0; round < 60; round++) {
        const broken = bytes.slice()
        broken[random.below(broken.length)] ^= 1 << random.below(8)
        isNoticed(encoding, broken, rows.length)
        isNoticed(encoding, bytes.slice(0, random.below(bytes.length)), rows.length)
        isNoticed(encoding, bytes, 1 + random.below(200))
      }
    }
  }
})

test('random bytes are noticed or are a column of the right number of rows', () => {
  for (const encoding of ENCODINGS) {
    const random = new SeededRandom(encoding.code + 100)
    for (let round = 0; round < 3000; round++) {
      const small = random.chance(0.7)
      const bytes = Uint8Array.from({ length: random.below(80) }, () => random.below(small ? 12 : 256))
      isNoticed(encoding, bytes, 1 + random.below(50))
    }
  }
})

test('few bytes never ask for much: 65,536 rows of a damaged column', () => {
  for (const encoding of ENCODINGS) {
    if (encoding.name === 'constant') continue
    for (let first = 0; first < 256; first++) {
      const bytes = Uint8Array.of(first, 0, 0, 0, 0, 0, 0, 0)
      try {
        const { data } = encoding.decode(bytes, 65_536).materialize()
        assert.ok(data.length <= 65_536 * 512, `${encoding.name} ${first}`)
      } catch (error) {
        if (!isCodedError(error, 'PART_CORRUPT')) throw error
      }
    }
  }
})
