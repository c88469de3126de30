/**
 * `logcaster fields`, `logcaster values` and `logcaster streams`: what matching records hold, with hits, the most
 * frequent first. Asked of the HTTP port.
 */
import { CodedError } from '../base/base.ts'
import { diagnoseQuery, parseQuery } from '../query/query.ts'
import type { Command, CommandContext, OptionRow, PositionalRow } from './command.ts'
import { EXIT_DONE, EXIT_PARTIAL } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_CONNECTION_OPTIONS } from './http-sender-options.ts'
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import { printNumber } from './progress.ts'
import { composeQuery } from './query-text.ts'
import { rowFormatOf } from './row-output.ts'
import { printTable, type TableColumn } from './table.ts'
import { jsonSafe } from './terminal.ts'

const QUERY: PositionalRow = {
  name: 'QUERY',
  help: 'which records: LogsQL without pipes; without it, every record',
  required: false,
  many: true,
  dashMeaning: 'a query',
}

const OPTIONS: readonly OptionRow[] = [
  { name: 'limit', short: 'n', kind: 'integer', value: 'N', min: 1, help: 'the N most frequent ones' },
  {
    name: 'since',
    short: 's',
    kind: 'text',
    value: 'TIME',
    help: 'only records from then on: 5m, 1h, 2d, 2026-11-20',
  },
  { name: 'filter', kind: 'text', value: 'TEXT', help: 'only what holds this text' },
]

const STREAM_OPTION: OptionRow = { name: 'stream', kind: 'flag', help: 'only where it is part of a stream' }

const NOTES = [
  'Hits are records. Without --limit, the 10000 most frequent ones are shown; the server says how many there are.',
]

export const fieldsCommand: Command = {
  name: 'fields',
  summary: 'show which fields records have',
  examples: [
    { line: 'logcaster fields', what: 'the names of all fields, with how many records have each' },
    { line: 'logcaster fields level:error --since 1h', what: 'those of the errors of the last hour' },
    { line: 'logcaster fields --stream', what: 'the fields that name where records come from' },
  ],
  notes: NOTES,
  uses: ['output'],
  options: [...OPTIONS, STREAM_OPTION, ...HTTP_CONNECTION_OPTIONS],
  positionals: [QUERY],
  run: (context) => {
    const path = context.args.flag('stream') ? 'stream_field_names' : 'field_names'
    return runValues(context, { path, title: 'FIELD', words: context.args.positionals })
  },
}

export const valuesCommand: Command = {
  name: 'values',
  summary: 'show the values of a field',
  examples: [
    { line: 'logcaster values host', what: 'every host, with how many records it has' },
    { line: 'logcaster values user timeout -n 10', what: 'the ten users with most timeouts' },
    { line: 'logcaster values path --filter /api/ -o json', what: 'one JSON object a line' },
  ],
  notes: NOTES,
  uses: ['output'],
  options: [...OPTIONS, STREAM_OPTION, ...HTTP_CONNECTION_OPTIONS],
  positionals: [{ name: 'FIELD', help: 'the name of the field', required: true, many: false }, QUERY],
  run: (context) => {
    const [field, ...words] = context.args.positionals
    const path = context.args.flag('stream') ? 'stream_field_values' : 'field_values'
    return runValues(context, { path, field, title: 'VALUE', words })
  },
}

export const streamsCommand: Command = {
  name: 'streams',
  summary: 'show which streams records come in',
  examples: [
    { line: 'logcaster streams', what: 'every stream, with how many records it has' },
    { line: 'logcaster streams level:error --since 1d', what: 'where the errors of the last day come from' },
  ],
  notes: [
    'A stream is what the fields say that name where a record comes from: {host="a",service="shop"}. Senders name ' +
      'them, or ingest.streamFields does.',
    ...NOTES,
  ],
  uses: ['output'],
  options: [...OPTIONS, ...HTTP_CONNECTION_OPTIONS],
  positionals: [QUERY],
  run: (context) => runValues(context, { path: 'streams', title: 'STREAM', words: context.args.positionals }),
}

interface Question {
  /** Below `/select/logsql/`. */
  readonly path: string
  readonly field?: string
  readonly title: string
  /** Of the query. */
  readonly words: readonly string[]
}

async function runValues(context: CommandContext, question: Question): Promise<number> {
  const { args, io } = context
  const text = question.words.join(' ') || '*'
  refusePipes(text, io.clock.wallMs())
  const query = composeQuery(question.words.join(' '), {
    nowMs: io.clock.wallMs(),
    since: args.text('since'),
  })
  const parameters = new URLSearchParams({ query })
  if (question.field !== undefined) parameters.set('field', question.field)
  for (const name of ['limit', 'filter'] as const) {
    const given = name === 'limit' ? args.integer(name) : args.text(name)
    if (given !== undefined) parameters.set(name, String(given))
  }
  // `askHttp` takes paths below `/api/v1/`.
  const path = `../../select/logsql/${question.path}?${parameters}`
  const answer = objectOf(await askHttp(context, { method: 'GET', path }))
  const values = objectsOf(answer['values'])
  await context.out.write(rowFormatOf(context) === 'json' ? jsonLines(values) : table(question.title, values))
  return tellWhatIsMissing(context, answer, values.length) ? EXIT_PARTIAL : EXIT_DONE
}

function jsonLines(values: readonly JsonObject[]): string {
  return values.map((value) => `${jsonSafe(JSON.stringify(value))}\n`).join('')
}

function table(title: string, values: readonly JsonObject[]): string {
  const columns: readonly TableColumn[] = [
    { title: 'HITS', align: 'right' },
    { title, align: 'left' },
  ]
  return printTable(
    columns,
    values.map((value) => [printNumber(numberOf(value['hits'])), textOf(value['value'])]),
  )
}

/** Whether the answer is partial: something was not read, or had no room. */
function tellWhatIsMissing({ messages }: CommandContext, answer: JsonObject, shown: number): boolean {
  const distinct = numberOf(answer['distinct'])
  const isCut = answer['cut'] === true
  if (isCut) {
    messages.problem(
      `There are more than the ${printNumber(distinct)} that fit into the memory of a query: hits may be too few, and ` +
        'values may be missing. Narrow it with --since, --filter or a query.',
    )
  } else if (distinct > shown) {
    messages.note(`The ${printNumber(shown)} most frequent of ${printNumber(distinct)}: see --limit.`)
  }
  const missing = objectsOf(answer['missing'])
  for (const { fromId, toId, reason } of missing) {
    messages.problem(`Records ${numberOf(fromId)} to ${numberOf(toId)} could not be read: ${textOf(reason)}`)
  }
  return isCut || missing.length > 0
}

/** What values there are is asked of what a filter finds. What is wrong with the text, the server says. */
function refusePipes(text: string, nowMs: number): void {
  if (diagnoseQuery(text, { nowMs }).length > 0 || parseQuery(text, { nowMs }).pipes.length === 0) return
  throw new CodedError('USAGE', 'values are those of what a filter finds: leave the pipes out')
}
