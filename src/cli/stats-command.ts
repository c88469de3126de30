/** `logcaster stats`: what the server counts. */
import { CodedError } from '../base/base.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED } from './exit-codes.ts'
import { askHttp } from './http-ask.ts'
import { HTTP_OPTIONS } from './http-sender-options.ts'
import { isJsonWanted, rowFormatOf } from './row-output.ts'
import { printStoragePage } from './storage-page.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'
import { askQueryPort } from './text-query.ts'

export const statsCommand: Command = {
  name: 'stats',
  summary: 'show what the server counts',
  examples: [
    { line: 'logcaster stats', what: 'names and numbers' },
    { line: 'logcaster stats --json', what: 'the same as one JSON object' },
    { line: 'logcaster stats --storage', what: 'what is on disk, by part, column and encoding' },
  ],
  uses: ['connection', 'output'],
  options: [
    { name: 'storage', kind: 'flag', help: 'what the store takes on disk; asked of the HTTP port' },
    { name: 'store', kind: 'text', value: 'NAME', help: 'with --storage: of this store (default logs)' },
    ...HTTP_OPTIONS,
  ],
  positionals: [],
  run: (context) => (context.args.flag('storage') ? runStorage(context) : runStats(context)),
}

async function runStorage(context: CommandContext): Promise<number> {
  const store = context.args.text('store')
  const search = store === undefined ? '' : `?store=${encodeURIComponent(store)}`
  const report = await askHttp(context, { method: 'GET', path: `storage/report${search}` })
  await context.out.write(
    isJsonWanted(context.args) ? `${jsonSafe(JSON.stringify(report))}\n` : printStoragePage(report),
  )
  return EXIT_DONE
}

async function runStats(context: CommandContext): Promise<number> {
  for await (const items of askQueryPort(context, 'QUERY|STATS|')) {
    for (const item of items) {
      if (item.kind !== 'row') continue
      const text = Buffer.from(item.bytes).toString()
      await context.out.write(rowFormatOf(context) === 'json' ? `${jsonSafe(text)}\n` : printStats(text))
    }
  }
  return context.interrupted.aborted ? EXIT_INTERRUPTED : EXIT_DONE
}

/** JSON as aligned lines, `stores.logs.records  12`. */
function printStats(json: string): string {
  const lines = flatten(readJson(json), '')
  const width = Math.max(0, ...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CodedError('SERVER_REFUSED', 'The server sent statistics that are not JSON.', { cause })
  }
}

function flatten(value: unknown, name: string): [string, string][] {
  if (typeof value !== 'object' || value === null) {
    return [[terminalSafe(name), terminalSafe(String(value ?? '-'))]]
  }
  const entries = Object.entries(value)
  if (entries.length === 0 && name !== '') return [[terminalSafe(name), '-']]
  return entries.flatMap(([key, inner]) => flatten(inner, name === '' ? key : `${name}.${key}`))
}
