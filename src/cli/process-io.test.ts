import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { processIo } from './process-io.ts'

it('writes private files that only their owner may read, in a directory of their own', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'private-'))
  const path = join(directory, 'state', 'logcaster', 'history')
  const modeOf = (name: string): number => statSync(name).mode & 0o777
  try {
    const io = processIo()
    await io.writePrivateFile(path, 'a\n', 'append')
    await io.writePrivateFile(path, 'b\n', 'append')
    assert.deepEqual([readFileSync(path, 'utf8'), modeOf(path)], ['a\nb\n', 0o600])
    assert.equal(modeOf(join(directory, 'state')), 0o700)
    chmodSync(path, 0o644)
    await io.writePrivateFile(path, 'c\n', 'append')
    assert.equal(modeOf(path), 0o600)
    await io.writePrivateFile(path, 'd\n', 'replace')
    assert.deepEqual([readFileSync(path, 'utf8'), modeOf(path)], ['d\n', 0o600])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
