/**
 * Which rows of a block a filter can match at all, by the texts that stand in them: asked of a search for the texts of
 * all tails before the filter looks at a row. Made of the same declaration by which stored blocks are passed over.
 */

import type { Bitset } from '../../base/base.ts'
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import { NEEDLE_BYTES_MIN } from './needle-search.ts'

/** `field` is null for the message. */
export interface FieldNeedle {
  readonly field: string | null
  readonly needle: TestNeedle
}

/** Sets are shared, and not to be changed. `any`: nobody knows. */
export type RowsThatMay = Bitset | 'none' | 'any'

/** The rows that hold a needle. */
export type RowsOfNeedle = (needle: FieldNeedle) => RowsThatMay

export interface NeedleGate {
  readonly needles: readonly FieldNeedle[]
  readonly rows: (rowsOf: RowsOfNeedle) => RowsThatMay
}

/** A test with more texts than this is asked of rows, and so is a filter. */
const NEEDLES_OF_TEST_MAX = 64
const NEEDLES_OF_FILTER_MAX = 256

/** Null where the filter needs no texts that could be looked for. */
export function needleGateOf(skip: SkipTest | undefined): NeedleGate | null {
  const gate = gateOf(skip)
  return gate === null || gate.needles.length > NEEDLES_OF_FILTER_MAX ? null : gate
}

function gateOf(skip: SkipTest | undefined): NeedleGate | null {
  if (skip === undefined) return null
  if (skip.kind === 'value') return gateOfValue(skip.field, skip.test)
  const gates = skip.tests.map(gateOf)
  const known = gates.filter((gate) => gate !== null)
  if (known.length === 0 || (skip.kind === 'or' && known.length < gates.length)) return null
  const needles = known.flatMap((gate) => gate.needles)
  const rows = skip.kind === 'and' ? rowsOfAll : rowsOfAny
  return {
    needles,
    rows: (rowsOf) => rows(known, (gate) => gate.rows(rowsOf)),
  }
}

function gateOfValue(field: string | null, { needles = [] }: ValueTest): NeedleGate | null {
  if (needles.length === 0 || needles.length > NEEDLES_OF_TEST_MAX) return null
  if (needles.some(({ bytes }) => bytes.length < NEEDLE_BYTES_MIN)) return null
  const asked = needles.map((needle) => ({ field, needle }))
  return { needles: asked, rows: (rowsOf) => rowsOfAny(asked, rowsOf) }
}

function rowsOfAny<T>(all: readonly T[], rowsOf: (one: T) => RowsThatMay): RowsThatMay {
  let any: Bitset | 'none' = 'none'
  let isOwn = false
  for (const one of all) {
    const rows = rowsOf(one)
    if (rows === 'any') return 'any'
    if (rows === 'none') continue
    if (any === 'none') any = rows
    else if (isOwn) any.or(rows)
    else {
      any = any.copy().or(rows)
      isOwn = true
    }
  }
  return any
}

function rowsOfAll<T>(all: readonly T[], rowsOf: (one: T) => RowsThatMay): RowsThatMay {
  let every: Bitset | 'any' = 'any'
  let isOwn = false
  for (const one of all) {
    const rows = rowsOf(one)
    if (rows === 'none') return 'none'
    if (rows === 'any') continue
    if (every === 'any') every = rows
    else if (isOwn) every.and(rows)
    else {
      every = every.copy().and(rows)
      isOwn = true
    }
  }
  return every
}
