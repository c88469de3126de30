import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { CodedError, SimulatedClock } from '../base/base.ts'
import { FakeStore } from './fake-hub.ts'
import type { ListenAddress } from './listener.ts'
import { StoreGate } from './store-gate.ts'
import { LOOPBACK, turns, until } from './test-peer.ts'
import type { UdpDrop } from './udp-drops.ts'
import { readProcTable } from './udp-kernel-drops.ts'
import { UdpServer, type UdpServerOptions } from './udp-server.ts'

const GATHER_MS = 5
const IPV4 = [{ host: '127.0.0.1', port: 0 }]

interface Built {
  readonly server: UdpServer
  readonly clock: SimulatedClock
  readonly store: FakeStore
  readonly said: string[]
  readonly problems: string[]
}

const opened: Built[] = []
const senders: Sender[] = []

function build(changes: Partial<UdpServerOptions> = {}, listen: readonly ListenAddress[] = IPV4): Built {
  const clock = new SimulatedClock()
  const store = new FakeStore()
  const said: string[] = []
  const problems: string[] = []
  const server = new UdpServer(new StoreGate(store, 64 << 20), clock, {
    listener: { listen, option: 'ports.test.listen' },
    admission: { allow: LOOPBACK },
    access: { grant: ['write'] },
    text: { recordBytesMax: 100_000, batchBytesMax: 1 << 20, plainLinesReply: 'none', timeZone: null },
    clientFields: false,
    receiveBufferBytes: 1 << 20,
    gatherMs: GATHER_MS,
    say: (message) => said.push(message),
    problem: (message) => problems.push(message),
    ...changes,
  })
  return { server, clock, store, said, problems }
}

async function open(
  changes: Partial<UdpServerOptions> = {},
  listen?: readonly ListenAddress[],
): Promise<Built> {
  const built = build(changes, listen)
  await built.server.open()
  opened.push(built)
  return built
}

async function problemOf(opening: Promise<unknown>): Promise<CodedError> {
  const error: unknown = await opening.then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof CodedError, String(error))
  return error
}

/** A socket that sends datagrams to one address and keeps what comes back. */
class Sender {
  readonly answers: string[] = []
  readonly #socket: Socket
  readonly #to: ListenAddress

  constructor(to: ListenAddress) {
    this.#to = to
    this.#socket = createSocket(to.host.includes(':') ? 'udp6' : 'udp4')
    this.#socket.on('message', (bytes) => this.answers.push(bytes.toString('latin1')))
    senders.push(this)
  }

  /** Resolves when the kernel has it: on loopback it lies in the server's buffer then. */
  send(datagram: string | Uint8Array): Promise<void> {
    const bytes = typeof datagram === 'string' ? Buffer.from(datagram, 'latin1') : datagram
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, this.#to.port, this.#to.host, (error) => (error ? reject(error) : resolve()))
    })
  }

  get address(): ListenAddress {
    const { address, port } = this.#socket.address()
    return { host: address, port }
  }

  close(): void {
    this.#socket.close()
  }
}

/** Sends datagrams, one after the other, and waits until all are read. */
async function send({ server }: Built, ...datagrams: readonly (string | Uint8Array)[]): Promise<Sender> {
  const sender = new Sender(server.addresses[0])
  const before = server.stats().datagrams
  for (const datagram of datagrams) await sender.send(datagram)
  await until(() => server.stats().datagrams === before + datagrams.length, 'all datagrams')
  return sender
}

/** The counts of drops that are not 0. */
function dropped({ server }: Built): Partial<Record<UdpDrop, number>> {
  return Object.fromEntries(Object.entries(server.stats().dropped).filter(([, count]) => count > 0))
}

function frame(json: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.length)
  return Buffer.concat([length, Buffer.from(json)])
}

afterEach(async () => {
  for (const sender of senders.splice(0)) sender.close()
  for (const { server, store } of opened.splice(0)) {
    store.isHeld = false
    store.accept()
    store.release()
    await server.drain(1000)
  }
})

describe('UdpServer', () => {
  it('stores the lines of datagrams and answers nothing', async () => {
    const built = await open()
    const sender = await send(
      built,
      'one',
      'two\nthree\n',
      'LOG|ERROR||four',
      'PING\n',
      'STATS\n',
      'QUIT\n',
      '',
    )
    built.clock.advance(GATHER_MS)
    await until(() => built.store.messages.length === 4, 'the records')
    assert.deepEqual(built.store.messages, ['one', 'two', 'three', 'four'])
    await turns()
    assert.deepEqual(sender.answers, [])
    const { protocols, lines, answers } = built.server.stats()
    assert.deepEqual(protocols, { text: 7 })
    assert.deepEqual([lines.stored, lines.ignoredCommands, lines.emptyLines, answers], [4, 3, 1, 0])
    assert.deepEqual(dropped(built), {})
  })

  it('keeps syslog and JSON as the lines that they are', async () => {
    const built = await open()
    await send(built, '<13>Nov 20 18:00:17 vm app: text', '{"msg":"a"}\n{"msg":"b"}')
    built.clock.advance(GATHER_MS)
    await until(() => built.store.messages.length === 3, 'the records')
    assert.deepEqual(built.store.messages, ['<13>Nov 20 18:00:17 vm app: text', '{"msg":"a"}', '{"msg":"b"}'])
    assert.deepEqual(built.server.stats().protocols, { syslog: 1, json: 1 })
  })

  it('stores a datagram of the largest size whole', async () => {
    const built = await open()
    await send(built, 'x'.repeat(65_507))
    built.clock.advance(GATHER_MS)
    await until(() => built.store.messages.length === 1, 'the record')
    assert.equal(built.store.messages[0].length, 65_507)
    assert.equal(built.server.stats().bytes, 65_507)
  })

  it('counts GELF as not built, whatever it is packed in, and says so', async () => {
    const built = await open()
    await send(built, '\x1e\x0f12345678\0\x01x', '\x1f\x8b\x08rest', '\x78\x9crest')
    assert.deepEqual(built.server.stats().notBuilt, { gelf: 3 })
    built.clock.advance(1000)
    assert.deepEqual(built.said, ['UDP: dropped GELF datagrams (not built yet): 3'])
    assert.equal(built.store.appends, 0)
  })

  describe('addresses', () => {
    it('takes IPv6', async () => {
      const built = await open({}, [{ host: '::1', port: 0 }])
      await send(built, 'six')
      built.clock.advance(GATHER_MS)
      await until(() => built.store.messages.length === 1, 'the record')
    })

    it('knows an IPv4 sender on an IPv6 socket, and keeps and answers it as IPv4', async () => {
      const peers: string[] = []
      const built = await open(
        {
          admission: { allow: [{ address: '127.0.0.0', prefixBits: 8, family: 'ipv4' }] },
          answerDatagram: async (bytes, peer) => {
            peers.push(peer.address)
            return bytes
          },
        },
        [{ host: '::', port: 0 }],
      )
      const sender = new Sender({ host: '127.0.0.1', port: built.server.addresses[0].port })
      const request = frame('{"type":"ping"}')
      await sender.send(request)
      await until(() => sender.answers.length === 1, 'the answer')
      assert.deepEqual(peers, ['127.0.0.1'])
      assert.deepEqual(sender.answers, [request.toString('latin1')])
      const stranger = new Sender({ host: '::1', port: built.server.addresses[0].port })
      await stranger.send('from ::1')
      await until(() => built.server.stats().dropped.notAllowed === 1, 'the drop')
    })

    it('listens on several addresses at once, with the numbers that they have in fact', async () => {
      const built = await open({}, [
        { host: '127.0.0.1', port: 0 },
        { host: '127.0.0.2', port: 0 },
      ])
      const { addresses } = built.server
      assert.deepEqual(
        addresses.map(({ host }) => host),
        ['127.0.0.1', '127.0.0.2'],
      )
      for (const address of addresses) await new Sender(address).send(`to ${address.host}`)
      await until(() => built.server.stats().datagrams === 2, 'both datagrams')
      built.clock.advance(GATHER_MS)
      await until(() => built.store.messages.length === 2, 'both records')
    })

    it('stands beside TCP on the same number', async () => {
      const tcp = createServer()
      await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
      const bound = tcp.address()
      assert.ok(bound !== null && typeof bound === 'object')
      const built = await open({}, [{ host: '127.0.0.1', port: bound.port }])
      assert.deepEqual(built.server.addresses, [{ host: '127.0.0.1', port: bound.port }])
      tcp.close()
    })

    it('says what to do when the number is taken over UDP, and binds none of its addresses', async () => {
      const taken = await open()
      const { port } = taken.server.addresses[0]
      const free = await open({}, [{ host: '127.0.0.2', port: 0 }])
      const listen = [
        { host: '127.0.0.2', port: free.server.addresses[0].port },
        { host: '127.0.0.1', port },
      ]
      await opened.pop()?.server.drain(0)
      const error = await problemOf(build({}, listen).server.open())
      assert.equal(error.code, 'PORT_TAKEN')
      assert.equal(
        error.message,
        `Another program listens on 127.0.0.1:${port} over UDP: stop it, or choose another port with \`ports.test.listen\`.`,
      )
      await open({}, [listen[0]])
    })

    it('says what to do when an address is not one of this machine', async () => {
      const error = await problemOf(build({}, [{ host: '192.0.2.1', port: 0 }]).server.open())
      assert.equal(error.code, 'ADDRESS_UNUSABLE')
    })
  })

  describe('who may send what', () => {
    it('drops what comes from elsewhere', async () => {
      const built = await open({
        admission: { allow: [{ address: '192.0.2.0', prefixBits: 24, family: 'ipv4' }] },
      })
      await send(built, 'one', frame('{"type":"ping"}'))
      assert.deepEqual(dropped(built), { notAllowed: 2 })
    })

    it('drops records where the port does not grant to write them', async () => {
      const built = await open({ access: { grant: ['read'] }, answerDatagram: async (bytes) => bytes })
      const sender = await send(built, 'one', '<13>two', '{"a":3}', frame('{"type":"ping"}'))
      await until(() => sender.answers.length === 1, 'the answer to the ping')
      assert.deepEqual(dropped(built), { notGranted: 3 })
      assert.equal(built.server.stats().lines.lines, 0)
    })

    it('drops what is above the rates of the port', async () => {
      const built = await open({
        admission: { allow: LOOPBACK, datagramsPerSecondMax: 3, bytesPerSecondMax: 10 },
      })
      await send(built, '0123456789', 'x', 'x', 'x')
      assert.deepEqual(dropped(built), { tooManyBytes: 2, tooManyDatagrams: 1 })
      built.clock.advance(1000)
      await send(built, 'y')
      built.clock.advance(GATHER_MS)
      await until(() => built.store.messages.length === 2, 'the records')
    })

    it('drops what comes faster than the store takes it', async () => {
      const built = await open({ queueBytesMax: 2000 })
      built.store.isHeld = true
      await send(built, 'x'.repeat(1000), 'x'.repeat(1000), 'x')
      assert.deepEqual(dropped(built), { queueFull: 1 })
      built.clock.advance(1000)
      assert.deepEqual(built.said, [
        'UDP: dropped datagrams that came faster than the store takes records: 1',
      ])
    })
  })

  describe('framed JSON', () => {
    it('gives a datagram that is one frame to the handler, with its sender and what the port grants', async () => {
      const seen: string[] = []
      const built = await open({
        answerDatagram: async (bytes, peer, access) => {
          seen.push(
            `${Buffer.from(bytes.subarray(4))} ${peer.address} ${access.can('record.write')} ${access.can('query')}`,
          )
          return null
        },
      })
      const sender = await send(built, frame('{"type":"tail"}'))
      assert.deepEqual(seen, ['{"type":"tail"} 127.0.0.1 true false'])
      await turns()
      assert.deepEqual(sender.answers, [])
      assert.deepEqual(built.server.stats().protocols, { framedJson: 1 })
    })

    it('sends an answer up to three times as long as its request, and no longer one', async () => {
      let extra = 0
      const built = await open({ answerDatagram: async (bytes) => new Uint8Array(bytes.length * 3 + extra) })
      const request = frame('{"type":"ping"}')
      const sender = await send(built, request)
      await until(() => sender.answers.length === 1, 'the answer')
      extra = 1
      await sender.send(request)
      await until(() => built.server.stats().dropped.answerTooLong === 1, 'the drop')
      await turns()
      assert.equal(sender.answers.length, 1)
      assert.equal(built.server.stats().answers, 1)
    })

    it('counts an answer that fails, and goes on', async () => {
      const built = await open({
        answerDatagram: async () => {
          throw new Error('from the test')
        },
      })
      await send(built, frame('{"type":"ping"}'), 'line')
      await until(() => built.server.stats().dropped.answerFailed === 1, 'the drop')
      assert.deepEqual(built.problems, ['A datagram could not be answered'])
      built.clock.advance(GATHER_MS)
      await until(() => built.store.messages.length === 1, 'the record')
    })

    it('counts an answer that the system does not send, by the name of its error', async () => {
      const built = await open({ answerDatagram: async () => new Uint8Array(65_508) })
      await send(built, frame(`{"type":"echo","payload":"${'x'.repeat(30_000)}"}`))
      await until(() => built.server.stats().dropped.answerFailed === 1, 'the drop')
      assert.deepEqual(built.server.stats().sockets[0].errors, { EMSGSIZE: 1 })
    })

    it('has at most 1,024 requests under way', async () => {
      const waiting: (() => void)[] = []
      const built = await open({
        answerDatagram: () => new Promise((resolve) => waiting.push(() => resolve(null))),
      })
      const request = frame('{"type":"ping"}')
      await send(built, ...new Array<Buffer>(1025).fill(request))
      assert.equal(waiting.length, 1024)
      assert.deepEqual(dropped(built), { answersFull: 1 })
      for (const resolve of waiting) resolve()
      await turns(2)
      await send(built, request)
      assert.equal(waiting.length, 1025)
      waiting[1024]()
    })

    it('is another protocol where nobody answers it', async () => {
      const built = await open()
      await send(built, frame('{"type":"ping"}'))
      assert.deepEqual(dropped(built), { otherProtocol: 1 })
    })
  })

  describe('a pinned port', () => {
    const datagrams = ['line', '<13>syslog', '{"json":1}', '\x1f\x8bgelf', frame('{"type":"ping"}')]

    it('takes everything as lines when it is pinned to them', async () => {
      const built = await open({ pinned: 'text' })
      await send(built, ...datagrams)
      built.clock.advance(GATHER_MS)
      await until(() => built.store.messages.length === 5, 'the records')
      assert.deepEqual(built.server.stats().protocols, { text: 5 })
    })

    it('takes only what is of the protocol that it is pinned to', async () => {
      const built = await open({ pinned: 'framedJson', answerDatagram: async (bytes) => bytes })
      const sender = await send(built, ...datagrams)
      await until(() => sender.answers.length === 1, 'the answer')
      assert.deepEqual(dropped(built), { otherProtocol: 4 })
    })
  })

  describe('the kernel', () => {
    it('tells how large the receive buffer is', async () => {
      const small = await open({ receiveBufferBytes: 70_000 })
      const large = await open({ receiveBufferBytes: 200_000 })
      const [given, more] = [small, large].map(({ server }) => server.stats().sockets[0].receiveBufferBytes)
      assert.ok(given >= 70_000 && more > given, `${given} ${more}`)
    })

    it('knows what the kernel dropped, and says it', { skip: process.platform !== 'linux' }, async () => {
      const built = await open({ receiveBufferBytes: 64 * 1024, readKernelTable: readProcTable })
      assert.equal(built.server.stats().kernelDrops, 0)
      const sender = new Sender(built.server.addresses[0])
      const count = 1000
      // All are sent within one turn of the event loop, in which nothing is read.
      await Promise.all(Array.from({ length: count }, () => sender.send('x'.repeat(1000))))
      await until(() => {
        const { datagrams, kernelDrops } = built.server.stats()
        return datagrams + (kernelDrops ?? 0) === count
      }, 'every datagram to be read or counted')
      const { kernelDrops, sockets } = built.server.stats()
      assert.ok(kernelDrops !== null && kernelDrops > 0, String(kernelDrops))
      assert.equal(sockets[0].kernelDrops, kernelDrops)
      built.clock.advance(1000)
      assert.equal(
        built.said[0],
        `UDP: dropped datagrams that the kernel had no room for (docs/protocols-udp.md says what helps): ${kernelDrops}`,
      )
    })

    it('looks every few seconds, and remembers what a socket lost after it is closed', async () => {
      let drops = 3
      let looks = 0
      let hexPort = ''
      const built = await open({
        readKernelTable: () => {
          looks++
          return `1: 0100007F:${hexPort} 0 07 0 0 0 0 0 0 2 0 ${drops}\n`
        },
      })
      hexPort = built.server.addresses[0].port.toString(16).toUpperCase().padStart(4, '0')
      built.clock.advance(5000)
      drops = 10
      const before = looks
      built.clock.advance(5000)
      assert.equal(looks, before + 1)
      await built.server.drain(1000)
      drops = 99
      assert.equal(built.server.stats().kernelDrops, 10)
      assert.equal(built.clock.timers, 0)
    })

    it('says nothing where there is no table', async () => {
      const built = await open({ readKernelTable: () => null })
      assert.equal(built.server.stats().kernelDrops, null)
      assert.equal(built.server.stats().sockets[0].kernelDrops, null)
    })
  })

  describe('drain', () => {
    it('reads what the kernel holds already, and stores it', async () => {
      const built = await open()
      const sender = new Sender(built.server.addresses[0])
      const count = 200
      await Promise.all(Array.from({ length: count }, (_, index) => sender.send(`line ${index}`)))
      assert.equal(await built.server.drain(1000), 0)
      assert.equal(built.store.messages.length, count)
      assert.deepEqual(built.server.addresses, [])
    })

    it('waits for the store and for answers that are under way', async () => {
      let answer: (bytes: Uint8Array) => void = () => {}
      const built = await open({
        answerDatagram: () =>
          new Promise((resolve) => {
            answer = resolve
          }),
      })
      built.store.isHeld = true
      const sender = await send(built, 'line', frame('{"type":"ping"}'))
      let isDrained = false
      const drained = built.server.drain(1000).then((left) => {
        isDrained = true
        return left
      })
      await until(() => built.store.waiting === 1, 'the append')
      built.store.release()
      await turns()
      assert.equal(isDrained, false)
      answer(Buffer.from('pong'))
      assert.equal(await drained, 0)
      await until(() => sender.answers.length === 1, 'the answer')
    })

    it('counts what comes while it waits', async () => {
      const built = await open()
      built.store.isHeld = true
      const sender = await send(built, 'line')
      const drained = built.server.drain(1000)
      await until(() => built.store.waiting === 1, 'the append')
      await sender.send('late')
      await until(() => built.server.stats().dropped.stopping === 1, 'the drop')
      built.store.release()
      assert.equal(await drained, 0)
      assert.deepEqual(built.said, ['UDP: dropped datagrams that came while the server stopped: 1'])
    })

    it('gives up at the deadline, and says how many records that cost', async () => {
      const built = await open()
      built.store.refusal = 'STORE_FULL'
      await send(built, 'one\ntwo', 'three')
      const drained = built.server.drain(1000)
      await until(() => built.store.appends > 0, 'an attempt')
      await turns()
      built.clock.advance(1000)
      assert.equal(await drained, 3)
      assert.deepEqual(dropped(built), { outOfTime: 3 })
    })
  })
})
