/** `set_stream_fields a, b*`: `_stream` is made of these fields, as if they had been sent as the fields of the stream. */
import type { Filter, Pipe } from '../ast.ts'
import { type FieldPattern, matchesPattern, withFields, withoutFields } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { STREAM_FIELD, STREAM_ID_FIELD, streamId, streamText } from '../special-fields.ts'
import { encodeText } from '../values/text.ts'
import type { PipeKind } from './kind.ts'
import {
  areWanted,
  bindIf,
  fieldsOfIf,
  namesWith,
  parseFieldPatterns,
  parseIf,
  printFieldPatterns,
  printIf,
} from './parts.ts'

export interface SetStreamFieldsPipe extends Pipe {
  readonly kind: 'setStreamFields'
  readonly filter: Filter | null
  readonly fields: readonly FieldPattern[]
}

const MADE = [STREAM_FIELD, STREAM_ID_FIELD]

export const setStreamFieldsPipe: PipeKind<SetStreamFieldsPipe> = {
  kind: 'setStreamFields',
  names: ['set_stream_fields'],
  summary: '`_stream` made of these fields',
  examples: ['* | set_stream_fields host, path', '* | set_stream_fields if (host:*) host, kube.*'],
  isLive: true,
  keepsRows: true,
  parse(parser) {
    const filter = parseIf(parser)
    return { kind: 'setStreamFields', filter, fields: parseFieldPatterns(parser) }
  },
  print: ({ filter, fields }, printer) =>
    `set_stream_fields${printIf(filter, printer)} ${printFieldPatterns(fields, printer)}`,
  wants({ filter, fields }, after) {
    if (!areWanted(after, MADE)) return after
    const left = filter === null ? withoutFields(after, [STREAM_FIELD]) : after
    return withFields(left, [...fields, ...fieldsOfIf(filter)])
  },
  leaves: (_pipe, entering) => namesWith(entering, [STREAM_FIELD]),
  bindBatch({ filter, fields }, context) {
    const find = bindIf(filter, context)
    return (batch) => withStream(batch, find(batch), fields)
  },
}

function withStream(batch: RowBatch, rows: Uint32Array | null, fields: readonly FieldPattern[]): RowBatch {
  if (rows !== null && rows.length === 0) return batch
  const names = batch.names.filter(
    (name) => !MADE.includes(name) && fields.some((pattern) => matchesPattern(name, pattern)),
  )
  const streams = [...batch.texts(STREAM_FIELD)]
  setStreams(streams, batch, rows, names)
  const changed = batch.with(STREAM_FIELD, new TextColumn(streams))
  // Rows have it where somebody asks for it by its name.
  return batch.column(STREAM_ID_FIELD) === null ? changed : changed.with(STREAM_ID_FIELD, idsOf(streams))
}

/** A stream is made once for the same values. */
function setStreams(
  streams: string[],
  batch: RowBatch,
  rows: Uint32Array | null,
  names: readonly string[],
): void {
  const groups = names.map((name) => batch.groups(name))
  const known = new Map<string, string>()
  const count = rows === null ? streams.length : rows.length
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    const numbers = groups.map(({ ofRow }) => (ofRow === null ? 0 : ofRow[row]))
    const key = numbers.join()
    let stream = known.get(key)
    if (stream === undefined) {
      stream = streamOf(
        names,
        groups.map(({ texts }, field) => texts[numbers[field]]),
      )
      known.set(key, stream)
    }
    streams[row] = stream
  }
}

function streamOf(names: readonly string[], texts: readonly string[]): string {
  const fields = names.map((name, at) => ({ name, value: encodeText(texts[at]) }))
  return streamText(fields.filter(({ value }) => value.length > 0))
}

function idsOf(streams: readonly string[]): string[] {
  const ids = new Map<string, string>()
  return streams.map((stream) => {
    let id = ids.get(stream)
    if (id === undefined) {
      id = streamId(stream)
      ids.set(stream, id)
    }
    return id
  })
}
