/**
 * Connections to a server, in plain text or TLS, and what a command says when there is none or when it is refused.
 * Protocols are not its business.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CodedError } from '../base/base.ts'
import type { CliIo } from './cli-io.ts'
import type { CommandContext } from './command.ts'
import { EXIT_LIMIT, EXIT_NOT_ALLOWED, EXIT_PARTIAL, EXIT_UNREACHABLE, EXIT_USAGE } from './exit-codes.ts'
import type { ParsedArgs } from './parsed-args.ts'
import { terminalSafe } from './terminal.ts'
import { type TlsSettings, tlsSettingsOf } from './tls-options.ts'
import { openTls, tlsProblem } from './tls-stream.ts'

export type PortOption = 'log-port' | 'query-port'

/** Which server, by which option its port is named, and how it is spoken to. */
export interface ServerTarget {
  readonly host: string
  readonly port: number
  readonly portOption: PortOption
  /** Null: in plain text. */
  readonly tls: TlsSettings | null
  readonly token: string | undefined
}

/** What the options say. USAGE when a token or a file of them cannot be used. */
export async function targetOf(context: CommandContext, portOption: PortOption): Promise<ServerTarget> {
  const { args } = context
  return {
    host: args.textOr('host', '127.0.0.1'),
    port: args.integer(portOption) ?? 0,
    portOption,
    tls: await tlsSettingsOf(context),
    token: tokenOf(args),
  }
}

const TOKEN_BYTES_MAX = 4096

/** What --token or its variable gives. USAGE, without repeating it, when no server could know such a token. */
export function tokenOf(args: ParsedArgs): string | undefined {
  const token = args.text('token')
  if (token === undefined || token === '') return undefined
  if (/^[^\s\p{Cc}]+$/u.test(token) && Buffer.byteLength(token) <= TOKEN_BYTES_MAX) return token
  throw new CodedError(
    'USAGE',
    `--token (or LOGCASTER_TOKEN) is no token: it has spaces or control characters, or more than ${TOKEN_BYTES_MAX} bytes`,
  )
}

/** The line that presents a token; it stands before all others. */
export const loginLine = (token: string): string => `AUTH|${token}\n`

/** The server knows no such token, or takes none. */
export function tokenRefused(target: ServerTarget, reason: string): CodedError {
  const advice = adviceOn(target, reason) ?? 'See --token and LOGCASTER_TOKEN.'
  return new CodedError(
    'SERVER_REFUSED',
    `The server at ${printAddress(target)} refused the token: ${reason}. ${advice}`,
    { details: { exitCode: exitCodeOfReason(reason, EXIT_NOT_ALLOWED) } },
  )
}

/** `127.0.0.1:9998`, `[::1]:9998`. */
export function printAddress({ host, port }: ServerTarget): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** A connection that `signal` destroys, after the handshake where it is TLS. SERVER_UNREACHABLE. */
export async function openConnection(io: CliIo, target: ServerTarget, signal: AbortSignal): Promise<Duplex> {
  const { host, port, tls } = target
  const socket = await io.connect(host, port).catch((cause: unknown) => {
    throw unreachable(target, cause)
  })
  socket.on('error', () => {})
  destroyWith(signal, socket)
  if (tls === null) return socket
  const secured = await openTls(socket, host, tls, io.clock).catch((cause: unknown) => {
    if (signal.aborted) return socket
    throw new CodedError('SERVER_UNREACHABLE', tlsProblem(cause, printAddress(target)), { cause })
  })
  secured.on('error', () => {})
  destroyWith(signal, secured)
  return secured
}

function destroyWith(signal: AbortSignal, socket: Duplex): void {
  // A plain end may be one of a client that still reads: the server would go on with what it was asked.
  const destroy = (): void => {
    if (socket instanceof Socket) socket.resetAndDestroy()
    else socket.destroy()
  }
  signal.addEventListener('abort', destroy, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', destroy))
  if (signal.aborted) destroy()
}

function unreachable(target: ServerTarget, cause?: unknown): CodedError {
  const place = printAddress(target)
  return new CodedError(
    'SERVER_UNREACHABLE',
    `No LogCaster answers at ${place}. Start it with npm start, or name it with --host and --${target.portOption}.`,
    { cause },
  )
}

/**
 * The connection ended before all was answered. Over TLS 1.3 that may be how a server refuses a client without a
 * certificate: it says nothing else, and only after the handshake.
 */
export function wentAway(target: ServerTarget, what: string, hasAnswered = false): CodedError {
  const { tls } = target
  const isUnproven = !hasAnswered && tls !== null && tls.cert === undefined
  const advice = isUnproven ? ' If it asks for a certificate, give one with --tls-cert and --tls-key.' : ''
  return new CodedError(
    'SERVER_UNREACHABLE',
    `The server at ${printAddress(target)} went away: ${what}${advice}`,
  )
}

/** Something answers, but not in our protocol. */
export function foreignAnswer(target: ServerTarget, line: string): CodedError {
  const shown = terminalSafe(line)
  return new CodedError(
    'SERVER_REFUSED',
    `What answers at ${printAddress(target)} is not LogCaster's ${portName(target)}: it said "${shown}". ` +
      `Name the right one with --host and --${target.portOption}.`,
    { details: { exitCode: EXIT_UNREACHABLE } },
  )
}

const portName = ({ portOption }: ServerTarget): string => portOption.replace('-', ' ')

/** The server's ERROR, with what helps and the exit code that its reason calls for; `more` follows the reason. */
export function refusal(target: ServerTarget, reason: string, otherwise: number, more = ''): CodedError {
  const advice = adviceOn(target, reason)
  const message = `${reason}${more}`
  return new CodedError(
    'SERVER_REFUSED',
    advice === null ? message : `${message.replace(/\.$/, '')}. ${advice}`,
    {
      details: { exitCode: exitCodeOfReason(reason, otherwise) },
    },
  )
}

/** What the options could do about a refusal; null when nothing. */
export function adviceOn({ token, tls }: Pick<ServerTarget, 'token' | 'tls'>, reason: string): string | null {
  if (reason.startsWith('Not allowed') && token === undefined) return TOKEN_ADVICE
  return reason.startsWith('This port speaks TLS only') && tls === null ? TLS_ADVICE : null
}

export const TOKEN_ADVICE = 'Give a token that allows it with --token or LOGCASTER_TOKEN.'
const TLS_ADVICE = 'Use --tls, or --tls-ca with the file of its authority.'

/** The protocol gives words, not codes: these are how its refusals begin (docs/protocols-text.md). */
const EXIT_CODE_OF_REASON: readonly (readonly [start: RegExp, exitCode: number])[] = [
  [/^(Not allowed|Your address may not|Unknown token)/, EXIT_NOT_ALLOWED],
  [/^(Log storage full|Too many|Query took too long|(Request|Line) too long)/, EXIT_LIMIT],
  [/^(the query is (longer|nested)|the query has more than|more than \d+ rows match)/, EXIT_LIMIT],
  [/^(Pipe `\w+`|The answer|The query within the query) needs more than the \d+ MiB/, EXIT_LIMIT],
  [
    /^(`stream_context` was given|the regular expression .* is too large|This filter is too large)/,
    EXIT_LIMIT,
  ],
  [/^Other queries run, and this one had no turn/, EXIT_LIMIT],
  [/^The query was cancelled/, EXIT_PARTIAL],
  [/^Server is shutting down/, EXIT_UNREACHABLE],
  [/^This port speaks TLS only/, EXIT_USAGE],
]

export function exitCodeOfReason(reason: string, otherwise: number): number {
  return EXIT_CODE_OF_REASON.find(([start]) => start.test(reason))?.[1] ?? otherwise
}
