/** `/metrics`: counters of the server for Prometheus. */
import { metricsText } from '../metrics.ts'
import type { HttpRoute } from '../route.ts'

export const metrics: HttpRoute = {
  methods: ['GET', 'HEAD'],
  path: '/metrics',
  action: 'metrics',
  summary: 'Counters of the server, as Prometheus reads them.',
  async answer({ around, reply }) {
    const { contentType, text } = await metricsText(around)
    reply.type(contentType)
    return text
  },
}
