/** What one seal leaves for the next. That parts hold what was sent is engine.test.ts's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendSample, messages } from '../testing/sample-records.ts'
import { COLUMN_MESSAGE } from './block/block-layout.ts'
import { StoredPart } from './block/stored-part.ts'
import { partFileName } from './file-names.ts'
import { FrameCache } from './part/frame-cache.ts'
import { TestDirectory } from './test-directory.ts'

test('templates of one segment are known in the next, which may have a single row of them', async () => {
  const directory = new TestDirectory()
  const store = await directory.open({ sealing: false })
  await appendSample(
    store,
    messages(...Array.from({ length: 500 }, (_, n) => `user ${n} left room ${n * 7}`)),
  )
  await store.flush()
  await appendSample(store, messages('user 4711 left room 12'))
  await store.flush()
  const plainRows = store.maintenance.parts().map(({ number }) => {
    const part = StoredPart.open(directory.disk, `${directory.path}/${partFileName(number)}`, {
      cache: new FrameCache(0),
      level: 1,
    })
    const { plainRows, numbers } = part.columnTemplates(0, COLUMN_MESSAGE)
    part.close()
    return [plainRows, numbers.length]
  })
  await store.close()
  assert.deepEqual(plainRows, [
    [0, 1],
    [0, 1],
  ])
})
