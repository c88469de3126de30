/**
 * Fields that whoever asks must not see: for all that a query asks it is as if no record had them (`QueryScope.hidden`).
 *
 * How they are kept out: queries ask searchers only, so each of these is told (`hidingSearcher`) and no query within the
 * query comes round that. The patterns travel to threads within the filter, as the node `shown` around it, which only
 * `FilterPlan` takes off; a plan of such a filter gives its blocks away as `HiddenBlock` alone, in which hidden fields
 * do not exist, asks stores nothing about them, and refuses to match any other block. Rows, which are fetched without a
 * filter, lose their hidden fields as they come. What pipes made of parts is kept by the filter that was asked, so
 * with its patterns. The tree of the query is left as it was written: a filter on a hidden field needs no rewriting, and
 * none can be forgotten.
 *
 * `_stream` is the text of the labels that can be seen, and `_stream_id` is made of that text; so the two are hidden
 * together. `_time` and `_id` cannot be hidden: records are found and ordered by them. What a field left in
 * another one when it came in (`level`, `_msg`) is not hidden with it.
 */
import type { SkipTest } from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { type FieldPattern, matchesPattern } from '../batches/fields-wanted.ts'
import {
  ID_FIELD,
  LEVEL_FIELD,
  MESSAGE_FIELD,
  STREAM_FIELD,
  STREAM_ID_FIELD,
  TIME_FIELD,
} from '../special-fields.ts'

/** Senders make up names: what is known of them is bounded. */
const NAMES_KEPT_MAX = 4096

export class HiddenFields {
  readonly #patterns: readonly FieldPattern[]
  readonly #known = new Map<string, boolean>()

  constructor(patterns: readonly FieldPattern[]) {
    this.#patterns = patterns
  }

  hides(name: string): boolean {
    let isHidden = this.#known.get(name)
    if (isHidden === undefined) {
      if (this.#known.size === NAMES_KEPT_MAX) this.#known.clear()
      isHidden = this.#isMatched(name) || (name === STREAM_FIELD && this.#isMatched(STREAM_ID_FIELD))
      this.#known.set(name, isHidden)
    }
    return isHidden
  }

  get hidesMessage(): boolean {
    return this.hides(MESSAGE_FIELD)
  }

  get hidesLevel(): boolean {
    return this.hides(LEVEL_FIELD)
  }

  /** All labels: there are no streams then. */
  get hidesStream(): boolean {
    return this.hides(STREAM_FIELD)
  }

  #isMatched(name: string): boolean {
    return this.#patterns.some((pattern) => matchesPattern(name, pattern))
  }
}

/** A field that no pattern may hide, where this one would; else null. */
export function unhidable(pattern: FieldPattern): string | null {
  return [TIME_FIELD, ID_FIELD].find((name) => matchesPattern(name, pattern)) ?? null
}

// ---- filters ------------------------------------------------------------------------------------------------

interface ShownFilter extends Filter {
  readonly kind: 'shown'
  readonly hidden: readonly FieldPattern[]
  readonly filter: Filter
}

/** Plain data. Not for a query: it stands around the filter that a searcher is asked, and cannot be part of another. */
export function shownOf(filter: Filter, hidden: readonly FieldPattern[]): Filter {
  const shown: ShownFilter = { kind: 'shown', hidden, filter }
  return shown
}

/** The filter as it was written, and what is hidden from it; null: nothing. */
export function takenOff(asked: Filter): { readonly filter: Filter; readonly hidden: HiddenFields | null } {
  if (!isShown(asked)) return { filter: asked, hidden: null }
  return { filter: asked.filter, hidden: new HiddenFields(asked.hidden) }
}

const isShown = (filter: Filter): filter is ShownFilter => filter.kind === 'shown'

/** What may be asked of blocks before they are read; nothing where the answer would tell of hidden fields. */
export function shownSkip(skip: SkipTest | undefined, hidden: HiddenFields): SkipTest | undefined {
  if (skip === undefined) return undefined
  if (skip.kind === 'value') return hidden.hides(skip.field ?? MESSAGE_FIELD) ? undefined : skip
  const tests = skip.tests.flatMap((test) => shownSkip(test, hidden) ?? [])
  const isLess = tests.length < skip.tests.length
  return tests.length === 0 || (isLess && skip.kind === 'or') ? undefined : { kind: skip.kind, tests }
}
