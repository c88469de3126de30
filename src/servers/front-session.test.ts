import assert from 'node:assert/strict'
import { type Duplex, duplexPair } from 'node:stream'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import type { StreamProtocol } from '../ingest/ingest.ts'
import type { AccessPolicy } from './access.ts'
import { Admission, type Admitted } from './admission.ts'
import type { Connection } from './connection.ts'
import { type Encryption, type FrontCounters, FrontSession, type FrontSurroundings } from './front-session.ts'
import type {
  Arrival,
  ConnectionProtocol,
  Protocol,
  ProtocolSession,
  StreamProtocolServer,
} from './protocol.ts'
import { LOOPBACK, turns, until } from './test-peer.ts'

/** What one session of a protocol saw. */
interface Seen {
  readonly protocol: string
  readonly arrival: Arrival
  bytes: string
  isEnded: boolean
  isDenied: boolean
  isIdle: boolean
}

class Front {
  readonly clock = new SimulatedClock()
  readonly seen: Seen[] = []
  readonly counters: FrontCounters = {
    protocols: {},
    badProxyHeaders: 0,
    failedHandshakes: 0,
    unencrypted: 0,
    denied: 0,
  }
  readonly admission: Admission
  readonly session: FrontSession
  readonly peer: Duplex
  isClosed = false
  answered = ''

  constructor(options: FrontOptions = {}) {
    this.admission = new Admission(
      {
        allow: [...LOOPBACK, { address: '192.0.2.0', prefixBits: 24, family: 'ipv4' }],
        connectionsMax: 0,
        connectionsPerAddressMax: options.connectionsPerAddressMax ?? 0,
        connectionsPerSecondMax: 0,
        connectionsPerWindowMax: 0,
        windowMs: 60_000,
        bytesPerSecondMax: options.bytesPerSecondMax ?? 0,
      },
      this.clock,
    )
    const around: FrontSurroundings = {
      clock: this.clock,
      connection: { idleMsMax: 60_000, unsentBytesMax: 1 << 20, lingerMsMax: 10 },
      access: options.access ?? { grant: ['write'] },
      admission: this.admission,
      handshakeMsMax: 5000,
      ownProtocol: this.#protocol('own'),
      others: options.isClosed === true ? null : this.#others(),
      encryption: options.encryption ?? null,
      isTlsOnly: options.isTlsOnly ?? false,
      syslogFrameBytesMax: 1 << 18,
      counters: this.counters,
    }
    const [ours, theirs] = duplexPair()
    this.peer = theirs
    theirs.on('data', (chunk: Buffer) => {
      this.answered += chunk.toString('latin1')
    })
    const peer = { address: options.isProxy === true ? '127.0.0.9' : '127.0.0.1', port: 5 }
    const admitted = options.isProxy === true ? null : this.#admit(peer.address)
    this.session = new FrontSession(ours, peer, admitted, around)
    void this.session.closed.then(() => {
      this.isClosed = true
    })
  }

  /** Sends pieces, each seen before the next one goes. */
  async send(...pieces: readonly string[]): Promise<void> {
    for (const piece of pieces) {
      this.peer.write(Buffer.from(piece, 'latin1'))
      await turns(3)
    }
  }

  /** `protocol:bytes` of each session. */
  get summary(): string[] {
    return this.seen.map(({ protocol, bytes }) => `${protocol}:${bytes}`)
  }

  #admit(address: string): Admitted {
    const result = this.admission.admit(address)
    assert.ok(!('refusal' in result))
    return result
  }

  #others(): ReadonlyMap<StreamProtocol, Protocol> {
    const names = [
      'binary',
      'framedJson',
      'irc',
      'syslog',
      'relp',
      'json',
      'lumberjack',
      'fluentForward',
    ] as const
    return new Map<StreamProtocol, Protocol>([
      ...names.map((name) => [name, this.#protocol(name)] as const),
      ['http', this.#streamProtocol('http')],
      ['http2', this.#protocol('http2')],
    ])
  }

  #protocol(name: string): ConnectionProtocol {
    return {
      name,
      takesStream: false,
      open: (connection, arrival) => this.#talk(this.#see(name, arrival), connection),
      refusal: ({ reason }) => `${name} refuses: ${reason}`,
      stats: () => ({}),
    }
  }

  #talk(seen: Seen, connection: Connection): ProtocolSession {
    const closed = Promise.withResolvers<void>()
    return {
      closed: closed.promise,
      onChunk(chunk) {
        seen.bytes += chunk.toString('latin1')
      },
      onEnd() {
        seen.isEnded = true
        connection.finish()
      },
      onIdle() {
        seen.isIdle = true
        connection.finish()
      },
      deny() {
        seen.isDenied = true
        connection.finish()
      },
      onRoom() {},
      isBusy: () => false,
      onClosed: () => closed.resolve(),
      drain: () => connection.finish(),
      cut: () => connection.cut(),
    }
  }

  #streamProtocol(name: string): StreamProtocolServer {
    return {
      name,
      takesStream: true,
      open: (stream, arrival) => {
        const seen = this.#see(name, arrival)
        stream.on('data', (chunk: Buffer) => {
          seen.bytes += chunk.toString('latin1')
        })
        const closed = new Promise<void>((resolve) => stream.once('close', resolve))
        return { closed, drain: () => stream.end(), cut: () => stream.destroy() }
      },
      refusal: ({ reason }) => `${name} refuses: ${reason}`,
      stats: () => ({}),
    }
  }

  #see(protocol: string, arrival: Arrival): Seen {
    const seen = { protocol, arrival, bytes: '', isEnded: false, isDenied: false, isIdle: false }
    this.seen.push(seen)
    return seen
  }
}

interface FrontOptions {
  readonly encryption?: Encryption
  readonly isTlsOnly?: boolean
  readonly access?: AccessPolicy
  readonly isProxy?: boolean
  readonly isClosed?: boolean
  readonly connectionsPerAddressMax?: number
  readonly bytesPerSecondMax?: number
}

/** What each protocol's sessions see is every byte that came, whichever row decided. */
const ARRIVALS: readonly (readonly [protocol: string, bytes: string])[] = [
  // Near misses: log lines, all of them.
  ['own', 'GET /index.html took 12 ms\n'],
  ['own', 'LOG:  database system is ready to accept connections\n'],
  ['own', '2026-11-21T10:00:00Z INFO up\n'],
  ['own', '200 <html> was sent\n'],
  ['own', 'User login: admin\n'],
  ['own', 'PASS src/a.test.ts\nPASS src/b.test.ts\n1 passed\n'],
  ['own', 'NICK says hello to all of you\n'],
  ['own', '\xdc\xac\xdc\x98\xdc\xa1\xdc\x90\n'],
  ['own', '\xb7\xce\xb1\xd7 \xb8\xde\xbd\xc3\xc1\xf6\n'],
  ['own', '\x00\x11\x00\x00{"type":"too long"}\n'],
  ['own', '999999 <34> is longer than any frame\n'],
  // And what they are near to.
  ['http', 'GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['http2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['irc', 'NICK mia\r\n'],
  ['syslog', '<34>Oct 11 22:14:15 host su: failed\n'],
  ['syslog', '11 <34>message'],
  ['relp', '1 open 85 relp_version=0\n'],
  ['json', '{"message":"hello"}\n'],
  ['framedJson', '\x00\x00\x00\x0f{"type":"ping"}'],
  ['binary', '\x01\x03\x00\x00\x00\x00\x00\x01'],
  ['binary', '\x07\x03\x00\x00\x00\x00\x00\x01'],
  ['lumberjack', '2W\x00\x00\x00\x012J'],
  ['fluentForward', '\x93\xa3tag\x90\x80'],
]

describe('FrontSession', () => {
  for (const [protocol, bytes] of ARRIVALS) {
    it(`gives ${JSON.stringify(bytes.slice(0, 30))} to ${protocol}, whole and cut at every byte`, async () => {
      const expected = [`${protocol}:${bytes}`]
      for (let at = 0; at < bytes.length; at++) {
        const front = new Front()
        if (at > 0) await front.send(bytes.slice(0, at))
        await front.send(bytes.slice(at))
        assert.deepEqual(front.summary, expected, `cut at ${at}`)
        assert.equal(front.answered, '')
        front.session.cut()
      }
    })
  }

  it('sends nothing and decides nothing while nothing comes, however long', async () => {
    const front = new Front()
    front.clock.advance(50_000)
    await turns()
    assert.deepEqual([front.summary, front.answered, front.isClosed], [[], '', false])
    await front.send('\x01\x03')
    assert.deepEqual(front.summary, ['binary:\x01\x03'])
  })

  it("takes bytes that stay ambiguous for the port's own protocol, after the handshake time", async () => {
    const front = new Front()
    await front.send('GET /half a line')
    front.clock.advance(4999)
    assert.deepEqual(front.summary, [])
    front.clock.advance(1)
    assert.deepEqual(front.summary, ['own:GET /half a line'])
    await front.send(' HTTP/1.1\r\n')
    assert.deepEqual(front.summary, ['own:GET /half a line HTTP/1.1\r\n'])
  })

  it('gives what came to the own protocol when the peer ends, is idle or the server drains', async () => {
    const ended = new Front()
    ended.peer.end('GET /x')
    await until(() => ended.isClosed, 'the end')
    assert.deepEqual([ended.summary, ended.seen[0].isEnded], [['own:GET /x'], true])

    const idle = new Front()
    idle.clock.advance(60_000)
    await turns()
    assert.equal(idle.seen[0].isIdle, true)

    const drained = new Front()
    await drained.send('GET /x')
    drained.session.drain()
    await turns()
    assert.deepEqual(drained.summary, ['own:GET /x'])
  })

  it('speaks nothing but its own protocol where nothing else may come', async () => {
    for (const bytes of [
      '\x01\x03\x00\x00',
      'GET / HTTP/1.1\r\n',
      'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    ]) {
      const front = new Front({ isClosed: true })
      await front.send(bytes)
      assert.deepEqual(front.summary, [`own:${bytes}`])
    }
  })
})

describe('FrontSession and proxies', () => {
  const HEADER = 'PROXY TCP4 192.0.2.7 127.0.0.1 4711 9999\r\n'

  it('believes the header of a trusted proxy, cut at every byte, and detects what is inside', async () => {
    const bytes = `${HEADER}\x01\x03\x00`
    for (let at = 1; at < bytes.length; at++) {
      const front = new Front({ isProxy: true })
      await front.send(bytes.slice(0, at), bytes.slice(at))
      assert.deepEqual(front.summary, ['binary:\x01\x03\x00'], `cut at ${at}`)
      assert.deepEqual(front.seen[0].arrival.peer, { address: '192.0.2.7', port: 4711 })
    }
  })

  it('takes it for a log line from anybody else', async () => {
    const front = new Front()
    await front.send(HEADER)
    assert.deepEqual(front.summary, [`own:${HEADER}`])
    assert.equal(front.seen[0].arrival.peer.address, '127.0.0.1')
  })

  it('admits whom the proxy names, not the proxy', async () => {
    const front = new Front({ isProxy: true })
    await front.send('PROXY TCP4 203.0.113.1 127.0.0.1 4711 9999\r\nhello\n')
    await until(() => front.isClosed || front.answered !== '', 'a refusal')
    assert.equal(front.answered, 'own refuses: Your address may not connect here')
    assert.deepEqual(front.summary, [])
    assert.equal(front.admission.refused.notAllowed, 1)
  })

  it('admits a proxy that comes for itself as itself', async () => {
    const front = new Front({ isProxy: true })
    await front.send('hello\n')
    assert.deepEqual([front.summary, front.seen[0].arrival.peer.address], [['own:hello\n'], '127.0.0.9'])
  })

  it('cuts off whoever sends a bad header, or half of one for too long, and counts it', async () => {
    const bad = new Front({ isProxy: true })
    await bad.send('PROXY TCP4 nonsense\r\nhello\n')
    await until(() => bad.isClosed, 'the end')
    const half = new Front({ isProxy: true })
    await half.send('PROXY TCP4 192.0')
    half.clock.advance(5000)
    await until(() => half.isClosed, 'the end')
    for (const front of [bad, half]) {
      assert.deepEqual([front.summary, front.counters.badProxyHeaders], [[], 1])
    }
  })

  it('reads one header only: a second one is what is inside', async () => {
    const front = new Front({ isProxy: true })
    await front.send(HEADER + HEADER)
    assert.deepEqual(front.summary, [`own:${HEADER}`])
  })
})

describe('FrontSession and limits', () => {
  it('denies who may do nothing, after a time or a number of bytes', async () => {
    const access = { grant: [], unknownMsMax: 3000, unknownBytesMax: 10 }
    const silent = new Front({ access })
    silent.clock.advance(3000)
    await turns()
    const loud = new Front({ access })
    await loud.send('a b c d e\n')
    assert.equal(loud.seen[0].isDenied, false)
    await loud.send('!')
    for (const front of [silent, loud]) {
      assert.deepEqual([front.seen[0].isDenied, front.counters.denied], [true, 1])
    }
  })

  it('reads no faster than an address may send, and loses nothing', async () => {
    const front = new Front({ bytesPerSecondMax: 1000 })
    await front.send('x y\n'.repeat(750))
    await front.send('y'.repeat(10))
    assert.equal(front.seen[0].bytes.length, 3000)
    front.clock.advance(1999)
    await turns()
    assert.equal(front.seen[0].bytes.length, 3000)
    front.clock.advance(1)
    await until(() => front.seen[0].bytes.length === 3010, 'the rest')
  })

  it('lets the next one in when a session is over', async () => {
    const front = new Front({ connectionsPerAddressMax: 1 })
    assert.deepEqual(front.admission.admit('127.0.0.1'), { refusal: 'tooManyPerAddress' })
    front.session.cut()
    await until(() => front.isClosed, 'the end')
    assert.ok(!('refusal' in front.admission.admit('127.0.0.1')))
  })
})

describe('FrontSession and peers that are refused', () => {
  it('lets a drain and all its timers pass while the farewell is on its way', async () => {
    const access = { grant: [], unknownMsMax: 3000 }
    const closed = new Front({ isTlsOnly: true, access })
    const banned = new Front({ isProxy: true, access })
    const bad = new Front({ isProxy: true, access })
    await closed.send('hello\n')
    await banned.send('PROXY TCP4 203.0.113.1 127.0.0.1 4711 9999\r\nhello\n')
    bad.peer.write('PROXY nonsense\r\n')
    for (const front of [closed, banned, bad]) {
      await turns(1)
      front.session.drain()
      front.clock.advance(10_000)
      await until(() => front.isClosed, 'the end')
      assert.deepEqual(front.summary, [])
    }
    assert.deepEqual([closed.counters.unencrypted, banned.admission.refused.notAllowed], [1, 1])
    assert.equal(bad.counters.badProxyHeaders, 1)
  })
})

describe('FrontSession and TLS', () => {
  const HELLO = '\x16\x03\x01'

  /** What stands for TLS here: the bytes go on as they are, after the three of the hello. */
  const encryption: Encryption = {
    accept(stream) {
      stream.read(HELLO.length)
      return Promise.resolve(stream)
    },
  }

  it('detects again what is inside, and knows that it is encrypted', async () => {
    const front = new Front({ encryption })
    await front.send(HELLO, '\x01\x03\x00')
    assert.deepEqual(front.summary, ['binary:\x01\x03\x00'])
    assert.equal(front.seen[0].arrival.isEncrypted, true)
  })

  it('does not begin TLS within TLS, nor without a certificate', async () => {
    const twice = new Front({ encryption })
    await twice.send(HELLO, HELLO)
    assert.deepEqual(twice.summary, [`own:${HELLO}`])
    const none = new Front()
    await none.send(HELLO)
    assert.deepEqual(none.summary, [`own:${HELLO}`])
  })

  it('counts a handshake that fails, and ends', async () => {
    const failing: Encryption = {
      accept(stream) {
        stream.destroy()
        return Promise.reject(new Error('no common version'))
      },
    }
    const front = new Front({ encryption: failing })
    await front.send(HELLO)
    await until(() => front.isClosed, 'the end')
    assert.deepEqual([front.summary, front.counters.failedHandshakes], [[], 1])
  })

  it('refuses everything in the clear where only TLS may come, in the words of its protocol', async () => {
    const table = [
      ['own', 'hello\n'],
      ['binary', '\x01\x03\x00'],
      ['http', 'GET / HTTP/1.1\r\n'],
    ]
    for (const [protocol, bytes] of table) {
      const front = new Front({ encryption, isTlsOnly: true })
      await front.send(bytes)
      assert.deepEqual(
        [front.summary, front.answered],
        [[], `${protocol} refuses: This port speaks TLS only`],
      )
      assert.equal(front.counters.unencrypted, 1)
    }
    const encrypted = new Front({ encryption, isTlsOnly: true })
    await encrypted.send(HELLO, 'hello\n')
    assert.deepEqual(encrypted.summary, ['own:hello\n'])
  })
})
