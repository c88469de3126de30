/**
 * Every filter over a store, held against its plain meaning: before and after records are sealed and merged, in blocks of
 * any size, counted and listed, and behind a pipe.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedClock, SimulatedDisk } from '../../base/base.ts'
import { formatRfc3339, levelSeverity } from '../../record/record.ts'
import { openStore, type Store } from '../../storage/storage.ts'
import { encodeSample, SAMPLE_WALL_MS, type SampleRecord } from '../../testing/sample-records.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import type { Filter } from '../ast.ts'
import { bindBatchFilter } from '../batches/batch-view.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { countRows, selectRows } from '../run.ts'
import { parseQuery } from '../syntax/parser.ts'
import { quote } from '../syntax/quoting.ts'
import { matches, type NaiveFields } from '../test-naive-filters.ts'
import { patternId, patternOf } from '../values/pattern-id.ts'

const SEEDS = shortOrLong(2, 40)
const QUERIES = 40

const parse = (text: string) => parseQuery(text, { nowMs: SAMPLE_WALL_MS })
const pick = <T>(random: SeededRandom, list: readonly T[]): T => list[random.below(list.length)]
const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at))

// ---- records ------------------------------------------------------------------------------------------------

const WORDS = [
  'error',
  'Error',
  'disk',
  'DISK',
  'full',
  'über',
  'ÜBER',
  '漢字',
  'user_1',
  'a',
  'b',
  'failed',
  'unfailed',
]
const SIGNS = [' ', ', ', '=', '/', '-', ': ', '"']
const NUMBERS = [
  '0',
  '5',
  '-7',
  '12',
  '255',
  '256',
  '70000',
  '1.5',
  '-0.25',
  '12ms',
  '1.5s',
  '4KiB',
  '1e3',
  '007',
  'inf',
]
const ADDRESSES = ['10.0.0.1', '10.0.7.255', '192.168.1.1', '255.255.255.255', '1.2.3', '::1']
const ARRAYS = ['["a","b"]', '[5, "disk full", null]', '[]', '["a"', '[["a"], {"b": "a"}]']
const LEVELS = ['error', 'ERR', 'warn', 'info', '', 'FATAL', 'loud']

function sentence(random: SeededRandom): string {
  return times(
    random.below(6),
    () => pick(random, random.chance(0.25) ? NUMBERS : WORDS) + pick(random, SIGNS),
  ).join('')
}

interface Made {
  readonly sample: SampleRecord
  readonly plain: NaiveFields
}

function makeRecord(random: SeededRandom, at: number): Made {
  const template = pick(random, ['took <n>ms from <ip>', 'user <w> <n> <w>', 'disk <n> is full'])
  const filled = template
    .replaceAll('<n>', () => String(random.below(300)))
    .replaceAll('<ip>', () => pick(random, ADDRESSES))
    .replaceAll('<w>', () => pick(random, WORDS))
  const message = random.chance(0.6) ? filled : sentence(random)
  const level = pick(random, LEVELS)
  const fields = new Map<string, string>()
  const put = (name: string, chance: number, value: string): void => {
    if (random.chance(chance)) fields.set(name, value)
  }
  put('num', 0.8, random.chance(0.6) ? String(random.below(300)) : pick(random, NUMBERS))
  put('ip', 0.6, pick(random, ADDRESSES))
  put('http.path', 0.5, `/${pick(random, WORDS)}/${random.below(5)}`)
  put('http.text', 0.3, sentence(random))
  put('tags', 0.4, pick(random, ARRAYS))
  put('other', 0.5, random.chance(0.5) ? (fields.get('num') ?? '') : pick(random, NUMBERS))
  const severity = Math.max(0, levelSeverity(level))
  const timeMs = SAMPLE_WALL_MS - 7_200_000 + at * 60_000 + random.below(1000)
  const isKept = ['loud', 'ERR'].includes(level)
  const shown = isKept ? level : level.toLowerCase()
  return {
    sample: {
      message,
      timeMs,
      severity: level === 'loud' ? 0 : severity,
      ...(isKept && { levelWord: level }),
      fields: [...fields].map(([name, value]) => ({ name, value })),
    },
    plain: {
      _time: formatRfc3339(timeMs, 0),
      ...Object.fromEntries(fields),
      _msg: message,
      level: shown,
    },
  }
}

// ---- queries ------------------------------------------------------------------------------------------------

const FIELDS = ['_msg', 'num', 'ip', 'http.path', 'http.text', 'tags', 'other', 'level', 'nothing']
const FIELD_TEXTS = [...FIELDS, '*', 'http.*', 'n*']

class QueryMaker {
  readonly #random: SeededRandom
  readonly #records: readonly Made[]

  constructor(random: SeededRandom, records: readonly Made[]) {
    this.#random = random
    this.#records = records
  }

  query(depth = 0): string {
    const random = this.#random
    const roll = depth > 2 ? 0 : random.below(10)
    if (roll === 7) return `!${this.#operand(depth)}`
    if (roll === 8) return `${this.#operand(depth)} ${this.#operand(depth)}`
    if (roll === 9) return `(${this.#operand(depth)} or ${this.#operand(depth)})`
    return random.chance(0.1) ? this.#ofRecord() : `${this.#field()}:${this.#leaf()}`
  }

  #operand(depth: number): string {
    return `(${this.query(depth + 1)})`
  }

  #field(): string {
    const name = pick(this.#random, FIELD_TEXTS)
    return name.endsWith('*') ? name : quote(name)
  }

  #ofRecord(): string {
    const random = this.#random
    const hour = random.below(24)
    return pick(random, [
      `pattern:${patternId(patternOf(pick(random, this.#records).sample.message as string))}`,
      `_time:day_range[${hour}:30, ${random.below(25)}:00)`,
      `_time:week_range[${pick(random, ['Mon', 'Thu', 'Fri'])}, Sat]`,
    ])
  }

  /** A value of some record, a piece of it, a word, a number. */
  #value(): string {
    const random = this.#random
    const { _time, ...plain } = pick(random, this.#records).plain
    const values = Object.values(plain)
    const value = pick(random, values)
    const words = value.match(/[\p{L}\p{Nd}_]+/gu) ?? ['x']
    const cut = [...value].slice(random.below(3), random.below(12))
    return pick(random, [
      value,
      pick(random, words),
      cut.join(''),
      pick(random, WORDS),
      pick(random, NUMBERS),
      '',
    ])
  }

  #values(): string {
    return times(this.#random.below(this.#random.chance(0.2) ? 60 : 4), () => quote(this.#value())).join(', ')
  }

  #number(): string {
    return quote(
      pick(this.#random, ['inf', '-inf', ...NUMBERS.filter((text) => text !== '007'), '100', '10.0.0.1']),
    )
  }

  #leaf(): string {
    const random = this.#random
    const value = quote(this.#value())
    const word = quote(pick(random, WORDS))
    const ways: readonly (() => string)[] = [
      () => value,
      () => `${value}*`,
      () => '*',
      () => `=${value}`,
      () => `=${value}*`,
      () => `i(${word}${random.chance(0.3) ? '*' : ''})`,
      () => `in(${this.#values()})`,
      () => `contains_any(${this.#values()})`,
      () => `contains_all(${this.#values()})`,
      () => `contains_common_case(${word}, ${word})`,
      () => `equals_common_case(${word}, ${value})`,
      () => `seq(${this.#values()})`,
      () => `substring(${value})`,
      () => `isubstring(${word})`,
      () => `~${word}`,
      () => `~"^${pick(random, WORDS)}"`,
      () => `~"[0-9]+ms"`,
      () => `${pick(random, ['>', '>=', '<', '<='])}${this.#number()}`,
      () => `range${pick(random, ['[', '('])}${this.#number()}, ${this.#number()}${pick(random, [']', ')'])}`,
      () => `string_range(${value}, ${quote(this.#value())})`,
      () => `len_range(${random.below(6)}, ${random.chance(0.2) ? 'inf' : random.below(20)})`,
      () => `ipv4_range(${pick(random, ['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '10.0.0.2, 200.0.0.0'])})`,
      () => `json_array_contains_any(${pick(random, ['a', '"disk full"', '5', 'null', 'b, c'])})`,
      () => `${pick(random, ['eq', 'le', 'lt'])}_field(${quote(pick(random, FIELDS))})`,
    ]
    return pick(random, ways)()
  }
}

// ---- the test -----------------------------------------------------------------------------------------------

const NO_SUBQUERY = (): readonly string[] => []

const plainlyMatches = (filter: Filter, row: NaiveFields): boolean => matches(filter, row, NO_SUBQUERY)

interface Bench {
  readonly store: Store
  readonly records: Map<number, Made>
}

async function check({ store, records }: Bench, texts: readonly string[], where: string): Promise<number> {
  let found = 0
  using snapshot = store.snapshot()
  for (const text of texts) {
    const query = parse(text)
    const expected = [...records]
      .filter(([, { plain }]) => plainlyMatches(query.filter, plain))
      .map(([id]) => id)
    const ids: number[] = []
    for await (const row of (await selectRows(snapshot, query)).rows)
      if (row.kind === 'record') ids.push(row.id)
    const story = `${where}: ${text}`
    assert.deepEqual(
      ids.sort((a, b) => a - b),
      expected,
      story,
    )
    assert.equal(await countRows(snapshot, query), expected.length, `${story} | count`)
    if (expected.length > 0 && expected.length < records.size) found++
  }
  assert.deepEqual(snapshot.damage, [])
  return found
}

/** The same records as rows of a pipe. */
function checkBatch(records: readonly Made[], texts: readonly string[], where: string): void {
  const batch = RowBatch.ofRows(records.map(({ plain }) => Object.entries(plain)))
  for (const text of texts) {
    const { filter } = parse(text)
    const expected = [...records.keys()].filter((row) => plainlyMatches(filter, records[row].plain))
    const found = bindBatchFilter(filter)(batch)
    assert.deepEqual(found === null ? [...records.keys()] : [...found], expected, `${where}: ${text}`)
  }
}

test('filters find the same records before and after these are sealed and merged', async () => {
  let found = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const store = await openStore({
      disk: new SimulatedDisk({ seed }),
      clock: new SimulatedClock({ wallMs: SAMPLE_WALL_MS }),
      random,
      directory: '/store',
      options: { freeBytesMin: 0, blockRowsMax: pick(random, [7, 64, 1000]) },
    })
    const records = new Map<number, Made>()
    for (let batch = 0; batch < 3; batch++) {
      const made = times(20 + random.below(60), (at) => makeRecord(random, batch * 80 + at))
      const firstId = await store.append(encodeSample({ records: made.map(({ sample }) => sample) }))
      for (const [at, each] of made.entries()) records.set(firstId + at, each)
      const maker = new QueryMaker(random, [...records.values()])
      const texts = times(QUERIES, () => maker.query())
      await check({ store, records }, texts, `seed ${seed}, batch ${batch}, not sealed`)
      await store.flush()
      found += await check({ store, records }, texts, `seed ${seed}, batch ${batch}, sealed`)
      checkBatch([...records.values()], texts, `seed ${seed}, batch ${batch}, behind a pipe`)
      if (batch < 2) continue
      await store.maintenance.merge()
      await check({ store, records }, texts, `seed ${seed}, merged`)
    }
    await store.close()
  }
  assert.ok(found > SEEDS * QUERIES * 0.5, `${found} queries found some records`)
})
