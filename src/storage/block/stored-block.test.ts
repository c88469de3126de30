/** Blocks of parts read as the batches that they were made of, and tests on what is stored answer as tests of rows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset, SeededRandom, SimulatedDisk } from '../../base/base.ts'
import { type Block, batchCount, type Column, type ValueTest } from '../../record/record.ts'
import { messages, type SampleBatch, type SampleField } from '../../testing/sample-records.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import { ByteSink } from '../columns/byte-sink.ts'
import { PartFileWriter } from '../part/part-file-writer.ts'
import type { SkipTest } from '../store.ts'
import { TemplateDictionary } from '../template/template-dictionary.ts'
import { encodeBlockFacts } from './block-facts.ts'
import {
  SECTION_BLOCK_TEMPLATES,
  SECTION_NAMES,
  SECTION_SLOT_FACTS,
  SECTION_TEMPLATES,
} from './block-layout.ts'
import { BatchContent } from './content-of-batches.ts'
import { encodeBlockTemplates, encodeNames, encodeSlotFacts } from './part-sections.ts'
import { PartWriter } from './part-writer.ts'
import { SelectedRows } from './selected-rows.ts'
import { StoredBlock } from './stored-block.ts'
import type { StoredPart } from './stored-part.ts'
import {
  type Batches,
  checkSameBlock,
  contentOf,
  describeTest,
  layBatches,
  openTestPart,
  pick,
  plainBlock,
  randomBatches,
  randomTest,
  testWriter,
  times,
  writeTestPart,
} from './test-blocks.ts'

const READ_SEEDS = 150
const TEST_SEEDS = shortOrLong(150, 700)
const TESTS_OF_BLOCK = 24
const COPY_SEEDS = shortOrLong(25, 60)
const COUNT_SEEDS = 40

interface Made {
  readonly disk: SimulatedDisk
  readonly blocks: readonly Batches[]
  readonly part: StoredPart
}

async function makePart(blocks: readonly Batches[], level = 1): Promise<Made> {
  const disk = new SimulatedDisk()
  await writeTestPart(disk, '/part', blocks, level)
  return { disk, blocks, part: openTestPart(disk, '/part', level) }
}

function randomBlocks(random: SeededRandom, count: number, rowsMax = 300): Batches[] {
  let firstId = 1
  const lay = (batches: readonly SampleBatch[]): Batches => {
    const laid = layBatches(batches, random, firstId)
    firstId = laid.endId
    return laid
  }
  if (random.chance(0.4)) {
    // Blocks that share their templates and the names of their fields.
    const batches = randomBatches(random, 2 + random.below(rowsMax))
    const half = 1 + random.below(batches.length)
    return [batches.slice(0, half), batches.slice(half)].filter(({ length }) => length > 0).map(lay)
  }
  return times(count, () => lay(randomBatches(random, 1 + random.below(random.chance(0.2) ? 5 : rowsMax))))
}

function checkPart({ part, blocks }: Made, what: string): void {
  assert.equal(part.blockCount, blocks.length, what)
  for (const [number, batches] of blocks.entries())
    checkSameBlock(part.block(number), plainBlock(batches), `${what}, block ${number}`)
}

test('every accessor of a stored block answers as the batches do', async () => {
  let templates = 0
  let mined = 0
  for (let seed = 1; seed <= READ_SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const made = await makePart(randomBlocks(random, 1 + random.below(3), random.chance(0.1) ? 1500 : 200))
    checkPart(made, `seed ${seed}`)
    templates += made.part.templates.length
    for (const [number] of made.blocks.entries())
      mined += made.part.blockTemplates(number).filter(({ column }) => column > 0).length
  }
  assert.ok(templates > READ_SEEDS && mined > 2, `${templates} templates, ${mined} fields with templates`)
})

test('records that were chosen out of batches read as those rows', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed + 9000)
    const laid = layBatches(randomBatches(random, 2 + random.below(120)), random)
    const plain = plainBlock(laid)
    const [chosen, others] = [new BatchContent(laid.data), new BatchContent(laid.data)]
    const rows: number[][] = [[], []]
    const view = new DataView(laid.data.buffer)
    let row = 0
    for (const at of laid.starts) {
      const count = batchCount(view, at)
      const from = random.below(count)
      const wanted = Uint8Array.from({ length: count }, () => random.below(2))
      chosen.addRecords(at, from, count, wanted, 1)
      others.addRecords(at, 0, from)
      for (let index = 0; index < count; index++, row++) {
        if (index < from) rows[1].push(row)
        else if (wanted[index] === 1) rows[0].push(row)
      }
    }
    for (const [index, content] of [chosen, others].entries()) {
      assert.equal(content.rowCount, rows[index].length)
      if (content.rowCount === 0) continue
      const disk = new SimulatedDisk()
      const part = await PartWriter.create(disk, '/part', { level: 1 })
      await part.addBlock(content.build(), testWriter)
      await part.finish()
      const expected = new SelectedRows(plain, Uint32Array.from(rows[index]))
      checkSameBlock(openTestPart(disk, '/part').block(0), expected, `seed ${seed}`)
    }
  }
})

// ---- tests on what is stored ------------------------------------------------------------------------------------

const columnOf = (block: Block, field: string | null): Column | null =>
  field === null ? block.message : block.field(field)

function passes(block: Block, field: string | null, { test }: ValueTest, row: number): boolean {
  const column = columnOf(block, field)
  if (column === null) return test(new Uint8Array(0), 0, 0)
  return test(column.data, column.starts[row], column.starts[row] + column.lengths[row])
}

function someValues(random: SeededRandom, column: Column | null, rows: number): Uint8Array[] {
  if (column === null) return [new TextEncoder().encode('nothing')]
  return times(4, () => {
    const row = random.below(rows)
    return column.data.slice(column.starts[row], column.starts[row] + column.lengths[row])
  })
}

interface Asked {
  readonly field: string | null
  readonly test: ValueTest
}

function ask(random: SeededRandom, plain: Block): Asked {
  const names = plain.fieldNames()
  const isMessage = names.length === 0 || random.chance(0.5)
  const field = isMessage ? null : pick(random, [...names, '_truncated', 'absent'])
  return { field, test: randomTest(random, someValues(random, columnOf(plain, field), plain.rowCount)) }
}

const text = (rows: Bitset): string => {
  const found: number[] = []
  rows.forEach((row) => void found.push(row))
  return found.join(' ')
}

function randomRows(random: SeededRandom, count: number): Bitset {
  const rows = Bitset.full(count)
  if (random.chance(0.5)) return rows
  const kept = random.below(100) / 100
  for (let row = 0; row < count; row++) if (!random.chance(kept)) rows.unset(row)
  return rows
}

/** The same of some rows of a block, as a block of their own. */
function checkSelected(
  random: SeededRandom,
  block: Block,
  all: Bitset,
  { field, test }: Asked,
  what: string,
): void {
  const chosen = Uint32Array.from(times(block.rowCount, (row) => row).filter(() => random.chance(0.5)))
  if (chosen.length === 0) return
  const rows = randomRows(random, chosen.length)
  const expected = rows.copy()
  for (const [at, row] of chosen.entries()) if (!all.has(row)) expected.unset(at)
  new SelectedRows(block, chosen).narrow(field, test, rows)
  assert.equal(text(rows), text(expected), `${what}, of chosen rows`)
}

/** What narrowing, counting and skipping say about one test. Answers how many rows pass. */
function checkTest(random: SeededRandom, made: Made, number: number, plain: Block, asked: Asked): number {
  const { field, test } = asked
  // A block that has read nothing, half of the time.
  const stored = random.chance(0.5) ? new StoredBlock(made.part, number) : made.part.block(number)
  const all = new Bitset(plain.rowCount)
  for (let row = 0; row < plain.rowCount; row++) if (passes(plain, field, test, row)) all.set(row)
  const count = all.count()
  const what = `block ${number}, ${field ?? 'message'}, ${describeTest(test)}`
  const isSkipped = !made.part.mayMatch(number, { kind: 'value', field, test })
  assert.ok(!isSkipped || count === 0, `skipped, and ${count} rows pass: ${what}`)
  const checks = [
    () => {
      const cheap = stored.countPassing(field, test, true)
      assert.ok(cheap === null || cheap === count, `counted ${cheap} cheaply instead of ${count}: ${what}`)
      const counted = stored.countPassing(field, test)
      assert.ok(counted === null || counted === count, `counted ${counted} instead of ${count}: ${what}`)
    },
    () => {
      const rows = randomRows(random, plain.rowCount)
      const expected = rows.copy().and(all)
      stored.narrow(field, test, rows)
      assert.equal(text(rows), text(expected), what)
    },
    () => checkSelected(random, stored, all, asked, what),
  ]
  for (const check of random.chance(0.5) ? checks : checks.reverse()) check()
  return count
}

function randomSkip(random: SeededRandom, asked: readonly Asked[], depth: number): SkipTest {
  if (depth === 0 || random.chance(0.3)) return { kind: 'value', ...pick(random, asked) }
  const tests = times(1 + random.below(3), () => randomSkip(random, asked, depth - 1))
  return { kind: random.chance(0.5) ? 'and' : 'or', tests }
}

function passesSkip(block: Block, skip: SkipTest, row: number): boolean {
  if (skip.kind === 'value') return passes(block, skip.field, skip.test, row)
  const { tests } = skip
  const one = (test: SkipTest): boolean => passesSkip(block, test, row)
  return skip.kind === 'and' ? tests.every(one) : tests.some(one)
}

test('narrowing, counting and skipping answer as a test of each row', async () => {
  const seen = { tests: 0, passing: 0, skipped: 0, counted: 0 }
  for (let seed = 1; seed <= TEST_SEEDS; seed++) {
    const random = new SeededRandom(seed * 7919)
    const made = await makePart(randomBlocks(random, 1 + random.below(2), random.chance(0.1) ? 1200 : 120))
    const plains = made.blocks.map(plainBlock)
    try {
      const asked = times(TESTS_OF_BLOCK, () => ask(random, pick(random, plains)))
      for (const [number, plain] of plains.entries()) {
        for (const one of asked) {
          const count = checkTest(random, made, number, plain, one)
          seen.tests++
          if (count > 0) seen.passing++
          if (!made.part.mayMatch(number, { kind: 'value', ...one })) seen.skipped++
          if (made.part.block(number).countPassing(one.field, one.test) !== null) seen.counted++
        }
        const skip = randomSkip(random, asked, 2)
        const isWanted = times(plain.rowCount, (row) => passesSkip(plain, skip, row)).includes(true)
        assert.ok(!isWanted || made.part.mayMatch(number, skip), 'a tree of tests skipped a row that passes')
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
  const { tests } = seen
  const isTelling = seen.passing > tests / 4 && seen.skipped > tests / 20 && seen.counted > tests / 20
  assert.ok(isTelling, JSON.stringify(seen))
})

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

function needleTest(value: string): ValueTest {
  const needle = bytes(value)
  return {
    cost: 5,
    needles: [{ bytes: needle, startsWord: false, endsWord: false, isWhole: false, decides: true }],
    test: (data, start, end) => Buffer.from(data.subarray(start, end)).includes(Buffer.from(needle)),
  }
}

const withField = (name: string, values: readonly string[]): SampleBatch => ({
  records: values.map((value) => ({ message: '', fields: [{ name, value }] })),
})

const laidBatch = (batch: SampleBatch, firstId = 1): Batches =>
  layBatches([batch], new SeededRandom(1), firstId)

test('a block is skipped by the smallest and the largest number of a field, and not at them', async () => {
  const { part } = await makePart([
    laidBatch(
      withField(
        'n',
        times(100, (n) => String(n * 3 - 50.5)),
      ),
    ),
  ])
  const mayMatch = (min: number, max: number): boolean =>
    part.mayMatch(0, {
      kind: 'value',
      field: 'n',
      test: { cost: 1, range: { min, max }, test: () => false },
    })
  assert.equal(mayMatch(-60, -50.6), false)
  assert.equal(mayMatch(-60, -50.5), true)
  assert.equal(mayMatch(246.5, 300), true)
  assert.equal(mayMatch(246.6, 300), false)
})

test('what is known of the variables of a template holds for all blocks that share it', async () => {
  const first = times(40, (n) => `request took ${n % 7} ms in all`)
  const second = times(40, (n) => `request took a${n}b${n} ms in all`)
  for (const order of [
    [first, second],
    [second, first],
  ]) {
    const made = await makePart(order.map((lines, at) => laidBatch(messages(...lines), 1 + at * 1000)))
    assert.equal(made.part.templates.length, 1)
    for (const [number, batches] of made.blocks.entries())
      for (const value of ['took 6 ms', 'took a7', '3b3', 'took a', 'k 5', 'b12 ms in'])
        checkTest(new SeededRandom(1), made, number, plainBlock(batches), {
          field: null,
          test: needleTest(value),
        })
  }
})

test('batches may lie in a Buffer, whose slices are no copies', async () => {
  const { data, starts } = laidBatch(
    withField(
      'name',
      times(50, (n) => `value ${n % 3}`),
    ),
  )
  const laid = { data: Buffer.from(data), starts, endId: 0 }
  checkPart(await makePart([laid]), 'a Buffer')
})

// ---- copying ----------------------------------------------------------------------------------------------------

test('blocks that are copied into another part read the same', async () => {
  for (let seed = 1; seed <= COPY_SEEDS; seed++) {
    const random = new SeededRandom(seed + 5000)
    const disk = new SimulatedDisk()
    const sources = times(1 + random.below(3), (number) => ({ number, level: pick(random, [1, 3]) }))
    const expected: Batches[] = []
    const target = pick(random, [1, 3, 6])
    const part = await PartWriter.create(disk, '/target', { level: target })
    for (const { number, level } of sources) {
      const blocks = randomBlocks(random, 1 + random.below(2), 150)
      await writeTestPart(disk, `/source-${number}`, blocks, level)
      const source = openTestPart(disk, `/source-${number}`, level)
      for (const [block, batches] of blocks.entries()) {
        if (random.chance(0.2)) await part.addBlock(contentOf(batches), testWriter)
        else assert.equal(await part.copyBlock(source, block), true)
        expected.push(batches)
      }
      source.close()
    }
    const totals = await part.finish()
    const made = { disk, blocks: expected, part: openTestPart(disk, '/target', target) }
    checkPart(made, `seed ${seed}`)
    assert.equal(totals.blocks, expected.length)
    assert.equal(
      totals.records,
      expected.reduce((sum, batches) => sum + plainBlock(batches).rowCount, 0),
    )
    for (const [number, batches] of expected.entries()) {
      const plain = plainBlock(batches)
      for (let n = 0; n < 12; n++) checkTest(random, made, number, plain, ask(random, plain))
    }
  }
})

// ---- large and hostile blocks -----------------------------------------------------------------------------------

const wordOf = (n: number): string => {
  let word = ''
  for (let rest = n; word.length < 4; rest = Math.floor(rest / 26))
    word += String.fromCharCode(0x61 + (rest % 26))
  return word
}

const ROWS_MANY = 65_536

test('65,536 rows of one constant, and one row alone', async () => {
  const constant = {
    records: times(ROWS_MANY, () => ({ message: 'constant', fields: [{ name: 'a', value: 'b' }] })),
  }
  const disk = new SimulatedDisk()
  const blocks = [laidBatch(constant), laidBatch(withField('only', ['é']), ROWS_MANY + 1)]
  const { bytes: size } = await writeTestPart(disk, '/part', blocks)
  assert.ok(size < 2000, `${size} bytes`)
  const part = openTestPart(disk, '/part')
  for (const [number, batches] of blocks.entries())
    checkSameBlock(part.block(number), plainBlock(batches), `block ${number}`, { step: 1009 })
  assert.equal(part.block(0).countPassing(null, needleTest('nst')), ROWS_MANY)
})

test('65,536 rows with a name of a field each', async () => {
  const records = times(ROWS_MANY, (n) => ({
    message: '',
    fields: [{ name: `name${n}`, value: `value${n}` }],
  }))
  const made = await makePart([laidBatch({ records })])
  const plain = plainBlock(made.blocks[0])
  checkSameBlock(made.part.block(0), plain, 'many names', { names: 5, step: 997 })
  for (const field of ['name1', 'name65000', 'none'])
    checkTest(new SeededRandom(1), made, 0, plain, { field, test: needleTest('value65000') })
})

test('2,000 names of fields in a block, a few in each row', async () => {
  const random = new SeededRandom(9)
  const field = (): SampleField => ({
    name: `name ${random.below(2000)}`,
    value: `${random.below(50)} of session${random.below(90)}`,
  })
  const records = times(3000, () => ({ message: 'm', fields: times(random.below(6), field) }))
  const made = await makePart([
    laidBatch({ records, shared: [{ name: 'name 7', value: 'shared', isStream: true }] }),
  ])
  const plain = plainBlock(made.blocks[0])
  checkSameBlock(made.part.block(0), plain, 'many names', { names: 200, step: 3 })
  for (let n = 0; n < 60; n++) checkTest(random, made, 0, plain, ask(random, plain))
})

const manyTemplates = (rows: number): SampleBatch =>
  messages(...times(rows, (n) => `${wordOf(n % 4000)} opened ${n} of ${wordOf((n % 4000) + 5)} ${n % 10}`))

test('4,000 templates in a block', async () => {
  const made = await makePart([laidBatch(manyTemplates(40_000))])
  const plain = plainBlock(made.blocks[0])
  assert.equal(made.part.templates.length, 4000)
  checkSameBlock(made.part.block(0), plain, '4,000 templates', { step: 101 })
  const random = new SeededRandom(2)
  for (let n = 0; n < 10; n++) checkTest(random, made, 0, plain, ask(random, plain))
})

test('a part with room for few templates takes the rows without', async () => {
  for (const templatesLeft of [0, 3, 4000]) {
    const disk = new SimulatedDisk()
    const batches = laidBatch(manyTemplates(32_000))
    const file = await PartFileWriter.create(disk, '/part', { level: 1 })
    const written = await testWriter.write(contentOf(batches), file, { numberOfName: () => 0, templatesLeft })
    const sink = new ByteSink()
    encodeBlockFacts(sink, written.facts)
    await file.endBlock(sink.written())
    const [{ templates, slots, plainRows, rowCounts }] = written.templates
    assert.ok(templates.length <= templatesLeft && (templatesLeft > 3 || plainRows === 32_000))
    const numbers = Uint32Array.from(templates.keys())
    const dictionary = new TemplateDictionary()
    for (const template of templates) dictionary.add(template)
    const encoded = new ByteSink()
    dictionary.encode(encoded)
    await file.addSection(SECTION_NAMES, encodeNames([]))
    await file.addSection(SECTION_TEMPLATES, encoded.written())
    await file.addSection(SECTION_SLOT_FACTS, encodeSlotFacts(slots))
    const columns = [[{ column: 0, plainRows, numbers, rowCounts }]]
    await file.addSection(SECTION_BLOCK_TEMPLATES, encodeBlockTemplates(columns))
    await file.finish()
    await file.close()
    const part = openTestPart(disk, '/part')
    checkSameBlock(part.block(0), plainBlock(batches), `${templatesLeft} left`, { step: 211 })
  }
})

test('counts of values that are remembered are those of the rows, and nobody changes them', async () => {
  let remembered = 0
  for (let seed = 1; seed <= COUNT_SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const { part } = await makePart(randomBlocks(random, 3))
    for (let number = 0; number < part.blockCount; number++) {
      for (const name of part.block(number).fieldNames()) {
        for (let time = 0; time < 3; time++) {
          const groups = part.block(number).valueGroups(name)
          if (groups === null) continue
          const ofRow = groups.ofRow() ?? new Uint32Array(part.block(number).rowCount)
          const counts = new Uint32Array(groups.held.length)
          for (const group of ofRow) counts[group]++
          const found = groups.rowCounts()
          assert.deepEqual(found, counts, `seed ${seed}, block ${number}, ${name}, time ${time}`)
          found.fill(7)
          if (time > 0) remembered++
        }
      }
    }
  }
  assert.ok(remembered > 20, `${remembered} were asked again`)
})
