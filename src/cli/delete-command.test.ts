import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { hashToken, printTokenEntry } from '../config/config.ts'
import { type EmbeddedServer, startServer } from '../main.ts'
import { run } from './fake-io.ts'

const TOKEN = 'lc_an-admin'

describe('logcaster delete and logcaster tasks', () => {
  let dataDir = ''
  let server: EmbeddedServer
  let port = ''

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'logcaster-delete-'))
    const off = { listen: 'off' }
    const entry = printTokenEntry({ name: 'boss', grant: ['admin'], hash: hashToken(TOKEN) })
    server = await startServer({
      config: {
        dataDir,
        tokens: [entry],
        ports: { log: off, query: off, irc: off, http: { listen: '127.0.0.1:0' } },
      },
    })
    port = server.addresses('http')[0].split(':')[1]
  })

  after(async () => {
    await server.close(0)
    await rm(dataDir, { recursive: true })
  })

  const logcaster = (words: readonly string[], stdin?: Readable) =>
    run([...words, '--http-port', port, '--token', TOKEN], stdin === undefined ? {} : { stdin })

  const terminal = (text: string): Readable =>
    Object.assign(Readable.from([Buffer.from(text)]), { isTTY: true as const })

  it('deletes what matches, waits for the end, and shows the task', async () => {
    await server.hub.write([{ message: 'keep' }, { message: 'remove me' }, { message: 'remove me too' }])
    const { code, out } = await logcaster(['delete', 'remove', '--yes', '--wait', '-o', 'table'])
    assert.equal(code, 0)
    assert.match(out, /^logs-\d+ {2}done {2}2 deleted {2}remove\n$/)
    assert.equal(await server.hub.count('*'), 1)
    const tasks = await logcaster(['tasks', '--json'])
    assert.deepEqual(JSON.parse(tasks.out).state, 'done')
  })

  it('asks first, and takes nothing but yes for yes', async () => {
    await server.hub.write([{ message: 'asked' }])
    for (const answer of ['no\n', '\n', '', 'yess\n']) {
      const { code, err } = await logcaster(['delete', 'asked'], terminal(answer))
      assert.deepEqual([code, err.endsWith('nothing was deleted\n')], [2, true])
    }
    assert.equal((await logcaster(['delete', 'asked'])).code, 2)
    assert.equal(await server.hub.count('asked'), 1)
    assert.equal((await logcaster(['delete', 'asked', '--wait'], terminal('yes\n'))).code, 0)
    assert.equal(await server.hub.count('asked'), 0)
  })

  it('says what is wrong with a filter, with a task, and with who asks', async () => {
    const pipes = await logcaster(['delete', '* | limit 1', '--yes'])
    assert.match(pipes.err, /by a filter alone/)
    assert.equal(pipes.code, 2)
    assert.equal((await logcaster(['delete', 'a:(', '--yes'])).code, 2)
    const unknown = await logcaster(['tasks', '--cancel', 'logs-999'])
    assert.deepEqual([unknown.code, /No work in the background/.test(unknown.err)], [1, true])
    const stranger = await run(['delete', 'x', '--yes', '--http-port', port])
    assert.equal(stranger.code, 4)
  })
})
