/** The real network and the real clock: what the simulated ones stand for elsewhere. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { makeAuthority, makeCertificate } from '../cli/tls-making.ts'
import { openClient } from './client.ts'
import { FakeLogServer, FakeNetworkServer } from './fake-log-server.ts'
import { systemConnect } from './network.ts'
import { rejection } from './test-bench.ts'

async function listen(server: Server): Promise<{ readonly host: string; readonly port: number }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

describe('a client on the real network', () => {
  it('sends over TCP', async () => {
    await using server = new FakeNetworkServer()
    await server.start()
    await using client = await openClient(server.address)
    assert.deepEqual(await client.send({ message: 'hello' }), [1])
    assert.ok((await client.ping()) >= 0)
  })

  it('sends over TLS to a server whose certificate it trusts, and to no other', async () => {
    const nowMs = Date.now()
    const expiresMs = nowMs + 86_400_000
    const authority = await makeAuthority({ commonName: 'test', nowMs, expiresMs })
    const wishes = { authority, purpose: 'server', names: ['localhost'], nowMs, expiresMs } as const
    const { cert, key } = await makeCertificate(wishes)
    const fake = new FakeLogServer()
    const server = createTlsServer({ cert, key }, (socket) => fake.accept(socket))
    const address = await listen(server)
    try {
      await using good = await openClient({
        ...address,
        tls: { ca: authority.cert, servername: 'localhost' },
      })
      assert.deepEqual(await good.send({ message: 'secret' }), [1])
      await using bad = await openClient({ ...address, tls: true, closeMsMax: 0 })
      const error = await rejection(bad.ping())
      assert.equal(error.code, 'SERVER_UNREACHABLE')
      assert.match(error.message, /certificate/)
    } finally {
      server.close()
    }
  })
})

describe('systemConnect', () => {
  it('rejects where nobody listens, and when it is aborted', async () => {
    const server = createServer()
    const address = { ...(await listen(server)), tls: null }
    await assert.rejects(systemConnect(address, AbortSignal.abort()), /given up/)
    server.close()
    await once(server, 'close')
    await assert.rejects(systemConnect(address, new AbortController().signal), /ECONNREFUSED/)
  })
})

describe('wakefulClock', () => {
  it('keeps the process alive while the client waits before its next try', async () => {
    const program = `
      import { openClient } from ${JSON.stringify(join(import.meta.dirname, 'client.ts'))}
      const client = await openClient({ port: 1, sendMsMax: 100, closeMsMax: 0 })
      await client.send({ message: 'x' }).catch(({ code, message }) => console.log(code, message))
      console.log(await client.close())
    `
    const { promise, resolve } = Promise.withResolvers<string>()
    const args = ['--input-type=module', '--eval', program]
    execFile(process.execPath, args, (_error, stdout, stderr) => resolve(stdout + stderr))
    assert.equal(
      await promise,
      'TIMED_OUT No acknowledgement within 100 ms. There is no connection: The server is not reachable: connect ECONNREFUSED 127.0.0.1:1.\n{ unacknowledged: 0, spilled: 0 }\n',
    )
  })
})
