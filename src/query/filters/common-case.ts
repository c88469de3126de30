/**
 * `contains_common_case("Disk full")`, `equals_common_case(Ok)`: as words and whole values in the cases that people
 * write: `Disk full`, `disk full`, `DISK FULL`. Of several capital letters each may be a small one on its own:
 * `DiskFull` is also `diskFull` and `Diskfull`. Costs less than `i(…)`, which takes any case.
 */
import type { Filter } from '../ast.ts'
import type { Argument, FilterParser } from '../syntax/filter-parser.ts'
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
    checkCases(parser, name, values)
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
    'one of these stands in the value, or is the value, as it is, in capitals, or with small letters for some of its capitals',
  examples: ['contains_common_case(Error, "Disk full")', 'status:equals_common_case(Ok)'],
  forms: { functions: { [CONTAINS]: parse(CONTAINS), [EQUALS]: parse(EQUALS) } },
  print: ({ field, values, isWhole }, printer) =>
    `${printer.field(field)}${isWhole ? EQUALS : CONTAINS}(${values.map(printer.phrase).join(',')})`,
  wants: wantsItsField,
  bind({ field, values, isWhole }) {
    const cases = [...new Set(values.flatMap(commonCasesOf))]
    return boundValueFilter(field, isWhole ? inTest(cases) : containsAnyTest(cases), cases)
  },
}

/** Of all phrases together. */
const CASES_MAX = 4096

function checkCases({ reader }: FilterParser, name: string, values: readonly Argument[]): void {
  let count = 0
  for (const value of values) {
    count += 2 ** [...value.text].filter(isCapital).length
    if (count > CASES_MAX)
      throw reader.problem(
        `with so many capital letters \`${name}(…)\` means more than ${CASES_MAX} texts; \`i(…)\` takes any case`,
        value,
      )
  }
}

const isCapital = (letter: string): boolean => letter !== letter.toLowerCase()

function commonCasesOf(text: string): string[] {
  let cases = ['']
  for (const letter of text) {
    const small = letter.toLowerCase()
    const grown = cases.map((each) => each + letter)
    cases = letter === small ? grown : [...grown, ...cases.map((each) => each + small)]
  }
  return [...cases, text.toUpperCase()]
}
