/**
 * What stands in the parentheses of `in(…)`, `contains_any(…)` and the like: values, a query that gives them, or an
 * asterisk for all there are. A node keeps either `values` or `subquery`; whoever runs the query puts values in the
 * place of a subquery before the filter is bound.
 */
import { assert } from '../../base/portable.ts'
import type { Query } from '../ast.ts'
import type { Argument, FilterParser } from '../syntax/filter-parser.ts'
import type { FilterPrinter } from './kind.ts'

export interface ListNode {
  /** Empty where a subquery stands. */
  readonly values: readonly string[]
  readonly subquery?: Query
}

/** The parts of a node; null for `*`. The name of the function is the token that is next. */
export function parseList(parser: FilterParser, name: string): ListNode | null {
  const list = parseArgumentsOrQuery(parser, name)
  if (list === null) return null
  return Array.isArray(list)
    ? { values: list.map(({ text }) => text) }
    : { values: [], subquery: list.subquery }
}

/** The same before anybody looked at the values. */
export function parseArgumentsOrQuery(
  parser: FilterParser,
  name: string,
): Argument[] | { readonly subquery: Query } | null {
  if (parser.reader.isQueryGroup()) {
    parser.reader.next()
    return { subquery: parser.parseValuesQuery(`after \`${name}\``) }
  }
  const values = parser.parseArguments(name)
  if (values.length === 1 && values[0].isPrefix && values[0].text === '') return null
  parser.refusePrefixes(name, values)
  return values
}

/** `(a,"b c")`, or the query. */
export function printList({ values, subquery }: ListNode, printer: FilterPrinter): string {
  return `(${subquery === undefined ? values.map(printer.phrase).join(',') : printer.query(subquery)})`
}

/** The values, when every query within the query has given its own. */
export function valuesOf({ values, subquery }: ListNode): readonly string[] {
  assert(subquery === undefined, 'a filter is bound before its subquery was run')
  return values
}
