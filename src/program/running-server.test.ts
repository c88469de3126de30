import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { pino } from 'pino'
import { SeededRandom, SimulatedDisk, systemClock } from '../base/base.ts'
import { type Config, loadConfig } from '../config/config.ts'
import { RunningServer } from './running-server.ts'
import type { ServerSurroundings } from './server-parts.ts'

function configOf(flags: Record<string, string>): Config {
  return loadConfig({
    env: {},
    flags: {
      'data-dir': '/data',
      'log-listen': '127.0.0.1:0',
      'query-listen': '127.0.0.1:0',
      'http-listen': '127.0.0.1:0',
      ...flags,
    },
  }).config
}

function surroundings(disk: SimulatedDisk, lines: string[] = []): ServerSurroundings {
  const log = pino({ base: null }, { write: (line) => lines.push(line) })
  return { disk, clock: systemClock, random: new SeededRandom(1), cwd: '/', log, failed: () => {} }
}

function talk(address: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(address.split(':').at(-1)), '127.0.0.1', () => socket.end(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

test('what comes in on the log port is found on the query port', async () => {
  const server = await RunningServer.open(configOf({}), surroundings(new SimulatedDisk()))
  const [log, query] = server.ports.map((port) => port.addresses[0])
  assert.equal(await talk(log, 'LOG|ERROR|1718000000|disk on fire\nQUIT\n'), 'OK|1\n')
  assert.equal(
    await talk(query, 'QUERY|KEYWORD|fire\nQUIT\n'),
    'RESULT|1\n1|ERROR|1718000000|disk on fire\nEND\n',
  )
  assert.equal(await server.close(1000), 0)
})

test('a time in a plain line that names no zone is of the configured one', async (context) => {
  const server = await RunningServer.open(
    configOf({ 'record-time-zone': 'Asia/Seoul' }),
    surroundings(new SimulatedDisk()),
  )
  context.after(() => server.close(1000))
  const [log, query] = server.ports.map((port) => port.addresses[0])
  const line = '2026-01-02 03:04:05 WARN x'
  const zoned = '2026-01-02 03:04:06+00:00 WARN y'
  const stored = await talk(log, `${line}\n${zoned}\nLOG|INFO|1767290647|z\nQUIT\n`)
  assert.equal(stored, 'OK|3\n')
  assert.equal(
    await talk(query, 'QUERY|KEYWORD|WARN\nQUIT\n'),
    `RESULT|2\n1|WARN|1767290645|${line}\n2|WARN|1767323046|${zoned}\nEND\n`,
  )
})

test('ports whose server does not exist yet are named, not refused; closed ones are not', async () => {
  const server = await RunningServer.open(
    configOf({ 'http-listen': 'off' }),
    surroundings(new SimulatedDisk()),
  )
  const missing = server.ports.filter((port) => port.isMissing).map((port) => port.name)
  assert.deepEqual(missing, ['irc'])
  await server.close(1000)
})

test('a port without a certificate takes no TLS', async () => {
  const server = await RunningServer.open(configOf({}), surroundings(new SimulatedDisk()))
  assert.deepEqual(new Set(server.ports.map(({ tls }) => tls)), new Set(['off']))
  await server.close(1000)
})

test('a port that is taken ends the start, gives the directory back and names the option', async () => {
  const first = await RunningServer.open(configOf({}), surroundings(new SimulatedDisk()))
  const disk = new SimulatedDisk()
  const taken = configOf({ 'query-listen': first.ports[1].addresses[0] })
  await assert.rejects(RunningServer.open(taken, surroundings(disk)), { code: 'PORT_TAKEN' })
  const second = await RunningServer.open(configOf({}), surroundings(disk))
  await second.close(1000)
  await first.close(1000)
})

test('a store that is full says so in the log, and to senders, and goes on answering queries', async () => {
  const disk = new SimulatedDisk()
  const lines: string[] = []
  const server = await RunningServer.open(
    configOf({ 'storage-free-bytes-min': '1MiB' }),
    surroundings(disk, lines),
  )
  const [log, query] = server.ports.map((port) => port.addresses[0])
  assert.equal(await talk(log, 'LOG|INFO|1718000000|before\nQUIT\n'), 'OK|1\n')
  disk.failCall(1, { code: 'ENOSPC', operation: 'write', persistent: true })
  assert.equal(await talk(log, 'LOG|INFO||after\nQUIT\n'), 'ERROR|Log storage full\n')
  assert.match(lines.join(''), /"level":50.*Log storage full: ENOSPC/)
  assert.equal(await talk(query, 'QUERY|COUNT|*\nQUIT\n'), 'RESULT|1\n1\nEND\n')
  disk.heal()
  await server.close(1000)
})
