/** `/static/*`: the files of the status page. */
import { HttpProblem } from '../problem-document.ts'
import type { HttpRoute } from '../route.ts'
import { isStaticFile } from '../static-files.ts'

const PREFIX = '/static/'

export const staticFile: HttpRoute = {
  methods: ['GET', 'HEAD'],
  path: `${PREFIX}*`,
  action: 'page',
  summary: 'Files of the status page.',
  async answer({ request, reply }) {
    const name = (request.raw.url ?? '').split('?')[0].slice(PREFIX.length)
    if (!isStaticFile(name)) throw new HttpProblem('ROUTE_UNKNOWN', 'There is no file of this name.')
    return reply.sendFile(name)
  },
}
