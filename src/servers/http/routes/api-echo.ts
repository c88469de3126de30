/** `/api/echo`: gives back what it was sent, so that a client can see what arrives. */
import { heldAnswer } from '../held-answer.ts'
import { BODY_BYTES_MAX, JSON_TYPE } from '../http-options.ts'
import { HTTP_METHODS, type HttpRoute } from '../route.ts'

/** Credentials are not repeated, not even to whoever sent them. */
const HIDDEN_HEADERS = ['authorization', 'proxy-authorization']

export const apiEcho: HttpRoute = {
  methods: HTTP_METHODS,
  path: '/api/echo',
  action: 'data.echo',
  summary: 'Any method: `method`, `path`, `headers`, `cookies`, `query_params`, `body` as they came.',
  async answer({ around, request, reply, parameters, body }) {
    const text = await body.whole(BODY_BYTES_MAX, (bytes) => bytes.toString(), around.echoed)
    const headers = Object.entries(request.headers).filter(([name]) => !HIDDEN_HEADERS.includes(name))
    reply.type(JSON_TYPE)
    return heldAnswer(around.echoed, reply.raw, {
      method: request.method,
      path: (request.raw.url ?? '').split('?')[0],
      headers: Object.fromEntries(headers),
      cookies: request.cookies,
      query_params: Object.fromEntries(parameters),
      body: text,
    })
  },
}
