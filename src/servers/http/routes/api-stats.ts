/** `/api/stats`: counters of the server. The sums come first; then everything that they are sums of. */
import type { HttpRoute } from '../route.ts'
import { openConnections, refusedOf, sumOf } from '../server-stats.ts'

export const apiStats: HttpRoute = {
  methods: ['GET', 'HEAD'],
  path: '/api/stats',
  action: 'stats.server',
  summary:
    '`connections` (open), `requests` (over HTTP), `records` and `bytes` (taken), `errors`, `refused`, ' +
    'and what they are sums of.',
  async answer({ around }) {
    const stats = around.options.serverStats()
    const protocols = Object.values(stats.protocols)
    return {
      connections: openConnections(stats),
      requests: around.counters.requests,
      records: sumOf(protocols, 'records'),
      bytes: sumOf(protocols, 'bytes'),
      errors: sumOf(protocols, 'errors'),
      refused: protocols.reduce((sum, protocol) => sum + refusedOf(protocol), 0),
      ...stats,
    }
  },
}
