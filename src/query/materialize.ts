/** Rows out of blocks: the one place where records become objects. Everything is copied, so that a row outlives its block. */
import { type Block, FIELD_ABSENT, FIELD_STRING } from '../record/record.ts'
import type { Query } from './ast.ts'
import { pipeKindOf } from './pipes/registry.ts'
import type { RecordRow, Row, RowField } from './row.ts'
import { copyOf, levelText } from './special-fields.ts'

export function recordRowOf(block: Block, row: number): RecordRow {
  const fields = fieldsOf(block, row, block.fieldNamesOf(row))
  return {
    kind: 'record',
    id: block.ids[row],
    timeMs: block.timesMs[row],
    timeNs: block.timesNs[row],
    receivedMs: block.receivedMs[row],
    receivedNs: block.receivedNs[row],
    severity: block.severities[row],
    level: levelText(block, row),
    message: copyOf(block.message, row),
    fields,
    stream: fieldsOf(block, row, block.streamFieldNamesOf(row)),
  }
}

function fieldsOf(block: Block, row: number, names: readonly string[]): RowField[] {
  const fields: RowField[] = []
  for (const name of names) {
    const column = block.field(name)
    if (column === null) continue
    const kind = column.kinds === null ? FIELD_STRING : column.kinds[row]
    if (kind !== FIELD_ABSENT) fields.push({ name, kind, value: copyOf(column, row) })
  }
  return fields
}

/** Bytes that a row holds, roughly. */
export function rowBytes(row: RecordRow): number {
  return row.fields.reduce(
    (sum, field) => sum + field.name.length + field.value.length,
    row.message.length + 64,
  )
}

/** What the pipes of a query make of one row. */
export function rowMapOf(query: Query): (row: Row) => Row {
  const maps = query.pipes.flatMap((pipe) => pipeKindOf(pipe).bindRow?.(pipe) ?? [])
  return (row) => maps.reduce((current, map) => map(current), row)
}
