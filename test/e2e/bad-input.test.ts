/**
 * Bad input of every kind: each gets its clear answer, nothing else is lost, memory stays within bounds, and a
 * well-behaved client beside it notices nothing.
 */
import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import type { Socket } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { runCommand } from '../child-program.ts'
import { runCommandHere } from '../command-here.ts'
import { until, within } from '../deadline.ts'
import { LineClient } from '../line-client.ts'
import { openFilesMax, rssBytesMax } from '../process-figures.ts'
import { RudeClient } from '../rude-client.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'
import { countRecords, readRecords, readStats } from '../stored-records.ts'
import { TextWitness } from '../witnesses.ts'

const KIB = 1024
const MIB = 1024 * KIB
const RECORD_BYTES_MAX = 256 * KIB
/**
 * What the program may take at any moment of these tests, with a memory of its own that does not follow the machine:
 * 96 MiB of buffer that comes to be touched, the heaps of five threads, rows that nobody takes, 10,000 connections.
 * 447 to 509 MiB were measured, a third of them for the last two; an idle program takes some 80 MiB.
 */
const MEMORY = ['--memory-bytes-max', '768MiB']
/** 10,000 of them are held by garbage.test.ts. */
const CONNECTIONS_MAX = 1000
const CONNECTIONS = ['--log-connections-max', String(CONNECTIONS_MAX)]
const RSS_MEBIBYTES_MAX = 640

let program: RunningProgram
let witness: TextWitness

before(async () => {
  program = await startProgram({ args: [...MEMORY, ...CONNECTIONS] })
  witness = await TextWitness.connect(program)
})
after(() => program[Symbol.asyncDispose]())

/** Runs beside the witness, on a connection of its own. */
async function beside(work: (client: LineClient) => Promise<void>): Promise<void> {
  await witness.check()
  using client = await LineClient.connect(program.logPort)
  await work(client)
  await witness.check()
}

async function highestId(): Promise<number> {
  return (await readRecords(program.queryPort)).at(-1)?.id ?? -1
}

/** The messages that were stored behind this id, but for those of the witness. */
async function messagesAfter(id: number): Promise<Buffer[]> {
  const records = await readRecords(program.queryPort, `_id:>${id}`)
  return records.map(({ message }) => message).filter((message) => !message.toString().startsWith('witness '))
}

/** The figure is told with the test. */
function assertRssBounded(t: TestContext): void {
  const mebibytes = Math.round(rssBytesMax(program.pid) / MIB)
  t.diagnostic(`the program took ${mebibytes} MiB at most so far`)
  assert.ok(mebibytes < RSS_MEBIBYTES_MAX, `the program took ${mebibytes} MiB`)
}

describe('a LOG command is refused with its reason, and the connection goes on', () => {
  const TOO_LONG = `Message too long: at most ${RECORD_BYTES_MAX} bytes`
  const CONTROL = 'Control character in message: only tab is allowed'
  const cases: [name: string, line: string | Buffer, reply: string][] = [
    ['an empty message', 'LOG|INFO||', 'ERROR|Empty message'],
    ['an empty message of the short dialect', 'LOG::INFO:', 'ERROR:Empty message'],
    ['one byte too many', `LOG|INFO||${'x'.repeat(RECORD_BYTES_MAX + 1)}`, `ERROR|${TOO_LONG}`],
    ['a message of 5 MiB', `LOG|INFO||${'x'.repeat(5 * MIB)}`, `ERROR|${TOO_LONG}`],
    ['too long, in the short dialect', `LOG:1:INFO:${'x'.repeat(RECORD_BYTES_MAX + 1)}`, `ERROR:${TOO_LONG}`],
    ['NUL', 'LOG|INFO||a\0b', `ERROR|${CONTROL}`],
    ['binary', Buffer.from('LOG|INFO||\x7fELF\x01\x02', 'latin1'), `ERROR|${CONTROL}`],
    ['a colour, in the short dialect', 'LOG::INFO:\x1b[31mred', `ERROR:${CONTROL}`],
    ['no such level', 'LOG|LOUD||x', 'ERROR|Bad level: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL'],
    ['no such time', 'LOG|INFO|noon|x', 'ERROR|Bad timestamp: expected Unix seconds, RFC 3339 or nothing'],
    ['half of a form', 'LOG|INFO', 'ERROR|Bad command: expected LOG|<LEVEL>|<timestamp>|<message>'],
  ]
  for (const [name, line, reply] of cases) {
    it(name, () =>
      beside(async (client) => {
        const before = await countRecords(program.queryPort)
        await client.send(Buffer.concat([Buffer.from(line), Buffer.from('\nPING\n')]))
        assert.deepEqual(await client.lines(2), [reply, 'PONG'])
        const stats = JSON.parse(await client.ask('STATS'))
        assert.deepEqual(Object.values(stats.refused), [1])
        assert.equal(await countRecords(program.queryPort), before)
      }),
    )
  }
})

describe('plain lines that are refused', () => {
  const NOT_ALLOWED = 'Not allowed: this session may not write'
  let closed: RunningProgram

  before(async () => {
    closed = await startProgram({ args: ['--log-grant', 'nothing'] })
  })
  after(() => closed[Symbol.asyncDispose]())

  // A PONG says that every line before its PING is stored. Once it came all the same, and `logcaster send` counted
  // lines as acknowledged that a power cut had kept from the disk.
  it('are followed by the reason, and never by a PONG', async () => {
    using client = await LineClient.connect(closed.logPort)
    await client.send('one\nPING\ntwo\nPING\n')
    assert.deepEqual(await client.rest(), [`ERROR|${NOT_ALLOWED}`])
    assert.equal(await countRecords(closed.queryPort), 0)
  })

  it('are not acknowledged by logcaster send, which ends with the reason', async () => {
    const args = ['send', '--log-port', String(closed.logPort)]
    const { code, stderr } = await runCommandHere(args, { input: Buffer.from('one\ntwo\n') })
    assert.notEqual(code, 0)
    assert.ok(stderr.includes(NOT_ALLOWED), stderr)
    assert.doesNotMatch(stderr, /[1-9]\d* (record )?acknowledged|all acknowledged/)
  })
})

describe('what may be stored is stored exactly', () => {
  async function assertStored(command: Buffer, message: Buffer, reply: RegExp): Promise<void> {
    await beside(async (client) => {
      const before = await highestId()
      await client.send(Buffer.concat([command, Buffer.from('\nPING\n')]))
      const replies = await client.lines(reply.source === 'PONG' ? 1 : 2)
      assert.match(replies[0], reply)
      assert.deepEqual(await messagesAfter(before), [message])
    })
  }
  const OK = /^OK\|\d+$/
  const PONG = /PONG/

  it('a message of the largest size', async () => {
    const message = Buffer.from('m'.repeat(RECORD_BYTES_MAX))
    await assertStored(Buffer.concat([Buffer.from('LOG|INFO||'), message]), message, OK)
  })

  it('bytes that are not UTF-8, which a pipe gets as they were', async () => {
    const message = Buffer.from('caf\xe9 \xff\xfe \xc3( \xed\xa0\x80 zork', 'latin1')
    await assertStored(Buffer.concat([Buffer.from('LOG|INFO||'), message]), message, OK)
    const port = String(program.queryPort)
    const { stdout } = await runCommand(['query', '-o', 'raw', '--query-port', port, 'zork'])
    assert.deepEqual(stdout, Buffer.concat([message, Buffer.from('\n')]))
  })

  it('control characters and NUL in a plain line', async () => {
    const message = Buffer.from('\x1b[31mred\x1b[0m \0 \x07 \x7f \\ \\n tab\there')
    await assertStored(message, message, PONG)
  })

  it('a plain line that is too long, cut at the limit, marked and counted', () =>
    beside(async (client) => {
      const before = await highestId()
      await client.send(`${'p'.repeat(RECORD_BYTES_MAX)}qqq\n${'é'.repeat(RECORD_BYTES_MAX)}\nPING\n`)
      assert.equal(await client.line(), 'PONG')
      assert.deepEqual(await messagesAfter(before), [
        Buffer.from('p'.repeat(RECORD_BYTES_MAX)),
        Buffer.from('é'.repeat(RECORD_BYTES_MAX / 2)),
      ])
      assert.equal(JSON.parse(await client.ask('STATS')).truncated, 2)
      assert.equal(await countRecords(program.queryPort, `_truncated:true _id:>${before}`), 2)
    }))
})

describe('a sender that does not end its line', () => {
  it('has it stored when it closes as one should', () =>
    beside(async (client) => {
      const before = await highestId()
      client.end('LOG|INFO||one\nLOG|INFO||no newline')
      const replies = await client.rest()
      assert.equal(replies.length, 2)
      for (const reply of replies) assert.match(reply, /^OK\|\d+$/)
      assert.deepEqual((await messagesAfter(before)).map(String), ['one', 'no newline'])
    }))

  it('has half a command left out when it breaks off, and what was whole kept', () =>
    beside(async (client) => {
      const before = await highestId()
      assert.match(await client.ask('LOG|INFO||whole'), /^OK\|/)
      await client.send('LOG|INFO||half of a mess')
      const unfinished = await unfinishedCommands()
      client.reset()
      // Bytes that arrive just before a reset may be gone with it: then there is nothing to count.
      await until(async () => (await connections()) === 1 || null, 'the end of the connection')
      assert.ok((await unfinishedCommands()) - unfinished <= 1)
      assert.deepEqual((await messagesAfter(before)).map(String), ['whole'])
    }))

  it('is served when it sends one byte at a time', () =>
    beside(async (client) => {
      const before = await highestId()
      for (const byte of Buffer.from('LOG|WARN|1700000000.5|slowly\r\nPING\r\n'))
        await client.send(Buffer.from([byte]))
      assert.match(await client.line(), /^OK\|\d+$/)
      assert.equal(await client.line(), 'PONG')
      const [{ level, time, message }] = await readRecords(program.queryPort, `_id:>${before} level:WARN`)
      assert.deepEqual([level, time, String(message)], ['WARN', '1700000000.5', 'slowly'])
    }))
})

interface ServerStats {
  readonly protocols: { readonly log: { readonly unfinishedCommands: number } }
  readonly ports: {
    readonly log: { readonly connections: number; readonly refused: Readonly<Record<string, number>> }
  }
}

async function serverStats(): Promise<ServerStats> {
  return (await readStats(program.queryPort)) as unknown as ServerStats
}

const unfinishedCommands = async (): Promise<number> => (await serverStats()).protocols.log.unfinishedCommands
const connections = async (): Promise<number> => (await serverStats()).ports.log.connections

describe('memory stays within bounds', () => {
  it('when a sender never reads its replies: it is held up, and then gets every one', async (t) => {
    const { socket } = new RudeClient(program.logPort)
    socket.pause()
    // The reply is twelve times as long as the command.
    const piece = Buffer.from('LOG|\n'.repeat(PIECE_COMMANDS))
    let pieces = 0
    const taken = (): number => socket.bytesWritten - socket.writableLength
    for (let still = 0, before = -1; still < STILL_ROUNDS; ) {
      assert.ok(taken() < UNREAD_BYTES_MAX, 'a sender that does not read is not held up')
      while (socket.writableLength < piece.length) {
        socket.write(piece)
        pieces++
      }
      await witness.check()
      still = taken() === before ? still + 1 : 0
      before = taken()
    }
    assertRssBounded(t)
    const reply = 'ERROR|Bad command: expected LOG|<LEVEL>|<timestamp>|<message>\n'
    await assertAnswered(socket, Buffer.from(reply.repeat(PIECE_COMMANDS)), pieces)
    socket.write('PING\n')
    await assertAnswered(socket, Buffer.from('PONG\n'), 1)
    assertRssBounded(t)
    socket.destroy()
    await witness.check()
  })

  it('when somebody sends 100 MB of random bytes: every line is stored or counted', (t) =>
    beside(async (client) => {
      const counted = await sendRandomBytes(client, 100)
      await client.send('\nPING\n')
      // What looks like a command by chance may be answered before.
      let reply = await client.line()
      while (reply !== 'PONG') reply = await client.line()
      const stats = JSON.parse(await client.ask('STATS'))
      assertRssBounded(t)
      const refused = sum(Object.values(stats.refused))
      assert.equal(stats.bytes, counted.bytes + '\nPING\nSTATS\n'.length)
      assert.equal(stats.lines, counted.lines + 'PING STATS'.split(' ').length)
      assert.equal(stats.emptyLines, counted.emptyLines)
      assert.equal(stats.records + refused, counted.lines - counted.emptyLines)
      assert.equal(stats.pending, 0)
      assert.ok(stats.records > 300_000)
    }))

  it('when somebody asks for all of it and takes nothing', async (t) => {
    using reader = await LineClient.connect(program.queryPort)
    await reader.send('QUERY|LOGSQL|* | limit 10000000\n')
    const count = Number(/^RESULT\|(\d+)$/.exec(await reader.line())?.[1])
    reader.socket.pause()
    assert.ok(count > 300_000, `${count} rows`)
    for (let round = 0; round < STILL_ROUNDS; round++) await witness.check()
    assert.ok((await countRecords(program.queryPort)) >= count)
    assertRssBounded(t)
  })

  it('when there are as many connections as there may be: they are held, and the one too many is refused and counted', async (t) => {
    const wanted = CONNECTIONS_MAX - 1
    const possible = Math.max(0, openFilesMax() - FILES_SPARE)
    const count = Math.min(wanted, possible)
    if (count < wanted)
      t.diagnostic(`only ${count} connections: the system allows ${openFilesMax()} open files`)
    await witness.check()
    const clients = await openConnections(count)
    await witness.check()
    assert.equal(await connections(), count + 1)
    if (count === wanted) await assertOneTooMany()
    assert.equal(await clients[count - 1].ask('PING'), 'PONG')
    assertRssBounded(t)
    for (const [index, client] of clients.entries()) index % 2 === 0 ? client.reset() : client.end()
    await until(async () => (await connections()) === 1 || null, 'the end of all connections')
    for (const client of clients) client[Symbol.dispose]()
    await witness.check()
  })

  it('and the witness has all that was acknowledged to it', () => witness.checkStored(program))
})

const PIECE_COMMANDS = 20_000

/** What comes next is this so many times. It may be more than one wants to have as lines. */
async function assertAnswered(socket: Socket, bytes: Buffer, times: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let taken = 0
  const take = (chunk: Buffer): void => {
    for (let from = 0; from < chunk.length; ) {
      const at = taken % bytes.length
      const length = Math.min(chunk.length - from, bytes.length - at)
      const isSame = bytes.compare(chunk, from, from + length, at, at + length) === 0
      if (!isSame)
        reject(new Error(`other bytes than expected within ${chunk.toString('latin1', from, from + length)}`))
      from += length
      taken += length
    }
    if (taken >= times * bytes.length) resolve()
  }
  socket.on('data', take)
  socket.resume()
  try {
    await within(promise, 'every reply')
  } finally {
    socket.off('data', take)
  }
}

/** Rounds of the witness in which nothing more was taken. */
const STILL_ROUNDS = 100
const UNREAD_BYTES_MAX = 64 * MIB

const CONNECTIONS_AT_ONCE = 250
const FILES_SPARE = 200

async function openConnections(count: number): Promise<LineClient[]> {
  const clients: LineClient[] = []
  while (clients.length < count) {
    const more = Math.min(CONNECTIONS_AT_ONCE, count - clients.length)
    clients.push(
      ...(await Promise.all(Array.from({ length: more }, () => LineClient.connect(program.logPort)))),
    )
  }
  // The last one is answered: so all before it were accepted.
  assert.equal(await clients[count - 1].ask('PING'), 'PONG')
  return clients
}

async function assertOneTooMany(): Promise<void> {
  using client = await LineClient.connect(program.logPort)
  assert.deepEqual(await client.rest(), [`ERROR|Too many connections: at most ${CONNECTIONS_MAX}`])
  assert.equal((await serverStats()).ports.log.refused['tooMany'], 1)
}

interface CountedLines {
  readonly bytes: number
  readonly lines: number
  readonly emptyLines: number
}

/** The same bytes each time; what they are as lines, once the last one is ended. */
async function sendRandomBytes(client: LineClient, mebibytes: number): Promise<CountedLines> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 'seed'), Buffer.alloc(16))
  const zeros = Buffer.alloc(MIB)
  let lines = 1
  let emptyLines = 0
  let tail: Buffer = Buffer.from('\n')
  for (let piece = 0; piece < mebibytes; piece++) {
    const bytes = cipher.update(zeros)
    const seen = Buffer.concat([tail, bytes])
    lines += count(bytes, '\n')
    emptyLines += count(seen, '\n\n', tail.length) + count(seen, '\n\r\n', tail.length)
    tail = seen.subarray(-2)
    await client.send(bytes)
  }
  const last = Buffer.concat([tail, Buffer.from('\n')])
  emptyLines += count(last, '\n\n', tail.length) + count(last, '\n\r\n', tail.length)
  return { bytes: mebibytes * MIB, lines, emptyLines }
}

/** How often `text` ends at `from` or behind, overlaps included. */
function count(bytes: Buffer, text: string, from = 0): number {
  let found = 0
  for (let at = bytes.indexOf(text, 0, 'latin1'); at >= 0; at = bytes.indexOf(text, at + 1, 'latin1')) {
    if (at + text.length > from) found++
  }
  return found
}

const sum = (numbers: readonly unknown[]): number =>
  numbers.reduce<number>((total, number) => total + Number(number), 0)
