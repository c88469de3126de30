import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkNodeVersion } from './node-version.ts'

test('a Node.js below the needed version is refused with both versions', () => {
  assert.throws(() => checkNodeVersion('20.20.2', '>=24.12.0'), {
    code: 'NODE_TOO_OLD',
    message: 'LogCaster needs Node.js 24.12.0 or newer, and this is 20.20.2.',
  })
  assert.throws(() => checkNodeVersion('24.9.0', '>=24.12.0'), { code: 'NODE_TOO_OLD' })
})

test('the needed version and newer ones pass', () => {
  for (const version of ['24.12.0', '24.12.1', '24.21.0', '26.0.0']) checkNodeVersion(version, '>=24.12.0')
})
