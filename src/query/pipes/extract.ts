/** `extract "ip=<ip> user=<user>" from field`: fields out of a text. What the pattern means: extract-pattern.ts. */
import type { Filter, Pipe } from '../ast.ts'
import { withFields, withoutFields } from '../batches/fields-wanted.ts'
import { substringTest } from '../filters/substring.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { ExtractPattern } from './extract-pattern.ts'
import type { PipeKind } from './kind.ts'
import {
  areWanted,
  bindIf,
  fieldsOfIf,
  namesWith,
  parseFieldAfter,
  parseIf,
  printFieldAfter,
  printIf,
} from './parts.ts'
import { type Overwrite, parseOverwrite, printOverwrite, withResults } from './result-fields.ts'

export interface ExtractPipe extends Pipe {
  readonly kind: 'extract'
  readonly filter: Filter | null
  readonly pattern: string
  readonly from: string
  readonly overwrite: Overwrite
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
  print: ({ filter, pattern, from, overwrite }, printer) =>
    `extract${printIf(filter, printer)} ${printer.phrase(pattern)}` +
    `${printFieldAfter('from', from, printer)}${printOverwrite(overwrite)}`,
  wants({ filter, pattern, from, overwrite }, after) {
    const { names } = patternOf(pattern)
    if (!areWanted(after, names)) return after
    const isAlways = overwrite === 'always' && filter === null
    return withFields(isAlways ? withoutFields(after, names) : after, [from, ...fieldsOfIf(filter)])
  },
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
  const { reader } = parser
  const filter = parseIf(parser)
  const { text, span } = reader.expectPhrase('a pattern like `"ip=<ip> "`', { colon: true, asterisk: true })
  new ExtractPattern(text, (message) => reader.problem(message, span))
  const from = parseFieldAfter(parser, 'from')
  return { kind: 'extract', filter, pattern: text, from, overwrite: parseOverwrite(parser) }
}

/** Of a node: it was valid when it was parsed. */
const patternOf = (pattern: string): ExtractPattern =>
  new ExtractPattern(pattern, (message) => new Error(message))
