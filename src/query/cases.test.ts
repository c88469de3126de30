/**
 * What another implementation of LogsQL asserts, as data (../shared/cases beside the repository): queries and filters;
 * what pipes give is in pipe-cases.test.ts. Cases that are ours to decide are listed with the reason.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sharedFolder } from '../../test/shared-folder.ts'
import { isCodedError } from '../base/base.ts'
import { formatRfc3339 } from '../record/record.ts'
import { bindBatchFilter } from './batches/batch-view.ts'
import { RowBatch } from './batches/row-batch.ts'
import { matchBlock } from './live/match.ts'
import { parseQuery } from './syntax/parser.ts'
import { printQuery } from './syntax/printer.ts'
import { blockOf, type TestRecord } from './test-blocks.ts'
import { decodeText } from './values/text.ts'

const NOW_MS = 1_752_800_000_000

/** Cases that are ours to decide, with the reason why ours is another answer. */
const DECIDED_OTHERWISE: ReadonlyMap<string, string> = new Map([
  [
    'parse-0636',
    '`stats_remote` is how nodes of a cluster of that engine ask each other; there is none here',
  ],
  ['parse-0841', '`*:foo` is refused by 1.26 and searches all fields in later versions, as here'],
  ['parse-0842', '`foo*:bar` is refused by 1.26 and searches fields by a prefix in later versions, as here'],
])
/** What such a case may ask of an engine that stores columns as that one does. */
const ASKS_STORAGE = /\bvalue_type\(/

interface Case {
  readonly id: string
  readonly kind: string
  readonly query: string | { readonly $hex: string }
  readonly canonical?: string
  readonly rows?: readonly Readonly<Record<string, string>>[]
  readonly timestamps?: readonly string[]
  readonly match?: readonly number[]
}

/** None, and the test skipped by name, in a clone without the folder. */
function casesOf(t: TestContext, file: string): Case[] {
  const folder = sharedFolder(t, 'cases')
  if (folder === null) return []
  const cases: Case[] = JSON.parse(readFileSync(join(folder, file), 'utf8')).cases
  return cases.filter(({ id }) => !DECIDED_OTHERWISE.has(id))
}

function textOf({ query }: Case): string {
  return typeof query === 'string' ? query : decodeText(new Uint8Array(Buffer.from(query.$hex, 'hex')))
}

const parse = (text: string) => parseQuery(text, { nowMs: NOW_MS })

test('queries of the cases parse, and print so that they parse the same', (t) => {
  const cases = casesOf(t, 'logsql-parse.json').filter(({ kind }) => kind === 'query_ok')
  for (const each of cases) {
    const text = textOf(each)
    const query = parse(text)
    assert.deepEqual(parse(printQuery(query)), query, `${each.id}: ${text} printed as ${printQuery(query)}`)
    if (each.canonical !== undefined)
      assert.deepEqual(parse(each.canonical), query, `${each.id}: ${each.canonical}`)
  }
  t.diagnostic(`query_ok: ${cases.length} read`)
})

test('queries of the cases that are bad are refused at a place', (t) => {
  const bad = casesOf(t, 'logsql-parse.json').filter(({ kind }) => kind === 'query_bad')
  for (const each of bad) {
    const text = textOf(each)
    assert.throws(
      () => parse(text),
      (error) =>
        isCodedError(error, 'QUERY_SYNTAX') &&
        error.details.notBuilt === undefined &&
        typeof error.details.offset === 'number' &&
        error.details.offset <= text.length,
      `${each.id}: ${text}`,
    )
  }
  t.diagnostic(`query_bad: ${bad.length} refused`)
})

test('pipes of the cases parse or are refused', (t) => {
  const counts = { pipe_ok: 0, pipe_bad: 0 }
  for (const each of casesOf(t, 'logsql-parse.json')) {
    if (each.kind !== 'pipe_ok' && each.kind !== 'pipe_bad') continue
    const text = `* | ${textOf(each)}`
    const isSyntaxError = (error: unknown) => isCodedError(error, 'QUERY_SYNTAX')
    if (each.kind === 'pipe_bad') assert.throws(() => parse(text), isSyntaxError, `${each.id}: ${text}`)
    else assert.deepEqual(parse(printQuery(parse(text))), parse(text), `${each.id}: ${text}`)
    counts[each.kind]++
  }
  t.diagnostic(`pipe_ok: ${counts.pipe_ok} read; pipe_bad: ${counts.pipe_bad} refused`)
})

function recordsOf(each: Case): TestRecord[] {
  const stream = { job: 'foobar', instance: 'host1:234' }
  if (each.timestamps !== undefined) {
    return each.timestamps.map((ns) => ({
      timeMs: Number(BigInt(ns) / 1_000_000n),
      timeNs: Number(BigInt(ns) % 1_000_000n),
      stream,
    }))
  }
  return (each.rows ?? []).map(({ _msg = '', ...fields }, index) => ({
    message: _msg,
    fields,
    stream,
    timeMs: index * 1000,
  }))
}

test('filters of the cases match the rows that they say', (t) => {
  const cases = casesOf(t, 'logsql-filters.json').filter((each) => !ASKS_STORAGE.test(textOf(each)))
  for (const each of cases) {
    const text = textOf(each)
    const matching: number[] = []
    matchBlock(parse(text), blockOf(recordsOf(each))).forEach((row) => {
      matching.push(row)
    })
    assert.deepEqual(matching, each.match, `${each.id}: ${text}`)
  }
  t.diagnostic(`filters: ${cases.length} right`)
})

/** Rows of a case as a pipe has them: `_time` and the fields of the stream are texts like all others. */
function batchOf(each: Case): RowBatch {
  return RowBatch.ofRows(
    recordsOf(each).map(({ message, timeMs = 0, timeNs = 0, fields = {}, stream = {} }) => [
      ['_time', formatRfc3339(timeMs, timeNs)],
      ['_msg', String(message ?? '')],
      ...Object.entries(stream),
      ...Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
    ]),
  )
}

test('filters of the cases match the same rows behind a pipe', (t) => {
  for (const each of casesOf(t, 'logsql-filters.json')) {
    const text = textOf(each)
    if (ASKS_STORAGE.test(text)) continue
    const batch = batchOf(each)
    const found = bindBatchFilter(parse(text).filter)(batch)
    const matching = found === null ? Array.from({ length: batch.rowCount }, (_, row) => row) : [...found]
    assert.deepEqual(matching, each.match, `${each.id}: ${text}`)
  }
})
