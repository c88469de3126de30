/** `POST /api/v1/storage/flush` and `…/merge`: what an operator lets the store do at once. Answered when it is done. */
import type { StoreStats } from '../../../storage/storage.ts'
import type { HttpRoute, RouteCall } from '../route.ts'

export const storageFlush: HttpRoute = {
  methods: ['POST'],
  path: '/api/v1/storage/flush',
  action: 'server.change',
  summary:
    'Seals all that was stored before into parts. Answered when it is done, with the sizes of the store.',
  async answer({ around }: RouteCall) {
    const store = around.hub.store()
    await store.flush()
    return sizesOf(store.stats())
  },
}

export const storageMerge: HttpRoute = {
  methods: ['POST'],
  path: '/api/v1/storage/merge',
  action: 'server.change',
  summary:
    'Seals all, then merges every day into as few parts as may be. Answered when it is done, with the sizes of the ' +
    'store; with `wait=0` at once, with status 202.',
  async answer({ around, parameters, reply }: RouteCall) {
    const store = around.hub.store()
    const merging = store.maintenance.merge()
    if (parameters.get('wait') === '0') {
      merging.catch((error: unknown) => around.problem('A merge that was asked for failed', error))
      reply.code(202)
    } else await merging
    return sizesOf(store.stats())
  },
}

function sizesOf({ records, bytes, segments, parts, partBytes }: StoreStats): Record<string, number> {
  return { records, bytes, segments, parts, part_bytes: partBytes }
}
