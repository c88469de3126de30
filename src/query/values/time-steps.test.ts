import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTimeText } from '../../record/record.ts'
import { stepNs, stepSeconds, timeSteps } from './time-steps.ts'

/** Where the step that holds the moment begins. */
function startOf(time: string, step: string, offset: string | null = null): string {
  const moment = { ms: 0, ns: 0 }
  assert.ok(parseTimeText(time, moment), time)
  const steps = timeSteps(step, offset)
  assert.ok(steps !== null, step)
  steps.find(moment.ms, moment.ns)
  if (steps.isWholeMs) assert.ok(steps.startMs <= moment.ms && moment.ms < steps.endMs, `${time} by ${step}`)
  return steps.text()
}

test('a step begins at a multiple of its length since 1970, whole weeks on a Monday', () => {
  const time = '2025-07-18T10:20:30.123456789Z'
  assert.equal(startOf(time, '1d'), '2025-07-18T00:00:00Z')
  assert.equal(startOf(time, 'hour'), '2025-07-18T10:00:00Z')
  assert.equal(startOf(time, '5m'), '2025-07-18T10:20:00Z')
  assert.equal(startOf(time, '1m30s'), '2025-07-18T10:19:30Z')
  assert.equal(startOf(time, 'week'), '2025-07-14T00:00:00Z')
  assert.equal(startOf(time, '1w'), '2025-07-14T00:00:00Z')
  assert.equal(startOf(time, 'second'), '2025-07-18T10:20:30Z')
  assert.equal(startOf(time, 'millisecond'), '2025-07-18T10:20:30.123Z')
  assert.equal(startOf(time, 'microsecond'), '2025-07-18T10:20:30.123456Z')
  assert.equal(startOf(time, 'nanosecond'), time)
  assert.equal(startOf(time, '7us'), '2025-07-18T10:20:30.123456Z')
  assert.equal(startOf('1969-12-31T23:59:59.999999999Z', '1d'), '1969-12-31T00:00:00Z')
  assert.equal(startOf('1969-12-31T23:59:59.999999999Z', '2ns'), '1969-12-31T23:59:59.999999998Z')
})

test('months and years are those of the calendar', () => {
  assert.equal(startOf('2024-02-29T23:59:59.999Z', 'month'), '2024-02-01T00:00:00Z')
  assert.equal(startOf('2024-12-31T23:59:59.999Z', 'month'), '2024-12-01T00:00:00Z')
  assert.equal(startOf('2024-12-31T23:59:59.999Z', 'year'), '2024-01-01T00:00:00Z')
  assert.equal(startOf('1960-03-15T00:00:00Z', 'month'), '1960-03-01T00:00:00Z')
})

test('an offset moves where steps begin', () => {
  assert.equal(startOf('2024-04-01T00:20:30Z', '1d', '2h'), '2024-03-31T02:00:00Z')
  assert.equal(startOf('2024-04-03T01:59:59.999999999Z', '1d', '2h'), '2024-04-02T02:00:00Z')
  assert.equal(startOf('2024-04-01T23:00:00Z', '1d', '-2h'), '2024-04-01T22:00:00Z')
  assert.equal(startOf('2024-04-01T01:00:00Z', 'month', '6.5h'), '2024-03-01T06:30:00Z')
  assert.equal(startOf('2024-04-01T00:00:00.000000001Z', '1s', '1ns'), '2024-04-01T00:00:00.000000001Z')
})

test('with the name of a zone, days and months begin at its midnight, also where clocks change', () => {
  assert.equal(startOf('2025-07-17T22:30:00Z', 'day', 'Europe/Berlin'), '2025-07-17T22:00:00Z')
  assert.equal(startOf('2025-01-17T22:30:00Z', 'day', 'Europe/Berlin'), '2025-01-16T23:00:00Z')
  assert.equal(startOf('2025-03-30T12:00:00Z', 'day', 'Europe/Berlin'), '2025-03-29T23:00:00Z')
  assert.equal(startOf('2025-10-26T23:30:00Z', 'day', 'Europe/Berlin'), '2025-10-26T23:00:00Z')
  assert.equal(startOf('2025-04-15T00:00:00Z', 'month', 'America/New_York'), '2025-04-01T04:00:00Z')
  assert.equal(startOf('2025-07-18T00:30:00Z', 'hour', 'Asia/Kolkata'), '2025-07-18T00:30:00Z')
  assert.equal(startOf('2025-07-18T10:00:00Z', 'day', 'UTC'), '2025-07-18T00:00:00Z')
})

test('every moment of a year with two changes of clocks lies in the step that is found for it', () => {
  for (const step of ['1h', '15m', '6h', 'day', 'week', 'month']) {
    const steps = timeSteps(step, 'Europe/Berlin')
    assert.ok(steps !== null)
    let end = Number.NEGATIVE_INFINITY
    for (let ms = Date.UTC(2025, 0, 1); ms < Date.UTC(2026, 0, 1); ms += 13 * 60_000) {
      if (ms < end) continue
      steps.find(ms, 0)
      assert.ok(steps.startMs <= ms && ms < steps.endMs, `${new Date(ms).toISOString()} by ${step}`)
      end = steps.endMs
    }
  }
})

test('what is no step of a fixed length has none', () => {
  assert.equal(stepNs('5m'), 300_000_000_000n)
  assert.equal(stepNs('1000'), 1000n)
  for (const text of ['month', 'year', 'foo', '0s', '-5m', '', 'inf']) assert.equal(stepNs(text), null, text)
  assert.equal(timeSteps('foo', null), null)
})

test('a step has a length in seconds, months and years as long as they are on average', () => {
  const lengths: [string, number | null][] = [
    ['5m', 300],
    ['1.5s', 1.5],
    ['day', 86_400],
    ['microsecond', 1e-6],
    ['month', 2_629_746],
    ['year', 31_556_952],
    ['decade', null],
    ['0s', null],
    ['/24', null],
  ]
  for (const [step, seconds] of lengths) assert.equal(stepSeconds(step), seconds, step)
})
