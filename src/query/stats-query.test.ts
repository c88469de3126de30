import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTimeSteps, statsNumbers } from './stats-query.ts'
import { parseQuery } from './syntax/parser.ts'
import { printQuery } from './syntax/printer.ts'
import { row, runQueryText } from './test-pipes.ts'

const parse = (pipes: string) => parseQuery(`* | ${pipes}`, { nowMs: 0 })
const drawnBy = (pipes: string): Record<string, string> | null => {
  const drawn = statsNumbers(parse(pipes))
  return drawn === null ? null : Object.fromEntries(drawn)
}

/** The pipes of the query in steps, printed. */
function stepped(pipes: string, step = '1h', offset: string | null = null): string {
  return printQuery(inTimeSteps(parse(pipes), step, offset)).slice('* | '.length)
}

// ---- numbers ------------------------------------------------------------------------------------------------

test('results of functions are numbers, but those that are texts of rows', () => {
  assert.deepEqual(drawnBy('stats by (a) count(), max(x) m, row_any() r, values(b), histogram(x) h'), {
    'count(*)': 'number',
    m: 'number',
    h: 'histogram',
  })
  for (const other of ['fields a', 'stats count() n | uniq by (n)', 'top 3 by (a)', 'limit 3']) {
    assert.equal(drawnBy(other), null, other)
  }
})

test('a number stays one under another name, and what takes its name does not', () => {
  const n = 'stats by (a) count() n, sum(x) s'
  assert.deepEqual(drawnBy(`${n} | rename n as m, a as b`), { m: 'number', s: 'number' })
  assert.deepEqual(drawnBy(`${n} | copy n as m`), { n: 'number', m: 'number', s: 'number' })
  assert.deepEqual(drawnBy(`${n} | rename n as s`), { s: 'number' })
  assert.deepEqual(drawnBy(`${n} | rename a as n`), { s: 'number' })
  assert.deepEqual(drawnBy(`${n} | rename n as n`), { n: 'number', s: 'number' })
  assert.deepEqual(drawnBy(`${n} | rename s* as sum_* | copy n* as rows`), {
    n: 'number',
    sum_: 'number',
    rows: 'number',
  })
  assert.deepEqual(drawnBy(`${n} | format "<n> of <s>" as n`), { s: 'number' })
  assert.deepEqual(drawnBy(`${n} | format "<n>" as t | math n * 2 as d | total_stats sum(n) as all`), {
    n: 'number',
    s: 'number',
    d: 'number',
    all: 'number',
  })
})

test('behind stats may stand what works row by row: what it makes tells groups apart, unless it is numbers', () => {
  const n = 'stats by (a) count() n, sum(x) s'
  const both = { n: 'number', s: 'number' }
  for (const pipe of [
    'extract "<x>-<y>" from a',
    'extract_regexp "(?P<x>.)" from a',
    'replace ("a", "b") at a',
    'replace_regexp ("a", "b") at n',
    'drop_empty_fields',
    'coalesce (a, b) default "none" as c',
    'format "<a>" as b',
    'collapse_nums at a',
    'decolorize a',
    'unpack_json from a',
    'pack_json fields (a) as j',
    'split "-" from a',
    'hash (a) as h',
    'coalesce (n) default "0" as n',
  ]) {
    assert.deepEqual(drawnBy(`${n} | ${pipe}`), both, pipe)
  }
  assert.deepEqual(drawnBy(`${n} | len(a) as l | json_array_len(a) as j`), {
    ...both,
    l: 'number',
    j: 'number',
  })
  assert.deepEqual(drawnBy(`${n} | coalesce (s, n) as m`), { ...both, m: 'number' })
  assert.deepEqual(drawnBy(`${n} | coalesce (s, a) as n`), { s: 'number' })
  assert.deepEqual(drawnBy(`${n} | extract "<n>:" from a`), { s: 'number' })
  assert.deepEqual(drawnBy(`${n} | hash (a) as n`), { s: 'number' })
  for (const other of ['unroll (a)', 'uniq by (a)', 'top 3 by (a)', 'sample 2', 'field_names']) {
    assert.equal(drawnBy(`${n} | ${other}`), null, other)
  }
})

// ---- steps of time ------------------------------------------------------------------------------------------

test('every stats of a query is also by steps of time, whatever it said of time itself', () => {
  assert.equal(stepped('count() n', '5m', '-2h'), 'stats by (_time:5m offset "-2h") count(*) as n')
  assert.equal(stepped('by (_time:1d, a) count() n'), 'stats by (_time:1h, a) count(*) as n')
  assert.equal(
    stepped('by (a, b) count() n | by (a) max(n) m'),
    'stats by (_time:1h, a, b) count(*) as n | stats by (_time:1h, a) max(n) as m',
  )
})

test('time stays where fields are chosen or deleted', () => {
  assert.equal(
    stepped('fields a | delete _time, b, _time | count() n | fields n'),
    'fields _time, a | delete b | stats by (_time:1h) count(*) as n | fields _time, n',
  )
})

test('what cuts groups off cuts them in each step', () => {
  const by = 'stats by (_time:1h, a) count(*) as n'
  for (const [pipes, cut] of [
    ['sort by (n desc) limit 2', 'sort by (n desc) partition by (_time) limit 2'],
    ['sort by (n) partition by (b) limit 2', 'sort by (n) partition by (_time, b) limit 2'],
    ['sort by (n) rank as r', 'sort by (n) partition by (_time) rank as r'],
    ['sort by (n) desc | limit 2', 'sort by (n) desc | sort by (n) desc partition by (_time) limit 2'],
    ['first 3 by (n)', 'first 3 by (n) partition by (_time)'],
    [
      'last 3 by (n) | limit 2',
      'last 3 by (n) partition by (_time) | sort by (n) desc partition by (_time) limit 2',
    ],
    ['limit 2', 'sort by (a) partition by (_time) limit 2'],
    ['sort by (n) | offset 4', 'sort by (n) | sort by (n) partition by (_time) offset 4'],
    ['sort by (n)', 'sort by (n)'],
  ]) {
    assert.equal(stepped(`by (a) count() n | ${pipes}`), `${by} | ${cut}`)
  }
  assert.equal(
    stepped('limit 10 | by (a) count() n'),
    `limit 10 | ${by}`,
    'what is cut before groups are made is no group',
  )
})

test('the most frequent of each step are not the most frequent of all', async () => {
  const rows = [
    ['10:00', 'x', 3],
    ['10:00', 'y', 2],
    ['11:00', 'y', 1],
    ['11:00', 'z', 2],
    ['11:00', 'x', 1],
  ].flatMap(([time, a, count]) =>
    Array.from({ length: Number(count) }, () => row({ _time: `2025-07-18T${time}:30Z`, a: String(a) })),
  )
  for (const pipes of [
    'by (a) count() n | sort by (n desc) | limit 1',
    'by (a) count() n | sort by (n desc) limit 1',
    'by (a) count() n | first 1 by (n desc)',
    'by (a) count() n | last by (n)',
  ]) {
    assert.deepEqual(await runQueryText(`* | ${stepped(pipes)}`, rows), [
      [
        ['_time', '2025-07-18T10:00:00Z'],
        ['a', 'x'],
        ['n', '3'],
      ],
      [
        ['_time', '2025-07-18T11:00:00Z'],
        ['a', 'z'],
        ['n', '2'],
      ],
    ])
  }
})
