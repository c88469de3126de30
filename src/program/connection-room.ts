/**
 * How many connections this process can hold: each takes a file descriptor, and some must be left for segments and
 * for whatever else has to be opened while everybody connects (reliability rule R22).
 */
import { readFileSync } from 'node:fs'

/** For everything that is no connection. */
export const OPEN_FILES_RESERVED = 128

export class ConnectionRoom {
  readonly #most: number

  constructor(openFilesMax: number = readOpenFilesMax()) {
    this.#most = Math.max(1, openFilesMax - OPEN_FILES_RESERVED)
  }

  /** The configured limit, or what the system allows if that is less. 0 means no limit of one's own. */
  limit(configured: number): number {
    return configured === 0 ? this.#most : Math.min(configured, this.#most)
  }
}

/** The soft limit of open files; unlimited where the system does not tell. */
export function readOpenFilesMax(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? Number.MAX_SAFE_INTEGER : Number(soft)
  } catch {
    return Number.MAX_SAFE_INTEGER // No /proc: macOS, where Node.js raises the limit itself.
  }
}
