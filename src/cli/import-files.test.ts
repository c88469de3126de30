import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findFiles } from './import-files.ts'

describe('findFiles', () => {
  let cwd = ''
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'logcaster-import-'))
    await mkdir(join(cwd, 'logs', 'web'), { recursive: true })
    for (const name of ['b.log', 'a.log.gz', 'web/access.log', 'web/note.txt', '.hidden.log']) {
      await writeFile(join(cwd, 'logs', name), name)
    }
    await symlink('b.log', join(cwd, 'logs', 'link.log'))
    await symlink('..', join(cwd, 'logs', 'web', 'circle'))
    await symlink('nowhere', join(cwd, 'logs', 'web', 'dangling'))
  })
  after(() => rm(cwd, { recursive: true }))

  const namesOf = async (words: readonly string[], globs: readonly string[] = []): Promise<string[]> =>
    (await findFiles(words, cwd, globs)).files.map(({ name }) => name)

  it('finds everything below a directory, sorted, and goes round no circle', async () => {
    assert.deepEqual(await namesOf(['logs']), [
      'logs/.hidden.log',
      'logs/a.log.gz',
      'logs/b.log',
      'logs/link.log',
      'logs/web/access.log',
      'logs/web/note.txt',
    ])
  })

  it('takes each file once, where it stands first, and says its size', async () => {
    const { files } = await findFiles(['logs/web/note.txt', 'logs/../logs/web', './logs/b.log'], cwd, [])
    assert.deepEqual(
      files.map(({ name, size, isNamed }) => [name, size, isNamed]),
      [
        ['logs/web/note.txt', 12, true],
        ['logs/web/access.log', 14, false],
        ['./logs/b.log', 5, true],
      ],
    )
  })

  it('matches a glob against the name, or with a slash against the path below the directory', async () => {
    assert.deepEqual(await namesOf(['logs'], ['*.gz', 'access*']), ['logs/a.log.gz', 'logs/web/access.log'])
    assert.deepEqual(await namesOf(['logs'], ['web/*.txt']), ['logs/web/note.txt'])
    assert.deepEqual(await namesOf(['logs/b.log', 'logs/web'], ['*.txt']), [
      'logs/b.log',
      'logs/web/note.txt',
    ])
  })

  it('tells what it could not look at, and goes on', async () => {
    const { files, problems } = await findFiles(['missing.log', 'logs/b.log', 'logs/web'], cwd, [])
    assert.deepEqual(
      problems.map(({ name }) => name),
      ['missing.log', 'logs/web/dangling'],
    )
    assert.equal(files.length, 3)
  })
})
