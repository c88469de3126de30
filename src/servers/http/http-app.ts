/**
 * The Fastify app: hooks that every request passes, then its route.
 *
 *   request ── form ── host and origin ── CORS ── pace ── access ── route ── answer or problem document
 *
 * Invariants: every answer has the security headers; every error is a problem document; nothing of a body is read
 * before its sender is known to be allowed to send it.
 *
 * Fastify and its plugins are loaded when an app is made: a program to which nobody speaks HTTP does not pay for them.
 */
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AssertionError, assert } from '../../base/base.ts'
import { didYouMean } from '../../query/query.ts'
import type { SessionAccess } from '../access.ts'
import type { Action } from '../actions.ts'
import { NO_ROUTE } from './http-counters.ts'
import type { HttpSurroundings } from './http-options.ts'
import type { HttpSession } from './http-session.ts'
import { HttpProblem, ownFaultOf, PROBLEM_TYPE, problemHeaders, problemOf } from './problem-document.ts'
import { admitRequest } from './request-access.ts'
import { RequestBody } from './request-body.ts'
import { checkForm, checkOrigin } from './request-form.ts'
import type { HttpRoute } from './route.ts'
import { ROUTES, routeOf } from './routes.ts'
import { SECURITY_HEADERS } from './security-headers.ts'
import { STATIC_FOLDER } from './static-files.ts'

declare module 'fastify' {
  interface FastifyRequest {
    session: HttpSession
    subject: SessionAccess
    startedMs: number
  }
  interface FastifyContextConfig {
    action?: Action
  }
}

export interface AppParts {
  /** The server that will be given the requests. */
  readonly server: Server
  readonly sessionOf: (request: IncomingMessage) => HttpSession
}

/** Resolves with what answers requests. */
export async function makeApp(around: HttpSurroundings, parts: AppParts): Promise<RequestListener> {
  const { fastify } = await import('fastify')
  let listener: RequestListener | null = null
  const app = fastify({
    serverFactory: (answer) => {
      listener = answer
      return parts.server
    },
    // What is no request is refused by its session.
    clientErrorHandler: () => {},
    frameworkErrors: (error, _request, reply) => sendProblem(around, reply, error),
    exposeHeadRoutes: false,
    logger: false,
  })
  app.setErrorHandler((error, _request, reply) => sendProblem(around, reply, error))
  app.setNotFoundHandler((request, reply) => answerUnknown(around, request, reply))
  // Routes read bodies themselves.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  await addHooks(app, around, parts)
  for (const route of ROUTES) addRoute(app, around, route)
  await app.ready()
  assert(listener !== null, 'Fastify asks for its server')
  return listener
}

/** In the order in which a request passes them. */
async function addHooks(app: FastifyInstance, around: HttpSurroundings, parts: AppParts): Promise<void> {
  app.decorateRequest('session')
  app.decorateRequest('subject')
  app.decorateRequest('startedMs', 0)
  app.addHook('onRequest', async (request, reply) => beginRequest(around, parts, request, reply))
  await addPlugins(app, around)
  app.addHook('onRequest', async (request) => admit(request))
  app.addHook('onSend', async (request, reply) => endUnread(request, reply))
  app.addHook('onResponse', async (request, reply) => count(around, request, reply))
}

async function addPlugins(app: FastifyInstance, { options }: HttpSurroundings): Promise<void> {
  const [cookie, files] = await Promise.all([import('@fastify/cookie'), import('@fastify/static')])
  await app.register(cookie.fastifyCookie)
  await app.register(files.fastifyStatic, { root: STATIC_FOLDER, serve: false, dotfiles: 'deny' })
  if (options.corsOrigins.length === 0) return
  const { fastifyCors } = await import('@fastify/cors')
  await app.register(fastifyCors, { origin: [...options.corsOrigins], strictPreflight: false, maxAge: 600 })
}

function addRoute(app: FastifyInstance, around: HttpSurroundings, route: HttpRoute): void {
  app.route({
    method: [...route.methods],
    url: route.path,
    config: { action: route.action },
    handler: (request, reply) => {
      const { session, subject, raw } = request
      const body = new RequestBody(raw, reply.raw, session, around)
      const parameters = parametersOf(request)
      return session.work(() => route.answer({ around, session, subject, request, reply, parameters, body }))
    },
  })
}

function parametersOf({ raw }: FastifyRequest): URLSearchParams {
  const url = raw.url ?? ''
  const mark = url.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
}

// ---- what every request passes ------------------------------------------------------------------------------

async function beginRequest(
  { clock, counters, options }: HttpSurroundings,
  { sessionOf }: AppParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  request.session = sessionOf(request.raw)
  request.startedMs = clock.monotonicMs()
  reply.headers(SECURITY_HEADERS)
  checkForm(request.raw)
  if (request.session.isLocal) checkOrigin(request.raw, options)
  const { byteCount, waitMs } = request.session.meter()
  counters.bytesIn += byteCount
  if (waitMs > 0) await request.session.pause(waitMs)
}

/** A path without a route needs nothing: it is unknown to everybody. */
async function admit(request: FastifyRequest): Promise<void> {
  const { action } = request.routeOptions.config
  if (action === undefined) return
  request.subject = await admitRequest(request.session.arrival.access, request.headers.authorization, action)
}

/** Nobody reads the rest of a body that was answered before its end: the connection ends behind the answer. */
async function endUnread(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!request.raw.complete) reply.header('Connection', 'close')
}

async function count(
  { clock, counters }: HttpSurroundings,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const route = request.is404 ? NO_ROUTE : (request.routeOptions.url ?? NO_ROUTE)
  counters.answered(route, reply.statusCode, (clock.monotonicMs() - request.startedMs) / 1000)
}

// ---- refusals -----------------------------------------------------------------------------------------------

function sendProblem({ problem }: HttpSurroundings, reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof AssertionError) crash(error)
  const fault = ownFaultOf(error)
  if (fault !== null) problem('A request failed', fault)
  const document = problemOf(error)
  reply.headers(SECURITY_HEADERS).headers(problemHeaders(error))
  // Fastify would add a charset to text.
  return reply
    .code(document.status)
    .type(PROBLEM_TYPE)
    .send(Buffer.from(JSON.stringify(document)))
}

/** A bug of ours ends the process, as everywhere. */
function crash(error: AssertionError): void {
  queueMicrotask(() => {
    throw error
  })
}

function answerUnknown(around: HttpSurroundings, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = (request.raw.url ?? '').split('?')[0]
  const route = routeOf(path)
  if (route === null) return sendProblem(around, reply, unknownRoute(path))
  const allow = route.methods.join(', ')
  if (request.method === 'OPTIONS') return reply.code(204).header('Allow', allow).send()
  const detail = `This path is for ${allow}.`
  return sendProblem(around, reply, new HttpProblem('METHOD_REFUSED', detail, { headers: { Allow: allow } }))
}

function unknownRoute(path: string): HttpProblem {
  const known = ROUTES.map((route) => route.path)
  return new HttpProblem('ROUTE_UNKNOWN', `There is nothing at this path${didYouMean(path, known) || '.'}`)
}
