import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { FakeHub } from './fake-hub.ts'
import { LogProtocol, type LogProtocolOptions } from './log-protocol.ts'
import { PortServer } from './port-server.ts'
import { StoreGate } from './store-gate.ts'
import { type PortChanges, portOptions, TestPeer, turns, until } from './test-peer.ts'

const IDLE_MS = 60_000

type Changes = Partial<LogProtocolOptions> & PortChanges & { readonly unstoredBytesMax?: number }

class Bench {
  readonly hub = new FakeHub()
  readonly clock = new SimulatedClock()
  readonly problems: string[] = []
  readonly gate: StoreGate
  readonly protocol: LogProtocol
  readonly port: PortServer
  readonly peers: TestPeer[] = []

  constructor(changes: Changes = {}) {
    this.gate = new StoreGate(this.hub.logs, changes.unstoredBytesMax ?? 64 << 20)
    this.protocol = new LogProtocol(this.gate, this.clock, {
      text: { recordBytesMax: 1000, batchBytesMax: 1 << 20, plainLinesReply: 'none', timeZone: null },
      clientFields: true,
      unackedBytesMax: 4 << 20,
      problem: (message) => this.problems.push(message),
      ...changes,
    })
    this.port = new PortServer(this.clock, portOptions(changes), { own: this.protocol, others: null })
  }

  stats(): ReturnType<LogProtocol['stats']> {
    return this.protocol.stats()
  }

  get store(): FakeHub['logs'] {
    return this.hub.logs
  }

  async peer(): Promise<TestPeer> {
    const peer = await TestPeer.open(this.port.addresses[0])
    this.peers.push(peer)
    return peer
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy()
    this.store.accept()
    this.store.release()
    const drained = this.port.drain(10)
    await until(() => {
      this.clock.advance(10)
      return this.port.stats().connections === 0
    }, 'the end of all sessions')
    await drained
  }
}

const benches: Bench[] = []

async function open(changes: Changes = {}): Promise<Bench> {
  const bench = new Bench(changes)
  await bench.port.open()
  benches.push(bench)
  return bench
}

afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close()
})

describe('LogProtocol', () => {
  it('stores what is sent and answers with ids, in both dialects', async () => {
    const bench = await open()
    const peer = await bench.peer()
    peer.send('LOG|INFO|1718000000|one\nLOG:1718000000:INFO:two\nthree\nLOG|INFO||four\n')
    await peer.expect('OK|0\nACK\nOK|3\n')
    assert.deepEqual(bench.store.messages, ['one', 'two', 'three', 'four'])
  })

  it('answers only after the record is durable', async () => {
    const bench = await open()
    bench.store.isHeld = true
    const peer = await bench.peer()
    peer.send('LOG|INFO||one\n')
    await until(() => bench.store.waiting === 1, 'the append')
    await turns()
    assert.equal(peer.received, '')
    bench.store.release()
    await peer.expect('OK|0\n')
  })

  it('keeps replies in order, whatever needs no record: a PONG waits for plain lines before it', async () => {
    const bench = await open()
    bench.store.isHeld = true
    const peer = await bench.peer()
    peer.send('plain\n')
    await until(() => bench.store.waiting === 1, 'the first append')
    peer.send('PING\nLOG|NOPE||x\n')
    await turns()
    peer.send('LOG|INFO||b\nPING\nSTATS\n')
    await until(() => bench.store.waiting === 2, 'the second append')
    await turns()
    assert.equal(peer.received, '')
    bench.store.release(1)
    const first = 'PONG\nERROR|Bad level: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL\n'
    await peer.expect(first)
    bench.store.release(1)
    await until(() => peer.received.endsWith('}\n'), 'STATS')
    assert.ok(peer.received.startsWith(`${first}OK|1\nPONG\n{"connectedMs":0,"bytes":`), peer.received)
  })

  it('keeps what it owes to different peers apart', async () => {
    const bench = await open()
    bench.store.isHeld = true
    const main = await bench.peer()
    const short = await bench.peer()
    main.send('LOG|INFO||a\nLOG|INFO||b\n')
    await until(() => bench.store.waiting === 1, 'the first append')
    short.send('LOG:1:INFO:c\nLOG:1:INFO:\n')
    await until(() => bench.store.waiting === 2, 'the second append')
    bench.store.release()
    await main.expect('OK|0\nOK|1\n')
    await short.expect('ACK\nERROR:Empty message\n')
  })

  it('answers everything that was pipelined, as many records as were sent', async () => {
    const bench = await open()
    const peer = await bench.peer()
    const count = 20_000
    peer.send('LOG|INFO||x\n'.repeat(count))
    await peer.expect(Array.from({ length: count }, (_, index) => `OK|${index}\n`).join(''))
    assert.equal(bench.stats().records, count)
  })

  it('ends the connection after the last reply when the peer sends QUIT', async () => {
    const bench = await open()
    bench.store.isHeld = true
    const peer = await bench.peer()
    peer.send('LOG|INFO||a\nQUIT\nLOG|INFO||never\n')
    await until(() => bench.store.waiting === 1, 'the append')
    await turns()
    assert.equal(peer.isEnded, false)
    bench.store.release()
    await peer.ended()
    assert.equal(peer.received, 'OK|0\n')
    assert.deepEqual(bench.store.messages, ['a'])
  })

  it('answers what was sent before the peer ended its side, last line without a newline included', async () => {
    const bench = await open()
    const peer = await bench.peer()
    peer.end('LOG|INFO||a\nplain\nLOG|INFO||b')
    await peer.ended()
    assert.equal(peer.received, 'OK|0\nOK|2\n')
    assert.deepEqual(bench.store.messages, ['a', 'plain', 'b'])
  })

  it('stores the plain half line of a peer that broke off, and not its half command', async () => {
    const bench = await open()
    const plain = await bench.peer()
    const command = await bench.peer()
    plain.send('half')
    command.send('LOG|INFO||half')
    await until(() => bench.stats().bytes === 18, 'the bytes')
    plain.socket.resetAndDestroy()
    command.socket.resetAndDestroy()
    await until(() => bench.stats().ended.broken === 2, 'the end of both')
    assert.deepEqual(bench.store.messages, ['half'])
    assert.equal(bench.stats().unfinishedCommands, 1)
  })

  it('refuses too long, binary and empty commands one by one and keeps the rest', async () => {
    const bench = await open()
    const peer = await bench.peer()
    const commands = ['a\0b', '', 'x'.repeat(1001), 'x'.repeat(100_000), '\xff\xfe', 'fine']
    peer.send(commands.map((message) => `LOG|INFO||${message}\n`).join(''))
    await peer.expect(
      'ERROR|Control character in message: only tab is allowed\nERROR|Empty message\n' +
        'ERROR|Message too long: at most 1000 bytes\nERROR|Message too long: at most 1000 bytes\nOK|0\nOK|1\n',
    )
    assert.deepEqual(bench.store.messages, ['\xff\xfe', 'fine'])
  })

  it('keeps plain lines as they came: binary, NUL, escape sequences; cuts what is too long', async () => {
    const bench = await open()
    const peer = await bench.peer()
    peer.send(`\x00\x01\xff\x1b[31m\n\n${'x'.repeat(1500)}\nPING\n`)
    await peer.expect('PONG\n')
    assert.deepEqual(bench.store.messages, ['\x00\x01\xff\x1b[31m', 'x'.repeat(1000)])
    const { truncated, emptyLines } = bench.stats()
    assert.deepEqual({ truncated, emptyLines }, { truncated: 1, emptyLines: 1 })
  })

  it('shows the counters of the connection, and those of the server where reading is granted', async () => {
    const bench = await open()
    const peer = await bench.peer()
    peer.send('a\nLOG|INFO||b\nLOG|NOPE||c\n\nSTATS\n')
    await until(() => peer.received.endsWith('}\n'), 'STATS')
    const json = peer.received.slice(peer.received.indexOf('{'))
    assert.deepEqual(JSON.parse(json), {
      connectedMs: 0,
      bytes: 33,
      lines: 5,
      emptyLines: 1,
      commands: 2,
      plainLines: 1,
      records: 2,
      truncated: 0,
      unfinishedCommands: 0,
      pending: 0,
      refused: { badLevel: 1 },
    })
    const reader = await open({ access: { grant: ['read'] } })
    const other = await reader.peer()
    other.send('STATS\n')
    await until(() => other.received.endsWith('}\n'), 'STATS')
    assert.equal(JSON.parse(other.received).server.sessions, 1)
  })
})

describe('LogServer with a store that cannot take records', () => {
  it('refuses commands while it is full, in both dialects, and takes them again after', async () => {
    const bench = await open()
    bench.store.refusal = 'STORE_FULL'
    const peer = await bench.peer()
    peer.send('LOG|INFO||a\nLOG:1:INFO:b\nPING\n')
    const refused = 'ERROR|Log storage full\nERROR:Log storage full\nPONG\n'
    await peer.expect(refused)
    bench.store.accept()
    peer.send('LOG|INFO||c\n')
    await peer.expect(`${refused}OK|0\n`)
    assert.deepEqual(bench.stats().refused, { storageFull: 2 })
  })

  it('lets plain lines wait, and their sender with them, until there is room', async () => {
    const bench = await open()
    bench.store.refusal = 'STORE_FULL'
    const peer = await bench.peer()
    const other = await bench.peer()
    peer.send('a\nb\nPING\nLOG|INFO||refused\n')
    await until(() => bench.store.writableCalls === 1, 'the wait for room')
    other.send('other\nPING\n')
    await until(() => bench.store.writableCalls === 2, 'the second wait for room')
    const { bytes } = bench.stats()
    peer.send('LOG|INFO||c\n')
    await turns()
    assert.equal(peer.received, '')
    assert.equal(bench.stats().bytes, bytes)
    bench.store.accept()
    await peer.expect('PONG\nERROR|Log storage full\nOK|3\n')
    await other.expect('PONG\n')
    assert.deepEqual(bench.store.messages, ['a', 'b', 'other', 'c'])
  })

  it('tries again after a pause when the room was not enough', async () => {
    const bench = await open()
    bench.store.refusal = 'STORE_FULL'
    bench.store.isLying = true
    const peer = await bench.peer()
    peer.send('a\n')
    await until(() => bench.store.appends === 2, 'the second try')
    await turns()
    assert.equal(bench.store.appends, 2)
    bench.clock.advance(100)
    await until(() => bench.store.appends === 3, 'the third try')
    bench.store.accept()
    bench.clock.advance(100)
    peer.send('PING\n')
    await peer.expect('PONG\n')
    assert.deepEqual(bench.store.messages, ['a'])
  })

  it('stores the waiting lines of a peer that has left', async () => {
    const bench = await open()
    bench.store.refusal = 'STORE_FULL'
    const peer = await bench.peer()
    peer.send('a\nb\n')
    await until(() => bench.store.writableCalls === 1, 'the wait for room')
    peer.socket.resetAndDestroy()
    bench.store.accept()
    await until(() => bench.store.messages.length === 2, 'the records')
    await until(() => bench.port.stats().connections === 0, 'the end of the session')
  })

  it('still refuses commands while plain lines of others hold all the memory', async () => {
    const bench = await open({ unstoredBytesMax: 100 })
    bench.store.refusal = 'STORE_FULL'
    const plain = await bench.peer()
    plain.send(`${'x'.repeat(200)}\n`)
    await until(() => bench.store.writableCalls === 1, 'the wait for room')
    const commands = await bench.peer()
    commands.send('LOG|INFO||a\n')
    await commands.expect('ERROR|Log storage full\n')
  })

  it('refuses commands of a read-only store and stays, but tells a sender of plain lines and ends', async () => {
    const bench = await open()
    bench.store.refusal = 'STORE_READ_ONLY'
    const commands = await bench.peer()
    commands.send('LOG|INFO||a\nPING\n')
    await commands.expect('ERROR|Log storage full\nPONG\n')
    const plain = await bench.peer()
    plain.send('a\nb\nPING\n')
    await plain.ended()
    assert.equal(plain.received, 'ERROR|Log storage full\n')
    assert.equal(commands.isEnded, false)
    assert.deepEqual(bench.stats().refused, { storageFull: 3 })
  })

  it('says that a batch was not stored when the store fails in another way', async () => {
    const bench = await open()
    bench.store.isHeld = true
    const peer = await bench.peer()
    peer.send('LOG|INFO||a\n')
    await until(() => bench.store.waiting === 1, 'the append')
    bench.store.fail(new Error('surprise'))
    await peer.expect('ERROR|Not stored: internal error\n')
    assert.deepEqual(bench.problems, ['A batch could not be stored'])
  })
})

describe('LogServer under pressure', () => {
  it('stops reading when too much is read and not stored, and goes on when it is', async () => {
    const bench = await open({ unackedBytesMax: 100_000 })
    bench.store.isHeld = true
    const peer = await bench.peer()
    const lines = 20_000
    peer.send(`${'x'.repeat(99)}\n`.repeat(lines))
    await until(() => bench.gate.unstoredBytes >= 100_000, 'the limit')
    await turns(200)
    const { unstoredBytes } = bench.gate
    const { bytes } = bench.stats()
    assert.ok(unstoredBytes < 400_000, `${unstoredBytes} bytes are held`)
    assert.ok(bytes < 500_000, `${bytes} bytes were read`)
    bench.store.isHeld = false
    bench.store.release()
    await until(() => bench.store.messages.length === lines, 'all records')
    assert.equal(bench.gate.unstoredBytes, 0)
  })

  it('answers everything of a peer that ended its side while it was not read', async () => {
    const bench = await open({ unackedBytesMax: 10_000 })
    bench.store.isHeld = true
    const peer = await bench.peer()
    const count = 30_000
    peer.end('LOG|INFO||x\n'.repeat(count))
    await until(() => bench.store.waiting === 1, 'the first append')
    await turns()
    assert.equal(bench.store.waiting, 1)
    bench.store.isHeld = false
    bench.store.release()
    await peer.ended()
    assert.equal(peer.received, Array.from({ length: count }, (_, index) => `OK|${index}\n`).join(''))
  })

  it('stops reading from all when they hold too much together', async () => {
    const bench = await open({ unstoredBytesMax: 300_000 })
    bench.store.isHeld = true
    const peers = await Promise.all([bench.peer(), bench.peer(), bench.peer()])
    for (const peer of peers) peer.send(`${'x'.repeat(99)}\n`.repeat(10_000))
    await until(() => bench.gate.unstoredBytes >= 300_000, 'the limit')
    await turns(200)
    assert.ok(bench.gate.unstoredBytes < 800_000)
    bench.store.isHeld = false
    bench.store.release()
    await until(() => bench.store.messages.length === 30_000, 'all records')
  })

  it('waits when the store asks its senders to', async () => {
    const bench = await open()
    bench.store.isHeld = true
    bench.store.isBusy = true
    const peer = await bench.peer()
    const lines = 40_000
    peer.send(`${'x'.repeat(99)}\n`.repeat(lines))
    await until(() => bench.store.writableCalls === 1, 'the question')
    await turns(200)
    const { unstoredBytes } = bench.gate
    assert.ok(unstoredBytes < 2_000_000, `${unstoredBytes} bytes are held`)
    bench.store.isHeld = false
    bench.store.release()
    bench.store.accept()
    await until(() => bench.store.messages.length === lines, 'all records')
  })

  it('stops reading from a peer that takes no replies, then cuts it off and counts it', async () => {
    const bench = await open({ unackedBytesMax: 1 << 30 })
    const peer = await bench.peer()
    peer.socket.pause()
    peer.send('PING\n'.repeat(4_000_000))
    await until(() => bench.stats().unsentBytes > 256 * 1024, 'replies that are not taken')
    await turns(200)
    const { bytes, unsentBytes } = bench.stats()
    assert.ok(unsentBytes < 400 * 1024, `${unsentBytes} bytes wait`)
    await turns(200)
    assert.equal(bench.stats().bytes, bytes)
    assert.ok(bytes < 20_000_000, 'everything was read')
    bench.clock.advance(IDLE_MS - 1)
    await turns()
    assert.equal(bench.stats().ended.stalled, 0)
    bench.clock.advance(1)
    await until(() => bench.stats().ended.stalled === 1, 'the end')
  })

  it('goes on with a peer that takes its replies late, and loses none', async () => {
    const bench = await open({ connection: { idleMsMax: IDLE_MS, unsentBytesMax: 1000, lingerMsMax: 1000 } })
    const peer = await bench.peer()
    peer.socket.pause()
    const count = 400_000
    peer.send('LOG|INFO||x\n'.repeat(count))
    await until(() => bench.stats().bytes > 100_000, 'the first bytes')
    await turns(200)
    peer.socket.resume()
    await until(() => bench.store.messages.length === count, 'all records')
    await until(() => peer.received.endsWith(`OK|${count - 1}\n`), 'all replies')
    assert.equal(peer.received.split('\n').length - 1, count)
  })
})

describe('LogServer and time', () => {
  it('ends a connection that says nothing, stores its half line, and counts it', async () => {
    const bench = await open()
    const peer = await bench.peer()
    peer.send('half')
    await until(() => bench.stats().bytes === 4, 'the bytes')
    bench.clock.advance(IDLE_MS)
    await peer.ended()
    assert.deepEqual(bench.store.messages, ['half'])
    peer.end()
    await until(() => bench.stats().ended.idle === 1, 'the count')
  })

  it('does not end one that speaks, however slowly, nor one that waits for us', async () => {
    const bench = await open()
    bench.store.isHeld = true
    const slow = await bench.peer()
    for (const byte of 'LOG|') {
      bench.clock.advance(IDLE_MS - 1)
      const before = bench.stats().bytes
      slow.send(byte)
      await until(() => bench.stats().bytes > before, 'the byte')
    }
    const waiting = await bench.peer()
    waiting.send('LOG|INFO||a\n')
    await until(() => bench.store.waiting === 1, 'the append')
    for (let round = 0; round < 5; round++) {
      bench.clock.advance(IDLE_MS - 1)
      slow.send('x')
      await turns()
    }
    assert.equal(waiting.isEnded || slow.isEnded, false)
    bench.store.release()
    await waiting.expect('OK|0\n')
  })

  it('drains: answers what was read, stores a half line, and ends all connections', async () => {
    const bench = await open()
    bench.store.isHeld = true
    const busy = await bench.peer()
    const quiet = await bench.peer()
    busy.send('LOG|INFO||a\nPING\nhalf')
    await until(() => bench.store.waiting === 1 && bench.port.stats().connections === 2, 'both')
    const drained = bench.port.drain(10_000)
    await quiet.ended()
    assert.equal(busy.isEnded, false)
    bench.store.isHeld = false
    bench.store.release()
    await busy.ended()
    assert.equal(busy.received, 'OK|0\nPONG\n')
    busy.end()
    quiet.end()
    assert.equal(await drained, 0)
    assert.deepEqual(bench.store.messages, ['a', 'half'])
    await assert.rejects(TestPeer.open({ host: '127.0.0.1', port: busy.socket.remotePort ?? 0 }))
  })

  it('cuts off at the deadline what does not end, and counts what was lost by it', async () => {
    const bench = await open()
    bench.store.refusal = 'STORE_FULL'
    const peer = await bench.peer()
    peer.send('a\nb\n')
    await until(() => bench.store.writableCalls === 1, 'the wait for room')
    const drained = bench.port.drain(10_000)
    await turns()
    bench.clock.advance(10_000)
    assert.equal(await drained, 1)
    await peer.ended()
    const { ended, refused } = bench.stats()
    assert.equal(ended.cut, 1)
    assert.deepEqual(refused, { storageFull: 2 })
  })

  for (const [lines, replies] of [
    ['LOG|INFO||a', 'OK|0\n'],
    ['plain', ''],
  ]) {
    it(`takes what a peer sends after ${lines} and QUIT, so that no reset destroys the last reply`, async () => {
      const bench = await open()
      const peer = await bench.peer()
      peer.send(`${lines}\nQUIT\n${'x'.repeat(8_000_000)}`)
      await peer.ended()
      await until(() => peer.socket.writableLength === 0, 'the rest')
      await turns()
      bench.clock.advance(1000)
      await until(() => bench.port.stats().connections === 0, 'the close')
      await turns()
      assert.equal(peer.received, replies)
      assert.equal(peer.errorCode, null)
    })
  }

  it('waits only a while for a peer that does not close after the end', async () => {
    const bench = await open()
    const peer = await bench.peer()
    peer.send('QUIT\n')
    await peer.ended()
    assert.equal(bench.port.stats().connections, 1)
    bench.clock.advance(1000)
    await until(() => bench.port.stats().connections === 0, 'the close')
  })
})

describe('LogServer and access', () => {
  const authenticate = async (token: Uint8Array) =>
    Buffer.from(token).toString() === 'right' ? (['write'] as const) : null

  it('refuses commands of a session that may not write, until a token says that it may', async () => {
    const bench = await open({ access: { grant: [], authenticate } })
    const peer = await bench.peer()
    peer.send('LOG|INFO||a\nLOG:1:INFO:a\nAUTH|wrong\nAUTH|right\nLOG|INFO||b\nPING\n')
    await peer.expect(
      'ERROR|Not allowed: this session may not write\nERROR:Not allowed: this session may not write\n' +
        'ERROR|Unknown token\nOK\nOK|0\nPONG\n',
    )
    assert.deepEqual(bench.store.messages, ['b'])
    assert.deepEqual(bench.stats().refused, { notAllowed: 2 })
  })

  it('ends a session that sends plain lines which it may not', async () => {
    const bench = await open({ access: { grant: ['read'] } })
    const peer = await bench.peer()
    peer.send('a\nb\n')
    await peer.ended()
    assert.equal(peer.received, 'ERROR|Not allowed: this session may not write\n')
    assert.deepEqual(bench.stats().refused, { notAllowed: 2 })
  })

  it('ends a session that may do nothing after a while, or after some bytes', async () => {
    const bench = await open({
      access: { grant: [], authenticate, unknownMsMax: 5000, unknownBytesMax: 100 },
    })
    const late = await bench.peer()
    const loud = await bench.peer()
    const known = await bench.peer()
    known.send('AUTH|right\n')
    await known.expect('OK\n')
    loud.send('PING\n'.repeat(30))
    await loud.ended()
    bench.clock.advance(5000)
    await late.ended()
    assert.equal(late.received, 'ERROR|Not allowed: this session may not write\n')
    known.send(`LOG|INFO||${'x'.repeat(500)}\n`)
    await known.expect('OK\nOK|0\n')
  })
})
