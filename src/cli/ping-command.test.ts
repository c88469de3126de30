import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeIo, FakeServer, freePort, run } from './fake-io.ts'
import { runCli } from './run.ts'

/** Answers PING number n with the n-th answer, the last one from then on. */
function ponging(...answers: readonly string[]): Promise<FakeServer> {
  return FakeServer.open((text, socket) => {
    const asked = text.split('PING\n').length - 1
    socket.write(answers[Math.min(asked, answers.length) - 1])
  })
}

describe('logcaster ping', () => {
  it('asks both ports over one connection each, and sums up', async () => {
    await using log = await ponging('PONG\n')
    await using query = await ponging('PONG\r\n')
    const words = ['ping', '-c', '2', '-i', '0', '--log-port', log.port, '--query-port', query.port]
    const { code, out, err } = await run(words)
    assert.deepEqual([code, err], [0, ''])
    assert.equal(
      out,
      [
        `log    127.0.0.1:${log.port}  1  0.000 ms\n`,
        `query  127.0.0.1:${query.port}  1  0.000 ms\n`,
        `log    127.0.0.1:${log.port}  2  0.000 ms\n`,
        `query  127.0.0.1:${query.port}  2  0.000 ms\n`,
        `log    127.0.0.1:${log.port}  2 of 2 answered, min/avg/max 0.000/0.000/0.000 ms\n`,
        `query  127.0.0.1:${query.port}  2 of 2 answered, min/avg/max 0.000/0.000/0.000 ms\n`,
      ].join(''),
    )
    assert.deepEqual([log.received, query.received], ['PING\nPING\n', 'PING\nPING\n'])
  })

  it('takes the times from the clock, and waits the interval between two rounds', async () => {
    const io = new FakeIo()
    const delaysMs: number[] = []
    const clock = {
      ...io.clock,
      after(delayMs: number, callback: () => void): () => void {
        delaysMs.push(delayMs)
        if (delayMs === 250) queueMicrotask(callback)
        return () => {}
      },
    }
    let asked = 0
    await using server = await FakeServer.open((_text, socket) => {
      io.nowMs += [3, 1.5, 6][asked++]
      socket.write('PONG\n')
    })
    const words = [
      'ping',
      'query',
      '-c',
      '3',
      '-i',
      '250',
      '--timeout',
      '99',
      '--json',
      '--query-port',
      server.port,
    ]
    assert.equal(await runCli(words, Object.assign(io, { clock })), 0)
    assert.deepEqual(JSON.parse(io.stdout.text), {
      ports: [
        {
          port: 'query',
          address: `127.0.0.1:${server.port}`,
          sent: 3,
          answered: 3,
          minMs: 1.5,
          avgMs: 3.5,
          maxMs: 6,
        },
      ],
    })
    assert.deepEqual(delaysMs, [99, 250, 99, 250, 99])
  })

  it('goes on with the port that answers, and exits with 3 when the other does not', async () => {
    await using log = await ponging('PONG\n')
    const port = await freePort()
    const { code, out, err } = await run([
      'ping',
      '-c',
      '2',
      '-i',
      '0',
      '--log-port',
      log.port,
      '--query-port',
      port,
    ])
    assert.equal(code, 3)
    assert.match(out, /2 of 2 answered/)
    assert.match(err, new RegExp(`^query: No LogCaster answers at 127.0.0.1:${port}\\.`))
  })

  it('says so when what came is no PONG', async () => {
    await using server = await ponging('PONG\n', 'SSH-2.0-x\x1b[2J\n')
    const { code, out, err } = await run(['ping', 'log', '-i', '0', '--log-port', server.port])
    assert.equal(code, 3)
    assert.match(out, /1 of 2 answered/)
    assert.match(err, /is not LogCaster's log port: it said "SSH-2\.0-x\\x1b\[2J"/)
  })

  it('exits with 4 when the address may not connect', async () => {
    await using server = await ponging('ERROR|Your address may not connect here\n')
    const { code, err } = await run(['ping', 'log', '--log-port', server.port, '--json'])
    assert.deepEqual([code, err], [4, ''])
  })

  it('gives up on an answer after --timeout', async () => {
    await using server = await FakeServer.open(() => {})
    const { code, err } = await run(['ping', 'log', '--timeout', '1', '--log-port', server.port])
    assert.equal(code, 3)
    assert.match(err, /went away: no answer within 1 ms/)
  })

  it('sums up at Ctrl+C, and exits with 130', async () => {
    await using server = await ponging('PONG\n')
    const io = new FakeIo()
    const running = runCli(['ping', 'log', '--log-port', server.port], io)
    await io.stdout.contains('1  0.000 ms\n')
    io.emitSignal('SIGINT')
    assert.equal(await running, 130)
    assert.match(io.stdout.text, /1 of 1 answered/)
  })
})
