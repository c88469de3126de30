/**
 * Hidden fields by their definition: a query from which fields are hidden gives what the same query gives over records
 * that never had them; whether the records are sealed or not, for every filter, pipe and function of stats.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import {
  type Disk,
  InlineRunner,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type TaskRunner,
} from '../base/base.ts'
import { BatchEncoder, levelSeverity, RECORD_FLAG_TRUNCATED } from '../record/record.ts'
import { openStore, type Store } from '../storage/storage.ts'
import { encodeSample, type SampleField, type SampleRecord } from '../testing/sample-records.ts'
import { sampled } from '../testing/test-length.ts'
import { EVERY_FIELD, type FieldPattern, matchesPattern } from './batches/fields-wanted.ts'
import { fieldsOfFilter } from './filter-fields.ts'
import { FILTER_KINDS } from './filters/registry.ts'
import { fieldsForPipes } from './pipeline.ts'
import { PIPE_KINDS } from './pipes/registry.ts'
import { rowJson } from './row-fields.ts'
import { jsonLinesOf } from './row-lines.ts'
import { countRows, type RunOptions, selectRows } from './run.ts'
import { questionOf } from './scan/aggregate-cache.ts'
import { BlockView } from './scan/block-view.ts'
import type { GatherWanted } from './scan/gather.ts'
import { HiddenFields, shownOf, shownSkip, unhidable } from './scan/hidden-fields.ts'
import { FilterPlan } from './scan/plan.ts'
import { QueryProgress } from './scan/query-progress.ts'
import { scanTasks } from './scan/scan-tasks.ts'
import { findValues } from './scan/value-answers.ts'
import type { ValuesWanted } from './scan/values-wanted.ts'
import { isOfRecords } from './shape.ts'
import { SPECIAL_FIELDS } from './special-fields.ts'
import { STATS_FUNCTIONS } from './stats/registry.ts'
import { parseQuery } from './syntax/parser.ts'
import { blockOf, TEST_NOW_MS } from './test-blocks.ts'

const parse = (text: string) => parseQuery(text, { nowMs: TEST_NOW_MS })
const exact = (...names: readonly string[]): FieldPattern[] =>
  names.map((name) => ({ name, isPrefix: false }))
const prefix = (name: string): FieldPattern => ({ name, isPrefix: true })

// ---- records ------------------------------------------------------------------------------------------------

interface Sent {
  readonly message: string
  readonly level: string
  readonly isTruncated: boolean
  readonly timeMs: number
  readonly stream: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, string>>
}

/** The definition: the record as if these fields had never been sent. */
function without(sent: Sent, patterns: readonly FieldPattern[]): Sent {
  const isHidden = (name: string): boolean => patterns.some((pattern) => matchesPattern(name, pattern))
  const shown = (fields: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !isHidden(name)))
  const hasNoStream = isHidden('_stream') || isHidden('_stream_id')
  return {
    message: isHidden('_msg') ? '' : sent.message,
    level: isHidden('level') ? '' : sent.level,
    isTruncated: sent.isTruncated && !isHidden('_truncated'),
    timeMs: sent.timeMs,
    stream: hasNoStream ? {} : shown(sent.stream),
    fields: { ...(hasNoStream && shown(sent.stream)), ...shown(sent.fields) },
  }
}

function sampleOf({ message, level, isTruncated, timeMs, stream, fields }: Sent): SampleRecord {
  const listed = (of: Readonly<Record<string, string>>, isStream: boolean): SampleField[] =>
    Object.entries(of).map(([name, value]) => ({ name, value, isStream }))
  const severity = Math.max(0, levelSeverity(level))
  return {
    ...{ message, timeMs, severity },
    ...(severity === 0 && level !== '' && { levelWord: level }),
    ...(isTruncated && { flags: RECORD_FLAG_TRUNCATED }),
    fields: [...listed(stream, true), ...listed(fields, false)],
  }
}

const RECORDS = 120
const BATCH_RECORDS = 30

interface Side {
  readonly store: Store
  readonly options: RunOptions
}

/** Half of the records are sealed where `isSealed`, and searched by tasks. */
async function sideOf(records: readonly Sent[], isSealed: boolean): Promise<Side> {
  const clock = new SimulatedClock({ wallMs: TEST_NOW_MS })
  const disk: Disk = new SimulatedDisk()
  const directory = '/store'
  const random = new SeededRandom(5)
  const options = { freeBytesMin: 0, blockRowsMax: 25 }
  const store = await openStore({ disk, clock, random, directory, options })
  const encoder = new BatchEncoder()
  for (let from = 0; from < records.length; from += BATCH_RECORDS) {
    const batch = {
      records: records.slice(from, from + BATCH_RECORDS).map(sampleOf),
      receivedMs: TEST_NOW_MS,
    }
    await store.append(encodeSample(batch, encoder))
    if (isSealed && from < records.length / 2) await store.flush()
  }
  const runner: TaskRunner = new InlineRunner(scanTasks(disk))
  return { store, options: { threads: { runner, threads: 2, cacheBytesMax: 1 << 20 } } }
}

const optionsOf = ({ options }: Side, hidden: readonly FieldPattern[]): RunOptions => ({
  ...options,
  nowMs: TEST_NOW_MS,
  random: new SeededRandom(9),
  ...(hidden.length > 0 && { scope: { hidden } }),
})

/** Which of several parts answers first decides in what order the fields of such a row stand. */
function byName(json: string): string {
  const members: [string, unknown][] = Object.entries(JSON.parse(json))
  return JSON.stringify(members.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Rows as JSON, rows as lines of answers, and the count; or the error, word for word. */
async function answerOf(side: Side, text: string, hidden: readonly FieldPattern[] = []): Promise<unknown> {
  const query = parse(text)
  const options = optionsOf(side, hidden)
  const isRecords = isOfRecords(query)
  using snapshot = side.store.snapshot()
  try {
    const { count, rows } = await selectRows(snapshot, query, options)
    const json: string[] = []
    for await (const row of rows) json.push(isRecords ? rowJson(row) : byName(rowJson(row)))
    if (!isRecords) return { count, json }
    const again = await selectRows(snapshot, query, options)
    let lines = ''
    for await (const { bytes } of jsonLinesOf(again.rows)) lines += Buffer.from(bytes).toString()
    const counted = await countRows(snapshot, query, options)
    return { count, counted, json, lines }
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'AssertionError') throw error
    return { error: error.message }
  }
}

async function valuesOf(
  side: Side,
  text: string,
  wanted: ValuesWanted,
  hidden: readonly FieldPattern[] = [],
) {
  using snapshot = side.store.snapshot()
  return await findValues(snapshot, parse(text), wanted, { ...optionsOf(side, hidden), limit: 1000 })
}

// ---- what is asked ------------------------------------------------------------------------------------------

/** What they say of blocks and reading is not of records. */
const OF_THE_ENGINE = new Set(['block_stats', 'blocks_count', 'query_stats'])

const EXAMPLES: readonly string[] = [
  ...FILTER_KINDS.flatMap(({ examples }) => examples),
  ...PIPE_KINDS.filter(({ kind }) => !OF_THE_ENGINE.has(kind)).flatMap(({ examples }) => examples),
  ...STATS_FUNCTIONS.flatMap(({ examples }) => examples),
]

/** Fields that the examples look at. */
const NAMES: readonly string[] = [
  ...new Set(
    EXAMPLES.flatMap((text) => {
      const { filter, pipes } = parse(text)
      const wanted = [...fieldsOfFilter(filter), ...pipes.flatMap((pipe) => fieldsForPipes([pipe]).allow)]
      return wanted.map(({ name }) => (name.endsWith('.') ? `${name}x` : name))
    }),
  ),
].filter((name) => name !== '' && !SPECIAL_FIELDS.has(name) && !name.startsWith('_'))

const LABELS = ['host', 'service', 'app', 'token']
const LEVELS = ['error', 'WARN', 'info', 'critical', 'strange', '']
const VALUES: readonly string[] = [
  ...new Set(EXAMPLES.flatMap((text) => text.match(/[a-z]\w+|\d[\d.]*/gi) ?? [])),
  ...['10.0.0.1', '12', '250ms', '{"a":"1","user":"ann"}', 'user=ann took=5', '["a","b"]', 'a b c'],
]

function recordsOf(seed: number): Sent[] {
  const random = new SeededRandom(seed)
  const value = (): string => VALUES[random.below(VALUES.length)]
  const fieldsOf = (names: readonly string[], share: number): Record<string, string> =>
    Object.fromEntries(names.flatMap((name) => (random.chance(share) ? [[name, value()]] : [])))
  return Array.from({ length: RECORDS }, (_, at) => ({
    message: `${value()} ${value()} user ${random.below(9)} took ${random.below(300)}ms`,
    level: LEVELS[random.below(LEVELS.length)],
    isTruncated: random.chance(0.05),
    timeMs: TEST_NOW_MS - (RECORDS - at) * 1000 + random.below(3000),
    stream: fieldsOf(LABELS.slice(0, 1 + random.below(LABELS.length)), 0.9),
    fields: {
      ...fieldsOf(
        NAMES.filter((name) => !LABELS.includes(name)),
        0.3,
      ),
      ...fieldsOf(['password', 'secret.one', 'secret.two'], 0.5),
    },
  }))
}

/** Queries about hidden fields in ways that the examples do not have. */
const ASKED: readonly string[] = [
  ...['*', '* | fields *, _stream_id', '* | limit 7', '*:user', 'secret.*:user', 'password:*', '!password:*'],
  ...[
    'password:""',
    'user',
    '_msg:""',
    '_msg:*',
    'level:error',
    'level:""',
    'level:>=info',
    '{token="user"}',
  ],
  ...['{token!="user"}', '{token=~"u.*"}', '{host="user",token=""}', '_stream:*', '_stream:~"token"'],
  ...[
    'password:eq_field(user)',
    'password:eq_field(secret.one)',
    'user:le_field(password)',
    '_truncated:true',
  ],
  ...['password:in(* | fields password)', 'user:in(password:* | fields user)'],
  '_stream_id:in(token:* | fields _stream_id)',
  ...[
    '* | sort by (password)',
    '* | sort by (password, _time) limit 5',
    '* | sort by (_stream, _time desc) limit 9',
  ],
  ...['* | stats by (password) count() n', '* | stats by (token, level) count() if (secret.one:*) n'],
  ...['* | stats count(password) a, count_uniq(secret.one) b, count_empty(password) c, count(*) d'],
  ...['* | stats min(password) a, max(secret.one) b, uniq_values(password) c, json_values(*) d'],
  ...['* | stats row_max(password) a, row_any(_id, secret.one, user) b, field_max(password, user) c'],
  ...[
    '* | top 3 by (password)',
    '* | uniq by (secret.one) with hits',
    '* | facets 5',
    '* | facets 5 keep_const_fields',
  ],
  ...['* | field_names', '* | field_values password', '* | field_values user', 'password:* | field_names'],
  ...[
    '* | extract if (password:*) "<a> " from password',
    '* | format "<password>-<secret.one>-<user>" as x | fields x',
  ],
  ...[
    '* | format if (password:*) "seen" as x | stats by (x) count()',
    '* | math password + 1 as x | stats by (x) count()',
  ],
  ...[
    '* | copy password as p | fields p',
    '* | rename secret.* as open.* | field_names',
    '* | filter password:*',
  ],
  ...[
    '* | pack_json as all | fields all',
    '* | pack_json fields (secret.*) as all | fields all',
    '* | pack_logfmt as l | fields l',
  ],
  ...[
    '* | unpack_json from password',
    '* | coalesce(password, secret.one, user) as x | fields x',
    '* | hash(password) as h | fields h',
  ],
  ...[
    '* | len(password) as n | fields n',
    '* | drop_empty_fields',
    '* | delete user, password',
    '* | fields secret.*',
  ],
  ...[
    'password:* | stream_context after 2',
    'user | stream_context before 1',
    '* | union (password:* | fields password)',
  ],
  ...[
    '* | join by (user) (password:* | fields user, password) | fields user, password | sort by (user, password)',
  ],
  ...[
    '* | patterns',
    '* | patterns 5 at password',
    '* | stats by (_stream_id) count()',
    '* | stats by (_stream) count()',
  ],
  ...[
    '* | collapse_nums at password | fields password',
    '* | replace ("a", "b") at password | fields password',
  ],
  ...[
    '* | set_stream_fields host, token | fields _stream',
    '* | split "a" from password as s | unroll by (s) | fields s',
  ],
  ...[
    '* | running_stats count(password) as n | fields _id, n',
    '* | total_stats sum(password) as n | fields n',
  ],
  ...[
    'password:* or user',
    'password:* and user:*',
    '!(password:* or user:*)',
    'password:contains_any(user, a)',
    'secret.*:=""',
  ],
  ...[
    '* | stats by (_time:1m) count(password) n',
    'password:~"."',
    'password:len_range(1,9)',
    'password:>5',
    'token:user',
  ],
]

interface Hiding {
  readonly name: string
  readonly patterns: readonly FieldPattern[]
  readonly queries: readonly string[]
}

/** Half of all fields are hidden, each time others. */
function halfOf(seed: number): Hiding {
  const random = new SeededRandom(seed)
  const names = [...NAMES, ...LABELS, '_msg', 'level', '_stream'].filter(() => random.chance(0.5))
  return { name: `half of all fields by seed ${seed}`, patterns: exact(...names), queries: EXAMPLES }
}

const HIDINGS: readonly Hiding[] = [
  {
    name: 'password, secret.*, token',
    patterns: [...exact('password', 'token'), prefix('secret.')],
    queries: ASKED,
  },
  { name: '_msg', patterns: exact('_msg', 'user'), queries: ASKED },
  { name: 'level', patterns: exact('level', '_truncated'), queries: ASKED },
  { name: '_stream', patterns: exact('_stream'), queries: ASKED },
  { name: '_stream_id', patterns: exact('_stream_id', 'password'), queries: ASKED },
  ...[1, 2].map(halfOf),
]

const VALUES_WANTED: readonly ValuesWanted[] = [
  ...(['fieldNames', 'streams', 'streamIds', 'streamFieldNames'] as const).map((kind) => ({ kind })),
  ...['password', 'user', 'secret.one', '_msg', 'level', '_stream', '_stream_id', 'token'].flatMap(
    (field): ValuesWanted[] => [
      { kind: 'fieldValues', field },
      { kind: 'streamFieldValues', field },
    ],
  ),
]

/** In the short form a query has a quarter of the hidings, sealed and not, and each has others. */
const SAMPLE_STEP = 4

const VALUES_ASKED = ['*', 'password:*', 'user', '{token="user"}', 'level:error'].flatMap((text) =>
  VALUES_WANTED.map((wanted) => ({ text, wanted })),
)

for (const isSealed of [false, true]) {
  describe(`hidden fields of records of which ${isSealed ? 'most are' : 'none is'} sealed`, () => {
    const records = recordsOf(7)
    let stored: Side
    before(async () => {
      stored = await sideOf(records, isSealed)
    })
    after(() => stored.store.close())

    for (const [at, { name, patterns, queries }] of HIDINGS.entries()) {
      const turn = isSealed ? at + SAMPLE_STEP / 2 : at
      it(`are as if no record had them: ${name}`, async () => {
        const never = await sideOf(
          records.map((sent) => without(sent, patterns)),
          isSealed,
        )
        const differing: string[] = []
        for (const text of sampled(queries, SAMPLE_STEP, turn)) {
          const expected = await answerOf(never, text)
          const found = await answerOf(stored, text, patterns)
          if (!isDeepStrictEqual(found, expected)) differing.push(text)
        }
        assert.deepEqual(differing, [])
        for (const { text, wanted } of sampled(VALUES_ASKED, SAMPLE_STEP, turn)) {
          const expected = await valuesOf(never, text, wanted)
          const found = await valuesOf(stored, text, wanted, patterns)
          assert.deepEqual(found, expected, `${text} ${JSON.stringify(wanted)}`)
        }
        await never.store.close()
      })
    }
  })
}

test('an answer that is kept of parts is never one with hidden fields', () => {
  const { filter, pipes } = parse('user | stats by (password) count() n')
  const settings = {
    ...{ nowMs: 0, stateBytesMax: 1 << 20, timeMsMin: -Infinity, timeMsMax: Infinity, rateSeconds: null },
  }
  const wanted: GatherWanted = { before: [], pipe: pipes[0], fields: EVERY_FIELD, settings }
  const questions = [
    filter,
    shownOf(filter, exact('password')),
    shownOf(filter, [prefix('password')]),
    shownOf(filter, exact('password', 'user')),
  ].map((asked) => questionOf(asked, wanted))
  assert.equal(new Set(questions).size, 4)
})

test('stores are asked nothing about hidden fields before blocks are read', () => {
  const hidden = new HiddenFields(exact('password', '_msg'))
  const skipOf = (text: string) => shownSkip(new FilterPlan(parse(text).filter).skip, hidden)
  for (const text of ['password:a', 'a', 'password:a or user:b', 'password:a a', '{password="a"}'])
    assert.equal(skipOf(text), undefined, text)
  const both = skipOf('password:a user:b')
  assert.deepEqual(both?.kind === 'and' && both.tests.map((each) => each.kind === 'value' && each.field), [
    'user',
  ])
  assert.notEqual(skipOf('user:a or user:b'), undefined)
})

test('a plan from which fields are hidden matches no block that has them', () => {
  const plan = new FilterPlan(shownOf(parse('*:a').filter, exact('password')))
  const block = blockOf([{ fields: { password: 'a' } }, { fields: { user: 'a' } }])
  assert.deepEqual([...plan.match(block).indexes()], [1])
  assert.throws(() => plan.matchView(new BlockView(block)), { name: 'AssertionError' })
  assert.throws(() => plan.matchBetween(new BlockView(block), 0, 2), { name: 'AssertionError' })
})

test('how much was read is not told where fields are hidden, since words of all fields decide it', async () => {
  const side = await sideOf(recordsOf(3), true)
  const rowsWith = async (hidden: readonly FieldPattern[]) => {
    using snapshot = side.store.snapshot()
    const options = { ...optionsOf(side, hidden), progress: new QueryProgress() }
    const { rows } = await selectRows(snapshot, parse('user:nothing | query_stats'), options)
    return (await Array.fromAsync(rows)).map(rowJson)
  }
  assert.match((await rowsWith([]))[0], /blocksDone/)
  assert.deepEqual(await rowsWith(exact('password')), ['{"rows":"0"}'])
  await side.store.close()
})

test('times and ids cannot be hidden', () => {
  assert.deepEqual([...exact('_time', '_id', '_msg', '_idx'), prefix('_i'), prefix('')].map(unhidable), [
    ...['_time', '_id', null, null, '_id', '_time'],
  ])
})
