/** `logcaster query`: records that match, oldest first, or their number. */
import { CodedError } from '../base/base.ts'
import { caretMessage, diagnoseQuery, explainQuery, parseQuery } from '../query/query.ts'
import { exitCodeOfAnswer, printAnswer } from './answer-output.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { objectOfRow } from './json-shape.ts'
import { composeQuery } from './query-text.ts'
import { isInteractive, isJsonWanted, printerOf, rowFormatOf } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'
import type { AnswerItem } from './text-query.ts'

/** Where the server stops by itself unless it was configured otherwise (`query.rowsMax`). */
const ROWS_MAX_DEFAULT = 10_000

/** Unlike the query type COUNT, an answer of LOGSQL says which records could not be read. */
const COUNT_NAME = 'count'
const COUNT_PIPE = ` | stats count() as ${COUNT_NAME}`

export const queryCommand: Command = {
  name: 'query',
  summary: 'find records with LogsQL',
  examples: [
    { line: 'logcaster query level:ERROR --since 1h', what: 'the errors of the last hour' },
    { line: 'logcaster query \'"disk full"\' -n 20', what: 'the newest 20 records with this phrase' },
    { line: 'logcaster query timeout --count', what: 'how many there are' },
    { line: "logcaster query '* | stats by (level) count()' --explain", what: 'how it would be run' },
    { line: 'logcaster query service:checkout -o json', what: 'every field, one JSON object a line' },
    { line: 'logcaster query --host logs.example --tls-ca ca.pem error', what: 'another server, over TLS' },
  ],
  notes: [
    'The newest rows are shown, oldest of them first. Without --limit the server decides how many (query.rowsMax, ' +
      '10000 unless configured).',
    'Words are joined with spaces. Your shell takes quotes away: put a query with quotes, parentheses, * or | into ' +
      "single quotes. A query that starts with a dash comes after --: logcaster query -- '-debug'.",
  ],
  uses: ['connection', 'output'],
  options: [
    {
      name: 'limit',
      short: 'n',
      kind: 'integer',
      value: 'N',
      min: 1,
      help: 'the newest N rows',
    },
    {
      name: 'since',
      short: 's',
      kind: 'text',
      value: 'TIME',
      help: 'only from then on: 5m, 1h, 2d, 2026-11-20',
    },
    { name: 'count', kind: 'flag', help: 'print the number of matching records' },
    { name: 'explain', kind: 'flag', help: 'print what the query means and how it is run, without a server' },
  ],
  positionals: [
    {
      name: 'QUERY',
      help: 'LogsQL; without it, every record, or on a terminal the shell',
      required: false,
      many: true,
      dashMeaning: 'a query',
    },
  ],
  run: runQuery,
}

async function runQuery(context: CommandContext): Promise<number> {
  const { args } = context
  if (isShellMeant(context)) {
    const { runShell } = await import('./shell/shell.ts')
    return runShell(context)
  }
  const isCount = args.flag('count')
  if (isCount && args.integer('limit') !== undefined) {
    throw new CodedError('USAGE', '--count counts all that match; leave out -n')
  }
  const text = composeQuery(args.positionals.join(' '), {
    nowMs: context.io.clock.wallMs(),
    since: args.text('since'),
    limit: args.integer('limit'),
    allFields: !isCount && !args.flag('explain') && rowFormatOf(context) === 'json',
  })
  if (args.flag('explain')) return printExplained(context, text)
  return isCount ? printCount(context, text) : printRows(context, text)
}

/** Nothing was asked, by a person at a terminal. */
function isShellMeant(context: CommandContext): boolean {
  const { args } = context
  const asked = ['limit', 'since', 'count', 'explain', 'json'].some((name) => args.flag(name))
  return isInteractive(context) && !asked && args.positionals.length === 0 && args.text('output') === 'auto'
}

/** QUERY_SYNTAX, with a mark under the place. */
async function printExplained({ args, out, io }: CommandContext, text: string): Promise<number> {
  const nowMs = io.clock.wallMs()
  const problems = diagnoseQuery(text, { nowMs })
  if (problems.length > 0) {
    const [first] = problems
    throw new CodedError('QUERY_SYNTAX', problems.map((problem) => caretMessage(text, problem)).join('\n'), {
      details: { ...first.details },
    })
  }
  const lines = explainQuery(parseQuery(text, { nowMs }), { rowsMax: ROWS_MAX_DEFAULT })
  if (isJsonWanted(args)) {
    const object = Object.fromEntries(lines.map(({ name, text: said }) => [name, said]))
    await out.write(`${jsonSafe(JSON.stringify(object))}\n`)
    return EXIT_DONE
  }
  const width = Math.max(...lines.map(({ name }) => name.length))
  for (const { name, text: said } of lines)
    await out.write(`${terminalSafe(`${name.padEnd(width)}  ${said}`)}\n`)
  return EXIT_DONE
}

async function printRows(context: CommandContext, text: string): Promise<number> {
  const answer = await printAnswer(context, `QUERY|LOGSQL|${text}`, printerOf(context))
  if (answer.rowCount === ROWS_MAX_DEFAULT && context.args.integer('limit') === undefined) {
    context.messages.note(
      `The newest ${answer.rowCount} rows; there may be older ones: see --limit and --since.`,
    )
  }
  return exitCodeOfAnswer(context, answer)
}

async function printCount(context: CommandContext, text: string): Promise<number> {
  const isJson = isJsonWanted(context.args)
  const print = (item: AnswerItem): string => {
    if (item.kind !== 'row') return ''
    const number = String(Number(objectOfRow(item.bytes)?.[COUNT_NAME]))
    return isJson ? `{"count":${number}}\n` : `${number}\n`
  }
  const printer = { printAll: (items: readonly AnswerItem[]) => Buffer.from(items.map(print).join('')) }
  return exitCodeOfAnswer(context, await printAnswer(context, `QUERY|LOGSQL|${text}${COUNT_PIPE}`, printer))
}
