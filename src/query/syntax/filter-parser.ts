/** What the parser offers to the forms of filters. An interface, so that filters do not import the parser. */
import type { Filter, Query } from '../ast.ts'
import type { TokenReader } from './token-reader.ts'

export interface FilterParser {
  readonly reader: TokenReader
  /** The name of a field as filters keep it: the message where the query named none. */
  fieldOr(field: string | null): string
  /** `a or b and not c`, up to the end of the text, a pipe or a closing parenthesis. */
  parseFilter(field: string | null): Filter
  /** The same behind the name of a pipe: `filter limit` alone is more often a forgotten `|` than a search. */
  parseFilterOfPipe(): Filter
  /** One filter without `and` and `or` around it: `a`, `!a`, `(a or b)`. */
  parseOperand(field: string | null): Filter
  /** `(filter | pipe …)`; `where` it stands, for the message when it does not begin: "after `union`". */
  parseSubquery(where: string): Query
  /** The same, of a query whose rows have one field. */
  parseValuesQuery(where: string): Query
  /**
   * `(value, value, …)` after the name of a function; a comma may stand behind the last one. With `count`, exactly so
   * many, and no such comma.
   */
  parseArguments(functionName: string, count?: number): Argument[]
  /** For functions that compare whole values. */
  refusePrefixes(functionName: string, values: readonly Argument[]): void
}

export interface Argument {
  readonly text: string
  /** `text*` */
  readonly isPrefix: boolean
  /** Where it stands. */
  readonly offset: number
  readonly length: number
}
