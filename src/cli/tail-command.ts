/** `logcaster tail`: records as they are stored, until Ctrl+C. */
import { CodedError } from '../base/base.ts'
import { printAnswer } from './answer-output.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED } from './exit-codes.ts'
import type { Messages } from './messages.ts'
import { count } from './plural.ts'
import { composeQuery } from './query-text.ts'
import { printerOf, rowFormatOf } from './row-output.ts'
import type { AnswerItem } from './text-query.ts'

export const tailCommand: Command = {
  name: 'tail',
  summary: 'show records as they are stored',
  examples: [
    { line: 'logcaster tail', what: 'everything, until Ctrl+C' },
    { line: 'logcaster tail level:ERROR', what: 'the errors only' },
    { line: 'logcaster tail -o raw | grep -i timeout', what: 'messages for another program' },
  ],
  notes: [
    'A server that stops ends the tail, with exit code 3. What is stored until the next tail is found with ' +
      'logcaster query and _id:>ID, where ID is the last id that was shown.',
    'Every matching record is shown once, in the order of storing. Should this end be too slow, the gap is told on ' +
      'stderr with its first and last id; with --json it is a row as well, {"_gap": {fromId, toId, count}}.',
  ],
  uses: ['connection', 'output'],
  options: [],
  positionals: [
    {
      name: 'QUERY',
      help: 'a LogsQL filter, and pipes that look at one record at a time; without it, every record',
      required: false,
      many: true,
      dashMeaning: 'a query',
    },
  ],
  run: runTail,
}

async function runTail(context: CommandContext): Promise<number> {
  const text = composeQuery(context.args.positionals.join(' '), {
    nowMs: context.io.clock.wallMs(),
    allFields: rowFormatOf(context) === 'json',
  })
  const hear = (items: readonly AnswerItem[]): void => tellTail(context.messages, items)
  await printAnswer(context, `QUERY|TAIL|${text}`, printerOf(context), hear)
  if (context.interrupted.aborted) return EXIT_INTERRUPTED
  if (!context.out.closed.aborted) throw endedByServer()
  return EXIT_DONE
}

/** A tail has no end of its own: a server that stops ends the answer as it should be ended. */
function endedByServer(): CodedError {
  return new CodedError(
    'SERVER_UNREACHABLE',
    'The server has ended the tail, as it does when it stops: what is stored from now on is not shown.',
  )
}

/** What a tail says besides its rows: that it has begun, and what it missed. */
export function tellTail(messages: Messages, items: readonly AnswerItem[]): void {
  for (const item of items) {
    if (item.kind === 'start') messages.note('Waiting for records; Ctrl+C ends.')
    if (item.kind !== 'gap') continue
    const missed = count(Number(item.count), 'record')
    messages.problem(`gap: ${missed} from id ${item.fromId} to ${item.toId} not shown, this end was too slow`)
  }
}
