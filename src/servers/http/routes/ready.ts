/** `/ready`: the server takes records. */
import { HttpProblem } from '../problem-document.ts'
import type { HttpRoute } from '../route.ts'

export const ready: HttpRoute = {
  methods: ['GET', 'HEAD'],
  path: '/ready',
  action: 'page',
  summary: 'Whether the server takes records: 503 while a store does not, or while the server ends.',
  async answer({ around }) {
    if (around.isDraining()) throw new HttpProblem('STORE_CLOSED', 'The server is shutting down.')
    for (const [name, { state }] of Object.entries(around.hub.stats().stores)) {
      if (state !== 'writable') throw notReady(name, state)
    }
    return { status: 'ready' }
  },
}

function notReady(name: string, state: 'full' | 'readOnly' | 'closed'): HttpProblem {
  const more = { status: 503, members: { store: name, state } }
  if (state === 'full') return new HttpProblem('STORE_FULL', `The store ${name} has no room.`, more)
  if (state === 'closed') return new HttpProblem('STORE_CLOSED', `The store ${name} is closed.`, more)
  return new HttpProblem('STORE_READ_ONLY', `The store ${name} takes no records.`, more)
}
