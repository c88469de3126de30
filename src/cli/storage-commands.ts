/** `logcaster flush`, `merge` and `backup`: what an operator lets a store do, over HTTP. */
import { resolve } from 'node:path'
import { CodedError } from '../base/base.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_PARTIAL } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_CONNECTION_OPTIONS } from './http-sender-options.ts'
import { type JsonObject, numberOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import { printNumber } from './progress.ts'
import { isJsonWanted } from './row-output.ts'
import { printSize } from './size.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'

const ADMIN_NOTE = 'Needs a token that grants admin: see logcaster token.'

export const flushCommand: Command = {
  name: 'flush',
  summary: 'seal everything that is stored into compressed parts',
  examples: [{ line: 'logcaster flush', what: 'returns when all that was stored before lies in parts' }],
  notes: ['The server seals by itself when a segment is full or an hour old.', ADMIN_NOTE],
  uses: ['output'],
  options: HTTP_CONNECTION_OPTIONS,
  positionals: [],
  run: async (context) => {
    const sizes = objectOf(await askHttp(context, { method: 'POST', path: 'storage/flush' }))
    return tell(context, sizes, `sealed: ${describeSizes(sizes)}`)
  },
}

export const mergeCommand: Command = {
  name: 'merge',
  summary: 'merge all parts of a day into as few as may be',
  examples: [
    { line: 'logcaster merge', what: 'starts it and returns' },
    { line: 'logcaster merge --wait', what: 'returns when it is done' },
  ],
  notes: [
    'The server merges by itself in the background; this is for those who want it at once.',
    ADMIN_NOTE,
  ],
  uses: ['output'],
  options: [
    { name: 'wait', kind: 'flag', help: 'return when it is done, however long that takes' },
    ...HTTP_CONNECTION_OPTIONS,
  ],
  positionals: [],
  run: async (context) => {
    const isWaiting = context.args.flag('wait')
    const path = isWaiting ? 'storage/merge' : 'storage/merge?wait=0'
    const sizes = objectOf(await askHttp(context, { method: 'POST', path }))
    return tell(context, sizes, `${isWaiting ? 'merged' : 'merging'}: ${describeSizes(sizes)}`)
  },
}

export const backupCommand: Command = {
  name: 'backup',
  summary: 'copy everything that is stored into an empty directory, while the server runs',
  examples: [
    { line: 'logcaster backup /backup/logs-monday', what: 'a directory on the machine of the server' },
  ],
  notes: [
    'The copy is what was stored at one moment of each store, and a data directory like any other: start a server with ' +
      'it, or move it to where the old one was. What comes in during the copy is not in it. A backup that was ' +
      'interrupted cannot be opened, so that nobody takes it for a whole one.',
    'Exit code 5: some files were damaged, and are so in the copy; they are named.',
    ADMIN_NOTE,
  ],
  uses: ['output'],
  options: HTTP_CONNECTION_OPTIONS,
  positionals: [
    {
      name: 'DIR',
      help: 'on the machine of the server: an empty directory, or one that it may make',
      required: true,
      many: false,
    },
  ],
  run: runBackup,
}

async function runBackup(context: CommandContext): Promise<number> {
  const [name] = context.args.positionals
  if (name === '')
    throw new CodedError('USAGE', 'backup needs DIR, the name of a directory, but DIR is empty')
  const directory = resolve(context.io.cwd, name)
  const answer = objectOf(
    await askHttp(context, { method: 'POST', path: 'storage/backup', body: { directory } }),
  )
  const stores = Object.values(objectOf(answer['stores'])).map(objectOf)
  const damaged = stores.flatMap((store) => objectsOf(store['damaged']))
  for (const file of damaged)
    context.messages.problem(`damaged: ${textOf(file['file'])}: ${textOf(file['reason'])}`)
  const sum = (name: string): number => stores.reduce((total, store) => total + numberOf(store[name]), 0)
  const text =
    `copied ${printNumber(sum('records'))} records, ${printNumber(sum('files'))} files, ` +
    `${printSize(sum('bytes'))} to ${directory}`
  await tell(context, answer, text)
  return damaged.length === 0 ? EXIT_DONE : EXIT_PARTIAL
}

function describeSizes(sizes: JsonObject): string {
  const [parts, segments] = [numberOf(sizes['parts']), numberOf(sizes['segments'])]
  return (
    `${printNumber(numberOf(sizes['records']))} records, ${printNumber(parts)} part${parts === 1 ? '' : 's'} with ` +
    `${printSize(numberOf(sizes['part_bytes']))}, ${printNumber(segments)} segment${segments === 1 ? '' : 's'}`
  )
}

async function tell(context: CommandContext, answer: JsonObject, text: string): Promise<number> {
  await context.out.write(
    isJsonWanted(context.args) ? `${jsonSafe(JSON.stringify(answer))}\n` : `${terminalSafe(text)}\n`,
  )
  return EXIT_DONE
}
