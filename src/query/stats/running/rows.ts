/** What `running_stats` and `total_stats` have in common: rows by time, in groups, and the values of their calls. */
import type { Pipe } from '../../ast.ts'
import { type FieldsWanted, withFields, withoutFields } from '../../batches/fields-wanted.ts'
import type { RowBatch } from '../../batches/row-batch.ts'
import { RowSorter } from '../../batches/row-sorter.ts'
import { fieldsOfFilter } from '../../filter-fields.ts'
import type { FilterPrinter } from '../../filters/kind.ts'
import type { PipeContext } from '../../pipes/kind.ts'
import { parseGroup } from '../../pipes/parts.ts'
import { TIME_FIELD } from '../../special-fields.ts'
import type { FilterParser } from '../../syntax/filter-parser.ts'
import { type NamedCall, parseCalls, printCalls } from '../call-parser.ts'
import { bindGroupKey, type GroupKey, parseGroupKey, printGroupKey, type ReadGroups } from '../group-key.ts'
import { GroupTable } from '../group-table.ts'
import type { RunningState } from './kind.ts'
import { RUNNING_FUNCTIONS_BY_NAME, runningFunctionOf } from './registry.ts'

export interface RunningPipe extends Pipe {
  readonly by: readonly GroupKey[]
  readonly calls: readonly NamedCall[]
}

export function parseRunning(parser: FilterParser, pipe: string): Omit<RunningPipe, 'kind'> {
  const { reader } = parser
  const hasBy = reader.takeWord('by') || reader.isSymbol('(')
  const by = hasBy ? parseGroup(parser, 'after `by`', () => parseGroupKey(parser)) : []
  return { by, calls: parseCalls(parser, RUNNING_FUNCTIONS_BY_NAME, pipe, []) }
}

export function printRunning({ kind, by, calls }: RunningPipe, printer: FilterPrinter): string {
  const keys = by.map((key) => printGroupKey(key, printer)).join(', ')
  const group = by.length === 0 ? '' : `by (${keys}) `
  return `${kind} ${group}${printCalls(calls, RUNNING_FUNCTIONS_BY_NAME, printer)}`
}

export function wantsOfRunning({ by, calls }: RunningPipe, after: FieldsWanted): FieldsWanted {
  const made = calls.map(({ as }) => as)
  return withFields(withoutFields(after, made), [
    TIME_FIELD,
    ...by.map(({ field }) => field),
    ...calls.flatMap(({ call }) => runningFunctionOf(call).wants(call)),
    ...calls.flatMap(({ filter }) => (filter === null ? [] : fieldsOfFilter(filter))),
  ])
}

export function leavesOfRunning(
  { calls }: RunningPipe,
  entering: readonly string[] | null,
): readonly string[] | null {
  return entering === null ? null : [...new Set([...entering, ...calls.map(({ as }) => as)])]
}

/** Rows of records come oldest first; others are put in the order of their `_time`, and of their arrival. */
export async function* rowsByTime(
  input: AsyncIterable<RowBatch>,
  { memory }: PipeContext,
): AsyncGenerator<RowBatch> {
  let sorter: RowSorter | null = null
  for await (const batch of input) {
    if (batch.keys !== null && sorter === null) yield batch
    else {
      sorter ??= new RowSorter(BY_TIME, memory)
      sorter.add(batch)
    }
  }
  if (sorter !== null) yield sorter.sorted()
}

const BY_TIME = {
  by: [{ field: TIME_FIELD, isDesc: false }],
  isDesc: false,
  isNewestFirst: false,
  partitionBy: [],
  rowsMax: Infinity,
}

interface BoundCall {
  readonly as: string
  readonly state: RunningState
  readonly find: ((batch: RowBatch) => Uint32Array | null) | null
}

/** The values of all calls. */
export class RunningCalls {
  readonly #keys: readonly ReadGroups[]
  readonly #table: GroupTable
  readonly #calls: readonly BoundCall[]

  constructor({ by, calls }: RunningPipe, context: PipeContext) {
    this.#keys = by.map(bindGroupKey)
    this.#table = new GroupTable(by.length, context.memory, context.random)
    this.#calls = calls.map(({ call, filter, as }) => ({
      as,
      state: runningFunctionOf(call).bind(call, context),
      find: filter === null ? null : context.bindFilter(filter),
    }))
  }

  /** The group of each row of the batch that comes next. */
  groupsOf(batch: RowBatch): (row: number) => number {
    const keys = this.#keys.map((read) => read(batch))
    const { ofRow, only } = this.#table.rowsOf(batch.rowCount, keys)
    return ofRow === null ? () => only : (row) => ofRow[row]
  }

  /** Adds the rows; with their values after each of them, by call. */
  add(batch: RowBatch, groupOf: (row: number) => number, isRunning: boolean): string[][] {
    return this.#calls.map(({ state, find }) => {
      const rows = find?.(batch) ?? null
      const texts = new Array<string>(isRunning ? batch.rowCount : 0)
      state.read(batch)
      let at = 0
      for (let row = 0; row < batch.rowCount; row++) {
        const group = groupOf(row)
        if (rows === null || rows[at] === row) {
          state.add(row, group)
          at++
        }
        if (isRunning) texts[row] = state.text(group)
      }
      return texts
    })
  }

  /** The values that the groups of the rows have by now, by call. */
  textsOf(batch: RowBatch, groupOf: (row: number) => number): string[][] {
    return this.#calls.map(({ state }) =>
      Array.from({ length: batch.rowCount }, (_, row) => state.text(groupOf(row))),
    )
  }

  /** The batch with the values in the fields of their calls. */
  withTexts(batch: RowBatch, texts: readonly (readonly string[])[]): RowBatch {
    return this.#calls.reduce((made, { as }, at) => made.with(as, texts[at]), batch)
  }
}
