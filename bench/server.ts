/** Starts the real program for a benchmark, on loopback and free ports, with a data directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
/** The words after `node` that start LogCaster, as `npm start` has them. */
export const program = ['--import', join(root, 'dev/node-check.js'), join(root, 'src/bin.ts')]

export interface RunningServer extends AsyncDisposable {
  readonly pid: number
  readonly dataDir: string
  readonly logPort: number
  readonly queryPort: number
  readonly httpPort: number
  /** Milliseconds from the start of the process to its ready line. */
  readonly readyMs: number
  stop(): Promise<void>
}

/** Makes a directory that `dispose` removes; where it lies decides which disk is measured (TMPDIR). */
export function temporaryDirectory(): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'logcaster-bench-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export async function startServer(dataDir: string, options: readonly string[] = []): Promise<RunningServer> {
  const listen = [
    '--log-listen',
    '127.0.0.1:0',
    '--query-listen',
    '127.0.0.1:0',
    '--http-listen',
    '127.0.0.1:0',
    '--irc-listen',
    'off',
  ]
  const startedMs = performance.now()
  const child = spawn(process.execPath, [...program, 'serve', '--data-dir', dataDir, ...listen, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { text, readyMs } = await readUntilReady(child, startedMs)
  const port = (name: string): number =>
    Number(new RegExp(`^\\s*${name}\\s.*?:(\\d+)\\b`, 'm').exec(text)?.[1])
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
  }
  return {
    pid: child.pid ?? 0,
    dataDir,
    logPort: port('logs'),
    queryPort: port('queries'),
    httpPort: port('http'),
    readyMs,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function readUntilReady(child: ChildProcess, startedMs: number): Promise<{ text: string; readyMs: number }> {
  return new Promise((resolve, reject) => {
    let text = ''
    let readyMs = 0
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (readyMs === 0 && text.includes('ready in')) readyMs = performance.now() - startedMs
      if (readyMs !== 0 && /^\s*queries\s.*\n/m.test(text)) resolve({ text, readyMs })
    })
  })
}

/** A figure of /proc/<pid>/status, in bytes: `VmRSS`, `VmHWM`. */
export function memoryOf(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
}

/** Seconds of CPU that a process has used. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
