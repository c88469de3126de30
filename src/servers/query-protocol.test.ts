import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { CodedError, SimulatedClock } from '../base/base.ts'
import type { Row } from '../query/query.ts'
import { FIELD_NUMBER, FIELD_STRING } from '../record/record.ts'
import { FakeHub, rowOf } from './fake-hub.ts'
import { PortServer } from './port-server.ts'
import { QueryProtocol, type QueryProtocolOptions } from './query-protocol.ts'
import { helpLines, QUERY_TYPES } from './query-types.ts'
import { type PortChanges, portOptions, TestPeer, turns, until } from './test-peer.ts'

const IDLE_MS = 60_000
const TIME_MS = 1_718_000_000_000

type Changes = Partial<QueryProtocolOptions> & PortChanges

class Bench {
  readonly hub = new FakeHub()
  readonly clock = new SimulatedClock()
  readonly problems: string[] = []
  readonly protocol: QueryProtocol
  readonly port: PortServer
  readonly peers: TestPeer[] = []

  constructor(changes: Changes = {}) {
    this.protocol = new QueryProtocol(this.hub, this.clock, {
      rowsMax: 10_000,
      queryMsMax: 30_000,
      problem: (message) => this.problems.push(message),
      ...changes,
    })
    const options = portOptions({ access: { grant: ['read'] }, ...changes })
    this.port = new PortServer(this.clock, options, { own: this.protocol, others: null })
  }

  async peer(): Promise<TestPeer> {
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

/** Asks one thing and gives the answer. */
async function ask(bench: Bench, request: string): Promise<string> {
  const peer = await bench.peer()
  peer.end(request)
  await peer.ended()
  return peer.received
}

const TWO_ROWS = [rowOf(7, 17, TIME_MS, 'disk full'), rowOf(8, 0, TIME_MS + 250, 'b|c:d')]

describe('QueryProtocol', () => {
  it('answers in the main dialect', async () => {
    const bench = await open()
    bench.hub.rows = TWO_ROWS
    bench.hub.count_ = 2
    assert.equal(
      await ask(bench, 'QUERY|LEVEL|error\n'),
      'RESULT|2\n7|ERROR|1718000000|disk full\n8|UNKNOWN|1718000000.25|b|c:d\nEND\n',
    )
  })

  it('answers in the short dialect', async () => {
    const bench = await open()
    bench.hub.rows = TWO_ROWS
    bench.hub.count_ = 2
    assert.equal(
      await ask(bench, 'QUERY:disk\n'),
      'RESULT:2\nLOG:1718000000:ERROR:disk full\nLOG:1718000000.25:UNKNOWN:b|c:d\nEND\n',
    )
  })

  it('asks the hub for what each type means', async () => {
    const bench = await open()
    const types = [
      'KEYWORD|disk',
      'level|warn',
      'TIME|2024-06-10..2024-06-11',
      'ID|7',
      'REGEX|a+',
      'LOGSQL|a | limit 5',
    ]
    await ask(bench, types.map((type) => `QUERY|${type}\n`).join(''))
    assert.equal(bench.hub.asked.length, 6)
    const [keyword, level, time, id, regex, logsql] = bench.hub.asked
    assert.match(keyword, /disk/)
    assert.match(level, /level:"?warn/)
    assert.match(time, /_time:.*2024-06-10.*2024-06-11/)
    assert.match(id, /_id:.*7/)
    assert.match(regex, /a\+/)
    assert.match(logsql, /a.*\| limit 5/)
  })

  it('counts with any filter, and everything without one', async () => {
    const bench = await open()
    bench.hub.count_ = 42
    assert.equal(await ask(bench, 'QUERY|COUNT|level:error\nQUERY|COUNT|\n'), 'RESULT|1\n42\nEND\n'.repeat(2))
    assert.equal(bench.hub.asked[1], '*')
  })

  it('shows messages inert and so that they can be read back', async () => {
    const bench = await open()
    const message = Buffer.from(
      'a\nb\\c\r\t\x1b[31m\0\x7f\xc3\xa9 \xff \xc2\x9b \xed\xa0\x80 \xf0\x9f\x98\x80 \xc0\x80 \xe2\x82',
      'latin1',
    )
    bench.hub.rows = [rowOf(1, 9, TIME_MS, message)]
    bench.hub.count_ = 1
    const answer = await ask(bench, 'QUERY|LOGSQL|*\n')
    assert.equal(
      answer,
      'RESULT|1\n1|INFO|1718000000|a\\nb\\\\c\\x0d\t\\x1b[31m\\x00\\x7f\xc3\xa9 \\xff \\xc2\\x9b \\xed\\xa0\\x80 ' +
        '\xf0\x9f\x98\x80 \\xc0\\x80 \\xe2\\x82\nEND\n',
    )
  })

  it('shows rows that are no records as JSON on one line', async () => {
    const bench = await open()
    const row: Row = {
      kind: 'values',
      values: [
        { name: 'service', kind: FIELD_STRING, value: Buffer.from('web\n\x7f"') },
        { name: 'hits', kind: FIELD_NUMBER, value: Buffer.from('12') },
      ],
    }
    bench.hub.rows = [row]
    bench.hub.count_ = 1
    assert.equal(
      await ask(bench, 'QUERY|LOGSQL|* | fields service, hits\n'),
      'RESULT|1\n{"service":"web\\n\\u007f\\"","hits":12}\nEND\n',
    )
  })

  it('answers HELP with every type, and STATS with JSON', async () => {
    const bench = await open()
    const help = await ask(bench, 'HELP\n')
    assert.equal(help, `RESULT|${helpLines().length}\n${helpLines().join('\n')}\nEND\n`)
    for (const { name } of QUERY_TYPES) assert.ok(help.includes(`QUERY|${name}|`))
    assert.equal(await ask(bench, 'QUERY|HELP\n'), help)
    const [result, json, end] = (await ask(bench, 'QUERY|STATS|\n')).split('\n')
    assert.deepEqual([result, end], ['RESULT|1', 'END'])
    assert.equal(JSON.parse(json).query.sessions, 1)
    const stats = JSON.parse(
      await ask(bench, 'PING\nQUERY|NOPE|\nSTATS\n').then((text) => text.split('\n')[2]),
    )
    assert.equal(stats.requests, 3)
    assert.equal(stats.errors, 1)
  })

  it('says what is wrong with a request, in its dialect, and stays', async () => {
    const bench = await open()
    const peer = await bench.peer()
    const types = QUERY_TYPES.map(({ name }) => name).join(', ')
    peer.send('hello\n\nQUERY|WHAT|x\nQUERY|TIME|yesterday\nQUERY|KEYWORD|\xff\nQUERY:\xff\nPING\n')
    await peer.expect(
      'ERROR|Unknown request: HELP lists all\n' +
        `ERROR|Unknown query type: expected one of ${types}\n` +
        'ERROR|Bad time range: expected <from>..<to>\n' +
        'ERROR|Request is not valid UTF-8\nERROR:Request is not valid UTF-8\nPONG\n',
    )
  })

  it('refuses a request that is too long once, and stays', async () => {
    const bench = await open()
    const peer = await bench.peer()
    peer.send(`QUERY:${'x'.repeat(200_000)}\nPING\n`)
    await peer.expect('ERROR:Request too long: at most 65536 bytes\nPONG\n')
  })

  it('passes on what the query language says, on one line', async () => {
    const bench = await open()
    const answer = await ask(bench, 'QUERY|LOGSQL|(a\nQUERY|ID|x\nQUERY|REGEX|(\nQUERY:\n')
    assert.match(answer, /^ERROR\|[^\n]+\nERROR\|[^\n]+\nERROR\|[^\n]+\nERROR:[^\n]+\n$/)
    bench.hub.error = new CodedError('QUERY_TOO_LARGE', 'needs\n\x1b too much.')
    assert.equal(await ask(bench, 'QUERY|COUNT|*\n'), 'ERROR|needs\\n\\x1b too much.\n')
  })

  it('says in place of END that an answer broke off', async () => {
    const bench = await open()
    bench.hub.count_ = 2
    bench.hub.rows = (async function* () {
      yield TWO_ROWS[0]
      throw new Error('surprise')
    })()
    const answer = await ask(bench, 'QUERY|LOGSQL|*\n')
    assert.equal(
      answer,
      'RESULT|2\n7|ERROR|1718000000|disk full\nERROR|Internal error: see the log of the server\n',
    )
    assert.deepEqual(bench.problems, ['A query failed'])
    assert.equal(bench.hub.openAnswers, 0)
  })

  it('answers pipelined requests one after the other, however many, and those before the end of the stream', async () => {
    const bench = await open()
    bench.hub.rows = TWO_ROWS
    bench.hub.count_ = 2
    const answer = 'RESULT|2\n7|ERROR|1718000000|disk full\n8|UNKNOWN|1718000000.25|b|c:d\nEND\nPONG\n'
    assert.equal(await ask(bench, 'QUERY|KEYWORD|x\nPING\n'.repeat(5000)), answer.repeat(5000))
    assert.equal(await ask(bench, 'PING\nQUERY|COUNT|*'), 'PONG\nRESULT|1\n2\nEND\n')
  })

  it('refuses to read where it is not granted, but helps', async () => {
    const bench = await open({ access: { grant: ['write'] } })
    const answer = await ask(bench, 'QUERY|KEYWORD|x\nQUERY:x\nQUERY|TAIL|*\nQUERY|STATS|\nAUTH|x\nPING\n')
    assert.equal(
      answer,
      'ERROR|Not allowed: this session may not read\nERROR:Not allowed: this session may not read\n' +
        'ERROR|Not allowed: this session may not read\n'.repeat(2) +
        'ERROR|Unknown token\nPONG\n',
    )
    assert.match(await ask(bench, 'HELP\n'), /^RESULT\|/)
  })

  it('lets a token add what it allows', async () => {
    const bench = await open({ access: { grant: [], authenticate: async () => ['read'] } })
    assert.equal(
      await ask(bench, 'QUERY|COUNT|*\nAUTH|t\nQUERY|COUNT|*\n'),
      'ERROR|Not allowed: this session may not read\nOK\nRESULT|1\n0\nEND\n',
    )
  })
})

describe('QueryServer under pressure', () => {
  it('makes a query wait for a peer that reads slowly, in bounded memory, and loses no row', async () => {
    const bench = await open()
    const count = 200_000
    let produced = 0
    bench.hub.count_ = count
    bench.hub.rows = (function* () {
      for (; produced < count; produced++) yield rowOf(produced, 9, TIME_MS, 'x'.repeat(80))
    })()
    const peer = await bench.peer()
    peer.socket.pause()
    peer.send('QUERY|LOGSQL|*\n')
    await until(() => produced > 1000, 'the first rows')
    await turns(300)
    const before = produced
    await turns(300)
    assert.equal(produced, before)
    assert.ok(produced < count)
    peer.socket.resume()
    await until(() => peer.received.endsWith('END\n'), 'the end')
    assert.equal(peer.received.split('\n').length, count + 3)
  })

  it('cuts off a peer that reads nothing, and cancels its query', async () => {
    const bench = await open()
    bench.hub.count_ = 1e9
    bench.hub.rows = (function* () {
      for (let id = 0; ; id++) yield rowOf(id, 9, TIME_MS, 'x'.repeat(1000))
    })()
    const peer = await bench.peer()
    peer.socket.pause()
    peer.send('QUERY|LOGSQL|*\n')
    await until(() => bench.hub.openAnswers === 1, 'the query')
    await turns(1000)
    bench.clock.advance(IDLE_MS)
    await until(() => bench.protocol.stats().ended.stalled === 1, 'the end')
    assert.equal(bench.hub.openAnswers, 0)
    assert.equal(bench.hub.signals[0].aborted, true)
  })

  it('ends a query that takes too long although its peer reads nothing', async () => {
    const bench = await open({
      connection: { idleMsMax: 10 * IDLE_MS, unsentBytesMax: 256 * 1024, lingerMsMax: 1000 },
    })
    bench.hub.count_ = 1e9
    bench.hub.rows = (function* () {
      for (let id = 0; ; id++) yield rowOf(id, 9, TIME_MS, 'x'.repeat(1000))
    })()
    const peer = await bench.peer()
    peer.socket.pause()
    peer.send('QUERY|LOGSQL|*\n')
    await until(() => bench.hub.openAnswers === 1, 'the query')
    await turns(1000)
    bench.clock.advance(30_000)
    await until(() => bench.hub.openAnswers === 0, 'the end of the query')
  })

  it('cancels the query of a peer that leaves', async () => {
    const bench = await open()
    bench.hub.rows = (async function* () {
      while (bench.hub.signals[0]?.aborted !== true) {
        await turns(1)
        yield rowOf(1, 9, TIME_MS, 'x')
      }
      throw new CodedError('QUERY_CANCELLED', 'cancelled')
    })()
    const peer = await bench.peer()
    peer.send('QUERY|LOGSQL|*\n')
    await until(() => bench.hub.openAnswers === 1, 'the query')
    peer.socket.resetAndDestroy()
    await until(() => bench.hub.openAnswers === 0, 'the end of the query')
    assert.equal(bench.hub.signals[0].aborted, true)
    assert.deepEqual(bench.problems, [])
  })

  it('ends a query that takes too long', async () => {
    const bench = await open()
    bench.hub.rows = (async function* () {
      yield TWO_ROWS[0]
      while (!bench.hub.signals[0].aborted) await turns(1)
      throw new CodedError('QUERY_CANCELLED', 'cancelled')
    })()
    const peer = await bench.peer()
    peer.send('QUERY|LOGSQL|*\n')
    await until(() => bench.hub.openAnswers === 1, 'the query')
    bench.clock.advance(30_000)
    await peer.expect('RESULT|0\n7|ERROR|1718000000|disk full\nERROR|Query took too long: at most 30000 ms\n')
  })
})

describe('QueryServer and tails', () => {
  async function tailing(bench: Bench, more = ''): Promise<TestPeer> {
    const peer = await bench.peer()
    peer.send(`QUERY|TAIL|level:error\n${more}`)
    await until(() => peer.received.startsWith('RESULT|*\n'), 'the start of the tail')
    return peer
  }

  it('shows records as they come, and gaps, until a line comes', async () => {
    const bench = await open()
    const peer = await tailing(bench)
    const tail = bench.hub.tails[0]
    assert.equal(tail.isSubscribed, true)
    tail.push({ kind: 'row', id: 7, row: TWO_ROWS[0] })
    const first = 'RESULT|*\n7|ERROR|1718000000|disk full\n'
    await peer.expect(first)
    tail.push({ kind: 'gap', fromId: 8, toId: 11, count: 3 })
    await peer.expect(`${first}GAP|8|11|3\n`)
    peer.send('\n')
    await peer.expect(`${first}GAP|8|11|3\nEND\n`)
    assert.equal(tail.isEnded, true)
    peer.send('PING\n')
    await peer.expect(`${first}GAP|8|11|3\nEND\nPONG\n`)
  })

  it('answers the line that ended it if it is a request, and not if it is not', async () => {
    const bench = await open()
    const peer = await tailing(bench)
    peer.send('QUERY|COUNT|*\n')
    await peer.expect('RESULT|*\nEND\nRESULT|1\n0\nEND\n')
    const other = await tailing(bench)
    other.send('stop\nPING\n')
    await other.expect('RESULT|*\nEND\nPONG\n')
    const pipelined = await tailing(bench, 'PING\n')
    await pipelined.expect('RESULT|*\nEND\nPONG\n')
  })

  it('is not idle, and ends with the end of the peer, with its leaving, and with a drain', async () => {
    const bench = await open()
    const ending = await tailing(bench)
    const leaving = await tailing(bench)
    const staying = await tailing(bench)
    bench.clock.advance(10 * IDLE_MS)
    await turns()
    assert.equal(ending.isEnded, false)
    ending.end()
    await ending.ended()
    assert.equal(ending.received, 'RESULT|*\nEND\n')
    leaving.socket.resetAndDestroy()
    await until(() => bench.hub.tails[1].isEnded, 'the end of the second')
    const drained = bench.port.drain(1000)
    await staying.ended()
    staying.end()
    assert.equal(staying.received, 'RESULT|*\nEND\n')
    assert.equal(await drained, 0)
  })

  it('refuses what cannot be followed', async () => {
    const bench = await open()
    assert.equal(
      await ask(bench, 'QUERY|TAIL|* | sort by (_time)\n').then((text) => text.slice(0, 6)),
      'ERROR|',
    )
  })

  it('ends an idle connection, but not one that is answered', async () => {
    const bench = await open()
    const idle = await bench.peer()
    const tail = await tailing(bench)
    bench.clock.advance(IDLE_MS)
    await idle.ended()
    idle.end()
    await until(() => bench.protocol.stats().ended.idle === 1, 'the count')
    assert.equal(tail.isEnded, false)
  })
})
