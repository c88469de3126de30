/** A row as named values, and as a line of JSON: for pipes, answers in JSON, and whoever prints a row. */
import {
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
  formatRfc3339,
} from '../record/record.ts'
import type { RecordRow, Row, RowField } from './row.ts'
import {
  ID_FIELD,
  LEVEL_FIELD,
  MESSAGE_FIELD,
  SPECIAL_FIELDS,
  STREAM_FIELD,
  streamText,
  TIME_FIELD,
} from './special-fields.ts'
import { decodeLoosely, encodeText } from './values/text.ts'

/**
 * Names and values of a row. Of a record: `_time`, `_stream`, `_msg`, `level`, the fields as they came, `_id`; what is
 * empty is left out, except a field that was sent so.
 */
export function rowFields(row: Row): readonly RowField[] {
  return row.kind === 'values' ? row.values : recordFields(row)
}

function recordFields(row: RecordRow): RowField[] {
  const own = row.fields.filter(({ name }) => !SPECIAL_FIELDS.has(name))
  const before = [
    textField(TIME_FIELD, formatRfc3339(row.timeMs, row.timeNs)),
    textField(STREAM_FIELD, streamText(row.stream)),
    { name: MESSAGE_FIELD, kind: FIELD_STRING, value: row.message },
    textField(LEVEL_FIELD, row.level),
  ]
  const id = { ...textField(ID_FIELD, String(row.id)), kind: FIELD_NUMBER }
  return [...before.filter(({ value }) => value.length > 0), ...own, id]
}

function textField(name: string, text: string): RowField {
  return { name, kind: FIELD_STRING, value: encodeText(text) }
}

/**
 * The row as one line of JSON without a line end. Values keep the JSON type they came with; bytes that are not UTF-8
 * show as U+FFFD. Control characters are escaped, as JSON does.
 */
export function rowJson(row: Row): string {
  return `{${rowFields(row).map(memberJson).join(',')}}`
}

/** The same with every value as a text, and without empty ones: as clients of LogsQL over HTTP expect rows. */
export function rowTextJson(row: Row): string {
  const members: string[] = []
  for (const { name, kind, value } of rowFields(row)) {
    const text = TEXT_OF_KIND.get(kind) ?? decodeLoosely(value)
    if (text !== '') members.push(`${JSON.stringify(name)}:${JSON.stringify(text)}`)
  }
  return `{${members.join(',')}}`
}

/** The values of the row by name, as texts. */
export function rowText(row: Row): ReadonlyMap<string, string> {
  return new Map(
    rowFields(row).map(({ name, kind, value }) => [name, TEXT_OF_KIND.get(kind) ?? decodeLoosely(value)]),
  )
}

const TEXT_OF_KIND: ReadonlyMap<number, string> = new Map([
  [FIELD_TRUE, 'true'],
  [FIELD_FALSE, 'false'],
  [FIELD_NULL, ''],
])

function memberJson({ name, kind, value }: RowField): string {
  return `${JSON.stringify(name)}:${VALUE_JSON.get(kind)?.(value) ?? JSON.stringify(decodeLoosely(value))}`
}

const VALUE_JSON: ReadonlyMap<number, (value: Uint8Array) => string> = new Map([
  [FIELD_NUMBER, decodeLoosely],
  [FIELD_JSON, decodeLoosely],
  [FIELD_TRUE, () => 'true'],
  [FIELD_FALSE, () => 'false'],
  [FIELD_NULL, () => 'null'],
])
