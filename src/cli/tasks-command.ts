/** `logcaster tasks`: the work in the background of a server, over HTTP. */
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_CONNECTION_OPTIONS } from './http-sender-options.ts'
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import { printNumber } from './progress.ts'
import { isJsonWanted } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'

export const tasksCommand: Command = {
  name: 'tasks',
  summary: 'show what the server deletes in the background, or end it',
  examples: [
    { line: 'logcaster tasks', what: 'what runs, and what ended since the start' },
    { line: 'logcaster tasks --cancel logs-12', what: 'ends it; what it deleted stays deleted' },
  ],
  notes: ['Needs a token that grants admin: see logcaster token.'],
  uses: ['output'],
  options: [{ name: 'cancel', kind: 'text', value: 'ID', help: 'end this one' }, ...HTTP_CONNECTION_OPTIONS],
  positionals: [],
  run: runTasks,
}

async function runTasks(context: CommandContext): Promise<number> {
  const { args, out } = context
  const id = args.text('cancel')
  if (id !== undefined) {
    await askHttp(context, { method: 'DELETE', path: `tasks/${encodeURIComponent(id)}` })
    context.messages.note(`${terminalSafe(id)} is cancelled`)
    return EXIT_DONE
  }
  const tasks = objectsOf(objectOf(await askHttp(context, { method: 'GET', path: 'tasks' }))['tasks'])
  for (const task of tasks) {
    const text = isJsonWanted(args) ? jsonSafe(JSON.stringify(task)) : terminalSafe(describeTask(task))
    await out.write(`${text}\n`)
  }
  return EXIT_DONE
}

/** `logs-12  running  1,234 deleted  level:error  (why it waits)` */
export function describeTask(task: JsonObject): string {
  const problem = textOf(task['problem'])
  const words = [
    textOf(task['id']),
    textOf(task['state']),
    `${printNumber(numberOf(task['deletedRecords']))} deleted`,
    textOf(task['query']),
  ]
  return problem === '' ? words.join('  ') : `${words.join('  ')}  (${problem})`
}
