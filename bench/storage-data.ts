/**
 * The data that storage is measured on, made once into a cache below the system's temporary directory, from the real
 * logs beside the repository:
 *
 *   data A   the ten logs, amplified to `lines` lines of NDJSON
 *   data B   a web server's access log of 5,000 lines, once through
 *
 * Files appear under their name when they are complete, so that a run that broke off leaves none behind.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SAMPLES = join(import.meta.dirname, '../../shared')
const CORPUS = join(SAMPLES, 'corpus')
const CACHE = join(tmpdir(), 'logcaster-bench-cache')
const ACCESS_LOG_LINES = 5000
const MISSING = 'the real logs (../shared/corpus) are missing, so there is no data'

export const DATA_A_LINES = 5_000_000

export interface Amplified {
  readonly lines: number
  readonly files: readonly string[]
  readonly format: 'jsonl' | 'raw'
  readonly seed?: number
  /** Time of the first record, RFC 3339. */
  readonly start?: string
}

export function dataA(lines: number): string {
  return cached(`a-${lines}.jsonl`, { lines, files: tenLogs(), format: 'jsonl' })
}

export function dataB(): string {
  if (!hasSamples()) throw new Error(MISSING)
  const files = [join(CORPUS, 'more/access.log')]
  return cached('b.jsonl', { lines: ACCESS_LOG_LINES, files, format: 'jsonl' })
}

/** Messages of the ten logs, one a line. */
export function rawMessages(lines: number): string {
  return cached(`raw-${lines}.log`, { lines, files: tenLogs(), format: 'raw' })
}

/** Writes amplified lines to `target`. */
export function amplify(target: string, { lines, files, format, seed, start }: Amplified): void {
  const words = ['--lines', String(lines), '--format', format]
  if (seed !== undefined) words.push('--seed', String(seed))
  if (start !== undefined) words.push('--start', start)
  const output = openSync(target, 'w')
  const made = spawnSync(process.execPath, [join(SAMPLES, 'tools/amplify.mjs'), ...words, ...files], {
    stdio: ['ignore', output, 'inherit'],
  })
  closeSync(output)
  if (made.status !== 0) throw new Error(`the data ${target} could not be made`)
}

/** Whether there is anything to make data of. */
export function hasSamples(): boolean {
  return existsSync(CORPUS)
}

export function tenLogs(): string[] {
  if (!hasSamples()) throw new Error(MISSING)
  const names = readdirSync(CORPUS).filter((name) => name.endsWith('.log'))
  return names.sort().map((name) => join(CORPUS, name))
}

/** A path in the cache, whose file may be absent. */
export function cachePath(name: string): string {
  mkdirSync(CACHE, { recursive: true })
  return join(CACHE, name)
}

function cached(name: string, amplified: Amplified): string {
  const path = cachePath(name)
  if (existsSync(path)) return path
  const unfinished = `${path}.${process.pid}`
  amplify(unfinished, amplified)
  renameSync(unfinished, path)
  return path
}
