/** `logcaster queries`: what is asked of a server right now, over HTTP. */
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_CONNECTION_OPTIONS } from './http-sender-options.ts'
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import { printNumber } from './progress.ts'
import { isJsonWanted } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'

export const queriesCommand: Command = {
  name: 'queries',
  summary: 'show the queries that run on a server, or end one',
  examples: [
    { line: 'logcaster queries', what: 'what waits and runs, how far it is, and who asked' },
    { line: 'logcaster queries --slow', what: 'the last ones that took a second or longer' },
    { line: 'logcaster queries --cancel 1f0c9a7be2d35c68', what: 'ends it' },
  ],
  notes: ['Needs a token that grants admin: see logcaster token.'],
  uses: ['output'],
  options: [
    { name: 'slow', kind: 'flag', help: 'those that took long, the last one first' },
    { name: 'cancel', kind: 'text', value: 'ID', help: 'end this one' },
    ...HTTP_CONNECTION_OPTIONS,
  ],
  positionals: [],
  run: runQueries,
}

async function runQueries(context: CommandContext): Promise<number> {
  const { args, out } = context
  const id = args.text('cancel')
  if (id !== undefined) {
    await askHttp(context, { method: 'DELETE', path: `query/${encodeURIComponent(id)}` })
    context.messages.note(`${terminalSafe(id)} is cancelled`)
    return EXIT_DONE
  }
  const lists = objectOf(await askHttp(context, { method: 'GET', path: 'queries' }))
  for (const query of objectsOf(lists[args.flag('slow') ? 'slow' : 'running'])) {
    const text = isJsonWanted(args) ? jsonSafe(JSON.stringify(query)) : terminalSafe(describeQuery(query))
    await out.write(`${text}\n`)
  }
  return EXIT_DONE
}

/** `1f0c9a7be2d35c68  running  1.3 s  40 % of 5,000,000 records  127.0.0.1  level:error`, with what went wrong. */
export function describeQuery(query: JsonObject): string {
  const all = numberOf(query['recordsAll'])
  const share = all === 0 ? 100 : Math.floor((100 * numberOf(query['recordsDone'])) / all)
  const words = [
    textOf(query['id']),
    textOf(query['state']),
    `${(numberOf(query['tookMs']) / 1000).toFixed(1)} s`,
    `${share} % of ${printNumber(all)} records`,
    textOf(query['client']),
    textOf(query['query']),
  ]
  const problem = textOf(query['problem'])
  return [...words.filter((word) => word !== ''), ...(problem === '' ? [] : [`(${problem})`])].join('  ')
}
