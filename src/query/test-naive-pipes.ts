/**
 * For tests: what each pipe makes of all rows in their order, as docs/logsql.md says, without any of the engine's pipes.
 * Only `collapse_nums` is asked, which has tests of its own for what a number is.
 */
import type { Filter, Pipe, Query } from './ast.ts'
import type { FieldPattern } from './batches/fields-wanted.ts'
import type { OrderField } from './batches/row-order.ts'
import type { MathExpression } from './math/expression.ts'
import type { CoalescePipe } from './pipes/coalesce.ts'
import type { CollapseNumsPipe } from './pipes/collapse-nums.ts'
import type { CopyPipe } from './pipes/copy.ts'
import type { DeduplicatePipe } from './pipes/deduplicate.ts'
import type { DeletePipe } from './pipes/delete.ts'
import type { ExtractPipe } from './pipes/extract.ts'
import type { FieldFunctionPipe } from './pipes/field-function.ts'
import type { FieldNamesPipe } from './pipes/field-names.ts'
import type { FieldPair } from './pipes/field-pairs.ts'
import type { FieldValuesPipe } from './pipes/field-values.ts'
import type { FieldsPipe } from './pipes/fields.ts'
import type { FilterPipe } from './pipes/filter.ts'
import type { Few } from './pipes/first.ts'
import type { FormatPipe } from './pipes/format.ts'
import type { JoinPipe } from './pipes/join.ts'
import type { LimitPipe } from './pipes/limit.ts'
import type { MathPipe } from './pipes/math.ts'
import type { OffsetPipe } from './pipes/offset.ts'
import type { RenamePipe } from './pipes/rename.ts'
import type { ReplacePipe } from './pipes/replace.ts'
import type { Overwrite } from './pipes/result-fields.ts'
import type { SortPipe } from './pipes/sort.ts'
import type { StatsPipe } from './pipes/stats.ts'
import type { TopPipe } from './pipes/top.ts'
import type { UnionPipe } from './pipes/union.ts'
import type { UniqPipe } from './pipes/uniq.ts'
import type { UnrollPipe } from './pipes/unroll.ts'
import type { GroupKey } from './stats/group-key.ts'
import { matches, type NaiveFields, type ValuesOf } from './test-naive-filters.ts'
import { isMeant, statsValue } from './test-naive-stats.ts'
import {
  amountOf,
  bytesOfText,
  compareTuples,
  compareValues,
  jsonOf,
  momentOf,
  momentText,
  numberOf,
  numberText,
} from './test-naive-values.ts'
import { collapseNumbers, collapseNumbersPretty } from './values/collapse-nums.ts'

export interface NaiveRow {
  readonly fields: NaiveFields
  /** Its place in the order of records; null for what is no record, or not in that order. */
  readonly place: number | null
}

export interface PipeWorld {
  readonly valuesOf: ValuesOf
  select(query: Query): NaiveRow[]
}

type Rows = readonly NaiveRow[]

export function throughPipe(pipe: Pipe, rows: Rows, world: PipeWorld): NaiveRow[] {
  const run = PIPES[pipe.kind]
  if (run === undefined) throw new Error(`no plain meaning of pipe ${pipe.kind}`)
  return run(rows, pipe as never, world).map(({ fields, place }) => ({ fields: filled(fields), place }))
}

const filled = (fields: NaiveFields): NaiveFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))

const rowOf = (fields: NaiveFields): NaiveRow => ({ fields, place: null })

/** What becomes of the fields of each row; `if (…)` leaves other rows as they are. */
const eachRow =
  <P extends Pipe & { readonly filter?: Filter | null }>(
    change: (fields: NaiveFields, pipe: P) => NaiveFields,
  ) =>
  (rows: Rows, pipe: P, { valuesOf }: PipeWorld): NaiveRow[] =>
    rows.map((row) => {
      const isChanged = (pipe.filter ?? null) === null || matches(pipe.filter!, row.fields, valuesOf)
      return isChanged ? { ...row, fields: change(row.fields, pipe) } : row
    })

const PIPES: Readonly<Record<string, (rows: Rows, pipe: never, world: PipeWorld) => NaiveRow[]>> = {
  filter: (rows, { filter }: FilterPipe, { valuesOf }) =>
    rows.filter(({ fields }) => matches(filter, fields, valuesOf)),
  fields: eachRow<FieldsPipe>((fields, pipe) => keep(fields, (name) => isMeant(name, pipe.fields))),
  delete: eachRow<DeletePipe>((fields, pipe) => keep(fields, (name) => !isMeant(name, pipe.fields))),
  copy: eachRow<CopyPipe>((fields, { pairs }) =>
    pairs.reduce((all, pair) => paired(all, pair, false), fields),
  ),
  rename: eachRow<RenamePipe>((fields, { pairs }) =>
    pairs.reduce((all, pair) => paired(all, pair, true), fields),
  ),
  dropEmptyFields: (rows) => rows.filter(({ fields }) => Object.keys(fields).length > 0),
  extract: eachRow<ExtractPipe>((fields, { pattern, from, overwrite }) =>
    Object.entries(extracted(fields[from] ?? '', pattern)).reduce(
      (all, [name, value]) => written(all, name, value, overwrite),
      fields,
    ),
  ),
  format: eachRow<FormatPipe>((fields, { pattern, result, overwrite }) =>
    written(fields, result, formatted(fields, pattern), overwrite),
  ),
  replace: eachRow<ReplacePipe>((fields, { field, what, by, limit }) => ({
    ...fields,
    [field]: replaced(fields[field] ?? '', what, by, limit),
  })),
  collapseNums: eachRow<CollapseNumsPipe>((fields, { field, isPretty }) => ({
    ...fields,
    [field]: (isPretty ? collapseNumbersPretty : collapseNumbers)(fields[field] ?? ''),
  })),
  len: eachRow<FieldFunctionPipe>((fields, { field, result }) => ({
    ...fields,
    [result]: String(bytesOfText(fields[field] ?? '').length),
  })),
  coalesce: eachRow<CoalescePipe>((fields, pipe) => ({
    ...fields,
    [pipe.result]: firstFilled(fields, pipe.fields) || pipe.otherwise,
  })),
  math: eachRow<MathPipe>((fields, { steps }) => steps.reduce((all, step) => withStep(all, step), fields)),
  unroll: (rows, { filter, fields: names }: UnrollPipe, { valuesOf }) =>
    rows.flatMap((row) =>
      filter === null || matches(filter, row.fields, valuesOf) ? unrolled(row, names) : [row],
    ),
  sort: (rows, pipe: SortPipe) => {
    const { by, isDesc, partitionBy, limit, offset, rankAs } = pipe
    return partitioned(sorted(rows, by, isDesc), partitionBy, offset, limit ?? Infinity, rankAs)
  },
  first: (rows, { by, partitionBy, rows: count, rankAs }: Few & Pipe) =>
    partitioned(sorted(rows, by, false), partitionBy, 0, count, rankAs),
  last: (rows, { by, partitionBy, rows: count, rankAs }: Few & Pipe) =>
    partitioned(sorted(rows, by, true), partitionBy, 0, count, rankAs),
  limit: (rows, { rows: count }: LimitPipe) =>
    inRecordOrder(rows) ? rows.slice(Math.max(0, rows.length - count)) : rows.slice(0, count),
  offset: (rows, { rows: count }: OffsetPipe) =>
    inRecordOrder(rows) ? rows.slice(0, Math.max(0, rows.length - count)) : rows.slice(count),
  deduplicate: (rows, { by }: DeduplicatePipe) => deduplicated(rows, by),
  uniq: (rows, { by, hasHits, limit }: UniqPipe) =>
    tuplesOf(rows, by)
      .sort((a, b) => compareTuples(a.tuple, b.tuple))
      .slice(0, limit ?? Infinity)
      .map(({ tuple, rows: all }) =>
        rowOf({ ...named(by, tuple), ...(hasHits && { [freeName('hits', by)]: String(all.length) }) }),
      ),
  field_values: (rows, { field, limit }: FieldValuesPipe) =>
    tuplesOf(rows, [field])
      .sort((a, b) => compareTuples(a.tuple, b.tuple))
      .slice(0, limit ?? Infinity)
      .map(({ tuple: [value], rows: all }) =>
        rowOf({ [field]: value, [freeName('hits', [field])]: String(all.length) }),
      ),
  top: (rows, { rows: count, by, hitsAs, rankAs }: TopPipe) =>
    tuplesOf(rows, by)
      .sort((a, b) => b.rows.length - a.rows.length || compareTuples(a.tuple, b.tuple))
      .slice(0, count)
      .map(({ tuple, rows: all }, at) =>
        rowOf({
          ...named(by, tuple),
          [hitsAs]: String(all.length),
          ...(rankAs !== null && { [rankAs]: String(at + 1) }),
        }),
      ),
  field_names: (rows, { nameAs }: FieldNamesPipe) => {
    const names = [...new Set(rows.flatMap(({ fields }) => Object.keys(fields)))].sort()
    const hitsOf = (name: string): number => rows.filter(({ fields }) => name in fields).length
    return names.map((name) => rowOf({ [nameAs]: name, [freeName('hits', [nameAs])]: String(hitsOf(name)) }))
  },
  stats: (rows, { by, calls }: StatsPipe, { valuesOf }) => {
    const groups = tuplesOf(
      rows,
      by.map(({ field }) => field),
      (value, at) => bucketOf(value, by[at]),
    )
    if (by.length === 0 && groups.length === 0) groups.push({ tuple: [], rows: [] })
    groups.sort((a, b) => compareTuples(a.tuple, b.tuple))
    const resultOf = (group: Rows, { call, filter }: StatsPipe['calls'][number]): string => {
      const all = group.map(({ fields }) => fields)
      return statsValue(call, filter === null ? all : all.filter((row) => matches(filter, row, valuesOf)))
    }
    return groups.map(({ tuple, rows: group }) =>
      rowOf({
        ...named(
          by.map(({ field }) => field),
          tuple,
        ),
        ...Object.fromEntries(calls.map((call) => [call.as, resultOf(group, call)])),
      }),
    )
  },
  union: (rows, { query }: UnionPipe, { select }) =>
    [...rows, ...select(query)].map(({ fields }) => rowOf(fields)),
  join: (rows, pipe: JoinPipe, { select }) => {
    const others = select(pipe.query)
    return rows.flatMap((row) => joined(row, others, pipe))
  },
}

// ---- fields -------------------------------------------------------------------------------------------------

function keep(fields: NaiveFields, isKept: (name: string) => boolean): NaiveFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => isKept(name)))
}

/** After `from as to`; `isMove`: it is gone from where it was. */
function paired(fields: NaiveFields, { from, to }: FieldPair, isMove: boolean): NaiveFields {
  if (from.name === to.name && from.isPrefix === to.isPrefix) return fields
  if (!from.isPrefix) {
    if (from.name === to.name) return fields
    const moved = { ...fields, [to.name]: fields[from.name] ?? '' }
    return isMove ? { ...moved, [from.name]: '' } : moved
  }
  const taken = Object.keys(fields)
    .filter((name) => name.startsWith(from.name) && fields[name] !== '')
    .sort()
  const result: Record<string, string> = { ...fields }
  if (isMove) for (const name of taken) delete result[name]
  for (const name of taken) {
    result[to.isPrefix ? to.name + name.slice(from.name.length) : to.name] = fields[name]
  }
  return result
}

function written(fields: NaiveFields, name: string, value: string, overwrite: Overwrite): NaiveFields {
  const hasOne = (fields[name] ?? '') !== ''
  const isLeft = hasOne && (overwrite === 'keepOriginal' || (overwrite === 'skipEmpty' && value === ''))
  return isLeft ? fields : { ...fields, [name]: value }
}

function firstFilled(fields: NaiveFields, patterns: readonly FieldPattern[]): string {
  for (const pattern of patterns) {
    const names = Object.keys(fields).filter((name) => isMeant(name, [pattern]))
    const found = names.sort().find((name) => fields[name] !== '')
    if (found !== undefined) return fields[found]
  }
  return ''
}

/** With as many of its last letter behind it as make it another name. */
function freeName(name: string, taken: readonly string[]): string {
  return taken.includes(name) ? freeName(name + name.slice(-1), taken) : name
}

const named = (names: readonly string[], values: readonly string[]): NaiveFields =>
  Object.fromEntries(names.map((name, at) => [name, values[at]]))

// ---- texts --------------------------------------------------------------------------------------------------

/** Pieces of text and what stands between them: `a<x>b<plain:y>`. */
function piecesOf(pattern: string): { texts: string[]; places: string[] } {
  const pieces = pattern.split(/<([^>]*)>/)
  return { texts: pieces.filter((_, at) => at % 2 === 0), places: pieces.filter((_, at) => at % 2 === 1) }
}

/** Every field of the pattern, empty where it was not found. */
function extracted(text: string, pattern: string): NaiveFields {
  const { texts, places } = piecesOf(pattern)
  const named = places.map((place) => place.replace(/^plain:/, '')).filter((name) => name !== '_')
  const found: Record<string, string> = Object.fromEntries(named.map((name) => [name, '']))
  let at = text.indexOf(texts[0])
  if (at < 0) return found
  at += texts[0].length
  for (const [number, place] of places.entries()) {
    const next = texts[number + 1]
    const quoted = place.startsWith('plain:') ? null : quotedAt(text, at)
    const end = quoted !== null ? at + quoted.length + 2 : next === '' ? text.length : text.indexOf(next, at)
    if (end < 0) return found
    const name = place.replace(/^plain:/, '')
    if (name !== '_') found[name] = quoted ?? text.slice(at, end)
    if (!text.startsWith(next, end)) return found
    at = end + next.length
  }
  return found
}

/** The text between quotation marks that begins there. There are no backslashes in our records. */
function quotedAt(text: string, at: number): string | null {
  const mark = text[at]
  if (mark === undefined || !`"'\``.includes(mark)) return null
  const end = text.indexOf(mark, at + 1)
  return end < 0 ? null : text.slice(at + 1, end)
}

const FORMATS: Readonly<Record<string, (value: string) => string>> = {
  uc: (value) => value.toUpperCase(),
  lc: (value) => value.toLowerCase(),
  q: jsonOf,
  hexencode: (value) => bytesOfText(value).toString('hex').toUpperCase(),
  base64encode: (value) => bytesOfText(value).toString('base64'),
}

function formatted(fields: NaiveFields, pattern: string): string {
  const { texts, places } = piecesOf(pattern)
  const values = places.map((place) => {
    const [name, option] = place.split(':').reverse()
    const value = fields[name] ?? ''
    return option === undefined ? value : FORMATS[option](value)
  })
  return texts.map((text, at) => text + (values[at] ?? '')).join('')
}

function replaced(text: string, what: string, by: string, limit: number): string {
  if (what === '') return text
  const pieces = text.split(what)
  const count = limit === 0 ? pieces.length - 1 : Math.min(limit, pieces.length - 1)
  const left = pieces.slice(count).join(what)
  return [...pieces.slice(0, count), left].join(by)
}

// ---- numbers ------------------------------------------------------------------------------------------------

/** There is no `-0`. */
function withStep(fields: NaiveFields, { expression, result }: MathPipe['steps'][number]): NaiveFields {
  return { ...fields, [result]: numberText(computed(fields, expression) + 0) }
}

function computed(fields: NaiveFields, expression: MathExpression): number {
  const of = (each: MathExpression): number => computed(fields, each)
  switch (expression.kind) {
    case 'number':
      return numberOf(expression.text) ?? Number.NaN
    case 'field':
      return numberOf(fields[expression.field] ?? '') ?? Number.NaN
    case 'negative':
      return -of(expression.of)
    case 'operation':
      return operated(expression.operator, of(expression.left), of(expression.right))
    case 'call':
      return called(expression.name, expression.values.map(of))
  }
}

function operated(operator: string, left: number, right: number): number {
  if (operator === '+') return left + right
  if (operator === '-') return left - right
  if (operator === '*') return left * right
  if (operator === '/') return left / right
  if (operator === '%') return left % right
  if (operator === 'default') return Number.isNaN(left) ? right : left
  throw new Error(`no plain meaning of ${operator}`)
}

function called(name: string, values: readonly number[]): number {
  const numbers = values.filter((value) => !Number.isNaN(value))
  if (name === 'abs') return Math.abs(values[0])
  if (name === 'floor') return Math.floor(values[0])
  if (name === 'ceil') return Math.ceil(values[0])
  if (name === 'max') return numbers.length === 0 ? Number.NaN : Math.max(...numbers)
  if (name === 'min') return numbers.length === 0 ? Number.NaN : Math.min(...numbers)
  throw new Error(`no plain meaning of ${name}()`)
}

// ---- order --------------------------------------------------------------------------------------------------

const inRecordOrder = (rows: Rows): boolean => rows.every(({ place }) => place !== null)

/** Rows that are the same in all fields are in the order of records, in the direction of the last field. */
function sorted(rows: Rows, by: readonly OrderField[], isDesc: boolean): NaiveRow[] {
  const order = (by.length === 0 ? everyField(rows) : by).map((each) => ({
    field: each.field,
    sign: each.isDesc !== isDesc ? -1 : 1,
  }))
  const lastSign = by.length === 0 ? (isDesc ? -1 : 1) : order[order.length - 1].sign
  return rows.toSorted((a, b) => {
    for (const { field, sign } of order) {
      const compared = compareValues(a.fields[field] ?? '', b.fields[field] ?? '') * sign
      if (compared !== 0) return compared
    }
    return a.place === null || b.place === null ? 0 : (a.place - b.place) * lastSign
  })
}

/** All but `_id`, by name. */
function everyField(rows: Rows): OrderField[] {
  const names = new Set(rows.flatMap(({ fields }) => Object.keys(fields)))
  names.delete('_id')
  return [...names].sort().map((field) => ({ field, isDesc: false }))
}

/** Partitions by their values; of each the rows from `skip` on, up to `count`. What leaves is in an order of its own. */
function partitioned(
  rows: Rows,
  by: readonly string[],
  skip: number,
  count: number,
  rankAs: string | null,
): NaiveRow[] {
  const partitions = tuplesOf(rows, by).sort((a, b) => compareTuples(a.tuple, b.tuple))
  return partitions.flatMap((partition) =>
    partition.rows.slice(0, skip + count).flatMap(({ fields }, at) => {
      if (at < skip) return []
      return [rowOf(rankAs === null ? fields : { ...fields, [rankAs]: String(at + 1) })]
    }),
  )
}

function deduplicated(rows: Rows, by: readonly string[]): NaiveRow[] {
  const seen = new Set<string>()
  const names = by.length === 0 ? everyField(rows).map(({ field }) => field) : by
  return rows.filter(({ fields }) => {
    const key = JSON.stringify(names.map((name) => fields[name] ?? ''))
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}

// ---- groups -------------------------------------------------------------------------------------------------

/** Rows by what they have in these fields, in the order in which the tuples come. */
function tuplesOf(
  rows: Rows,
  fields: readonly string[],
  map: (value: string, at: number) => string = (value) => value,
): { tuple: string[]; rows: NaiveRow[] }[] {
  const groups = new Map<string, { tuple: string[]; rows: NaiveRow[] }>()
  for (const row of rows) {
    const tuple = fields.map((field, at) => map(row.fields[field] ?? '', at))
    const key = JSON.stringify(tuple)
    const group = groups.get(key) ?? { tuple, rows: [] }
    group.rows.push(row)
    groups.set(key, group)
  }
  return [...groups.values()]
}

const WEEK_NS = 604_800_000_000_000n
/** The first Monday. */
const MONDAY_NS = 345_600_000_000_000n

/** The step that the value lies in; what cannot be put into steps stays as it is. */
function bucketOf(value: string, { step, offset }: GroupKey): string {
  if (step === null) return value
  const moment = momentOf(value)
  const size = amountOf(step)
  if (size === null) throw new Error(`no plain meaning of step ${step}`)
  if (moment !== null) {
    const ns = BigInt(size)
    const from = BigInt(amountOf(offset ?? '0') ?? 0) + (ns % WEEK_NS === 0n ? MONDAY_NS : 0n)
    const rest = (((moment - from) % ns) + ns) % ns
    return momentText(moment - rest)
  }
  if (!/^-?\d+$/.test(value)) return value
  return numberText(Math.floor(Number(value) / size) * size)
}

// ---- rows ---------------------------------------------------------------------------------------------------

/** A row for each item of the arrays side by side; without any, the row itself with these fields empty. */
function unrolled({ fields, place }: NaiveRow, names: readonly string[]): NaiveRow[] {
  const lists = names.map((name) => itemsOf(fields[name] ?? ''))
  const count = Math.max(1, ...lists.map(({ length }) => length))
  return Array.from({ length: count }, (_, at) => ({
    fields: {
      ...fields,
      ...named(
        names,
        lists.map((items) => items[at] ?? ''),
      ),
    },
    place,
  }))
}

function itemsOf(text: string): string[] {
  try {
    const items: unknown = JSON.parse(text)
    if (!Array.isArray(items)) return []
    return items.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
  } catch {
    return []
  }
}

/** With each of the rows that have the same values in these fields; what the row has itself stays. */
function joined(row: NaiveRow, others: Rows, { by, isInner, prefix }: JoinPipe): NaiveRow[] {
  const isPartner = ({ fields }: NaiveRow): boolean =>
    by.every((name) => (fields[name] ?? '') === (row.fields[name] ?? ''))
  const partners = others.filter(isPartner)
  if (partners.length === 0) return isInner ? [] : [row]
  return partners.map(({ fields }) => {
    const added = Object.entries(fields).filter(([name]) => !by.includes(name))
    const renamed = Object.fromEntries(added.map(([name, value]) => [prefix + name, value]))
    return { fields: { ...renamed, ...filled(row.fields) }, place: row.place }
  })
}
