/** `logcaster backup` and `queries`, against a server in this process. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { hashToken, printTokenEntry } from '../config/config.ts'
import { type EmbeddedServer, startServer } from '../main.ts'
import { run } from './fake-io.ts'

const TOKEN = 'lc_an-admin'

describe('an operator', () => {
  let root = ''
  let server: EmbeddedServer

  const logcaster = (...words: readonly string[]) =>
    run([...words, '--http-port', server.addresses('http')[0].split(':')[1], '--token', TOKEN])

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'logcaster-operator-'))
    const off = { listen: 'off' }
    const entry = printTokenEntry({ name: 'boss', grant: ['admin', 'read'], hash: hashToken(TOKEN) })
    const ports = { log: off, query: off, irc: off, http: { listen: '127.0.0.1:0' } }
    server = await startServer({ config: { dataDir: join(root, 'data'), tokens: [entry], ports } })
    await server.hub.write([{ message: 'one' }])
  })

  after(async () => {
    await server.close(0)
    await rm(root, { recursive: true })
  })

  it('is refused a backup into a directory that has anything in it, which stays as it is', async () => {
    const directory = join(root, 'taken')
    await mkdir(directory)
    await writeFile(join(directory, 'f'), 'mine')
    const { code, err } = await logcaster('backup', directory)
    assert.equal(code, 1)
    assert.match(err, /taken is not empty: it has f\. Nothing is replaced; name a directory that is empty/)
    assert.deepEqual(await readdir(directory), ['f'])
    const file = await logcaster('backup', join(directory, 'f'))
    assert.match(file.err, /f is a file/)
  })

  it('is refused a backup into a directory without a name', async () => {
    const { code, err } = await logcaster('backup', '')
    assert.deepEqual([code, /DIR is empty/.test(err)], [2, true], err)
  })

  it('may back up into a directory in which an interrupted backup left directories', async () => {
    const directory = join(root, 'interrupted')
    await mkdir(join(directory, 'stores', 'logs'), { recursive: true })
    assert.equal((await logcaster('backup', directory)).code, 0)
    assert.equal((await logcaster('backup', directory)).code, 1)
  })

  it('is told when a query that was to be cancelled had ended before', async () => {
    const port = server.addresses('http')[0].split(':')[1]
    const answer = await fetch(`http://127.0.0.1:${port}/select/logsql/query?query=*&query_id=ended`, {
      headers: { Authorization: `Bearer ${TOKEN}` },
    })
    await answer.text()
    const { code, err } = await logcaster('queries', '--cancel', 'ended')
    assert.deepEqual([code, err], [0, 'ended had ended before\n'])
  })
})
