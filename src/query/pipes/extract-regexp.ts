/** `extract_regexp "(?P<ip>[0-9.]+)" from field`: fields out of a text, by the named groups of a pattern in RE2 syntax. */
import type { ValueTest } from '../../record/record.ts'
import type { Filter, Pipe } from '../ast.ts'
import { withFields, withoutFields } from '../batches/fields-wanted.ts'
import { compileRegexp } from '../regexp/regexp.ts'
import { regexpTest } from '../regexp/value-test.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
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

export interface ExtractRegexpPipe extends Pipe {
  readonly kind: 'extractRegexp'
  readonly filter: Filter | null
  readonly pattern: string
  readonly from: string
  readonly overwrite: Overwrite
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
  print: ({ filter, pattern, from, overwrite }, printer) =>
    `extract_regexp${printIf(filter, printer)} ${printer.phrase(pattern)}` +
    `${printFieldAfter('from', from, printer)}${printOverwrite(overwrite)}`,
  wants({ filter, pattern, from, overwrite }, after) {
    const names = namesOf(pattern)
    if (!areWanted(after, names)) return after
    const isAlways = overwrite === 'always' && filter === null
    return withFields(isAlways ? withoutFields(after, names) : after, [from, ...fieldsOfIf(filter)])
  },
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
    const needed = neededTest(pattern)
    return (batch) => withResults(batch, from, names, find(batch), overwrite, takeApart, needed)
  },
}

function parse(parser: FilterParser): ExtractRegexpPipe {
  const { reader } = parser
  const filter = parseIf(parser)
  const { text, span } = reader.expectPhrase('a regular expression with a group like `(?P<ip>[0-9.]+)`', {
    colon: true,
    asterisk: true,
  })
  compileRegexp(text, span)
  if (namesOf(text).length === 0) {
    throw reader.problem('the regular expression has no named group, like `(?P<ip>[0-9.]+)`', span)
  }
  const from = parseFieldAfter(parser, 'from')
  return { kind: 'extractRegexp', filter, pattern: text, from, overwrite: parseOverwrite(parser) }
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
