/** `logcaster delete`: deletes what matches a filter, in the background of the server, over HTTP. */
import { CodedError } from '../base/base.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_FALSE } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_CONNECTION_OPTIONS } from './http-sender-options.ts'
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import { keepAlive } from './keep-alive.ts'
import { printNumber } from './progress.ts'
import { isJsonWanted } from './row-output.ts'
import { describeTask } from './tasks-command.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'

const ASK_AGAIN_MS = 500
const ANSWER_BYTES_MAX = 1024

export const deleteCommand: Command = {
  name: 'delete',
  summary: 'delete what matches a filter',
  examples: [
    { line: "logcaster delete 'service:shop level:debug'", what: 'asks first, then starts it' },
    { line: "logcaster delete 'user:mia' --yes --wait", what: 'returns when it is done' },
  ],
  notes: [
    'Deletes what is there when the server takes the order, and nothing that comes later. It works in the background, ' +
      'part by part, and goes on after a restart; logcaster tasks shows how far it is. There is no way back.',
    'The filter is LogsQL without pipes. Try it first: logcaster query.',
    'Needs a token that grants admin: see logcaster token.',
  ],
  uses: ['output'],
  options: [
    { name: 'yes', kind: 'flag', help: 'do not ask' },
    { name: 'wait', kind: 'flag', help: 'return when it is done' },
    ...HTTP_CONNECTION_OPTIONS,
  ],
  positionals: [{ name: 'FILTER', help: 'which records: LogsQL without pipes', required: true, many: false }],
  run: runDelete,
}

async function runDelete(context: CommandContext): Promise<number> {
  const [query] = context.args.positionals
  if (!context.args.flag('yes')) await confirm(context, query)
  const ordered = objectOf(await askHttp(context, { method: 'POST', path: 'delete', body: { query } }))
  const task = context.args.flag('wait') ? await ended(context, ordered) : ordered
  await context.out.write(
    isJsonWanted(context.args)
      ? `${jsonSafe(JSON.stringify(task))}\n`
      : `${terminalSafe(describeTask(task))}\n`,
  )
  return textOf(task['state']) === 'cancelled' ? EXIT_FALSE : EXIT_DONE
}

/** USAGE: nobody is there to be asked, or whoever is said no. */
async function confirm({ io, messages }: CommandContext, query: string): Promise<void> {
  if (io.stdin.isTTY !== true)
    throw new CodedError('USAGE', 'delete asks before it deletes, and nobody can answer here; give --yes')
  messages.note(`This deletes all records that match: ${terminalSafe(query)}\nType yes to go on.`)
  let answer = ''
  for await (const chunk of io.stdin) {
    answer += Buffer.from(chunk).toString('latin1')
    if (answer.includes('\n') || answer.length > ANSWER_BYTES_MAX) break
  }
  if (answer.split('\n')[0].trim() !== 'yes') throw new CodedError('USAGE', 'nothing was deleted')
}

/** The task when it is done or cancelled; its problems are told once each. */
async function ended(context: CommandContext, ordered: JsonObject): Promise<JsonObject> {
  using _alive = keepAlive()
  const id = textOf(ordered['id'])
  let told = ''
  let shown = 0
  for (;;) {
    const tasks = objectsOf(objectOf(await askHttp(context, { method: 'GET', path: 'tasks' }))['tasks'])
    const task = tasks.find((each) => textOf(each['id']) === id)
    // A server that was started again forgets what ended before.
    if (task === undefined) return { ...ordered, state: 'done' }
    const problem = textOf(task['problem'])
    if (problem !== '' && problem !== told) context.messages.problem(problem)
    told = problem
    if (['done', 'cancelled'].includes(textOf(task['state']))) return task
    const records = numberOf(task['deletedRecords'])
    if (records > shown) context.messages.note(`${printNumber(records)} records deleted so far`)
    shown = records
    await pause(context)
  }
}

function pause({ io, interrupted }: CommandContext): Promise<void> {
  return new Promise((resolve) => {
    const cancel = io.clock.after(ASK_AGAIN_MS, end)
    interrupted.addEventListener('abort', end, { once: true })
    function end(): void {
      cancel()
      interrupted.removeEventListener('abort', end)
      resolve()
    }
  })
}
