/**
 * HTTP for all ports: one Node server that never listens and is given streams, one Fastify app that answers, and what
 * all sessions share.
 *
 * Not here: a connection's time limits and end (http-session.ts), what every request passes (http-app.ts), and the
 * routes (routes.ts).
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Duplex } from 'node:stream'
import { assert, type Clock, CodedError, systemErrorCode } from '../../base/base.ts'
import type { Hub } from '../../hub/hub.ts'
import { ByteBudget, NdjsonWorkspace, TextLogWorkspace } from '../../ingest/ingest.ts'
import type { Arrival, ConnectionRefused, StreamProtocolServer } from '../protocol.ts'
import type { StoreGate } from '../store-gate.ts'
import { GatherPool } from './chunk-gatherer.ts'
import { makeApp } from './http-app.ts'
import { HttpCounters } from './http-counters.ts'
import { HEADER_BYTES_MAX, type HttpOptions, type HttpSurroundings } from './http-options.ts'
import { HttpSession, type HttpSessionEvents } from './http-session.ts'
import { HttpProblem, internalError, problemOf, problemResponse } from './problem-document.ts'

export interface HttpProtocolStats {
  readonly sessions: number
  readonly requests: number
  /** Answers with a status of 400 and more. */
  readonly errors: number
  /** Answers by the first digit of their status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Bytes that came in bodies and headers. */
  readonly bytes: number
  /** Records that are durable. */
  readonly records: number
  /** Lines that were refused. */
  readonly refused: number
  /** Rows of answers. */
  readonly rows: number
  /** Memory of bodies that are held whole. */
  readonly gatheredBytes: number
}

const HALF_LINE_BYTES_MAX = 64 * 1024 * 1024
const GATHERED_BYTES_MAX = 64 * 1024 * 1024
/** Of all connections, 256 KiB each. */
const READING_BUFFERS_MAX = 32
const ECHOED_BYTES_MAX = 16 * 1024 * 1024
const EXPANDING_BYTES_MAX = 512 * 1024 * 1024
const ANSWER_ID_BYTES_MAX = 256 * 1024 * 1024

export class HttpProtocol implements StreamProtocolServer {
  readonly name = 'http'
  readonly takesStream = true
  readonly #around: HttpSurroundings
  readonly #sessions = new Map<object, HttpSession>()
  readonly #sessionEvents: HttpSessionEvents = {
    draining: () => {
      this.#isDraining = true
    },
    refused: (error) => this.#around.counters.countStatus(problemOf(error).status),
  }
  readonly #server: Server
  #isDraining = false
  #loading: Promise<void> | null = null
  #answer: RequestListener | null = null

  constructor(hub: Hub, gate: StoreGate, clock: Clock, options: HttpOptions) {
    this.#around = {
      hub,
      gate,
      clock,
      options,
      problem: options.problem ?? (() => {}),
      counters: new HttpCounters(),
      startedMs: clock.monotonicMs(),
      ndjson: new NdjsonWorkspace(options.halfLineBytesMax ?? HALF_LINE_BYTES_MAX),
      text: new TextLogWorkspace(options.halfLineBytesMax ?? HALF_LINE_BYTES_MAX),
      reading: new GatherPool(READING_BUFFERS_MAX),
      gathered: new ByteBudget(options.gatheredBytesMax ?? GATHERED_BYTES_MAX),
      echoed: new ByteBudget(ECHOED_BYTES_MAX),
      expanding: new ByteBudget(options.expandingBytesMax ?? EXPANDING_BYTES_MAX),
      answers: new ByteBudget(options.answerIdBytesMax ?? ANSWER_ID_BYTES_MAX),
      isDraining: () => this.#isDraining,
    }
    this.#server = this.#makeServer()
  }

  /** Loads what answers requests; the first request does so by itself. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  open(stream: Duplex, arrival: Arrival): HttpSession {
    const { clock, options } = this.#around
    const session = new HttpSession(stream, arrival, clock, options, this.#sessionEvents)
    this.#sessions.set(stream, session)
    void session.closed.then(() => this.#sessions.delete(stream))
    this.#server.emit('connection', stream)
    session.takeOverEnd()
    return session
  }

  refusal({ reason, isLasting }: ConnectionRefused): string {
    return problemResponse(new CodedError(isLasting ? 'NOT_ALLOWED' : 'RATE_EXCEEDED', `${reason}.`))
  }

  stats(): HttpProtocolStats {
    const { counters, gathered } = this.#around
    const { requests, errors, statuses, bytesIn, records, refused, rows } = counters
    return {
      sessions: this.#sessions.size,
      requests,
      errors,
      statuses: { ...statuses },
      bytes: bytesIn,
      records,
      refused,
      rows,
      gatheredBytes: gathered.used,
    }
  }

  #sessionOf(socket: object): HttpSession {
    const session = this.#sessions.get(socket)
    assert(session !== undefined, 'every socket of the server has a session')
    return session
  }

  #makeServer(): Server {
    const take: RequestListener = (request, response) => this.#take(request, response)
    // Its own time limits are off: sessions have their own, by our clock.
    const server = createServer({
      maxHeaderSize: HEADER_BYTES_MAX,
      requireHostHeader: false,
      headersTimeout: 0,
      requestTimeout: 0,
      keepAliveTimeout: 0,
    })
    server.on('request', take)
    // The route says go on when it begins to read.
    server.on('checkContinue', take)
    server.on('checkExpectation', ({ socket }: IncomingMessage) => this.#refuse(socket, BAD_EXPECTATION))
    server.on('connect', ({ socket }: IncomingMessage) => this.#refuse(socket, NO_PROXY))
    server.on('clientError', (error, socket) => this.#refuse(socket, problemOfParser(error)))
    // A peer that has sent everything may still read its answer.
    return Object.assign(server, { httpAllowHalfOpen: true })
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    this.#sessionOf(request.socket).begin(response, () => {
      if (this.#answer !== null) this.#answer(request, response)
      else void this.#takeFirst(request, response)
    })
  }

  /** The first requests wait until what answers them is loaded. */
  async #takeFirst(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.load()
      this.#answer?.(request, response)
    } catch (error) {
      this.#around.problem('HTTP could not be loaded', error)
      this.#refuse(request.socket, internalError(error))
    }
  }

  async #load(): Promise<void> {
    this.#answer = await makeApp(this.#around, {
      server: this.#server,
      sessionOf: (request) => this.#sessionOf(request.socket),
    })
  }

  #refuse(socket: object, error: unknown): void {
    this.#sessions.get(socket)?.refuse(error)
  }
}

const BAD_EXPECTATION = new HttpProblem('REQUEST_INVALID', 'The header `Expect` can only be 100-continue.', {
  status: 417,
})
const NO_PROXY = new HttpProblem('METHOD_REFUSED', 'This server is no proxy.', {
  headers: { Allow: 'GET, POST' },
})

/** What Node's parser found. */
function problemOfParser(error: NodeJS.ErrnoException): HttpProblem {
  switch (systemErrorCode(error)) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpProblem('REQUEST_INVALID', `The headers have more than ${HEADER_BYTES_MAX} bytes.`, {
        status: 431,
      })
    case 'HPE_PAUSED_H2_UPGRADE':
    case 'HPE_INVALID_VERSION':
      return new HttpProblem('REQUEST_INVALID', 'This server speaks HTTP/1.1.', { status: 505 })
    default:
      return new HttpProblem('REQUEST_INVALID', 'What came is no HTTP request.')
  }
}
