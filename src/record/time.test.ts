import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TIME_MS_MAX, TIME_MS_MIN } from './limits.ts'
import {
  dayStartMs,
  formatRfc3339,
  formatUnixSeconds,
  parseRfc3339,
  parseUnixTime,
  type TimeResult,
  UNIX_SECONDS_BYTES_MAX,
  writeUnixSeconds,
  yearOf,
} from './time.ts'

const RUNS = { seed: 20250115, numRuns: 2000 }
const utf8 = new TextEncoder()

const anyMs = fc.integer({ min: TIME_MS_MIN, max: TIME_MS_MAX })
const anyNs = fc.integer({ min: 0, max: 999_999 })

type Parser = (bytes: Uint8Array, start: number, end: number, out: TimeResult) => boolean

/** From the middle of bytes whose neighbours would change the result; null when it does not parse. */
function parse(parser: Parser, text: string): TimeResult | null {
  const bytes = utf8.encode(`9${text}9`)
  const out = { ms: -7, ns: -7 }
  return parser(bytes, 1, bytes.length - 1, out) ? out : null
}

function assertTimes(parser: Parser, rows: readonly [string, number, number][]): void {
  for (const [text, ms, ns] of rows) assert.deepEqual(parse(parser, text), { ms, ns }, text)
}

function assertNoTimes(parser: Parser, texts: readonly string[]): void {
  for (const text of texts) assert.equal(parse(parser, text), null, text)
}

// ---- Unix time ----------------------------------------------------------------------------------------------

test('Unix seconds, milliseconds, microseconds and nanoseconds are told apart by magnitude', () => {
  assertTimes(parseUnixTime, [
    ['1705312200', 1_705_312_200_000, 0],
    ['1705312200250', 1_705_312_200_250, 0],
    ['1705312200250001', 1_705_312_200_250, 1000],
    ['1705312200250001002', 1_705_312_200_250, 1002],
    ['0', 0, 0],
    ['86400', 86_400_000, 0],
    ['100000000000', 100_000_000_000, 0],
    ['9223372036', 9_223_372_036_000, 0],
  ])
})

test('fractions are exact to the nanosecond and cut beyond it', () => {
  assertTimes(parseUnixTime, [
    ['1705312200.25', 1_705_312_200_250, 0],
    ['1705312200.123456789', 1_705_312_200_123, 456_789],
    ['1705312200.1234567899', 1_705_312_200_123, 456_789],
    ['1705312200250.5', 1_705_312_200_250, 500_000],
    ['1705312200250001.25', 1_705_312_200_250, 1250],
    ['1705312200250001002.9', 1_705_312_200_250, 1002],
    ['0.000000001', 0, 1],
    ['0.1', 100, 0],
  ])
})

test('leading zeros do not change the magnitude', () => {
  assertTimes(parseUnixTime, [
    ['0001705312200', 1_705_312_200_000, 0],
    ['000000000000000000000000000000001.5', 1500, 0],
  ])
})

test('negative Unix times lie before the epoch', () => {
  assertTimes(parseUnixTime, [
    ['-1', -1000, 0],
    ['-1.5', -1500, 0],
    ['-0.000000001', -1, 999_999],
    ['-1.000000001', -1001, 999_999],
    ['-0', 0, 0],
    ['-1705312200250', -1_705_312_200_250, 0],
  ])
})

test('what is not one number is no Unix time', () => {
  assertNoTimes(parseUnixTime, [
    '',
    '-',
    '.',
    '.5',
    '5.',
    '1.5.',
    '1..5',
    '+5',
    '1e9',
    ' 1',
    '1 ',
    '0x1',
    '--1',
    '1,5',
  ])
})

test('a Unix time beyond the range of 64-bit nanoseconds does not parse', () => {
  assertNoTimes(parseUnixTime, [
    '9223372037',
    '99999999999',
    '-9223372037',
    '10000000000000000000',
    '9'.repeat(400),
  ])
})

test('the largest numbers of a magnitude are out of range, not of the next unit', () => {
  // 11 digits are seconds after 2262, not milliseconds of 1970.
  assertNoTimes(parseUnixTime, ['12345678901', '12345678901234', '12345678901234567'])
  assertTimes(parseUnixTime, [
    ['999999999999', 999_999_999_999, 0],
    ['999999999999999', 999_999_999_999, 999_000],
    ['999999999999999999', 999_999_999_999, 999_999],
  ])
})

test('every time survives printing as Unix seconds and parsing', () => {
  fc.assert(
    fc.property(anyMs, anyNs, (ms, ns) => {
      assert.deepEqual(parse(parseUnixTime, formatUnixSeconds(ms, ns)), { ms, ns })
    }),
    RUNS,
  )
})

// ---- RFC 3339 -----------------------------------------------------------------------------------------------

test('RFC 3339 and its relatives parse', () => {
  const ms = Date.UTC(2025, 0, 15, 9, 50, 0)
  assertTimes(parseRfc3339, [
    ['2025-01-15T09:50:00Z', ms, 0],
    ['2025-01-15t09:50:00z', ms, 0],
    ['2025-01-15 09:50:00', ms, 0],
    ['2025-01-15T09:50:00.25Z', ms + 250, 0],
    ['2025-01-15 09:50:00,250', ms + 250, 0],
    ['2025-01-15T09:50:00.123456789Z', ms + 123, 456_789],
    ['2025-01-15T09:50:00.1234567899Z', ms + 123, 456_789],
    ['2025-01-15T18:50:00+09:00', ms, 0],
    ['2025-01-15T18:50:00+0900', ms, 0],
    ['2025-01-15T18:50:00.5+09', ms + 500, 0],
    ['2025-01-15T04:20:00-05:30', ms, 0],
    ['2025-01-15T09:50:00-00:00', ms, 0],
    ['1969-12-31T23:59:59.999999999Z', -1, 999_999],
  ])
})

test('a leap second is the first second of the next minute', () => {
  assertTimes(parseRfc3339, [
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1), 0],
    ['2016-12-31T23:59:60.5Z', Date.UTC(2017, 0, 1) + 500, 0],
    ['2017-01-01T08:59:60+09:00', Date.UTC(2017, 0, 1), 0],
  ])
})

test('days that no month has do not parse', () => {
  const bad = [
    '2025-02-29',
    '2024-02-30',
    '1900-02-29',
    '2025-04-31',
    '2025-13-01',
    '2025-00-10',
    '2025-01-00',
  ]
  assertNoTimes(
    parseRfc3339,
    bad.map((day) => `${day}T00:00:00Z`),
  )
  assert.notEqual(parse(parseRfc3339, '2024-02-29T00:00:00Z'), null)
  assert.notEqual(parse(parseRfc3339, '2000-02-29T00:00:00Z'), null)
})

test('what is not one whole RFC 3339 time does not parse', () => {
  assertNoTimes(parseRfc3339, [
    '',
    '2025-01-15',
    '2025-01-15T09:50',
    '2025-01-15T09:50:0',
    '2025-01-15T24:00:00Z',
    '2025-01-15T09:60:00Z',
    '2025-01-15T09:50:61Z',
    '2025-01-15T09:50:00ZZ',
    '2025-01-15T09:50:00 Z',
    '2025-01-15T09:50:00.',
    '2025-01-15T09:50:00.Z',
    '2025-01-15T09:50:00+',
    '2025-01-15T09:50:00+9',
    '2025-01-15T09:50:00+24:00',
    '2025-01-15T09:50:00+09:60',
    '2025-01-15T09:50:00+09:0',
    '2025/01/15T09:50:00Z',
    '2025-01-15_09:50:00Z',
    '2025-1-15T09:50:00Z',
    '+2025-01-15T09:50:00Z',
    '1600-01-01T00:00:00Z',
    '2300-01-01T00:00:00Z',
  ])
})

test('every time survives printing as RFC 3339 and parsing', () => {
  fc.assert(
    fc.property(anyMs, anyNs, (ms, ns) => {
      assert.deepEqual(parse(parseRfc3339, formatRfc3339(ms, ns)), { ms, ns })
    }),
    RUNS,
  )
})

test('no bytes make the parsers throw, and a time that parses is in range', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .string({ unit: fc.constantFrom(...'0123456789-:.T Z+'), maxLength: 40 })
      .map((text) => utf8.encode(text)),
  )
  fc.assert(
    fc.property(bytes, (input) => {
      for (const parser of [parseUnixTime, parseRfc3339]) {
        const out = { ms: 0, ns: 0 }
        if (!parser(input, 0, input.length, out)) continue
        assert.ok(out.ms >= TIME_MS_MIN && out.ms <= TIME_MS_MAX)
        assert.ok(Number.isInteger(out.ms) && Number.isInteger(out.ns) && out.ns >= 0 && out.ns <= 999_999)
      }
    }),
    RUNS,
  )
})

// ---- the calendar -------------------------------------------------------------------------------------------

test('days and years agree with those of the engine', () => {
  fc.assert(
    fc.property(anyMs, (ms) => {
      const date = new Date(ms)
      const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())
      assert.equal(dayStartMs(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()), midnight)
      assert.equal(yearOf(ms), date.getUTCFullYear())
    }),
    RUNS,
  )
})

test('years begin and end where they do', () => {
  assert.equal(yearOf(Date.UTC(2025, 0, 1)), 2025)
  assert.equal(yearOf(Date.UTC(2025, 0, 1) - 1), 2024)
  assert.equal(yearOf(Date.UTC(2024, 11, 31, 23, 59, 59, 999)), 2024)
})

// ---- printing -----------------------------------------------------------------------------------------------

test('Unix seconds are printed with as many decimals as the time has', () => {
  assert.equal(formatUnixSeconds(1_705_312_200_000, 0), '1705312200')
  assert.equal(formatUnixSeconds(1_705_312_200_250, 0), '1705312200.25')
  assert.equal(formatUnixSeconds(1_705_312_200_250, 1), '1705312200.250000001')
  assert.equal(formatUnixSeconds(1_705_312_200_000, 100), '1705312200.0000001')
  assert.equal(formatUnixSeconds(0, 0), '0')
  assert.equal(formatUnixSeconds(9, 0), '0.009')
  assert.equal(formatUnixSeconds(10_000, 0), '10')
  assert.equal(formatUnixSeconds(99_999, 999_999), '99.999999999')
})

test('times before the epoch are printed with a minus sign', () => {
  assert.equal(formatUnixSeconds(-1000, 0), '-1')
  assert.equal(formatUnixSeconds(-500, 0), '-0.5')
  assert.equal(formatUnixSeconds(-1, 999_999), '-0.000000001')
  assert.equal(formatUnixSeconds(-1001, 0), '-1.001')
})

test('Unix seconds are written at a position, within the room that is promised', () => {
  const target = new Uint8Array(40).fill(0x2e)
  assert.equal(writeUnixSeconds(target, 3, 1_705_312_200_250, 0), 16)
  assert.equal(new TextDecoder().decode(target.subarray(0, 16)), '...1705312200.25')
  assert.equal(writeUnixSeconds(target, 0, TIME_MS_MIN, 1), UNIX_SECONDS_BYTES_MAX)
})

test('RFC 3339 is printed in UTC with 0, 3, 6 or 9 decimals', () => {
  const ms = Date.UTC(2025, 0, 15, 9, 50)
  assert.equal(formatRfc3339(ms, 0), '2025-01-15T09:50:00Z')
  assert.equal(formatRfc3339(ms + 250, 0), '2025-01-15T09:50:00.250Z')
  assert.equal(formatRfc3339(ms, 1000), '2025-01-15T09:50:00.000001Z')
  assert.equal(formatRfc3339(ms, 1), '2025-01-15T09:50:00.000000001Z')
  assert.equal(formatRfc3339(-1, 999_999), '1969-12-31T23:59:59.999999999Z')
})
