/**
 * The query shell: node:readline around a ShellSession. On a terminal it has a prompt, history and completion, and
 * Ctrl+C stops what runs; without one it takes lines from stdin, one after the other.
 */
import { createInterface, type Interface } from 'node:readline'
import type { CommandContext } from '../command.ts'
import { EXIT_DONE, EXIT_INTERRUPTED } from '../exit-codes.ts'
import { isInteractive, painterOf } from '../row-output.ts'
import { paintNothing } from '../terminal.ts'
import { Completer, type Completions } from './completer.ts'
import { DOT_COMMANDS } from './dot-commands.ts'
import { HISTORY_LINES_MAX, History } from './history.ts'
import { paintLines } from './line-painter.ts'
import { firstFieldOf } from './look-up.ts'
import { ShellSession } from './shell-session.ts'

const LIMIT_DEFAULT = 100
const PROMPT = 'logcaster> '
/** What the server has to answer what Tab asks. */
const LOOK_UP_MS = 700

/** Resolves with the exit code: of a terminal 0, of lines from stdin that of the first one that failed. */
export async function runShell(context: CommandContext, limit = LIMIT_DEFAULT): Promise<number> {
  const completer = new Completer(
    DOT_COMMANDS.map(({ name, argument }) => `.${name}${argument === '' ? '' : ' '}`),
    (query) => firstFieldOf(context, query, LOOK_UP_MS),
  )
  const session = new ShellSession(context, completer, limit)
  const isTerminal = isInteractive(context)
  const history = isTerminal ? await History.open(context.io) : null
  const lines = openLines(context, isTerminal, history, completer)
  if (isTerminal) context.messages.note('LogsQL queries, .help for more, Ctrl+D to leave.')
  await runLines(context, session, lines, history)
  if (context.interrupted.aborted) return EXIT_INTERRUPTED
  return isTerminal ? EXIT_DONE : session.exitCode
}

function openLines(
  { io, out, interrupted }: CommandContext,
  terminal: boolean,
  history: History | null,
  completer: Completer,
): Interface {
  const lines = createInterface({
    input: io.stdin,
    ...(terminal ? { output: io.stdout } : {}),
    terminal,
    prompt: PROMPT,
    history: history?.lines.toReversed() ?? [],
    historySize: HISTORY_LINES_MAX,
    removeHistoryDuplicates: true,
    completer: (line: string, done: (error: null, found: Completions) => void) =>
      void completer.complete(line).then((found) => done(null, found)),
  })
  const close = (): void => lines.close()
  for (const signal of [interrupted, out.closed]) signal.addEventListener('abort', close, { once: true })
  return lines
}

async function runLines(
  context: CommandContext,
  session: ShellSession,
  lines: Interface,
  history: History | null,
): Promise<void> {
  const work = new Work(context, lines, history !== null)
  const paint = painterOf(context)
  if (history !== null && paint !== paintNothing) {
    const isTyping = (): boolean => !work.isRunning
    paintLines(context.io.stdin, context.io.stdout, lines, { promptColumns: PROMPT.length, paint, isTyping })
  }
  work.prompt()
  for await (const line of lines) {
    await work.run((stop) => session.take(line, stop))
    if (line.trim() !== '') await history?.push(line.trim())
    if (session.isOver || context.interrupted.aborted) break
    work.prompt()
  }
  lines.close()
}

/** What runs now, and what the keys of the terminal mean meanwhile. */
class Work {
  readonly #context: CommandContext
  readonly #lines: Interface
  readonly #isTerminal: boolean
  #isClosed = false
  #running: AbortController | null = null

  constructor(context: CommandContext, lines: Interface, isTerminal: boolean) {
    this.#context = context
    this.#lines = lines
    this.#isTerminal = isTerminal
    lines.on('SIGINT', () => this.#interrupt())
    lines.once('close', () => this.#close())
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  prompt(): void {
    if (this.#isTerminal && !this.#isClosed) this.#lines.prompt()
  }

  async run(task: (stop: AbortSignal) => Promise<void>): Promise<void> {
    const running = new AbortController()
    this.#running = running
    try {
      await task(AbortSignal.any([running.signal, this.#context.interrupted]))
    } finally {
      this.#running = null
    }
  }

  /** Ctrl+C stops what runs; else it forgets the line that was begun. */
  #interrupt(): void {
    if (this.#running !== null) {
      this.#running.abort()
      return
    }
    const { line } = this.#lines
    this.#lines.write(null, { ctrl: true, name: 'e' })
    this.#lines.write(null, { ctrl: true, name: 'u' })
    if (line === '') {
      this.#context.io.stdout.write('\n')
      this.#context.messages.note('Ctrl+D leaves.')
    }
    this.prompt()
  }

  /** Ctrl+D stops what runs as well; the end of a file does not, since its lines are still being worked off. */
  #close(): void {
    this.#isClosed = true
    if (this.#isTerminal) this.#running?.abort()
  }
}
