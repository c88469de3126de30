/** Every kind of filter, one line each. All that others know of them is derived here. */
import { assert } from '../../base/portable.ts'
import type { Filter } from '../ast.ts'
import { allFilter } from './all.ts'
import { andFilter } from './and.ts'
import { anyCaseFilter } from './any-case.ts'
import { anyFieldFilter } from './any-field.ts'
import { commonCaseFilter } from './common-case.ts'
import { compareFilter } from './compare.ts'
import { compareFieldsFilter } from './compare-fields.ts'
import { containsAllFilter } from './contains-all.ts'
import { containsAnyFilter } from './contains-any.ts'
import { exactFilter } from './exact.ts'
import { idFilter } from './id.ts'
import { inFilter } from './in.ts'
import { ipv4RangeFilter } from './ipv4-range.ts'
import { ipv6RangeFilter } from './ipv6-range.ts'
import { jsonArrayFilter } from './json-array.ts'
import type { FilterForms, FilterKind } from './kind.ts'
import { lenRangeFilter } from './len-range.ts'
import { notFilter } from './not.ts'
import { orFilter } from './or.ts'
import { patternFilter } from './pattern.ts'
import { patternMatchFilter } from './pattern-match.ts'
import { phraseFilter } from './phrase.ts'
import { prefixFilter } from './prefix.ts'
import { rangeFilter } from './range.ts'
import { regexpFilter } from './regexp.ts'
import { seqFilter } from './seq.ts'
import { streamFilter } from './stream.ts'
import { streamIdFilter } from './stream-id.ts'
import { stringRangeFilter } from './string-range.ts'
import { substringFilter } from './substring.ts'
import { timeFilter } from './time.ts'
import { timeCycleFilter } from './time-cycle.ts'
import { valueTypeFilter } from './value-type.ts'

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
  containsAllFilter,
  containsAnyFilter,
  commonCaseFilter,
  seqFilter,
  substringFilter,
  regexpFilter,
  patternMatchFilter,
  patternFilter,
  compareFilter,
  rangeFilter,
  stringRangeFilter,
  lenRangeFilter,
  ipv4RangeFilter,
  ipv6RangeFilter,
  compareFieldsFilter,
  jsonArrayFilter,
  valueTypeFilter,
  anyFieldFilter,
  timeFilter,
  timeCycleFilter,
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

const allForms: readonly FilterForms[] = FILTER_KINDS.map(({ forms }) => forms ?? {})

export const FUNCTION_FORMS = gather((forms) => forms.functions)
export const SYMBOL_FORMS = gather((forms) => forms.symbols)
export const GROUP_FORMS = gather((forms) => forms.groups)
export const FIELD_FORMS = gather((forms) => forms.fields)

function gather<Form>(
  pick: (forms: FilterForms) => Readonly<Record<string, Form>> | undefined,
): ReadonlyMap<string, Form> {
  const gathered = new Map<string, Form>()
  for (const forms of allForms) {
    for (const [name, form] of Object.entries(pick(forms) ?? {})) {
      assert(!gathered.has(name), `two filters begin with ${name}`)
      gathered.set(name, form)
    }
  }
  return gathered
}
