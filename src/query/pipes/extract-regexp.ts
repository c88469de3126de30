/** `extract_regexp "(?P<ip>[0-9.]+)" from field`: fields out of a text, by the named groups of a pattern in RE2 syntax. */
import type { ValueTest } from '../../record/record.ts'
import type { Pipe } from '../ast.ts'
import { compileRegexp } from '../regexp/regexp.ts'
import { regexpTest } from '../regexp/value-test.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { type Extraction, parseExtraction, printExtraction, wantsOfExtraction } from './extraction.ts'
import type { PipeKind } from './kind.ts'
import { bindIf, namesWith } from './parts.ts'
import { withResults } from './result-fields.ts'

export interface ExtractRegexpPipe extends Pipe, Extraction {
  readonly kind: 'extractRegexp'
}

export const extractRegexpPipe: PipeKind<ExtractRegexpPipe> = {
  kind: 'extractRegexp',
  names: ['extract_regexp'],
  summary: 'fields out of a text, by the named groups of a regular expression; `extract` costs less',
  examples: [
    '* | extract_regexp "(?P<ip>([0-9]+[.]){3}[0-9]+)"',
    '* | extract_regexp if (ip:"") "from (?P<ip>[0-9.]+) port (?P<port>[0-9]+)" from text skip_empty_results',
  ],
  isLive: true,
  keepsRows: true,
  parse,
  print: (pipe, printer) => `extract_regexp${printExtraction(pipe, printer)}`,
  wants: (pipe, after) => wantsOfExtraction(pipe, namesOf(pipe.pattern), after),
  leaves: ({ pattern }, entering) => namesWith(entering, namesOf(pattern)),
  bindBatch({ filter, pattern, from, overwrite }, context) {
    const find = bindIf(filter, context)
    const regexp = compileRegexp(pattern)
    const names = namesOf(pattern)
    const numbers = names.map((name) => regexp.groupNames.indexOf(name))
    const takeApart = (text: string, parts: string[]): void => {
      const groups = regexp.exec(text)
      if (groups === null) return
      for (let at = 0; at < numbers.length; at++) parts[at] = groups[numbers[at]]
    }
    const fields = { from, names, overwrite, takeApart, needed: neededTest(pattern) }
    return (batch) => withResults(batch, fields, find(batch))
  },
}

function parse(parser: FilterParser): ExtractRegexpPipe {
  const what = 'a regular expression with a group like `(?P<ip>[0-9.]+)`'
  const extraction = parseExtraction(parser, what, (text, span) => {
    compileRegexp(text, span)
    if (namesOf(text).length > 0) return
    throw parser.reader.problem('the regular expression has no named group, like `(?P<ip>[0-9.]+)`', span)
  })
  return { kind: 'extractRegexp', ...extraction }
}

/** Names of the groups, each once. */
function namesOf(pattern: string): string[] {
  return [...new Set(compileRegexp(pattern).groupNames.filter((name) => name !== ''))]
}

/** Shorter texts stand in most values. */
const NEEDLE_BYTES_MIN = 3

/** Worth asking for where the pattern demands a text that few values have. */
function neededTest(pattern: string): ValueTest | null {
  const test = regexpTest(pattern)
  const isRare = test.needles?.every(({ bytes }) => bytes.length >= NEEDLE_BYTES_MIN) === true
  return isRare ? test : null
}
