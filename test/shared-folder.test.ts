import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { sharedFolder } from './shared-folder.ts'

const here = join(import.meta.dirname, '..')

function skips(): { reasons: (string | undefined)[]; skip(reason?: string): void } {
  const reasons: (string | undefined)[] = []
  return { reasons, skip: (reason) => reasons.push(reason) }
}

it('returns the path of a folder that is there, and skips nothing', () => {
  const t = skips()
  assert.equal(sharedFolder(t, 'test', { parent: here, required: true }), join(here, 'test'))
  assert.deepEqual(t.reasons, [])
})

it('skips the test and names the folder when it is not there', () => {
  const t = skips()
  assert.equal(sharedFolder(t, 'no-such', { parent: here, required: false }), null)
  assert.deepEqual(t.reasons, ['there is no folder ../shared/no-such beside the repository'])
})

it('fails where the folder is required', () => {
  const t = skips()
  assert.throws(
    () => sharedFolder(t, 'no-such', { parent: here, required: true }),
    /no folder \.\.\/shared\/no-such .* LOGCASTER_REQUIRE_SHARED is set/,
  )
  assert.deepEqual(t.reasons, [])
})
