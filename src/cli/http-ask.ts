/**
 * One question to the HTTP port and its answer as JSON: for commands that an operator gives. They may take long, so
 * there is no time limit on the answer; Ctrl+C ends the wait. Nothing is tried again: doing it twice may not be wanted.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { CodedError, isCodedError, systemErrorCode } from '../base/base.ts'
import type { CommandContext } from './command.ts'
import { adviceOn, exitCodeOfReason, TOKEN_ADVICE } from './connection.ts'
import {
  EXIT_FALSE,
  EXIT_INTERRUPTED,
  EXIT_LIMIT,
  EXIT_NOT_ALLOWED,
  EXIT_UNREACHABLE,
  EXIT_USAGE,
} from './exit-codes.ts'
import type { HttpTarget } from './http-sender.ts'
import { readProblem } from './http-sender-answer.ts'
import { httpTargetOf } from './http-sender-options.ts'
import { authorizationOf, readBody, tlsOptionsFor } from './http-wire.ts'
import { keepAlive } from './keep-alive.ts'
import { terminalSafe } from './terminal.ts'
import { isCertificateProblem, isTlsAlert, tlsProblem } from './tls-stream.ts'

export interface HttpQuestion {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below `/api/v1/`, with its query string. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: object
}

const ANSWER_BYTES_MAX = 256 * 1024 * 1024
/** Of what came instead of an answer, this much is shown. */
const SHOWN_MAX = 80

/** SERVER_UNREACHABLE, SERVER_REFUSED, USAGE, QUERY_CANCELLED after Ctrl+C. */
export async function askHttp(context: CommandContext, question: HttpQuestion): Promise<unknown> {
  using _alive = keepAlive()
  const target = await httpTargetOf(context)
  const url = new URL(question.path, target.url)
  try {
    const { status, text } = await exchange(target, url, question, context.interrupted)
    if (status >= 200 && status < 300) return readJson(url, status, text)
    throw refusal(target, url, status, text)
  } catch (error) {
    if (context.interrupted.aborted) throw interrupted()
    throw isCodedError(error) || systemErrorCode(error) === undefined ? error : unreachable(url, error)
  }
}

function exchange(
  { token, tls = {} }: HttpTarget,
  url: URL,
  { method, body }: HttpQuestion,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body))
  const headers = {
    accept: 'application/json',
    ...(method === 'POST' && { 'content-type': 'application/json', 'content-length': bytes.length }),
    ...(token !== undefined && { authorization: authorizationOf(token) }),
  }
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal, agent: false as const }
    const outgoing =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...tlsOptionsFor(url, tls) })
        : httpRequest(url, options)
    outgoing.on('error', reject)
    outgoing.once('response', (incoming) => void readAnswer(incoming).then(resolve, reject))
    outgoing.end(bytes)
  })
}

async function readAnswer(incoming: IncomingMessage): Promise<{ status: number; text: string }> {
  return { status: incoming.statusCode ?? 0, text: await readBody(incoming, ANSWER_BYTES_MAX) }
}

function readJson(url: URL, status: number, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw foreign(url, status, text)
  }
}

function refusal({ token, tls }: HttpTarget, url: URL, status: number, text: string): CodedError {
  const problem = readProblem(text)
  if (problem === null) return foreign(url, status, text)
  const { code, sentence } = problem
  const isTls = url.protocol === 'https:'
  const advice =
    (status === 401 || status === 403) && token === undefined
      ? TOKEN_ADVICE
      : adviceOn({ token, tls: isTls ? (tls ?? {}) : null }, sentence)
  return new CodedError('SERVER_REFUSED', advice === null ? sentence : `${sentence} ${advice}`, {
    details: { exitCode: exitCodeOfReason(sentence, exitCodeOfProblem(code, status)), status },
  })
}

/** What was asked cannot be understood. The status alone does not say it: damaged files have that of them as well. */
const MISTAKES = new Set(['QUERY_SYNTAX', 'QUERY_ID_INVALID', 'REQUEST_INVALID'])

function exitCodeOfProblem(code: string, status: number): number {
  if (MISTAKES.has(code)) return EXIT_USAGE
  if (status === 401 || status === 403) return EXIT_NOT_ALLOWED
  return status === 429 || status === 507 ? EXIT_LIMIT : EXIT_FALSE
}

function foreign(url: URL, status: number, text: string): CodedError {
  const shown = terminalSafe(text.trim().slice(0, SHOWN_MAX))
  return new CodedError(
    'SERVER_REFUSED',
    `What answers at ${url.origin} does not know ${url.pathname} as LogCaster does: status ${status}, "${shown}". ` +
      'Name the right one with --host and --http-port, or with --url.',
    { details: { exitCode: EXIT_UNREACHABLE, status } },
  )
}

function unreachable(url: URL, cause: unknown): CodedError {
  const message =
    isCertificateProblem(cause) || isTlsAlert(cause)
      ? tlsProblem(cause, url.host)
      : `No LogCaster answers at ${url.origin} (${systemErrorCode(cause)}). ` +
        'Start it with npm start, or name it with --host and --http-port, or with --url.'
  return new CodedError('SERVER_UNREACHABLE', message, { cause })
}

function interrupted(): CodedError {
  return new CodedError('QUERY_CANCELLED', 'Stopped before the server answered.', {
    details: { exitCode: EXIT_INTERRUPTED },
  })
}
