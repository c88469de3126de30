/**
 * What LogsQL has and this version does not: refused by name instead of misread. A line goes when its filter comes.
 */
import type { FilterForm, FilterForms } from './kind.ts'

const LATER_FUNCTIONS = [
  'contains_all',
  'contains_any',
  'contains_common_case',
  'eq_field',
  'equals_common_case',
  'ipv4_range',
  'ipv6_range',
  'json_array_contains_any',
  'le_field',
  'len_range',
  'lt_field',
  'pattern_match',
  'pattern_match_full',
  'range',
  'seq',
  'string_range',
  'value_type',
]

const refuse =
  (what: string): FilterForm =>
  ({ reader }) => {
    throw reader.notBuilt(what)
  }

export const LATER_FORMS: FilterForms = {
  functions: Object.fromEntries(LATER_FUNCTIONS.map((name) => [name, refuse(`filter \`${name}\``)])),
  symbols: {
    '[': refuse('the range filter `field:[…]`'),
  },
}
