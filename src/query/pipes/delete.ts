/** `delete a, b*`: without these fields. Rows stay, also those that have no field left. */
import type { Pipe } from '../ast.ts'
import { type FieldPattern, matchesPattern, withoutFields } from '../batches/fields-wanted.ts'
import type { PipeKind } from './kind.ts'
import { parseFieldPatterns, printFieldPatterns } from './parts.ts'

export interface DeletePipe extends Pipe {
  readonly kind: 'delete'
  readonly fields: readonly FieldPattern[]
}

export const deletePipe: PipeKind<DeletePipe> = {
  kind: 'delete',
  names: ['delete', 'del', 'rm', 'drop'],
  summary: 'without these fields; `http.*` is all that begin so',
  examples: ['error | delete host, http.*', '* | drop _stream'],
  isLive: true,
  keepsRows: true,
  takesBlocks: true,
  parse: (parser) => ({ kind: 'delete', fields: parseFieldPatterns(parser) }),
  print: ({ fields }, printer) => `delete ${printFieldPatterns(fields, printer)}`,
  wants: ({ fields }, after) => withoutFields(after, fields),
  leaves: ({ fields }, entering) => entering?.filter((name) => !isOneOf(name, fields)) ?? null,
  bindBatch:
    ({ fields }) =>
    (batch) => {
      // Also where no column goes: it may not have been read, and must not be found where it is stored.
      const left = [...batch.columns].filter(([name]) => !isOneOf(name, fields))
      return batch.withColumns(new Map(left))
    },
}

function isOneOf(name: string, fields: readonly FieldPattern[]): boolean {
  return fields.some((pattern) => matchesPattern(name, pattern))
}
