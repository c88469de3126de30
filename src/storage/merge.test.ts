import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset, isCodedError, SeededRandom, SimulatedDisk } from '../base/base.ts'
import { FIELD_NUMBER, FIELD_STRING, RECORD_FLAG_TRUNCATED, setBatchFirstId } from '../record/record.ts'
import {
  encodeSample,
  type FoundRecord,
  readBlock,
  type SampleBatch,
  type SampleField,
  type SampleRecord,
} from '../testing/sample-records.ts'
import { shortOrLong } from '../testing/test-length.ts'
import { BlockWriter } from './block/block-writer.ts'
import { BatchContent } from './block/content-of-batches.ts'
import { PartWriter } from './block/part-writer.ts'
import { StoredPart } from './block/stored-part.ts'
import { writeDeletesFile } from './deletes-file.ts'
import type { HeldPart } from './held-part.ts'
import { type MergeAround, type MergeJob, mergeParts } from './merge.ts'
import { FrameCache } from './part/frame-cache.ts'
import { PartCache } from './part-cache.ts'

const WALL_MS = Date.UTC(2027, 0, 15)
const DIRECTORY = '/parts'
const MERGE_SEEDS = shortOrLong(10, 25)
const DAMAGE_SEEDS = shortOrLong(20, 60)

const pick = <T>(random: SeededRandom, list: readonly T[]): T => list[random.below(list.length)]

function randomMessage(random: SeededRandom): string | Uint8Array {
  const number = random.below(100_000)
  switch (random.below(6)) {
    case 0:
      return ''
    case 1:
      return Uint8Array.from({ length: random.below(40) }, () => random.below(256))
    case 2:
      return `session opened for user root id ${number}`
    case 3:
      return `GET /items/${number}?page=${random.below(9)} 200 took ${random.below(900)} ms`
    case 4:
      return `Größe ${number} überschritten`
    default:
      return `worker ${random.below(4)} idle`
  }
}

function randomField(random: SeededRandom, name: string, isStream: boolean): SampleField {
  if (random.chance(0.3)) return { name, value: String(random.below(1000)), kind: FIELD_NUMBER, isStream }
  return { name, value: pick(random, ['', 'a', 'web-1', 'x'.repeat(random.below(80))]), isStream }
}

function randomRecord(random: SeededRandom): SampleRecord {
  const names = ['host', 'app', 'status', 'user.name', 'späť'].filter(() => random.chance(0.5))
  const streams = random.below(3)
  return {
    message: randomMessage(random),
    timeMs: random.chance(0.5) ? undefined : WALL_MS - random.below(100_000),
    timeNs: random.below(1_000_000),
    severity: random.below(25),
    flags: random.chance(0.1) ? RECORD_FLAG_TRUNCATED : 0,
    levelWord: random.chance(0.4) ? pick(random, ['INFO', 'warn', 'Notice']) : undefined,
    fields: names.map((name, index) => randomField(random, name, index < streams)),
  }
}

function randomBatch(random: SeededRandom, rowsMax: number): SampleBatch {
  return {
    records: Array.from({ length: 1 + random.below(rowsMax) }, () => randomRecord(random)),
    receivedMs: WALL_MS + random.below(5000),
    receivedNs: random.below(1_000_000),
    shared: random.chance(0.3) ? [{ name: 'pod', value: 'p-1', kind: FIELD_STRING, isStream: true }] : [],
  }
}

/** Parts on a disk of their own, with ids that go on from part to part. */
class Bench {
  readonly random: SeededRandom
  readonly disk = new SimulatedDisk({ seed: 1 })
  readonly writer: BlockWriter
  nextId = 1
  #numbers = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.writer = new BlockWriter(new SeededRandom(seed + 1))
  }

  async begin(): Promise<this> {
    await this.disk.makeDirectory(DIRECTORY)
    return this
  }

  nextPath(): string {
    return `${DIRECTORY}/${++this.#numbers}.part`
  }

  /** A part of these blocks; some ids between them are nobody's. */
  async part(blocks: readonly SampleBatch[], level = 1): Promise<HeldPart> {
    const path = this.nextPath()
    const part = await PartWriter.create(this.disk, path, { level })
    for (const batch of blocks) {
      const bytes = this.#stamped(batch)
      const content = new BatchContent(bytes)
      content.addRecords(0, 0, batch.records.length)
      await part.addBlock(content.build(), this.writer)
    }
    return held(path, await part.finish(), level)
  }

  #stamped(batch: SampleBatch): Uint8Array {
    const bytes = encodeSample(batch)
    this.nextId += this.random.below(3)
    setBatchFirstId(new DataView(bytes.buffer), 0, this.nextId)
    this.nextId += batch.records.length
    return bytes
  }

  randomPart(blocksMax: number, rowsMax: number): Promise<HeldPart> {
    const blocks = 1 + this.random.below(blocksMax)
    return this.part(Array.from({ length: blocks }, () => randomBatch(this.random, rowsMax)))
  }

  /** The part with these rows deleted. */
  async deleting(part: HeldPart, isDeleted: (block: number, row: number) => boolean): Promise<HeldPart> {
    const stored = this.open(part)
    const blocks = new Map<number, Bitset>()
    let deletedRecords = 0
    for (let number = 0; number < stored.blockCount; number++) {
      const rows = new Bitset(stored.facts(number).rowCount)
      for (let row = 0; row < rows.size; row++) if (isDeleted(number, row)) rows.set(row)
      if (!rows.isEmpty()) blocks.set(number, rows)
      deletedRecords += rows.count()
    }
    stored.close()
    if (deletedRecords === 0) return part
    const deletesPath = `${part.path}.deletes`
    await writeDeletesFile(this.disk, deletesPath, blocks)
    return { ...part, deletesPath, deletedRecords }
  }

  open(part: HeldPart): StoredPart {
    return StoredPart.open(this.disk, part.path, { cache: new FrameCache(1 << 24), level: part.compression })
  }

  /** Everything in the part that is not deleted; also what `readBlock` leaves out. */
  read(part: HeldPart): FoundRecord[] {
    const cache = new PartCache(this.disk)
    const deletes = cache.deletes(part)
    const stored = this.open(part)
    const found: FoundRecord[] = []
    for (let number = 0; number < stored.blockCount; number++) {
      const block = stored.block(number)
      for (const [row, record] of readBlock(block).entries()) {
        if (deletes?.get(number)?.has(row)) continue
        const order = block.fieldNamesOf(row).join()
        const received = `${block.receivedMs[row]}.${block.receivedNs[row]}`
        found.push({ ...record, text: `${record.text} ${order} ${received}` })
      }
    }
    stored.close()
    cache.close()
    return found
  }

  around(changes: Partial<MergeAround> = {}): MergeAround {
    const cache = new PartCache(this.disk)
    return { cache, writer: this.writer, isCancelled: () => false, pace: async () => {}, ...changes }
  }

  async merge(inputs: readonly HeldPart[], changes: Partial<MergeJob> = {}): Promise<HeldPart | null> {
    const job = this.job(inputs, changes)
    const totals = await mergeParts(this.disk, job, this.around())
    return totals === null ? null : held(job.path, totals, job.level)
  }

  job(inputs: readonly HeldPart[], changes: Partial<MergeJob> = {}): MergeJob {
    return { inputs, path: this.nextPath(), level: 3, rowsMax: 300, bytesMax: 1 << 20, ...changes }
  }

  rowCounts(part: HeldPart): number[] {
    const stored = this.open(part)
    const counts = Array.from({ length: stored.blockCount }, (_, n) => stored.facts(n).rowCount)
    stored.close()
    return counts
  }
}

type Totals = NonNullable<Awaited<ReturnType<typeof mergeParts>>>

const held = (path: string, totals: Totals, compression: number): HeldPart => ({
  ...totals,
  number: 1,
  path,
  deletesPath: null,
  deletedRecords: 0,
  compression,
})

const plainBatch = (count: number, text = 'request'): SampleBatch => ({
  records: Array.from({ length: count }, (_, n) => ({ message: `${text} ${n} done` })),
})

const within = (part: HeldPart | null): HeldPart => {
  assert.ok(part !== null, 'the merge has an output')
  return part
}

test('a merge of merges holds every record that was not deleted, in order and as it was', async () => {
  for (let seed = 1; seed <= MERGE_SEEDS; seed++) {
    const bench = await new Bench(seed).begin()
    const inputs: HeldPart[] = []
    for (let count = 2 + bench.random.below(4); count > 0; count--) {
      const part = await bench.randomPart(4, pick(bench.random, [3, 60, 250]))
      const share = pick(bench.random, [0, 0, 0.02, 0.5])
      inputs.push(await bench.deleting(part, () => bench.random.chance(share)))
    }
    const expected = inputs.flatMap((part) => bench.read(part))
    const first = within(await bench.merge([...inputs].reverse()))
    assert.deepEqual(bench.read(first), expected, `seed ${seed}`)
    const later = await bench.randomPart(3, 50)
    const deleted = await bench.deleting(first, () => bench.random.chance(0.1))
    const again = within(await bench.merge([deleted, later], { level: 9 }))
    assert.deepEqual(bench.read(again), [...bench.read(deleted), ...bench.read(later)], `seed ${seed}`)
    assert.equal(again.records, deleted.records - deleted.deletedRecords + later.records)
  }
})

test('large blocks are copied, and small neighbours become one', async () => {
  const bench = await new Bench(1).begin()
  const small = await bench.part([plainBatch(40), plainBatch(50), plainBatch(200)])
  const large = await bench.part([plainBatch(150), plainBatch(30), plainBatch(299), plainBatch(20)])
  const late = await bench.part([plainBatch(100), plainBatch(100), plainBatch(101)])
  const merged = within(await bench.merge([small, large, late]))
  assert.deepEqual(bench.rowCounts(merged), [90, 200, 150, 30, 299, 220, 101])
})

test('a block without its deleted rows goes together with its neighbours, and one without rows goes away', async () => {
  const bench = await new Bench(1).begin()
  const part = await bench.part([plainBatch(200), plainBatch(200), plainBatch(150), plainBatch(10)])
  const deleted = await bench.deleting(part, (block, row) => block === 1 || (block !== 2 && row % 2 === 0))
  const merged = within(await bench.merge([deleted]))
  assert.deepEqual(bench.rowCounts(merged), [100, 150, 5])
  assert.deepEqual(bench.read(merged), bench.read(deleted))
})

test('blocks are bounded by bytes too', async () => {
  const bench = await new Bench(1).begin()
  const part = await bench.part(Array.from({ length: 12 }, () => plainBatch(20, 'y'.repeat(200))))
  const merged = within(await bench.merge([part], { bytesMax: 20_000 }))
  assert.deepEqual(bench.rowCounts(merged), [80, 80, 80])
  assert.deepEqual(bench.read(merged), bench.read(part))
})

test('fields beyond those that have columns are merged too', async () => {
  const bench = await new Bench(1).begin()
  const wide = (from: number): SampleBatch => ({
    records: Array.from({ length: 30 }, (_, n) => ({
      message: `wide ${n}`,
      fields: Array.from({ length: 50 }, (_, at) => ({
        name: `f${from + n * 50 + at}`,
        value: `${n} of ${at}`,
        kind: at % 3 === 0 ? FIELD_NUMBER : FIELD_STRING,
        isStream: at === 0,
      })),
    })),
  })
  const inputs = [await bench.part([wide(0), wide(700)]), await bench.part([wide(1400), plainBatch(3)])]
  const merged = within(await bench.merge(inputs))
  assert.deepEqual(bench.rowCounts(merged), [93])
  assert.deepEqual(
    bench.read(merged),
    inputs.flatMap((part) => bench.read(part)),
  )
})

test('one long value of many rows stays one value', async () => {
  const bench = await new Bench(1).begin()
  const shared = [{ name: 'blob', value: 'z'.repeat(50_000) }]
  const part = await bench.part([
    { ...plainBatch(100), shared },
    { ...plainBatch(100, 'other'), shared },
  ])
  const merged = within(await bench.merge([part]))
  assert.deepEqual(bench.rowCounts(merged), [200])
  assert.deepEqual(bench.read(merged), bench.read(part))
})

test('where all rows are deleted there is no output', async () => {
  const bench = await new Bench(1).begin()
  const part = await bench.deleting(await bench.part([plainBatch(40), plainBatch(5)]), () => true)
  const files = bench.disk.files()
  assert.equal(await bench.merge([part]), null)
  assert.deepEqual(bench.disk.files(), files)
})

test('parts that overlap in ids are refused', async () => {
  const bench = await new Bench(1).begin()
  const one = await bench.part([plainBatch(40)])
  bench.nextId = 20
  const other = await bench.part([plainBatch(40)])
  await assert.rejects(bench.merge([one, other]), /overlap/)
})

test('an input that has changed is an error that names its file, and leaves everything as it was', async () => {
  for (let seed = 1; seed <= DAMAGE_SEEDS; seed++) {
    const bench = await new Bench(seed).begin()
    const inputs = [await bench.randomPart(3, 200), await bench.part([plainBatch(20), plainBatch(200)])]
    const hurt = pick(bench.random, inputs)
    const expected = inputs.flatMap((part) => bench.read(part))
    const bytes = bench.disk.peek(hurt.path) ?? new Uint8Array(0)
    const at = bench.random.below(bytes.length)
    bench.disk.damage(hurt.path, Uint8Array.of(bytes[at] ^ (1 << bench.random.below(8))), at)
    const files = bench.disk.files()
    const job = bench.job(inputs)
    const outcome = await mergeParts(bench.disk, job, bench.around()).catch((error: unknown) => error)
    if (isCodedError(outcome, 'PART_CORRUPT')) {
      assert.equal(outcome.details['file'], hurt.path, `seed ${seed}`)
    } else if (!isCodedError(outcome, 'FORMAT_VERSION')) {
      // Bytes that a merge has no use for, such as those of filters.
      assert.ok(!(outcome instanceof Error), `seed ${seed}: ${outcome}`)
      const output = held(job.path, outcome as Totals, job.level)
      assert.deepEqual(bench.read(output), expected, `seed ${seed}`)
      continue
    }
    assert.deepEqual(bench.disk.files(), files, `seed ${seed}`)
  }
})

test('a manifest that counts otherwise than the files is damage', async () => {
  const bench = await new Bench(1).begin()
  const part = await bench.part([plainBatch(40)])
  const isNamed = (code: 'PART_CORRUPT' | 'DELETES_CORRUPT', file: string) => (error: unknown) =>
    isCodedError(error, code) && error.details['file'] === file
  await assert.rejects(bench.merge([{ ...part, records: 41 }]), isNamed('PART_CORRUPT', part.path))
  const deleted = await bench.deleting(part, (_, row) => row < 3)
  const deletesPath = deleted.deletesPath ?? ''
  await assert.rejects(
    bench.merge([{ ...deleted, deletedRecords: 2 }]),
    isNamed('DELETES_CORRUPT', deletesPath),
  )
  const shorter = { ...(await bench.part([plainBatch(39)])), deletesPath, deletedRecords: 3 }
  await assert.rejects(bench.merge([shorter]), isNamed('DELETES_CORRUPT', deletesPath))
})

test('whatever call of the disk fails, there is no output and the inputs are as they were', async () => {
  const bench = await new Bench(4).begin()
  const inputs = [await bench.randomPart(3, 100), await bench.randomPart(3, 100)]
  const files = bench.disk.files()
  for (const [call, code] of [
    ['write', 'ENOSPC'],
    ['datasync', 'EIO'],
    ['open', 'EMFILE'],
    ['read', 'EIO'],
  ] as const) {
    for (let n = 1; ; n++) {
      bench.disk.failCall(n, { operation: call, code })
      const outcome = await bench.merge(inputs).catch((error: unknown) => error)
      bench.disk.heal()
      if (!(outcome instanceof Error)) break
      assert.ok(n < 100)
      assert.deepEqual(bench.disk.files(), files, `${call} ${n}`)
    }
    await bench.disk.unlink(bench.disk.files().filter((path) => !files.includes(path))[0])
  }
})

test('an output whose name is taken leaves that file alone', async () => {
  const bench = await new Bench(1).begin()
  const part = await bench.part([plainBatch(4)])
  await assert.rejects(bench.merge([part], { path: part.path }), { code: 'EEXIST' })
  assert.equal(bench.read(part).length, 4)
})

test('a merge that is cancelled leaves no output', async () => {
  const bench = await new Bench(1).begin()
  const inputs = [await bench.randomPart(4, 100), await bench.randomPart(4, 100)]
  const files = bench.disk.files()
  const openFiles = (): number => bench.disk.callsOf('open') - bench.disk.callsOf('close')
  const openBefore = openFiles()
  for (let stopAt = 0; ; stopAt++) {
    let asked = 0
    const around = bench.around({ isCancelled: () => asked++ === stopAt })
    const outcome = await mergeParts(bench.disk, bench.job(inputs), around).catch((error: unknown) => error)
    if (!(outcome instanceof Error)) {
      assert.ok(stopAt > 4, 'it asks for each block, and while it checks the output')
      break
    }
    assert.ok(isCodedError(outcome, 'STORE_CLOSED'), String(outcome))
    around.cache.close()
    assert.equal(openFiles(), openBefore, 'the output is closed')
    assert.deepEqual(bench.disk.files(), files)
  }
})

test('an output that does not read back is damage, and is removed', async () => {
  const bench = await new Bench(1).begin()
  const inputs = [await bench.part([plainBatch(40)]), await bench.part([plainBatch(50)])]
  const files = bench.disk.files()
  const job = bench.job(inputs)
  bench.disk.onReturn = (operation, path) => {
    if (operation === 'datasync' && path === job.path) bench.disk.damage(path, Uint8Array.of(255, 255), 100)
  }
  await assert.rejects(
    mergeParts(bench.disk, job, bench.around()),
    (error) => isCodedError(error, 'PART_CORRUPT') && error.details['file'] === job.path,
  )
  assert.deepEqual(bench.disk.files(), files)
})

test('templates of the inputs are recognised, however few rows of a block have them', async () => {
  const bench = await new Bench(1).begin()
  const rowsOf = (kind: string): SampleRecord[] =>
    Array.from({ length: 30 }, (_, n) => ({
      message: `${kind.repeat(5)} job ${n * 31} ${kind.repeat(3)} gave ${n} up ${kind.repeat(4)}`,
    }))
  const kinds = [...'abcdefghijklmnopqrst']
  const inputs: HeldPart[] = []
  for (const kind of kinds) inputs.push(await bench.part([{ records: rowsOf(kind) }]))
  const deleted: HeldPart[] = []
  for (const part of inputs) deleted.push(await bench.deleting(part, (_, row) => row > 0))
  const merged = within(await bench.merge(deleted))
  const stored = bench.open(merged)
  assert.equal(stored.blockCount, 1)
  const { numbers, plainRows } = stored.columnTemplates(0, 0)
  assert.deepEqual([numbers.length, plainRows], [kinds.length, 0])
  stored.close()
})
