import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CodedError } from '../base/base.ts'
import { errorText } from './error-text.ts'
import { run } from './fake-io.ts'

describe('what an error says to a person', () => {
  for (const [dataDir, sentence] of [
    ['/dev/null', '/dev/null is not a directory.'],
    ['/dev/null/data', '/dev/null/data cannot be made: a name in it is that of a file, not of a directory.'],
  ]) {
    it(`serve --data-dir ${dataDir}: ${sentence}`, async () => {
      const ran = await run(['serve', '--data-dir', dataDir])
      assert.deepEqual(ran, { code: 1, out: '', err: `${sentence}\n` })
    })
  }

  it('leaves other problems of a directory as they are', () => {
    for (const code of ['EACCES', undefined]) {
      const cause = Object.assign(new Error('denied'), code === undefined ? {} : { code, path: '/a' })
      assert.equal(errorText(new CodedError('DIRECTORY_UNUSABLE', '/a: denied.', { cause })), '/a: denied.')
    }
  })
})
