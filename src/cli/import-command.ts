/** `logcaster import`: whole files and directories, once each, however often the command has to be started. */
import { createHash, randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { CodedError, isCodedError, realDisk } from '../base/base.ts'
import type { Command, CommandContext } from './command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_PARTIAL } from './exit-codes.ts'
import { fileProblem } from './file-problem.ts'
import { HttpSender, type HttpTarget } from './http-sender.ts'
import { retryNotes } from './http-sender-notes.ts'
import { HTTP_CONNECTION_OPTIONS, httpTargetOf } from './http-sender-options.ts'
import { findFiles, type ImportFile } from './import-files.ts'
import { FORMAT_OPTIONS, searchOf } from './import-format.ts'
import { type ImportReading, ImportSession, type ImportTotals } from './import-session.ts'
import { ImportState } from './import-state.ts'
import { keepAlive } from './keep-alive.ts'
import { count } from './plural.ts'
import { Progress, type ProgressForm, type ProgressState, printNumber } from './progress.ts'
import { isJsonWanted } from './row-output.ts'
import { STATE_DIRECTORY_NOTE, stateDirectory } from './state-file.ts'

/** So long a server may be away in the middle of the work. */
const TRY_MS_MAX = 600_000

export const importCommand: Command = {
  name: 'import',
  summary: 'import files and directories, also compressed ones, without doubles',
  examples: [
    { line: 'logcaster import app.log old.log.gz', what: 'lines, one record each' },
    {
      line: "logcaster import /var/log/app --include '*.zst'",
      what: 'what matches, in all directories below',
    },
    { line: 'logcaster import events.ndjson --time-field ts --msg-field text', what: 'JSON lines' },
  ],
  notes: [
    'Files may be plain, gzip or zstd: their first bytes say which, not their names. Sent over HTTP, in chunks of ' +
      'about 1 MiB, each under a key; a chunk that is sent again is stored once (the server knows a key for 24 ' +
      'hours). What was acknowledged is also kept in a state file, so the same command goes on where it ended, or ' +
      'imports what was added since.',
    'A file is known by its content, not by its path: moved, copied or compressed, it is not imported twice within ' +
      'those 24 hours. Two equal files in one run are both imported. Other --format or field options make other ' +
      'records of the same file: those are imported anew.',
    'Several requests are under way at once, so records without a time of their own may change places with those a ' +
      'MiB away; --parallel 1 keeps their order.',
    'Exit code 5: some lines were refused, or some files could not be read to their end. Files with NUL bytes are ' +
      'left out of directories. Lines above 3 MiB are refused.',
    STATE_DIRECTORY_NOTE,
  ],
  uses: ['output'],
  options: [
    {
      name: 'include',
      kind: 'list',
      value: 'GLOB',
      help: 'of directories, only the files that match',
    },
    ...FORMAT_OPTIONS,
    {
      name: 'parallel',
      kind: 'integer',
      value: 'N',
      min: 1,
      max: 8,
      default: '3',
      help: 'requests at a time',
    },
    { name: 'again', kind: 'flag', help: 'import also what was imported before: it is stored twice then' },
    {
      name: 'state',
      kind: 'text',
      value: 'FILE',
      help: 'remember here what was acknowledged (default a file in the state directory)',
    },
    ...HTTP_CONNECTION_OPTIONS,
  ],
  positionals: [{ name: 'PATH', help: 'files and directories, in this order', required: true, many: true }],
  run: runImport,
}

async function runImport(context: CommandContext): Promise<number> {
  using _alive = keepAlive()
  const reading = readingOf(context)
  const target = await httpTargetOf(context)
  const files = await filesOf(context)
  const state = await openState(context, target, reading)
  const { io } = context
  const progress = new Progress(io.stderr, io.clock, progressFormOf(context))
  const onProblem = (text: string): void => {
    progress.clear()
    context.messages.problem(text)
  }
  const sender = openSender(context, target, onProblem)
  const parallel = context.args.integer('parallel') ?? 1
  const onProgress = (news: ProgressState): void => progress.show(news)
  const { clock } = io
  const stop = context.interrupted
  const session = new ImportSession({ sender, state, reading, clock, parallel, stop, onProgress, onProblem })
  try {
    await session.run(files)
    return exitCodeOfTotals(context, session.totals)
  } catch (error) {
    if (!isCodedError(error, 'QUERY_CANCELLED')) throw error
    return EXIT_INTERRUPTED
  } finally {
    progress.clear()
    sender.close()
    await report(context, session.totals)
  }
}

function openSender(
  { io, interrupted, abandoned }: CommandContext,
  target: HttpTarget,
  onProblem: (text: string) => void,
): HttpSender {
  return new HttpSender({
    target,
    clock: io.clock,
    random: io.random,
    stop: interrupted,
    abandon: abandoned,
    tryMsMax: TRY_MS_MAX,
    needsServer: true,
    onRetry: retryNotes(io.clock, onProblem),
  })
}

function readingOf({ args }: CommandContext): ImportReading {
  const format = args.text('format')
  return { format: format === 'ndjson' || format === 'lines' ? format : 'auto', search: searchOf(args) }
}

/** What the user named must be there; what cannot be looked at below a directory is told, and the rest imported. */
async function filesOf({ args, io, messages }: CommandContext): Promise<readonly ImportFile[]> {
  const { files, problems } = await findFiles(args.positionals, io.cwd, args.list('include'))
  const [missing] = problems.filter(({ isNamed }) => isNamed)
  if (missing !== undefined) {
    throw new CodedError('USAGE', fileProblem(missing.name, missing.error), { cause: missing.error })
  }
  for (const { name, error } of problems) messages.problem(fileProblem(name, error))
  return files
}

/** A state file for each server, set of paths and way of reading: two imports at once do not share one. */
function openState(
  { args, io }: CommandContext,
  target: HttpTarget,
  { format, search }: ImportReading,
): Promise<ImportState> {
  const reading = `${format}?${search}`
  const paths = args.positionals.map((path) => resolve(io.cwd, path)).sort()
  const name = createHash('sha256')
    .update(JSON.stringify([target.url.href, reading, paths]))
    .digest('hex')
  const given = args.text('state')
  const path =
    given === undefined
      ? join(stateDirectory(io.env), `import-${name.slice(0, 16)}.json`)
      : resolve(io.cwd, given)
  const freshSalt = args.flag('again') ? randomUUID() : undefined
  return ImportState.open({ disk: realDisk, path, reading, freshSalt })
}

function progressFormOf({ args, io }: CommandContext): ProgressForm {
  if (args.flag('quiet')) return 'none'
  if (isJsonWanted(args)) return 'json'
  return io.stderr.isTTY === true ? 'bar' : 'lines'
}

async function report(context: CommandContext, totals: ImportTotals): Promise<void> {
  const { messages } = context
  const { files, filesBefore, filesBinary, accepted, repeated, refused, refusedPlaces } = totals
  messages.note(`imported ${records(accepted)} from ${count(files, 'file')}`)
  if (repeated > 0) messages.note(`${records(repeated)} were stored before; --again stores them twice`)
  if (filesBefore > 0) {
    messages.note(`${count(filesBefore, 'file')} imported before; --again imports them once more`)
  }
  if (filesBinary > 0) messages.note(`${count(filesBinary, 'file')} left out: with NUL bytes, so no text`)
  for (const { name, line, reason } of refusedPlaces) messages.problem(`refused: ${name}:${line}: ${reason}`)
  const unnamed = refused - refusedPlaces.length
  if (unnamed > 0) messages.problem(`refused: ${printNumber(unnamed)} more`)
  if (context.interrupted.aborted) messages.note('Stopped; the same command goes on from here.')
  if (isJsonWanted(context.args)) await context.out.write(`${JSON.stringify(totals)}\n`)
}

const records = (number: number): string => `${printNumber(number)} record${number === 1 ? '' : 's'}`

function exitCodeOfTotals(context: CommandContext, { refused, filesDamaged }: ImportTotals): number {
  if (context.interrupted.aborted) return EXIT_INTERRUPTED
  return refused > 0 || filesDamaged > 0 ? EXIT_PARTIAL : EXIT_DONE
}
