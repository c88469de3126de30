/**
 * Claim: all rows of merged parts are read over HTTP as NDJSON for 14 us of the server's CPU a row (100,000 records of 250
 * bytes, measured beside other work: 71,000 rows a second; a yardstick of 720,000). Its reader is this process. Yardstick:
 * the same bytes sent by a bare process through a loopback socket.
 *
 *   npm run -s node -- bench/read-rows.ts FILE.jsonl [--rounds 3]
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { printFigure, printMachine } from './machine.ts'
import { cpuOf, memoryOf, type RunningServer, temporaryDirectory } from './server.ts'
import { runCommand, sendNdjson, withServer } from './storage-server.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' } },
})
const [path] = positionals
if (path === undefined) throw new Error('name a file of NDJSON')

const SENDER = `
  const server = require('node:net').createServer((socket) => {
    require('node:fs').createReadStream(process.argv[1], { highWaterMark: 65536 }).pipe(socket)
    socket.on('close', () => server.close())
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

interface Taken {
  readonly bytes: number
  readonly lines: number
  readonly digest: string
}

async function taken(stream: AsyncIterable<Buffer>): Promise<Taken> {
  const hash = createHash('sha1')
  let bytes = 0
  let lines = 0
  for await (const chunk of stream) {
    bytes += chunk.length
    hash.update(chunk)
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
  }
  return { bytes, lines, digest: hash.digest('hex') }
}

async function answerOf({ httpPort }: RunningServer): Promise<NodeJS.ReadableStream & AsyncIterable<Buffer>> {
  const request = get({ port: httpPort, host: '127.0.0.1', path: '/select/logsql/query?query=*' })
  const [response] = await once(request, 'response')
  return response
}

async function readRows(server: RunningServer): Promise<void> {
  const startMs = performance.now()
  const before = cpuOf(server.pid)
  const { lines, bytes, digest } = await taken(await answerOf(server))
  const seconds = (performance.now() - startMs) / 1000
  const cpu = cpuOf(server.pid) - before
  printFigure('rows a second', (lines / seconds).toFixed(0))
  printFigure('  CPU of the server, us a row', ((cpu * 1e6) / lines).toFixed(1))
  printFigure('  rows, MB, SHA-1', `${lines}, ${(bytes / 1e6).toFixed(1)}, ${digest.slice(0, 12)}`)
  printFigure('  most memory of the server, MiB', (memoryOf(server.pid, 'VmHWM') / (1 << 20)).toFixed(0))
}

async function readBare(file: string): Promise<void> {
  const sender = spawn(process.execPath, ['-e', SENDER, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = await once(sender.stdout, 'data')
  const startMs = performance.now()
  const { lines } = await taken(connect(Number(port), '127.0.0.1'))
  printFigure('yardstick: lines a second', ((lines * 1000) / (performance.now() - startMs)).toFixed(0))
  await once(sender, 'close')
}

printMachine('All rows over HTTP')
await withServer(async (server) => {
  await sendNdjson(server, path)
  runCommand(server, ['flush'])
  runCommand(server, ['merge', '--wait'])
  using directory = temporaryDirectory()
  const answer = join(directory.path, 'answer.jsonl')
  await pipeline(await answerOf(server), createWriteStream(answer))
  for (let round = 0; round < Number(values.rounds); round++) {
    await readRows(server)
    await readBare(answer)
  }
})
