/** `replace ("what", "by what") at field`: a text in a value replaced by another one, letter by letter. */
import type { BatchMemory } from './batch-memory.ts'
import type { PipeKind } from './kind.ts'
import { namesWith } from './parts.ts'
import {
  bindReplacedField,
  parseReplacedField,
  printReplacedField,
  type ReplacedField,
  replacedFieldWants,
} from './replaced-field.ts'

export interface ReplacePipe extends ReplacedField {
  readonly kind: 'replace'
}

export const replacePipe: PipeKind<ReplacePipe> = {
  kind: 'replace',
  names: ['replace'],
  summary: 'a text replaced by another one, at most N times in a value with `limit N`',
  examples: [
    '* | replace ("secret-password", "***")',
    '* | replace if (level:error) (" ", "_") at path limit 1',
  ],
  isLive: true,
  keepsRows: true,
  parse: (parser) => ({ kind: 'replace', ...parseReplacedField(parser, 'replace') }),
  print: (pipe, printer) => `replace${printReplacedField(pipe, printer)}`,
  wants: replacedFieldWants,
  leaves: ({ field }, entering) => namesWith(entering, [field]),
  bindBatch: (pipe, context) =>
    bindReplacedField(pipe, context, (text, memory) => replaced(text, pipe, memory)),
}

/** An empty text is found nowhere. */
function replaced(text: string, { what, by, limit }: ReplacePipe, memory: BatchMemory): string {
  if (what === '') return text
  let result = ''
  let from = 0
  let count = 0
  let next = 0
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, next)) {
    next = at + 1
    if (isWithinCharacter(text, at)) continue
    memory.chargeGrowth(what.length, by.length)
    result += text.slice(from, at) + by
    from = at + what.length
    next = from
    if (++count === limit) break
  }
  return count === 0 ? text : result + text.slice(from)
}

/** A byte that is no UTF-8 is one code unit (text.ts), which may also be the second one of a character. */
function isWithinCharacter(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (at === 0 || code < 0xdc00 || code > 0xdfff) return false
  const before = text.charCodeAt(at - 1)
  return before >= 0xd800 && before <= 0xdbff
}
