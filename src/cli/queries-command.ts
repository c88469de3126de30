/** `logcaster queries`: what is asked of a server right now, over HTTP. */
import { type JsonObject, numberOf, textOf } from './json-shape.ts'
import { listOrCancelCommand } from './list-or-cancel.ts'
import { printNumber } from './progress.ts'

export const queriesCommand = listOrCancelCommand({
  name: 'queries',
  summary: 'show the queries that run on a server, or end one',
  examples: [
    { line: 'logcaster queries', what: 'what waits and runs, how far it is, and who asked' },
    { line: 'logcaster queries --slow', what: 'the last ones that took a second or longer' },
    { line: 'logcaster queries --cancel 1f0c9a7be2d35c68', what: 'ends it' },
  ],
  options: [{ name: 'slow', kind: 'flag', help: 'those that took long, the last one first' }],
  path: 'queries',
  pathOfOne: 'query',
  list: ({ args }) => (args.flag('slow') ? 'slow' : 'running'),
  describe: describeQuery,
})

/**
 * `1f0c9a7be2d35c68  running  1.3 s  40 % of 5,000,000 sealed records  127.0.0.1  level:error`, with what went wrong. How
 * far it is with what is not sealed nobody counts.
 */
export function describeQuery(query: JsonObject): string {
  const all = numberOf(query['recordsAll'])
  const share = Math.floor((100 * numberOf(query['recordsDone'])) / all)
  const words = [
    textOf(query['id']),
    textOf(query['state']),
    `${(numberOf(query['tookMs']) / 1000).toFixed(1)} s`,
    all === 0 ? '' : `${share} % of ${printNumber(all)} sealed records`,
    textOf(query['client']),
    textOf(query['query']),
  ]
  const problem = textOf(query['problem'])
  return [...words.filter((word) => word !== ''), ...(problem === '' ? [] : [`(${problem})`])].join('  ')
}
