/** The books of one client of a crash round: what it sent, what of it was acknowledged, and what else it was told. */
import { type ClientReport, messageOf, type SenderTask, type SendingWay } from './crash-ways.ts'

const SHOWN_MAX = 3
const SHOWN_LENGTH_MAX = 200

export class CrashLedger {
  readonly task: SenderTask
  readonly client: number
  readonly way: SendingWay
  readonly #onAcknowledged: (count: number) => void
  readonly #ids: number[] = []
  readonly #refusals: string[] = []
  readonly #problems: string[] = []
  #sent = 0
  #acknowledged = 0

  constructor(task: SenderTask, index: number, onAcknowledged: (count: number) => void) {
    this.task = task
    this.client = task.clients[index].client
    this.way = task.clients[index].way
    this.#onAcknowledged = onAcknowledged
  }

  get sent(): number {
    return this.#sent
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** After a refusal nothing more is sent. */
  get isRefused(): boolean {
    return this.#refusals.length > 0
  }

  /** The next messages; they count as sent. */
  take(count: number): Buffer[] {
    const { way, client, task } = this
    return Array.from({ length: count }, () =>
      messageOf(way, { round: task.round, client, number: this.#sent++ }),
    )
  }

  /** The oldest that were not acknowledged are, with these ids where they are told. */
  acknowledge(count: number, ids: readonly number[] = []): void {
    if (this.isRefused) this.problem('acknowledged after a refusal')
    if (this.#acknowledged + count > this.#sent) this.problem('acknowledged before it was sent')
    this.#acknowledged += count
    this.#ids.push(...ids)
    this.#onAcknowledged(count)
  }

  refuse(reason: string): void {
    this.#refusals.push(shown(reason))
  }

  /** What should never have come. */
  problem(text: string): void {
    this.#problems.push(shown(text))
  }

  report(): ClientReport {
    return {
      client: this.client,
      way: this.way,
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      ids: this.#ids,
      refusals: this.#refusals.slice(0, SHOWN_MAX),
      problems: this.#problems.slice(0, SHOWN_MAX),
    }
  }
}

const shown = (text: string): string => text.slice(0, SHOWN_LENGTH_MAX)
