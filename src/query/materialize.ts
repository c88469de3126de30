/** Rows out of blocks: the one place where records become objects. Everything is copied, so that a row outlives its block. */
import type { Block } from '../record/record.ts'
import type { RecordRow, RowField } from './row.ts'
import { copyOf, levelText } from './special-fields.ts'

export function recordRowOf(block: Block, row: number): RecordRow {
  const fields: RowField[] = []
  const stream: RowField[] = []
  for (const { name, kind, value, isStream } of block.fieldsOf(row)) {
    const field = { name, kind, value: value.slice() }
    fields.push(field)
    if (isStream) stream.push(field)
  }
  return recordRowWith(block, row, { fields, stream })
}

/** The same where somebody has its fields already. */
export function recordRowWith(
  block: Block,
  row: number,
  { fields, stream }: Pick<RecordRow, 'fields' | 'stream'>,
): RecordRow {
  return {
    kind: 'record',
    id: block.ids[row],
    timeMs: block.timesMs[row],
    timeNs: block.timesNs[row],
    receivedMs: block.receivedMs[row],
    receivedNs: block.receivedNs[row],
    severity: block.severities[row],
    level: levelText(block, row),
    message: block.messageOf?.(row).slice() ?? copyOf(block.message, row),
    fields,
    stream,
  }
}
