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

/** The encoding that makes the column smallest. The column has at least one row. */
export function chooseEncoding(values: ColumnValues, facts: ColumnFacts): ChosenEncoding {
  assertCurrent(facts)
  const chosen = smallestOf(ENCODINGS, values, facts)
  assert(chosen !== null, 'the plain encoding takes every column')
  return chosen
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
