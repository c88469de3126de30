import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CodedError } from '../../base/base.ts'
import type { ExportOptions, ImportOptions, StoreMaintenance } from '../../storage/storage.ts'
import { HttpFront, jsonOf } from './test-http.ts'

const fronts: HttpFront[] = []
const NOTHING = { parts: [], records: 0, bytes: 0, damaged: [], unsealed: { records: 0, reason: null } }

interface Asked {
  readonly what: string
  readonly path: string
  readonly options: ExportOptions & ImportOptions
}

/** A front whose store notes what it is asked for. */
async function open(grant: readonly ('admin' | 'read')[] = ['admin', 'read']): Promise<[HttpFront, Asked[]]> {
  const front = await HttpFront.open({ grant })
  fronts.push(front)
  const asked: Asked[] = []
  const note =
    <T>(what: string, answer: T) =>
    (path: string, { signal: _, ...options }: ExportOptions & ImportOptions = {}): Promise<T> => {
      asked.push({ what, path, options })
      return Promise.resolve(answer)
    }
  const report = { files: 1, records: 5, repeatedRecords: 0, tooLargeRecords: 0, damaged: [] }
  const maintenance: Partial<StoreMaintenance> = {
    exportParts: note('export', NOTHING),
    importParts: note('import', report),
  }
  Object.assign(front.store.maintenance, maintenance)
  return [front, asked]
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

describe('parts over HTTP', () => {
  it('lists them for whoever may read', async () => {
    const [front] = await open(['read'])
    const answer = await front.ask('/api/v1/storage/parts')
    assert.deepEqual(jsonOf(answer), { parts: [], unsealed: { records: 0, bytes: 0 } })
  })

  it('takes dates and times as the spans that they name', async () => {
    const [front, asked] = await open()
    const body = '{"directory":"/x/../y","since":"2026-11-20","until":"2026-11-20T09:30Z"}'
    const answer = await front.post('/api/v1/storage/export', body)
    assert.deepEqual(jsonOf(answer), { directory: '/y', ...NOTHING })
    await front.post('/api/v1/storage/export', '{"directory":"/y"}')
    assert.deepEqual(asked, [
      {
        what: 'export',
        path: '/y',
        options: {
          timeMsMin: Date.UTC(2026, 10, 20),
          timeMsMax: Date.UTC(2026, 10, 20, 9, 31) - 1,
        },
      },
      { what: 'export', path: '/y', options: {} },
    ])
  })

  it('imports, and hands on what the store refuses', async () => {
    const [front, asked] = await open()
    const answer = await front.post('/api/v1/storage/import', '{"path":"/y","partial":true}')
    assert.equal(jsonOf(answer)['records'], 5)
    assert.deepEqual(asked, [{ what: 'import', path: '/y', options: { partial: true, again: false } }])
    const refusing = (): Promise<never> => Promise.reject(new CodedError('IMPORT_REFUSED', 'it is damaged'))
    Object.assign(front.store.maintenance, { importParts: refusing })
    const refused = await front.post('/api/v1/storage/import', '{"path":"/y"}')
    assert.deepEqual([refused.status, jsonOf(refused)['code']], [409, 'IMPORT_REFUSED'])
  })

  it('refuses bodies that say something else', async () => {
    const [front, asked] = await open()
    for (const [path, bodies] of [
      ['export', ['', '[]', '{}', '{"directory":"y"}', '{"directory":"/y\\u0000"}']],
      ['export', ['{"directory":"/y","since":"soon"}', '{"directory":"/y","until":5}']],
      ['import', ['null', '{"path":5}', '{"path":"/y","partial":"yes"}', '{"path":"/y","again":1}']],
    ] as const) {
      for (const body of bodies) {
        const answer = await front.post(`/api/v1/storage/${path}`, body)
        assert.deepEqual([answer.status, jsonOf(answer)['code']], [400, 'REQUEST_INVALID'], body)
      }
    }
    assert.deepEqual(asked, [])
  })

  it('writes and stores for administrators only', async () => {
    const [front, asked] = await open(['read'])
    const answers = [
      await front.post('/api/v1/storage/export', '{"directory":"/y"}'),
      await front.post('/api/v1/storage/import', '{"path":"/y"}'),
    ]
    for (const answer of answers) assert.equal(jsonOf(answer)['code'], 'NOT_ALLOWED')
    assert.deepEqual(asked, [])
  })
})
