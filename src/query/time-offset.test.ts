import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowText } from './row-fields.ts'
import { countRows, selectRows } from './run.ts'
import { isLive } from './shape.ts'
import { parseQuery } from './syntax/parser.ts'
import { blockOf, FakeSnapshot, TEST_NOW_MS } from './test-blocks.ts'

const HOUR = 3_600_000
const parse = (text: string) => parseQuery(text, { nowMs: TEST_NOW_MS })
/** One record each hour, the newest half an hour ago. */
const snapshot = () =>
  new FakeSnapshot([
    blockOf(
      Array.from({ length: 48 }, (_, at) => ({
        message: `hour ${at}`,
        timeMs: TEST_NOW_MS - (48 - at) * HOUR + HOUR / 2,
      })),
    ),
  ])

async function rowsOf(text: string): Promise<string[]> {
  const { rows } = await selectRows(snapshot(), parse(text), { nowMs: TEST_NOW_MS })
  return (await Array.fromAsync(rows)).map((row) => [...rowText(row).values()].join(' '))
}

test('a query with an offset looks earlier, and its rows have the time of asking', async () => {
  assert.deepEqual(await rowsOf('_time:1h | fields _time, _msg'), ['2025-07-17T23:30:00Z hour 47'])
  assert.deepEqual(await rowsOf('options(time_offset=1d) _time:1h | fields _time, _msg'), [
    '2025-07-17T23:30:00Z hour 23',
  ])
})

test('counts, groups of time, and filters within filters are moved', async () => {
  assert.equal(await countRows(snapshot(), parse('options(time_offset=40h) _time:12h')), 8)
  assert.deepEqual(
    await rowsOf('options(time_offset=1d) (nothing or _time:2h) | stats by (_time:1h) count() as n'),
    ['2025-07-17T22:00:00Z 1', '2025-07-17T23:00:00Z 1'],
  )
})

test('a query within the query is moved once', async () => {
  assert.deepEqual(
    await rowsOf('options(time_offset=1d) _time:1h _msg:in(_time:1h | fields _msg) | count() as n'),
    ['1'],
  )
})

test('a tail cannot look back', () => {
  assert.deepEqual([isLive(parse('error')), isLive(parse('options(time_offset=1d) error'))], [true, false])
})
