/** Every kind of filter, one line each. All that others know of them is derived here. */
import { assert } from '../../base/base.ts'
import type { Filter } from '../ast.ts'
import { allFilter } from './all.ts'
import { andFilter } from './and.ts'
import { anyCaseFilter } from './any-case.ts'
import { compareFilter } from './compare.ts'
import { exactFilter } from './exact.ts'
import { idFilter } from './id.ts'
import { inFilter } from './in.ts'
import type { FilterForm, FilterForms, FilterKind } from './kind.ts'
import { LATER_FORMS } from './later.ts'
import { notFilter } from './not.ts'
import { orFilter } from './or.ts'
import { phraseFilter } from './phrase.ts'
import { prefixFilter } from './prefix.ts'
import { regexpFilter } from './regexp.ts'
import { streamFilter } from './stream.ts'
import { streamIdFilter } from './stream-id.ts'
import { timeFilter } from './time.ts'

export const FILTER_KINDS: readonly FilterKind[] = [
  allFilter,
  andFilter,
  orFilter,
  notFilter,
  phraseFilter,
  prefixFilter,
  anyCaseFilter,
  exactFilter,
  inFilter,
  regexpFilter,
  compareFilter,
  timeFilter,
  idFilter,
  streamFilter,
  streamIdFilter,
]

const kinds = new Map(FILTER_KINDS.map((kind) => [kind.kind, kind]))

export function filterKindOf(filter: Filter): FilterKind {
  const kind = kinds.get(filter.kind)
  assert(kind !== undefined, `no filter is called ${filter.kind}`)
  return kind
}

const allForms: readonly FilterForms[] = [...FILTER_KINDS.map(({ forms }) => forms ?? {}), LATER_FORMS]

export const FUNCTION_FORMS = gather((forms) => forms.functions)
export const SYMBOL_FORMS = gather((forms) => forms.symbols)
export const FIELD_FORMS = gather((forms) => forms.fields)

function gather(pick: (forms: FilterForms) => FilterForms['functions']): ReadonlyMap<string, FilterForm> {
  const gathered = new Map<string, FilterForm>()
  for (const forms of allForms) {
    for (const [name, form] of Object.entries(pick(forms) ?? {})) {
      assert(!gathered.has(name), `two filters begin with ${name}`)
      gathered.set(name, form)
    }
  }
  return gathered
}
