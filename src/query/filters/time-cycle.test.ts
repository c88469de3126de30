/** The time of day and the day of the week. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { matchingRows, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'

const at = (text: string, timeNs = 0): TestRecord => ({ timeMs: Date.parse(text), timeNs })

function check(records: readonly TestRecord[], expected: Readonly<Record<string, readonly number[]>>): void {
  for (const [query, rows] of Object.entries(expected))
    assert.deepEqual(matchingRows(query, records), rows, query)
}

test('a day range is a time of day on any day', () => {
  const records = [
    at('2025-07-18T08:00:00Z'),
    at('2025-07-17T07:59:59.999Z', 999_999),
    at('1969-12-31T12:00:00Z'),
    at('2025-07-18T18:00:00Z'),
    at('2025-07-18T18:00:00Z', 1),
    at('2025-07-18T00:00:00Z'),
    at('2025-07-18T23:59:59.999Z', 999_999),
  ]
  check(records, {
    '_time:day_range[08:00, 18:00]': [0, 2, 3],
    '_time:day_range[08:00, 18:00)': [0, 2],
    '_time:day_range(08:00, 18:00]': [2, 3],
    '_time:day_range[00:00, 24:00]': [0, 1, 2, 3, 4, 5, 6],
    '_time:day_range[00:00, 24:00)': [0, 1, 2, 3, 4, 5, 6],
    '_time:day_range[18:00, 08:00)': [1, 3, 4, 5, 6],
    '_time:day_range(18:00, 08:00]': [0, 1, 4, 5, 6],
    '_time:day_range[08:00, 08:00]': [0],
    '_time:day_range[08:00, 08:00)': [],
    '_time:day_range[18:00, 18:00:00.000000001]': [3, 4],
    '_time:day_range[08:00, 18:00) offset 1h': [2, 3, 4],
    '_time:day_range[08:00, 18:00) offset -1h': [0, 1, 2],
    '_time:day_range[00:00, 00:01) offset -1ns': [5, 6],
    '_time:day_range[23:59, 24:00] offset 1ns': [5, 6],
    '_time:day_range[08:00, 24:00]': [0, 2, 3, 4, 6],
    '!_time:day_range[08:00, 18:00)': [1, 3, 4, 5, 6],
  })
})

test('a week range is days of any week', () => {
  const days = [13, 14, 15, 16, 17, 18, 19].map((day) => at(`2025-07-${day}T12:00:00Z`))
  check([...days, at('1969-12-31T00:00:00Z')], {
    '_time:week_range[Mon, Fri]': [1, 2, 3, 4, 5, 7],
    '_time:week_range[monday, FRIDAY)': [1, 2, 3, 4, 7],
    '_time:week_range(Mon, Fri]': [2, 3, 4, 5, 7],
    '_time:week_range[Sun, Sat]': [0, 1, 2, 3, 4, 5, 6, 7],
    '_time:week_range[Sat, Mon]': [0, 1, 6],
    '_time:week_range(Sat, Mon)': [0],
    '_time:week_range[Wed, Wed]': [3, 7],
    '_time:week_range(Wed, Wed]': [],
    '_time:week_range(Wed, Thu)': [],
    '_time:week_range[Sun, Sun] offset 13h': [1],
    '_time:week_range[Sun, Sun] offset -12h': [6],
  })
})

test('a cycle holds what the clock of its zone shows', () => {
  const seed = 8
  const random = new SeededRandom(seed)
  for (let round = 0; round < 500; round++) {
    const timeMs = random.below(4e12) - 1e12
    const hours = random.below(25) - 12
    const local = new Date(timeMs - hours * 3_600_000)
    const [from, to] = [random.below(24), random.below(24)]
    const hour = local.getUTCHours()
    const isIn = from <= to ? hour >= from && hour < to : hour >= from || hour < to
    const two = (value: number): string => String(value).padStart(2, '0')
    const query = `_time:day_range[${two(from)}:00, ${two(to)}:00) offset ${hours}h`
    const story = `seed ${seed}, round ${round}: ${query} of ${timeMs}`
    assert.equal(matchingRows(query, [{ timeMs }]).length === 1, isIn, story)
    const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
    const weekQuery = `_time:week_range[${days[from % 7]}, ${days[to % 7]}] offset ${hours}h`
    const day = local.getUTCDay()
    const isDay = from % 7 <= to % 7 ? day >= from % 7 && day <= to % 7 : day >= from % 7 || day <= to % 7
    assert.equal(matchingRows(weekQuery, [{ timeMs }]).length === 1, isDay, `${story} ${weekQuery}`)
  }
})

test('what is no time of day or no day is refused', () => {
  const texts = [
    'day_range[24:01, 24:00]',
    'day_range[08:60, 09:00]',
    'day_range[8, 9]',
    'day_range[08:00]',
    'day_range[08:00, 09:00',
    'week_range[Mon, Someday]',
    'week_range[1, 2]',
    'week_range[Mon, Fri] offset x',
    'week_range',
  ]
  for (const text of texts) {
    assert.throws(
      () => parseQuery(`_time:${text}`, { nowMs: TEST_NOW_MS }),
      (error) => isCodedError(error, 'QUERY_SYNTAX') && error.details.notBuilt === undefined,
      text,
    )
  }
})
