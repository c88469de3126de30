/**
 * `/api/v1/storage/verify`, `…/report`, `…/backup`: what an operator asks of the files of a store. Each is answered when
 * it is done, however long that takes, and ends when whoever asked goes away. One at a time for a store: SERVER_BUSY.
 */
import { isAbsolute, resolve } from 'node:path'
import type { Store } from '../../../storage/storage.ts'
import { HttpProblem } from '../problem-document.ts'
import type { HttpRoute, RouteCall } from '../route.ts'

const BODY_BYTES_MAX = 64 * 1024

export const storageVerify: HttpRoute = {
  methods: ['POST'],
  path: '/api/v1/storage/verify',
  action: 'storage.read',
  summary:
    'Reads and checks every file of a store (`store`, default `logs`): `files`, `bytes`, `records`, and `damaged` with ' +
    'file, reason and ids.',
  answer: (call) => storeOf(call).maintenance.verify({ signal: call.session.gone }),
}

export const storageReport: HttpRoute = {
  methods: ['GET'],
  path: '/api/v1/storage/report',
  action: 'storage.read',
  summary: 'What a store (`store`, default `logs`) takes on disk: by part, by column and by encoding.',
  answer: (call) => storeOf(call).maintenance.storage({ signal: call.session.gone }),
}

export const storageBackup: HttpRoute = {
  methods: ['POST'],
  path: '/api/v1/storage/backup',
  action: 'server.change',
  summary:
    'Copies all stores, each as it is at one moment, into an empty directory of the server, `{"directory": "/…"}`: ' +
    'a server can be started with it as its `dataDir`.',
  answer: backUp,
}

export function storeOf({ around, parameters }: RouteCall): Store {
  return around.hub.store(parameters.get('store') ?? undefined)
}

async function backUp({ around, session, body }: RouteCall): Promise<object> {
  const directory = await body.whole(BODY_BYTES_MAX, directoryOf)
  return { directory, stores: await around.hub.backup(directory, { signal: session.gone }) }
}

function directoryOf(body: Buffer): string {
  const directory = readDirectory(body)
  if (typeof directory === 'string' && isAbsolute(directory) && !directory.includes('\0')) {
    return resolve(directory)
  }
  throw new HttpProblem('REQUEST_INVALID', 'The body must be {"directory": "…"} with an absolute path.')
}

function readDirectory(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && 'directory' in value ? value.directory : null
  } catch {
    return null
  }
}
