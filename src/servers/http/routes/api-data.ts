/** `POST /api/data`: takes a body, stores nothing, and says what it understood. */
import { BODY_BYTES_MAX } from '../http-options.ts'
import { HttpProblem } from '../problem-document.ts'
import type { HttpRoute } from '../route.ts'

export const apiData: HttpRoute = {
  methods: ['POST'],
  path: '/api/data',
  action: 'data.echo',
  summary: 'Takes a body and gives it back: `received`, `timestamp`, `processed`. Nothing is stored.',
  async answer({ around, request, body }) {
    const text = await body.whole(BODY_BYTES_MAX, (bytes) => bytes.toString(), around.echoed)
    const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(request.headers['content-type'] ?? '')
    return {
      received: isJson ? parseJson(text) : text,
      timestamp: new Date(around.clock.wallMs()).toISOString(),
      processed: true,
    }
  },
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
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
