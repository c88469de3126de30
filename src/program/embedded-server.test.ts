import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isCodedError } from '../base/base.ts'
import { encodeJsonFrame, JsonFrameDecoder } from '../wire/wire.ts'
import { type EmbeddedServer, startServer } from './embedded-server.ts'

const OFF = { listen: 'off' }

async function start(t: TestContext, config: Record<string, unknown> = {}): Promise<EmbeddedServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'logcaster-embedded-'))
  t.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const ports = { log: { listen: '127.0.0.1:0' }, query: OFF, irc: OFF, http: OFF }
  const server = await startServer({ config: { dataDir, ports, ...config } })
  t.after(() => server.close(0))
  return server
}

async function talk(server: EmbeddedServer, text: string): Promise<string> {
  const socket = connect(Number(server.addresses('log')[0].split(':')[1]), '127.0.0.1')
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

/** Asks one thing; type and payload of the answer. */
async function ask(server: EmbeddedServer, type: string, payload: unknown): Promise<[string, unknown]> {
  const socket = connect(Number(server.addresses('log')[0].split(':')[1]), '127.0.0.1')
  socket.write(encodeJsonFrame({ type, payload, timestamp: null, senderId: null, correlationId: 1 }))
  const decoder = new JsonFrameDecoder()
  for await (const chunk of socket) {
    decoder.push(chunk)
    const frame = decoder.next()
    if (frame?.kind === 'message') return [frame.message.type, frame.message.payload]
  }
  return assert.fail('no answer')
}

test('a program answers messages of its own, and stands around all of them', async (t) => {
  const server = await start(t)
  const seen: string[] = []
  server
    .handle('greet', (_context, { payload }) => ({ hello: payload }))
    .handle('purge', { action: 'server.change', run: (context) => context.reply('purged', {}) })
    .use(async (_context, message, next) => {
      seen.push(`> ${message.type}`)
      await next()
      seen.push(`< ${message.type}`)
    })
  assert.deepEqual(await ask(server, 'greet', 'mia'), ['greet_response', { hello: 'mia' }])
  const [type, payload] = await ask(server, 'purge', {})
  assert.deepEqual([type, (payload as { code: string }).code], ['error', 'NOT_ALLOWED'])
  assert.deepEqual(seen, ['> greet', '< greet'])
})

test('what comes in over the network is in the hub of the program', async (t) => {
  const server = await start(t)
  const [type] = await ask(server, 'log', { message: 'from outside', level: 'warn' })
  assert.equal(type, 'ack')
  assert.equal(await server.hub.count('from level:warn'), 1)
})

test('a configuration that is wrong says where', async (t) => {
  const error: unknown = await start(t, { prots: {} }).then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(isCodedError(error, 'CONFIG_INVALID'))
  assert.match(error.message, /prots: unknown option.*did you mean ports\?/)
})

test('a port can be pinned to a protocol, and only to one that exists', async (t) => {
  const binary = { listen: '127.0.0.1:0', protocol: 'binary' }
  const server = await start(t, { ports: { log: binary, query: OFF, irc: OFF, http: OFF } })
  assert.equal(server.addresses('log').length, 1)
  const wrong = { ports: { log: { ...binary, protocol: 'binry' } } }
  await assert.rejects(start(t, wrong), /"binry" is not a protocol that can be pinned.*did you mean binary\?/)
})

test('a trusted proxy says who the sender is, and any other peer sends a line that looks so', async (t) => {
  const header = 'PROXY TCP4 192.0.2.7 127.0.0.1 4711 9999\r\n'
  const trusting = { listen: '127.0.0.1:0', proxies: '127.0.0.0/8', allow: ['192.0.2.0/24'] }
  const behind = await start(t, { ports: { log: trusting, query: OFF, irc: OFF, http: OFF } })
  assert.equal(await talk(behind, `${header}LOG|INFO||through a proxy\nQUIT\n`), 'OK|1\n')
  assert.equal(await behind.hub.count('client.address:=192.0.2.7 client.port:=4711 proxy'), 1)
  const direct = await start(t)
  assert.equal(await talk(direct, `${header}PING\nQUIT\n`), 'PONG\n')
  assert.equal(await direct.hub.count('client.address:=127.0.0.1 "PROXY TCP4"'), 1)
})
