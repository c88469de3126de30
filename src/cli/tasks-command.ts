/** `logcaster tasks`: the work in the background of a server, over HTTP. */
import { type JsonObject, numberOf, textOf } from './json-shape.ts'
import { listOrCancelCommand } from './list-or-cancel.ts'
import { printNumber } from './progress.ts'

export const tasksCommand = listOrCancelCommand({
  name: 'tasks',
  summary: 'show what the server deletes in the background, or end it',
  examples: [
    { line: 'logcaster tasks', what: 'what runs, and what ended since the start' },
    { line: 'logcaster tasks --cancel logs-12', what: 'ends it; what it deleted stays deleted' },
  ],
  options: [],
  path: 'tasks',
  pathOfOne: 'tasks',
  list: () => 'tasks',
  describe: describeTask,
})

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
