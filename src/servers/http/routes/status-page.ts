/** `/`: a page that says what runs here and how to send it something. */
import type { HttpRoute } from '../route.ts'
import { statusHtml } from '../status-html.ts'

export const statusPage: HttpRoute = {
  methods: ['GET', 'HEAD'],
  path: '/',
  action: 'page',
  summary: 'A page for people: version, ports, records, how to send a line.',
  async answer({ around, session, subject, request, reply }) {
    reply.type('text/html; charset=utf-8')
    const { host = '' } = request.headers
    const place = /^[\w.:[\]-]+$/.test(host) ? host : 'localhost:9997'
    const url = `${session.arrival.isEncrypted ? 'https' : 'http'}://${place}`
    return statusHtml(around, {
      url,
      seesCounters: subject.can('stats.server'),
      mayWrite: subject.can('record.write'),
      mayQuery: subject.can('query'),
    })
  },
}
