/** What the rows of storage.ts do with a running server: commands, sends, sizes on disk. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { cpuOf, program, type RunningServer, startServer, temporaryDirectory } from './server.ts'

/** Work on the storage asks for a token, also from loopback. */
const TOKEN = 'lc_token-of-a-server-that-is-measured'
const ADMIN = `bench admin,read,write sha256:${createHash('sha256').update(TOKEN).digest('hex')}`

/** Processes of this run, and directories, that must not outlive it. */
const pids = new Set<number>()
const directories = new Set<string>()

/** Ends and removes what this run started, at once: for the way out after a signal. */
export function abandon(): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }
  for (const path of directories) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
}

/** A server with an empty data directory, which goes with it. */
export async function withServer<T>(work: (server: RunningServer) => Promise<T>): Promise<T> {
  using directory = temporaryDirectory()
  directories.add(directory.path)
  try {
    return await withServerIn(join(directory.path, 'data'), work)
  } finally {
    directories.delete(directory.path)
  }
}

/** A server with this data directory, which stays as the server left it. */
export async function withServerIn<T>(
  dataDir: string,
  work: (server: RunningServer) => Promise<T>,
): Promise<T> {
  await using server = await startServer(dataDir, ['--tokens', ADMIN])
  pids.add(server.pid)
  try {
    return await work(server)
  } finally {
    await server.stop()
    pids.delete(server.pid)
  }
}

/** What `logcaster <words>` prints for this server; an error where it fails or there is no such command. */
export function runCommand(server: RunningServer, words: readonly string[]): string {
  const all = [...program, ...words, '--http-port', String(server.httpPort), '--token', TOKEN]
  const ran = spawnSync(process.execPath, all, { maxBuffer: 64 << 20 })
  if (ran.status === 0) return ran.stdout.toString()
  const reason = ran.stderr.toString().trim().split('\n')[0]
  const problem = /unknown (command|option)/i.test(reason) ? 'the server does not know' : 'this failed:'
  throw new Error(`${problem} \`logcaster ${words.join(' ')}\`: ${reason}`)
}

export interface Sent {
  /** Lines that were accepted, or records that were acknowledged. */
  readonly records: number
  readonly refused: number
  readonly seconds: number
  /** Of the server, while it was sent. */
  readonly cpuSeconds: number
}

/** Sends a file of NDJSON over one connection, in bodies of about 1 MiB. */
export async function sendNdjson({ pid, httpPort }: RunningServer, path: string): Promise<Sent> {
  const before = cpuOf(pid)
  const script = join(import.meta.dirname, 'http-generator.ts')
  const output = await runChild([script, String(httpPort), path, '1', String(1 << 20)])
  const { accepted, refused, seconds } = JSON.parse(output)
  return { records: accepted, refused, seconds, cpuSeconds: cpuOf(pid) - before }
}

export interface Load {
  readonly seconds: number
  readonly lineBytes: number
  /** Lines a second; 0: as fast as they are acknowledged. */
  readonly rate: number
  /** Log lines, one a line. */
  readonly path: string
}

/** Sends lines to the log port over four connections. */
export async function sendLines({ pid, logPort }: RunningServer, load: Load): Promise<Sent> {
  const before = cpuOf(pid)
  const script = join(import.meta.dirname, 'timed-generator.ts')
  const words = [logPort, load.seconds, 4, load.lineBytes, load.rate].map(String)
  const { records, seconds } = JSON.parse(await runChild([script, ...words, load.path]))
  return { records, refused: 0, seconds, cpuSeconds: cpuOf(pid) - before }
}

async function runChild(words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const pid = child.pid ?? 0
  pids.add(pid)
  const [output, errors, status] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    endOf(child),
  ])
  pids.delete(pid)
  if (status !== 0) throw new Error(`${words.join(' ')} failed: ${errors.trim()}`)
  return output
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve))
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

export interface DiskUse {
  readonly all: number
  /** Of files of parts alone: no write-ahead log, no manifest. */
  readonly parts: number
  readonly partFiles: number
}

/** Bytes of the files of the server's data directory. */
export function diskUse({ dataDir }: RunningServer): DiskUse {
  let all = 0
  let parts = 0
  let partFiles = 0
  for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 }
    all += size
    if (!isPart(relative(dataDir, path))) continue
    parts += size
    partFiles++
  }
  return { all, parts, partFiles }
}

function isPart(path: string): boolean {
  return path.split(/[/.-]/).some((word) => word === 'part' || word === 'parts')
}
