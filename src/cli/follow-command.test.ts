import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { appendFile, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { HastyIo } from './fake-hasty-io.ts'
import { freePort, run } from './fake-io.ts'
import { FakeLogServer } from './fake-log-server.ts'
import { runCli } from './run.ts'

let directory = ''
let path = ''
let server: FakeLogServer
let running: Follow[] = []
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logcaster-follow-'))
  path = join(directory, 'app.log')
  server = await FakeLogServer.open()
})
afterEach(async () => {
  await Promise.allSettled(running.map((follow) => follow.interrupt()))
  running = []
  await server[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** A follower that runs until it is told to stop. */
class Follow {
  readonly io = new HastyIo({ env: { XDG_STATE_HOME: join(directory, 'state') } })
  readonly ended: Promise<number>

  constructor(words: readonly string[] = [path], port = server.port) {
    this.ended = runCli(['send', '-f', ...words, '--http-port', port], this.io)
    running.push(this)
  }

  interrupt(): Promise<number> {
    this.io.emitSignal('SIGINT')
    return this.ended
  }
}

describe('logcaster send --follow', () => {
  it('sends what is there and what comes, and goes on after a restart with nothing doubled', async () => {
    await writeFile(path, 'one\ntwo\nhal')
    const first = new Follow()
    await server.stores('two\n')
    await appendFile(path, 'f\n')
    await server.stores('half\n')
    assert.equal(await first.interrupt(), 130)
    assert.equal(first.io.stderr.text, `following ${path}\nsent 3 records (all acknowledged)\n`)
    await appendFile(path, 'four\n')
    const second = new Follow()
    await server.stores('four\n')
    await second.interrupt()
    assert.equal(server.text, 'one\ntwo\nhalf\nfour\n')
    const [{ path: address, contentType, key }] = server.requests
    assert.deepEqual([address, contentType], ['/api/v1/logs', 'text/plain'])
    assert.match(key, /^follow-[0-9a-f]{32}-0-8-[0-9a-f]{32}$/)
  })

  it('doubles nothing when the connection breaks, whenever it does', async () => {
    await writeFile(path, 'one\n')
    const fates = ['reset', 'resetAfterStoring', 'resetAfterStoring'] as const
    let requests = 0
    server.failure = () => fates[requests++] ?? null
    const follow = new Follow()
    await server.received(4)
    await appendFile(path, 'two\n')
    await server.stores('two\n')
    await follow.interrupt()
    assert.equal(server.text, 'one\ntwo\n')
  })

  it('sends the chunk that was on its way under the same key after a restart, though the file has grown', async () => {
    await writeFile(path, 'one\n')
    server.failure = () => 'resetAfterStoring'
    const first = new Follow()
    await server.received(2)
    assert.equal(await first.interrupt(), 130)
    server.failure = () => null
    await appendFile(path, 'two\n')
    const second = new Follow()
    await server.stores('two\n')
    await second.interrupt()
    assert.equal(server.text, 'one\ntwo\n')
    assert.equal(second.io.stderr.text, `following ${path}\nsent 2 records (all acknowledged)\n`)
  })

  it('says that a file is not there yet, and sends it when it comes', async () => {
    const follow = new Follow()
    await follow.io.stderr.contains(`waiting for ${path}: there is no such file yet\n`)
    await writeFile(path, 'one\n')
    await server.stores('one\n')
    await follow.interrupt()
    assert.equal(server.text, 'one\n')
  })

  it('has on the disk what is on its way before it is sent', async () => {
    await writeFile(path, 'one\n')
    const state = join(directory, 'my.json')
    const seen: unknown[] = []
    server.failure = () => {
      const [{ offset, pendingEnd }] = JSON.parse(readFileSync(state, 'utf8')).files[path]
      seen.push([offset, pendingEnd])
      return null
    }
    const follow = new Follow([path, '--state', state])
    await server.stores('one\n')
    await appendFile(path, 'two\n')
    await server.stores('two\n')
    await follow.interrupt()
    assert.deepEqual(seen, [
      [0, 4],
      [4, 8],
    ])
  })

  it('waits for a server that is away, tells so, and misses no file that is rotated meanwhile', async () => {
    await writeFile(path, 'one\n')
    const away = { status: 503, body: '{"code":"STORE_CLOSED","detail":"Stopping."}' }
    server.failure = () => ({ ...away, headers: { 'retry-after': '20' } })
    const follow = new Follow()
    await follow.io.stderr.contains('Stopping. Trying again in 20 s.\n')
    for (const n of [2, 3]) {
      await rename(`${path}.1`, `${path}.2`).catch(() => {})
      await rename(path, `${path}.1`)
      await writeFile(path, `file ${n}\n`)
      await server.received(server.requests.length + 2)
    }
    server.failure = () => null
    await server.stores('file 3\n')
    await follow.interrupt()
    assert.equal(server.text, 'one\nfile 2\nfile 3\n')
  })

  it('waits for the server already at the start', async () => {
    await writeFile(path, 'one\n')
    const follow = new Follow([path], await freePort())
    await follow.io.stderr.contains('No LogCaster answers at http://127.0.0.1:')
    assert.equal(await follow.interrupt(), 130)
  })

  it('ends at SIGTERM with what is under way acknowledged, and exits with 0', async () => {
    await writeFile(path, 'one\n')
    const follow = new Follow()
    server.failure = () => {
      follow.io.emitSignal('SIGTERM')
      return null
    }
    assert.equal(await follow.ended, 0)
    assert.match(follow.io.stderr.text, /sent 1 record \(all acknowledged\)\n$/)
    const second = new Follow()
    await second.io.stderr.contains('following')
    await second.interrupt()
    assert.equal(server.requests.length, 1)
  })

  it('follows several files at once, with their places in one state file', async () => {
    const other = join(directory, 'web.log')
    await writeFile(path, 'app\n')
    await writeFile(other, 'web\n')
    const words = [path, other, '--state', join(directory, 'my.json')]
    for (const n of [1, 2]) {
      const follow = new Follow(words)
      await appendFile(path, `app ${n}\n`)
      await appendFile(other, `web ${n}\n`)
      await server.stores(`app ${n}\n`)
      await server.stores(`web ${n}\n`)
      await follow.interrupt()
    }
    assert.deepEqual(server.text.split('\n').sort(), ['', 'app', 'app 1', 'app 2', 'web', 'web 1', 'web 2'])
    assert.deepEqual(await readdir(directory), ['app.log', 'my.json', 'web.log'])
  })

  it('tells where refused lines are, and sums up as JSON', async () => {
    server.isRefused = (line) => line === 'bad'
    await writeFile(path, 'one\nbad\nthree\n')
    const follow = new Follow([path, '--json', '-q'])
    await follow.io.stderr.contains(`refused: ${path}, byte 5: the line is not JSON\n`)
    await follow.interrupt()
    assert.deepEqual(JSON.parse(follow.io.stdout.text), { sent: 3, acknowledged: 2, refused: 1 })
  })

  it('ends when the server will not have it, and exits with 4', async () => {
    await writeFile(path, 'one\n')
    server.failure = () => ({ status: 401, body: '{"code":"NOT_ALLOWED","detail":"Who are you?"}' })
    const follow = new Follow()
    assert.equal(await follow.ended, 4)
    assert.match(follow.io.stderr.text, /Who are you\? Give a token .*\n$/)
  })

  const MISTAKES: readonly [words: string[], message: RegExp][] = [
    [[], /--follow needs files/],
    [['-'], /--follow needs files/],
    [['a.log', '--level', 'INFO'], /--level is not for --follow/],
    [['a.log', '--url', 'nonsense'], /--url must begin with http/],
  ]
  for (const [words, message] of MISTAKES) {
    it(`says what is wrong with: send -f ${words.join(' ')}`, async () => {
      const { code, err } = await run(['send', '-f', ...words])
      assert.equal(code, 2)
      assert.match(err, message)
    })
  }
})
