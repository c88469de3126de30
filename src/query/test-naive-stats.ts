/** For tests: the functions of `stats`, each of a list of rows in their order, as docs/logsql.md says. */
import type { FieldPattern } from './batches/fields-wanted.ts'
import type { StatsCall } from './stats/kind.ts'
import type { NaiveFields } from './test-naive-filters.ts'
import {
  amountOf,
  bytesOfText,
  compareExactly,
  compareValues,
  jsonOf,
  momentOf,
  numberText,
} from './test-naive-values.ts'

type Rows = readonly NaiveFields[]

interface FieldsCall extends StatsCall {
  readonly fields: readonly FieldPattern[]
  readonly limit: number
}

interface PickingCall extends FieldsCall {
  readonly field: string
  readonly out: string
}

export function statsValue(call: StatsCall, rows: Rows): string {
  const compute = FUNCTIONS[call.name]
  if (compute === undefined) throw new Error(`no plain meaning of ${call.name}()`)
  return compute(rows, call as never)
}

export const isMeant = (name: string, patterns: readonly FieldPattern[]): boolean =>
  patterns.some((pattern) => (pattern.isPrefix ? name.startsWith(pattern.name) : name === pattern.name))

const isEverything = (fields: readonly FieldPattern[]): boolean =>
  fields.some(({ name, isPrefix }) => isPrefix && name === '')

/** Of a row: the values of fields that are named, empty ones too, then what prefixes mean, by name. */
function valuesOf(row: NaiveFields, fields: readonly FieldPattern[]): string[] {
  const named = [...new Set(fields.filter(({ isPrefix }) => !isPrefix).map(({ name }) => name))]
  const prefixes = fields.filter(({ isPrefix }) => isPrefix)
  const others = Object.keys(row)
    .filter((name) => !named.includes(name) && isMeant(name, prefixes))
    .sort()
  return [...named, ...others].map((name) => row[name] ?? '')
}

const hasAny = (row: NaiveFields, fields: readonly FieldPattern[]): boolean =>
  valuesOf(row, fields).some((value) => value !== '')

const allValues = (rows: Rows, fields: readonly FieldPattern[]): string[] =>
  rows.flatMap((row) => valuesOf(row, fields))

const numbersIn = (rows: Rows, fields: readonly FieldPattern[]): number[] =>
  allValues(rows, fields)
    .map((value) => (momentOf(value) === null ? amountOf(value) : null))
    .filter((number) => number !== null)

const limited = <T>(values: readonly T[], limit: number): readonly T[] =>
  limit === 0 ? values : values.slice(0, limit)

const jsonArray = (values: readonly string[]): string => `[${values.map(jsonOf).join(',')}]`

const FUNCTIONS: Readonly<Record<string, (rows: Rows, call: never) => string>> = {
  count: (rows, { fields }: FieldsCall) =>
    String(isEverything(fields) ? rows.length : rows.filter((row) => hasAny(row, fields)).length),
  count_empty: (rows, { fields }: FieldsCall) => String(rows.filter((row) => !hasAny(row, fields)).length),
  count_uniq: countUniq,
  count_uniq_hash: countUniq,
  sum: (rows, { fields }: FieldsCall) => numberText(sumOf(numbersIn(rows, fields))),
  avg: (rows, { fields }: FieldsCall) => {
    const numbers = numbersIn(rows, fields)
    return numberText(sumOf(numbers) / numbers.length)
  },
  sum_len: (rows, { fields }: FieldsCall) =>
    String(allValues(rows, fields).reduce((sum, value) => sum + bytesOfText(value).length, 0)),
  min: (rows, { fields }: FieldsCall) => allValues(rows, fields).sort(compareExactly).at(0) ?? '',
  max: (rows, { fields }: FieldsCall) => allValues(rows, fields).sort(compareExactly).at(-1) ?? '',
  quantile: (rows, { fields, share }: FieldsCall & { readonly share: string }) =>
    quantileOf(allValues(rows, fields), Number(share)),
  median: (rows, { fields }: FieldsCall) => quantileOf(allValues(rows, fields), 0.5),
  values: (rows, { fields, limit }: FieldsCall) => jsonArray(limited(allValues(rows, fields), limit)),
  uniq_values: (rows, { fields, limit }: FieldsCall) => {
    const different = new Set(allValues(rows, fields).filter((value) => value !== ''))
    return jsonArray(limited([...different].sort(compareExactly), limit))
  },
  any: (rows, { fields }: FieldsCall) => {
    const row = rows.find((each) => hasAny(each, fields))
    return row === undefined ? '' : valuesOf(row, fields).find((value) => value !== '')!
  },
  row_any: (rows, { fields }: FieldsCall) => jsonOfRow(rows[0], fields),
  row_min: (rows, { field, fields }: PickingCall) => jsonOfRow(extremeRow(rows, field, 1), fields),
  row_max: (rows, { field, fields }: PickingCall) => jsonOfRow(extremeRow(rows, field, -1), fields),
  field_min: (rows, { field, out }: PickingCall) => extremeRow(rows, field, 1)?.[out] ?? '',
  field_max: (rows, { field, out }: PickingCall) => extremeRow(rows, field, -1)?.[out] ?? '',
}

function countUniq(rows: Rows, { fields, limit }: FieldsCall): string {
  const tuples = rows.map((row) => valuesOf(row, fields)).filter((tuple) => tuple.some((each) => each !== ''))
  const count = new Set(tuples.map((tuple) => JSON.stringify(tuple))).size
  return String(limit === 0 ? count : Math.min(limit, count))
}

const SCALE_BITS = 300

/** The float that is nearest to the true sum of these floats; NaN of none. */
function sumOf(numbers: readonly number[]): number {
  if (numbers.length === 0) return Number.NaN
  if (!numbers.every(Number.isFinite)) return numbers.reduce((sum, number) => sum + number, 0)
  const scale = 2 ** SCALE_BITS
  const sum = numbers.reduce((all, number) => all + BigInt(number * scale), 0n)
  return Number(sum) / scale
}

/** The value at this share of all in their order; of those that count the same the first, but the last of all. */
function quantileOf(values: readonly string[], share: number): string {
  if (values.length === 0) return ''
  const sorted = [...values].sort(compareExactly)
  const at = Math.min(Math.floor(share * sorted.length), sorted.length - 1)
  if (at === sorted.length - 1) return sorted[at]
  const isSame = (value: string): boolean =>
    compareValues(value, sorted[at]) === 0 || amountOf(value) === (amountOf(sorted[at]) ?? value)
  return sorted.find(isSame)!
}

/** The first of the rows that have the smallest value (`sign` 1) or the largest one (-1). */
function extremeRow(rows: Rows, field: string, sign: 1 | -1): NaiveFields | undefined {
  let best: NaiveFields | undefined
  for (const row of rows) {
    if ((row[field] ?? '') === '') continue
    if (best === undefined || compareValues(row[field], best[field]) * sign < 0) best = row
  }
  return best
}

const FIRST_NAMES = ['_time', '_stream', '_msg', 'level']

/** Fields that are named in that order, then those of prefixes: the record's own as it shows them. */
function jsonOfRow(row: NaiveFields | undefined, fields: readonly FieldPattern[]): string {
  if (row === undefined) return '{}'
  const named = fields.filter(({ isPrefix }) => !isPrefix).map(({ name }) => name)
  const prefixes = fields.filter(({ isPrefix }) => isPrefix)
  const others = Object.keys(row).filter((name) => isMeant(name, prefixes))
  const own = others.filter((name) => !FIRST_NAMES.includes(name) && name !== '_id').sort()
  const shown = [...named, ...FIRST_NAMES.filter((name) => others.includes(name)), ...own]
  const names = [...new Set([...shown, ...others])].filter((name) => (row[name] ?? '') !== '')
  return `{${names.map((name) => `${jsonOf(name)}:${jsonOf(row[name])}`).join(',')}}`
}
