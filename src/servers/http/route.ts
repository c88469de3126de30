/** What a route is: one row of routes.ts, one file of routes/. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SessionAccess } from '../access.ts'
import type { Action } from '../actions.ts'
import type { HttpSurroundings } from './http-options.ts'
import type { HttpSession } from './http-session.ts'
import type { RequestBody } from './request-body.ts'

export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
export type HttpMethod = (typeof HTTP_METHODS)[number]

export interface HttpRoute {
  readonly methods: readonly HttpMethod[]
  /** `/static/*` is everything below `/static/`. */
  readonly path: string
  /** What whoever asks must be allowed to do. */
  readonly action: Action
  /** For docs/http.md. */
  readonly summary: string
  /** What it gives is sent: text, bytes, or an object as JSON. Coded errors become problem documents. */
  readonly answer: (call: RouteCall) => Promise<unknown>
}

/** One request, let in. */
export interface RouteCall {
  readonly around: HttpSurroundings
  readonly session: HttpSession
  readonly subject: SessionAccess
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Of the path. */
  readonly parameters: URLSearchParams
  readonly body: RequestBody
}
