/**
 * Claims: a new connection (connect, PING, PONG, close) costs the log port at most twice the CPU that a bare server of
 * node:net spends on one; each of 10,000 idle ones takes at most 20 KB of memory as text, 40 KB over HTTP, 80 KB over TLS.
 *
 *   npm run -s node -- bench/connections.ts [--idle 10000] [--connections 20000] [--rounds 3]
 *
 * The bare server answers the same PONG and knows nothing else: it is the yardstick. Every kind of idle connection has a
 * server of its own; each connection was answered once before it is idle.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { makeAuthority, makeCertificate } from '../src/cli/tls-making.ts'
import { printFigure, printMachine } from './machine.ts'
import { cpuOf, memoryOf, startServer, temporaryDirectory } from './server.ts'

const { values } = parseArgs({
  options: {
    idle: { type: 'string', default: '10000' },
    connections: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
  },
})
const FILES_RESERVED = 256
/** So long the memory of a server may settle. */
const SETTLE_MS = 3000
const YEAR_MS = 365 * 86_400_000

interface Target {
  readonly pid: number
  readonly port: number
}

printMachine('New and idle connections')
using directory = temporaryDirectory()
const idle = Math.min(Number(values.idle), openFilesMax() - FILES_RESERVED)
if (idle < Number(values.idle)) printFigure('open files allow no more idle connections than', String(idle))
const tls = await makeTls()

{
  await using bare = await startBare()
  await measureNew('yardstick: bare', bare)
}
{
  await using bare = await startBare()
  await measureIdle('yardstick: bare', 'text', bare)
}
await withServer([], async (server) => {
  await measureNew('log port', { pid: server.pid, port: server.logPort })
})
await withServer([], async ({ pid, logPort }) => measureIdle('log port', 'text', { pid, port: logPort }))
await withServer([], async ({ pid, httpPort }) => measureIdle('HTTP', 'http', { pid, port: httpPort }))
await withServer(tls, async ({ pid, logPort }) => measureIdle('log port, TLS', 'tls', { pid, port: logPort }))

async function withServer(
  options: readonly string[],
  measure: (server: Awaited<ReturnType<typeof startServer>>) => Promise<void>,
): Promise<void> {
  using data = temporaryDirectory()
  const room = String(idle + FILES_RESERVED)
  const limits = ['--log-connections-max', room, '--http-connections-max', room]
  await using server = await startServer(data.path, [...limits, ...options])
  await measure(server)
}

async function measureNew(name: string, { pid, port }: Target): Promise<void> {
  const rates: number[] = []
  const costs: number[] = []
  const count = Number(values.connections)
  for (let round = 0; round < Number(values.rounds); round++) {
    const before = cpuOf(pid)
    const { seconds } = await generate(['new', 'text', String(port), values.connections]).said
    rates.push(count / seconds)
    costs.push(((cpuOf(pid) - before) / count) * 1e6)
  }
  printFigure(`${name}: connections/s, rounds`, rates.map((rate) => rate.toFixed(0)).join(' '))
  printFigure(`${name}: CPU µs a connection, rounds`, costs.map((cost) => cost.toFixed(0)).join(' '))
}

async function measureIdle(name: string, kind: string, { pid, port }: Target): Promise<void> {
  const before = memoryOf(pid, 'VmRSS')
  const generator = generate(['idle', kind, String(port), String(idle)])
  const { seconds } = await generator.said
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const after = memoryOf(pid, 'VmRSS')
  generator.end()
  const megabytes = `${(before / 1e6).toFixed(0)} to ${(after / 1e6).toFixed(0)}`
  const kilobytes = ((after - before) / idle / 1e3).toFixed(1)
  printFigure(`${name}: RSS with ${idle} idle, MB`, `${megabytes} (opened in ${seconds.toFixed(1)} s)`)
  printFigure(`${name}: KB a connection`, kilobytes)
}

interface Generator {
  /** What it says when all connections were answered. */
  readonly said: Promise<{ readonly seconds: number }>
  end(): void
}

function generate(words: readonly string[]): Generator {
  const child = startNode('connection-generator.ts', words)
  return { said: firstLine(child).then((line) => JSON.parse(line)), end: () => void child.stdin?.end() }
}

async function startBare(): Promise<Target & AsyncDisposable> {
  const child = startNode('bare-server.ts', [])
  const port = Number(await firstLine(child))
  return {
    pid: child.pid ?? 0,
    port,
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

function startNode(script: string, words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, script), ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('BUG: no stdout')
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('the process ended without a word')
}

/** Node.js raises the soft limit to the hard one when it starts. */
function openFilesMax(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const hard = /^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1]
  return hard === undefined ? Number.MAX_SAFE_INTEGER : Number(hard)
}

async function makeTls(): Promise<readonly string[]> {
  const nowMs = Date.now()
  const expiresMs = nowMs + YEAR_MS
  const authority = await makeAuthority({ commonName: 'Bench', nowMs, expiresMs })
  const names = ['127.0.0.1']
  const made = await makeCertificate({ authority, purpose: 'server', names, nowMs, expiresMs })
  const cert = join(directory.path, 'cert.pem')
  const key = join(directory.path, 'key.pem')
  writeFileSync(cert, made.cert)
  writeFileSync(key, made.key, { mode: 0o600 })
  return ['--log-tls-cert', cert, '--log-tls-key', `file:${key}`]
}
