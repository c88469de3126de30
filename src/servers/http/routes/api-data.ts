/** `POST /api/data`: takes a body, stores nothing, and says what it understood. */
import { isDeeperThan, JSON_DEPTH_MAX } from '../../../wire/wire.ts'
import { heldAnswer } from '../held-answer.ts'
import { BODY_BYTES_MAX, JSON_TYPE } from '../http-options.ts'
import { HttpProblem } from '../problem-document.ts'
import type { HttpRoute } from '../route.ts'

export const apiData: HttpRoute = {
  methods: ['POST'],
  path: '/api/data',
  action: 'data.echo',
  summary: 'Takes a body and gives it back: `received`, `timestamp`, `processed`. Nothing is stored.',
  async answer({ around, request, reply, body }) {
    const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(request.headers['content-type'] ?? '')
    const read = (bytes: Buffer): unknown => (isJson ? parseJson(bytes) : bytes.toString())
    reply.type(JSON_TYPE)
    return heldAnswer(around.echoed, reply.raw, {
      received: await body.whole(BODY_BYTES_MAX, read, around.echoed),
      timestamp: new Date(around.clock.wallMs()).toISOString(),
      processed: true,
    })
  },
}

function parseJson(bytes: Buffer): unknown {
  if (isDeeperThan(bytes, JSON_DEPTH_MAX)) {
    throw new HttpProblem('REQUEST_INVALID', `The body is nested deeper than ${JSON_DEPTH_MAX} levels.`)
  }
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw new HttpProblem(
      'REQUEST_INVALID',
      'The body is not JSON, though its header `Content-Type` says so.',
      {
        members: { error: 'Invalid JSON' },
      },
    )
  }
}
