import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { csvLines } from './csv-rows.ts'

async function csv(
  rows: readonly Readonly<Record<string, string>>[],
  names: readonly string[],
): Promise<string[]> {
  const texts = rows.map((row) => new Map(Object.entries(row)))
  return Array.fromAsync(csvLines(Readable.from(texts), names))
}

test('columns are in the order of the row that has most of them, the others behind', async () => {
  assert.deepEqual(await csv([{ b: '1' }, { c: '2', b: '3' }, { a: '4' }], ['a', 'b', 'c', 'd']), [
    'c,b,a,d',
    ',1,,',
    '2,3,,',
    ',,4,',
  ])
})

test('a text that would break a line or a column stands in quotes, and controls show', async () => {
  const texts = ['plain', 'a,b', 'say "hi"', 'two\nlines', ' padded ', 'tab\there', '\x1b[2J\x00\x9b', '한글']
  const rows = texts.map((a) => ({ a }))
  assert.deepEqual(await csv(rows, ['a']), [
    'a',
    'plain',
    '"a,b"',
    '"say ""hi"""',
    '"two\nlines"',
    '" padded "',
    'tab\there',
    '\\u001b[2J\\u0000\\u009b',
    '한글',
  ])
})

test('without rows, or without names, there is nothing', async () => {
  assert.deepEqual(await csv([], ['a']), [])
  assert.deepEqual(await csv([{}, {}], []), [])
})

test('every row has a line, however many they are', async () => {
  for (const count of [1, 99, 100, 101, 250]) {
    const rows = Array.from({ length: count }, (_, at) => ({ a: String(at) }))
    assert.deepEqual(await csv(rows, ['a']), ['a', ...rows.map(({ a }) => a)])
  }
})
