/**
 * The registry of encodings: one row each, in the order of cheapness to read (the earlier wins a tie). Codes stand in
 * files and are never used again for something else. A later one must be smaller by more than estimates can tell.
 */
import { assert } from '../../base/base.ts'
import { addresses } from './addresses.ts'
import type { ByteSink } from './byte-sink.ts'
import { partCorrupt } from './byte-source.ts'
import { type ChosenEncoding, smallestOf } from './choice.ts'
import { assertCurrent, type ColumnFacts } from './column-facts.ts'
import type { ColumnValues } from './column-values.ts'
import { constant } from './constant.ts'
import { decimals } from './decimals.ts'
import { dictionaryOf } from './dictionary.ts'
import type { EncodedColumn, Encoding } from './encoding.ts'
import { integers } from './integers.ts'
import { plain } from './plain.ts'
import { positions } from './positions.ts'
import { shapes } from './shapes.ts'
import { timestamps } from './timestamps.ts'

/** What holds distinct values as well as rows. */
const DIRECT: readonly Encoding[] = [integers, decimals, addresses, timestamps, plain, positions, shapes]

export const ENCODINGS: readonly Encoding[] = [constant, dictionaryOf(DIRECT), ...DIRECT]

const byCode: readonly (Encoding | undefined)[] = Array.from({ length: 256 }, (_, code) =>
  ENCODINGS.find((encoding) => encoding.code === code),
)

/** What was best for a column like this one, in a block before: the same slot of the same template, or the same field. */
export interface ColumnHint {
  code: number
  detail: number | undefined
  bytesPerRow: number
  /** How often it was taken since all encodings were tried. */
  uses: number
}

/** No encoding has this code. */
const NO_CODE = -1
export const newColumnHint = (): ColumnHint => ({ code: NO_CODE, detail: undefined, bytesPerRow: 0, uses: 0 })

/** So often a hint is taken before all encodings are tried again. */
const HINT_USES_MAX = 15
/** A hint is not taken where the column gets this much larger a row than the one that it comes from, and some bytes. */
const HINT_GROWTH_MAX = 1.2
const HINT_SLACK_BYTES = 16

/** The encoding that makes the column smallest, or as small as the hint says. The column has at least one row. */
export function chooseEncoding(values: ColumnValues, facts: ColumnFacts, hint?: ColumnHint): ChosenEncoding {
  assertCurrent(facts)
  const likely = hint === undefined ? null : takeHint(values, facts, hint)
  if (likely !== null) return likely
  const chosen = smallestOf(ENCODINGS, values, facts)
  assert(chosen !== null, 'the plain encoding takes every column')
  if (hint !== undefined && facts.distinct.length > 1) {
    hint.code = chosen.encoding.code
    hint.detail = chosen.plan.detail
    hint.bytesPerRow = chosen.plan.bytes / values.rowCount
    hint.uses = 0
  }
  return chosen
}

/** Whether a column of several values may be encoded as the hint says. */
export function isHintGood(hint: ColumnHint): boolean {
  return hint.code !== NO_CODE && hint.uses < HINT_USES_MAX
}

function takeHint(values: ColumnValues, facts: ColumnFacts, hint: ColumnHint): ChosenEncoding | null {
  if (!isHintGood(hint) || facts.distinct.length === 1) return null
  const encoding = byCode[hint.code]
  const plan = encoding?.plan(values, facts, hint.detail) ?? null
  const bytesMax = hint.bytesPerRow * values.rowCount * HINT_GROWTH_MAX + HINT_SLACK_BYTES
  if (encoding === undefined || plan === null || plan.bytes > bytesMax) return null
  hint.uses++
  return { encoding, plan }
}

/** Whether the encoding with this code, which there is, holds rows as text. */
export function isTextCode(code: number): boolean {
  return encodingOf(code).isText
}

/** Writes the column in the encoding that makes it smallest, which is answered: its code must be kept beside. */
export function encodeColumn(values: ColumnValues, facts: ColumnFacts, sink: ByteSink): Encoding {
  const { encoding, plan } = chooseEncoding(values, facts)
  plan.write(sink)
  return encoding
}

/** PART_CORRUPT, also where no encoding has this code. */
export function decodeColumn(code: number, bytes: Uint8Array, rowCount: number): EncodedColumn {
  return encodingOf(code).decode(bytes, rowCount)
}

/** The bits of every byte that any value of the column may have (Encoding.holds). The same. */
export function bitsHeld(code: number, bytes: Uint8Array, bitsOf: Uint32Array): number {
  return encodingOf(code).holds(bytes, bitsOf)
}

function encodingOf(code: number): Encoding {
  const encoding = byCode[code]
  if (encoding === undefined) throw partCorrupt(`there is no encoding ${code}`)
  return encoding
}
