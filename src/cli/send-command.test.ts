import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { SimulatedClock } from '../base/base.ts'
import { FakeIo, type FakeIoOptions, FakeServer, freePort, run } from './fake-io.ts'
import { runCli } from './run.ts'

/** A log port in a few lines: PONG for PING, OK for LOG commands, silence for plain lines. */
function logPort(answerOf: (line: string) => string = answer): Promise<FakeServer> {
  const seen = new Map<Socket, number>()
  return FakeServer.open((text, socket) => {
    const lines = text.split('\n').slice(0, -1)
    for (const line of lines.slice(seen.get(socket) ?? 0)) socket.write(answerOf(line))
    seen.set(socket, lines.length)
  })
}

const answer = (line: string): string =>
  line === 'PING' ? 'PONG\n' : line.startsWith('LOG|') ? 'OK|1\n' : ''

/** What arrived without the barriers. */
const linesOf = (server: FakeServer): string => server.received.replaceAll('PING\n', '')

async function send(server: FakeServer, words: readonly string[], options: FakeIoOptions = {}) {
  return run(['send', '--log-port', server.port, ...words], options)
}

describe('logcaster send', () => {
  it('greets, sends stdin as it is, and ends when all is acknowledged', async () => {
    await using server = await logPort()
    const { code, out, err } = await send(server, [], { stdin: 'one\ntwo\r\n\nthree\xff' })
    assert.deepEqual([code, out, err], [0, '', 'sent 3 records (all acknowledged)\n1 empty line left out\n'])
    assert.ok(server.received.startsWith('PING\n'), 'the first bytes are those of the text protocol')
    assert.ok(server.received.endsWith('three\xff\nPING\n'))
    assert.equal(linesOf(server), 'one\ntwo\r\nthree\xff\n')
  })

  it('sends files in their order, and stdin where - stands', async () => {
    await using server = await logPort()
    const files = { 'a.log': 'a1\na2', 'b.log': 'b1\n' }
    const { code, err } = await send(server, ['a.log', '-', 'b.log'], { files, stdin: 'in\n' })
    assert.deepEqual([code, err], [0, 'sent 4 records (all acknowledged)\n'])
    assert.equal(linesOf(server), 'a1\na2\nin\nb1\n')
  })

  it('wraps lines that would be commands', async () => {
    await using server = await logPort()
    const { err } = await send(server, [], { stdin: 'PING\nLOG|INFO||x\nLOG:  ready\nQUIT' })
    assert.equal(err, 'sent 4 records (all acknowledged)\n')
    assert.equal(
      linesOf(server),
      'LOG|UNKNOWN||PING\nLOG|UNKNOWN||LOG|INFO||x\nLOG:  ready\nLOG|UNKNOWN||QUIT\n'.replace('PING\n', ''),
    )
  })

  it('sends with a level', async () => {
    await using server = await logPort()
    const { code } = await send(server, ['--level', 'ERROR'], { stdin: 'disk full\n' })
    assert.equal(code, 0)
    assert.equal(linesOf(server), 'LOG|ERROR||disk full\n')
  })

  it('says which lines were refused and why, and exits with 5', async () => {
    await using server = await logPort((line) =>
      line.includes('bad') ? 'ERROR|Empty message\n' : answer(line),
    )
    const { code, err } = await send(server, ['-l', 'INFO', 'a.log'], { files: { 'a.log': 'ok\nbad\nok\n' } })
    assert.equal(code, 5)
    assert.equal(err, 'sent 3 records (2 acknowledged, 1 refused)\nrefused: a.log:2: Empty message\n')
  })

  it('tells the first refused lines and counts the rest', async () => {
    await using server = await logPort((line) =>
      line.startsWith('LOG|') ? 'ERROR|Empty message\n' : answer(line),
    )
    const { err } = await send(server, ['-l', 'INFO'], { stdin: 'x\n'.repeat(12) })
    assert.equal(err.split('\n').length, 13)
    assert.match(err, /refused: stdin:10: Empty message\nrefused: 2 more\n$/)
  })

  const REASONS: readonly [reason: string, code: number][] = [
    ['Log storage full', 6],
    ['Not allowed: this session may not write', 4],
    ['Message too long: at most 10 bytes', 5],
  ]
  for (const [reason, expected] of REASONS) {
    it(`exits with ${expected} when the server says: ${reason}`, async () => {
      await using server = await logPort((line) =>
        line.startsWith('LOG|') ? `ERROR|${reason}\n` : answer(line),
      )
      assert.equal((await send(server, ['-l', 'INFO'], { stdin: 'x\n' })).code, expected)
    })
  }

  it('sums up as JSON with --json, and is silent with -q', async () => {
    await using server = await logPort()
    const { out, err } = await send(server, ['--json', '-q'], { stdin: 'a\n\nb\n' })
    assert.equal(err, '')
    assert.deepEqual(JSON.parse(out), { sent: 2, acknowledged: 2, refused: 0, empty: 1, long: 0 })
  })

  it('tells of lines that the server may cut', async () => {
    await using server = await logPort()
    const { code, err } = await send(server, [], { stdin: `${'x'.repeat(300_000)}\nshort\n` })
    assert.equal(code, 0)
    assert.match(err, /1 line above 256 KiB/)
  })

  it('says nothing of cut lines with --level: the server refuses those', async () => {
    await using server = await logPort((line) =>
      line.length > 300_000 ? 'ERROR|Message too long: at most 262144 bytes\n' : answer(line),
    )
    const { code, err } = await send(server, ['-l', 'INFO'], { stdin: `${'x'.repeat(300_000)}\n` })
    assert.equal(code, 5)
    assert.equal(
      err,
      'sent 1 record (0 acknowledged, 1 refused)\nrefused: stdin:1: Message too long: at most 262144 bytes\n',
    )
  })

  it('sends much through a server that answers late, in order and with nothing lost', async () => {
    await using server = await logPort()
    const text = Array.from({ length: 20_000 }, (_, i) => `record ${i} of many\n`).join('')
    const stdin = new PassThrough()
    for (let at = 0; at < text.length; at += 7919) stdin.write(text.slice(at, at + 7919))
    stdin.end()
    const { code, err } = await send(server, [], { stdin })
    assert.deepEqual([code, err], [0, 'sent 20000 records (all acknowledged)\n'])
    assert.equal(linesOf(server), text)
  })

  it('has lines acknowledged while stdin stays open', async () => {
    const stdin = new PassThrough()
    let barriers = 0
    const isSecondAsked = Promise.withResolvers<void>()
    await using server = await logPort((line) => {
      if (line === 'PING' && ++barriers === 2) isSecondAsked.resolve()
      return answer(line)
    })
    const running = send(server, [], { stdin })
    stdin.write('first\n')
    await isSecondAsked.promise
    stdin.end('last')
    assert.equal((await running).err, 'sent 2 records (all acknowledged)\n')
  })

  it('exits with 3 and one sentence when nobody answers', async () => {
    const port = await freePort()
    const { code, out, err } = await run(['send', '--log-port', port], { stdin: 'x\n' })
    assert.deepEqual([code, out], [3, ''])
    assert.equal(
      err,
      `No LogCaster answers at 127.0.0.1:${port}. Start it with npm start, or name it with --host and --log-port.\n`,
    )
  })

  it('says how much was acknowledged when the server goes away, even while stdin is quiet', async () => {
    const stdin = new PassThrough()
    let barriers = 0
    await using server = await FakeServer.open((text, socket) => {
      const asked = text.split('PING\n').length - 1
      if (asked > barriers && asked <= 2) socket.write('PONG\n'.repeat(asked - barriers))
      barriers = asked
      if (text.includes('b3')) socket.destroy()
      else if (text.includes('a1') && asked === 2) stdin.write('b1\nb2\nb3\n')
    })
    const running = send(server, [], { stdin })
    stdin.write('a1\na2\n')
    const { code, err } = await running
    assert.equal(code, 3)
    assert.match(err, /went away: 2 records acknowledged; whether 3 more are stored is not known\.\n$/)
  })

  it('says so when it is not the log port', async () => {
    await using server = await FakeServer.answering('HTTP/1.1 400 \x1b[31mBad\r\n\r\n')
    const { code, err } = await send(server, [], { stdin: 'x\n' })
    assert.equal(code, 3)
    assert.match(err, /is not LogCaster's log port: it said "HTTP\/1\.1 400 \\x1b\[31mBad"/)
  })

  it('exits with 4 when the server does not want it', async () => {
    await using server = await FakeServer.answering('ERROR|Not allowed: this address\n')
    const { code, err } = await send(server, [], { stdin: 'x\n' })
    assert.equal(code, 4)
    assert.match(err, /^Not allowed: this address: 0 records acknowledged/)
  })

  it('gives the reason of a server that cannot store a plain line, and ends', async () => {
    await using server = await FakeServer.open((text, socket) => {
      if (text === 'PING\n') socket.write('PONG\n')
      if (text.includes('x\n')) socket.end('ERROR|Log storage full\n')
    })
    const stdin = new PassThrough()
    stdin.write('x\n')
    const { code, err } = await send(server, [], { stdin })
    assert.equal(code, 6)
    assert.match(err, /^Log storage full: 0 records acknowledged/)
  })

  it('sends nothing when one of the files cannot be read', async () => {
    await using server = await logPort()
    const { code, err } = await send(server, ['a.log', 'b.log'], { files: { 'a.log': 'a\n' } })
    assert.deepEqual([code, err], [2, 'b.log: no such file\n'])
    assert.equal(server.received, '')
  })

  it('refuses stdin twice', async () => {
    assert.equal((await run(['send', '-', '-'])).code, 2)
  })

  for (const level of ['BOGUS', 'a|b', '']) {
    it(`refuses --level=${level} before it connects, and names the levels`, async () => {
      await using server = await logPort()
      const { code, err } = await send(server, [`--level=${level}`, 'none.log'])
      const names = 'TRACE, DEBUG, INFO, WARN, ERROR, FATAL, UNKNOWN'
      assert.deepEqual([code, err], [2, `--level must be one of ${names}, but got \`${level}\`\n`])
      assert.equal(server.received, '')
    })
  }

  for (const level of ['warn', 'CRITICAL', 'Unknown']) {
    it(`takes --level ${level}, as the server does`, async () => {
      await using server = await logPort()
      await send(server, ['--level', level], { stdin: 'x\n' })
      assert.equal(linesOf(server), `LOG|${level}||x\n`)
    })
  }

  it('stops reading at the first Ctrl+C, has what it read acknowledged, and exits with 130', async () => {
    const stdin = new PassThrough()
    await using server = await logPort((line) => {
      if (line === 'read') io.emitSignal('SIGINT')
      return answer(line)
    })
    const io = new FakeIo({ stdin })
    const running = runCli(['send', '--log-port', server.port], io)
    stdin.write('read\n')
    assert.equal(await running, 130)
    assert.equal(io.stderr.text, 'sent 1 record (all acknowledged)\n')
  })

  it('takes two SIGINT at once as one: npm hands on what the terminal has sent already', async () => {
    const stdin = new PassThrough()
    await using server = await logPort((line) => {
      if (line === 'read') for (let i = 0; i < 2; i++) io.emitSignal('SIGINT')
      return answer(line)
    })
    const io = new FakeIo({ stdin })
    const running = runCli(['send', '--log-port', server.port], io)
    stdin.write('read\n')
    assert.equal(await running, 130)
    assert.equal(io.stderr.text, 'sent 1 record (all acknowledged)\n')
  })

  it('ends at once at the second Ctrl+C, and says what is not known', async () => {
    const stdin = new PassThrough()
    await using server = await FakeServer.open((text, socket) => {
      if (text === 'PING\n') socket.write('PONG\n')
      if (!text.includes('read\n')) return
      io.emitSignal('SIGINT')
      io.nowMs += 1000
      io.emitSignal('SIGINT')
    })
    const io = new FakeIo({ stdin })
    const running = runCli(['send', '--log-port', server.port], io)
    stdin.write('read\n')
    assert.equal(await running, 130)
    assert.equal(io.stderr.text, 'Stopped: 0 records acknowledged; whether 1 more is stored is not known.\n')
  })

  it('says when the server has taken nothing for a while, and when it goes on', async () => {
    const clock = new SimulatedClock()
    const io = new (class extends FakeIo {
      override readonly clock = clock
    })({ stdin: 'one\ntwo\n' })
    const isSent = Promise.withResolvers<() => void>()
    let isHeld = true
    let answered = 0
    await using server = await FakeServer.open((text, socket) => {
      const reply = (): void => {
        const barriers = server.received.split('PING\n').length - 1
        if (barriers > answered) socket.write('PONG\n'.repeat(barriers - answered))
        answered = barriers
      }
      if (!isHeld) reply()
      else if (text.includes('two\n')) isSent.resolve(reply)
    })
    const running = runCli(['send', '--log-port', server.port], io)
    const reply = await isSent.promise
    clock.advance(4999)
    assert.equal(io.stderr.text, '')
    clock.advance(1)
    const waiting = 'waiting: the server takes nothing since 2026-01-01T00:00:00Z (0 records acknowledged)\n'
    assert.equal(io.stderr.text, waiting)
    clock.advance(60_000)
    assert.equal(io.stderr.text, waiting, 'once')
    isHeld = false
    reply()
    assert.equal(await running, 0)
    assert.equal(
      io.stderr.text,
      `${waiting}going on: the server took nothing for 65 s\nsent 2 records (all acknowledged)\n`,
    )
  })
})
