/** `seq(a, "b c", d)`: these words and phrases stand in the value one behind the other. Empty ones stand everywhere. */
import type { Filter } from '../ast.ts'
import { andOf } from './and.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { COST_SEARCH, type FilterForm, type FilterKind, wantsItsField } from './kind.ts'
import { phraseOf } from './phrase.ts'
import { PhraseSearch } from './phrase-search.ts'

export interface SeqFilter extends Filter {
  readonly kind: 'seq'
  readonly field: string
  readonly phrases: readonly string[]
}

const parse: FilterForm = (parser, field) => {
  const values = parser.parseArguments('seq')
  parser.refusePrefixes('seq', values)
  const filter: SeqFilter = {
    kind: 'seq',
    field: parser.fieldOr(field),
    phrases: values.map(({ text }) => text),
  }
  return filter
}

export const seqFilter: FilterKind<SeqFilter> = {
  kind: 'seq',
  summary: 'these words and phrases stand in the value in this order',
  examples: ['seq(connection, refused)', 'path:seq("/api/", users, "/delete")'],
  forms: { functions: { seq: parse } },
  print: ({ field, phrases }, printer) =>
    `${printer.field(field)}seq(${phrases.map(printer.phrase).join(',')})`,
  wants: wantsItsField,
  bind({ field, phrases }, context) {
    const needed = phrases.filter((phrase) => phrase !== '')
    const all = context.bind(andOf([...new Set(needed)].map((phrase) => phraseOf(field, phrase))))
    if (needed.length < 2) return all
    const inOrder = boundValueFilter(field, { cost: COST_SEARCH * needed.length, test: orderTest(needed) })
    return {
      cost: all.cost + inOrder.cost,
      narrow(view, rows) {
        all.narrow(view, rows)
        if (!rows.isEmpty()) inOrder.narrow(view, rows)
      },
      ...(all.skip !== undefined && { skip: all.skip }),
    }
  },
}

/** Each as early as it can stand leaves the most room for the next. */
function orderTest(phrases: readonly string[]): (data: Uint8Array, start: number, end: number) => boolean {
  const searches = phrases.map((phrase) => new PhraseSearch(phrase))
  return (data, start, end) => {
    let from = start
    for (const search of searches) {
      const at = search.indexIn(data, from, start, end)
      if (at < 0) return false
      from = at + search.bytes.length
    }
    return true
  }
}
