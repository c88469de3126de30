/** Records through pipes that leave them records. Apart from materialize.ts, so that threads that only search need no pipes. */
import type { Query } from './ast.ts'
import { pipeKindOf } from './pipes/registry.ts'
import type { Row } from './row.ts'

/** What the pipes of a query make of one row. */
export function rowMapOf(query: Query): (row: Row) => Row {
  const maps = query.pipes.flatMap((pipe) => pipeKindOf(pipe).bindRow?.(pipe) ?? [])
  return (row) => maps.reduce((current, map) => map(current), row)
}
