/**
 * What came over UDP and was neither stored nor answered: counted by reason, and told to our own log, at most once a
 * minute. UDP cannot push back and has nobody to refuse to, so this table is where a loss shows.
 */
import type { Clock } from '../base/base.ts'

/** By reason, in the words of our own log. docs/protocols-udp.md quotes them all. */
export const UDP_DROPS = {
  notAllowed: 'datagrams from addresses that may not send here',
  notGranted: 'datagrams with records, which this port does not take',
  tooManyDatagrams: 'datagrams from addresses that sent too many a second',
  tooManyBytes: 'datagrams from addresses that sent too many bytes a second',
  otherProtocol: 'datagrams of another protocol than the one that the port is pinned to',
  gelf: 'GELF datagrams (not built yet)',
  queueFull: 'datagrams that came faster than the store takes records',
  answersFull: 'requests that came faster than they are answered',
  answerTooLong: 'answers that would be longer than three times their request',
  answerFailed: 'answers that could not be made or sent',
  storageReadOnly: 'records that a read-only store did not take',
  notStored: 'records that the store could not take',
  outOfTime: 'records that were not stored in the time that a stop may take',
  stopping: 'datagrams that came while the server stopped',
  kernel: 'datagrams that the kernel had no room for (docs/protocols-udp.md says what helps)',
} as const

export type UdpDrop = keyof typeof UDP_DROPS

const NAMES = Object.keys(UDP_DROPS) as UdpDrop[]
/** The first drop after a quiet time is told this late, so that it is told with those that follow it. */
const GATHER_MS = 1000
const PAUSE_MS = 60_000

export class UdpDrops {
  readonly #clock: Clock
  readonly #say: (message: string) => void
  readonly #counts = noDrops()
  #told = noDrops()
  /** When our own log was last told, and the timer for the next time. */
  #toldMs = Number.NEGATIVE_INFINITY
  #stopTimer: (() => void) | null = null

  constructor(clock: Clock, say: (message: string) => void) {
    this.#clock = clock
    this.#say = say
  }

  get counts(): Readonly<Record<UdpDrop, number>> {
    return { ...this.#counts }
  }

  count(reason: UdpDrop, count = 1): void {
    this.#counts[reason] += count
    if (this.#stopTimer !== null) return
    const pauseMs = this.#toldMs + PAUSE_MS - this.#clock.monotonicMs()
    this.#stopTimer = this.#clock.after(Math.max(GATHER_MS, pauseMs), () => this.#tell())
  }

  /** Tells now what was not told yet, and sets no timer any more. */
  close(): void {
    if (this.#stopTimer !== null) this.#tell()
  }

  #tell(): void {
    this.#stopTimer?.()
    this.#stopTimer = null
    this.#toldMs = this.#clock.monotonicMs()
    const news = NAMES.filter((name) => this.#counts[name] > this.#told[name]).map(
      (name) => `${UDP_DROPS[name]}: ${this.#counts[name] - this.#told[name]}`,
    )
    this.#told = { ...this.#counts }
    this.#say(`UDP: dropped ${news.join('; ')}`)
  }
}

function noDrops(): Record<UdpDrop, number> {
  return Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<UdpDrop, number>
}
