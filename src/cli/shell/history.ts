/**
 * What was typed in earlier shells: a file of one query a line in the user's state directory, which only its owner may
 * read. Bounded in lines and in their length. Where there is no such directory, or no room, nothing is remembered and
 * nothing fails.
 */
import { join } from 'node:path'
import { isCodedError, systemErrorCode } from '../../base/base.ts'
import type { CliIo } from '../cli-io.ts'
import { stateDirectory } from '../state-file.ts'

export const HISTORY_LINES_MAX = 1000
const LINE_LENGTH_MAX = 4096
/** Lines that may gather in the file until it is cut back to HISTORY_LINES_MAX. */
const FILE_LINES_MAX = 2 * HISTORY_LINES_MAX

export class History {
  readonly #io: CliIo
  readonly #path: string | null
  #lines: string[]

  private constructor(io: CliIo, path: string | null, lines: string[]) {
    this.#io = io
    this.#path = path
    this.#lines = lines
  }

  static async open(io: CliIo): Promise<History> {
    const path = pathOf(io)
    const lines = path === null ? [] : await readLines(io, path)
    const history = new History(io, path, lines.slice(-HISTORY_LINES_MAX))
    if (lines.length > FILE_LINES_MAX) await history.#write(`${history.#lines.join('\n')}\n`, 'replace')
    return history
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /** The same line twice in a row is kept once. */
  async push(line: string): Promise<void> {
    if (line === this.#lines.at(-1) || line.length > LINE_LENGTH_MAX || /\p{Cc}/u.test(line)) return
    this.#lines.push(line)
    await this.#write(`${line}\n`, 'append')
  }

  async #write(text: string, how: 'replace' | 'append'): Promise<void> {
    if (this.#path === null) return
    try {
      await this.#io.writePrivateFile(this.#path, text, how)
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error
    }
  }
}

function pathOf({ env }: CliIo): string | null {
  try {
    return join(stateDirectory(env), 'history')
  } catch (error) {
    if (isCodedError(error)) return null
    throw error
  }
}

async function readLines(io: CliIo, path: string): Promise<string[]> {
  try {
    const text = Buffer.from(await io.readFile(path)).toString()
    return text
      .split('\n')
      .filter((line) => line !== '' && line.length <= LINE_LENGTH_MAX && !/\p{Cc}/u.test(line))
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    return []
  }
}
