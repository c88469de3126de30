/**
 * `contains_common_case("disk full")`, `equals_common_case(ok)`: as words and whole values in the cases that people
 * write: as it stands, `disk full`, `DISK FULL`, `Disk full`, `Disk Full`. Costs less than `i(…)`, which takes any.
 */
import type { Filter } from '../ast.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { containsAnyTest } from './contains-any.ts'
import { inTest } from './in.ts'
import { type FilterForm, type FilterKind, wantsItsField } from './kind.ts'

export interface CommonCaseFilter extends Filter {
  readonly kind: 'commonCase'
  readonly field: string
  readonly values: readonly string[]
  /** The whole value; else it stands in the value. */
  readonly isWhole: boolean
}

const CONTAINS = 'contains_common_case'
const EQUALS = 'equals_common_case'

const parse =
  (name: string): FilterForm =>
  (parser, field) => {
    const values = parser.parseArguments(name)
    parser.refusePrefixes(name, values)
    const filter: CommonCaseFilter = {
      kind: 'commonCase',
      field: parser.fieldOr(field),
      values: values.map(({ text }) => text),
      isWhole: name === EQUALS,
    }
    return filter
  }

export const commonCaseFilter: FilterKind<CommonCaseFilter> = {
  kind: 'commonCase',
  summary:
    'one of these stands in the value, or is the value, in small letters, capitals, or with initial capitals',
  examples: ['contains_common_case(error, "disk full")', 'status:equals_common_case(ok)'],
  forms: { functions: { [CONTAINS]: parse(CONTAINS), [EQUALS]: parse(EQUALS) } },
  print: ({ field, values, isWhole }, printer) =>
    `${printer.field(field)}${isWhole ? EQUALS : CONTAINS}(${values.map(printer.phrase).join(',')})`,
  wants: wantsItsField,
  bind({ field, values, isWhole }) {
    const cases = [...new Set(values.flatMap(commonCasesOf))]
    return boundValueFilter(field, isWhole ? inTest(cases) : containsAnyTest(cases), cases)
  },
}

const WORD = /[\p{L}\p{Nd}_]+/gu

function commonCasesOf(text: string): string[] {
  const small = text.toLowerCase()
  const capital = (word: string): string => word.replace(/^./u, (letter) => letter.toUpperCase())
  let isFirst = true
  const sentence = small.replace(WORD, (word) => {
    const written = isFirst ? capital(word) : word
    isFirst = false
    return written
  })
  return [text, small, text.toUpperCase(), sentence, small.replace(WORD, capital)]
}
