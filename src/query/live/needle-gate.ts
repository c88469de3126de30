/**
 * What a filter needs to stand somewhere in a block, asked of the bytes of the block before any row is looked at. Made of
 * the same declaration by which stored blocks are passed over.
 */

import type { ValueTest } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import { type GramSet, gramsOf } from './gram-set.ts'

/** The set of a field, null for the message. `unknown`: not made; `empty`: no row has the field. */
export type GramsOfField = (field: string | null) => GramSet | 'unknown' | 'empty'

/** False: no row matches. */
export type NeedleGate = (grams: GramsOfField) => boolean

/** A test with more texts than this is asked of rows. */
const NEEDLES_MAX = 64

/** Null where the filter needs no bytes that could be looked for. */
export function needleGateOf(skip: SkipTest | undefined): NeedleGate | null {
  if (skip === undefined) return null
  if (skip.kind === 'value') return gateOfValue(skip.field, skip.test)
  const gates = skip.tests.map(needleGateOf)
  const known = gates.filter((gate) => gate !== null)
  if (known.length === 0) return null
  if (skip.kind === 'and') return (grams) => known.every((gate) => gate(grams))
  return known.length < gates.length ? null : (grams) => known.some((gate) => gate(grams))
}

function gateOfValue(field: string | null, { needles = [] }: ValueTest): NeedleGate | null {
  if (needles.length === 0 || needles.length > NEEDLES_MAX) return null
  const wanted = needles.map(({ bytes }) => gramsOf(bytes)).filter((grams) => grams !== null)
  if (wanted.length < needles.length) return null
  return (gramsOfField) => {
    const set = gramsOfField(field)
    if (set === 'unknown') return true
    return set !== 'empty' && wanted.some((grams) => set.mayHold(grams))
  }
}
