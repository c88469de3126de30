import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatRfc3339 } from './time.ts'
import { parseTimeSpan, parseTimeText } from './time-text.ts'

/** `first .. last` in RFC 3339, or null. */
function spanOf(text: string): string | null {
  const first = { ms: 0, ns: 0 }
  const last = { ms: 0, ns: 0 }
  if (!parseTimeSpan(text, first, last)) return null
  return `${formatRfc3339(first.ms, first.ns)} .. ${formatRfc3339(last.ms, last.ns)}`
}

test('a part of a date names all of it', () => {
  const rows: [string, string][] = [
    ['2025', '2025-01-01T00:00:00Z .. 2025-12-31T23:59:59.999999999Z'],
    ['2024-02', '2024-02-01T00:00:00Z .. 2024-02-29T23:59:59.999999999Z'],
    ['2024-12', '2024-12-01T00:00:00Z .. 2024-12-31T23:59:59.999999999Z'],
    ['2025-01-15', '2025-01-15T00:00:00Z .. 2025-01-15T23:59:59.999999999Z'],
    ['2025-01-15T09', '2025-01-15T09:00:00Z .. 2025-01-15T09:59:59.999999999Z'],
    ['2025-01-15 09:50', '2025-01-15T09:50:00Z .. 2025-01-15T09:50:59.999999999Z'],
    ['2025-01-15T09:50:00Z', '2025-01-15T09:50:00Z .. 2025-01-15T09:50:00.999999999Z'],
    ['2025-01-15T09:50:00.25Z', '2025-01-15T09:50:00.250Z .. 2025-01-15T09:50:00.259999999Z'],
    ['2025-01-15T09:50:00.999999Z', '2025-01-15T09:50:00.999999Z .. 2025-01-15T09:50:00.999999999Z'],
    ['2025-01-15T09:50:00.123456789Z', '2025-01-15T09:50:00.123456789Z .. 2025-01-15T09:50:00.123456789Z'],
  ]
  for (const [text, span] of rows) assert.equal(spanOf(text), span, text)
})

test('a part of a date may have a zone', () => {
  const rows: [string, string][] = [
    ['2025-01-15+09:00', '2025-01-14T15:00:00Z .. 2025-01-15T14:59:59.999999999Z'],
    ['2025-01-15T09+09:00', '2025-01-15T00:00:00Z .. 2025-01-15T00:59:59.999999999Z'],
    ['2025-01-15T09:50-0530', '2025-01-15T15:20:00Z .. 2025-01-15T15:20:59.999999999Z'],
    ['2025-01-15 09:50:00 +0900', '2025-01-15T00:50:00Z .. 2025-01-15T00:50:00.999999999Z'],
    ['2025Z', '2025-01-01T00:00:00Z .. 2025-12-31T23:59:59.999999999Z'],
  ]
  for (const [text, span] of rows) assert.equal(spanOf(text), span, text)
})

test('a Unix time names its unit, or the decimals that it spells', () => {
  const rows: [string, string][] = [
    ['1705312200', '2024-01-15T09:50:00Z .. 2024-01-15T09:50:00.999999999Z'],
    ['1705312200.5', '2024-01-15T09:50:00.500Z .. 2024-01-15T09:50:00.599999999Z'],
    ['1705312200250', '2024-01-15T09:50:00.250Z .. 2024-01-15T09:50:00.250999999Z'],
    ['1705312200250001', '2024-01-15T09:50:00.250001Z .. 2024-01-15T09:50:00.250001999Z'],
    ['1705312200250001002', '2024-01-15T09:50:00.250001002Z .. 2024-01-15T09:50:00.250001002Z'],
    ['0', '1970-01-01T00:00:00Z .. 1970-01-01T00:00:00.999999999Z'],
    ['-1', '1969-12-31T23:59:59Z .. 1969-12-31T23:59:59.999999999Z'],
    ['02025', '1970-01-01T00:33:45Z .. 1970-01-01T00:33:45.999999999Z'],
  ]
  for (const [text, span] of rows) assert.equal(spanOf(text), span, text)
})

test('spellings of log lines that name their year are times too', () => {
  const rows: [string, string][] = [
    ['15/Jan/2025:09:50:00 +0000', '2025-01-15T09:50:00Z .. 2025-01-15T09:50:00.999999999Z'],
    ['2025/01/15 09:50:00', '2025-01-15T09:50:00Z .. 2025-01-15T09:50:00.999999999Z'],
    ['Wed, 15 Jan 2025 09:50:00 GMT', '2025-01-15T09:50:00Z .. 2025-01-15T09:50:00.999999999Z'],
    ['Wed Jan 15 09:50:00.25 2025', '2025-01-15T09:50:00.250Z .. 2025-01-15T09:50:00.259999999Z'],
  ]
  for (const [text, span] of rows) assert.equal(spanOf(text), span, text)
})

test('the text of a time is the first moment of what it names', () => {
  const out = { ms: 0, ns: 0 }
  assert.equal(parseTimeText('  2025-01-15T09:50:00.000000001Z ', out), true)
  assert.deepEqual(out, { ms: Date.UTC(2025, 0, 15, 9, 50), ns: 1 })
})

test('text that names no time, or no year, does not parse', () => {
  const texts = [
    '',
    ' ',
    'now',
    '5m',
    'Jan 15 09:50:00',
    '2025-13',
    '2025-02-30',
    '2025-01-15T24',
    '2025-01-15T09:60',
    '2025-01-15T09:50:00Z!',
    '2025-1-5',
    '9999',
    '1677',
    '1600-01-01',
    '0x10',
    '1'.repeat(100),
    '２０２５',
  ]
  for (const text of texts) assert.equal(spanOf(text), null, text)
})

test('a span that reaches beyond the last time ends there', () => {
  assert.equal(spanOf('2262'), '2262-01-01T00:00:00Z .. 2262-04-11T23:47:16.853999999Z')
})
