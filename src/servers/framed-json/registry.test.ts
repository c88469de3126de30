import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CodedError } from '../../base/base.ts'
import type { RequestLogEntry } from './middleware/request-log.ts'
import { type JsonChanges, JsonFront } from './test-json-front.ts'

const fronts: JsonFront[] = []

async function open(changes: JsonChanges = {}): Promise<JsonFront> {
  const front = await JsonFront.open(changes)
  fronts.push(front)
  return front
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

describe('JsonRegistry', () => {
  it('takes functions, whose result is the reply', async () => {
    const front = await open()
    front.protocol.registry
      .handle('greet', (_context, { payload }) => ({ hello: payload }))
      .handle('later', async () => [1])
      .handle('silent', () => undefined)
    const peer = await front.peer()
    assert.deepEqual(await peer.ask('greet', 'mia'), ['greet_response', { hello: 'mia' }])
    assert.deepEqual(await peer.ask('later'), ['later_response', [1]])
    await peer.ask('ping')
    assert.deepEqual(front.protocol.stats().types['greet'], { messages: 1, errors: 0, processingMs: 0 })
  })

  it('takes handlers that need something, and replaces built-in ones', async () => {
    const front = await open({ grant: ['write'] })
    front.protocol.registry
      .handle('purge', { action: 'server.change', run: (context) => context.reply('purged', {}) })
      .handle('ping', { action: null, run: (context) => context.reply('pong', 'ours') })
    const peer = await front.peer()
    assert.deepEqual(await peer.ask('purge'), [
      'error',
      { error: 'Not allowed: this session may not admin', code: 'NOT_ALLOWED' },
    ])
    assert.deepEqual(await peer.ask('ping'), ['pong', 'ours'])
  })

  it('puts middleware around handlers like the skins of an onion', async () => {
    const front = await open()
    const seen: string[] = []
    for (const name of ['outer', 'inner']) {
      front.protocol.registry.use(async ({ type }, _message, next) => {
        seen.push(`${name} before ${type}`)
        await next()
        seen.push(`${name} behind ${type}`)
      })
    }
    await (await front.peer()).ask('ping')
    assert.deepEqual(seen, [
      'outer before ping',
      'inner before ping',
      'inner behind ping',
      'outer behind ping',
    ])
  })

  it('lets middleware refuse, and makes an `error` of whatever is thrown', async () => {
    const front = await open()
    front.protocol.registry.use(async ({ type }, _message, next) => {
      if (type === 'echo') throw new CodedError('SERVER_BUSY', 'not now')
      await next()
    })
    front.protocol.registry.handle('fail', () => {
      throw new TypeError('secret')
    })
    front.protocol.registry.handle('circle', () => {
      const circle: unknown[] = []
      circle.push(circle)
      return circle
    })
    front.protocol.registry.handle('novel', () => {
      throw new CodedError('SERVER_BUSY', 'x'.repeat(2_000_000))
    })
    const peer = await front.peer()
    assert.deepEqual(await peer.ask('novel'), ['error', { error: 'x'.repeat(4096), code: 'SERVER_BUSY' }])
    assert.deepEqual(await peer.ask('echo'), ['error', { error: 'not now', code: 'SERVER_BUSY' }])
    const internal = { error: 'Internal error: see the log of the server', code: 'INTERNAL_ERROR' }
    assert.deepEqual(await peer.ask('fail'), ['error', internal])
    assert.deepEqual(await peer.ask('circle'), ['error', internal])
    assert.deepEqual(front.problems, ['A message of type fail failed', 'A message of type circle failed'])
  })
})

describe('built-in middleware', () => {
  it('limits messages of an address per second', async () => {
    const front = await open({ messagesPerSecondMax: 2 })
    const [one, other] = [await front.peer(), await front.peer()]
    await one.ask('ping')
    await other.ask('ping')
    assert.deepEqual(await one.ask('ping'), [
      'error',
      { error: 'Too many messages: at most 2 per second', code: 'RATE_EXCEEDED' },
    ])
    front.clock.advance(1000)
    assert.equal((await one.ask('ping'))[0], 'pong')
  })

  it('tells of every message that was answered', async () => {
    const entries: RequestLogEntry[] = []
    const front = await open({ requestLog: (entry) => entries.push(entry) })
    const peer = await front.peer()
    await peer.ask('ping')
    await peer.ask('nope')
    assert.deepEqual(entries, [
      { type: 'ping', client: '127.0.0.1', processingMs: 0, code: null },
      { type: 'unknown', client: '127.0.0.1', processingMs: 0, code: 'REQUEST_INVALID' },
    ])
  })
})
