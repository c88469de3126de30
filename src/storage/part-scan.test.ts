/** Scans over parts that overlap, against a plain array; and what becomes of them when parts are damaged. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset, assert as ensure, SeededRandom, SimulatedDisk } from '../base/base.ts'
import type { Block, ValueTest } from '../record/record.ts'
import {
  cell,
  expectedTexts,
  type FoundRecord,
  hasCode,
  latin1,
  messageOfText,
  readBlock,
  SAMPLE_WALL_MS,
  type SampleBatch,
} from '../testing/sample-records.ts'
import { countUp, shortOrLong } from '../testing/test-length.ts'
import { layBatches, pick, times, writeTestPart } from './block/test-blocks.ts'
import { writeDeletesFile } from './deletes-file.ts'
import type { HeldPart } from './held-part.ts'
import { PartCache } from './part-cache.ts'
import { scanParts } from './part-scan.ts'
import type { LostRange, ScannedBlock, ScanRequest, SkipTest } from './store.ts'

const MODEL_SEEDS = shortOrLong(40, 120)
/** Of a file so many bytes are changed, one by one. */
const CHANGED_BYTES = shortOrLong(40, 150)
/** In the short form every fifth call of the disk fails, others with each order and each part. */
const FAILED_STEP = 5
const DAY_MS = 86_400_000
const DAYS = 4

interface Stored {
  readonly disk: SimulatedDisk
  readonly parts: readonly HeldPart[]
  /** What is stored and not deleted, by id. */
  readonly visible: readonly FoundRecord[]
}

interface Placed {
  readonly id: number
  readonly day: number
  readonly batch: SampleBatch
}

function randomPlaced(random: SeededRandom, count: number): Placed[] {
  const mixing = pick(random, [0, 0.02, 0.5])
  let id = random.below(100)
  let day = random.below(DAYS)
  return times(count, () => {
    id += 1 + (random.chance(0.1) ? random.below(50) : 0)
    if (random.chance(mixing) || random.chance(0.02)) day = random.below(DAYS)
    const timeMs = SAMPLE_WALL_MS + day * DAY_MS + random.below(DAY_MS)
    const message = `${pick(random, ['request', 'answer', 'failure'])} number ${random.below(50)} of session${id}`
    const fields = random.chance(0.5) ? [{ name: 'f', value: String(random.below(9)) }] : []
    return { id, day, batch: { records: [{ message, timeMs, severity: random.below(25), fields }] } }
  })
}

/** A part of the records, in blocks. */
async function placePart(
  random: SeededRandom,
  disk: SimulatedDisk,
  number: number,
  placed: readonly Placed[],
): Promise<{ held: HeldPart; deleted: Set<number> }> {
  const path = `/part-${number}`
  const blocks: Placed[][] = []
  for (let at = 0; at < placed.length; ) {
    const size = 1 + random.below(random.chance(0.3) ? 3 : 40)
    blocks.push(placed.slice(at, at + size))
    at += size
  }
  const laid = blocks.map((records) => {
    const each = records.map(({ id, batch }) => layBatches([batch], random, id))
    const starts: number[] = []
    let at = 0
    for (const { data } of each) {
      starts.push(at)
      at += data.length
    }
    return { data: new Uint8Array(Buffer.concat(each.map(({ data }) => data))), starts, endId: 0 }
  })
  const level = pick(random, [1, 3])
  const totals = await writeTestPart(disk, path, laid, level)
  const deleted = new Set<number>()
  const rowsOfBlocks = new Map<number, Bitset>()
  if (random.chance(0.5)) {
    for (const [block, records] of blocks.entries()) {
      if (random.chance(0.5)) continue
      const rows = new Bitset(records.length)
      const isAll = random.chance(0.2)
      for (const [row, { id }] of records.entries()) {
        if (!isAll && !random.chance(0.3)) continue
        rows.set(row)
        deleted.add(id)
      }
      rowsOfBlocks.set(block, rows)
    }
  }
  const deletesPath = rowsOfBlocks.size > 0 ? `/deletes-${number}` : null
  if (deletesPath !== null) await writeDeletesFile(disk, deletesPath, rowsOfBlocks)
  const { bytes, records, firstId, endId, timeMsMin, timeMsMax } = totals
  const extent = { firstId, endId, timeMsMin, timeMsMax }
  const deletedRecords = deleted.size
  return {
    held: { number, path, deletesPath, deletedRecords, records, bytes, compression: level, ...extent },
    deleted,
  }
}

async function place(random: SeededRandom, count: number): Promise<Stored> {
  const disk = new SimulatedDisk()
  const placed = randomPlaced(random, count)
  const parts: HeldPart[] = []
  const deleted = new Set<number>()
  for (let day = 0; day < DAYS; day++) {
    const own = placed.filter((record) => record.day === day)
    if (own.length === 0) continue
    const part = await placePart(random, disk, day + 1, own)
    parts.push(part.held)
    for (const id of part.deleted) deleted.add(id)
  }
  const visible = placed.flatMap(({ id, batch }) =>
    deleted.has(id) ? [] : [{ id, timeMs: batch.records[0].timeMs ?? 0, text: expectedTexts(batch)[0] }],
  )
  return { disk, parts, visible }
}

// ---- requests ---------------------------------------------------------------------------------------------------

interface Wanted {
  readonly request: ScanRequest
  readonly passes: (record: FoundRecord) => boolean
}

function phrase(text: string): ValueTest {
  const bytes = new TextEncoder().encode(text)
  const words = new RegExp(`\\b${text}\\b`)
  return {
    cost: 5,
    needles: [{ bytes, startsWord: true, endsWord: true, isWhole: false, decides: true }],
    test: (data, start, end) => words.test(latin1(data.subarray(start, end))),
  }
}

function randomWanted(random: SeededRandom, visible: readonly FoundRecord[]): Wanted {
  const request: { -readonly [K in keyof ScanRequest]: ScanRequest[K] } = {
    order: pick(random, ['id', 'newest', 'any', undefined]),
  }
  const checks: ((record: FoundRecord) => boolean)[] = []
  const one = (): FoundRecord => pick(random, visible)
  if (visible.length > 0 && random.chance(0.3)) {
    const timeMsMin = one().timeMs
    request.timeMsMin = timeMsMin
    checks.push(({ timeMs }) => timeMs >= timeMsMin)
  }
  if (visible.length > 0 && random.chance(0.3)) {
    const timeMsMax = one().timeMs
    request.timeMsMax = timeMsMax
    checks.push(({ timeMs }) => timeMs <= timeMsMax)
  }
  if (visible.length > 0 && random.chance(0.3)) {
    const idMin = one().id
    const idMax = random.chance(0.5) ? idMin + random.below(200) : one().id
    Object.assign(request, { idMin, idMax })
    checks.push(({ id }) => id >= idMin && id <= idMax)
  }
  if (visible.length > 0 && random.chance(0.2)) {
    const ids = new Set(times(1 + random.below(5), () => one().id))
    request.ids = Float64Array.from(ids).sort()
    checks.push(({ id }) => ids.has(id))
  }
  if (visible.length > 0 && random.chance(0.4)) {
    const test = phrase(
      pick(random, [`session${one().id}`, 'failure', `number ${random.below(50)}`, 'missing word']),
    )
    request.skip = { kind: 'value', field: null, test }
    checks.push(({ text }) => {
      const message = new TextEncoder().encode(messageOfText(text))
      return test.test(message, 0, message.length)
    })
  }
  return { request, passes: (record) => checks.every((check) => check(record)) }
}

interface Answer {
  readonly found: FoundRecord[]
  readonly damage: LostRange[]
}

const FAILURE = phrase('failure')

/** Everything that can be asked of a block, so that all of it is read. */
function readAll(block: Block): FoundRecord[] {
  const rows = readBlock(block)
  for (let row = 0; row < block.rowCount; row++) {
    const { message } = block
    assert.equal(latin1(block.messageOf?.(row) ?? new Uint8Array()), latin1(cell(message, row)))
    block.fieldsOf(row)
  }
  assert.ok(block.receivedMs.length === block.rowCount && block.receivedNs.length === block.rowCount)
  const left = Bitset.full(block.rowCount)
  block.narrow?.(null, FAILURE, left)
  return rows
}

function scan(parts: readonly HeldPart[], cache: PartCache, request: ScanRequest): Answer {
  const found: FoundRecord[] = []
  const damage: LostRange[] = []
  const source = { parts, cache, noteDamage: (range: LostRange) => void damage.push(range) }
  let restTimeMsMax = Number.POSITIVE_INFINITY
  for (const scanned of scanParts(source, request)) {
    const rows = rowsOf(scanned)
    for (const { timeMs } of rows) assert.ok(timeMs <= restTimeMsMax, 'a time above what was promised')
    restTimeMsMax = scanned.restTimeMsMax
    found.push(...rows)
  }
  return { found, damage }
}

/** None where the block is damaged. */
function rowsOf({ block, damaged }: ScannedBlock): FoundRecord[] {
  try {
    return readAll(block)
  } catch (error) {
    ensure(damaged !== undefined, 'blocks of parts can be damaged')
    damaged(error)
    return []
  }
}

function checkAnswer({ visible }: Stored, { request, passes }: Wanted, answer: Answer): void {
  const known = new Map(visible.map((record) => [record.id, record]))
  const found = new Set<number>()
  for (const record of answer.found) {
    assert.deepEqual(record, known.get(record.id), `record ${record.id}`)
    assert.ok(!found.has(record.id), `record ${record.id} twice`)
    found.add(record.id)
  }
  const isLost = (id: number): boolean => answer.damage.some(({ fromId, toId }) => id >= fromId && id <= toId)
  for (const record of visible)
    if (passes(record) && !found.has(record.id))
      assert.ok(isLost(record.id), `record ${record.id} is missing`)
  if (request.order !== undefined && request.order !== 'id') return
  for (const [at, { id }] of answer.found.entries())
    if (at > 0) assert.ok(id > answer.found[at - 1].id, `id ${id} is out of order`)
}

const EVERYTHING: readonly Wanted[] = (['id', 'newest', 'any'] as const).map((order) => ({
  request: { order },
  passes: () => true,
}))

test('scans in all orders hand out what a plain array has', async () => {
  for (let seed = 1; seed <= MODEL_SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const stored = await place(random, 1 + random.below(200))
    const cache = new PartCache(stored.disk, {
      bytesMax: pick(random, [1, 1 << 20]),
      filesMax: 1 + random.below(3),
    })
    try {
      const wanted = [...EVERYTHING, ...times(20, () => randomWanted(random, stored.visible))]
      for (const one of wanted) {
        const answer = scan(stored.parts, cache, one.request)
        assert.deepEqual(answer.damage, [])
        checkAnswer(stored, one, answer)
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
    cache.close()
  }
})

test('blocks that cannot hold what is wanted are left out', async () => {
  const stored = await place(new SeededRandom(5), 200)
  const cache = new PartCache(stored.disk)
  const count = (request: ScanRequest): number => scan(stored.parts, cache, request).found.length
  const missing: SkipTest = {
    kind: 'value',
    field: null,
    test: phrase('neverseen wordsabsent notthere anywhere'),
  }
  assert.equal(count({ skip: missing }), 0)
  assert.equal(count({ timeMsMin: SAMPLE_WALL_MS + DAYS * DAY_MS }), 0)
  assert.equal(count({ ids: Float64Array.of(1e9) }), 0)
  const { id } = stored.visible[50]
  const one = count({ ids: Float64Array.of(id) })
  assert.ok(one > 0 && one < stored.visible.length, `${one} rows`)
})

test('a scan that is cancelled says so and closes its parts', async () => {
  const stored = await place(new SeededRandom(6), 100)
  const cache = new PartCache(stored.disk, { bytesMax: 1 << 20, filesMax: 0 })
  for (const order of ['id', 'newest', 'any'] as const) {
    const signal = AbortSignal.abort()
    assert.throws(() => scan(stored.parts, cache, { order, signal }), hasCode('QUERY_CANCELLED'))
    assert.equal(cache.files, 0)
  }
})

// ---- damage -----------------------------------------------------------------------------------------------------

test('a changed byte anywhere gives an equal answer, or says which ids are missing', async () => {
  let noted = 0
  let tries = 0
  for (const seed of [11, 12, 14]) {
    const random = new SeededRandom(seed)
    const stored = await place(random, 150)
    const paths = stored.parts.flatMap(({ path, deletesPath }) =>
      deletesPath === null ? [path] : [path, deletesPath],
    )
    for (const path of paths) {
      const bytes = stored.disk.peek(path) ?? assert.fail('no file')
      const step = Math.max(1, Math.floor(bytes.length / CHANGED_BYTES))
      for (let position = random.below(step); position < bytes.length; position += step) {
        const disk = stored.disk.fork()
        const changed = bytes[position] ^ (1 << random.below(8))
        disk.damage(path, Uint8Array.of(changed), position)
        const cache = new PartCache(disk)
        for (const wanted of random.chance(0.3) ? EVERYTHING : [pick(random, EVERYTHING)]) {
          try {
            const answer = scan(stored.parts, cache, wanted.request)
            checkAnswer(stored, wanted, answer)
            tries++
            if (answer.damage.length > 0) noted++
          } catch (error) {
            throw new Error(`seed ${seed}, byte ${position} of ${path}, ${wanted.request.order}`, {
              cause: error,
            })
          }
        }
        cache.close()
      }
    }
  }
  assert.ok(noted > tries / 2 && tries > 500, `${noted} of ${tries}`)
})

test('an error of the disk is noted as damage, and forgotten once the disk answers again', async () => {
  let noted = 0
  for (let seed = 21; seed <= 26; seed++) {
    const random = new SeededRandom(seed)
    const stored = await place(random, 120)
    for (const [turn, wanted] of EVERYTHING.entries()) {
      for (const operation of ['open', 'read'] as const) {
        const isOver = async (call: number): Promise<boolean> => {
          const disk = stored.disk.fork()
          const cache = new PartCache(disk, { bytesMax: 1, filesMax: 2 })
          disk.failCall(call, { code: 'EIO', operation, persistent: random.chance(0.3) })
          const answer = scan(stored.parts, cache, wanted.request)
          checkAnswer(stored, wanted, answer)
          disk.heal()
          const healed = scan(stored.parts, cache, wanted.request)
          assert.deepEqual(healed.damage, [], `seed ${seed}, ${operation} ${call}`)
          checkAnswer(stored, wanted, healed)
          cache.close()
          if (answer.damage.length > 0) noted++
          return answer.damage.length === 0
        }
        await countUp(isOver, { step: FAILED_STEP, turn: turn + seed })
      }
    }
  }
  assert.ok(noted > 50, `${noted} errors`)
})

test('a scan of many parts has few of them open at a time', async () => {
  const random = new SeededRandom(31)
  const disk = new SimulatedDisk()
  const parts: HeldPart[] = []
  for (let number = 1; number <= 12; number++) {
    const placed = randomPlaced(random, 30).map((record) => ({ ...record, id: record.id + number * 100_000 }))
    const { held } = await placePart(random, disk, number, placed)
    parts.push(held)
  }
  const cache = new PartCache(disk, { bytesMax: 1 << 20, filesMax: 2 })
  for (const order of ['id', 'any'] as const) {
    let filesMax = 0
    for (const { block } of scanParts({ parts, cache, noteDamage: () => assert.fail('damage') }, { order })) {
      readAll(block)
      filesMax = Math.max(filesMax, cache.files)
    }
    assert.ok(filesMax <= 4, `${order}: ${filesMax} files open`)
  }
})

test('where it cannot be known which rows are deleted, their blocks are noted as damage', async () => {
  const random = new SeededRandom(1)
  let stored = await place(random, 100)
  while (!stored.parts.some(({ deletesPath }) => deletesPath !== null)) stored = await place(random, 100)
  const path = stored.parts.find(({ deletesPath }) => deletesPath !== null)?.deletesPath ?? ''
  const bytes = stored.disk.peek(path) ?? assert.fail('no file')
  stored.disk.damage(path, Uint8Array.of(bytes[bytes.length - 1] ^ 1), bytes.length - 1)
  for (const wanted of EVERYTHING) {
    const answer = scan(stored.parts, new PartCache(stored.disk), wanted.request)
    assert.ok(answer.damage.length > 0)
    checkAnswer(stored, wanted, answer)
  }
})
