/**
 * What another implementation of LogsQL asserts, as data (../shared/cases beside the repository). What is not built
 * yet may be refused by name; nothing may be read or matched wrongly.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sharedFolder } from '../../test/shared-folder.ts'
import { isCodedError } from '../base/base.ts'
import { matchBlock } from './match.ts'
import { parseQuery } from './parser.ts'
import { printQuery } from './printer.ts'
import { blockOf, type TestRecord } from './test-blocks.ts'
import { decodeText } from './text.ts'

const NOW_MS = 1_752_800_000_000

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
  return folder === null ? [] : JSON.parse(readFileSync(join(folder, file), 'utf8')).cases
}

function textOf({ query }: Case): string {
  return typeof query === 'string' ? query : decodeText(new Uint8Array(Buffer.from(query.$hex, 'hex')))
}

const parse = (text: string) => parseQuery(text, { nowMs: NOW_MS })

/** What of LogsQL the query needs and this version lacks, or null when the query parses. */
function lacking(text: string): string | null {
  try {
    parse(text)
    return null
  } catch (error) {
    if (!isCodedError(error, 'QUERY_SYNTAX') || typeof error.details.notBuilt !== 'string') throw error
    return error.details.notBuilt
  }
}

test('queries of the cases parse, and print so that they parse the same', (t) => {
  let read = 0
  let later = 0
  for (const each of casesOf(t, 'logsql-parse.json').filter(({ kind }) => kind === 'query_ok')) {
    const text = textOf(each)
    if (lacking(text) !== null) {
      later++
      continue
    }
    const query = parse(text)
    assert.deepEqual(parse(printQuery(query)), query, `${each.id}: ${text} printed as ${printQuery(query)}`)
    if (each.canonical !== undefined)
      assert.deepEqual(parse(each.canonical), query, `${each.id}: ${each.canonical}`)
    read++
  }
  t.diagnostic(`query_ok: ${read} read, ${later} refused as not built yet`)
  assert.ok(read + later === 0 || read >= 140)
})

test('queries of the cases that are bad are refused at a place', (t) => {
  const bad = casesOf(t, 'logsql-parse.json').filter(({ kind }) => kind === 'query_bad')
  for (const each of bad) {
    const text = textOf(each)
    assert.throws(
      () => parse(text),
      (error) =>
        isCodedError(error, 'QUERY_SYNTAX') &&
        typeof error.details.offset === 'number' &&
        error.details.offset <= text.length,
      `${each.id}: ${text}`,
    )
  }
  t.diagnostic(`query_bad: ${bad.length} refused`)
})

test('pipes of the cases parse or are refused', (t) => {
  const counts = { pipe_ok: 0, pipe_bad: 0, later: 0 }
  for (const each of casesOf(t, 'logsql-parse.json')) {
    if (each.kind !== 'pipe_ok' && each.kind !== 'pipe_bad') continue
    const text = `* | ${textOf(each)}`
    if (each.kind === 'pipe_bad')
      assert.throws(
        () => parse(text),
        (error) => isCodedError(error, 'QUERY_SYNTAX'),
        text,
      )
    else if (lacking(text) === null) assert.deepEqual(parse(printQuery(parse(text))), parse(text), text)
    else counts.later++
    counts[each.kind]++
  }
  t.diagnostic(
    `pipe_ok: ${counts.pipe_ok - counts.later} read, ${counts.later} later; pipe_bad: ${counts.pipe_bad}`,
  )
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
  let right = 0
  let later = 0
  for (const each of casesOf(t, 'logsql-filters.json')) {
    const text = textOf(each)
    if (lacking(text) !== null) {
      later++
      continue
    }
    const matching: number[] = []
    matchBlock(parse(text), blockOf(recordsOf(each))).forEach((row) => {
      matching.push(row)
    })
    assert.deepEqual(matching, each.match, `${each.id}: ${text}`)
    right++
  }
  t.diagnostic(`filters: ${right} right, ${later} refused as not built yet`)
  assert.ok(right + later === 0 || right >= 360)
})
