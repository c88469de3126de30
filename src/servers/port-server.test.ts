import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { CodedError, SimulatedClock } from '../base/base.ts'
import { FakeHub } from './fake-hub.ts'
import { LogProtocol } from './log-protocol.ts'
import { PortServer } from './port-server.ts'
import { StoreGate } from './store-gate.ts'
import { type PortChanges, portOptions, TestPeer, until } from './test-peer.ts'

const peers: TestPeer[] = []
const servers: { readonly server: PortServer; readonly clock: SimulatedClock }[] = []

function build(changes: PortChanges): {
  readonly server: PortServer
  readonly clock: SimulatedClock
} {
  const clock = new SimulatedClock()
  const own = new LogProtocol(new StoreGate(new FakeHub().logs, 64 << 20), clock, {
    text: { recordBytesMax: 1000, batchBytesMax: 1 << 20, plainLinesReply: 'none', timeZone: null },
    clientFields: false,
    unackedBytesMax: 4 << 20,
  })
  const connection = { idleMsMax: 0, unsentBytesMax: 256 * 1024, lingerMsMax: 10 }
  const server = new PortServer(clock, portOptions({ connection, ...changes }), { own, others: null })
  return { server, clock }
}

async function open(changes: PortChanges = {}) {
  const built = build(changes)
  await built.server.open()
  servers.push(built)
  return built
}

/** Connects and says whether it was let in, else why not. */
async function knock(server: PortServer, index = 0): Promise<string> {
  const peer = await TestPeer.open(server.addresses[index])
  peers.push(peer)
  peer.send('PING\n')
  await until(() => peer.received !== '', 'an answer')
  return peer.received
}

async function problemOf(opening: Promise<unknown>): Promise<CodedError> {
  const error: unknown = await opening.then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof CodedError, String(error))
  return error
}

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy()
  for (const { server, clock } of servers.splice(0)) {
    const drained = server.drain(10)
    await until(() => {
      clock.advance(10)
      return server.stats().connections === 0
    }, 'the end of all sessions')
    await drained
  }
})

describe('PortServer', () => {
  it('says what to do when a port is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    assert.ok(address !== null && typeof address === 'object')
    const error = await problemOf(
      build({ listen: [{ host: '127.0.0.1', port: address.port }] }).server.open(),
    )
    assert.equal(error.code, 'PORT_TAKEN')
    assert.equal(
      error.message,
      `Another program listens on 127.0.0.1:${address.port}: stop it, or choose another port with \`ports.test.listen\`.`,
    )
    taken.close()
  })

  it('binds none of its addresses when one cannot be bound', async () => {
    const free = await open()
    const { port } = free.server.addresses[0]
    const { server, clock } = servers.splice(0)[0]
    const drained = server.drain(10)
    clock.advance(10)
    await drained
    const half = build({
      listen: [
        { host: '127.0.0.1', port },
        { host: '192.0.2.1', port: 0 },
      ],
    })
    assert.equal((await problemOf(half.server.open())).code, 'ADDRESS_UNUSABLE')
    await open({ listen: [{ host: '127.0.0.1', port }] })
  })

  it('says what to do when an address is not one of this machine, or no address at all', async () => {
    const foreign = await problemOf(build({ listen: [{ host: '192.0.2.1', port: 0 }] }).server.open())
    assert.equal(foreign.code, 'ADDRESS_UNUSABLE')
    assert.equal(
      foreign.message,
      '192.0.2.1 is not an address of this machine: name one that is with `ports.test.listen`.',
    )
    const wild = await problemOf(build({ listen: [{ host: '127.0.0.1', port: 70_000 }] }).server.open())
    assert.equal(wild.code, 'ADDRESS_UNUSABLE')
    assert.match(
      wild.message,
      /^127\.0\.0\.1:70000 cannot be listened on \(.*\): choose another address with/,
    )
  })

  it('listens on several addresses at once', async () => {
    const { server } = await open({
      listen: [
        { host: '127.0.0.1', port: 0 },
        { host: '127.0.0.2', port: 0 },
      ],
    })
    assert.equal(await knock(server, 0), 'PONG\n')
    assert.equal(await knock(server, 1), 'PONG\n')
    assert.equal(server.stats().connections, 2)
  })

  it('lets in only whom its networks hold, and nobody when there are none', async () => {
    const { server } = await open({ allow: [{ address: '127.0.0.2', prefixBits: 32, family: 'ipv4' }] })
    assert.equal(await knock(server), 'ERROR|Your address may not connect here\n')
    const closed = await open({ allow: [] })
    assert.equal(await knock(closed.server), 'ERROR|Your address may not connect here\n')
    assert.equal(closed.server.stats().refused.notAllowed, 1)
  })

  it('bounds open connections, in all and per address, and lets in again when one leaves', async () => {
    const { server } = await open({ connectionsMax: 3, connectionsPerAddressMax: 2 })
    assert.equal(await knock(server), 'PONG\n')
    assert.equal(await knock(server), 'PONG\n')
    assert.equal(await knock(server), 'ERROR|Too many connections from your address: at most 2\n')
    peers[0].destroy()
    await until(() => server.stats().connections === 1, 'the leaving')
    assert.equal(await knock(server), 'PONG\n')
    const narrow = await open({ connectionsMax: 1 })
    await knock(narrow.server)
    assert.equal(await knock(narrow.server), 'ERROR|Too many connections: at most 1\n')
    const { refused, accepted } = server.stats()
    assert.deepEqual({ accepted, refused: refused.tooManyPerAddress }, { accepted: 3, refused: 1 })
  })

  it('bounds new connections per second and per window, exactly', async () => {
    const { server, clock } = await open({
      connectionsPerSecondMax: 2,
      connectionsPerWindowMax: 3,
      windowMs: 60_000,
    })
    assert.equal(await knock(server), 'PONG\n')
    clock.advance(900)
    assert.equal(await knock(server), 'PONG\n')
    assert.equal(
      await knock(server),
      'ERROR|Too many new connections from your address: at most 2 per second\n',
    )
    clock.advance(100)
    assert.equal(await knock(server), 'PONG\n')
    clock.advance(2000)
    assert.equal(
      await knock(server),
      'ERROR|Too many new connections from your address: at most 3 per 60 s\n',
    )
    clock.advance(57_000)
    assert.equal(await knock(server), 'PONG\n')
  })
})
