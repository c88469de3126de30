/**
 * One command line from words to exit code. All ways out are here: help, version, the command's own code, Ctrl+C, a
 * closed pipe, and errors with their message. A bug of ours is not caught.
 */
import { isCodedError, packageVersion, systemErrorCode } from '../base/base.ts'
import { checkPositionals, type Invocation, parseInvocation } from './arguments.ts'
import type { CliIo } from './cli-io.ts'
import type { Command, CommandContext } from './command.ts'
import { COMMANDS, DEFAULT_COMMAND } from './commands.ts'
import { errorSentence, errorText } from './error-text.ts'
import { EXIT_DONE, EXIT_INTERRUPTED, exitCodeOf } from './exit-codes.ts'
import { printCommandHelp, printHelp } from './help.ts'
import { Messages } from './messages.ts'
import { Output, OutputClosed } from './output.ts'
import { ParsedArgs } from './parsed-args.ts'
import { colorChoiceOf, painterOf } from './row-output.ts'
import { paint, paintNothing, wantsColor } from './terminal.ts'

/** Runs `logcaster ...argv` (without the names of node and of the script); resolves with the exit code. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const out = new Output(io.stdout)
  try {
    const code = await runIn(argv, io, out)
    await out.flush()
    return code
  } catch (error) {
    if (error instanceof OutputClosed) return EXIT_DONE
    if (!isFailure(error)) throw error
    reportError(error, argv, io)
    return exitCodeOf(error)
  } finally {
    out.release()
  }
}

/** A mistake of somebody else or of the machine; everything else is a bug of ours and must be seen. */
function isFailure(error: unknown): boolean {
  return isCodedError(error) || systemErrorCode(error) !== undefined
}

async function runIn(argv: readonly string[], io: CliIo, out: Output): Promise<number> {
  const invocation = parseInvocation(argv, COMMANDS, DEFAULT_COMMAND, io.env)
  const { command, args } = invocation
  if (args.flag('version')) {
    await out.write(`${packageVersion()}\n`)
    return EXIT_DONE
  }
  if (args.flag('help')) {
    await out.write(helpPage(invocation, argv, io, out))
    return EXIT_DONE
  }
  checkPositionals(command, args.positionals)
  return runCommand(command, args, io, out)
}

function helpPage({ command, args }: Invocation, argv: readonly string[], io: CliIo, out: Output): string {
  const painter = painterOf({ args, io, out })
  return argv.includes(command.name) ? printCommandHelp(command, painter) : printHelp(COMMANDS, painter)
}

async function runCommand(command: Command, args: ParsedArgs, io: CliIo, out: Output): Promise<number> {
  const interrupted = new AbortController()
  const abandoned = new AbortController()
  const release = command.ownsSignals === true ? () => {} : onInterrupt(io, interrupted, abandoned)
  const messages = messagesOf(args, io)
  const context: CommandContext = {
    io,
    args,
    out,
    messages,
    interrupted: interrupted.signal,
    abandoned: abandoned.signal,
  }
  try {
    return await command.run(context)
  } catch (error) {
    if (interrupted.signal.aborted && !isCodedError(error)) return EXIT_INTERRUPTED
    throw error
  } finally {
    release()
  }
}

/** npm hands the Ctrl+C on that the terminal has sent to everybody: two within this time are one. */
const ONE_INTERRUPT_MS = 500

function onInterrupt(io: CliIo, interrupted: AbortController, abandoned: AbortController): () => void {
  let firstMs = 0
  return io.onSignal('SIGINT', () => {
    const nowMs = io.clock.monotonicMs()
    if (!interrupted.signal.aborted) firstMs = nowMs
    else if (nowMs - firstMs >= ONE_INTERRUPT_MS) abandoned.abort()
    interrupted.abort()
  })
}

function messagesOf(args: ParsedArgs, io: CliIo): Messages {
  const colors = wantsColor(colorChoiceOf(args), io.env, io.stderr.isTTY === true)
  return new Messages(io.stderr, { isQuiet: args.flag('quiet'), paint: colors ? paint : paintNothing })
}

/** With --json the error is JSON as well; that is read from the words, since they may be what is wrong. */
function reportError(error: unknown, argv: readonly string[], io: CliIo): void {
  const messages = messagesOf(new ParsedArgs(new Map(), []), io)
  if (!wantsJson(argv)) {
    messages.error(errorText(error))
    return
  }
  const code = isCodedError(error) ? error.code : (systemErrorCode(error) ?? 'FAILED')
  const details = isCodedError(error) ? error.details : {}
  io.stderr.write(
    `${JSON.stringify({ error: { code, message: errorSentence(error), ...positionOf(details) } })}\n`,
  )
}

function positionOf(details: Readonly<Record<string, unknown>>): { position?: number } {
  const position = details['offset']
  return typeof position === 'number' ? { position } : {}
}

function wantsJson(argv: readonly string[]): boolean {
  return argv.includes('--json') || argv.includes('--output=json') || argv.includes('-ojson') || isPair(argv)
}

function isPair(argv: readonly string[]): boolean {
  const at = argv.findIndex((word) => word === '-o' || word === '--output')
  return at !== -1 && argv[at + 1] === 'json'
}
