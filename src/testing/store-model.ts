/**
 * A plain array that is told the same steps as a store, and must always agree with it. Steps are data, so that a test
 * may make them from a seed, write them down, or let a library shrink them.
 */
import assert from 'node:assert/strict'
import type { SeededRandom } from '../base/base.ts'
import type { ScanRequest, Snapshot, Store } from '../storage/storage.ts'
import {
  bytesOf,
  encodeSample,
  expectedTexts,
  Follower,
  type FoundRecord,
  latin1,
  readStore,
  SAMPLE_WALL_MS,
  type SampleBatch,
  scanRows,
} from './sample-records.ts'
import { type OpenStoreUnderTest, SMALL_STORE, type StoreUnderTest } from './store-under-test.ts'

const count = (length: number): number[] => Array.from({ length }, (_, index) => index)

/** What can be done to a store. `from` and `to` choose among the records that are stored, from 0 to 1. */
export type StoreStep =
  | { readonly kind: 'append'; readonly batches: readonly SampleBatch[] }
  | {
      readonly kind: 'scan'
      readonly order: 'id' | 'newest'
      readonly by: 'id' | 'time'
      readonly from: number
      readonly to: number
    }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'tail'; readonly from: number }
  | { readonly kind: 'reopen' }

export function randomStep(random: SeededRandom): StoreStep {
  const roll = random.below(100)
  if (roll < 55) return { kind: 'append', batches: count(1 + random.below(4)).map(() => randomBatch(random)) }
  const from = random.below(1000) / 1000
  const to = from + random.below(1000) / 1000
  const order = random.chance(0.5) ? 'id' : 'newest'
  if (roll < 75) return { kind: 'scan', order, by: random.chance(0.5) ? 'id' : 'time', from, to }
  if (roll < 83) return { kind: 'snapshot' }
  return roll < 92 ? { kind: 'tail', from } : { kind: 'reopen' }
}

function randomBatch(random: SeededRandom): SampleBatch {
  return {
    key: random.chance(0.3) ? `key ${random.below(8)}` : undefined,
    records: count(1 + random.below(6)).map(() => ({
      message: Uint8Array.from({ length: random.below(400) }, () => random.below(256)),
      timeMs: SAMPLE_WALL_MS + (random.below(2000) - 1000) * 60_000,
      severity: random.below(25),
      fields: random.chance(0.5) ? [{ name: `f${random.below(3)}`, value: `${random.below(9)}` }] : [],
    })),
  }
}

/** Does the steps to a store and to an array, and asserts that they agree. */
export async function checkAgainstModel(
  open: OpenStoreUnderTest,
  steps: readonly StoreStep[],
): Promise<void> {
  const made = await open(SMALL_STORE)
  const model = new Model(made)
  try {
    for (const step of steps) await model.do(step)
    await model.finish()
  } finally {
    await made.dispose()
  }
}

/** The array, and what holds on to the store while steps are done. */
class Model {
  readonly #made: StoreUnderTest
  #store: Store
  readonly #stored: FoundRecord[] = []
  readonly #keys = new Map<string, number>()
  #snapshots: { readonly snapshot: Snapshot; readonly records: number }[] = []
  /** Sees everything from the first step on, across reopens. */
  #follower: Follower
  readonly #followed: FoundRecord[] = []

  constructor(made: StoreUnderTest) {
    this.#made = made
    this.#store = made.store
    this.#follower = new Follower(made.store, -1)
  }

  async do(step: StoreStep): Promise<void> {
    if (step.kind === 'append') return this.#append(step.batches)
    if (step.kind === 'scan') return this.#scan(step)
    if (step.kind === 'tail') return this.#tail(step.from)
    if (step.kind === 'reopen') return this.#reopen()
    this.#snapshots.push({ snapshot: this.#store.snapshot(), records: this.#stored.length })
  }

  async finish(): Promise<void> {
    await this.#checkSnapshots()
    await this.#follower.until(this.#stored.length - this.#followed.length)
    await this.#follower.stop()
    assert.deepEqual([...this.#followed, ...this.#follower.seen], this.#stored)
    assert.deepEqual(await readStore(this.#store), this.#stored)
  }

  async #append(batches: readonly SampleBatch[]): Promise<void> {
    const firstIds = await Promise.all(batches.map((batch) => this.#store.append(encodeSample(batch))))
    for (const [at, batch] of batches.entries()) this.#note(batch, firstIds[at])
    assert.equal(this.#store.stats().records, this.#stored.length)
  }

  #note(batch: SampleBatch, firstId: number): void {
    const key = batch.key === undefined ? null : latin1(bytesOf(batch.key))
    const known = key === null ? undefined : this.#keys.get(key)
    if (known !== undefined) {
      assert.equal(firstId, known, `key ${key}`)
      return
    }
    if (key !== null) this.#keys.set(key, firstId)
    const last = this.#stored.at(-1)?.id ?? 0
    assert.ok(firstId > last, `id ${firstId} after ${last}`)
    for (const [at, text] of expectedTexts(batch).entries()) {
      const timeMs = batch.records[at].timeMs ?? SAMPLE_WALL_MS
      this.#stored.push({ id: firstId + at, timeMs, text })
    }
  }

  #at(fraction: number): FoundRecord {
    const index = Math.min(this.#stored.length - 1, Math.floor(fraction * this.#stored.length))
    return this.#stored[index]
  }

  async #scan({ order, by, from, to }: StoreStep & { kind: 'scan' }): Promise<void> {
    if (this.#stored.length === 0) return assert.deepEqual(await readStore(this.#store), [])
    if (by === 'id') {
      const [idMin, idMax] = [this.#at(from).id, this.#at(to).id]
      return assertCovers(
        this.#store,
        { order, idMin, idMax },
        this.#stored,
        ({ id }) => id >= idMin && id <= idMax,
      )
    }
    const [timeMsMin, timeMsMax] = [this.#at(from).timeMs, this.#at(to).timeMs]
    const isWanted = ({ timeMs }: FoundRecord): boolean => timeMs >= timeMsMin && timeMs <= timeMsMax
    return assertCovers(this.#store, { order, timeMsMin, timeMsMax }, this.#stored, isWanted)
  }

  async #tail(from: number): Promise<void> {
    const afterId = this.#stored.length === 0 ? -1 : this.#at(from).id
    const expected = this.#stored.filter(({ id }) => id > afterId)
    const follower = new Follower(this.#store, afterId)
    await follower.until(expected.length)
    await follower.stop()
    assert.deepEqual(follower.seen, expected)
  }

  async #reopen(): Promise<void> {
    await this.#checkSnapshots()
    await this.#follower.stop()
    this.#followed.push(...this.#follower.seen)
    this.#store = await this.#made.reopen()
    this.#follower = new Follower(this.#store, this.#followed.at(-1)?.id ?? -1)
  }

  async #checkSnapshots(): Promise<void> {
    for (const { snapshot, records } of this.#snapshots) {
      const found = await scanRows(snapshot, { order: 'newest' })
      assert.deepEqual(
        found.sort((a, b) => a.id - b.id),
        this.#stored.slice(0, records),
      )
      snapshot.release()
    }
    this.#snapshots = []
  }
}

/** Every row of `wanted` is found, once, and nothing that is not stored. */
export async function assertCovers(
  store: Store,
  request: ScanRequest,
  stored: readonly FoundRecord[],
  isWanted: (record: FoundRecord) => boolean,
): Promise<void> {
  const found = new Map<number, string>()
  for (const { id, text } of await readStore(store, request)) {
    assert.ok(!found.has(id), `id ${id} twice for ${JSON.stringify(request)}`)
    found.set(id, text)
  }
  for (const record of stored.filter(isWanted)) {
    assert.equal(found.get(record.id), record.text, `id ${record.id} for ${JSON.stringify(request)}`)
  }
  const known = new Set(stored.map(({ id }) => id))
  for (const id of found.keys()) assert.ok(known.has(id), `id ${id} was never stored`)
}
