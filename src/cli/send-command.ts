/**
 * `logcaster send`: lines to the log port; with --follow see follow-command.ts. Reads as fast as the server takes and no
 * faster: the socket pushes back, and at most UNANSWERED_MAX records wait for their acknowledgement, so that any amount
 * fits through little memory.
 */
import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import { CodedError, systemErrorCode } from '../base/base.ts'
import { LEVEL_NAMES, levelSeverity } from '../record/record.ts'
import type { Command, CommandContext } from './command.ts'
import {
  adviceOn,
  exitCodeOfReason,
  foreignAnswer,
  loginLine,
  openConnection,
  refusal,
  type ServerTarget,
  targetOf,
  tokenRefused,
  wentAway,
} from './connection.ts'
import { EXIT_DONE, EXIT_INTERRUPTED, EXIT_PARTIAL, EXIT_UNREACHABLE } from './exit-codes.ts'
import { fileProblem } from './file-problem.ts'
import { runFollow } from './follow-command.ts'
import { HTTP_OPTIONS } from './http-sender-options.ts'
import { LineSender } from './line-sender.ts'
import type { Messages } from './messages.ts'
import { count } from './plural.ts'
import { isJsonWanted } from './row-output.ts'
import { type StallListener, StallNotes } from './stall-notes.ts'
import { STATE_DIRECTORY_NOTE } from './state-file.ts'
import { chunksOf } from './text-query.ts'

const UNANSWERED_MAX = 50_000

export const sendCommand: Command = {
  name: 'send',
  summary: 'send lines from files or from stdin, one record a line',
  examples: [
    { line: 'logcaster send app.log', what: 'every line of a file' },
    { line: 'my-program 2>&1 | logcaster send', what: 'everything that a program prints, as it comes' },
    { line: 'echo "disk full" | logcaster send --level ERROR', what: 'one record with a level' },
    { line: 'logcaster send -f app.log web.log', what: 'what is in files, and what will be written to them' },
  ],
  notes: [
    'A record counts as sent when the server has acknowledged it: it is on disk then. Without --level the server ' +
      'finds level and time in the line itself, and the message is the line, byte for byte.',
    'A line ends with a line feed; one carriage return before it belongs to the line end. Empty lines are not ' +
      'records: they are counted and left out. Control characters are kept in plain lines, but --level refuses them, ' +
      "as it refuses lines above the server's record.bytesMax, of which a plain line keeps the start.",
    'While the server has no room, lines wait. After 5 seconds in which it took nothing, that is said on stderr.',
    '--follow starts at the start of a file, waits for files that are not there yet, and goes on through rotation, ' +
      'renamed or copied and cut. It speaks HTTP, not to the log port: there each chunk has a key, so that nothing ' +
      'is doubled when it has to be sent again. It remembers its place, so that a restart loses and doubles nothing ' +
      'while the state file is there; without it, it starts anew. The end of a file is sent when its line feed ' +
      'comes.',
    'What --follow cannot know: the rest of a file that was rotated and compressed, or cut without a copy, while it ' +
      'was not running or the server was away; it says so. A file that is cut to a part of itself is sent again. ' +
      'Lines above 3 MiB are refused. Two programs should not follow the same file.',
    STATE_DIRECTORY_NOTE,
  ],
  uses: ['connection', 'output'],
  options: [
    {
      name: 'level',
      short: 'l',
      kind: 'text',
      value: 'LEVEL',
      help: 'send every line with this level; without it the server looks for one in the line',
    },
    { name: 'follow', short: 'f', kind: 'flag', help: 'go on sending what is written to the files' },
    {
      name: 'state',
      kind: 'text',
      value: 'FILE',
      help: 'with --follow: remember here what was acknowledged (default a file in the state directory)',
    },
    ...HTTP_OPTIONS.map((option) => ({ ...option, help: `with --follow: ${option.help}` })),
  ],
  positionals: [
    { name: 'FILE', help: 'files to send, in this order; - or none is stdin', required: false, many: true },
  ],
  run: runSend,
}

async function runSend(context: CommandContext): Promise<number> {
  if (context.args.flag('follow')) return runFollow(context)
  const level = levelOf(context)
  const target = await targetOf(context, 'log-port')
  const { token } = target
  const inputs = await openInputs(context)
  try {
    const socket = await openConnection(context.io, target, context.abandoned)
    const sender = new LineSender({ level })
    if (token !== undefined) sender.login(loginLine(token))
    await using session = new SendSession(context, target, socket, sender)
    if (token !== undefined) await session.settle()
    for (const input of inputs) await session.sendAll(input)
    await session.finish()
    return await report(context, target, session.sender)
  } finally {
    for (const { stream } of inputs) stream.destroy()
  }
}

/** The level of every line; a word that the server would refuse, line by line, is refused here once. */
function levelOf({ args }: CommandContext): string | undefined {
  const level = args.text('level')
  if (level === undefined || (level !== '' && levelSeverity(level) >= 0)) return level
  const names = [...LEVEL_NAMES.map((name) => name.toUpperCase()), 'UNKNOWN']
  throw new CodedError('USAGE', `--level must be one of ${names.join(', ')}, but got \`${level}\``)
}

interface Input {
  readonly name: string
  readonly stream: Readable
}

/** Opens all files before the first line is sent: a name that is wrong should not leave half of the work done. */
async function openInputs({ args, io, messages }: CommandContext): Promise<Input[]> {
  const names = args.positionals.length === 0 ? ['-'] : args.positionals
  if (names.filter((name) => name === '-').length > 1) {
    throw new CodedError('USAGE', 'stdin (-) can be sent only once')
  }
  const inputs: Input[] = []
  for (const name of names) {
    if (name === '-' && io.stdin.isTTY === true) messages.note('Type lines to send; Ctrl+D ends.')
    if (name === '-') inputs.push({ name: 'stdin', stream: io.stdin })
    else inputs.push({ name, stream: await io.openFile(name).catch((error) => unreadable(name, error)) })
  }
  return inputs
}

function unreadable(name: string, cause: unknown): never {
  const hint = systemErrorCode(cause) === 'EISDIR' ? ', or pipe its lines into send' : ''
  throw new CodedError('USAGE', `${fileProblem(name, cause)}${hint}`, { cause })
}

/** One connection that sends while its replies are read. */
class SendSession implements AsyncDisposable {
  readonly sender: LineSender
  #context: CommandContext
  #target: ServerTarget
  #socket: Duplex
  /** Aborts when the server takes no more: it went away, or said something that ends the session. */
  #over = new AbortController()
  #hasAnswered = false
  #stall: StallNotes
  #replied: () => void = () => {}
  #replies: Promise<void>

  constructor(context: CommandContext, target: ServerTarget, socket: Duplex, sender: LineSender) {
    this.#context = context
    this.#target = target
    this.#socket = socket
    this.sender = sender
    this.#stall = new StallNotes(context.io.clock, stallListener(context.messages, sender))
    this.#replies = this.#readReplies()
    // The first bytes tell the server which protocol this is, whatever the lines look like.
    sender.barrier()
  }

  /** Sends one input to its end, or until Ctrl+C. */
  async sendAll({ name, stream }: Input): Promise<void> {
    this.sender.beginSource(name)
    await this.#send()
    const stop = AbortSignal.any([this.#over.signal, this.#context.interrupted])
    for await (const chunk of untilAborted(stream, stop)) {
      this.sender.push(chunk)
      await this.#send()
      await this.#whileWaiting(() => this.sender.unanswered > UNANSWERED_MAX)
    }
    this.sender.endSource()
    this.#check()
  }

  /** Resolves when every record is acknowledged or refused. */
  async finish(): Promise<void> {
    this.sender.barrier()
    await this.settle()
    this.#socket.end()
  }

  /** Sends what waits, and resolves when all of it was answered. */
  async settle(): Promise<void> {
    await this.#send()
    await this.#whileWaiting(() => this.sender.waiting > 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stall.close()
    this.#socket.destroy()
    await this.#replies
  }

  async #send(): Promise<void> {
    this.#check()
    const bytes = this.sender.take()
    if (bytes.length === 0) return
    const isTaken = this.#socket.write(bytes)
    if (!isTaken || this.sender.isOwed) this.#stall.expect()
    if (isTaken) return
    await once(this.#socket, 'drain', { signal: this.#over.signal }).catch(() => this.#check())
    this.#progress()
  }

  /** The server took or answered something. */
  #progress(): void {
    this.#stall.progress()
    if (this.sender.isOwed) this.#stall.expect()
  }

  async #whileWaiting(isWaiting: () => boolean): Promise<void> {
    while (isWaiting()) {
      this.#check()
      await new Promise<void>((resolve) => {
        this.#replied = resolve
      })
    }
  }

  async #readReplies(): Promise<void> {
    for await (const chunk of chunksOf(this.#socket)) {
      this.#hasAnswered = true
      this.sender.receive(chunk)
      const { foreignReply, complaint, refusedToken } = this.sender
      if (foreignReply !== null || complaint !== null || refusedToken !== null) break
      const barrier = this.sender.take()
      if (barrier.length > 0) this.#socket.write(barrier)
      this.#progress()
      this.#replied()
    }
    this.#stall.close()
    this.#over.abort()
    this.#replied()
  }

  /** Throws when the session is over before all was answered. */
  #check(): void {
    if (!this.#over.signal.aborted) return
    const { sender } = this
    const so = soFar(sender)
    if (sender.refusedToken !== null) throw tokenRefused(this.#target, sender.refusedToken)
    if (sender.foreignReply !== null) throw foreignAnswer(this.#target, sender.foreignReply)
    // A server that cannot store a plain line says why and ends: it must not take what comes after it.
    const reason = sender.complaint ?? sender.refusedLines.findLast(({ place }) => place === null)?.reason
    if (reason !== undefined) throw refusal(this.#target, reason, EXIT_UNREACHABLE, `: ${so}`)
    if (this.#context.abandoned.aborted) {
      throw new CodedError('QUERY_CANCELLED', `Stopped: ${so}`, { details: { exitCode: EXIT_INTERRUPTED } })
    }
    throw wentAway(this.#target, so, this.#hasAnswered)
  }
}

/** A server without room lets plain lines wait: that is no error, and may take long. */
function stallListener(messages: Messages, sender: LineSender): StallListener {
  return {
    begins: (since) => {
      const known = `${count(sender.acknowledged, 'record')} acknowledged`
      messages.problem(`waiting: the server takes nothing since ${since} (${known})`)
    },
    ends: (seconds) => messages.note(`going on: the server took nothing for ${seconds} s`),
  }
}

function soFar({ acknowledged, unanswered }: LineSender): string {
  const known = `${count(acknowledged, 'record')} acknowledged`
  if (unanswered === 0) return `${known}.`
  return `${known}; whether ${unanswered} more ${unanswered === 1 ? 'is' : 'are'} stored is not known.`
}

/** The chunks of a stream until it ends or the signal aborts, also while nothing comes. Rejects when reading fails. */
async function* untilAborted(stream: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = (): void => void stream.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (signal.aborted) return
    for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function report(context: CommandContext, target: ServerTarget, sender: LineSender): Promise<number> {
  const { messages } = context
  const { sent, acknowledged, refused, empty, long } = sender
  const outcome = refused === 0 ? 'all acknowledged' : `${acknowledged} acknowledged, ${refused} refused`
  messages.note(`sent ${count(sent, 'record')} (${outcome})`)
  if (empty > 0) messages.note(`${count(empty, 'empty line')} left out`)
  if (long > 0) {
    messages.problem(`${count(long, 'line')} above 256 KiB: the server keeps as much as its record.bytesMax`)
  }
  for (const { place, reason } of sender.refusedLines) {
    messages.problem(`refused: ${place ?? 'a plain line'}: ${reason}`)
  }
  const unnamed = refused - sender.refusedLines.length
  if (unnamed > 0) messages.problem(`refused: ${unnamed} more`)
  const reason = sender.refusedLines[0]?.reason
  const advice = reason === undefined ? null : adviceOn(target, reason)
  if (advice !== null) messages.problem(advice)
  if (isJsonWanted(context.args)) {
    await context.out.write(`${JSON.stringify({ sent, acknowledged, refused, empty, long })}\n`)
  }
  if (context.interrupted.aborted) return EXIT_INTERRUPTED
  return reason === undefined ? EXIT_DONE : exitCodeOfReason(reason, EXIT_PARTIAL)
}
