/**
 * What must be true after a crash, however it came: every acknowledged record is there once, with exactly its message
 * and its id; no id and no message is there twice; nothing is there that nobody sent; ids grow in the order in which
 * a client sent, and from round to round. What was sent and not acknowledged may be there or not.
 */
import { type MessageName, makeMessage, nameOfMessage } from './crash-messages.ts'
import { type ClientReport, messageOf } from './crash-ways.ts'
import type { StoredRecord } from './stored-records.ts'

export class CrashRecord {
  /** By `<round>-<client>`. */
  readonly #reports = new Map<string, ClientReport>()

  /** What is known of the same client of the same round already is replaced. */
  add(round: number, reports: readonly ClientReport[]): void {
    for (const report of reports) this.#reports.set(`${round}-${report.client}`, report)
  }

  /** Acknowledged records of all rounds. */
  get acknowledged(): number {
    return this.#reports.values().reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  }

  report(round: number, client: number): ClientReport | undefined {
    return this.#reports.get(`${round}-${client}`)
  }

  reports(): IterableIterator<[string, ClientReport]> {
    return this.#reports.entries()
  }
}

const PROBLEMS_MAX = 20
const NONE = -1

export interface CrashCheckOptions {
  /**
   * The program was asked to stop, and did so while it read: of each plain client the last line, which nobody has
   * acknowledged, may be there in part.
   */
  readonly allowsHalfLines?: boolean
  /** The program may have refused what came last: it was asked to stop, or its disk was gone. */
  readonly allowsRefusals?: boolean
}

/** One look at everything that is stored: `take` each record, then ask for `problems`. */
export class CrashCheck {
  readonly #record: CrashRecord
  readonly #options: CrashCheckOptions
  /** Plain clients of which such a half line was seen. */
  readonly #halfLines = new Set<string>()
  /** The ids of the messages of each client; NONE where none is there. */
  readonly #seen = new Map<string, Float64Array>()
  readonly #rounds: { lowest: number; highest: number }[] = []
  readonly #ids = new Set<number>()
  readonly #problems: string[] = []
  #problemCount = 0

  constructor(record: CrashRecord, options: CrashCheckOptions = {}) {
    this.#record = record
    this.#options = options
    for (const [key, { sent }] of record.reports()) this.#seen.set(key, new Float64Array(sent).fill(NONE))
  }

  /** Records that were taken. */
  get stored(): number {
    return this.#ids.size
  }

  take({ id, message }: StoredRecord): void {
    if (this.#ids.has(id)) this.#problem(`id ${id} is there twice`)
    this.#ids.add(id)
    const name = nameOfMessage(message)
    const report = name === null ? undefined : this.#record.report(name.round, name.client)
    if (name === null || report === undefined || name.number >= report.sent) {
      if (!this.#isHalfLine(message)) this.#problem(`record ${id} was sent by nobody: ${shown(message)}`)
    } else if (message.equals(messageOf(report.way, name))) {
      this.#takeWhole(id, name, report)
    } else if (!this.#isHalfLine(message)) {
      this.#problem(`${printName(name)} was changed: ${shown(message)}`)
    }
  }

  #takeWhole(id: number, name: MessageName, { ids }: ClientReport): void {
    const told = ids[name.number]
    if (told !== undefined && told !== id) {
      this.#problem(`${printName(name)} has id ${id}, and was acknowledged with ${told}`)
    }
    const seen = this.#seen.get(`${name.round}-${name.client}`)
    if (seen === undefined) return
    if (seen[name.number] !== NONE) this.#problem(`${printName(name)} is there twice`)
    seen[name.number] = id
    const { lowest = id, highest = id } = this.#rounds[name.round] ?? {}
    this.#rounds[name.round] = { lowest: Math.min(lowest, id), highest: Math.max(highest, id) }
  }

  /** Whether it is the beginning of a plain line that was on its way when the program stopped: one for each client. */
  #isHalfLine(message: Buffer): boolean {
    if (!this.#options.allowsHalfLines) return false
    for (const [key, { way, sent, acknowledged, client }] of this.#record.reports()) {
      if (way !== 'plain' || this.#halfLines.has(key)) continue
      const round = Number(key.split('-')[0])
      for (let number = acknowledged; number < sent; number++) {
        const whole = makeMessage({ round, client, number })
        if (!whole.subarray(0, message.length).equals(message)) continue
        this.#halfLines.add(key)
        return true
      }
    }
    return false
  }

  /** Sentences about what is wrong; none when all is well. To be asked once, after the last record. */
  problems(): string[] {
    for (const [key, report] of this.#record.reports()) {
      this.#findLost(key, report)
      this.#findReplies(key, report)
      this.#findDisorder(key, report)
    }
    this.#findRoundsDisorder()
    const more = this.#problemCount - this.#problems.length
    return more > 0 ? [...this.#problems, `and ${more} more`] : [...this.#problems]
  }

  #findLost(key: string, { way, acknowledged, ids }: ClientReport): void {
    const seen = this.#seen.get(key)
    for (let number = 0; number < acknowledged; number++) {
      if (seen?.[number] !== NONE) continue
      const id = ids[number] === undefined ? '' : ` as ${ids[number]}`
      this.#problem(`message ${number} of round-client ${key} (${way}) was acknowledged${id} and is lost`)
    }
  }

  #findDisorder(key: string, { way }: ClientReport): void {
    let before = NONE
    for (const [number, id] of this.#seen.get(key)?.entries() ?? []) {
      if (id === NONE) continue
      if (id < before)
        this.#problem(`message ${number} of round-client ${key} (${way}) has id ${id}: no growth`)
      before = id
    }
  }

  #findRoundsDisorder(): void {
    let before = NONE
    this.#rounds.forEach(({ lowest, highest }, round) => {
      if (lowest < before) this.#problem(`round ${round} has id ${lowest}, and one before it ${before}`)
      before = Math.max(before, highest)
    })
  }

  #findReplies(key: string, { way, refusals, problems }: ClientReport): void {
    const replies = this.#options.allowsRefusals ? problems : [...refusals, ...problems]
    for (const reply of replies) this.#problem(`round-client ${key} (${way}) was answered: ${reply}`)
  }

  #problem(text: string): void {
    this.#problemCount++
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(text)
  }
}

const printName = ({ round, client, number }: MessageName): string =>
  `message ${number} of client ${client} in round ${round}`

const SHOWN_BYTES_MAX = 120

function shown(message: Buffer): string {
  const text = JSON.stringify(message.toString('latin1', 0, SHOWN_BYTES_MAX))
  return message.length > SHOWN_BYTES_MAX ? `${text} … (${message.length} bytes)` : text
}
