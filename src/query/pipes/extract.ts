/** `extract "ip=<ip> user=<user>" from field`: fields out of a text. What the pattern means: extract-pattern.ts. */
import type { ValueTest } from '../../record/record.ts'
import type { Pipe } from '../ast.ts'
import { TextCutter } from '../batches/cut-texts.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { GroupColumn } from '../batches/text-columns.ts'
import { substringTest } from '../filters/substring.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { ExtractPattern } from './extract-pattern.ts'
import { type Extraction, parseExtraction, printExtraction, wantsOfExtraction } from './extraction.ts'
import type { PipeKind } from './kind.ts'
import { bindIf, namesWith } from './parts.ts'
import { withResults } from './result-fields.ts'

/** Of fewer rows than that share of a block, those that are cut are found before a block judges the others. */
const FEW_SHARE = 8

export interface ExtractPipe extends Pipe, Extraction {
  readonly kind: 'extract'
}

export const extractPipe: PipeKind<ExtractPipe> = {
  kind: 'extract',
  names: ['extract'],
  summary: 'fields out of a text: what stands between the texts of a pattern',
  examples: [
    '* | extract "rhost=<ip> "',
    `* | extract '"message":<message>' from _msg`,
    '* | extract if (ip:"") "from <ip> port <port> " keep_original_fields',
    '* | extract "took <plain:ms> ms" from text skip_empty_results',
  ],
  isLive: true,
  keepsRows: true,
  parse,
  print: (pipe, printer) => `extract${printExtraction(pipe, printer)}`,
  wants: (pipe, after) => wantsOfExtraction(pipe, patternOf(pipe.pattern).names, after),
  leaves: ({ pattern }, entering) => namesWith(entering, patternOf(pattern).names),
  bindBatch({ filter, pattern, from, overwrite }, context) {
    const find = bindIf(filter, context)
    const bound = patternOf(pattern)
    const takeApart = (text: string, parts: string[]): void => bound.takeApart(text, parts)
    const needed = bound.first === '' ? null : substringTest(bound.first, false)
    const fields = { from, names: bound.names, overwrite, takeApart, needed }
    const cutter = bound.cut === null || bound.names.includes(from) ? null : new TextCutter(bound.cut)
    return (batch) => {
      const rows = find(batch)
      const column = cutter === null || rows !== null ? null : cutColumn(batch, from, cutter, needed!)
      if (column === null) return withResults(batch, fields, rows)
      const cut = withResults(batch.with(from, column), { ...fields, needed: null }, null)
      return cut.with(from, batch.column(from)!)
    }
  },
}

/** The texts of `from` as far as the pattern looks at them; null where they are read anyway. */
function cutColumn(batch: RowBatch, from: string, cutter: TextCutter, needed: ValueTest): GroupColumn | null {
  const column = batch.column(from)
  const selected = column?.selectedTemplates?.() ?? null
  if (column === null || selected === null) return null
  const isFew = batch.rowCount * FEW_SHARE < selected.templates.ofRow.length
  const wanted = isFew ? null : (column.passing?.(needed) ?? null)
  const groups = cutter.groupsOf(selected, batch.rowCount, wanted, (rows) => {
    const others = column.select(rows)
    const passing = wanted === null ? (others.passing?.(needed) ?? null) : null
    if (passing === null) return { rows, texts: others.texts() }
    const left = passing.map((at) => rows[at])
    return { rows: left, texts: column.select(left).texts() }
  })
  return new GroupColumn(groups, batch.rowCount)
}

function parse(parser: FilterParser): ExtractPipe {
  const extraction = parseExtraction(parser, 'a pattern like `"ip=<ip> "`', (text, span) => {
    new ExtractPattern(text, (message) => parser.reader.problem(message, span))
  })
  return { kind: 'extract', ...extraction }
}

/** Of a node: it was valid when it was parsed. */
const patternOf = (pattern: string): ExtractPattern =>
  new ExtractPattern(pattern, (message) => new Error(message))
