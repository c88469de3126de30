import assert from 'node:assert/strict'
import { connect as connectHttp2, constants } from 'node:http2'
import { afterEach, describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import type { StreamProtocol } from '../ingest/ingest.ts'
import { FakeHub } from './fake-hub.ts'
import { LogProtocol } from './log-protocol.ts'
import { type PortProtocols, PortServer } from './port-server.ts'
import type { Protocol } from './protocol.ts'
import { type RefusedProtocol, refusedProtocols } from './refused-protocols.ts'
import { StoreGate } from './store-gate.ts'
import { portOptions, TestPeer, turns, until } from './test-peer.ts'

const fronts: Front[] = []

/** A port that speaks the text log protocol, and refuses the others. */
class Front {
  readonly clock = new SimulatedClock()
  readonly hub = new FakeHub()
  readonly refused = new Map<StreamProtocol, RefusedProtocol>(
    refusedProtocols().map((protocol) => [protocol.name, protocol]),
  )
  readonly peers: TestPeer[] = []
  readonly port: PortServer

  /** `pinned`: the only protocol of the port. */
  constructor(pinned?: StreamProtocol) {
    const log = new LogProtocol(new StoreGate(this.hub.logs, 64 << 20), this.clock, {
      text: { recordBytesMax: 1000, batchBytesMax: 1 << 20, plainLinesReply: 'none', timeZone: null },
      clientFields: false,
      unackedBytesMax: 4 << 20,
    })
    // HTTP/2 is looked for where HTTP is spoken.
    const others = new Map<StreamProtocol, Protocol>([...this.refused, ['http', log]])
    const protocols: PortProtocols =
      pinned === undefined ? { own: log, others } : { own: this.of(pinned), others: null }
    const connection = { idleMsMax: 1000, unsentBytesMax: 256 * 1024, lingerMsMax: 10 }
    this.port = new PortServer(this.clock, portOptions({ connection }), protocols)
    fronts.push(this)
  }

  of(name: StreamProtocol): RefusedProtocol {
    return this.refused.get(name) ?? assert.fail(name)
  }

  async peer(): Promise<TestPeer> {
    if (this.port.addresses.length === 0) await this.port.open()
    const peer = await TestPeer.open(this.port.addresses[0])
    this.peers.push(peer)
    return peer
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy()
    const drained = this.port.drain(10)
    await until(() => {
      this.clock.advance(10)
      return this.port.stats().connections === 0
    }, 'the end of all sessions')
    await drained
  }
}

afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close()
})

interface Vector {
  readonly protocol: StreamProtocol
  readonly sent: string
  readonly answer: string
}

const GOAWAY =
  '\0\0\0\x04\0\0\0\0\0' + // SETTINGS, empty
  '\0\0\x2f\x07\0\0\0\0\0' + // GOAWAY of 47 bytes
  '\0\0\0\0\0\0\0\x0dHTTP/2 is not spoken here: use HTTP/1.1'

const VECTORS: readonly Vector[] = [
  {
    protocol: 'irc',
    sent: 'NICK alice\r\nUSER alice 0 * :Alice\r\n',
    answer: 'ERROR :LogCaster does not speak IRC yet\r\n',
  },
  {
    protocol: 'relp',
    sent: '1 open 86 relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog\n',
    answer: '1 rsp 37 500 LogCaster does not speak RELP yet\n0 serverclose 0\n',
  },
  {
    protocol: 'relp',
    sent: '999999999 open 0\n',
    answer: '999999999 rsp 37 500 LogCaster does not speak RELP yet\n0 serverclose 0\n',
  },
  { protocol: 'lumberjack', sent: '2W\0\0\0\x012J\0\0\0\x01\0\0\0\x02{}', answer: '2A\0\0\0\0' },
  { protocol: 'lumberjack', sent: '1W\0\0\0\x051D\0\0\0\x01', answer: '1A\0\0\0\0' },
  {
    protocol: 'fluentForward',
    sent: '\x93\xa3app\xce\x65\x00\x00\x00\x81\xa1a\xa1b',
    answer: '\x81\xa5error\xd9\x2bLogCaster does not speak Fluent Forward yet',
  },
  { protocol: 'http2', sent: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', answer: GOAWAY },
]

describe('protocols that are not built yet', () => {
  for (const { protocol, sent, answer } of VECTORS) {
    it(`${protocol} is told in its own language: ${JSON.stringify(sent.slice(0, 12))}`, async () => {
      const front = new Front()
      const peer = await front.peer()
      peer.send(sent)
      await peer.ended()
      await peer.expect(answer)
      assert.equal(front.of(protocol).stats().refused, 1)
      assert.deepEqual(front.port.stats().protocols, { [protocol]: 1 })
      assert.equal(front.hub.logs.appends, 0)
    })

    it(`${protocol} is told the same however its bytes are cut: ${JSON.stringify(sent.slice(0, 12))}`, async () => {
      const front = new Front()
      for (const at of [1, 2, 5, 9, sent.length - 1]) {
        const peer = await front.peer()
        peer.socket.setNoDelay(true)
        peer.send(sent.slice(0, at))
        await turns(5)
        peer.send(sent.slice(at))
        await peer.ended()
        await peer.expect(answer)
      }
    })
  }

  it('are these, by what detection calls them', () => {
    assert.deepEqual(
      refusedProtocols().map(({ name }) => name),
      ['irc', 'relp', 'lumberjack', 'fluentForward', 'http2'],
    )
  })

  it('takes a client that goes on sending to its end, and says nothing more', async () => {
    const front = new Front()
    const peer = await front.peer()
    peer.send('NICK alice\r\n')
    await peer.ended()
    peer.end('USER alice 0 * :Alice\r\n'.repeat(1000))
    await until(() => front.of('irc').stats().sessions === 0, 'the end of the session')
    assert.equal(peer.received, 'ERROR :LogCaster does not speak IRC yet\r\n')
    assert.equal(peer.errorCode, null)
    assert.equal(front.of('irc').stats().refused, 1)
  })

  it('is what the HTTP/2 client of Node.js expects: it learns that HTTP/1.1 is required', async () => {
    const front = new Front()
    await front.peer()
    const session = connectHttp2(`http://127.0.0.1:${front.port.addresses[0].port}`)
    session.on('error', () => {})
    const told = await new Promise<{ code: number; lastStream: number; debug: string }>((resolve) => {
      session.once('goaway', (code: number, lastStream: number, data: Buffer | undefined) =>
        resolve({ code, lastStream, debug: String(data) }),
      )
    })
    const debug = 'HTTP/2 is not spoken here: use HTTP/1.1'
    assert.deepEqual(told, { code: constants.NGHTTP2_HTTP_1_1_REQUIRED, lastStream: 0, debug })
    session.destroy()
  })

  describe('on a port of their own', () => {
    const vectors: readonly (readonly [StreamProtocol, string])[] = [
      ['irc', 'ERROR :LogCaster does not speak IRC yet\r\n'],
      ['relp', '0 serverclose 0\n'],
      ['lumberjack', '2A\0\0\0\0'],
    ]
    for (const [protocol, answer] of vectors) {
      it(`${protocol} is told whatever comes, also when nothing does`, async () => {
        const front = new Front(protocol)
        const noisy = await front.peer()
        noisy.send('\0 anything')
        await noisy.ended()
        await noisy.expect(answer)
        const silent = await front.peer()
        silent.end()
        await silent.ended()
        await silent.expect(answer)
      })
    }

    it('tells a silent client when it is idle for too long, and at a stop', async () => {
      const front = new Front('irc')
      const idle = await front.peer()
      await until(() => front.port.stats().connections === 1, 'the connection')
      front.clock.advance(1000)
      await idle.ended()
      await idle.expect('ERROR :LogCaster does not speak IRC yet\r\n')
      const other = await front.peer()
      await until(() => front.of('irc').stats().sessions > 0, 'the session')
      const drained = front.port.drain(1000)
      await other.ended()
      await other.expect('ERROR :LogCaster does not speak IRC yet\r\n')
      for (const peer of front.peers) peer.destroy()
      assert.equal(await drained, 0)
    })

    it('has words for connections that may not be opened', () => {
      const front = new Front()
      const refusal = (name: StreamProtocol): string =>
        Buffer.from(front.of(name).refusal({ reason: 'Too many connections', isLasting: false })).toString(
          'latin1',
        )
      assert.equal(refusal('irc'), 'ERROR :Too many connections\r\n')
      assert.equal(refusal('relp'), '0 serverclose 0\n')
      assert.equal(refusal('fluentForward'), '\x81\xa5error\xd9\x14Too many connections')
      assert.equal(refusal('lumberjack'), '2A\0\0\0\0')
    })
  })
})
