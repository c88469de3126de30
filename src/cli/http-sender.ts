/**
 * Sends bodies of log lines to `POST /api/v1/logs` and does not give up easily: where the connection breaks, or the
 * server has no room or no time, the same body goes again under the same idempotency key after a jittered, growing
 * pause. Whether the server had stored it already does not matter: a key is stored once.
 *
 * Invariant: `send` resolves only with an answer that the server gave after the records were durable.
 * Not for cutting bodies or for choosing keys: the caller does both.
 */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { type Clock, CodedError, type Random, systemError, systemErrorCode } from '../base/base.ts'
import { adviceOn, exitCodeOfReason, TOKEN_ADVICE } from './connection.ts'
import { EXIT_INTERRUPTED, EXIT_LIMIT, EXIT_NOT_ALLOWED, EXIT_UNREACHABLE } from './exit-codes.ts'
import { type LogsAnswer, readLogsAnswer, readProblem } from './http-sender-answer.ts'
import { authorizationOf, readBody, tlsOptionsFor } from './http-wire.ts'
import { terminalSafe } from './terminal.ts'
import type { TlsSettings } from './tls-options.ts'
import { isCertificateProblem, isTlsAlert, tlsProblem } from './tls-stream.ts'

export interface HttpTarget {
  /** Of the logs themselves, path included. */
  readonly url: URL
  readonly token?: string
  /** For https. */
  readonly tls?: TlsSettings
}

export interface LogsBody {
  readonly bytes: Uint8Array
  readonly contentType: 'text/plain' | 'application/x-ndjson'
  /** At most 200 ASCII characters; never the same for two different bodies. */
  readonly key: string
  /** The query string without `?`. */
  readonly search?: string
}

export interface HttpSenderOptions {
  readonly target: HttpTarget
  readonly clock: Clock
  readonly random: Random
  /** No more attempts after this; a request under way may still be answered. */
  readonly stop: AbortSignal
  /** Ends requests under way. */
  readonly abandon: AbortSignal
  /** How long one body is tried. Default: for ever. */
  readonly tryMsMax?: number
  /** Gives up at once where nobody listens at all, as long as no server has ever answered. */
  readonly needsServer?: boolean
  /** Called before a pause. */
  readonly onRetry?: (reason: string, delayMs: number) => void
}

const CONNECTIONS_MAX = 8
const ANSWER_MS_MAX = 60_000
const ANSWER_BYTES_MAX = 4 * 1024 * 1024
const PAUSE_MS_FIRST = 200
const PAUSE_MS_MAX = 30_000
/** The server may ask for a longer pause, up to this. */
const RETRY_AFTER_MS_MAX = 300_000
/** The server, or a proxy before it, asks to come again. */
const TRY_AGAIN = new Set([408, 429, 502, 503, 504, 507])
/** Nobody is there, or nobody who speaks HTTP. */
const NOBODY = /^(ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EPROTO|HPE_.*)$/
/** Of what came instead of an answer, this much is shown. */
const SHOWN_MAX = 80

interface RawAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly text: string
}

/** What one attempt came to: an answer, or a failure that may pass. */
type Attempt =
  | { readonly answer: LogsAnswer }
  | {
      readonly answer: null
      readonly failure: CodedError
      readonly waitMs: number
      readonly isNobody: boolean
    }

export class HttpSender {
  readonly #options: HttpSenderOptions
  readonly #agent: HttpAgent
  readonly #isTls: boolean
  #hasAnswered = false

  constructor(options: HttpSenderOptions) {
    const { url, tls = {} } = options.target
    const shared = { keepAlive: true, maxSockets: CONNECTIONS_MAX }
    this.#options = options
    this.#isTls = url.protocol === 'https:'
    this.#agent = this.#isTls
      ? new HttpsAgent({ ...shared, ...tlsOptionsFor(url, tls) })
      : new HttpAgent(shared)
  }

  /**
   * Resolves when all records of the body are stored or refused. SERVER_UNREACHABLE when nobody answers, or not in
   * time; SERVER_REFUSED when the server will not take it however often it is sent; QUERY_CANCELLED after `stop`.
   */
  async send(body: LogsBody): Promise<LogsAnswer> {
    const { clock, tryMsMax = Number.POSITIVE_INFINITY, onRetry } = this.#options
    const startedMs = clock.monotonicMs()
    for (let pauses = 0; ; pauses++) {
      this.#checkStopped()
      const attempt = await this.#attempt(body)
      if (attempt.answer !== null) return attempt.answer
      this.#checkStopped()
      const delayMs = Math.max(this.#backOffMs(pauses), attempt.waitMs)
      const isHopeless = this.#options.needsServer === true && attempt.isNobody && !this.#hasAnswered
      if (isHopeless || clock.monotonicMs() + delayMs - startedMs > tryMsMax) throw attempt.failure
      onRetry?.(attempt.failure.message, delayMs)
      await this.#pause(delayMs)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #attempt(body: LogsBody): Promise<Attempt> {
    let raw: RawAnswer
    try {
      raw = await this.#exchange(body)
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === undefined) throw error
      if (isCertificateProblem(error) || isTlsAlert(error)) throw this.#untrusted(error)
      return { answer: null, failure: this.#unreachable(code, error), waitMs: 0, isNobody: NOBODY.test(code) }
    }
    this.#hasAnswered = true
    if (raw.status === 200) return { answer: this.#accepted(raw) }
    const failure = this.#refusal(raw)
    if (!TRY_AGAIN.has(raw.status)) throw failure
    const waitMs = retryAfterMs(raw.retryAfter, this.#options.clock.wallMs())
    return { answer: null, failure, waitMs, isNobody: false }
  }

  /** One request and its whole answer. Rejects with a system error. */
  #exchange(body: LogsBody): Promise<RawAnswer> {
    const { target, clock, abandon } = this.#options
    const options: RequestOptions = {
      method: 'POST',
      agent: this.#agent,
      headers: this.#headers(body),
      signal: abandon,
    }
    return new Promise((resolve, reject) => {
      const request = this.#isTls ? httpsRequest : httpRequest
      const outgoing = request(addressOf(target.url, body.search), options)
      const cancel = clock.after(ANSWER_MS_MAX, () => {
        outgoing.destroy(systemError('ETIMEDOUT', 'no answer in time'))
      })
      outgoing.once('close', cancel)
      outgoing.on('error', reject)
      outgoing.once('response', (incoming) => void readAnswer(incoming).then(resolve, reject))
      outgoing.end(body.bytes)
    })
  }

  #headers({ bytes, contentType, key }: LogsBody): Record<string, string | number> {
    const { token } = this.#options.target
    return {
      'content-type': contentType,
      'content-length': bytes.length,
      'idempotency-key': key,
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: authorizationOf(token) }),
    }
  }

  #accepted({ status, text }: RawAnswer): LogsAnswer {
    const answer = readLogsAnswer(text)
    if (answer === null) throw this.#foreign(status, text)
    return answer
  }

  #refusal({ status, text }: RawAnswer): CodedError {
    const problem = readProblem(text)
    if (problem === null && !TRY_AGAIN.has(status)) return this.#foreign(status, text)
    const reason = problem?.sentence ?? `${this.#place} answers with status ${status}`
    const advice = this.#adviceOn(status, reason)
    return new CodedError('SERVER_REFUSED', advice === null ? reason : `${reason} ${advice}`, {
      details: { exitCode: exitCodeOfReason(reason, exitCodeOfStatus(status)), status },
    })
  }

  #adviceOn(status: number, reason: string): string | null {
    const { token } = this.#options.target
    if (status === 401 && token === undefined) return TOKEN_ADVICE
    return adviceOn({ token, tls: this.#isTls ? {} : null }, reason)
  }

  /** Something answers, but not as the address of the logs would. */
  #foreign(status: number, text: string): CodedError {
    const shown = terminalSafe(text.trim().slice(0, SHOWN_MAX))
    return new CodedError(
      'SERVER_REFUSED',
      `What answers at ${this.#place} does not take logs as LogCaster does: status ${status}, "${shown}". ` +
        'Name the right one with --host and --http-port, or with --url.',
      { details: { exitCode: EXIT_UNREACHABLE, status } },
    )
  }

  #unreachable(code: string, cause: unknown): CodedError {
    const advice = 'Start it with npm start, or name it with --host and --http-port, or with --url.'
    const message = this.#hasAnswered
      ? `The server at ${this.#place} went away (${code}).`
      : `No LogCaster answers at ${this.#place} (${code}). ${advice}`
    return new CodedError('SERVER_UNREACHABLE', message, { cause })
  }

  #untrusted(cause: unknown): CodedError {
    return new CodedError('SERVER_UNREACHABLE', tlsProblem(cause, this.#options.target.url.host), { cause })
  }

  get #place(): string {
    return this.#options.target.url.origin
  }

  /** Between half of the pause and all of it, and twice as long each time. */
  #backOffMs(pauses: number): number {
    const fullMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** pauses)
    return Math.round(fullMs / 2 + (fullMs / 2) * (this.#options.random.uint32() / 0x1_0000_0000))
  }

  #pause(delayMs: number): Promise<void> {
    const { clock, stop } = this.#options
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        stop.removeEventListener('abort', end)
        resolve()
      }
      const cancel = clock.after(delayMs, end)
      stop.addEventListener('abort', end, { once: true })
    })
  }

  #checkStopped(): void {
    const { stop, abandon } = this.#options
    if (!stop.aborted && !abandon.aborted) return
    throw new CodedError('QUERY_CANCELLED', 'Stopped before all was acknowledged.', {
      details: { exitCode: EXIT_INTERRUPTED },
    })
  }
}

function addressOf(url: URL, search: string | undefined): URL {
  if (search === undefined || search === '') return url
  const address = new URL(url)
  address.search = search
  return address
}

async function readAnswer(incoming: IncomingMessage): Promise<RawAnswer> {
  const text = await readBody(incoming, ANSWER_BYTES_MAX)
  return { status: incoming.statusCode ?? 0, retryAfter: incoming.headers['retry-after'], text }
}

/** Seconds, or a date. */
function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0
  const waitMs = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isNaN(waitMs) ? 0 : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, waitMs))
}

function exitCodeOfStatus(status: number): number {
  if (status === 401 || status === 403) return EXIT_NOT_ALLOWED
  if (status === 413 || status === 429 || status === 507) return EXIT_LIMIT
  return status === 503 ? EXIT_UNREACHABLE : 1
}
