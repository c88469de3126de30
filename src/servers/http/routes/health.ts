/** `/health`: the process runs and answers. */
import type { HttpRoute } from '../route.ts'

export const health: HttpRoute = {
  methods: ['GET', 'HEAD'],
  path: '/health',
  action: 'page',
  summary: 'Whether the server runs: always `{"status":"ok"}`.',
  answer: async () => ({ status: 'ok' }),
}
