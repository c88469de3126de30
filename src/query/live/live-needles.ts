/**
 * The texts that some queries look for together, by field: known as long as the list of queries is, searched once in
 * each block.
 */
import type { TestNeedle } from '../../record/record.ts'
import type { Query } from '../ast.ts'
import { livePlanOf } from '../scan/plan.ts'
import type { FieldNeedle } from './needle-gate.ts'
import { NeedleSearch } from './needle-search.ts'

/** Fewer texts of one field are searched by the filters themselves. */
const NEEDLES_MIN = 3
/** Of all fields together; filters search the texts beyond it themselves. */
const NEEDLES_MAX = 16_384

/** The texts of one field. */
export interface FieldNeedles {
  readonly search: NeedleSearch
  /** Which of the texts of the search a needle is. */
  readonly numbers: ReadonlyMap<TestNeedle, number>
}

export type LiveNeedles = ReadonlyMap<string | null, FieldNeedles>

const NONE: LiveNeedles = new Map()
const known = new WeakMap<readonly Query[], LiveNeedles>()

/** Remembered by the list itself: another list of the same queries is another one. */
export function liveNeedlesOf(queries: readonly Query[]): LiveNeedles {
  if (queries.length === 0) return NONE
  let needles = known.get(queries)
  if (needles === undefined) {
    needles = needlesOf(queries)
    known.set(queries, needles)
  }
  return needles
}

function needlesOf(queries: readonly Query[]): LiveNeedles {
  const byField = new Map<string | null, FieldNeedle[]>()
  for (const { field, needle } of queries
    .flatMap((query) => livePlanOf(query).needles)
    .slice(0, NEEDLES_MAX)) {
    const all = byField.get(field)
    if (all === undefined) byField.set(field, [{ field, needle }])
    else all.push({ field, needle })
  }
  const fields = new Map<string | null, FieldNeedles>()
  for (const [field, needles] of byField) {
    const made = fieldNeedlesOf(needles.map(({ needle }) => needle))
    if (made !== null) fields.set(field, made)
  }
  return fields
}

function fieldNeedlesOf(needles: readonly TestNeedle[]): FieldNeedles | null {
  const numbers = new Map<TestNeedle, number>()
  const byText = new Map<string, number>()
  const distinct: TestNeedle[] = []
  for (const needle of needles) {
    const text = textOf(needle)
    const number = byText.get(text) ?? distinct.push(needle) - 1
    byText.set(text, number)
    numbers.set(needle, number)
  }
  return distinct.length < NEEDLES_MIN ? null : { search: new NeedleSearch(distinct), numbers }
}

/** What is the same for needles that are. */
function textOf({ bytes, anyCase = false }: TestNeedle): string {
  let text = anyCase ? 'i' : 's'
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
