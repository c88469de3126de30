/**
 * `unroll (a, b)`: a row for each item of the JSON arrays in these fields, which stand side by side: the first items of
 * all arrays, the second ones … A shorter array is empty beyond its end, and so is what is no array. A row without
 * any item stays one row.
 */
import type { Filter, Pipe } from '../ast.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { withFields } from '../batches/fields-wanted.ts'
import { textBytes } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { readJsonArray } from '../values/json-text.ts'
import { BatchMemory } from './batch-memory.ts'
import type { PipeKind } from './kind.ts'
import {
  bindIf,
  fieldsOfIf,
  parseFieldNames,
  parseFieldNamesInGroup,
  parseIf,
  printFieldNames,
  printIf,
} from './parts.ts'

export interface UnrollPipe extends Pipe {
  readonly kind: 'unroll'
  readonly filter: Filter | null
  readonly fields: readonly string[]
}

export const unrollPipe: PipeKind<UnrollPipe> = {
  kind: 'unroll',
  names: ['unroll'],
  summary: 'a row for each item of JSON arrays, which stand side by side',
  examples: ['* | unroll (tags)', '* | unroll if (tags:*) by (names, values)'],
  isLive: true,
  parse(parser) {
    const { reader } = parser
    const filter = parseIf(parser)
    reader.takeWord('by')
    const opening = reader.token
    const isGroup = reader.isSymbol('(')
    const fields = isGroup ? parseFieldNamesInGroup(parser, 'after `unroll by`') : parseFieldNames(parser)
    if (fields.length > 0) return { kind: 'unroll', filter, fields: [...new Set(fields)] }
    throw reader.problem('the name of a field is missing in `unroll by ()`', {
      offset: opening.start,
      length: opening.end - opening.start,
    })
  },
  print: ({ filter, fields }, printer) =>
    `unroll${printIf(filter, printer)} by (${printFieldNames(fields, printer)})`,
  wants: ({ filter, fields }, after) => withFields(after, [...fields, ...fieldsOfIf(filter)]),
  leaves: (_pipe, entering) => entering,
  bindBatch({ filter, fields }, context) {
    const find = bindIf(filter, context)
    const memory = new BatchMemory(context.memory)
    return (batch) => {
      memory.begin()
      const rows = find(batch)
      return rows?.length === 0 ? batch : unrolled(batch, rows, fields, memory)
    }
  },
}

const NO_ITEMS: readonly string[] = []
const ROW_BYTES = 16

function unrolled(
  batch: RowBatch,
  rows: Uint32Array | null,
  fields: readonly string[],
  memory: BatchMemory,
): RowBatch {
  const lists = fields.map((name) => itemsOf(batch, name, rows, memory))
  const counts = rowCounts(batch.rowCount, lists)
  const total = counts.reduce((sum, count) => sum + count, 0)
  memory.charge(ROW_BYTES * batch.names.length * Math.max(0, total - batch.rowCount))
  const sources = new Uint32Array(total)
  for (let row = 0, at = 0; row < counts.length; row++) {
    sources.fill(row, at, at + counts[row])
    at += counts[row]
  }
  const selected = batch.select(sources)
  const columns = new Map<string, BatchColumn>(selected.columns)
  for (const [number, name] of fields.entries()) {
    if (batch.column(name) === null) continue
    columns.set(name, new TextColumn(itemTexts(selected.texts(name), sources, lists[number])))
  }
  return selected.withColumns(columns)
}

/** By row: its items; null for rows that are left as they are. */
type Items = readonly (readonly string[] | null)[]

function itemsOf(batch: RowBatch, name: string, rows: Uint32Array | null, memory: BatchMemory): Items {
  const texts = batch.texts(name)
  const items = new Array<readonly string[] | null>(batch.rowCount).fill(null)
  const count = rows === null ? items.length : rows.length
  let lastText: string | null = null
  let last = NO_ITEMS
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    if (texts[row] !== lastText) {
      lastText = texts[row]
      last = lastText === '' ? NO_ITEMS : (readJsonArray(lastText) ?? NO_ITEMS)
      for (const item of last) memory.charge(textBytes(item))
    }
    items[row] = last
  }
  return items
}

/** By row: how many rows it becomes. */
function rowCounts(rowCount: number, lists: readonly Items[]): Uint32Array {
  const counts = new Uint32Array(rowCount).fill(1)
  for (const items of lists) {
    for (let row = 0; row < rowCount; row++) counts[row] = Math.max(counts[row], items[row]?.length ?? 0)
  }
  return counts
}

/** `texts` and `sources` by row of the result. */
function itemTexts(texts: readonly string[], sources: Uint32Array, items: Items): string[] {
  const unrolledTexts = new Array<string>(sources.length)
  let number = 0
  for (let at = 0; at < sources.length; at++) {
    number = at > 0 && sources[at] === sources[at - 1] ? number + 1 : 0
    const own = items[sources[at]]
    unrolledTexts[at] = own === null ? texts[at] : (own[number] ?? '')
  }
  return unrolledTexts
}
