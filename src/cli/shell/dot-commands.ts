/** What a line of the shell may be besides a query. A new command is one row. */
import { CodedError } from '../../base/base.ts'
import { nearestName } from '../../config/config.ts'

/** What commands may do with the shell. */
export interface ShellControl {
  /** The newest rows that an answer shows. */
  limit: number
  tail(query: string, stop: AbortSignal): Promise<void>
  toggleJson(): void
  print(text: string): Promise<void>
  /** No further line is taken. */
  end(): void
}

export interface DotCommand {
  /** Without the dot. */
  readonly name: string
  /** What follows, as help shows it; empty when nothing does. */
  readonly argument: string
  readonly help: string
  run(shell: ShellControl, argument: string, stop: AbortSignal): Promise<void> | void
}

const LIMIT_MAX = 1_000_000

export const DOT_COMMANDS: readonly DotCommand[] = [
  {
    name: 'help',
    argument: '',
    help: 'this list',
    run: (shell) => shell.print(helpText()),
  },
  {
    name: 'tail',
    argument: 'QUERY',
    help: 'records as they are stored, until Ctrl+C',
    run: (shell, query, stop) => shell.tail(query, stop),
  },
  {
    name: 'limit',
    argument: 'N',
    help: 'show the newest N rows from now on',
    run(shell, text) {
      shell.limit = readLimit(text)
    },
  },
  {
    name: 'json',
    argument: '',
    help: 'all fields as JSON instead of a table, and back',
    run: (shell) => shell.toggleJson(),
  },
  {
    name: 'quit',
    argument: '',
    help: 'leave; Ctrl+D does the same',
    run: (shell) => shell.end(),
  },
]

/** The command of a line that begins with a dot. USAGE. */
export function findDotCommand(line: string): { readonly command: DotCommand; readonly argument: string } {
  const [, name = '', argument = ''] = /^\.(\S*)\s*(.*)$/s.exec(line) ?? []
  const command = DOT_COMMANDS.find((row) => row.name === name)
  if (command !== undefined) return { command, argument: argument.trim() }
  const near = nearestName(
    name,
    DOT_COMMANDS.map((row) => row.name),
  )
  const hint = near === null ? '.help lists them' : `did you mean .${near}?`
  throw new CodedError('USAGE', `there is no command \`.${name}\`; ${hint}`)
}

function readLimit(text: string): number {
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN
  if (limit >= 1 && limit <= LIMIT_MAX) return limit
  throw new CodedError('USAGE', `.limit needs a number from 1 to ${LIMIT_MAX}`)
}

const NAME_COLUMNS = 14

function helpText(): string {
  const rows = DOT_COMMANDS.map(
    ({ name, argument, help }) => `  ${`.${name} ${argument}`.padEnd(NAME_COLUMNS)}${help}\n`,
  )
  const query = `  ${'QUERY'.padEnd(NAME_COLUMNS)}records that match, as LogsQL: level:error host:web "disk full"\n`
  return `${query}${rows.join('')}Tab completes, Ctrl+C stops what runs, the arrow keys bring earlier lines back.\n`
}
