import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNumber, parseNumberBytes } from './number-literal.ts'

const utf8 = new TextEncoder()

test('numbers are plain, with a base, with units, addresses and times', () => {
  const rows: [string, number][] = [
    ['1_000', 1000],
    ['-1_000.5', -1000.5],
    ['1_000KB', 1_000_000],
    ['1.234_567', 1.234567],
    ['-1_000.000_5e3', -1_000_000.5],
    ['.5_0', 0.5],
    ['1.50_0KiB', 1536],
    ['1.5KiB', 1536],
    ['22MB100KB', 22_100_000],
    ['0x1_f', 31],
    ['-0b11', -3],
    ['2h30m', 9e12],
    ['5\u00b5s', 5000],
    ['5\u03bcs', 5000],
    ['10.0.0.1', 10 * 2 ** 24 + 1],
  ]
  for (const [text, number] of rows) {
    assert.equal(parseNumber(text), number, text)
    const bytes = utf8.encode(text)
    assert.equal(parseNumberBytes(bytes, 0, bytes.length), number, text)
  }
})

test('a time is a number with a T or a blank before its clock, with or without a zone', () => {
  const ns = Date.UTC(2027, 0, 14, 10, 20, 30) * 1e6
  const texts = [
    '2027-01-14T10:20:30Z',
    '2027-01-14t10:20:30z',
    '2027-01-14T10:20:30',
    '2027-01-14 10:20:30Z',
    '2027-01-14 10:20:30',
    '2027-01-14 10:20:30 +0000',
    '2027-01-14 10:20:30.000+00:00',
    '2027-01-14 12:20:30+02:00',
  ]
  for (const text of texts) assert.equal(parseNumber(text), ns, text)
  assert.equal(parseNumber('2027-01-14 10:20'), ns - 30e9)
})

test('what only looks like a number is none', () => {
  const texts = [
    '',
    '-',
    'K',
    '_1',
    '_1K',
    '1__K5',
    '1._5',
    '._5',
    '1._5K',
    '2027-01-14',
    '2027-01-14 ',
    '2027-01-14 10:20:30 error',
    '2027-01-14 25:00:00',
    '2027-13-14 10:20:30',
    '10.0.0.256',
    '5 m',
  ]
  for (const text of texts) assert.equal(parseNumber(text), null, JSON.stringify(text))
})
