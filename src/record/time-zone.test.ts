import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TIME_MS_MAX, TIME_MS_MIN } from './limits.ts'
import { TimeZone, timeZoneOf } from './time-zone.ts'

/** A reading without a zone, as `Date.UTC` would take it. */
function reading(text: string): number {
  return Date.parse(`${text}Z`)
}

function assertInstants(name: string, rows: readonly [local: string, utc: string][]): void {
  const zone = new TimeZone(name)
  const instantOf = (local: string): string => new Date(zone.toUtcMs(reading(local))).toISOString()
  for (const [local, utc] of rows) assert.equal(instantOf(local), utc, `${local} in ${name}`)
  // Backwards: what is remembered from one reading to the next does not matter.
  for (const [local, utc] of rows.toReversed()) assert.equal(instantOf(local), utc, `${local} in ${name}`)
}

test('a zone without changes has one offset', () => {
  assertInstants('Asia/Seoul', [
    ['2025-12-31T23:59:59.999', '2025-12-31T14:59:59.999Z'],
    ['2026-01-01T00:00:00.000', '2025-12-31T15:00:00.000Z'],
    ['2026-01-02T03:04:05.000', '2026-01-01T18:04:05.000Z'],
    ['2026-07-02T03:04:05.000', '2026-07-01T18:04:05.000Z'],
  ])
  assertInstants('Asia/Kathmandu', [['2026-01-02T03:04:05.000', '2026-01-01T21:19:05.000Z']])
  assertInstants('+05:30', [['2026-01-02T03:04:05.000', '2026-01-01T21:34:05.000Z']])
})

test('in spring a reading that never comes is as far behind the change as it reads', () => {
  assertInstants('America/New_York', [
    ['2025-03-09T01:59:59.999', '2025-03-09T06:59:59.999Z'],
    ['2025-03-09T02:00:00.000', '2025-03-09T07:00:00.000Z'],
    ['2025-03-09T02:30:00.000', '2025-03-09T07:30:00.000Z'],
    ['2025-03-09T02:59:59.999', '2025-03-09T07:59:59.999Z'],
    ['2025-03-09T03:00:00.000', '2025-03-09T07:00:00.000Z'],
  ])
  assertInstants('Europe/London', [
    ['2025-03-30T00:59:59.999', '2025-03-30T00:59:59.999Z'],
    ['2025-03-30T01:30:00.000', '2025-03-30T01:30:00.000Z'],
    ['2025-03-30T02:00:00.000', '2025-03-30T01:00:00.000Z'],
  ])
})

test('in autumn a reading that comes twice is its first occurrence', () => {
  assertInstants('America/New_York', [
    ['2025-11-02T00:59:59.999', '2025-11-02T04:59:59.999Z'],
    ['2025-11-02T01:00:00.000', '2025-11-02T05:00:00.000Z'],
    ['2025-11-02T01:59:59.999', '2025-11-02T05:59:59.999Z'],
    ['2025-11-02T02:00:00.000', '2025-11-02T07:00:00.000Z'],
  ])
  assertInstants('Europe/London', [
    ['2025-10-26T00:59:59.999', '2025-10-25T23:59:59.999Z'],
    ['2025-10-26T01:30:00.000', '2025-10-26T00:30:00.000Z'],
    ['2025-10-26T02:00:00.000', '2025-10-26T02:00:00.000Z'],
  ])
})

test('changes of half an hour, of a day, at New Year and there and back within a week are known', () => {
  assertInstants('Australia/Lord_Howe', [
    ['2025-04-06T01:59:00.000', '2025-04-05T14:59:00.000Z'],
    ['2025-04-06T02:00:00.000', '2025-04-05T15:30:00.000Z'],
  ])
  assertInstants('Pacific/Apia', [
    ['2011-12-29T23:59:59.000', '2011-12-30T09:59:59.000Z'],
    ['2011-12-31T00:00:00.000', '2011-12-30T10:00:00.000Z'],
  ])
  // New Year's Eve was left out.
  assertInstants('Pacific/Kiritimati', [
    ['1994-12-30T23:59:59.000', '1994-12-31T09:59:59.000Z'],
    ['1995-01-01T00:00:00.000', '1994-12-31T10:00:00.000Z'],
  ])
  // Brazil's north had summer time for one week.
  assertInstants('America/Recife', [
    ['2000-10-07T12:00:00.000', '2000-10-07T15:00:00.000Z'],
    ['2000-10-11T12:00:00.000', '2000-10-11T14:00:00.000Z'],
    ['2000-10-17T12:00:00.000', '2000-10-17T15:00:00.000Z'],
  ])
  // Standard time for the month of Ramadan.
  assertInstants('Africa/Casablanca', [
    ['2025-02-22T12:00:00.000', '2025-02-22T11:00:00.000Z'],
    ['2025-02-24T12:00:00.000', '2025-02-24T12:00:00.000Z'],
    ['2025-04-05T12:00:00.000', '2025-04-05T12:00:00.000Z'],
    ['2025-04-07T12:00:00.000', '2025-04-07T11:00:00.000Z'],
  ])
})

test('offsets before standard time are known to the second', () => {
  assertInstants('America/New_York', [['1800-01-01T00:00:00.000', '1800-01-01T04:56:02.000Z']])
  assertInstants('Africa/Monrovia', [
    ['1972-01-06T23:59:59.000', '1972-01-07T00:44:29.000Z'],
    ['1972-01-07T00:44:30.000', '1972-01-07T00:44:30.000Z'],
  ])
})

test('an instant has its reading, with one look-up for many arrivals', () => {
  const rows: [string, string, string][] = [
    ['Asia/Seoul', '2025-12-31T14:59:59.999Z', '2025-12-31T23:59:59.999'],
    ['Asia/Seoul', '2025-12-31T15:00:00.000Z', '2026-01-01T00:00:00.000'],
    ['America/New_York', '2025-03-09T06:59:59.999Z', '2025-03-09T01:59:59.999'],
    ['America/New_York', '2025-03-09T07:00:00.000Z', '2025-03-09T03:00:00.000'],
    ['America/New_York', '2025-11-02T05:59:59.999Z', '2025-11-02T01:59:59.999'],
    ['America/New_York', '2025-11-02T06:00:00.000Z', '2025-11-02T01:00:00.000'],
    ['Europe/London', '2025-07-01T00:00:00.000Z', '2025-07-01T01:00:00.000'],
  ]
  for (const [name, utc, local] of rows) {
    assert.equal(new TimeZone(name).toLocalMs(Date.parse(utc)), reading(local), `${utc} in ${name}`)
  }
})

test('UTC under any of its names needs no zone, and an unknown name is refused', () => {
  for (const name of ['UTC', 'Etc/UTC', 'GMT', 'utc']) assert.equal(timeZoneOf(name), null, name)
  assert.equal(timeZoneOf('Europe/London')?.name, 'Europe/London')
  assert.throws(() => timeZoneOf('Asia/Seul'), RangeError)
})

test('a reading at the edge of time stays within it', () => {
  assert.equal(new TimeZone('Asia/Seoul').toUtcMs(TIME_MS_MIN), TIME_MS_MIN)
  assert.equal(new TimeZone('America/New_York').toUtcMs(TIME_MS_MAX), TIME_MS_MAX)
})

test('every instant is found again by its reading, or is the second occurrence of it', () => {
  const zones = ['America/New_York', 'Europe/London', 'Africa/Casablanca', 'Australia/Lord_Howe'].map(
    (name) => ({
      zone: new TimeZone(name),
      format: new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' }),
    }),
  )
  const seconds = fc.integer({ min: Date.UTC(1950, 0, 1) / 1000, max: Date.UTC(2040, 0, 1) / 1000 })
  fc.assert(
    fc.property(fc.constantFrom(...zones), seconds, ({ zone, format }, second) => {
      const readingMs = Date.parse(`${format.format(second * 1000).replace(' ', 'T')}Z`)
      const foundMs = zone.toUtcMs(readingMs)
      if (foundMs === second * 1000) return
      assert.ok(foundMs < second * 1000 && format.format(foundMs) === format.format(second * 1000))
    }),
    { seed: 9999, numRuns: 2000 },
  )
})
