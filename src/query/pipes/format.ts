/**
 * `format "request of <user> from <uc:host>" as text`: a text with the values of fields in it. `<_>` is nothing; `&lt;` is
 * a `<`. What `<option:field>` does, format-options.ts says.
 */
import type { Filter, Pipe } from '../ast.ts'
import { withFields, withoutFields } from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { BatchMemory } from './batch-memory.ts'
import { type PatternPart, parsePattern } from './extract-pattern.ts'
import { FORMAT_OPTIONS } from './format-options.ts'
import type { PipeKind } from './kind.ts'
import { mapTexts } from './map-texts.ts'
import {
  areWanted,
  bindIf,
  fieldsOfIf,
  namesWith,
  parseFieldName,
  parseIf,
  printFieldAfter,
  printIf,
} from './parts.ts'
import { type Overwrite, parseOverwrite, printOverwrite, withTexts } from './result-fields.ts'

export interface FormatPipe extends Pipe {
  readonly kind: 'format'
  readonly filter: Filter | null
  readonly pattern: string
  /** Where it goes. */
  readonly result: string
  readonly overwrite: Overwrite
}

export const formatPipe: PipeKind<FormatPipe> = {
  kind: 'format',
  names: ['format'],
  summary: `a text made of fields; \`<option:field>\` with ${[...FORMAT_OPTIONS.keys()].join(', ')}`,
  examples: [
    '* | format "request from <ip>:<port>"',
    '* | format if (user:*) "<uc:method> <path> by <q:user>" as line',
    '* | format "<duration:took_ns> since <time:started>" as text keep_original_fields',
  ],
  isLive: true,
  keepsRows: true,
  parse,
  print: ({ filter, pattern, result, overwrite }, printer) =>
    `format${printIf(filter, printer)} ${printer.phrase(pattern)}` +
    `${printFieldAfter('as', result, printer)}${printOverwrite(overwrite)}`,
  wants({ filter, pattern, result, overwrite }, after) {
    if (!areWanted(after, [result])) return after
    const isAlways = overwrite === 'always' && filter === null
    const used = partsOf(pattern).flatMap(({ field }) => (field === null ? [] : [field]))
    return withFields(isAlways ? withoutFields(after, [result]) : after, [...used, ...fieldsOfIf(filter)])
  },
  leaves: ({ result }, entering) => namesWith(entering, [result]),
  bindBatch({ filter, pattern, result, overwrite }, context) {
    const find = bindIf(filter, context)
    const parts = partsOf(pattern)
    const memory = new BatchMemory(context.memory)
    return (batch) => {
      memory.begin()
      const rows = find(batch)
      return withTexts(batch, result, rows, overwrite, formatted(batch, rows, parts, memory))
    }
  },
}

const OPTION_NAMES = [...FORMAT_OPTIONS.keys()]

function parse(parser: FilterParser): FormatPipe {
  const { reader } = parser
  const filter = parseIf(parser)
  const { text, span } = reader.expectPhrase('a text like `"<ip>:<port>"`', { colon: true })
  parsePattern(text, OPTION_NAMES, (message) => reader.problem(message, span))
  const result = reader.takeWord('as') ? parseFieldName(parser) : MESSAGE_FIELD
  return { kind: 'format', filter, pattern: text, result, overwrite: parseOverwrite(parser) }
}

/** Of a node: it was valid when it was parsed. */
const partsOf = (pattern: string): PatternPart[] =>
  parsePattern(pattern, OPTION_NAMES, (message) => new Error(message))

/** By row; of rows that are not asked for, empty. */
function formatted(
  batch: RowBatch,
  rows: Uint32Array | null,
  parts: readonly PatternPart[],
  memory: BatchMemory,
): string[] {
  const texts = new Array<string>(batch.rowCount).fill('')
  const count = rows === null ? texts.length : rows.length
  for (const { text, field, option } of parts) {
    const values = field === null ? null : optionTexts(batch, rows, field, option)
    let added = 0
    for (let at = 0; at < count; at++) {
      const row = rows === null ? at : rows[at]
      const value = values === null ? text : text + values[row]
      added += value.length
      texts[row] += value
    }
    memory.chargeGrowth(0, added)
  }
  return texts
}

function optionTexts(
  batch: RowBatch,
  rows: Uint32Array | null,
  field: string,
  option: string,
): readonly string[] {
  const map = FORMAT_OPTIONS.get(option)
  return (map === undefined ? batch : mapTexts(batch, field, rows, map)).texts(field)
}
