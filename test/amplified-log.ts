/**
 * A log of any size, made while it is read: JSON lines of ../shared/tools/amplify.mjs over the ten real logs of
 * ../shared/corpus. The same seed gives the same bytes, so whoever checks what came of them makes them again instead of
 * keeping them. Times ascend.
 *
 *   using log = new AmplifiedLog(sharedPath, 42)
 *   const bytes = await log.take(65_536)
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const NEWLINE = 0x0a
/** More lines than anybody takes. */
const LINES_MAX = 1e12
/** Records for each second of the log's own time: 10 GB are two days. */
const RATE = 200
/** An hour before midnight, so that a short log has two days as well. */
const START = '2026-01-01T23:00:00Z'

export class AmplifiedLog implements Disposable {
  readonly #child: ChildProcess
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  /** `shared`: the folder that lies beside the repository. */
  constructor(shared: string, seed: number) {
    const corpus = join(shared, 'corpus')
    const files = readdirSync(corpus).filter((name) => name.endsWith('.log'))
    const options = ['--lines', LINES_MAX, '--seed', seed, '--rate', RATE, '--start', START]
    const paths = files.sort().map((name) => join(corpus, name))
    const args = [join(shared, 'tools/amplify.mjs'), ...options.map(String), ...paths]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#child = child
    this.#chunks = child.stdout[Symbol.asyncIterator]()
  }

  /** Whole lines of at least so many bytes. */
  async take(bytesMin: number): Promise<Buffer> {
    const pieces = [this.#rest]
    for (let bytes = this.#rest.length; bytes < bytesMin || !pieces.at(-1)?.includes(NEWLINE); ) {
      const next = await this.#chunks.next()
      if (next.done === true) throw new Error('amplify.mjs ended')
      pieces.push(next.value)
      bytes += next.value.length
    }
    const all = Buffer.concat(pieces)
    const end = all.indexOf(NEWLINE, Math.max(0, bytesMin - 1)) + 1 || all.lastIndexOf(NEWLINE) + 1
    this.#rest = all.subarray(end)
    return all.subarray(0, end)
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

export function countLines(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++
  return lines
}
