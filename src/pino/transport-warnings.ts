/**
 * How the transport tells of trouble: it cannot log it, and nobody listens to its events. It warns through the process
 * (`process.emitWarning`), at the first, second, fourth, eighth … time of each kind, so that a server that is away
 * for a day does not fill a terminal.
 */
import { CodedError } from '../base/base.ts'

export type Warn = (message: string, code: string) => void

const MESSAGE_LENGTH_MAX = 500

export class TransportWarnings {
  readonly #warn: Warn
  readonly #counts = new Map<string, number>()

  constructor(warn: Warn = processWarning) {
    this.#warn = warn
  }

  tell(error: unknown): void {
    const code = error instanceof CodedError ? error.code : 'UNKNOWN'
    const count = (this.#counts.get(code) ?? 0) + 1
    this.#counts.set(code, count)
    if (Number.isInteger(Math.log2(count))) this.#warn(`${printable(error)} (${count} so far)`, code)
  }

  /** Records that were not acknowledged when the transport ended. */
  tellLeft(records: number): void {
    if (records > 0) this.#warn(`${records} records were not acknowledged before the end`, 'CLIENT_CLOSED')
  }
}

function processWarning(message: string, code: string): void {
  process.emitWarning(message, { type: 'LogCasterWarning', code })
}

/** What a server said may hold anything; a terminal must not obey it. */
function printable(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return JSON.stringify(text.slice(0, MESSAGE_LENGTH_MAX))
    .slice(1, -1)
    .replaceAll(/[\x7f-\x9f\u2028-\u202e]/g, '?')
}
