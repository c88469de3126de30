/**
 * `replace_regexp ("what", "by what") at field`: what a pattern in RE2 syntax finds replaced by a text, in which `$1`,
 * `${1}` and `${name}` are groups of the pattern, `$0` is all that was found, and `$$` is a dollar.
 */
import { CodedError } from '../../base/portable.ts'
import { compileRegexp } from '../regexp/regexp.ts'
import type { PipeKind } from './kind.ts'
import { namesWith } from './parts.ts'
import {
  bindReplacedField,
  parseReplacedField,
  printReplacedField,
  type ReplacedField,
  replacedFieldWants,
} from './replaced-field.ts'

export interface ReplaceRegexpPipe extends ReplacedField {
  readonly kind: 'replaceRegexp'
}

export const replaceRegexpPipe: PipeKind<ReplaceRegexpPipe> = {
  kind: 'replaceRegexp',
  names: ['replace_regexp'],
  summary: 'what a regular expression finds replaced by a text, with `$1` and `$name` for its groups',
  examples: [
    '* | replace_regexp ("user=[^ ]+", "user=***")',
    '* | replace_regexp if (path:*) ("/([0-9]+)(/|$)", "/<id>$2") at path limit 3',
  ],
  isLive: true,
  keepsRows: true,
  parse: (parser) => ({
    kind: 'replaceRegexp',
    ...parseReplacedField(parser, 'replace_regexp', ({ text, span }) => compileRegexp(text, span)),
  }),
  print: (pipe, printer) => `replace_regexp${printReplacedField(pipe, printer)}`,
  wants: replacedFieldWants,
  leaves: ({ field }, entering) => namesWith(entering, [field]),
  bindBatch(pipe, context) {
    const { what, by, limit } = pipe
    const regexp = compileRegexp(what)
    return bindReplacedField(pipe, context, (text, memory) => {
      const result = withinLength(() => regexp.replaceAll(text, by, limit))
      memory.chargeGrowth(text.length, result.length)
      return result
    })
  },
}

/** Texts have a length that no memory would hold. */
function withinLength(make: () => string): string {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CodedError('QUERY_TOO_LARGE', 'a value that pipe `replace_regexp` makes is too long')
  }
}
