/** A row, or some fields of it, as a JSON object of texts; empty fields are left out. */
import { type FieldPattern, matchesPattern } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { ID_FIELD, LEVEL_FIELD, MESSAGE_FIELD, STREAM_FIELD, TIME_FIELD } from '../special-fields.ts'
import { jsonString } from '../values/json-text.ts'
import { textsAt } from './late-texts.ts'

/** What a record shows before its own fields. */
const LEADING = [TIME_FIELD, STREAM_FIELD, MESSAGE_FIELD, LEVEL_FIELD]

/** The texts of some rows of the batch, when they are asked for. */
export function readRowTexts(
  batch: RowBatch,
  fields: readonly FieldPattern[],
): (rows: Uint32Array) => string[] {
  const names = namesOf(batch, fields)
  return (rows) => {
    const columns = names.map((name) => ({
      start: `${jsonString(name)}:`,
      texts: textsAt(batch, name, rows),
    }))
    return Array.from(rows, (_, at) => {
      let text = ''
      for (const { start, texts } of columns) {
        if (texts[at] !== '') text += `${text === '' ? '' : ','}${start}${jsonString(texts[at])}`
      }
      return `{${text}}`
    })
  }
}

/** Named ones as they were named, then those of prefixes by name: batches have them in orders of their own. */
function namesOf(batch: RowBatch, fields: readonly FieldPattern[]): string[] {
  const names = new Set(fields.filter(({ isPrefix }) => !isPrefix).map(({ name }) => name))
  const prefixes = fields.filter(({ isPrefix }) => isPrefix)
  const others = batch.names.filter((name) => prefixes.some((prefix) => matchesPattern(name, prefix)))
  for (const name of others.toSorted(compareNames)) names.add(name)
  return [...names]
}

function compareNames(a: string, b: string): number {
  return placeOf(a) - placeOf(b) || (a < b ? -1 : a > b ? 1 : 0)
}

function placeOf(name: string): number {
  const leading = LEADING.indexOf(name)
  if (leading >= 0) return leading
  return name === ID_FIELD ? LEADING.length + 1 : LEADING.length
}
