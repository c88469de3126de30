/**
 * What a kind of pipe declares about itself. A new pipe is a new file and one line in registry.ts.
 */
import type { Filter, Pipe } from '../ast.ts'
import type { FilterParser } from '../filter-parser.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { Row } from '../row.ts'

export interface PipeKind<P extends Pipe = Pipe> {
  readonly kind: P['kind']
  /** How a query calls it, in small letters; the first one is printed. */
  readonly names: readonly [string, ...string[]]
  /** One line for the reference. */
  readonly summary: string
  /** Queries that use it; a test parses them. */
  readonly examples: readonly string[]
  /** It can run on one record after another as they arrive, so a tail may have it. */
  readonly isLive: boolean
  /** What follows its name. */
  parse(parser: FilterParser): P
  /** With its name. */
  print(pipe: P, printer: FilterPrinter): string
  /** A filter that says the same, where the pipe stands right behind the query's own. */
  asFilter?(pipe: P): Filter
  /** The most rows that leave it; absent: as many as enter. */
  rowsMax?(pipe: P): number
  /** What it makes of one row; absent: the same. Called once a query. */
  bindRow?(pipe: P): (row: Row) => Row
}
