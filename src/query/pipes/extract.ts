/** `extract "ip=<ip> user=<user>" from field`: fields out of a text. What the pattern means: extract-pattern.ts. */
import type { Pipe } from '../ast.ts'
import { substringTest } from '../filters/substring.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { ExtractPattern } from './extract-pattern.ts'
import { type Extraction, parseExtraction, printExtraction, wantsOfExtraction } from './extraction.ts'
import type { PipeKind } from './kind.ts'
import { bindIf, namesWith } from './parts.ts'
import { withResults } from './result-fields.ts'

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
    return (batch) => withResults(batch, from, bound.names, find(batch), overwrite, takeApart, needed)
  },
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
