/**
 * `/api/v1/storage/parts`, `…/export`, `…/import`: parts of a store, as files that go from one server to another. Files
 * lie on the machine of the server. Answered when it is done; ends when whoever asked goes away. One at a time for a
 * store, with checks, reports and backups: SERVER_BUSY.
 */
import { isAbsolute, resolve } from 'node:path'
import { parseTimeSpan } from '../../../record/record.ts'
import { type ExportOptions, listParts } from '../../../storage/storage.ts'
import { HttpProblem } from '../problem-document.ts'
import type { HttpRoute } from '../route.ts'
import { storeOf } from './storage-upkeep.ts'

const BODY_BYTES_MAX = 64 * 1024

export const storageParts: HttpRoute = {
  methods: ['GET'],
  path: '/api/v1/storage/parts',
  action: 'storage.read',
  summary:
    'The parts of a store (`store`, default `logs`): number, file, day, records, deleted, bytes, ids and ' +
    'times; and what is not sealed yet.',
  async answer(call) {
    const store = storeOf(call)
    const parts = listParts(store.maintenance.parts())
    const { records, bytes, partBytes } = store.stats()
    const sealed = parts.reduce((sum, part) => sum + part.records - part.deleted, 0)
    return { parts, unsealed: { records: records - sealed, bytes: bytes - partBytes } }
  },
}

export const storageExport: HttpRoute = {
  methods: ['POST'],
  path: '/api/v1/storage/export',
  action: 'server.change',
  summary:
    'Seals all, then writes the parts of a store (`store`, default `logs`) into an empty directory of the server, ' +
    '`{"directory": "/…"}`; with `since` and `until`, times or dates, those that have a record of this time.',
  async answer(call) {
    const body = await call.body.whole(BODY_BYTES_MAX, readObject)
    const directory = pathOf(body, 'directory')
    const options = { ...timesOf(body), signal: call.session.gone }
    return { directory, ...(await storeOf(call).maintenance.exportParts(directory, options)) }
  },
}

export const storageImport: HttpRoute = {
  methods: ['POST'],
  path: '/api/v1/storage/import',
  action: 'server.change',
  summary:
    'Stores the records of an export, `{"path": "/…"}`: its directory or one of its files, on the machine of the server. ' +
    'Given again, it goes on where it ended. `"partial": true` leaves out what is damaged, `"again": true` stores what ' +
    'was imported before once more.',
  async answer(call) {
    const body = await call.body.whole(BODY_BYTES_MAX, readObject)
    const path = pathOf(body, 'path')
    return storeOf(call).maintenance.importParts(path, {
      partial: flagOf(body, 'partial'),
      again: flagOf(body, 'again'),
      signal: call.session.gone,
    })
  },
}

type Body = Readonly<Record<string, unknown>>

function readObject(bytes: Buffer): Body {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Said below.
  }
  throw new HttpProblem('REQUEST_INVALID', 'The body must be an object of JSON.')
}

function pathOf(body: Body, name: string): string {
  const path = body[name]
  if (typeof path === 'string' && isAbsolute(path) && !path.includes('\0')) return resolve(path)
  throw new HttpProblem('REQUEST_INVALID', `The body must have \`${name}\`, an absolute path.`)
}

function flagOf(body: Body, name: string): boolean {
  const value = body[name] ?? false
  if (typeof value === 'boolean') return value
  throw new HttpProblem('REQUEST_INVALID', `\`${name}\` must be true or false.`)
}

function timesOf(body: Body): Pick<ExportOptions, 'timeMsMin' | 'timeMsMax'> {
  const since = spanOf(body, 'since')
  const until = spanOf(body, 'until')
  return {
    ...(since !== null && { timeMsMin: since.firstMs }),
    ...(until !== null && { timeMsMax: until.lastMs }),
  }
}

/** The first and the last millisecond of what the text names. */
function spanOf(body: Body, name: string): { readonly firstMs: number; readonly lastMs: number } | null {
  const text = body[name]
  if (text === undefined) return null
  const [first, last] = [
    { ms: 0, ns: 0 },
    { ms: 0, ns: 0 },
  ]
  if (typeof text === 'string' && parseTimeSpan(text, first, last))
    return { firstMs: first.ms, lastMs: last.ms }
  throw new HttpProblem(
    'REQUEST_INVALID',
    `\`${name}\` must be a time or a date, such as 2026-11-20 or 2026-11-20T09:30Z.`,
  )
}
