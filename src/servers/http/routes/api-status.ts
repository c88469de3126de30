/** `/api/status`: that the server is there, and for how long. */
import type { HttpRoute } from '../route.ts'

export const apiStatus: HttpRoute = {
  methods: ['GET', 'HEAD'],
  path: '/api/status',
  action: 'page',
  summary: '`status`, `server`, `uptime` in seconds, `timestamp`.',
  async answer({ around: { clock, options, startedMs } }) {
    return {
      status: 'running',
      server: `LogCaster ${options.version}`,
      uptime: Math.floor((clock.monotonicMs() - startedMs) / 1000),
      timestamp: new Date(clock.wallMs()).toISOString(),
    }
  },
}
