/**
 * Everything that the command line may touch outside its own memory. Tests hand in streams and sockets of their own,
 * so that a whole command runs inside the test; the real one is made by process-io.ts.
 */
import type { Duplex, Readable, Writable } from 'node:stream'
import type { Clock, Random } from '../base/base.ts'
import type { Machine } from '../config/config.ts'

export type CliInput = Readable & { readonly isTTY?: boolean }
export type CliStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }
export type CliSignal = 'SIGINT' | 'SIGTERM'

export interface CliIo {
  readonly stdin: CliInput
  readonly stdout: CliStream
  readonly stderr: CliStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
  /** What this process may take of the machine. */
  readonly machine: Machine
  /** The working directory: relative paths start here. */
  readonly cwd: string
  /** The bytes of a file. Rejects with the system's error (`ENOENT`, …). */
  readFile(path: string): Promise<Uint8Array>
  /** The text of a small file, at once; throws the system's error. */
  readTextSync(path: string): string
  /** Opens a file for reading piece by piece; resolves once it is open. Rejects with the system's error (`EISDIR`, …). */
  openFile(path: string): Promise<Readable>
  /** Writes a file that only this user may read, and makes its directory; `append` adds to what is there. */
  writePrivateFile(path: string, text: string, how: 'replace' | 'append'): Promise<void>
  /** A connected byte stream. Rejects with the system's error (`ECONNREFUSED`, …). */
  connect(host: string, port: number): Promise<Duplex>
  /** Calls `handler` each time the signal arrives, in place of its default action; the returned function stops that. */
  onSignal(signal: CliSignal, handler: () => void): () => void
}
