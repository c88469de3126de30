/**
 * `GET /api/v1/queries`, `GET /api/v1/query/<id>`, `DELETE /api/v1/query/<id>`: what queries run, how far one is, and a
 * way to end it. Who knows the id of a query may ask for it: the header `LogCaster-Query-Id` tells it to whoever asked,
 * who may also choose it (`query_id`).
 */
import type { HttpRoute, RouteCall } from '../route.ts'

const QUERY_PREFIX = '/api/v1/query/'

export const getQueries: HttpRoute = {
  methods: ['GET'],
  path: '/api/v1/queries',
  action: 'server.change',
  summary:
    'Queries that wait or run, and the last ones that took a second or longer: `{"running": [...], "slow": [...]}`.',
  async answer({ around: { hub } }) {
    return { running: hub.queries(), slow: hub.slowQueries() }
  },
}

export const oneQuery: HttpRoute = {
  methods: ['GET', 'DELETE'],
  path: `${QUERY_PREFIX}*`,
  action: 'query',
  summary:
    'A query that runs or has just ended: its text, state, rows, how many blocks it has done, and how many records and ' +
    'bytes of how many. `DELETE` ends it: whoever waits for it is told that it was cancelled; `cancelled` is false ' +
    'where it had ended before.',
  async answer(call) {
    const id = idOf(call)
    if (call.request.method !== 'DELETE') return call.around.hub.queryInfo(id)
    return { id, cancelled: call.around.hub.cancelQuery(id) }
  },
}

function idOf({ request }: RouteCall): string {
  return (request.raw.url ?? '').split('?')[0].slice(QUERY_PREFIX.length)
}
