/** The frame of commands that show what a server does, one thing a line, or end one of them, over HTTP. */
import type { Command, CommandContext, OptionRow } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_CONNECTION_OPTIONS } from './http-sender-options.ts'
import { type JsonObject, objectOf, objectsOf } from './json-shape.ts'
import { isJsonWanted } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'

export interface Listing extends Pick<Command, 'name' | 'summary' | 'examples'> {
  /** Beside --cancel. */
  readonly options: readonly OptionRow[]
  /** Where the server has the lists, and where it has one thing by its id. */
  readonly path: string
  readonly pathOfOne: string
  /** Which of the lists is wanted. */
  readonly list: (context: CommandContext) => string
  readonly describe: (item: JsonObject) => string
}

export function listOrCancelCommand(listing: Listing): Command {
  const { name, summary, examples, options, pathOfOne } = listing
  return {
    ...{ name, summary, examples, uses: ['output'], positionals: [] },
    notes: ['Needs a token that grants admin: see logcaster token.'],
    options: [
      ...options,
      { name: 'cancel', kind: 'text', value: 'ID', help: 'end this one' },
      ...HTTP_CONNECTION_OPTIONS,
    ],
    async run(context) {
      const id = context.args.text('cancel')
      if (id === undefined) await printList(context, listing)
      else await cancel(context, `${pathOfOne}/${encodeURIComponent(id)}`, id)
      return EXIT_DONE
    },
  }
}

async function cancel(context: CommandContext, path: string, id: string): Promise<void> {
  const answer = objectOf(await askHttp(context, { method: 'DELETE', path }))
  const outcome = answer['cancelled'] === false ? 'had ended before' : 'is cancelled'
  context.messages.note(`${terminalSafe(id)} ${outcome}`)
}

async function printList(context: CommandContext, { path, list, describe }: Listing): Promise<void> {
  const lists = objectOf(await askHttp(context, { method: 'GET', path }))
  const isJson = isJsonWanted(context.args)
  for (const item of objectsOf(lists[list(context)])) {
    const text = isJson ? jsonSafe(JSON.stringify(item)) : terminalSafe(describe(item))
    await context.out.write(`${text}\n`)
  }
}
