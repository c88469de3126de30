/** Which of several encodings makes a column smallest: for the rows of a column, and for the values of a dictionary. */
import type { ColumnFacts } from './column-facts.ts'
import type { ColumnValues } from './column-values.ts'
import type { Encoding, EncodingPlan } from './encoding.ts'

export interface ChosenEncoding {
  readonly encoding: Encoding
  readonly plan: EncodingPlan
}

/** How much smaller, as a share, a later encoding must be: less than this estimates cannot tell. */
const GAIN_MIN = 0.98
/** Columns of fewer rows are text, or numbers: what is better than plain costs more headers than it saves. */
const TINY_ROWS = 8
/** Where each value comes this often, rows as text cannot be smaller than a dictionary. */
const OFTEN = 4

/** Null where none takes the column. Asks no further once one says that the values are of its own kind. */
export function smallestOf(
  encodings: readonly Encoding[],
  values: ColumnValues,
  facts: ColumnFacts,
): ChosenEncoding | null {
  const rowCount = facts.codes.length
  const isPlainEnough = rowCount < TINY_ROWS || facts.distinct.length * OFTEN <= rowCount
  let best: ChosenEncoding | null = null
  for (const encoding of encodings) {
    if (isPlainEnough && best !== null && encoding.isText) continue
    const plan = encoding.plan(values, facts)
    if (plan === null) continue
    if (best === null || plan.bytes < best.plan.bytes * GAIN_MIN) best = { encoding, plan }
    if (plan.settles) break
  }
  return best
}
