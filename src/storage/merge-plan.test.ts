import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import type { ManifestPart } from './manifest-edits.ts'
import { MERGE_PLAN_DEFAULTS, type MergePlan, planFinalMerges, planMerges, SEAL_LEVEL } from './merge-plan.ts'

const MIB = 1024 * 1024
const HOUR_MS = 60 * 60 * 1000
const DAY = 20_000

interface PartShape {
  readonly bytes: number
  readonly day?: number | null
  readonly level?: number
  readonly compression?: number
  readonly receivedMsMax?: number
  /** Of 1000 records. */
  readonly deleted?: number
}

/** Parts with ascending ids, 1000 records each. */
function partsOf(shapes: readonly PartShape[]): ManifestPart[] {
  return shapes.map(
    ({ bytes, day = DAY, level = 0, compression = 1, receivedMsMax = 0, deleted = 0 }, index) => ({
      number: index + 1,
      summary: {
        bytes,
        sha256: '',
        records: 1000,
        firstId: index * 1000 + 1,
        endId: index * 1000 + 1001,
        timeMsMin: 0,
        timeMsMax: 0,
        receivedMsMin: 0,
        receivedMsMax,
        day,
        level,
        compression,
      },
      deletes: deleted === 0 ? null : { number: index + 1, records: deleted },
    }),
  )
}

const repeated = (count: number, shape: PartShape): PartShape[] => Array.from({ length: count }, () => shape)
const numbersOf = (plans: readonly MergePlan[]): number[][] =>
  plans.map(({ parts }) => parts.map(({ number }) => number))
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n)

test('as many parts of a tier as the fan-in says become one, and fewer wait', () => {
  assert.deepEqual(planMerges(partsOf(repeated(7, { bytes: MIB / 2 })), 0), [])
  const [plan, ...others] = planMerges(partsOf(repeated(9, { bytes: MIB / 2 })), 0)
  assert.deepEqual(others, [])
  assert.deepEqual(numbersOf([plan]), [range(1, 8)])
  assert.deepEqual([plan.day, plan.level, plan.compression], [DAY, 1, SEAL_LEVEL])
})

test('parts of another day, of many days and of a higher tier stay where they are', () => {
  const small = repeated(7, { bytes: MIB / 2 })
  assert.deepEqual(planMerges(partsOf([...small, { bytes: MIB / 2, day: DAY + 1 }]), 0), [])
  assert.deepEqual(planMerges(partsOf([...small, { bytes: MIB / 2, day: null }]), 0), [])
  assert.deepEqual(planMerges(partsOf([...small, { bytes: MIB }]), 0), [])
  const ofManyDays = partsOf(repeated(8, { bytes: MIB / 2, day: null }))
  assert.deepEqual(numbersOf(planMerges(ofManyDays, 0)), [range(1, 8)])
})

test('parts are neighbours: no larger one lies between them, and smaller ones go with them', () => {
  const four = repeated(4, { bytes: 2 * MIB })
  assert.deepEqual(planMerges(partsOf([...four, { bytes: 100 * MIB }, ...four]), 0), [])
  const plans = planMerges(partsOf([{ bytes: 1 }, ...four, { bytes: 1 }, ...four, { bytes: 1 }]), 0)
  assert.deepEqual(numbersOf(plans), [range(2, 10)])
  assert.equal(plans[0].compression, MERGE_PLAN_DEFAULTS.levels[0])
})

test('a tier is at least as high as how often its records were merged', () => {
  const merged = repeated(4, { bytes: 1000, level: 1 })
  assert.deepEqual(planMerges(partsOf([...merged, ...repeated(4, { bytes: 1000 })]), 0), [])
})

test('no merge makes a part above the limit, and then fewer parts make one', () => {
  const plans = planMerges(partsOf(repeated(8, { bytes: 200 * MIB })), 0)
  assert.deepEqual(numbersOf(plans), [range(1, 5)])
  assert.deepEqual(planMerges(partsOf(repeated(20, { bytes: 300 * MIB })), 0), [])
})

test('a day that is over and quiet becomes one part at the final level', () => {
  const old = repeated(2, { bytes: MIB, receivedMsMax: 1000 })
  const parts = partsOf([...old, { bytes: 30 * MIB }, { bytes: 1, day: DAY + 1 }])
  assert.deepEqual(planMerges(parts, 999 + HOUR_MS), [])
  const plans = planMerges(parts, 1000 + HOUR_MS)
  assert.deepEqual(numbersOf(plans), [[1, 2, 3]])
  assert.equal(plans[0].compression, MERGE_PLAN_DEFAULTS.finalLevel)
  assert.deepEqual(
    planMerges(partsOf(repeated(3, { bytes: MIB })), 9 * HOUR_MS),
    [],
    'the newest day goes on',
  )
})

test('a final part waits until there is as much beside it', () => {
  const final = { bytes: 8 * MIB, compression: MERGE_PLAN_DEFAULTS.finalLevel, level: 2 }
  const newest = { bytes: 1, day: DAY + 1 }
  const late = (count: number): ManifestPart[] =>
    partsOf([final, ...repeated(count, { bytes: 2 * MIB }), newest])
  assert.deepEqual(numbersOf(planMerges(late(1), HOUR_MS)), [])
  assert.deepEqual(numbersOf(planMerges(late(3), HOUR_MS)), [[2, 3, 4]])
  assert.deepEqual(numbersOf(planMerges(late(4), HOUR_MS)), [range(1, 5)])
})

test('a part with many deleted rows is written again alone, at its level', () => {
  const shape = { bytes: MIB / 2, level: 1, compression: 3 }
  const parts = partsOf([...repeated(3, shape), { ...shape, deleted: 251 }, { ...shape, deleted: 250 }])
  const plans = planMerges(parts, 0)
  assert.deepEqual(numbersOf(plans), [[4]])
  assert.deepEqual([plans[0].level, plans[0].compression], [1, 3])
})

test('a cold part alone is packed again at the final level, once, unless it is small', () => {
  const newest = { bytes: 1, day: DAY + 1 }
  const plansOf = (shape: PartShape): MergePlan[] => planMerges(partsOf([shape, newest]), HOUR_MS)
  assert.deepEqual(numbersOf(plansOf({ bytes: MIB, compression: SEAL_LEVEL })), [[1]])
  assert.deepEqual(plansOf({ bytes: MIB, compression: MERGE_PLAN_DEFAULTS.finalLevel }), [])
  assert.deepEqual(plansOf({ bytes: MIB - 1, compression: SEAL_LEVEL }), [])
})

test('on demand every day becomes as few parts as may be, at the final level where it is cold', () => {
  const shapes = (compression: number) => [
    { bytes: 600 * MIB },
    { bytes: 300 * MIB, compression },
    { bytes: 200 * MIB, compression },
    { bytes: MIB, day: DAY + 1 },
    { bytes: MIB, day: DAY + 2, compression },
    { bytes: MIB, day: DAY + 3, compression, deleted: 1 },
    { bytes: MIB, day: null },
    { bytes: MIB, day: null, compression },
    { bytes: 1, day: DAY + 9, compression },
  ]
  const { finalLevel } = MERGE_PLAN_DEFAULTS
  const soon = planFinalMerges(partsOf(shapes(SEAL_LEVEL)), 0)
  assert.deepEqual(numbersOf(soon), [[1, 2], [4], [6], [7, 8]])
  assert.ok(soon.every(({ compression }) => compression === SEAL_LEVEL))
  const cold = planFinalMerges(partsOf(shapes(finalLevel)), HOUR_MS)
  assert.deepEqual(numbersOf(cold), [[1, 2], [4], [6], [7, 8]])
  assert.deepEqual(
    cold.map(({ compression }) => compression),
    [finalLevel, finalLevel, finalLevel, SEAL_LEVEL],
    'parts of many days are never cold',
  )
  assert.deepEqual(numbersOf(planFinalMerges(partsOf(shapes(SEAL_LEVEL)), HOUR_MS)), [
    [1, 2],
    [3],
    [4],
    [5],
    [6],
    [7, 8],
  ])
})

// ---- how often records are written again ------------------------------------------------------------------------

/** A store in numbers: parts, and how often the record that was written again most often was, in each of them. */
class Store {
  parts: ManifestPart[] = []
  sealedBytes = 0
  rewrittenBytes = 0
  readonly rewrites = new Map<ManifestPart, number>()
  #number = 0
  #nextId = 1

  seal(bytes: number, day: number, nowMs: number): void {
    const summary = partsOf([{ bytes, day, receivedMsMax: nowMs }])[0].summary
    const firstId = this.#nextId
    this.#nextId += 1000
    this.#add({ ...summary, firstId, endId: this.#nextId }, 0)
    this.sealedBytes += bytes
  }

  mergeAll(nowMs: number): number {
    let count = 0
    for (let plans = planMerges(this.parts, nowMs); plans.length > 0; plans = planMerges(this.parts, nowMs)) {
      for (const plan of plans) this.#merge(plan)
      count += plans.length
    }
    return count
  }

  get mostRewrites(): number {
    return Math.max(...this.rewrites.values())
  }

  #merge({ parts, day, level, compression }: MergePlan): void {
    const summaries = parts.map(({ summary }) => summary)
    const bytes = summaries.reduce((sum, each) => sum + each.bytes, 0)
    const firstId = summaries[0].firstId
    const endId = summaries[summaries.length - 1].endId
    const taken = new Set(parts)
    assert.ok(bytes <= MERGE_PLAN_DEFAULTS.partBytesMax)
    for (const part of this.parts) {
      const { summary } = part
      if (taken.has(part)) assert.equal(summary.day, day)
      else if (summary.day === day)
        assert.ok(summary.endId <= firstId || summary.firstId >= endId, 'an overlap')
    }
    const rewrites = 1 + Math.max(...parts.map((part) => this.rewrites.get(part) ?? 0))
    const receivedMsMax = Math.max(...summaries.map((each) => each.receivedMsMax))
    this.parts = this.parts.filter((part) => !taken.has(part))
    for (const part of parts) this.rewrites.delete(part)
    this.#add({ ...summaries[0], bytes, firstId, endId, level, compression, receivedMsMax }, rewrites)
    this.rewrittenBytes += bytes
  }

  #add(summary: ManifestPart['summary'], rewrites: number): void {
    const part = { number: ++this.#number, summary, deletes: null }
    this.parts.push(part)
    this.rewrites.set(part, rewrites)
  }
}

const { fanIn } = MERGE_PLAN_DEFAULTS
const log = (base: number, value: number): number => Math.ceil(Math.log(value) / Math.log(base) - 1e-9)

test('records of parts of one size are written again once for each power of the fan-in, and once when the day ends', () => {
  const seals = 4000
  for (const bytes of [1000, 200 * 1024]) {
    const store = new Store()
    for (let n = 0; n < seals; n++) {
      store.seal(bytes, DAY, n)
      store.mergeAll(n)
    }
    const bound = log(fanIn, seals)
    assert.ok(store.mostRewrites <= bound, `${store.mostRewrites} rewrites of at most ${bound}`)
    assert.ok(store.rewrittenBytes <= store.sealedBytes * bound)
    assert.ok(store.parts.length <= fanIn * bound, `${store.parts.length} parts`)
    store.seal(bytes, DAY + 1, seals)
    store.mergeAll(seals + HOUR_MS)
    assert.ok(store.mostRewrites <= bound + 1)
    assert.equal(store.parts.length, 2)
  }
})

test('parts of all sizes on several days, with late ones, keep the bound of the tiers', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const random = new SeededRandom(seed)
    const store = new Store()
    const seals = 3000
    const sizesOf = (): number => Math.ceil(1000 * 4 ** (random.below(7000) / 1000))
    for (let n = 0; n < seals; n++) {
      const nowMs = n * 100_000
      const late = random.chance(0.1) ? random.below(4) : 0
      store.seal(sizesOf(), DAY + Math.floor(nowMs / (24 * HOUR_MS)) - late, nowMs)
      store.mergeAll(nowMs)
    }
    const largest = Math.max(...store.parts.map(({ summary }) => summary.bytes))
    const bound = log(4, Math.max(1, largest / MIB)) + log(fanIn, seals) + 1 + log(2, largest / 1000)
    assert.ok(store.mostRewrites <= bound, `seed ${seed}: ${store.mostRewrites} rewrites of at most ${bound}`)
    const amplification = store.rewrittenBytes / store.sealedBytes
    assert.ok(amplification <= 3, `seed ${seed}: each byte was written again ${amplification} times`)
  }
})
