/** `coalesce (a, b, c*) default text as name`: the first of these fields that is not empty. */
import type { Pipe } from '../ast.ts'
import {
  type FieldPattern,
  isWanted,
  matchesPattern,
  withFields,
  withoutFields,
} from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { PipeKind } from './kind.ts'
import {
  namesWith,
  parseFieldName,
  parseFieldPatternsInGroup,
  printFieldAfter,
  printFieldPatterns,
} from './parts.ts'

export interface CoalescePipe extends Pipe {
  readonly kind: 'coalesce'
  readonly fields: readonly FieldPattern[]
  /** Where all are empty. */
  readonly otherwise: string
  readonly result: string
}

export const coalescePipe: PipeKind<CoalescePipe> = {
  kind: 'coalesce',
  names: ['coalesce'],
  summary: 'the first of some fields that is not empty, else the default',
  examples: [
    '* | coalesce (user_id, username, email) as user',
    '* | coalesce (trace_id, http.*) default "none" as trace',
  ],
  isLive: true,
  keepsRows: true,
  parse,
  print({ fields, otherwise, result }, printer) {
    const end = otherwise === '' ? '' : ` default ${printer.phrase(otherwise)}`
    return `coalesce (${printFieldPatterns(fields, printer)})${end}${printFieldAfter('as', result, printer)}`
  },
  wants: ({ fields, result }, after) =>
    isWanted(after, result) ? withFields(withoutFields(after, [result]), fields) : after,
  leaves: ({ result }, entering) => namesWith(entering, [result]),
  bindBatch:
    ({ fields, otherwise, result }) =>
    (batch) =>
      batch.with(result, coalesced(batch, fields, otherwise)),
}

function parse(parser: FilterParser): CoalescePipe {
  const { reader } = parser
  const opening = reader.token
  const fields = parseFieldPatternsInGroup(parser, 'after `coalesce`')
  if (fields.length === 0) {
    throw reader.problem('the name of a field is missing in `coalesce ()`', {
      offset: opening.start,
      length: opening.end - opening.start,
    })
  }
  let result: string | null = null
  let otherwise: string | null = null
  for (;;) {
    if (result === null && reader.takeWord('as')) result = parseFieldName(parser)
    else if (otherwise === null && reader.takeWord('default')) {
      otherwise = reader.expectPhrase('a text after `default`', { colon: true }).text
    } else break
  }
  return { kind: 'coalesce', fields, otherwise: otherwise ?? '', result: result ?? MESSAGE_FIELD }
}

function coalesced(batch: RowBatch, fields: readonly FieldPattern[], otherwise: string): string[] {
  const texts = new Array<string>(batch.rowCount).fill('')
  let left = batch.rowCount
  for (const name of namesIn(batch, fields)) {
    if (left === 0) return texts
    const own = batch.texts(name)
    for (let row = 0; row < texts.length; row++) {
      if (texts[row] !== '' || own[row] === '') continue
      texts[row] = own[row]
      left--
    }
  }
  if (otherwise !== '') for (let row = 0; row < texts.length; row++) texts[row] ||= otherwise
  return texts
}

/** Those of a prefix in the order of their names. */
function namesIn(batch: RowBatch, fields: readonly FieldPattern[]): Set<string> {
  const all = batch.names.toSorted()
  return new Set(fields.flatMap((pattern) => all.filter((name) => matchesPattern(name, pattern))))
}
