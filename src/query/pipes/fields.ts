/**
 * `fields a, b, c*`: only these fields, in this order; `*` is all of them. A field that a record does not have is left
 * out. What comes out is values, not records, also with `*`: a protocol that prints records in a short form of its
 * own then prints all that there is.
 */
import { FIELD_STRING } from '../../record/record.ts'
import type { Pipe } from '../ast.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { type FieldPattern, matchesPattern, narrowedTo } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import type { Row, RowField } from '../row.ts'
import { rowFields } from '../row-fields.ts'
import { STREAM_ID_FIELD, streamId, streamText } from '../special-fields.ts'
import { encodeText } from '../values/text.ts'
import type { PipeKind } from './kind.ts'
import { parseFieldPatterns, printFieldPatterns } from './parts.ts'

export interface FieldsPipe extends Pipe {
  readonly kind: 'fields'
  readonly fields: readonly FieldPattern[]
}

export const fieldsPipe: PipeKind<FieldsPipe> = {
  kind: 'fields',
  names: ['fields', 'keep'],
  summary: 'only these fields, in this order; `*` is all, `http.*` all that begin so',
  examples: ['error | fields _time, service, _msg', 'error | keep http.*', '* | fields *'],
  isLive: true,
  keepsRows: true,
  takesBlocks: true,
  parse: (parser) => ({ kind: 'fields', fields: withoutNeedless(parseFieldPatterns(parser)) }),
  print: ({ fields }, printer) => `fields ${printFieldPatterns(fields, printer)}`,
  wants: ({ fields }, after) => narrowedTo(after, fields),
  leaves: ({ fields }, entering) => leavingNames(fields, entering),
  bindRow({ fields }) {
    if (fields.some(isEverything)) return (row) => ({ kind: 'values', values: fieldsOf(row, fields) })
    return (row) => ({ kind: 'values', values: chosen(row, fields) })
  },
  bindBatch({ fields }) {
    if (fields.some(isEverything)) return (batch) => batch
    return (batch) => batch.withColumns(chosenColumns(batch, fields))
  },
}

/** `*` stands for all others but `_stream_id`, which is there only where it is asked for. */
function withoutNeedless(fields: readonly FieldPattern[]): readonly FieldPattern[] {
  if (!fields.some(isEverything)) return fields
  const needed = [fields.find(isEverything), fields.find(isStreamId)]
  return needed.filter((pattern) => pattern !== undefined)
}

function isEverything({ name, isPrefix }: FieldPattern): boolean {
  return isPrefix && name === ''
}

function leavingNames(fields: readonly FieldPattern[], entering: readonly string[] | null) {
  if (fields.every(({ isPrefix }) => !isPrefix)) return [...new Set(fields.map(({ name }) => name))]
  return entering?.filter((name) => fields.some((pattern) => matchesPattern(name, pattern))) ?? null
}

/** `_stream_id` is among them where it is asked for by its name. */
function fieldsOf(row: Row, patterns: readonly FieldPattern[]): readonly RowField[] {
  const fields = rowFields(row)
  if (row.kind !== 'record' || row.stream.length === 0 || !patterns.some(isStreamId)) return fields
  const value = encodeText(streamId(streamText(row.stream)))
  return [...fields, { name: STREAM_ID_FIELD, kind: FIELD_STRING, value }]
}

function isStreamId({ name, isPrefix }: FieldPattern): boolean {
  return !isPrefix && name === STREAM_ID_FIELD
}

function chosen(row: Row, patterns: readonly FieldPattern[]): RowField[] {
  const fields = fieldsOf(row, patterns)
  const values = new Map<string, RowField>()
  for (const pattern of patterns) {
    for (const field of fields) if (matchesPattern(field.name, pattern)) values.set(field.name, field)
  }
  return [...values.values()]
}

function chosenColumns(batch: RowBatch, patterns: readonly FieldPattern[]): Map<string, BatchColumn> {
  const columns = new Map<string, BatchColumn>()
  for (const pattern of patterns) {
    for (const [name, column] of batch.columns) if (matchesPattern(name, pattern)) columns.set(name, column)
  }
  return columns
}
