/**
 * Retention by rule: the first rule whose filter matches a record says how long it is kept; a record that none matches
 * is kept. Parts in which nothing can be kept any longer are dropped whole by the store itself (its `retentionMs` is the
 * longest `keepMs`); here the records of the other parts go by bitmap, each part at most once a day.
 *
 * A record counts by the larger of its time and its receivedTime; one that is filed by receivedTime, by that alone. What
 * could not be done is tried again at the next turn.
 */
import { Bitset, type Clock, type Disk, messageOf } from '../base/base.ts'
import { type Filter, RowMatcher } from '../query/query.ts'
import { type Block, RECORD_FLAG_FILED_BY_RECEIVED } from '../record/record.ts'
import { type ManifestPart, newestMs, type Store } from '../storage/storage.ts'
import { deleteFromPart } from './part-deletion.ts'

export interface RetentionRule {
  readonly keepMs: number
  /** Null: every record. */
  readonly filter: Filter | null
}

export interface RuleRetentionAround {
  readonly disk: Disk
  readonly clock: Clock
  readonly store: Store
  readonly rules: readonly RetentionRule[]
  /** After which the store drops parts whole; 0: never. */
  readonly retentionMs: number
}

const TURN_MS = 60_000
const DAY_MS = 86_400_000
const FILED = RECORD_FLAG_FILED_BY_RECEIVED

export class RuleRetention {
  deletedRecords = 0
  lastFailure: string | null = null
  readonly #around: RuleRetentionAround
  readonly #closing = new AbortController()
  /** By number of a part: when it was looked through, by the clock of retention. */
  #seen = new Map<number, number>()
  #running: Promise<void> = Promise.resolve()
  #cancel: () => void = () => {}

  constructor(around: RuleRetentionAround) {
    this.#around = around
    if (around.rules.length > 0) this.#running = this.#turn()
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#cancel()
    await this.#running
  }

  /** Never rejects. */
  async #turn(): Promise<void> {
    try {
      await this.#lookThrough()
      this.lastFailure = null
    } catch (error) {
      if (!this.#closing.signal.aborted) this.lastFailure = messageOf(error)
    }
    if (this.#closing.signal.aborted) return
    this.#cancel = this.#around.clock.after(TURN_MS, () => {
      this.#running = this.#turn()
    })
  }

  async #lookThrough(): Promise<void> {
    const { disk, store, rules, retentionMs } = this.#around
    // A store that lost something, or its disk, is left as it is.
    if (store.stats().state === 'readOnly') return
    const matchers = rules.map(({ filter }) => (filter === null ? null : new RowMatcher(filter)))
    const shortestMs = Math.min(...rules.map(({ keepMs }) => keepMs))
    const parts = store.maintenance.parts()
    const numbers = new Set(parts.map(({ number }) => number))
    this.#seen = new Map([...this.#seen].filter(([number]) => numbers.has(number)))
    for (const part of parts) {
      const { number } = part
      const nowMs = store.maintenance.retentionNowMs()
      const isSeen = (this.#seen.get(number) ?? Number.NEGATIVE_INFINITY) > nowMs - DAY_MS
      // What goes whole within a day is not worth a bitmap.
      const isGoing = retentionMs > 0 && newestMs(part.summary) < nowMs - retentionMs + DAY_MS
      if (isSeen || isGoing || oldestMs(part) >= nowMs - shortestMs) continue
      const deleted = await deleteFromPart({
        disk,
        store,
        number,
        request: {},
        select: (block, pause) => overdue(block, rules, matchers, nowMs, pause),
        signal: this.#closing.signal,
      })
      this.deletedRecords += deleted?.records ?? 0
      this.#seen.set(number, nowMs)
    }
  }
}

/** No record of the part counts as older than this. */
function oldestMs({ summary }: ManifestPart): number {
  const { day, receivedMsMin } = summary
  return Math.max(receivedMsMin, day === null ? Number.NEGATIVE_INFINITY : day * DAY_MS)
}

/** The rows whose rule is over. */
async function overdue(
  block: Block,
  rules: readonly RetentionRule[],
  matchers: readonly (RowMatcher | null)[],
  nowMs: number,
  pause: () => Promise<void>,
): Promise<Bitset> {
  const ages = countingTimes(block)
  const found = olderThan(ages, Number.NEGATIVE_INFINITY)
  const left = olderThan(ages, Number.POSITIVE_INFINITY)
  for (const [index, { keepMs }] of rules.entries()) {
    if (left.isEmpty()) break
    const matcher = matchers[index]
    const held = matcher === null ? left.copy() : (await matcher.match(block, pause)).and(left)
    left.andNot(held)
    found.or(held.and(olderThan(ages, nowMs - keepMs)))
  }
  return found
}

/** By row: the time that retention counts by, ms. */
function countingTimes({ timesMs, receivedMs, flags, rowCount }: Block): Float64Array {
  const counting = new Float64Array(rowCount)
  for (let row = 0; row < rowCount; row++) {
    const received = receivedMs[row]
    const time = timesMs[row]
    const isFiled = (flags[row] & FILED) !== 0 || time > received + DAY_MS
    counting[row] = isFiled || time < received ? received : time
  }
  return counting
}

function olderThan(ages: Float64Array, ms: number): Bitset {
  const rows = new Bitset(ages.length)
  for (let row = 0; row < ages.length; row++) if (ages[row] < ms) rows.set(row)
  return rows
}
