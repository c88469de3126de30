import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { EVERY_FIELD } from '../batches/fields-wanted.ts'
import { batchOfBlock } from '../batches/record-batches.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { ConstantColumn, GroupColumn, TextColumn } from '../batches/text-columns.ts'
import { bindGatherer } from '../pipeline.ts'
import { STATS_FUNCTIONS } from '../stats/registry.ts'
import { RUNNING_FUNCTIONS } from '../stats/running/registry.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { blockOf } from '../test-blocks.ts'
import {
  PIPE_TEST_NOW_MS,
  type PipeTestOptions,
  row,
  runPipeText,
  sortedRow,
  TEST_SETTINGS,
  type TestRow,
} from '../test-pipes.ts'
import { runningStatsPipe } from './running-stats.ts'
import { statsPipe } from './stats.ts'
import { totalStatsPipe } from './total-stats.ts'

const parse = (text: string) => parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })

/** The rows that leave, as objects. */
async function run(pipes: string, rows: readonly TestRow[], options: PipeTestOptions = {}) {
  const found = await runPipeText(pipes, rows, { keyed: true, ...options })
  return found.map((fields) => Object.fromEntries(fields))
}

/** The one value of the one row that leaves. */
async function value(call: string, rows: readonly TestRow[], options: PipeTestOptions = {}) {
  const [first = {}, ...others] = await run(`stats ${call} as x`, rows, options)
  assert.deepEqual(others, [])
  return first['x'] ?? ''
}

const column = (name: string, texts: readonly string[]): TestRow[] => texts.map((text) => [[name, text]])

// ---- text ---------------------------------------------------------------------------------------------------

const ALL_EXAMPLES = [statsPipe, runningStatsPipe, totalStatsPipe, ...STATS_FUNCTIONS].flatMap(
  ({ examples }) => examples,
)

test('examples parse, print so that they parse the same, and run', async () => {
  for (const text of ALL_EXAMPLES) {
    const query = parse(text)
    assert.deepEqual(parse(printQuery(query)), query, `${text} printed as ${printQuery(query)}`)
    const [, ...pipes] = text.split(' | ')
    await run(pipes.join(' | '), [row({ _time: '2025-07-18T00:00:00Z', service: 'api', took: '5' })])
  }
})

test('a call prints with the name that its result has, where it is not the call itself', () => {
  const printed = (pipe: string) => printQuery(parse(`* | ${pipe}`)).slice('* | '.length)
  assert.equal(printed('count()'), 'stats count(*)')
  assert.equal(printed('by(a) count( * )'), 'stats by (a) count(*)')
  assert.equal(printed('stats (a,b) sum(x,y*) z'), 'stats by (a, b) sum(x, y*) as z')
  assert.equal(printed('stats count() if (a:b)'), 'stats count(*) if (a:b) as "count(*) if (a:b)"')
  assert.equal(
    printed('stats by (_time:1d offset -2h, ip:/24, "a b":10KB) rate()'),
    'stats by (_time:1d offset "-2h", ip:/24, "a b":10KB) rate()',
  )
  assert.equal(printed('stats by (_time:Month) count()'), 'stats by (_time:month) count(*)')
  assert.equal(printed('quantile(.5, "a b")'), 'stats quantile(.5, "a b")')
  assert.equal(
    printed('json_values(a) sort by (b desc) limit 3'),
    'stats json_values(a) sort by (b desc) limit 3',
  )
})

test('a result without a name is called as its call', async () => {
  const rows = [row({ a: '1', 'b c': '2' })]
  assert.deepEqual(await run('count(), sum(a,"b c"), count_uniq(a) limit 5, count() if (a:1)', rows), [
    { 'count(*)': '1', 'sum(a, "b c")': '3', 'count_uniq(a) limit 5': '1', 'count(*) if (a:1)': '1' },
  ])
})

test('what is wrong is refused at its place, with what would be right', () => {
  const refusals: [string, string, RegExp][] = [
    ['stats cuont()', 'cuont', /no function `cuont`.*did you mean `count`/],
    ['stats by (x*) count()', 'x', /without `\*`/],
    ['stats by (_time:foo) count()', 'foo', /`foo` is no step/],
    ['stats by (_time:0s) count()', '0s', /no step/],
    ['stats by (_time:-5m) count()', '-5m', /no step/],
    ['stats by (ip:/33) count()', '/33', /no step/],
    ['stats by (_time:1d offset Moon/Base) count()', 'Moon/Base', /no offset/],
    ['stats count() as x, sum(a) as x', 'sum(a) as x', /would be called `x`/],
    ['stats by (a) count() as a', 'count() as a', /would be called `a`/],
    ['stats quantile(2, a)', '2', /share from 0 to 1/],
    ['stats row_max(a*)', '(a*)', /name of a field first/],
    ['stats count_uniq()', '', /needs the name of a field/],
    ['stats rate(a)', 'a', /takes no field/],
    ['running_stats median(a)', 'median', /no function `median`/],
    ['stats count() limit 5', '5', /./],
  ]
  for (const [pipe, at, message] of refusals) {
    const text = `* | ${pipe}`
    assert.throws(
      () => parse(text),
      (error) => {
        assert.ok(isCodedError(error, 'QUERY_SYNTAX'), text)
        assert.match(error.message, message)
        const offset = Number(error.details['offset'])
        if (at !== '') assert.ok(text.slice(offset).startsWith(at), `${text}: ${text.slice(offset)}`)
        return true
      },
    )
  }
})

// ---- groups -------------------------------------------------------------------------------------------------

test('without by one row leaves, also without rows', async () => {
  assert.deepEqual(await run('stats count() as n, sum(a) as s, max(a) as m, uniq_values(a) as u', []), [
    { n: '0', s: 'NaN', u: '[]' },
  ])
  assert.deepEqual(await run('stats by (a) count() as n', []), [])
})

test('groups leave in the order of their values, whatever came first', async () => {
  const rows = column('a', ['10', '9', 'x', '', '9', '1KiB', 'x1', 'x02'])
  const found = await run('by (a) count() as n', rows, { ordered: true })
  assert.deepEqual(
    found.map(({ a = '' }) => a),
    ['', '9', '10', '1KiB', 'x', 'x1', 'x02'],
  )
})

test('groups of several keys are told apart by all of them', async () => {
  const rows = [
    row({ a: '1', b: '23' }),
    row({ a: '12', b: '3' }),
    row({ a: '123' }),
    row({ b: '123' }),
    row({}),
  ]
  assert.deepEqual(await run('by (a, b) count() as n', rows, { ordered: true }), [
    { n: '1' },
    { b: '123', n: '1' },
    { a: '1', b: '23', n: '1' },
    { a: '12', b: '3', n: '1' },
    { a: '123', n: '1' },
  ])
})

test('many groups of many keys, none of which a table can hold', async () => {
  const random = new SeededRandom(7)
  const rows = Array.from({ length: 3000 }, () =>
    row({ a: `a${random.below(700)}`, b: `b${random.below(700)}`, c: `c${random.below(3)}` }),
  )
  const counts = new Map<string, number>()
  for (const fields of rows) {
    const key = fields.map(([, text]) => text).join()
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const found = await run('by (a, b, c) count() as n', rows, { cuts: 1 })
  assert.equal(found.length, counts.size)
  for (const { a, b, c, n } of found) assert.equal(n, String(counts.get(`${a},${b},${c}`)))
})

test('columns that know their groups give the same as texts', async () => {
  const texts = ['x', 'y', '', 'x', '7', 'y']
  const batches = [
    new TextColumn(texts),
    new GroupColumn(
      { texts: ['', 'y', 'x', 'unused', 'x', '7'], ofRow: Uint32Array.of(2, 1, 0, 4, 5, 1) },
      6,
    ),
  ].map(
    (a) =>
      new RowBatch(
        6,
        new Map<string, BatchColumn>([
          ['a', a],
          ['c', new ConstantColumn('k', 6)],
        ]),
      ),
  )
  for (const by of ['', 'by (a)', 'by (c)', 'by (a, c)', 'by (c, a)']) {
    const calls =
      'count() as n, count(a) as f, count_empty(a) as e, sum(a) as s, min(a) as lo, max(a) as hi, sum_len(a) as l, ' +
      'count_uniq(a) as u, count_uniq(a, c) as v, uniq_values(a) as w, values(a) as all, median(a) as m, ' +
      'row_max(a) as r, field_min(a, c) as t, any(a) as y, count() if (a:x) as i, histogram(a) as h'
    const [first, second] = batches.map((batch) => gather(`stats ${by} ${calls}`, [batch]))
    assert.deepEqual(second, first, by)
    assert.equal(
      first.reduce((sum, { n }) => sum + Number(n), 0),
      6,
    )
  }
})

function gather(pipe: string, batches: readonly RowBatch[]): Record<string, string>[] {
  const gatherer = bindGatherer(parse(`* | ${pipe}`).pipes[0], TEST_SETTINGS, new SeededRandom(1))
  for (const batch of batches) gatherer.add(batch)
  return [...gatherer.rows()].flatMap((batch) =>
    Array.from({ length: batch.rowCount }, (_, at) =>
      Object.fromEntries(batch.names.map((name) => [name, batch.texts(name)[at]])),
    ),
  )
}

test('values as a block stores them give the same as texts', () => {
  const texts = [
    [
      '5',
      '-0.25',
      '',
      '0',
      '-',
      '1.',
      '.5',
      '1e3',
      'inf',
      'x5',
      '0x1f',
      '10KiB',
      '1.5s',
      '00012',
      '-7',
      '1.2.3.4',
    ],
    [
      '999999999999999',
      '1234567890123456',
      '12345678901234567890',
      '0.123456789012345',
      '-0',
      'é',
      '\udcff',
      '2025-01-01T00:00:00Z',
    ],
  ].flat()
  const records = texts.map((text, index) => ({ fields: { a: text, b: `${index % 3}` }, timeMs: index }))
  const block = batchOfBlock(blockOf(records), null, EVERY_FIELD)
  const order = Uint32Array.from(texts, (_, index) => (index * 7) % texts.length)
  const calls =
    'sum(a) as s, avg(a) as v, stddev(a) as d, count_uniq(a) as u, count_uniq(a, b) as w, min(a) as lo, max(a) as hi, ' +
    'sum_len(a) as l, quantile(0.7, a) as q, histogram(a) as h, row_max(a, a, b) as r, values(a) as all, count(a) as n'
  for (const batch of [block, block.select(order)]) {
    const plain = new Map(['a', 'b'].map((name) => [name, new TextColumn(batch.texts(name))]))
    for (const by of ['', 'by (b)']) {
      const wanted = gather(`stats ${by} ${calls}`, [new RowBatch(batch.rowCount, plain, batch.keys)])
      assert.deepEqual(gather(`stats ${by} ${calls}`, [batch]), wanted)
    }
  }
})

test('a batch that cannot be read leaves no trace', () => {
  class Damaged extends TextColumn {
    override texts(): never {
      throw new Error('damaged')
    }
  }
  const good = new RowBatch(
    2,
    new Map([
      ['a', new TextColumn(['1', '2'])],
      ['b', new TextColumn(['5', '6'])],
    ]),
  )
  const bad = new RowBatch(
    2,
    new Map([
      ['a', new TextColumn(['3', '2'])],
      ['b', new Damaged(['', ''])],
    ]),
  )
  const text =
    '* | stats by (a) count() as n, row_any() as r, values(b) as v, sum(b) as s, count_uniq(b) as u'
  const gatherer = bindGatherer(parse(text).pipes[0], TEST_SETTINGS, new SeededRandom(1))
  gatherer.add(good)
  assert.throws(() => gatherer.add(bad), /damaged/)
  const [batch] = gatherer.rows()
  assert.deepEqual(batch.texts('a'), ['1', '2'])
  assert.deepEqual(batch.texts('n'), ['1', '1'])
  assert.deepEqual(batch.texts('v'), ['["5"]', '["6"]'])
})

test('what would take more memory than a query may hold is refused', async () => {
  const rows = Array.from({ length: 5000 }, (_, at) => row({ a: `value ${at}` }))
  const calls = ['by (a) count()', 'stats uniq_values(a)', 'stats values(a)', 'stats count_uniq(a)']
  for (const pipe of [...calls, 'stats median(a)', 'total_stats count()']) {
    await assert.rejects(
      run(pipe, rows, { settings: { stateBytesMax: 20_000 } }),
      (error) => isCodedError(error, 'QUERY_TOO_LARGE'),
      pipe,
    )
  }
  assert.equal(
    await value('uniq_values(a) limit 2', rows, { settings: { stateBytesMax: 50_000 } }),
    '["value 0","value 1"]',
  )
  assert.equal(await value('count_uniq(a) limit 10', rows, { settings: { stateBytesMax: 20_000 } }), '10')
})

// ---- differential -------------------------------------------------------------------------------------------

type Naive = (rows: readonly Readonly<Record<string, string>>[]) => string

const field = (name: string) => (fields: Readonly<Record<string, string>>) => fields[name] ?? ''
const a = field('a')
const b = field('b')
const time = field('_time')
const isFilled = (text: string) => text !== ''
const numbersOf = (texts: readonly string[]) => texts.filter(isFilled).map(Number)
const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)
const byValue = (x: string, y: string) => Number(x === '' ? -Infinity : x) - Number(y === '' ? -Infinity : y)
const json = (fields: Readonly<Record<string, string>>) =>
  JSON.stringify(Object.fromEntries(sortedRow(Object.entries(fields))))

/** Over rows in the order of records, whose `a` and `b` are whole numbers or nothing. */
const NAIVE: Readonly<Record<string, Naive>> = {
  'count()': (rows) => String(rows.length),
  'count(a, b)': (rows) => String(rows.filter((each) => isFilled(a(each) + b(each))).length),
  'count_empty(a)': (rows) => String(rows.filter((each) => a(each) === '').length),
  'count_uniq(a, b)': (rows) =>
    String(new Set(rows.map((each) => `${a(each)},${b(each)}`).filter((text) => text !== ',')).size),
  'count_uniq_hash(a)': (rows) => String(new Set(rows.map(a).filter(isFilled)).size),
  'count_uniq(a) limit 3': (rows) => String(Math.min(3, new Set(rows.map(a).filter(isFilled)).size)),
  'sum(a)': (rows) =>
    rows.some((each) => isFilled(a(each))) ? String(total(numbersOf(rows.map(a)))) : 'NaN',
  'avg(a)': (rows) => {
    const numbers = numbersOf(rows.map(a))
    return String(total(numbers) / numbers.length)
  },
  'min(a)': (rows) => rows.map(a).toSorted(byValue)[0] ?? '',
  'max(a)': (rows) => rows.map(a).toSorted(byValue).at(-1) ?? '',
  'median(a)': (rows) => rows.map(a).toSorted(byValue)[Math.floor(rows.length / 2)] ?? '',
  'quantile(1, a)': (rows) => rows.map(a).toSorted(byValue).at(-1) ?? '',
  'quantile(0, a*)': (rows) => rows.map(a).filter(isFilled).toSorted(byValue)[0] ?? '',
  'sum_len(a, b)': (rows) => String(total(rows.map((each) => (a(each) + b(each)).length))),
  'values(a)': (rows) => JSON.stringify(rows.map(a)),
  'values(a) limit 3': (rows) => JSON.stringify(rows.map(a).slice(0, 3)),
  'uniq_values(a)': (rows) => JSON.stringify([...new Set(rows.map(a).filter(isFilled))].toSorted(byValue)),
  'uniq_values(a) limit 2': (rows) =>
    JSON.stringify([...new Set(rows.map(a).filter(isFilled))].toSorted(byValue).slice(0, 2)),
  'json_values(a, b) limit 2': (rows) =>
    `[${rows.slice(0, 2).map((each) => json({ a: a(each), b: b(each) }))}]`,
  'json_values(b) sort by (a desc) limit 2': (rows) =>
    `[${rows
      .toSorted((x, y) => byValue(a(y), a(x)))
      .slice(0, 2)
      .map((each) => json({ b: b(each) }))}]`,
  'row_any(a, b)': (rows) => (rows.length === 0 ? '{}' : json({ a: a(rows[0]), b: b(rows[0]) })),
  'any(a, b)': (rows) => rows.map((each) => a(each) || b(each)).find(isFilled) ?? '',
  'row_max(a)': (rows) => json(extreme(rows, -1) ?? {}),
  'row_min(a, b)': (rows) => json({ b: b(extreme(rows, 1) ?? {}) }),
  'field_max(a, b)': (rows) => b(extreme(rows, -1) ?? {}),
  'field_min(a, b)': (rows) => b(extreme(rows, 1) ?? {}),
  'stddev(a)': (rows) => {
    const numbers = numbersOf(rows.map(a))
    const mean = total(numbers) / numbers.length
    return String(Math.sqrt(total(numbers.map((number) => (number - mean) ** 2)) / numbers.length))
  },
}

/** The first one with the smallest (1) or largest (-1) value. */
function extreme(rows: readonly Readonly<Record<string, string>>[], sign: 1 | -1) {
  return rows
    .filter((each) => isFilled(a(each)))
    .toSorted((x, y) => sign * byValue(a(x), a(y)))
    .at(0)
}

test('every function gives what a plain evaluation gives, however rows are cut and divided', async () => {
  const calls = Object.keys(NAIVE)
  const pipe = calls.map((call, at) => `${call} as r${at}, ${call} if (b:>2) as i${at}`).join(', ')
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed)
    const length = seed % 10 === 0 ? 600 : random.below(60)
    const rows = Array.from({ length }, () => randomRow(random))
    const found = await run(`stats by (g) ${pipe}`, rows, { seed, cuts: 2 })
    const records = rows.map(
      (fields): Record<string, string> => Object.fromEntries(fields.filter(([, text]) => text !== '')),
    )
    // In the order of records: by time, then by id.
    const inOrder = records.toSorted((x, y) => (time(x) < time(y) ? -1 : time(x) > time(y) ? 1 : 0))
    const groups = Map.groupBy(inOrder, field('g'))
    assert.equal(found.length, groups.size, `seed ${seed}`)
    for (const result of found) {
      const members = groups.get(result['g'] ?? '') ?? []
      const chosen = members.filter((each) => Number(b(each)) > 2)
      for (const [at, call] of calls.entries()) {
        assertLike(result[`r${at}`] ?? '', NAIVE[call](members), `${call}, seed ${seed}`)
        assertLike(result[`i${at}`] ?? '', NAIVE[call](chosen), `${call} if, seed ${seed}`)
      }
    }
  }
})

function randomRow(random: SeededRandom): TestRow {
  const number = (bound: number) => (random.chance(0.2) ? '' : String(random.below(bound) - 2))
  const _time = new Date(PIPE_TEST_NOW_MS + random.below(20)).toISOString()
  return row({ _time, g: ['', 'x', 'y', 'z'][random.below(4)], a: number(12), b: number(6) })
}

/** Numbers to twelve digits: a plain sum of floats loses some. */
function assertLike(found: string, wanted: string, where: string): void {
  if (found === wanted) return
  const isClose = Math.abs(Number(found) - Number(wanted)) <= 1e-12 * Math.max(1, Math.abs(Number(wanted)))
  assert.ok(isClose, `${found} is not ${wanted}: ${where}`)
}

test('the first of many are the same, however many were cut off before', async () => {
  const random = new SeededRandom(11)
  const texts = Array.from({ length: 700 }, () => `v${random.below(100_000)}`)
  const sorted = [...new Set(texts)].toSorted((x, y) => Number(x.slice(1)) - Number(y.slice(1)))
  const rows = column('a', texts)
  assert.equal(await value('uniq_values(a) limit 3', rows), JSON.stringify(sorted.slice(0, 3)))
  assert.equal(await value('values(a) limit 3', rows), JSON.stringify(texts.slice(0, 3)))
  const most = sorted.slice(-2).toReversed()
  assert.equal(
    await value('json_values(a) sort by (a desc) limit 2', rows),
    JSON.stringify(most.map((text) => ({ a: text }))),
  )
  assert.equal(await value('count_uniq(a) limit 10', rows), '10')
})

// ---- single functions -----------------------------------------------------------------------------------------

test('sums are the nearest floats to the true ones, in any order of rows', async () => {
  assert.equal(await value('sum(a)', column('a', ['0.1', '0.2', '0.3'])), '0.6')
  assert.equal(await value('sum(a)', column('a', ['1e100', '1', '-1e100'])), '1')
  assert.equal(await value('avg(a)', column('a', ['1e16', '1', '-1e16', '1'])), '0.5')
  assert.equal(
    await value('sum(a)', column('a', ['9007199254740992', '1', '1', 'x', ''])),
    '9007199254740994',
  )
  assert.equal(await value('sum(a)', column('a', ['1.5s', '1KiB', '0xff', '-', 'inf'])), '+Inf')
  assert.equal(await value('sum(a)', column('a', ['1.5s', '1KiB', '0xff', '-'])), '1500001279')
  assert.equal(await value('sum(a*)', [row({ a: '1', ab: '2', b: '4' }), row({ abc: '8' })]), '11')
  assert.equal(await value('sum(a, a*)', [row({ a: '1', ab: '2' })]), '3')
})

test('a deviation keeps its digits where values are large and close', async () => {
  const rows = column('a', ['1000000000000001', '1000000000000002', '1000000000000003', '1000000000000004'])
  assert.equal(await value('stddev(a)', rows), String(Math.sqrt(1.25)))
  assert.equal(await value('stddev(a)', column('a', ['7', '7'])), '0')
  assert.equal(await value('stddev(a)', column('a', ['x'])), 'NaN')
})

test('smallest and largest are of numbers, times and texts, and a missing field is empty', async () => {
  assert.equal(await value('max(a)', column('a', ['9', '10', '1KiB', '2s'])), '2s')
  assert.equal(await value('min(a)', column('a', ['9', '10', '1KiB', ''])), '')
  assert.equal(await value('min(a*)', column('a', ['9', '10', '1KiB', ''])), '9')
  assert.equal(await value('min(a*, a)', column('a', ['9', '10', '1KiB', ''])), '')
  assert.equal(
    await value('max(_time)', column('_time', ['2025-01-01T00:00:00.000000001Z', '2025-01-01T00:00:00Z'])),
    '2025-01-01T00:00:00.000000001Z',
  )
  assert.equal(
    await value('max(a)', column('a', ['1', '1.0'])),
    await value('max(a)', column('a', ['1.0', '1'])),
  )
})

test('values and JSON hold what a sender wrote', async () => {
  const rows = [row({ a: 'x"\n\u2028é가\u0000' })]
  assert.deepEqual(JSON.parse(await value('values(a)', rows)), ['x"\n\u2028é가\u0000'])
  assert.deepEqual(JSON.parse(await value('row_any()', rows)), { a: 'x"\n\u2028é가\u0000' })
  assert.deepEqual(JSON.parse(await value('json_values(a)', [...rows, row({ b: '1' })])), [
    { a: 'x"\n\u2028é가\u0000' },
    {},
  ])
  assert.equal(await value('sum_len(a)', rows), String(Buffer.byteLength('x"\n\u2028é가\u0000')))
})

test('rates divide by the seconds of a step, or of the time range of the query', async () => {
  const rows = column('a', ['1', '2', '3'])
  const day = { timeMsMin: Date.UTC(2025, 6, 18), timeMsMax: Date.UTC(2025, 6, 19) - 1 }
  const minute = { timeMsMin: PIPE_TEST_NOW_MS - 60_000, timeMsMax: PIPE_TEST_NOW_MS }
  assert.equal(await value('rate()', rows), '3')
  assert.equal(await value('rate()', rows, { settings: minute }), '0.05')
  assert.equal(await value('rate_sum(a)', rows, { settings: minute }), '0.1')
  assert.equal(await value('rate()', rows, { settings: day }), '0.00003472222222222222')
  assert.equal(await value('rate()', rows, { settings: { ...minute, rateSeconds: 10 } }), '0.3')
})

test('rates by steps of time divide by the length of a step, unless whoever asks has steps', async () => {
  const rows = ['00:00:01', '00:00:59', '00:01:30'].map((time) =>
    row({ _time: `2025-07-18T${time}Z`, a: '30', b: 'x' }),
  )
  const hour = { timeMsMin: PIPE_TEST_NOW_MS, timeMsMax: PIPE_TEST_NOW_MS + 3_600_000 }
  const rates = async (by: string, settings: PipeTestOptions['settings'] = hour) =>
    (await run(`by (${by}) rate() r, rate_sum(a) s`, rows, { settings })).map(({ r, s }) => [r, s])
  assert.deepEqual(await rates('_time:1m'), [
    [String(2 / 60), '1'],
    [String(1 / 60), '0.5'],
  ])
  assert.deepEqual(await rates('b, _time:minute offset 2h'), await rates('_time:1m'))
  assert.deepEqual(await rates('_time:1m', {}), await rates('_time:1m'))
  assert.deepEqual(await rates('_time:500ms'), Array(3).fill(['2', '60']))
  assert.deepEqual(await rates('_time:month'), [[String(3 / 2_629_746), String(90 / 2_629_746)]])
  assert.deepEqual(await rates('_time:1m', { ...hour, rateSeconds: 2 }), [
    ['1', '30'],
    ['0.5', '15'],
  ])
  for (const by of ['b', 'a:10', '_time:/24']) {
    const groups = await rates(by)
    assert.equal(
      groups.reduce((sum, [, rate]) => sum + Number(rate), 0),
      0.025,
      by,
    )
  }
})

test('a histogram has eighteen ranges a decimal, with the border in the lower one', async () => {
  const texts = ['0', '1', '1.1', '1.2', '1000', '1KiB', '1e30', '-5', 'x', '1.5us']
  assert.deepEqual(JSON.parse(await value('histogram(a)', column('a', texts))), [
    { vmrange: '0...1.000e-09', hits: 1 },
    { vmrange: '8.799e-01...1.000e+00', hits: 1 },
    { vmrange: '1.000e+00...1.136e+00', hits: 1 },
    { vmrange: '1.136e+00...1.292e+00', hits: 1 },
    { vmrange: '8.799e+02...1.000e+03', hits: 1 },
    { vmrange: '1.000e+03...1.136e+03', hits: 1 },
    { vmrange: '1.468e+03...1.668e+03', hits: 1 },
    { vmrange: '1.000e+18...+Inf', hits: 1 },
  ])
  assert.equal(await value('histogram(a)', column('a', ['x'])), '[]')
})

// ---- running and total ------------------------------------------------------------------------------------------

test('running functions have a value after each row, by time', async () => {
  const rows = [
    row({ _time: '2025-01-01T00:00:03Z', g: 'x', a: '5' }),
    row({ _time: '2025-01-01T00:00:01Z', g: 'x', a: '7' }),
    row({ _time: '2025-01-01T00:00:02Z', g: 'y', a: 'z' }),
    row({ _time: '2025-01-01T00:00:02Z', g: 'x' }),
  ]
  const calls = RUNNING_FUNCTIONS.map(({ name }) => `${name}(a) as ${name}`).join(', ')
  const found = await run(`running_stats by (g) ${calls} | fields g, *`, rows, {
    keyed: false,
    ordered: true,
  })
  assert.deepEqual(
    found.map(({ _time: _, ...others }) => others),
    [
      { g: 'x', a: '7', count: '1', first: '7', last: '7', max: '7', min: '7', sum: '7' },
      { g: 'y', a: 'z', count: '1', first: 'z', last: 'z', max: 'z', min: 'z', sum: 'NaN' },
      { g: 'x', count: '1', first: '7', last: '7', max: '7', sum: '7' },
      { g: 'x', a: '5', count: '2', first: '7', last: '5', max: '7', sum: '12' },
    ],
  )
})

test('total functions have the same value in all rows of a group', async () => {
  const rows = [row({ g: 'x', a: '1' }), row({ g: 'y', a: '2' }), row({ g: 'x', a: '3' })]
  assert.deepEqual(
    await run('total_stats by (g) sum(a) as s, count() if (a:3) as n | fields g, s, n', rows, {
      ordered: true,
    }),
    [
      { g: 'x', s: '4', n: '1' },
      { g: 'y', s: '2', n: '0' },
      { g: 'x', s: '4', n: '1' },
    ],
  )
  assert.deepEqual(await run('total_stats count()', []), [])
})

test('a share of all rows is a query', async () => {
  const rows = column('g', ['x', 'y', 'x', 'x'])
  assert.deepEqual(
    await run(
      'stats by (g) count() n | total_stats sum(n) as all | math n / all as share | fields g, share',
      rows,
    ),
    [
      { g: 'x', share: '0.75' },
      { g: 'y', share: '0.25' },
    ],
  )
})
