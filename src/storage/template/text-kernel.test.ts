/**
 * The kernel of a block's text and its twins in TypeScript must come to the same results, whatever comes in: here both
 * mine and intern the same columns, block after block of one part. What is right at all is for template-miner.test.ts,
 * span-interner.test.ts and the tests of blocks.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { sharedFolder } from '../../../test/shared-folder.ts'
import {
  type InstantiateKernel,
  instantiateKernel,
  type KernelInstance,
  type Random,
  refuseKernel,
  SeededRandom,
} from '../../base/base.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import type { ColumnValues, ValueTable } from '../columns/column-values.ts'
import { createHashKey } from './keyed-hash.ts'
import { KnownTemplates } from './known-templates.ts'
import { SpanInterner } from './span-interner.ts'
import { type MinedBlock, TemplateMiner } from './template-miner.ts'
import { NARROW_ROOT, TemplateTrie } from './template-trie.ts'
import { TextKernel } from './text-kernel.ts'
import { type TextColumn, TextReader } from './text-reader.ts'
import { type TemplateColumns, ValueInterner } from './value-interner.ts'

const SEED = 20_261_121

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))
const pick = <T>(random: SeededRandom, list: readonly T[]): T => list[random.below(list.length)]

/** A column whose rows lie one behind the other, with `gap` digits before each. */
function columnOf(rows: readonly Uint8Array[], gap = 0): TextColumn {
  const data = new Uint8Array(rows.reduce((sum, row) => sum + row.length + gap, 0)).fill(0x39)
  const starts = new Uint32Array(rows.length)
  const lengths = Uint32Array.from(rows, (row) => row.length)
  let at = 0
  for (const [number, row] of rows.entries()) {
    starts[number] = at += gap
    data.set(row, at)
    at += row.length
  }
  return { data, starts, lengths }
}

/** What a kernel did since it was made. */
interface Counts {
  rows: number
  values: number
  strongPlaces: number
}

function countedKernel(counts: Counts): InstantiateKernel {
  return (base64, imports) => {
    const instance = instantiateKernel(base64, imports)
    if (instance === null) return null
    const { readRows, internVariables, internSpans } = instance.functions
    const result = new Uint32Array(instance.memory, instance.constants['RESULT'], 2)
    const functions = {
      ...instance.functions,
      readRows: (from: number, to: number, count: number) => {
        const row = readRows(from, to, count)
        counts.rows += row - from
        return row
      },
      internVariables: (set: number, rows: number, first: number) => {
        const next = internVariables(set, rows, first)
        counts.values += next - first
        counts.strongPlaces = result[1]
        return next
      },
      internSpans: (set: number, rows: number, isFirst: number) => {
        counts.values += rows
        const said = internSpans(set, rows, isFirst)
        counts.strongPlaces = result[1]
        return said
      },
    }
    return { ...instance, functions }
  }
}

/** Everything that reads a block's text, for the blocks of one part. */
class Side {
  readonly counts: Counts = { rows: 0, values: 0, strongPlaces: 0 }
  readonly #kernel: TextKernel
  readonly #miner: TemplateMiner
  readonly #values: ValueInterner
  readonly #spans: SpanInterner
  readonly #known: KnownTemplates

  constructor(random: Random, isKernel: boolean) {
    const instantiate = isKernel ? countedKernel(this.counts) : refuseKernel
    this.#kernel = new TextKernel(random, { instantiate, rowsMin: 0 })
    this.#miner = new TemplateMiner(random, this.#kernel)
    this.#values = new ValueInterner(random, this.#kernel)
    this.#spans = new SpanInterner(random, this.#kernel)
    this.#known = new KnownTemplates(random)
  }

  begin(data: Uint8Array, rowCount: number): void {
    this.#kernel.begin(data, rowCount)
  }

  mine(column: TextColumn, isKnown: boolean): { mined: MinedBlock; columns: TemplateColumns } {
    const mined = this.#miner.mine(column, column.starts.length, isKnown ? this.#known : undefined)
    return { mined, columns: this.#values.intern(mined, column.data) }
  }

  internSpans(data: Uint8Array, columns: readonly Omit<TextColumn, 'data'>[]): ColumnValues[] {
    this.#spans.begin(data)
    return columns.map(({ starts, lengths }) => this.#spans.column(starts, lengths))
  }

  end(): void {
    this.#kernel.end()
  }
}

/** Both sides, which get the same and must answer the same. */
class Twins {
  readonly kernel: Side
  readonly #twin: Side

  constructor(random: () => Random = () => new SeededRandom(SEED)) {
    this.kernel = new Side(random(), true)
    this.#twin = new Side(random(), false)
  }

  /** Mines a block, and interns its rows as a column, and as two. */
  check(column: TextColumn, isKnown = true): void {
    const sides = [this.kernel, this.#twin]
    for (const side of sides) side.begin(column.data, column.starts.length)
    const [mine, other] = sides.map((side) => side.mine(column, isKnown))
    checkMined(mine.mined, other.mined)
    for (const [template, { slots }] of mine.mined.templates.entries()) {
      for (let slot = 0; slot < slots.length; slot++)
        checkValues(mine.columns.slot(template, slot), other.columns.slot(template, slot))
    }
    checkPacked(mine.columns.table)
    const reversed = {
      starts: column.starts.slice().reverse(),
      lengths: column.lengths.slice().reverse(),
    }
    this.checkSpans(column.data, [column, reversed])
    for (const side of sides) side.end()
  }

  checkSpans(data: Uint8Array, columns: readonly Omit<TextColumn, 'data'>[]): void {
    const [mine, other] = [this.kernel, this.#twin].map((side) => side.internSpans(data, columns))
    for (const [index, values] of mine.entries()) checkValues(values, other[index])
  }

  checkRows(rows: readonly Uint8Array[], gap = 0): void {
    this.check(columnOf(rows, gap))
  }
}

function checkMined(mine: MinedBlock, other: MinedBlock): void {
  assert.deepEqual(mine.rowTemplates, other.rowTemplates)
  assert.deepEqual(mine.templates, other.templates)
  assert.deepEqual(mine.numbers, other.numbers)
  assert.deepEqual(mine.rowCounts, other.rowCounts)
  checkSame(mine.variableStarts, other.variableStarts)
  checkSame(mine.variableEnds, other.variableEnds)
}

function checkValues(mine: ColumnValues, other: ColumnValues): void {
  assert.equal(mine.rowCount, other.rowCount)
  checkSame(mine.entries, other.entries)
  const { count } = mine.table
  assert.equal(count, other.table.count)
  checkSame(mine.table.starts.subarray(0, count), other.table.starts.subarray(0, count))
  checkSame(mine.table.ends.subarray(0, count), other.table.ends.subarray(0, count))
  checkSame(mine.table.classes.subarray(0, count), other.table.classes.subarray(0, count))
}

/** Packed values are those of the table, end to end, where they have room. */
function checkPacked({ pack, bytes, starts, ends, count }: ValueTable): void {
  if (pack === undefined) return
  const values = times(count, (entry) => bytes.subarray(starts[entry], ends[entry]))
  const expected = Buffer.concat(values)
  if (expected.length > 0) assert.equal(pack(expected.length - 1), null)
  const packed = pack(expected.length)
  assert.ok(packed !== null && expected.equals(packed.bytes))
  assert.equal(packed.starts.length, count + 1)
  let end = 0
  for (const [entry, value] of values.entries()) {
    assert.equal(packed.starts[entry], end)
    end += value.length
  }
  assert.equal(packed.starts[count], end)
}

/** Views of large memory: compared as bytes, since `deepEqual` is slow with them. */
function checkSame(mine: Uint32Array | Uint16Array, other: Uint32Array | Uint16Array): void {
  const bytesOf = (numbers: Uint32Array | Uint16Array) =>
    Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  if (bytesOf(mine).compare(bytesOf(other)) !== 0) assert.deepEqual(mine.slice(), other.slice())
}

// ---- what rows are made of --------------------------------------------------------------------------------------

const randomBytes = (random: SeededRandom, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => random.below(256))
const digits = (random: SeededRandom): string => String(random.below(10 ** (1 + random.below(9))))
const words = ['root', 'admin', 'webmaster', 'a', 'très', 'x-y_z.', 'user.name', 'B']
const PIECES: readonly ((random: SeededRandom) => string)[] = [
  digits,
  (random) => pick(random, words),
  (random) => times(4, () => random.below(256)).join('.'),
  (random) => `${digits(random)}${pick(random, ['.', '-', '_', '._-', '...'])}`,
  (random) => `"${pick(random, words)} /a/${digits(random)}?q=${digits(random)} HTTP/1.1"`,
  (random) => `"${pick(random, words)} ${pick(random, words)}\\" ${digits(random)}"`,
  (random) => `"${pick(random, words)}":"${pick(random, words)}",`,
  (random) => `${pick(random, words)}=${pick(random, words)}`,
  (random) => `https://${pick(random, words)}/${digits(random)}=${digits(random)}`,
  (random) => pick(random, ['"', '\\', '=', '/', ':', '://', '\n', '\t', ' ', '', '""', '"\\"', '\0']),
  (random) => pick(random, words).repeat(1 + random.below(20)),
  (random) => Buffer.from(randomBytes(random, random.below(20))).toString('latin1'),
]

/** Rows of a few shapes: which pieces, and which of them differ from row to row. */
function shapedRows(random: SeededRandom, count: number): Uint8Array[] {
  const shapes = times(1 + random.below(12), () => times(1 + random.below(12), () => pick(random, PIECES)))
  const fixed = shapes.map((pieces) => pieces.map((piece) => (random.chance(0.6) ? piece(random) : null)))
  return times(count, () => {
    const shape = random.below(shapes.length)
    return latin1(shapes[shape].map((piece, at) => fixed[shape][at] ?? piece(random)).join(' '))
  })
}

function linesOf(path: string): Uint8Array[] {
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter((line) => line.length > 0)
    .map(latin1)
}

// ---- the tests --------------------------------------------------------------------------------------------------

describe('The kernel of text and its twins', () => {
  it('agree on every byte alone, between letters and beside digits', () => {
    const twins = new Twins()
    for (const around of [
      ['', ''],
      ['a', 'b'],
      ['1', ''],
      ['', '1'],
      ['a ', ' 1'],
      ['1'.repeat(15), '-'],
      ['x='.repeat(31), '7'],
    ]) {
      const rows = times(256, (byte) => latin1(around.join(String.fromCharCode(byte))))
      twins.checkRows([...rows, ...rows])
      twins.check(columnOf([...rows, ...rows]), false)
    }
  })

  it('agree on tokens that begin and end anywhere, with what lies beside the rows', () => {
    const twins = new Twins()
    const rows = times(300, (n) =>
      latin1(`${'.'.repeat(n % 70)}${'a'.repeat(n % 130)}${n % 3}${'-'.repeat(n % 5)}`),
    )
    const digitFirst = times(300, (n) =>
      latin1(`${' '.repeat(n % 70)}${n % 3}${'a'.repeat(n)}${'.'.repeat(n % 3)} b`),
    )
    for (const gap of [0, 1, 7, 64]) {
      twins.checkRows([...rows, ...rows], gap)
      twins.checkRows([...digitFirst, ...digitFirst], gap)
    }
    assert.ok(twins.kernel.counts.values > 0)
  })

  it('agree on shapes that repeat, and on what is not known yet, from block to block', () => {
    for (let round = 0; round < shortOrLong(8, 24); round++) {
      const seed = SEED + round
      const random = new SeededRandom(seed)
      const twins = new Twins()
      try {
        for (let block = 0; block < 4; block++) {
          twins.checkRows(shapedRows(random, 1 + random.below(1500)), random.below(3))
          if (random.chance(0.3)) twins.check(columnOf(shapedRows(random, 500)), false)
        }
      } catch (error) {
        throw new Error(`with the seed ${seed}`, { cause: error })
      }
    }
  })

  it('agree on rows that are cut anywhere out of one text', () => {
    for (let round = 0; round < shortOrLong(3, 8); round++) {
      const seed = SEED + round
      const random = new SeededRandom(seed)
      const text = Buffer.concat(shapedRows(random, 300))
      const data = new Uint8Array(Buffer.concat([text, text, text]))
      const cuts = times(3000, () => random.below(text.length))
      const starts = Uint32Array.from(cuts, (cut, n) => cut + (n % 2) * text.length)
      const lengths = starts.map(() => random.below(random.chance(0.2) ? 400 : 60))
      const twins = new Twins()
      try {
        twins.check({ data, starts, lengths })
        twins.check({ data, starts: starts.reverse(), lengths: lengths.reverse() })
        for (let n = 0; n < 3000; n++) starts[n] = (starts[n] + text.length) % (text.length * 2)
        twins.check({ data, starts, lengths })
      } catch (error) {
        throw new Error(`with the seed ${seed}`, { cause: error })
      }
    }
  })

  it('agree on words in quotes and after equals signs', () => {
    const random = new SeededRandom(SEED)
    const word = () =>
      pick(random, [...words, '/', '/x', 'a/b', 'http://y/=', 'ftp:/z', 'abcdefghijklmnop://q', '"', '\\'])
    const row = () => {
      const quoted = times(random.below(6), word).join(pick(random, [' ', ' ', '\t', '  ']))
      return latin1(
        `${word()} "${quoted}"${pick(random, [':', '', '=', ' ', '"'])}${word()}=${word()}=${word()}`,
      )
    }
    const twins = new Twins()
    for (let block = 0; block < 6; block++) twins.checkRows(times(3000, row), block % 2)
  })

  it('agree on random bytes', () => {
    const random = new SeededRandom(SEED)
    const twins = new Twins()
    for (let block = 0; block < 6; block++)
      twins.checkRows(times(1100, () => randomBytes(random, random.below(300))))
  })

  it('agree wherever a window of rows ends', () => {
    for (const count of [1, 2, 1023, 1024, 1025, 4095, 4096, 4097, 9000]) {
      const random = new SeededRandom(SEED)
      const twins = new Twins()
      twins.checkRows(shapedRows(random, count))
      twins.checkRows(shapedRows(random, count))
    }
  })

  it('agree on holes and on wide readings', () => {
    const random = new SeededRandom(SEED)
    const twins = new Twins()
    const users = times(200, () => `u${'abcdefghij'[random.below(10)]}${'klmnopqrst'[random.below(10)]}`)
    const login = () =>
      `Failed password for user ${pick(random, users)} from 10.0.0.${random.below(9)} port 22`
    const web = () =>
      `10.0.0.${random.below(255)} - - "GET /${pick(random, users)}/${pick(random, users)} HTTP/1.1" 200 ` +
      `"http://${pick(random, users)}.org/" "Agent ${pick(random, users)} of ${pick(random, users)}"`
    const job = () =>
      `state=${pick(random, users)} path=/var/${pick(random, users)} "x ${pick(random, users)}" ok`
    for (const make of [login, web, job]) {
      for (let block = 0; block < 3; block++) twins.checkRows(times(3000, () => latin1(make())))
    }
    for (let block = 0; block < 3; block++)
      twins.checkRows(times(3000, () => latin1(pick(random, [login, web, job])())))
    assert.ok(twins.kernel.counts.rows > 20_000, `the kernel read ${twins.kernel.counts.rows} rows`)
  })

  it('agree on rows that no template fits: too many variables, too much static text', () => {
    const twins = new Twins()
    const long = (n: number) => [
      latin1(times(511 + (n % 4), (at) => `${at}`).join(' ')),
      latin1(`${'word '.repeat(1630 + (n % 12))}${n}`),
      latin1(`${'x'.repeat(8190 + (n % 3))} ${n}`),
      latin1(`${'"'.repeat(n)}${'\\'.repeat(n)}${'a/b '.repeat(n)}`),
      ...times(8, (at) => latin1(`short ${n} ${at}`)),
    ]
    const huge = times(4, (n) => latin1(`${n} ${'y'.repeat(200_000)}${n % 2}`))
    const rows = [...times(40, long).flat(), ...huge]
    twins.checkRows([...rows, ...rows])
    twins.checkRows([...rows, ...rows])
    assert.ok(twins.kernel.counts.rows > rows.length)
  })

  it('agree on empty rows, and on rows that lie in the same bytes', () => {
    const twins = new Twins()
    const data = latin1('job 17 and 18 of /a/b at 10.0.0.1 took 7s')
    const random = new SeededRandom(SEED)
    const starts = Uint32Array.from({ length: 3000 }, () => random.below(data.length + 1))
    const lengths = starts.map((start) => random.below(data.length - start + 1))
    twins.check({ data, starts, lengths })
    twins.check({ data: new Uint8Array(0), starts: new Uint32Array(300), lengths: new Uint32Array(300) })
  })

  it('agree on values of every length, and on those that differ in one byte', () => {
    const random = new SeededRandom(SEED)
    const values = times(400, (n) => {
      const value = randomBytes(random, n % 70)
      if (n % 3 === 0 && value.length > 0) value.fill(0x61)
      return value
    })
    const rows = times(3000, () => {
      const value = pick(random, values).slice()
      if (value.length > 0 && random.chance(0.2)) value[random.below(value.length)] ^= 1
      return value
    })
    const twins = new Twins()
    twins.checkRows(rows)
    twins.checkRows(rows, 1)
  })

  it('agree on all short numbers, with zeros before them', () => {
    const numbers = [1, 2, 3, 4, 5].flatMap((length) =>
      times(10 ** Math.min(4, length), (n) => latin1(String(n).padStart(length, '0'))),
    )
    const twins = new Twins()
    twins.checkRows([...numbers, ...numbers])
    // The bytes behind the digits are none.
    const others = [1, 2, 3].flatMap((length) =>
      times(16 ** length, (n) => Uint8Array.from({ length }, (_, at) => 0x30 + ((n >> (at * 4)) & 15))),
    )
    twins.checkRows([...others, ...numbers.slice(0, 2000), ...others])
  })

  it('agree when a set grows', () => {
    const twins = new Twins()
    const rows = times(30_000, (n) => latin1(`value ${n * 7919} of ${n % 5000}: ${'ab'.repeat(n % 9)}${n}x`))
    twins.checkRows(rows)
    twins.checkRows(rows.slice(0, 100))
    twins.checkRows(rows)
  })

  it('agree on real logs, as messages of one part', (t) => {
    const corpus = sharedFolder(t, 'corpus')
    if (corpus === null) return
    const files = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.log'),
    )
    const twins = new Twins()
    let rows = 0
    for (const path of files) {
      const lines = linesOf(join(corpus, path))
      rows += lines.length
      try {
        twins.checkRows(lines)
      } catch (error) {
        throw new Error(basename(path), { cause: error })
      }
    }
    assert.ok(
      twins.kernel.counts.rows > rows / 2,
      `the kernel read ${twins.kernel.counts.rows} of ${rows} rows`,
    )
  })
})

/** What a row is to the twin: its last node, and its variables. */
interface ReadRow {
  readonly node: number
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** Reads rows with a trie and with a kernel that is told of it, as the miner does. */
class Readers {
  readonly trie = new TemplateTrie(createHashKey(new SeededRandom(SEED)))
  readonly #reader = new TextReader(this.trie)
  readonly #kernel = new TextKernel(new SeededRandom(SEED), { rowsMin: 0 })

  /** Both answer the same; afterwards the kernel knows all rows, and answers so again. */
  check(column: TextColumn): void {
    const { data, starts, lengths } = column
    this.#kernel.begin(data, starts.length)
    this.#reader.begin(data, this.trie)
    const rows = Array.from(starts, (start, row) => this.#readByTwin(start, start + lengths[row]))
    this.#readByKernel(column, rows, true)
    this.#readByKernel(column, rows, false)
  }

  /** The nodes of a row. */
  wayOf({ data, starts, lengths }: TextColumn, row: number): number[] {
    this.#reader.begin(data, this.trie)
    return this.trie.pathTo(this.#readByTwin(starts[row], starts[row] + lengths[row]).node)
  }

  /** As `check`, but rows may stay unknown. Returns how many are known. */
  checkKnown(column: TextColumn): number {
    const { data, starts, lengths } = column
    this.#kernel.begin(data, starts.length)
    this.#reader.begin(data, this.trie)
    const rows = Array.from(starts, (start, row) => this.#readByTwin(start, start + lengths[row]))
    const kernel = this.#kernel.memoryOf(data)
    assert.ok(kernel !== null)
    kernel.trie.begin(this.trie)
    for (const { node } of rows) kernel.trie.learn(node)
    kernel.setRows(starts, lengths)
    let known = 0
    for (let row = 0; row < rows.length; row++) {
      if (kernel.readRows(row, row + 1, 0) === row) continue
      known++
      assert.equal(kernel.rowNumbers[row], rows[row].node)
    }
    return known
  }

  #readByTwin(start: number, end: number): ReadRow {
    const { spans } = this.#reader
    spans.count = 0
    const node = this.#reader.read(start, end, true)
    if (node < 0) return { node, starts: [], ends: [] }
    return {
      node,
      starts: [...spans.starts.subarray(0, spans.count)],
      ends: [...spans.ends.subarray(0, spans.count)],
    }
  }

  #readByKernel({ data, starts, lengths }: TextColumn, rows: readonly ReadRow[], mayLearn: boolean): void {
    const kernel = this.#kernel.memoryOf(data)
    assert.ok(kernel !== null)
    kernel.trie.begin(this.trie)
    kernel.setRows(starts, lengths)
    for (let row = 0; row < rows.length; row++) {
      const text = latin1Of(data.subarray(starts[row], starts[row] + lengths[row]))
      let read: number = kernel.readRows(row, row + 1, 0)
      if (read === row && mayLearn) {
        kernel.trie.learn(rows[row].node)
        read = kernel.readRows(row, row + 1, 0)
      }
      assert.equal(read, row + 1, `known: ${text}`)
      const { node, starts: wantedStarts, ends: wantedEnds } = rows[row]
      assert.equal(Math.max(-1, kernel.rowNumbers[row]), Math.max(-1, node), text)
      const count: number = kernel.variableCount
      assert.deepEqual([...kernel.variableStarts.subarray(0, count)], wantedStarts, text)
      assert.deepEqual([...kernel.variableEnds.subarray(0, count)], wantedEnds, text)
    }
  }

  /** Teaches the trie holes and wide nodes at random, on the way of a row. */
  teach(random: SeededRandom, { data, starts, lengths }: TextColumn): void {
    const row = random.below(starts.length)
    this.trie.useData(data)
    this.#reader.begin(data, this.trie)
    const path = this.trie.pathTo(this.#readByTwin(starts[row], starts[row] + lengths[row]).node)
    if (path.length === 0) return
    const step = path[random.below(path.length)]
    if (random.chance(0.2)) {
      this.trie.markWide(step)
      return
    }
    const from = this.trie.segmentStart(step)
    const segment = this.trie.bytes.slice(from, this.trie.segmentEnd(step))
    const start = random.below(segment.length + 1)
    const end = start + random.below(segment.length - start + 1)
    this.trie.addHole(Math.max(NARROW_ROOT, this.trie.parentOf(step)), {
      prefix: segment.slice(0, start),
      suffix: segment.slice(end),
      isLast: random.chance(0.5) ? this.trie.isLastStep(step) : random.chance(0.5),
    })
  }
}

const latin1Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

describe('Rows that the kernel reads alone', () => {
  it('are read narrow and wide as by the twin, with holes and wide nodes anywhere in the trie', () => {
    for (let round = 0; round < shortOrLong(20, 60); round++) {
      const seed = SEED + round
      const random = new SeededRandom(seed)
      const readers = new Readers()
      if (random.chance(0.4)) readers.trie.markWide(NARROW_ROOT)
      const column = columnOf(shapedRows(random, 200))
      try {
        for (let pass = 0; pass < 6; pass++) {
          readers.check(column)
          for (let n = 0; n < 5; n++) readers.teach(random, column)
        }
      } catch (error) {
        throw new Error(`with the seed ${seed}`, { cause: error })
      }
    }
  })

  it('have tokens that begin and end anywhere', () => {
    const readers = new Readers()
    for (const gap of [0, 1, 63]) {
      readers.check(
        columnOf(
          times(300, (n) => latin1(`${' '.repeat(n % 70)}${n % 3}${'a'.repeat(n)}`)),
          gap,
        ),
      )
      readers.check(
        columnOf(
          times(300, (n) => latin1(`${'a'.repeat(n)}${n % 3}${'._-'.repeat(n % 40)} b`)),
          gap,
        ),
      )
    }
  })

  it('have as many variables and as much static text as for the twin', () => {
    const readers = new Readers()
    const numbers = (count: number) => times(count, (at) => `${at}`).join(' ')
    const rows = [510, 511, 512, 513].flatMap((count) => [
      latin1(numbers(count)),
      latin1(`user root on ${numbers(count)}`),
      latin1(`${numbers(count)} a`),
    ])
    for (const length of [8190, 8191, 8192, 8193]) {
      rows.push(
        latin1('x'.repeat(length)),
        latin1(`${'x'.repeat(length - 1)} 7`),
        latin1(`7 ${'x'.repeat(length - 1)}`),
      )
    }
    const column = columnOf([...rows, ...times(60, (n) => latin1(`short ${n}`))])
    readers.check(column)
    readers.trie.addHole(NARROW_ROOT, { prefix: latin1('user '), suffix: latin1(' on '), isLast: false })
    readers.check(column)
    readers.trie.markWide(NARROW_ROOT)
    readers.check(column)
  })

  it('are read by what the trie says, not by what it said', () => {
    const readers = new Readers()
    const column = columnOf(times(20, (n) => latin1(`user ${'abcdef'[n % 6]} has ${n} of /a/b`)))
    readers.check(column)
    readers.trie.addHole(NARROW_ROOT, { prefix: latin1('user '), suffix: latin1(' has '), isLast: false })
    readers.check(column)
    readers.trie.markWide(NARROW_ROOT)
    readers.check(column)
    readers.trie.markWide(NARROW_ROOT, false)
    readers.check(column)
    const [, second] = readers.wayOf(column, 0)
    readers.trie.markWide(second)
    readers.check(column)
    readers.trie.markWide(second, false)
    readers.check(column)
    readers.trie.markWide(second)
    readers.check(column)
    readers.trie.reset()
    readers.check(column)
  })

  it('are cut anywhere out of one text', () => {
    const random = new SeededRandom(SEED)
    const schemes = ['http://a/b', 'x:/', 'ftp:', '"a /b"', '":', '"c d":', 'k=v', '12', '/p=q', '\\"']
    const data = latin1(times(400, () => pick(random, schemes)).join(pick(random, ['', ' '])))
    for (const isWide of [false, true]) {
      const readers = new Readers()
      readers.trie.markWide(NARROW_ROOT, isWide)
      const starts = Uint32Array.from({ length: 2000 }, () => random.below(data.length - 40))
      readers.check({ data, starts, lengths: starts.map(() => random.below(40)) })
    }
  })

  it('are those whose steps have room, and the others are left to the twin', () => {
    const readers = new Readers()
    const random = new SeededRandom(SEED)
    const letters = latin1(times(60_000, () => 'abcdefgh'[random.below(8)]).join(''))
    const cut = () => {
      const start = random.below(letters.length - 8000)
      return letters.subarray(start, start + 8000)
    }
    const column = columnOf([...times(320, cut), ...times(3000, (n) => latin1(`job ${n}`))])
    assert.ok(readers.checkKnown(column) >= 200)
    readers.trie.reset()
    readers.check(columnOf(times(300, (n) => latin1(`job ${n} of ${n % 7}`))))
  })
})

describe('The kernel of text', () => {
  it('reads nearly all rows of a part that has met their templates', () => {
    const twins = new Twins()
    const rows = times(5000, (n) => latin1(`job ${n} of ${pick(new SeededRandom(n), words)} took ${n * 7}ms`))
    twins.checkRows(rows)
    const before = twins.kernel.counts.rows
    twins.checkRows(rows)
    assert.ok(twins.kernel.counts.rows - before > rows.length - 100)
  })

  it('is not asked for long where it knows nothing', () => {
    const twins = new Twins()
    const letters = (n: number) => String(n).replace(/./g, (digit) => 'abcdefghij'[Number(digit)])
    const fresh = (n: number) => latin1(`${letters(n)} ${letters(n * 7)} ${letters(n * 49)}`)
    const rows = times(40_000, (n) => (n % 5 < 2 ? latin1(`job ${n}`) : fresh(n)))
    twins.checkRows(rows)
    assert.ok(twins.kernel.counts.rows < rows.length / 5, `${twins.kernel.counts.rows} rows`)
  })

  it('spreads values that collide under its hash by a strong one, and finds each again', () => {
    // A key that is known: then many values can be found whose cheap places are the same.
    const zero: Random = { uint32: () => 0 }
    const values = times(3000, collidingValue)
    const twins = new Twins(() => zero)
    twins.checkRows([...values, ...values])
    const { strongPlaces } = twins.kernel.counts
    assert.ok(strongPlaces > values.length, 'they do collide')
    assert.ok(strongPlaces < values.length * 40, `${strongPlaces} places were looked at`)
  })

  it('tells values apart whose whole hash is the same', () => {
    const twins = new Twins(() => ({ uint32: () => 0 }))
    const zeros = times(9, (length) => new Uint8Array(length))
    const padded = times(8, (length) =>
      Uint8Array.from({ length: length + 1 }, (_, at) => (at === 0 ? 0x61 : 0)),
    )
    const sixteen = times(50, (n) => sameHashValue([BigInt(n)]))
    const long = times(50, (n) => sameHashValue([7n, 8n, BigInt(n)]))
    const longer = times(50, (n) => sameHashValue([7n, 8n, 9n, 10n, BigInt(n), 11n]))
    // One kind at a time: all of them together would leave the cheap places to the first ones.
    for (const values of [[...zeros, ...padded], sixteen, long, longer])
      twins.checkRows([...values, ...values, ...values.reverse()])
  })

  it('is done without where slots or values are more than it has room for', () => {
    const rows = times(600, (n) =>
      latin1(n % 3 === 0 ? `disk ${n} is ${n * 7}` : `job ${n} took ${n % 9} ms`),
    )
    const limits: ((instance: KernelInstance) => KernelInstance)[] = [
      (instance) => ({ ...instance, constants: { ...instance.constants, COLUMNS_MAX: 3 } }),
      (instance) => ({ ...instance, constants: { ...instance.constants, TEMPLATES_MAX: 1 } }),
      (instance) => ({ ...instance, functions: { ...instance.functions, internVariables: () => -1 } }),
    ]
    for (const limited of limits) {
      const instantiate: InstantiateKernel = (base64, imports) => {
        const instance = instantiateKernel(base64, imports)
        return instance === null ? null : limited(instance)
      }
      const kernel = new TextKernel(new SeededRandom(SEED), { instantiate })
      const column = columnOf(rows)
      kernel.begin(column.data, rows.length)
      const mined = new TemplateMiner(new SeededRandom(SEED), kernel).mine(column, rows.length)
      const mine = new ValueInterner(new SeededRandom(SEED), kernel).intern(mined, column.data)
      const other = new ValueInterner(new SeededRandom(SEED)).intern(mined, column.data)
      for (const [template, { slots }] of mined.templates.entries()) {
        for (let slot = 0; slot < slots.length; slot++)
          checkValues(mine.slot(template, slot), other.slot(template, slot))
      }
      assert.equal(mined.templates.length, 2)
    }
  })

  it('is done without where a set is full, and all columns hold the same values', () => {
    const count = 1_100_000
    const data = new Uint8Array(count * 8)
    const view = new DataView(data.buffer)
    for (let n = 0; n < count; n++) view.setFloat64(n * 8, n + 0.5)
    const starts = Uint32Array.from({ length: count }, (_, n) => n * 8)
    const lengths = new Uint32Array(count).fill(8)
    const side = new Side(new SeededRandom(SEED), true)
    side.begin(data, count)
    const few = { starts: starts.subarray(0, 500), lengths: lengths.subarray(0, 500) }
    const found = side.internSpans(data, [few, { starts, lengths }, few])
    for (const [index, { table, entries, rowCount }] of found.entries()) {
      assert.equal(rowCount, index === 1 ? count : 500)
      for (let row = 0; row < rowCount; row++) {
        if (table.starts[entries[row]] === row * 8 && table.ends[entries[row]] === row * 8 + 8) continue
        assert.fail(`row ${row} of column ${index}`)
      }
    }
    assert.notEqual(found[0].table, found[1].table)
    assert.equal(found[1].table, found[2].table)
  })

  it('is not asked for data that are too many, or mostly not of these rows', () => {
    const kernel = new TextKernel(new SeededRandom(SEED), { rowsMin: 2 })
    const memoryOf = (data: Uint8Array, rowCount: number) => {
      kernel.begin(data, rowCount)
      return kernel.memoryOf(data)
    }
    const small = latin1('7 8')
    assert.equal(memoryOf(small, 1), null)
    assert.notEqual(memoryOf(small, 2), null)
    assert.equal(kernel.memoryOf(latin1('7 8')), null, 'other data')
    kernel.end()
    assert.equal(kernel.memoryOf(small), null, 'after the end')
    assert.equal(memoryOf(new Uint8Array(1 << 20), 2), null)
    assert.equal(memoryOf(new Uint8Array((1 << 25) + 1), 1 << 20), null)
    assert.notEqual(memoryOf(new Uint8Array(1 << 25), 1 << 20), null)
  })

  it('gives its memory back after a block that used much of it', () => {
    const kernel = new TextKernel(new SeededRandom(SEED))
    const memoryOf = (data: Uint8Array) => {
      kernel.begin(data, 65_536)
      const memory = kernel.memoryOf(data)
      kernel.end()
      return memory
    }
    const first = memoryOf(new Uint8Array(1000))
    assert.equal(memoryOf(new Uint8Array(1 << 24)), first)
    assert.equal(memoryOf(new Uint8Array((1 << 24) + 1)), first)
    assert.notEqual(memoryOf(new Uint8Array(1000)), first)
  })

  it('lends its room for data, which nobody writes over before it is given back', () => {
    const kernel = new TextKernel(new SeededRandom(SEED))
    const memoryOf = (data: Uint8Array) => {
      kernel.begin(data, 65_536)
      const memory = kernel.memoryOf(data)
      kernel.end()
      return memory
    }
    const bytesOf = (data: Uint8Array) => memoryOf(data)?.room(data.length)
    const lent = kernel.lend(1000)?.bytes
    assert.ok(lent !== undefined)
    lent.fill(1)
    const first = memoryOf(lent.subarray(0, 900))
    assert.equal(first?.bytes.buffer, lent.buffer)
    assert.deepEqual(bytesOf(new Uint8Array(1000).fill(2)), new Uint8Array(1000).fill(2))
    assert.deepEqual(lent, new Uint8Array(1000).fill(1))
    // They stand in an instance that is the kernel's no more, and are good data all the same.
    assert.deepEqual(bytesOf(lent), lent)
    assert.notEqual(memoryOf(lent), first)
    kernel.giveBack()
    const second = memoryOf(new Uint8Array(1000).fill(3))
    assert.equal(memoryOf(new Uint8Array(1000).fill(4)), second)
    assert.equal(kernel.lend(1 << 26), null)
  })

  it('lends nothing where WebAssembly is refused', () => {
    const kernel = new TextKernel(new SeededRandom(SEED), { instantiate: refuseKernel })
    assert.equal(kernel.lend(1000), null)
    kernel.giveBack()
  })
})

const MASK_64 = (1n << 64n) - 1n
const P0 = 0x9e3779b97f4a7c15n
const P1 = 0xd6e8feb86659fd93n

/** The n-th value of eight bytes whose hash, with a key of zeros, ends in the same 48 bits. */
function collidingValue(n: number): Uint8Array {
  const hash = (BigInt(n) << 48n) | 0x1234_5678_9abcn
  // The steps of `hashOfWord` in kernels/text.ts, backwards.
  let product = hash
  for (let shift = 29n; shift < 64n; shift *= 2n) product ^= product >> shift
  const word = (product * inverseOf(P1)) & MASK_64
  const mixed = word ^ (word >> 32n)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, (mixed * inverseOf(P0)) & MASK_64, true)
  return bytes
}

/** Of an odd number, modulo 2^64. */
function inverseOf(odd: bigint): bigint {
  let inverse = odd
  for (let round = 0; round < 6; round++) inverse = (inverse * (2n - odd * inverse)) & MASK_64
  return inverse
}

/** Bytes of these words and one more, whose hash, with a key of zeros, is that of all such values of their length. */
function sameHashValue(words: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 8 + 8)
  const view = new DataView(bytes.buffer)
  // The steps of `hashOf` in kernels/text.ts.
  let hash = (BigInt(bytes.length) * P0) & MASK_64
  for (const [at, word] of words.entries()) {
    view.setBigUint64(at * 8, word, true)
    hash = ((hash ^ word) * P0) & MASK_64
    hash ^= hash >> 31n
  }
  view.setBigUint64(words.length * 8, hash, true)
  return bytes
}
