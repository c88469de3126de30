/** Values with hits against a plain count of the same records: unsealed, sealed, merged, with deletes, in parts. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  Bitset,
  InlineRunner,
  isCodedError,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
} from '../../base/base.ts'
import {
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  RECORD_FLAG_LEVEL_UPPER,
  RECORD_FLAG_TRUNCATED,
} from '../../record/record.ts'
import { openStore, PartCache, PartSource, type Snapshot, type Store } from '../../storage/storage.ts'
import {
  bytesOf,
  encodeSample,
  latin1,
  SAMPLE_WALL_MS,
  type SampleBatch,
  type SampleField,
  type SampleRecord,
} from '../../testing/sample-records.ts'
import { inTurn, shortOrLong } from '../../testing/test-length.ts'
import { selectRows } from '../run.ts'
import { streamId, streamText } from '../special-fields.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, FakeSnapshot } from '../test-blocks.ts'
import { valuesIn } from './field-values.ts'
import { scanTasks } from './scan-tasks.ts'
import type { ScanThreads } from './threaded-searcher.ts'
import { type FoundValues, findValues, type ValuesOptions } from './value-answers.ts'
import { ValueCounter } from './value-counter.ts'
import type { ValuesWanted } from './values-wanted.ts'

const SEEDS = shortOrLong(2, 8)
const FILTERS_OF_CHECK = 2
const EVERY_VALUE = 1e9
const parse = (text: string) => parseQuery(text, { nowMs: SAMPLE_WALL_MS })

const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at))

function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)]
}

// ---- records ------------------------------------------------------------------------------------------------

const HOSTILE = ['a\u001b[2Jb', 'line\nbreak', '\u202eabc', '"quoted"', '{x="y"}', '\ud7ff']

function randomValue(random: SeededRandom): Pick<SampleField, 'value' | 'kind'> {
  switch (random.below(9)) {
    case 0:
      return { value: String(random.below(40)), kind: FIELD_NUMBER }
    case 1:
      return { value: '', kind: random.chance(0.5) ? FIELD_NULL : FIELD_STRING }
    case 2:
      return { value: 'true', kind: FIELD_TRUE }
    case 3:
      return { value: Uint8Array.of(0xff, random.below(256)) }
    case 4:
      return { value: pick(random, HOSTILE) }
    case 5:
      return { value: `user ${random.below(1000)} of ${random.below(1000)} came at ${random.below(9)}` }
    case 6:
      return { value: '[1,2]', kind: FIELD_JSON }
    default:
      return { value: `web-${random.below(4)}` }
  }
}

/** Mostly few streams; at times many names, or a field that is in a stream here and in none there. */
function randomFields(random: SeededRandom, shape: number): SampleField[] {
  const host = { name: 'host', value: `web-${random.below(shape === 1 ? 60 : 3)}`, isStream: true }
  if (shape === 0) return [host]
  if (shape === 1)
    return [host, { name: 'app', value: `app${random.below(3)}`, isStream: random.chance(0.9) }]
  const names = ['host', 'app', 'status', 'späť', '_truncated', ...HOSTILE.slice(0, 1)]
  if (shape === 3)
    names.push(...Array.from({ length: 50 }, (_, at) => `n${at}`).filter(() => random.chance(0.1)))
  const streams = random.below(3)
  const chosen = names.filter(() => random.chance(0.5))
  // Stream fields come first, and no sender can name `_truncated`.
  const streamEnd = [streams, chosen.indexOf('_truncated')].filter((at) => at >= 0).sort()[0]
  return chosen.map((name, at) => ({ name, isStream: at < streamEnd, ...randomValue(random) }))
}

function randomRecord(random: SeededRandom, shape: number): SampleRecord {
  return {
    message: random.chance(0.5) ? 'idle' : `request ${random.below(5)} failed`,
    ...(random.chance(0.5) && { timeMs: SAMPLE_WALL_MS - random.below(1000) }),
    severity: random.below(25),
    flags:
      (random.chance(0.1) ? RECORD_FLAG_TRUNCATED : 0) | (random.chance(0.5) ? RECORD_FLAG_LEVEL_UPPER : 0),
    ...(random.chance(0.1) && { levelWord: pick(random, ['Notice', 'odd\u0007']) }),
    fields: randomFields(random, shape),
  }
}

function randomBatch(random: SeededRandom): SampleBatch {
  const shape = random.below(4)
  const shared = [
    { name: 'pod', value: `p-${random.below(2)}`, isStream: true },
    { name: 'app', value: 'shared' },
  ]
  return {
    records: Array.from({ length: 1 + random.below(120) }, () => randomRecord(random, shape)),
    ...(random.chance(0.4) && { shared: shared.slice(0, 1 + random.below(2)) }),
  }
}

// ---- the plain count ----------------------------------------------------------------------------------------

/** A record by name of its fields, made ones included: bytes as one character each. */
interface PlainRecord {
  readonly values: ReadonlyMap<string, string>
  readonly sent: readonly string[]
  readonly stream: ReadonlySet<string>
}

function plainRecord(record: SampleRecord, shared: readonly SampleField[]): PlainRecord {
  const values = new Map<string, string>()
  const stream = new Set<string>()
  for (const { name, value, isStream } of [...(record.fields ?? []), ...shared]) {
    if (!values.has(name)) values.set(name, latin1(bytesOf(value)))
    if (isStream === true) stream.add(name)
  }
  if (((record.flags ?? 0) & RECORD_FLAG_TRUNCATED) !== 0) values.set('_truncated', 'true')
  const sent = [...values.keys()]
  const fields = [...stream].map((name) => ({ name, value: Buffer.from(values.get(name)!, 'latin1') }))
  values.set('_stream', latin1(bytesOf(streamText(fields))))
  values.set('_msg', latin1(bytesOf(record.message)))
  return { values, sent, stream }
}

function heldBy({ values, sent, stream }: PlainRecord, wanted: ValuesWanted): string[] {
  const isPresent = (value: string | undefined): value is string => value !== undefined && value !== ''
  switch (wanted.kind) {
    case 'fieldNames': {
      // An empty value is none.
      const filled = [...sent, '_msg', '_stream', 'level'].filter((name) => isPresent(values.get(name)))
      return [...filled, '_time', '_id'].map((name) => latin1(bytesOf(name)))
    }
    case 'streams':
      return [values.get('_stream')].filter(isPresent)
    case 'streamFieldNames':
      return [...stream].map((name) => latin1(bytesOf(name)))
    case 'streamFieldValues':
      return stream.has(wanted.field) ? [values.get(wanted.field)].filter(isPresent) : []
    case 'fieldValues':
      return [values.get(wanted.field)].filter(isPresent)
    case 'streamIds':
      return [values.get('_stream')].filter(isPresent).map((stream) => streamId(textOf(stream)))
  }
}

const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString()

function plainCount(
  records: Iterable<PlainRecord>,
  wanted: ValuesWanted,
): Pick<FoundValues, 'values' | 'distinct'> {
  const hits = new Map<string, number>()
  const part = latin1(bytesOf(wanted.part ?? ''))
  for (const record of records) {
    for (const held of heldBy(record, wanted))
      if (held.includes(part)) hits.set(held, (hits.get(held) ?? 0) + 1)
  }
  const sorted = [...hits].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
  return { values: sorted.map(([key, count]) => ({ value: textOf(key), hits: count })), distinct: hits.size }
}

// ---- a store beside its records -----------------------------------------------------------------------------

class Bench {
  readonly random: SeededRandom
  readonly store: Store
  readonly disk: SimulatedDisk
  /** By id. */
  readonly records = new Map<number, PlainRecord>()
  readonly #runner: InlineRunner

  /** Of what was asked: whether here or by tasks, in the short form. */
  #turn = 0

  private constructor(random: SeededRandom, store: Store, disk: SimulatedDisk) {
    this.random = random
    this.store = store
    this.disk = disk
    this.#runner = new InlineRunner(scanTasks(disk))
  }

  static async open(seed: number, blockRowsMax = 100): Promise<Bench> {
    const random = new SeededRandom(seed)
    const disk = new SimulatedDisk({ seed })
    const store = await openStore({
      disk,
      clock: new SimulatedClock({ wallMs: SAMPLE_WALL_MS }),
      random,
      directory: '/store',
      options: { freeBytesMin: 0, blockRowsMax },
    })
    return new Bench(random, store, disk)
  }

  get threads(): ScanThreads {
    return { runner: this.#runner, threads: 2, cacheBytesMax: 1 << 20 }
  }

  async append(batch: SampleBatch): Promise<void> {
    const firstId = await this.store.append(encodeSample(batch))
    for (const [at, record] of batch.records.entries())
      this.records.set(firstId + at, withLevel(plainRecord(record, batch.shared ?? []), record))
  }

  /** Some rows of some blocks. */
  async deleteSome(): Promise<void> {
    const { random, store } = this
    const parts = new Map<number, Map<number, Bitset>>()
    using snapshot = store.snapshot()
    for await (const { block, origin } of snapshot.scan({ order: 'any' })) {
      if (origin === undefined || random.chance(0.3)) continue
      const rows = new Bitset(origin.rowCount)
      for (let row = 0; row < block.rowCount; row++) {
        if (!random.chance(0.3)) continue
        rows.set(origin.rows === null ? row : origin.rows[row])
        this.records.delete(block.ids[row])
      }
      const blocks = parts.get(origin.part) ?? new Map<number, Bitset>()
      parts.set(origin.part, blocks.set(origin.block, rows))
    }
    assert.deepEqual(await store.maintenance.deleteRows(parts), [])
  }

  async check(where: string): Promise<void> {
    using snapshot = this.store.snapshot()
    for (const text of ['*', ...times(FILTERS_OF_CHECK, () => pick(this.random, FILTERS))]) {
      const ids = text === '*' ? this.records.keys() : await idsOf(snapshot, text)
      const records = Array.from(ids, (id) => this.records.get(id)!)
      this.#turn++
      for (const [at, wanted] of WANTED.entries()) {
        const expected = { ...plainCount(records, wanted), isCut: false }
        for (const threads of inTurn([undefined, this.threads], this.#turn + at)) {
          const options: ValuesOptions = { limit: EVERY_VALUE, ...(threads && { threads }) }
          const found = await findValues(snapshot, parse(text), wanted, options)
          assert.deepEqual(found, expected, `${where}, ${text}, ${JSON.stringify(wanted)}`)
        }
      }
    }
    assert.deepEqual(snapshot.damage, [])
  }

  async checkValues(fields: readonly string[]): Promise<void> {
    using snapshot = this.store.snapshot()
    for (const field of fields) {
      const wanted: ValuesWanted = { kind: 'fieldValues', field }
      const expected = { ...plainCount(this.records.values(), wanted), isCut: false }
      assert.deepEqual(
        await findValues(snapshot, parse('*'), wanted, { limit: EVERY_VALUE }),
        expected,
        field,
      )
    }
  }

  async close(): Promise<void> {
    await this.#runner.close()
    await this.store.close()
  }
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

function withLevel(
  plain: PlainRecord,
  { severity = 0, flags = 0, levelWord = '' }: SampleRecord,
): PlainRecord {
  const name = severity === 0 ? '' : LEVELS[Math.floor((severity - 1) / 4)]
  const shown = (flags & RECORD_FLAG_LEVEL_UPPER) === 0 ? name : name.toUpperCase()
  const word = latin1(bytesOf(levelWord))
  return { ...plain, values: new Map([...plain.values, ['level', word === '' ? shown : word]]) }
}

async function idsOf(snapshot: Snapshot, text: string): Promise<number[]> {
  const ids: number[] = []
  const { rows } = await selectRows(snapshot, parse(text))
  for await (const row of rows) ids.push(row.kind === 'record' ? row.id : -1)
  return ids
}

const FILTERS = ['request', 'host:="web-1"', '!app:*', `_time:>=${(SAMPLE_WALL_MS - 400) / 1000}`, 'nothing']

const WANTED: readonly ValuesWanted[] = [
  { kind: 'fieldNames' },
  { kind: 'fieldNames', part: 't' },
  ...[
    'host',
    'app',
    'pod',
    'status',
    'späť',
    '_truncated',
    'level',
    '_msg',
    '_stream',
    'nobody',
    'n7',
    'n1050',
  ].map((field): ValuesWanted => ({ kind: 'fieldValues', field })),
  { kind: 'fieldValues', field: 'host', part: '-1' },
  { kind: 'streams' },
  { kind: 'streams', part: 'host="web-2"' },
  { kind: 'streamIds' },
  { kind: 'streamFieldNames' },
  ...['host', 'app', 'pod'].map((field): ValuesWanted => ({ kind: 'streamFieldValues', field })),
]

describe('values with hits', () => {
  it('are those of a plain count, in the buffer, sealed, merged, and with deletes', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const bench = await Bench.open(seed)
      const { random, store } = bench
      const append = async (): Promise<void> => {
        for (let left = 1 + random.below(4); left > 0; left--) await bench.append(randomBatch(random))
      }
      await append()
      await bench.check(`seed ${seed}: in the buffer`)
      await store.flush()
      await append()
      await bench.check(`seed ${seed}: sealed, and more`)
      await bench.deleteSome()
      await store.flush()
      await bench.check(`seed ${seed}: with deletes`)
      await store.maintenance.merge()
      await bench.deleteSome()
      await bench.check(`seed ${seed}: merged`)
      await bench.close()
    }
  })

  it('are right where there are more fields than columns, and more streams than anybody needs', async () => {
    const bench = await Bench.open(9, 4000)
    const records = times(1500, (row): SampleRecord => {
      const at = row < 1100 ? row : bench.random.below(1100)
      const isStream = at % 3 > 0
      const one = { name: `n${at}`, value: `v${bench.random.below(3)}`, isStream }
      return { message: 'm', fields: bench.random.chance(0.2) ? [one] : [one, { name: 'f', value: 'x' }] }
    })
    await bench.append({ records })
    await bench.check('in the buffer')
    await bench.store.flush()
    await bench.check('sealed')
    await bench.checkValues(times(110, (at) => `n${at * 10}`))
    await bench.deleteSome()
    await bench.check('with deletes')
    await bench.close()
  })

  it('are the most frequent ones where they are limited', async () => {
    const records = Array.from({ length: 900 }, (_, at) => ({ fields: { f: `v${at % 40}` } }))
    const more = Array.from({ length: 3 }, () => ({ fields: { f: 'v7' } }))
    const snapshot = new FakeSnapshot([blockOf([...records, ...more])])
    const found = await findValues(snapshot, parse('*'), { kind: 'fieldValues', field: 'f' }, { limit: 3 })
    assert.deepEqual(found, {
      values: [
        { value: 'v7', hits: 26 },
        { value: 'v0', hits: 23 },
        { value: 'v1', hits: 23 },
      ],
      distinct: 40,
      isCut: false,
    })
    const none = await findValues(snapshot, parse('*'), { kind: 'streams' }, { limit: 3 })
    assert.deepEqual(none, { values: [], distinct: 0, isCut: false })
  })

  it('say so when they are more than memory holds, and those that are there have no hits too many', async () => {
    const bench = await Bench.open(5)
    const record = (at: number): SampleRecord => ({
      message: 'm',
      fields: [{ name: 'request', value: `request number ${at % 700}` }],
    })
    for (let round = 0; round < 3; round++) {
      await bench.append({ records: Array.from({ length: 700 }, (_, at) => record(at + round * 200)) })
      if (round < 2) await bench.store.flush()
    }
    using snapshot = bench.store.snapshot()
    for (const threads of [undefined, bench.threads]) {
      const found = await findValues(
        snapshot,
        parse('*'),
        { kind: 'fieldValues', field: 'request' },
        {
          limit: EVERY_VALUE,
          valueBytesMax: 40_000,
          ...(threads && { threads }),
        },
      )
      assert.equal(found.isCut, true)
      assert.ok(found.distinct > 0 && found.distinct * 100 < 40_000, String(found.distinct))
      assert.equal(new Set(found.values.map(({ value }) => value)).size, found.distinct)
      assert.ok(found.values.every(({ hits }) => hits >= 1 && hits <= 3))
    }
    await bench.close()
  })

  it('count all of a block or nothing, and say which ids are missing', async () => {
    const bench = await Bench.open(11)
    const { random } = bench
    const record = (): SampleRecord => ({
      message: `m${random.below(1e6)}`,
      fields: [
        { name: 'host', value: `web-${random.below(40)}`, isStream: true },
        { name: 'app', value: `app-${random.below(40)}`, isStream: true },
      ],
    })
    for (let batch = 0; batch < 10; batch++) await bench.append({ records: times(100, record) })
    await bench.store.flush()
    using snapshot = bench.store.snapshot()
    const [{ path, bytes }] = snapshot.parts
    let damaged = 0
    for (let round = 0; round < 60; round++) {
      const disk = bench.disk.fork(round)
      disk.damage(path, Uint8Array.of(random.below(256)), random.below(bytes))
      const source = new PartSource(snapshot.parts, new PartCache(disk))
      const wanted: ValuesWanted =
        round % 2 === 0 ? { kind: 'streams' } : { kind: 'fieldValues', field: 'host' }
      const text = round % 3 === 0 ? 'host:~"web"' : '*'
      const found = await valuesIn(source, parse(text).filter, wanted, EVERY_VALUE)
      const lost = source.damage.reduce((sum, { fromId, toId }) => sum + toId + 1 - fromId, 0)
      const hits = found.hits.reduce((sum, each) => sum + each, 0)
      assert.equal(hits, 1000 - lost, `round ${round}`)
      if (lost > 0) damaged++
    }
    assert.ok(damaged > 5, `${damaged} rounds`)
    await bench.close()
  })

  it('are refused for a query with pipes', async () => {
    const asked = findValues(new FakeSnapshot([]), parse('* | limit 3'), { kind: 'streams' }, { limit: 3 })
    await assert.rejects(asked, (error) => isCodedError(error, 'QUERY_SYNTAX'))
  })

  it('end with their signal', async () => {
    const snapshot = new FakeSnapshot([blockOf([{}])])
    const asked = findValues(
      snapshot,
      parse('*'),
      { kind: 'streams' },
      { limit: 3, signal: AbortSignal.abort() },
    )
    await assert.rejects(asked, (error) => isCodedError(error, 'QUERY_CANCELLED'))
  })

  it('take no memory for values that do not count', () => {
    const counter = new ValueCounter(250, 'a')
    for (let at = 0; at < 1000; at++) counter.addText(`b${at}`, 1)
    counter.addText('a', 1)
    counter.addText('ä', 1)
    assert.deepEqual(counter.counted(), { keys: ['a'], hits: Float64Array.of(1), isCut: false })
    for (const text of ['a1', 'a2', 'a1']) counter.addText(text, 2)
    assert.deepEqual(counter.counted(), { keys: ['a', 'a1'], hits: Float64Array.of(1, 4), isCut: true })
  })
})
