/** Connections to a server, and what a command says when there is none. Protocols are not its business. */
import type { Duplex } from 'node:stream'
import { CodedError } from '../base/base.ts'
import type { CliIo } from './cli-io.ts'
import { EXIT_LIMIT, EXIT_NOT_ALLOWED, EXIT_UNREACHABLE } from './exit-codes.ts'
import type { ParsedArgs } from './parsed-args.ts'
import { terminalSafe } from './terminal.ts'

export type PortOption = 'log-port' | 'query-port'

/** Which server, and by which option its port is named. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
  readonly portOption: PortOption
}

export function addressOf(args: ParsedArgs, portOption: PortOption): ServerAddress {
  return { host: args.textOr('host', '127.0.0.1'), port: args.integer(portOption) ?? 0, portOption }
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
export function tokenRefused(address: ServerAddress, reason: string): CodedError {
  return new CodedError(
    'SERVER_REFUSED',
    `The server at ${printAddress(address)} refused the token: ${reason}. See --token and LOGCASTER_TOKEN.`,
    { details: { exitCode: exitCodeOfReason(reason, EXIT_NOT_ALLOWED) } },
  )
}

/** `127.0.0.1:9998`, `[::1]:9998`. */
export function printAddress({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** A connection that `signal` destroys. SERVER_UNREACHABLE. */
export async function openConnection(
  io: CliIo,
  address: ServerAddress,
  signal: AbortSignal,
): Promise<Duplex> {
  let socket: Duplex
  try {
    socket = await io.connect(address.host, address.port)
  } catch (cause) {
    throw unreachable(address, cause)
  }
  socket.on('error', () => {})
  const destroy = (): void => void socket.destroy()
  signal.addEventListener('abort', destroy, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', destroy))
  if (signal.aborted) destroy()
  return socket
}

export function unreachable(address: ServerAddress, cause?: unknown): CodedError {
  const place = printAddress(address)
  return new CodedError(
    'SERVER_UNREACHABLE',
    `No LogCaster answers at ${place}. Start it with npm start, or name it with --host and --${address.portOption}.`,
    { cause },
  )
}

export function wentAway(address: ServerAddress, what: string): CodedError {
  return new CodedError('SERVER_UNREACHABLE', `The server at ${printAddress(address)} went away: ${what}`)
}

/** Something answers, but not in our protocol. */
export function foreignAnswer(address: ServerAddress, line: string): CodedError {
  const shown = terminalSafe(line)
  return new CodedError(
    'SERVER_REFUSED',
    `What answers at ${printAddress(address)} is not LogCaster's ${portName(address)}: it said "${shown}". ` +
      `Name the right one with --host and --${address.portOption}.`,
    { details: { exitCode: EXIT_UNREACHABLE } },
  )
}

const portName = ({ portOption }: ServerAddress): string => portOption.replace('-', ' ')

/** The server's ERROR, with the exit code that its reason calls for. */
export function refusal(reason: string, otherwise: number): CodedError {
  return new CodedError('SERVER_REFUSED', reason, {
    details: { exitCode: exitCodeOfReason(reason, otherwise) },
  })
}

/** The protocol gives words, not codes: these are how its refusals begin (docs/protocols-text.md). */
const EXIT_CODE_OF_REASON: readonly (readonly [start: RegExp, exitCode: number])[] = [
  [/^(Not allowed|Your address may not|Unknown token)/, EXIT_NOT_ALLOWED],
  [/^(Log storage full|Too many|Query took too long|(Request|Line) too long)/, EXIT_LIMIT],
  [/^(the query is (longer|nested)|more than \d+ rows match)/, EXIT_LIMIT],
  [/^Server is shutting down/, EXIT_UNREACHABLE],
]

export function exitCodeOfReason(reason: string, otherwise: number): number {
  return EXIT_CODE_OF_REASON.find(([start]) => start.test(reason))?.[1] ?? otherwise
}
