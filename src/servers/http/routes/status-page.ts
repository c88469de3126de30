/** `/`: a page that says what runs here and how to send it something. */
import type { HttpRoute } from '../route.ts'
import { statusHtml } from '../status-html.ts'

export const statusPage: HttpRoute = {
  methods: ['GET', 'HEAD'],
  path: '/',
  action: 'page',
  summary: 'A page for people: version, ports, records, how to send a line.',
  async answer({ around, subject, reply }) {
    reply.type('text/html; charset=utf-8')
    return statusHtml(around, subject.can('stats.server'))
  },
}
