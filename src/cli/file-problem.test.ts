import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { systemError } from '../base/base.ts'
import { FakeIo } from './fake-io.ts'
import { fileProblem } from './file-problem.ts'
import { processIo } from './process-io.ts'
import { runCli } from './run.ts'

describe('a file that cannot be read', () => {
  for (const [code, sentence] of [
    ['ENOENT', 'a.log: no such file'],
    ['ENOTDIR', 'a.log: no such file'],
    ['EISDIR', 'a.log is a directory; name a file'],
    ['EACCES', 'a.log: this user may not read it'],
    ['EIO', 'a.log cannot be read: EIO'],
  ]) {
    it(`is told in one sentence: ${code}`, () => {
      assert.equal(fileProblem('a.log', systemError(code, "what Node says, open '/x/a.log'")), sentence)
    })
  }
})

describe('a directory in place of a file', () => {
  const told = async (words: (directory: string) => string[]): Promise<[number, string, string]> => {
    const directory = await mkdtemp(join(tmpdir(), 'logcaster-'))
    try {
      const { openFile, readFile } = processIo()
      const io = Object.assign(new FakeIo(), { openFile, readFile })
      return [await runCli(words(directory), io), io.stderr.text, directory]
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  it('is refused by send before it connects', async () => {
    const [code, err, directory] = await told((path) => ['send', '--log-port', '1', path])
    assert.equal(code, 2)
    assert.equal(err, `${directory} is a directory; name a file, or pipe its lines into send\n`)
  })

  it('is refused as a configuration', async () => {
    const [code, err, directory] = await told((path) => ['config', 'check', '-c', path])
    assert.deepEqual([code, err], [2, `${directory} is a directory; name a file\n`])
  })
})
