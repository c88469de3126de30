/** `logcaster query`: records that match, oldest first, or their number. */
import { CodedError } from '../base/base.ts'
import { caretMessage, diagnoseQuery, explainQuery, parseQuery } from '../query/query.ts'
import { printAnswer } from './answer-output.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED } from './exit-codes.ts'
import { composeQuery } from './query-text.ts'
import { isInteractive, isJsonWanted, printerOf, rowFormatOf } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'
import { askQueryPort } from './text-query.ts'

/** Where the server stops by itself unless it was configured otherwise (`query.rowsMax`). */
const ROWS_MAX_DEFAULT = 10_000

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
  if (isCount) return printCount(context, text)
  await printRows(context, text)
  return context.interrupted.aborted ? EXIT_INTERRUPTED : EXIT_DONE
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

async function printRows(context: CommandContext, text: string): Promise<void> {
  const rowCount = await printAnswer(context, `QUERY|LOGSQL|${text}`, printerOf(context))
  if (rowCount === ROWS_MAX_DEFAULT && context.args.integer('limit') === undefined) {
    context.messages.note(`The newest ${rowCount} rows; there may be older ones: see --limit and --since.`)
  }
}

async function printCount(context: CommandContext, text: string): Promise<number> {
  for await (const items of askQueryPort(context, `QUERY|COUNT|${text}`)) {
    for (const item of items) {
      if (item.kind !== 'row') continue
      const number = String(Number(Buffer.from(item.bytes).toString()))
      const isJson = isJsonWanted(context.args)
      await context.out.write(isJson ? `{"count":${number}}\n` : `${number}\n`)
    }
  }
  return context.interrupted.aborted ? EXIT_INTERRUPTED : EXIT_DONE
}
