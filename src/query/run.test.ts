/**
 * Running queries over snapshots. The differential test holds the real engine against a plain evaluation over an
 * array of objects, which shares no code with it but the parser.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../base/base.ts'
import type { Row } from './row.ts'
import { rowJson, rowText } from './row-fields.ts'
import { countRows, type SelectOptions, selectRows } from './run.ts'
import { parseQuery } from './syntax/parser.ts'
import { printQuery } from './syntax/printer.ts'
import { blockOf, FakeSnapshot, JudgingBlock, TEST_NOW_MS, type TestRecord } from './test-blocks.ts'
import { decodeLoosely } from './values/text.ts'

const parse = (text: string) => parseQuery(text, { nowMs: TEST_NOW_MS })

/** Blocks of the records, cut where `cuts` says; ids from 1 on. */
function snapshotOf(records: readonly TestRecord[], rowsPerBlock = 3): FakeSnapshot {
  const blocks = []
  for (let at = 0; at < records.length; at += rowsPerBlock) {
    blocks.push(blockOf(records.slice(at, at + rowsPerBlock), at + 1))
  }
  return new FakeSnapshot(blocks)
}

async function select(snapshot: FakeSnapshot, text: string, options?: SelectOptions): Promise<Row[]> {
  const { count, rows } = await selectRows(snapshot, parse(text), options)
  const all = await arrayOf(rows)
  assert.equal(all.length, count, 'the count is known before the rows')
  return all
}

async function arrayOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const ids = (rows: readonly Row[]) => rows.map((row) => (row.kind === 'record' ? row.id : 0))

const numbered = (count: number, timeOf: (index: number) => number): TestRecord[] =>
  Array.from({ length: count }, (_, index) => ({ message: `m${index + 1}`, timeMs: timeOf(index) }))

test('the newest rows come, oldest first', async () => {
  const snapshot = snapshotOf(numbered(10, (index) => index))
  assert.deepEqual(ids(await select(snapshot, '*', { rowsMax: 3 })), [8, 9, 10])
  assert.deepEqual(ids(await select(snapshot, '* | limit 2', { rowsMax: 3 })), [9, 10])
  assert.deepEqual(ids(await select(snapshot, '* | limit 5', { rowsMax: 3 })), [6, 7, 8, 9, 10])
  assert.deepEqual(ids(await select(snapshot, '*')), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.deepEqual(await select(snapshot, '* | limit 0'), [])
  assert.deepEqual(await select(snapshot, 'nothing'), [])
  assert.deepEqual(await select(new FakeSnapshot([]), '*'), [])
})

test('what pipes hand on is limited as records are, unless the query limits itself; what they make is not', async () => {
  const records = Array.from({ length: 10 }, (_, at) => ({
    timeMs: at,
    message: `m${9 - at}`,
    fields: { a: '[1,2]' },
  }))
  const snapshot = snapshotOf(records)
  const texts = async (query: string): Promise<unknown[]> =>
    (await select(snapshot, query, { rowsMax: 3 })).map((each) => [...rowText(each).values()][0])
  for (const [query, expected] of [
    ['* | sort by (_msg) | fields _msg', ['m0', 'm1', 'm2']],
    ['* | sort by (_msg) | filter !_msg:m1 | fields _msg', ['m0', 'm2', 'm3']],
    ['* | sort by (_msg desc) limit 4 | fields _msg', ['m9', 'm8', 'm7', 'm6']],
    ['* | first 4 by (_msg) | fields _msg', ['m0', 'm1', 'm2', 'm3']],
    ['* | last 4 by (_msg) | fields _msg', ['m9', 'm8', 'm7', 'm6']],
    ['* | offset 2 | fields _msg', ['m4', 'm3', 'm2']],
    ['* | deduplicate by (_msg) | fields _msg', ['m2', 'm1', 'm0']],
    ['* | fields _msg | union (*) | fields _msg', ['m9', 'm8', 'm7']],
    ['* | running_stats count() n | fields n', ['8', '9', '10']],
    ['* | unroll (a) | fields a', ['2', '1', '2']],
    ['* | sort by (_msg) | limit 4 | fields _msg', ['m0', 'm1', 'm2', 'm3']],
  ] as const) {
    assert.deepEqual(await texts(query), expected, query)
  }
  for (const whole of [
    ...['by (_msg) count() n', 'uniq by (_msg)', 'top 8 by (_msg)', 'field_values _msg'],
    ...['sort by (_msg) | by (_msg) count() n | sort by (n)', 'generate_sequence 10'],
  ]) {
    assert.ok((await texts(`* | ${whole}`)).length > 7, whole)
  }
  assert.equal((await texts('* | query_stats')).length, 1)
})

test('equal times go by nanosecond, then by id', async () => {
  const records = [5, 1, 5, 0, 5].map((timeNs) => ({ timeMs: 7, timeNs }))
  assert.deepEqual(ids(await select(snapshotOf(records, 2), '*')), [4, 2, 1, 3, 5])
  assert.deepEqual(ids(await select(snapshotOf(records, 2), '*', { rowsMax: 2 })), [3, 5])
})

test('a scan ends as soon as what is left is older than all that was kept', async () => {
  const snapshot = snapshotOf(numbered(300, (index) => index))
  assert.deepEqual(ids(await select(snapshot, '*', { rowsMax: 3 })), [298, 299, 300])
  // One block for the keys, one for the rows.
  assert.equal(snapshot.scanned, 2)
  const even = snapshotOf(numbered(300, () => 5))
  await select(even, '*', { rowsMax: 3 })
  assert.ok(even.scanned > 100, 'equal times are looked at, for their ids')
})

test('a time filter keeps other blocks out of the scan', async () => {
  const snapshot = snapshotOf(numbered(300, (index) => TEST_NOW_MS - index * 60_000))
  assert.equal((await select(snapshot, '_time:2m')).length, 3)
  assert.equal(snapshot.scanned, 2)
})

test('an id filter keeps other blocks out of the scan', async () => {
  const snapshot = snapshotOf(numbered(300, (index) => index))
  assert.deepEqual(ids(await select(snapshot, '_id:in(7, 8)')), [7, 8])
  assert.equal(snapshot.scanned, 2)
})

test('rows that leave fields behind say so', async () => {
  const snapshot = snapshotOf([{ message: 'a', fields: { x: '1' } }])
  assert.deepEqual((await select(snapshot, '* | fields x')).map(rowJson), ['{"x":"1"}'])
})

test('a count is of all that match, or of the limit', async () => {
  const snapshot = snapshotOf(numbered(100, (index) => index))
  assert.equal(await countRows(snapshot, parse('*')), 100)
  assert.equal(await countRows(snapshot, parse('m1*')), 12)
  assert.equal(await countRows(snapshot, parse('* | limit 7')), 7)
  assert.equal(await countRows(snapshot, parse('* | limit 0')), 0)
  assert.equal(await countRows(snapshot, parse('* | limit 700 | fields a')), 100)
})

/** Memory for the keys of a thousand rows, since arrays are doubled. */
const KEYS_OF_1024 = { keyBytesMax: 1024 * 24 }

test('rows whose keys have no room together come in turns, all of them in their order', async () => {
  for (let seed = 0; seed < 6; seed++) {
    const random = new SeededRandom(seed)
    // Crowds and gaps: some turns are too large at first.
    const times = numbered(5000, () => random.below(20) ** 4 + random.below(400))
    const snapshot = snapshotOf(
      times.map((record) => ({ ...record, timeNs: random.below(1_000_000) })),
      1 + random.below(700),
    )
    const expected = ids(await select(snapshot, '*'))
    assert.deepEqual(ids(await select(snapshot, '*', KEYS_OF_1024)), expected, `seed ${seed}`)
    const limit = 1025 + random.below(4500)
    const limited = await select(snapshot, `* | limit ${limit}`, KEYS_OF_1024)
    assert.deepEqual(ids(limited), expected.slice(-limit), `seed ${seed}, limit ${limit}`)
    const late = ids(await select(snapshot, '_time:>=1970-01-01T00:00:10Z'))
    assert.deepEqual(ids(await select(snapshot, '_time:>=1970-01-01T00:00:10Z', KEYS_OF_1024)), late)
  }
})

test('more rows of one millisecond than have room are refused', async () => {
  const snapshot = snapshotOf(
    numbered(2000, () => 5),
    100,
  )
  await assert.rejects(select(snapshot, '*', KEYS_OF_1024), { code: 'QUERY_TOO_LARGE' })
  assert.equal((await select(snapshot, '* | limit 900', KEYS_OF_1024)).length, 900)
})

test('what pipes make of more rows than have room is counted first, and made again as it is read', async () => {
  const snapshot = snapshotOf(
    numbered(5000, (index) => index),
    100,
  )
  const query = '* | format "<_msg> of five thousand" as text | filter text:~"7" | fields text'
  const expected = await select(snapshot, query)
  assert.deepEqual(await select(snapshot, query, KEYS_OF_1024), expected)
  assert.equal(expected[0]?.kind, 'values')
  // What comes out another time is another answer.
  await assert.rejects(select(snapshot, `* | sample 1 | filter m*`, KEYS_OF_1024), {
    code: 'QUERY_TOO_LARGE',
  })
})

test('rows too large to be held together come one after another', async () => {
  const message = 'x'.repeat(1024 * 1024)
  const records = Array.from({ length: 24 }, (_, index) => ({
    message: `${index} ${message}`,
    timeMs: 24 - index,
  }))
  const rows = await select(snapshotOf(records, 2), '*')
  assert.deepEqual(
    ids(rows),
    Array.from({ length: 24 }, (_, index) => 24 - index),
  )
})

test('a cancelled query ends, before, between and after blocks', async () => {
  const isCancelled = (error: unknown) => isCodedError(error, 'QUERY_CANCELLED')
  const snapshot = snapshotOf(numbered(300, (index) => index))
  const before = AbortSignal.abort()
  await assert.rejects(selectRows(snapshot, parse('*'), { signal: before }), isCancelled)
  await assert.rejects(countRows(snapshot, parse('*'), { signal: before }), isCancelled)
  assert.equal(snapshot.scanned, 0)
  const during = new AbortController()
  setImmediate(() => during.abort())
  await assert.rejects(countRows(snapshot, parse('*'), { signal: during.signal }), isCancelled)
  assert.ok(snapshot.scanned < 10)
  const later = new AbortController()
  const { rows } = await selectRows(snapshot, parse('*'), { signal: later.signal })
  later.abort()
  await assert.rejects(arrayOf(rows), isCancelled)
})

test('others have their turn while a query runs', async () => {
  const snapshot = snapshotOf(numbered(300, (index) => index))
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  await countRows(snapshot, parse('*'))
  clearInterval(timer)
  assert.ok(turns > 0)
})

test('many rows in no order are sorted whole', async () => {
  const seed = 5
  const random = new SeededRandom(seed)
  const records = Array.from({ length: 70_000 }, () => ({
    timeMs: random.below(1000),
    timeNs: random.below(3),
  }))
  const rows = await select(snapshotOf(records, 20_000), '*')
  for (let at = 1; at < rows.length; at++) {
    const [a, b] = [rows[at - 1], rows[at]]
    assert.ok(a.kind === 'record' && b.kind === 'record')
    assert.ok((a.timeMs - b.timeMs || a.timeNs - b.timeNs || a.id - b.id) < 0, `seed ${seed}, row ${at}`)
  }
  assert.equal(rows.length, 70_000)
})

// ---- blocks that judge values themselves --------------------------------------------------------------------

const SERVED: readonly TestRecord[] = [
  { message: 'disk error', timeMs: 1000, level: 'Oops', fields: { f: 'a', n: '7' } },
  { message: 'disk full', timeMs: 2000, level: 'error', fields: { f: 'b' } },
  { message: 'all well', timeMs: 3000, level: 'info', fields: { n: '9' } },
]

const judging = (counts: boolean) => new JudgingBlock(blockOf(SERVED), counts)

/** The count, and what the block was asked for it: `?` where rows were looked at. */
async function countAsked(text: string, counts = true): Promise<[number, string[]]> {
  const block = judging(counts)
  const count = await countRows(new FakeSnapshot([block]), parse(text))
  assert.deepEqual(block.columnsRead, [], text)
  return [count, block.questions.map(({ kind, field }) => (field ?? 'msg') + (kind === 'narrow' ? '?' : ''))]
}

test('a count that a block knows needs no look at its rows', async () => {
  assert.deepEqual(await countAsked('*'), [3, []])
  assert.deepEqual(await countAsked('disk'), [2, ['msg']])
  assert.deepEqual(await countAsked('f:a'), [1, ['f']])
  assert.deepEqual(await countAsked('!f:a'), [2, ['f']])
  assert.deepEqual(await countAsked('disk _time:>5m'), [2, ['msg']])
  assert.deepEqual(await countAsked('disk _id:<10'), [2, ['msg']])
  assert.deepEqual(await countAsked('disk or _id:>10'), [2, ['msg']])
  assert.deepEqual(await countAsked('disk !_id:<10'), [0, []])
  assert.deepEqual(await countAsked('disk or _id:<10'), [3, []])
  assert.deepEqual(await countAsked('_time:[1970-01-01Z, 1970-01-02Z)'), [3, []])
})

test('rows are looked at where no count is known, and the block judges their values', async () => {
  assert.deepEqual(await countAsked('disk', false), [2, ['msg', 'msg?']])
  assert.deepEqual(await countAsked('disk f:a'), [1, ['msg', 'f', 'msg?', 'f?']])
  // The first record happened before, and the block holds both sides of the bound.
  assert.deepEqual(await countAsked('disk _time:>1970-01-01T00:00:01Z'), [1, ['msg', 'msg?']])
  assert.deepEqual(await countAsked('disk _time:>=1970-01-01T00:00:01.000000001Z'), [1, ['msg', 'msg?']])
  assert.deepEqual(await countAsked('disk _id:>1'), [1, ['msg', 'msg?']])
})

test('fields that are made are made, whatever the block judges', async () => {
  for (const [text, expected] of [
    ['level:error', 1],
    ['level:Oops', 1],
    ['_time:1970*', 3],
    ['_id:in(1, 2)', 2],
    ['_stream:""', 3],
    ['_truncated:""', 3],
  ] as const) {
    const block = judging(true)
    assert.equal(await countRows(new FakeSnapshot([block]), parse(text)), expected, text)
    assert.deepEqual(block.questions, [], text)
  }
})

test('the tree of what rows must pass goes with every scan for a filter, and with none for ids', async () => {
  const blocks = [blockOf(SERVED), blockOf([{ message: 'nothing here' }], 4)]
  const snapshot = new FakeSnapshot(blocks)
  assert.equal(await countRows(snapshot, parse('disk f:a')), 1)
  await select(snapshot, 'disk f:a')
  assert.equal(snapshot.scanned, 3)
  assert.deepEqual(
    snapshot.requests.map(({ order, skip }) => [order, skip?.kind]),
    [
      ['any', 'and'],
      ['newest', 'and'],
      ['id', undefined],
    ],
  )
})

test('rows are fetched without a whole column', async () => {
  const block = judging(true)
  const rows = await select(new FakeSnapshot([block]), 'disk')
  assert.deepEqual(block.columnsRead, [])
  assert.deepEqual(rows, await select(new FakeSnapshot([blockOf(SERVED)]), 'disk'))
  assert.deepEqual(
    rows.map((row) => row.kind === 'record' && [decodeLoosely(row.message), row.level]),
    [
      ['disk error', 'Oops'],
      ['disk full', 'error'],
    ],
  )
})

// ---- against a plain evaluation -----------------------------------------------------------------------------

interface PlainRecord {
  readonly id: number
  readonly record: TestRecord
}

const WORDS = [
  'error',
  'errors',
  'Error',
  'disk',
  'a-b',
  'ошибка',
  'ОШИБКА',
  '5',
  '15',
  '1.5s',
  'x_y',
  '\u00e9',
]
const LEVEL_WORDS = ['ERROR', 'error', 'err', 'warn', 'INFO', '', '']
const LEVEL_NAMES: Readonly<Record<string, string>> = {
  ERROR: 'error',
  error: 'error',
  err: 'error',
  warn: 'warn',
  INFO: 'info',
}

function randomRecord(random: SeededRandom): TestRecord {
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]
  const text = () => Array.from({ length: random.below(4) }, () => pick(WORDS)).join(pick([' ', ', ', '']))
  return {
    message: text(),
    timeMs: TEST_NOW_MS - random.below(20) * 60_000,
    timeNs: random.below(2),
    level: pick(LEVEL_WORDS),
    stream: random.chance(0.5) ? { service: pick(['api', 'web']) } : {},
    fields: random.chance(0.7) ? { f: text(), n: String(random.below(30)) } : {},
  }
}

interface PlainFilter {
  readonly text: string
  matches(each: PlainRecord): boolean
}

const WORD = '[\\p{L}\\p{Nd}_]'
const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

function plainPhrase(phrase: string, isPrefix: boolean, flags: string): (value: string) => boolean {
  if (phrase === '') return (value) => (value !== '') === isPrefix
  const before = new RegExp(`^${WORD}`, 'u').test(phrase) ? `(?<!${WORD})` : ''
  const after = !isPrefix && new RegExp(`${WORD}$`, 'u').test(phrase) ? `(?!${WORD})` : ''
  const pattern = new RegExp(before + escaped(phrase) + after, flags)
  return (value) => pattern.test(value)
}

function fieldValue({ id, record }: PlainRecord, field: string): string {
  if (field === '_msg') return String(record.message)
  if (field === '_id') return String(id)
  if (field === 'level') return record.level ?? ''
  return String(record.stream?.[field] ?? record.fields?.[field] ?? '')
}

const levelOf = (word: string) => LEVEL_NAMES[word] ?? ''

function randomFilter(random: SeededRandom, depth: number): PlainFilter {
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]
  if (depth > 0 && random.chance(0.5)) {
    const a = randomFilter(random, depth - 1)
    const b = randomFilter(random, depth - 1)
    return pick<() => PlainFilter>([
      () => ({ text: `(${a.text} ${b.text})`, matches: (each) => a.matches(each) && b.matches(each) }),
      () => ({ text: `(${a.text} or ${b.text})`, matches: (each) => a.matches(each) || b.matches(each) }),
      () => ({ text: `!(${a.text})`, matches: (each) => !a.matches(each) }),
    ])()
  }
  const field = pick(['_msg', '_msg', 'f', 'n', 'service', 'nothing'])
  const word = pick([...WORDS, 'err', 'rro', 'disk error', ', ', ''])
  const number = random.below(30)
  const onValue = (text: string, test: (value: string) => boolean): PlainFilter => ({
    text: `${field}:${text}`,
    matches: (each) => test(fieldValue(each, field)),
  })
  const minutes = random.below(20)
  return pick<() => PlainFilter>([
    () => onValue(`"${word}"`, plainPhrase(word, false, 'u')),
    () => onValue(`"${word}"*`, plainPhrase(word, true, 'u')),
    () => onValue(`i("${word}")`, plainPhrase(word, false, 'iu')),
    () => onValue(`="${word}"`, (value) => value === word),
    () => onValue(`="${word}"*`, (value) => value.startsWith(word)),
    () => onValue(`in("${word}", "5")`, (value) => value === word || value === '5'),
    () => onValue(`~"${escaped(word).replaceAll('\\', '\\\\')}"`, (value) => value.includes(word)),
    () => onValue(`~"(?i)${word}.*d"`, (value) => new RegExp(`${word}.*d`, 'iu').test(value)),
    () => ({
      text: `n:>=${number}`,
      matches: (each) => fieldValue(each, 'n') !== '' && Number(fieldValue(each, 'n')) >= number,
    }),
    () => ({ text: `_id:>${number}`, matches: ({ id }) => id > number }),
    () => ({ text: 'level:error', matches: ({ record }) => levelOf(record.level ?? '') === 'error' }),
    () => ({ text: 'level:""', matches: ({ record }) => record.level === '' }),
    () => ({
      text: `_time:${minutes}m`,
      matches: ({ record }) => TEST_NOW_MS - record.timeMs! <= minutes * 60_000,
    }),
    () => ({
      text: `_time:>${minutes}m`,
      matches: ({ record }) => TEST_NOW_MS - record.timeMs! > minutes * 60_000,
    }),
    () => ({ text: '*', matches: () => true }),
  ])()
}

function byOrder(a: PlainRecord, b: PlainRecord): number {
  return a.record.timeMs! - b.record.timeMs! || a.record.timeNs! - b.record.timeNs! || a.id - b.id
}

test('random queries over random blocks give what a plain evaluation gives', async () => {
  const seed = 2025
  const random = new SeededRandom(seed)
  for (let round = 0; round < 150; round++) {
    const blocks = []
    const plain: PlainRecord[] = []
    let nextId = 1
    for (let block = random.below(6); block >= 0; block--) {
      const records = Array.from({ length: 1 + random.below(12) }, () => randomRecord(random))
      blocks.push(blockOf(records, nextId))
      for (const record of records) plain.push({ id: nextId++, record })
      nextId += random.below(3)
    }
    const snapshot = new FakeSnapshot(
      blocks.map((block) => {
        const way = random.below(3)
        return way === 0 ? block : new JudgingBlock(block, way === 1)
      }),
    )
    for (let query = 0; query < 8; query++) {
      const { text, matches } = randomFilter(random, 3)
      const story = `seed ${seed}, round ${round}: ${text}, printed ${printQuery(parse(text))}`
      const expected = plain.filter(matches).sort(byOrder)
      const rowsMax = random.chance(0.5) ? random.below(10) : Infinity
      const rows = await select(snapshot, text, { rowsMax })
      const limited = expected.slice(Math.max(0, expected.length - rowsMax))
      assert.deepEqual(
        ids(rows),
        limited.map(({ id }) => id),
        story,
      )
      assert.equal(await countRows(snapshot, parse(text)), expected.length, story)
      for (const [at, row] of rows.entries()) {
        assert.ok(row.kind === 'record')
        assert.equal(decodeLoosely(row.message), limited[at].record.message, story)
        assert.equal(row.level, limited[at].record.level, story)
      }
    }
  }
})

test('the id of the stream passes every pipe, and comes from queries within the query', async () => {
  const stream = { app: 'x' }
  const records = ['before', 'error', 'behind'].map((message, timeMs) => ({ message, timeMs, stream }))
  const snapshot = snapshotOf(records, 2)
  const [wanted] = await values(snapshot, 'error | fields _stream_id')
  assert.match(wanted._stream_id, /^[0-9a-f]{32}$/)
  for (const [pipe, count] of [
    ['stream_context before 1 after 1', 4],
    ['union (before)', 2],
    ['stats by (app) count() | union (before)', 1],
    ['fields app | join by (app) (before)', 1],
    ['fields app | join by (app) (before) prefix b. | rename b._stream_id as _stream_id', 1],
    ['fields app | join by (app) (before) prefix _stream | rename _stream_stream_id as _stream_id', 1],
    ['sort', 1],
    ['sort desc limit 1', 1],
    ['first', 1],
    ['last 2', 1],
    ['deduplicate', 1],
    ['pack_json as all', 1],
    ['pack_logfmt as all', 1],
  ] as const) {
    const rows = await values(snapshot, `error | ${pipe} | fields _stream_id | filter _stream_id:*`)
    assert.deepEqual(rows, new Array(count).fill(wanted), pipe)
  }
})

test('the id of the stream is not shown where nobody names it', async () => {
  const stream = { app: 'x' }
  const snapshot = snapshotOf(['a', 'error'].map((message, timeMs) => ({ message, timeMs, stream })))
  for (const pipe of ['stream_context before 1', 'union (a)', 'sort', 'pack_json as all']) {
    for (const row of await values(snapshot, `error | ${pipe}`)) assert.equal(row._stream_id, undefined, pipe)
  }
})

/** The fields of the rows. */
async function values(snapshot: FakeSnapshot, text: string): Promise<Record<string, string>[]> {
  return (await select(snapshot, text)).map((row) => JSON.parse(rowJson(row)))
}
