/**
 * `POST /api/v1/delete`, `GET /api/v1/tasks`, `DELETE /api/v1/tasks/<id>`: deletion by filter, which works in the
 * background, and what work in the background there is.
 */
import { isCodedError } from '../../../base/base.ts'
import { caretMessage } from '../../../query/query.ts'
import { HttpProblem } from '../problem-document.ts'
import type { HttpRoute, RouteCall } from '../route.ts'

const BODY_BYTES_MAX = 64 * 1024
const TASKS_PREFIX = '/api/v1/tasks/'

export const postDelete: HttpRoute = {
  methods: ['POST'],
  path: '/api/v1/delete',
  action: 'delete',
  summary:
    'Deletes, in the background, what is there now and matches: `{"query": "<filter>"}`. Answered with the task ' +
    'and status 202 when it is sure to be done, also after a restart.',
  async answer(call) {
    const text = await call.body.whole(BODY_BYTES_MAX, readFilter)
    const { hub, options } = call.around
    try {
      const task = await hub.deleteWhere(text, { store: options.store })
      call.reply.code(202)
      return task
    } catch (error) {
      if (!isCodedError(error, 'QUERY_SYNTAX')) throw error
      throw new HttpProblem(error.code, caretMessage(text, error), { members: { ...error.details } })
    }
  },
}

export const getTasks: HttpRoute = {
  methods: ['GET'],
  path: '/api/v1/tasks',
  action: 'delete',
  summary: 'Work in the background, and what of it ended since the start: `{"tasks": [...]}`.',
  async answer({ around }) {
    return { tasks: around.hub.tasks() }
  },
}

export const deleteTask: HttpRoute = {
  methods: ['DELETE'],
  path: `${TASKS_PREFIX}*`,
  action: 'delete',
  summary: 'Ends work in the background where it stands. What it did stays done.',
  async answer({ around, request }: RouteCall) {
    const id = (request.raw.url ?? '').split('?')[0].slice(TASKS_PREFIX.length)
    await around.hub.cancelTask(id)
    return { id, cancelled: true }
  },
}

function readFilter(body: Buffer): string {
  let query: unknown
  try {
    ;({ query } = { query: null, ...JSON.parse(body.toString()) })
  } catch {
    // Said below.
  }
  if (typeof query === 'string' && query.trim() !== '') return query
  throw new HttpProblem(
    'REQUEST_INVALID',
    'The body must be JSON: {"query": "<filter>"}. `*` deletes everything.',
  )
}
