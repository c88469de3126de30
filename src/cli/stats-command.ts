/** `logcaster stats`: what the server counts. */
import { CodedError } from '../base/base.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED } from './exit-codes.ts'
import { rowFormatOf } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'
import { askQueryPort } from './text-query.ts'

export const statsCommand: Command = {
  name: 'stats',
  summary: 'show what the server counts',
  examples: [
    { line: 'logcaster stats', what: 'names and numbers' },
    { line: 'logcaster stats --json', what: 'the same as one JSON object' },
  ],
  uses: ['connection', 'output'],
  options: [],
  positionals: [],
  run: runStats,
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
export function printStats(json: string): string {
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
