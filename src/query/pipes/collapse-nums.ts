/**
 * `collapse_nums at field prettify`: `<N>` instead of numbers, so that messages that differ only in them become the same.
 * What a number is, and what `prettify` makes of several: ../collapse-nums.ts.
 */
import type { Filter, Pipe } from '../ast.ts'
import type { BatchColumn, TextGroups } from '../batches/batch-column.ts'
import { isWanted, withFields } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { collapsedTemplates } from '../batches/template-groups.ts'
import { GroupColumn } from '../batches/text-columns.ts'
import { CollapsedTexts } from '../values/collapsed-texts.ts'
import type { PipeKind } from './kind.ts'
import { mapTexts } from './map-texts.ts'
import { bindIf, fieldsOfIf, parseFieldAfter, parseIf, printFieldAfter, printIf } from './parts.ts'

export interface CollapseNumsPipe extends Pipe {
  readonly kind: 'collapseNums'
  readonly filter: Filter | null
  readonly field: string
  readonly isPretty: boolean
}

export const collapseNumsPipe: PipeKind<CollapseNumsPipe> = {
  kind: 'collapseNums',
  names: ['collapse_nums'],
  summary:
    '`<N>` instead of numbers; with `prettify` also `<UUID>`, `<IP4>`, `<TIME>`, `<DATE>` and `<DATETIME>`',
  examples: ['* | collapse_nums | top 10 by (_msg)', '* | collapse_nums if (level:error) at text prettify'],
  isLive: true,
  keepsRows: true,
  takesBlocks: true,
  parse(parser) {
    const filter = parseIf(parser)
    const field = parseFieldAfter(parser, 'at')
    return { kind: 'collapseNums', filter, field, isPretty: parser.reader.takeWord('prettify') }
  },
  print({ filter, field, isPretty }, printer) {
    const at = printFieldAfter('at', field, printer)
    return `collapse_nums${printIf(filter, printer)}${at}${isPretty ? ' prettify' : ''}`
  },
  wants: ({ filter, field }, after) =>
    isWanted(after, field) ? withFields(after, fieldsOfIf(filter)) : after,
  leaves: (_pipe, entering) => entering,
  bindBatch({ filter, field, isPretty }, context) {
    const find = bindIf(filter, context)
    const texts = new CollapsedTexts(isPretty, context.random.uint32())
    const forms = new CollapsedTexts(false, context.random.uint32())
    return (batch) => collapsed(batch, field, find(batch), texts, forms)
  },
}

function collapsed(
  batch: RowBatch,
  field: string,
  rows: Uint32Array | null,
  texts: CollapsedTexts,
  forms: CollapsedTexts,
): RowBatch {
  const column = batch.column(field)
  if (column === null) return batch
  if (rows !== null || column.groups() !== null)
    return mapTexts(batch, field, rows, (text) => texts.textOf(text))
  const groups = collapsedGroups(column, batch.rowCount, texts, forms)
  return batch.with(field, new GroupColumn(groups, batch.rowCount))
}

function collapsedGroups(
  column: BatchColumn,
  rowCount: number,
  texts: CollapsedTexts,
  forms: CollapsedTexts,
): TextGroups {
  const templates = column.templates?.() ?? null
  if (templates !== null) return collapsedTemplates(templates, texts.isPretty, forms)
  const stored = column.stored?.() ?? null
  return stored === null ? texts.groupsOfTexts(column.texts()) : texts.groupsOfStored(stored, rowCount)
}
