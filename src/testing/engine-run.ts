/**
 * A store with all that its engine does, against a plain array, deterministic from a seed: random appends, seals,
 * merges, retention, deletes, drops, restarts, kills, power cuts and failing disk calls. After every step scans in all
 * orders equal the array; snapshots that are read slowly show what was there when they were taken; a tail misses and
 * doubles nothing; in the end the directory holds what the manifest names, and nothing else.
 *
 *   const coverage = await engineRun({ seed: 1, steps: 40, corpus: [] })
 *
 * What was not acknowledged when a disk ended is there whole or not at all. Throws with the seed and the story.
 */
import assert from 'node:assert/strict'
import {
  Bitset,
  type DiskOperation,
  InlineRunner,
  isCodedError,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  systemErrorCode,
  type TaskRunner,
  type TaskRunOptions,
} from '../base/base.ts'
import {
  listedFiles,
  openStore,
  PartCache,
  type ScanRequest,
  type Snapshot,
  type Store,
  type StoreOptions,
  storeTasks,
} from '../storage/storage.ts'
import { type BatchSource, engineBatch } from './engine-batches.ts'
import {
  encodeSample,
  expectedTexts,
  Follower,
  type FoundRecord,
  readBlock,
  readStore,
  SAMPLE_WALL_MS,
  type SampleBatch,
  scanRows,
} from './sample-records.ts'

const DIRECTORY = '/data/stores/logs'
/** Where calls are of all kinds. */
const CUT_CALLS_MAX = 40
const DAY_MS = 86_400_000

/** Where a disk may be ended, and what is counted of it. */
export const CUT_PLACES = [
  'seal',
  'merge',
  'manifest',
  'unlink',
  'directory',
  'deletes',
  'start',
  'any',
] as const
export type CutPlace = (typeof CUT_PLACES)[number]

/** The disk ends in one of so many calls at such a place: where calls are few, in one of the next. */
const CALLS_TO_CUT: Readonly<Record<CutPlace, number>> = {
  seal: 12,
  merge: 12,
  manifest: 6,
  unlink: 2,
  directory: 3,
  deletes: 4,
  start: CUT_CALLS_MAX,
  any: CUT_CALLS_MAX,
}

export interface EngineRunOptions {
  readonly seed: number
  readonly steps: number
  /** Lines of real logs; may be empty. */
  readonly corpus: readonly string[]
  /** No power cuts, kills and faults: for runs about readers. */
  readonly isPeaceful?: boolean
}

/** How often what happened. */
export type EngineCoverage = Map<string, number>

export async function engineRun(options: EngineRunOptions): Promise<EngineCoverage> {
  const run = new EngineRun(options)
  try {
    await run.run()
    return run.coverage
  } catch (error) {
    const story = run.story.slice(-25).join('\n  ')
    throw new Error(`engine run with seed ${options.seed}, ${options.steps} steps:\n  ${story}`, {
      cause: error,
    })
  }
}

interface MaybeBatch {
  readonly batch: SampleBatch
  readonly texts: readonly string[]
}

interface SlowReader {
  readonly snapshot: Snapshot
  readonly expected: readonly FoundRecord[]
  readonly blocks: AsyncIterator<{ readonly block: Parameters<typeof readBlock>[0] }>
  readonly found: FoundRecord[]
  /** What the store had done when the snapshot was taken. */
  readonly before: Readonly<Record<(typeof CHANGES)[number], number>>
}

/** What may happen to parts while a reader holds them. */
const CHANGES = ['merges', 'drops', 'deletes'] as const

/** Says which task runs. */
class WatchedRunner implements TaskRunner {
  running: string | null = null
  readonly #inner: InlineRunner

  constructor(disk: SimulatedDisk, random: SeededRandom) {
    this.#inner = new InlineRunner(storeTasks(disk, random))
  }

  get stats(): TaskRunner['stats'] {
    return this.#inner.stats
  }

  async run<Out>(task: string, input: unknown, options?: TaskRunOptions): Promise<Out> {
    this.running = task
    try {
      return await this.#inner.run<Out>(task, input, options)
    } finally {
      this.running = null
    }
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

class EngineRun {
  readonly coverage: EngineCoverage = new Map()
  readonly story: string[] = []
  readonly #options: EngineRunOptions
  readonly #random: SeededRandom
  readonly #source: BatchSource
  readonly #storeOptions: Partial<StoreOptions>
  #disk: SimulatedDisk
  #clock = new SimulatedClock({ wallMs: SAMPLE_WALL_MS })
  #runner: WatchedRunner
  #store: Store | null = null
  /** What the disk is after it ended; null while it lives. */
  #successor: SimulatedDisk | null = null
  #isOpening = false
  #hasFault = false
  #isArmed = false
  /** By id, ascending. */
  #stored = new Map<number, FoundRecord>()
  /** Everything that was ever stored, deleted or not. */
  readonly #ever = new Map<number, string>()
  /** When they were received, by id. */
  readonly #receivedMs = new Map<number, number>()
  #maybe: MaybeBatch[] = []
  /** Ids of deletions that may have happened, each set whole or not at all. */
  #maybeDeleted: Set<number>[] = []
  readonly #keys = new Map<string, number>()
  #nextId = 1
  #readers: SlowReader[] = []
  #follower: Follower | null = null
  #followedFrom = 0
  #followed: number[] = []
  #deletes = 0

  constructor(options: EngineRunOptions) {
    this.#options = options
    const random = new SeededRandom(options.seed)
    this.#random = random
    this.#source = { random, corpus: options.corpus, sequence: 1 }
    this.#storeOptions = {
      segmentBytesMax: 4096 << random.below(4),
      bufferBytesMax: 16_384 << random.below(3),
      groupBytesMax: 4096,
      gatherBytesMax: 65_536,
      freeBytesMin: 0,
      blockRowsMax: 64 << random.below(5),
      blockBytesMax: 16_384 << random.below(5),
      mergeFanIn: 2 + random.below(3),
      partBytesMax: random.chance(0.3) ? 65_536 : 16 * 1024 * 1024,
      keyWindowMs: 365 * DAY_MS,
      retentionMs: random.chance(0.3) ? (1 + random.below(12)) * 3_600_000 : 0,
      retentionBytes: random.chance(0.15) ? 8192 << random.below(4) : 0,
      cacheBytesMax: random.chance(0.3) ? 0 : 256 * 1024,
      sealing: random.chance(0.8),
    }
    this.#disk = new SimulatedDisk({
      seed: options.seed,
      shortReadChance: 0.03,
      shortWriteChance: 0.03,
      reorder: random.chance(0.5),
    })
    this.#runner = new WatchedRunner(this.#disk, new SeededRandom(1))
  }

  async run(): Promise<void> {
    await this.#start()
    for (let step = 0; step < this.#options.steps; step++) await this.#step()
    await this.#end()
  }

  #count(what: string): void {
    this.coverage.set(what, (this.coverage.get(what) ?? 0) + 1)
  }

  // ---- starting and ending ------------------------------------------------------------------------------------

  async #open(): Promise<Store> {
    this.#clock = new SimulatedClock({ wallMs: this.#clock.wallMs() })
    this.#runner = new WatchedRunner(this.#disk, new SeededRandom(this.#random.uint32()))
    this.#isOpening = true
    try {
      return await openStore({
        disk: this.#disk,
        directory: DIRECTORY,
        clock: this.#clock,
        random: new SeededRandom(this.#random.uint32()),
        options: this.#storeOptions,
        runner: this.#runner,
      })
    } finally {
      this.#isOpening = false
    }
  }

  /** Opens until it succeeds; starts may be ended too. Then finds out what of the uncertain happened. */
  async #start(): Promise<void> {
    for (;;) {
      if (this.#stored.size > 0 && this.#isWild(0.25)) this.#arm('start')
      try {
        this.#store = await this.#open()
        if (this.#successor === null) break
      } catch (error) {
        if (this.#successor === null) throw error
      }
      this.#takeSuccessor()
    }
    this.#disarm()
    const stats = this.#live.stats()
    assert.equal(stats.state, 'writable', `after a start: ${stats.reason}`)
    assert.ok(stats.nextId >= this.#nextId, `id ${stats.nextId} after ${this.#nextId}`)
    if (this.#hasRetention) await this.#settle()
    await this.#reconcile(true)
    await this.#checkKeys()
    await this.#checkScans(true)
    this.#follow()
  }

  get #live(): Store {
    assert.ok(this.#store !== null)
    return this.#store
  }

  #isWild(chance: number): boolean {
    return this.#random.chance(chance) && this.#options.isPeaceful !== true
  }

  /** The disk ends in one of the next calls at such a place. */
  #arm(place: CutPlace): void {
    const random = this.#random
    let left = 1 + random.below(CALLS_TO_CUT[place])
    const isKill = random.chance(0.5)
    const seed = random.uint32()
    const hook = (operation: DiskOperation, path: string): void => {
      if (this.#successor !== null || !this.#isAt(place, operation, path) || --left > 0) return
      for (const each of CUT_PLACES) {
        if (each !== 'any' && this.#isAt(each, operation, path))
          this.#count(`${isKill ? 'kill' : 'cut'} in ${each}`)
      }
      this.story.push(`${isKill ? 'kill' : 'power cut'} in ${place} at ${operation} ${path}`)
      this.#successor = isKill ? this.#disk.processKill() : this.#disk.powerCut(seed)
    }
    this.#isArmed = true
    if (random.chance(0.5)) this.#disk.onCall = hook
    else this.#disk.onReturn = hook
  }

  #disarm(): void {
    this.#isArmed = false
    this.#disk.onCall = undefined
    this.#disk.onReturn = undefined
  }

  #isAt(place: CutPlace, operation: DiskOperation, path: string): boolean {
    switch (place) {
      case 'seal':
      case 'merge':
        return this.#runner.running === place
      case 'manifest':
        return path.includes('/manifest-') && (operation === 'write' || operation === 'datasync')
      case 'unlink':
        return operation === 'unlink' && !path.includes('/manifest-')
      case 'directory':
        return operation === 'syncDirectory'
      case 'deletes':
        return path.includes('/deletes-') && operation !== 'unlink'
      case 'start':
        return this.#isOpening
      case 'any':
        return true
    }
  }

  #takeSuccessor(): void {
    assert.ok(this.#successor !== null)
    this.#disk = this.#successor
    this.#successor = null
    this.#isArmed = false
    this.#count('crashes')
  }

  /** The process is gone: nothing is asked of it any more. */
  async #recover(): Promise<void> {
    const store = this.#live
    this.#readers = []
    await this.#stopFollowing()
    await store.close().catch(() => {})
    this.#takeSuccessor()
    await this.#start()
  }

  async #restart(isClean: boolean): Promise<void> {
    this.story.push(isClean ? 'restart' : 'kill')
    this.#disarm()
    await this.#finishReaders()
    await this.#stopFollowing()
    if (isClean) {
      await this.#live.close()
      this.#disk.heal()
    } else {
      this.#successor = this.#disk.processKill()
      await this.#live.close().catch(() => {})
      this.#takeSuccessor()
    }
    this.#hasFault = false
    await this.#start()
  }

  async #end(): Promise<void> {
    this.story.push('end')
    this.#disarm()
    this.#disk.heal()
    await this.#finishReaders()
    await this.#restart(true)
    this.#disarm()
    await this.#settle()
    await this.#checkScans(true)
    await this.#checkTail()
    await this.#stopFollowing()
    await this.#live.maintenance.merge()
    await this.#settle()
    await this.#checkScans(true)
    await this.#checkFiles()
    await this.#live.close()
  }

  /** Lets background work come to rest. */
  async #settle(): Promise<void> {
    for (let quiet = 0, calls = -1; quiet < 3 && this.#successor === null; ) {
      await new Promise((resolve) => setImmediate(resolve))
      quiet = calls === this.#disk.calls ? quiet + 1 : 0
      calls = this.#disk.calls
    }
  }

  // ---- steps --------------------------------------------------------------------------------------------------

  async #step(): Promise<void> {
    if (!this.#isArmed && this.#isWild(0.12)) this.#arm(CUT_PLACES[this.#random.below(CUT_PLACES.length)])
    else if (this.#isWild(0.06)) this.#orderFault()
    const roll = this.#random.below(100)
    if (roll < 42) await this.#append()
    else if (roll < 52) await this.#attempt('flush', () => this.#live.flush())
    else if (roll < 56) await this.#attempt('merge', () => this.#live.maintenance.merge())
    else if (roll < 66) await this.#delete()
    else if (roll < 70) await this.#drop()
    else if (roll < 78) this.#takeReader()
    else if (roll < 84) await this.#advance()
    else if (roll < 88) await this.#settle()
    else if (roll < 91) await this.#restart(this.#options.isPeaceful === true || this.#random.chance(0.5))
    if (this.#successor !== null) return this.#recover()
    await this.#afterStep()
    if (this.#successor !== null) await this.#recover()
  }

  /** Scans must find what is there, so what fails is over by now. A cut may still come while they run. */
  async #afterStep(): Promise<void> {
    if (this.#hasFault) {
      this.#disk.heal()
      this.#hasFault = false
    }
    // Retention drops in the background, when the clock moved: afterwards it is known what went.
    if (this.#hasRetention) await this.#settle()
    try {
      if (this.#live.stats().state !== 'writable') return await this.#restart(false)
      await this.#reconcile(false)
      await this.#checkScans()
      await this.#readOn()
      await this.#checkTail()
    } catch (error) {
      if (this.#successor === null) throw error
    }
  }

  #orderFault(): void {
    const random = this.#random
    const code = random.chance(0.5) ? 'EIO' : 'ENOSPC'
    const persistent = random.chance(0.2)
    const pathIncludes = [undefined, '/part-', '/manifest-', '/segment-'][random.below(4)]
    const writing = ['write', 'datasync', 'open', 'syncDirectory', 'unlink'] as const
    const operation = random.chance(0.7) ? writing[random.below(writing.length)] : undefined
    this.story.push(`fault ${code} ${persistent} ${pathIncludes} ${operation}`)
    this.#disk.failCall(1 + random.below(15), { code, persistent, pathIncludes, operation, partialBytes: 50 })
    this.#hasFault = true
    this.#count('faults')
  }

  /** What is done once a minute is done in the middle of a step of the clock, and once more behind it. */
  async #advance(): Promise<void> {
    const ms = [1000, 61_000, 3_700_000, 7_200_000, 7_200_000, 90_000_000][this.#random.below(6)]
    this.story.push(`advance ${ms}`)
    this.#clock.advance(ms)
    await this.#settle()
    if (this.#successor === null) this.#clock.advance(61_000)
  }

  /** Work that may fail where the disk does. */
  async #attempt(name: string, work: () => Promise<unknown>): Promise<boolean> {
    this.story.push(name)
    try {
      await work()
      this.#count(name)
      return true
    } catch (error) {
      if (!this.#mayFail(error)) throw error
      this.#count(`${name} failed`)
      return false
    }
  }

  #mayFail(error: unknown): boolean {
    if (this.#successor !== null) return true
    if (!this.#hasFault) return this.#live.stats().state !== 'writable'
    return isCodedError(error) || ['EIO', 'ENOSPC'].includes(systemErrorCode(error) ?? '')
  }

  async #append(): Promise<void> {
    const wallMs = this.#clock.wallMs()
    const batches = Array.from({ length: 1 + this.#random.below(4) }, (_, n) => {
      const isKeyed = this.#random.chance(0.3)
      return engineBatch(this.#source, wallMs, isKeyed ? `key ${this.#source.sequence}.${n}` : undefined)
    })
    this.story.push(`append ${batches.length} batches`)
    const results = await Promise.allSettled(batches.map((batch) => this.#live.append(encodeSample(batch))))
    for (const [at, result] of results.entries()) {
      const batch = batches[at]
      if (result.status === 'fulfilled') this.#note(batch, result.value)
      else if (this.#mayFail(result.reason)) this.#maybe.push({ batch, texts: expectedTexts(batch) })
      else throw result.reason
    }
    if (this.#random.chance(0.2)) await this.#repeatKey()
  }

  #note(batch: SampleBatch, firstId: number): void {
    assert.ok(firstId >= this.#nextId, `id ${firstId} after ${this.#nextId}`)
    for (const [at, text] of expectedTexts(batch).entries()) {
      const id = firstId + at
      this.#storeRecord(id, batch, at, text)
    }
    this.#nextId = firstId + batch.records.length
    if (batch.key !== undefined) this.#keys.set(String(batch.key), firstId)
    this.#count('appended')
  }

  #storeRecord(id: number, batch: SampleBatch, at: number, text: string): void {
    this.#stored.set(id, { id, timeMs: batch.records[at].timeMs ?? 0, text })
    this.#ever.set(id, text)
    this.#receivedMs.set(id, batch.receivedMs ?? 0)
  }

  async #repeatKey(): Promise<void> {
    const keys = [...this.#keys]
    if (keys.length === 0 || this.#successor !== null || this.#hasFault) return
    const [key, id] = keys[this.#random.below(keys.length)]
    const batch = engineBatch(this.#source, this.#clock.wallMs(), key)
    try {
      assert.equal(await this.#live.append(encodeSample(batch)), id, `key ${key}`)
      this.#count('repeated keys')
    } catch (error) {
      if (this.#successor === null && this.#live.stats().state === 'writable') throw error
    }
  }

  async #checkKeys(): Promise<void> {
    for (let n = 0; n < 5; n++) await this.#repeatKey()
  }

  // ---- deletions ----------------------------------------------------------------------------------------------

  /** Ids of the rows of a part, by block. */
  #idsOf(number: number): Float64Array[] {
    const cache = new PartCache(this.#disk, { bytesMax: 0, filesMax: 0 })
    try {
      using snapshot = this.#live.snapshot()
      const held = snapshot.parts.find((part) => part.number === number)
      if (held === undefined) return []
      return cache.using(held, (part) =>
        Array.from({ length: part.blockCount }, (_, block) => part.block(block).ids.slice()),
      )
    } finally {
      cache.close()
    }
  }

  async #delete(): Promise<void> {
    const parts = this.#live.maintenance.parts()
    if (parts.length === 0 || this.#hasFault || this.#isArmedForReads()) return
    const share = [0.02, 0.3, 0.7, 1][this.#random.below(4)]
    const rows = new Map<number, Map<number, Bitset>>()
    const ids = new Map<number, Set<number>>()
    for (const { number } of parts) {
      if (!this.#random.chance(0.5)) continue
      const blocks = new Map<number, Bitset>()
      const deleted = new Set<number>()
      for (const [block, blockIds] of this.#idsOf(number).entries()) {
        if (!this.#random.chance(0.7)) continue
        const set = new Bitset(blockIds.length)
        for (const [row, id] of blockIds.entries()) {
          if (!this.#random.chance(share)) continue
          set.set(row)
          if (this.#stored.has(id)) deleted.add(id)
        }
        blocks.set(block, set)
      }
      rows.set(number, blocks)
      ids.set(number, deleted)
    }
    if (this.#isWild(0.3)) this.#arm(this.#random.chance(0.5) ? 'deletes' : 'any')
    let gone: readonly number[] = []
    const isDone = await this.#attempt('delete', async () => {
      gone = await this.#live.maintenance.deleteRows(rows)
    })
    this.#deletes++
    for (const [number, deleted] of ids) {
      if (gone.includes(number)) this.#count('deletes of parts that were gone')
      else if (isDone) this.#forget(deleted)
      else this.#maybeDeleted.push(deleted)
    }
  }

  /** Reading what to delete is the test's own: no cut is to come in it. */
  #isArmedForReads(): boolean {
    if (this.#isArmed) this.#disarm()
    return this.#successor !== null
  }

  async #drop(): Promise<void> {
    if (this.#hasFault || this.#isArmedForReads()) return
    await this.#settle()
    const parts = this.#live.maintenance.parts()
    if (parts.length === 0) return
    const numbers = parts.filter(() => this.#random.chance(0.3)).map(({ number }) => number)
    const ids = new Set(numbers.flatMap((number) => this.#idsOf(number).flatMap((block) => [...block])))
    for (const id of ids) if (!this.#stored.has(id)) ids.delete(id)
    if (this.#isWild(0.3)) this.#arm('any')
    let records = -1
    const isDone = await this.#attempt('drop', async () => {
      records = await this.#live.maintenance.dropParts(numbers)
    })
    if (!isDone) this.#maybeDeleted.push(ids)
    else {
      assert.equal(records, ids.size)
      this.#forget(ids)
    }
  }

  #forget(ids: Iterable<number>): void {
    for (const id of ids) this.#stored.delete(id)
  }

  // ---- what is found out -------------------------------------------------------------------------------------

  /**
   * What happened of that which was not answered, and what retention dropped. `isFinal`: after a start, when nothing is
   * uncertain any more.
   */
  async #reconcile(isFinal: boolean): Promise<void> {
    const isUncertain = isFinal || this.#maybeDeleted.length > 0
    const mayHaveDropped = this.#hasRetention && this.#live.stats().records !== this.#stored.size
    if (!isUncertain && !mayHaveDropped) return
    const found = new Map((await readStore(this.#live)).map((record) => [record.id, record]))
    // What a disk that ended meanwhile shows says nothing.
    if (this.#successor !== null) return
    this.#noteDropped(found)
    for (const ids of this.#maybeDeleted) this.#noteDeleted(ids, found)
    if (!isFinal) return
    this.#maybeDeleted = []
    const maybe = this.#maybe
    this.#maybe = []
    const idOf = new Map([...found.values()].map((record) => [record.text, record.id]))
    for (const each of maybe) this.#noteUnanswered(each, idOf)
    this.#stored = new Map([...this.#stored].sort(([a], [b]) => a - b))
  }

  get #hasRetention(): boolean {
    const { retentionMs, retentionBytes } = this.#storeOptions
    return (retentionMs ?? 0) > 0 || (retentionBytes ?? 0) > 0
  }

  /** Whether retention must not have dropped it yet: of what is dropped for its size, nobody knows. */
  #isKept(timeMs: number, receivedMs: number): boolean {
    const { retentionMs = 0, retentionBytes = 0 } = this.#storeOptions
    if (retentionBytes > 0) return false
    // A time that is more than a day ahead is not what a record is filed by.
    const filedMs = timeMs > receivedMs + DAY_MS ? receivedMs : Math.max(timeMs, receivedMs)
    return retentionMs === 0 || filedMs >= this.#clock.wallMs() - retentionMs
  }

  #noteDropped(found: ReadonlyMap<number, FoundRecord>): void {
    if (!this.#hasRetention) return
    for (const { id, timeMs } of [...this.#stored.values()]) {
      if (found.has(id) || this.#isKept(timeMs, this.#receivedMs.get(id) ?? 0)) continue
      this.#stored.delete(id)
      this.#count((this.#storeOptions.retentionBytes ?? 0) > 0 ? 'dropped by size' : 'dropped by age')
    }
  }

  #noteDeleted(ids: ReadonlySet<number>, found: ReadonlyMap<number, FoundRecord>): void {
    const there = [...ids].filter((id) => found.has(id))
    // Rows may have been deleted again, by a step that was answered.
    const known = [...ids].filter((id) => this.#stored.has(id))
    assert.ok(
      there.length === 0 || there.length === known.length,
      `${there.length} of ${known.length} deleted`,
    )
    if (there.length === 0) this.#forget(ids)
  }

  /** A batch is there whole or not at all, but for what retention took of it. */
  #noteUnanswered({ batch, texts }: MaybeBatch, idOf: ReadonlyMap<string, number>): void {
    const first = texts.findIndex((text) => idOf.has(text))
    this.#count(first < 0 ? 'unanswered and gone' : 'unanswered and stored')
    if (first < 0) return
    const firstId = (idOf.get(texts[first]) ?? 0) - first
    for (const [at, text] of texts.entries()) {
      const id = idOf.get(text)
      const { timeMs = 0 } = batch.records[at]
      if (id === undefined && !this.#isKept(timeMs, batch.receivedMs ?? 0)) continue
      assert.equal(id, firstId + at, 'a batch that is there in part')
      this.#storeRecord(firstId + at, batch, at, text)
    }
    this.#nextId = Math.max(this.#nextId, firstId + texts.length)
    if (batch.key !== undefined) this.#keys.set(String(batch.key), firstId)
  }

  // ---- checks -------------------------------------------------------------------------------------------------

  async #checkScans(isFull = false): Promise<void> {
    const records = [...this.#stored.values()]
    const stats = this.#live.stats()
    if (this.#maybeDeleted.length === 0 && this.#readers.length === 0)
      assert.equal(stats.records, records.length, 'records by stats')
    // Every scan is one more reader of everything: what is read in which order is left to chance.
    const isWhole = isFull || this.#random.chance(0.3)
    if (isWhole) assert.deepEqual(await this.#scan({ order: 'id' }), records)
    for (const order of ['newest', 'any', 'id'] as const) {
      if (records.length === 0 || !(isFull || this.#random.chance(0.25))) continue
      const pick = (): FoundRecord => records[this.#random.below(records.length)]
      const [a, b] = [pick(), pick()]
      const isById = this.#random.chance(0.5)
      const [low, high] = isById ? [a.id, b.id].sort(byNumber) : [a.timeMs, b.timeMs].sort(byNumber)
      const request: ScanRequest = isById
        ? { order, idMin: low, idMax: high }
        : { order, timeMsMin: low, timeMsMax: high }
      const isWanted = ({ id, timeMs }: FoundRecord): boolean =>
        isById ? id >= low && id <= high : timeMs >= low && timeMs <= high
      const found = await this.#scan(request)
      if (order === 'id')
        for (let at = 1; at < found.length; at++) assert.ok(found[at - 1].id < found[at].id, 'ids ascend')
      const wanted = found.filter(isWanted).sort((x, y) => x.id - y.id)
      assert.deepEqual(wanted, records.filter(isWanted), JSON.stringify(request))
    }
    assert.deepEqual(this.#hasFault ? [] : this.#live.stats().damaged.filter(isLasting), [])
  }

  async #scan(request: ScanRequest): Promise<FoundRecord[]> {
    using snapshot = this.#live.snapshot()
    const found = await scanRows(snapshot, request)
    assert.deepEqual(snapshot.damage, [])
    return found
  }

  #takeReader(): void {
    const order = (['id', 'newest', 'any'] as const)[this.#random.below(3)]
    // What is uncertain is not known at the moment of the snapshot either.
    if (this.#maybeDeleted.length > 0) return
    this.story.push(`reader by ${order}`)
    const snapshot = this.#live.snapshot()
    this.#readers.push({
      snapshot,
      expected: [...this.#stored.values()],
      blocks: snapshot.scan({ order })[Symbol.asyncIterator](),
      found: [],
      before: this.#done,
    })
  }

  get #done(): SlowReader['before'] {
    const { merges, droppedRecords } = this.#live.stats().housekeeping
    return { merges, drops: droppedRecords, deletes: this.#deletes }
  }

  /** Each slow reader takes one block; one that is through lets go. */
  async #readOn(): Promise<void> {
    for (const reader of this.#readers.slice()) {
      for (const { path, deletesPath } of reader.snapshot.parts) {
        assert.ok(this.#disk.peek(path) !== null, `${path} is gone under a snapshot`)
        assert.ok(deletesPath === null || this.#disk.peek(deletesPath) !== null, `${deletesPath} is gone`)
      }
      const next = await reader.blocks.next()
      if (next.done !== true) reader.found.push(...readBlock(next.value.block))
      else {
        this.#readers = this.#readers.filter((other) => other !== reader)
        this.#checkReader(reader)
      }
    }
  }

  #checkReader({ snapshot, expected, found, before }: SlowReader): void {
    assert.deepEqual(snapshot.damage, [])
    assert.equal(snapshot.records, expected.length)
    found.sort((a, b) => a.id - b.id)
    assert.deepEqual(found, expected, 'what a slow reader found')
    snapshot.release()
    this.#count('slow readers')
    const done = this.#done
    for (const what of CHANGES) if (done[what] > before[what]) this.#count(`slow readers during ${what}`)
  }

  async #finishReaders(): Promise<void> {
    for (let tries = 0; this.#readers.length > 0 && tries < 100_000; tries++) await this.#readOn()
  }

  #follow(): void {
    const afterId = this.#followed.at(-1) ?? -1
    this.#followedFrom = this.#followed.length
    this.#follower = new Follower(this.#live, afterId)
  }

  async #stopFollowing(): Promise<void> {
    const follower = this.#follower
    this.#follower = null
    await follower?.stop().catch(() => {})
    for (const { id, text } of follower?.seen.slice(this.#followed.length - this.#followedFrom) ?? [])
      this.#checkFollowed(id, text)
  }

  #checkFollowed(id: number, text: string): void {
    assert.ok(id > (this.#followed.at(-1) ?? -1), `the tail had ${this.#followed.at(-1)}, then ${id}`)
    const known = this.#ever.get(id)
    // What the disk ended before the answer is known after the next start.
    if (known !== undefined) assert.equal(text, known, `id ${id} of the tail`)
    this.#followed.push(id)
  }

  /** The tail has seen all that is stored, or will; never less than up to where it is. */
  async #checkTail(): Promise<void> {
    const follower = this.#follower
    if (follower === null) return
    const last = [...this.#stored.keys()].at(-1) ?? -1
    while ((follower.seen.at(-1)?.id ?? this.#followed.at(-1) ?? -1) < last && this.#successor === null)
      await follower.until(follower.seen.length + 1)
    for (const { id, text } of follower.seen.slice(this.#followed.length - this.#followedFrom))
      this.#checkFollowed(id, text)
    if (this.#successor !== null || !this.#random.chance(0.3)) return
    const seen = new Set(this.#followed)
    for (const id of this.#stored.keys()) assert.ok(seen.has(id), `the tail missed ${id}`)
  }

  /** The directory has what the manifest names, and no more. */
  async #checkFiles(): Promise<void> {
    const names = this.#disk.files().map((path) => path.slice(DIRECTORY.length + 1))
    const others = names.filter((name) => !name.startsWith('manifest-') && name !== 'lock')
    assert.deepEqual(others.sort(), await listedFiles(this.#disk, DIRECTORY))
    assert.ok(names.length - others.length <= 4, `${names.length - others.length} manifests`)
  }
}

/** A file that could not be read for a moment is no damage. */
const isLasting = ({ reason }: { readonly reason: string }): boolean => !reason.includes('made to fail')

const byNumber = (a: number, b: number): number => a - b
