/** `logcaster restore`: a data directory out of a backup, without a server. */
import { resolve } from 'node:path'
import { CodedError, isCodedError, messageOf, realDisk, systemErrorCode } from '../base/base.ts'
import { restoreBackup } from '../storage/storage.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_PARTIAL } from './exit-codes.ts'
import { keepAlive } from './keep-alive.ts'
import { count } from './plural.ts'
import { printNumber } from './progress.ts'
import { isJsonWanted } from './row-output.ts'
import { printSize } from './size.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'make a data directory out of a backup',
  examples: [
    { line: 'logcaster restore /backup/logs-monday --data-dir ./data', what: 'checks, then copies' },
    { line: 'logcaster restore /backup/logs-monday -d ./data --json', what: 'for programs' },
  ],
  notes: [
    'The backup is that of logcaster backup, or the copy of a data directory whose server was stopped. Every checksum ' +
      'is compared before anything is written. The backup stays as it is; a server that is started in the backup ' +
      'itself would go on writing to it. What is in the data directory is never replaced: it must be empty, or missing. Then: ' +
      'logcaster serve --data-dir PATH.',
    '--partial restores a damaged backup: exit code 5, and what is damaged is named. A server serves the rest of it.',
  ],
  uses: ['output'],
  options: [
    {
      name: 'data-dir',
      short: 'd',
      kind: 'text',
      value: 'PATH',
      help: 'an empty directory, or one that it may make',
    },
    { name: 'partial', kind: 'flag', help: 'restore what can be read of a damaged backup' },
  ],
  positionals: [
    { name: 'DIR', help: 'the backup: the directory with stores in it', required: true, many: false },
  ],
  run: runRestore,
}

async function runRestore(context: CommandContext): Promise<number> {
  using _alive = keepAlive()
  const { io, args, out, messages, interrupted } = context
  const dataDir = args.text('data-dir')
  if (dataDir === undefined)
    throw new CodedError('USAGE', 'restore needs --data-dir, where the data is to go')
  const from = resolve(io.cwd, args.positionals[0])
  const to = resolve(io.cwd, dataDir)
  try {
    const options = { partial: args.flag('partial'), signal: interrupted }
    const report = await restoreBackup({ disk: realDisk, clock: io.clock, from, to }, options)
    for (const { file, reason } of report.damaged)
      messages.problem(terminalSafe(`damaged: ${file}: ${reason}`))
    const text =
      `restored ${printNumber(report.records)} records, ${count(report.files, 'file')}, ` +
      `${printSize(report.bytes)} to ${terminalSafe(to)}\n`
    await out.write(isJsonWanted(args) ? `${jsonSafe(JSON.stringify({ directory: to, ...report }))}\n` : text)
    return report.damaged.length === 0 ? EXIT_DONE : EXIT_PARTIAL
  } catch (error) {
    if (interrupted.aborted) return EXIT_INTERRUPTED
    if (isCodedError(error) || systemErrorCode(error) === undefined) throw error
    throw new CodedError('RESTORE_REFUSED', `${from} cannot be restored: ${messageOf(error)}.`, {
      cause: error,
    })
  }
}
