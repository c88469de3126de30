/**
 * Live tails: one feed reads what is published, and evaluates each distinct query once per group; its subscribers get
 * the rows through queues of their own. A queue has a bound; what does not fit becomes a gap, which says which ids and
 * how many rows were left out, so that what was delivered and what was not always add up. The rows of one record are
 * delivered together, or are in the gap together: where a gap or a row ends, a reader can resume.
 *
 * Who has room may have rows shown: those that wait, many at once, and, where none do, each as it is found: no object, no
 * promise, no place in a queue for it.
 *
 * Who resumes after an id reads alone, and no faster than it takes the rows: what is stored can wait. It gets no gaps,
 * holds no memory but its queue.
 *
 * All of it gives way to others after some milliseconds of work: however many tails there are, records go on being
 * stored. A feed that does not keep up reads what it has not seen from the store.
 */
import { type Bitset, CodedError } from '../base/base.ts'
import { LiveBlock, printQuery, type Query, type RowVisitor, visitRows } from '../query/query.ts'
import type { Block } from '../record/record.ts'
import type { Store } from '../storage/storage.ts'
import type { TailItem } from './hub-api.ts'
import { Subscriber, type TailCounters } from './live-tail-subscriber.ts'

const QUEUE_ROWS_MAX = 10_000
/** Distinct queries that are evaluated on everything that comes in. */
const QUERIES_MAX = 1000
/** Work without a pause. */
const TURN_MS = 5

export interface SubscribeOptions {
  readonly afterId?: number
  readonly signal?: AbortSignal
  readonly queueRowsMax?: number
}

export class LiveTails {
  readonly #store: Store
  readonly #counters: TailCounters
  readonly #nowMs: () => number
  readonly #audiences = new Map<string, Audience>()
  #feed: Feed | null = null
  #queries = 0

  /** `nowMs` is asked how long turns take. */
  constructor(store: Store, counters: TailCounters, nowMs: () => number = () => performance.now()) {
    this.#store = store
    this.#counters = counters
    this.#nowMs = nowMs
  }

  /** How many queries are evaluated on what comes in. */
  get queries(): number {
    return this.#queries
  }

  /** Subscribes at once; rows wait in the queue until they are iterated. */
  subscribe(query: Query, options: SubscribeOptions): AsyncIterable<TailItem> {
    const { afterId, signal } = options
    const fromId = afterId === undefined ? this.#store.stats().fenceId : afterId + 1
    const queue = new Subscriber(fromId, options.queueRowsMax ?? QUEUE_ROWS_MAX, this.#counters)
    const audience = afterId === undefined ? this.#join(query) : this.#resume(query, afterId)
    audience.add(queue)
    this.#counters.tails++
    const leave = (): void => {
      if (!audience.remove(queue)) return
      this.#counters.tails--
      signal?.removeEventListener('abort', leave)
    }
    signal?.addEventListener('abort', leave)
    if (signal?.aborted) leave()
    return queue.items(leave)
  }

  /** Those who ask the same, and hear it from the feed. */
  #join(query: Query): Audience {
    const key = printQuery(query)
    const known = this.#audiences.get(key)
    if (known !== undefined) return known
    this.#countQuery()
    const feed = this.#feed ?? this.#startFeed()
    const audience = new Audience(query, () => {
      this.#queries--
      this.#audiences.delete(key)
      feed.remove(audience)
      if (feed.isEmpty && this.#feed === feed) this.#feed = null
    })
    this.#audiences.set(key, audience)
    feed.add(audience)
    return audience
  }

  #startFeed(): Feed {
    const feed = new Feed(this.#store, new Turns(this.#nowMs))
    this.#feed = feed
    feed.start()
    return feed
  }

  /** It reads alone: the others are further on. */
  #resume(query: Query, afterId: number): Audience {
    this.#countQuery()
    const stop = new AbortController()
    const audience = new Audience(query, () => {
      this.#queries--
      stop.abort()
    })
    new Resumed(this.#store, audience, stop.signal, new Turns(this.#nowMs)).start(afterId)
    return audience
  }

  /** QUERY_TOO_LARGE when there are too many already. */
  #countQuery(): void {
    if (this.#queries >= QUERIES_MAX) {
      throw new CodedError(
        'QUERY_TOO_LARGE',
        `There are ${QUERIES_MAX} different tails already, which is the most.`,
      )
    }
    this.#queries++
  }
}

/** Work in turns of some milliseconds. */
class Turns {
  readonly #nowMs: () => number
  #beganMs: number

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#beganMs = nowMs()
  }

  begin(): void {
    this.#beganMs = this.#nowMs()
  }

  get isOver(): boolean {
    return this.#nowMs() - this.#beganMs > TURN_MS
  }

  /** Lets others work, where this turn is over. */
  readonly pause = async (): Promise<void> => {
    if (this.isOver) await this.rest()
  }

  /** One turn of the event loop: blocks from memory would keep it from turning. */
  async rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.begin()
  }
}

/** The subscribers of one query. Ends with the last of them. */
class Audience {
  readonly query: Query
  readonly #subscribers = new Set<Subscriber>()
  readonly #onEnd: () => void
  #isEnded = false
  readonly #visitor: RowVisitor = {
    wants: (id) => this.#wants(id),
    row: (id, row) => {
      for (const subscriber of this.#subscribers) subscriber.push(id, row)
    },
  }

  constructor(query: Query, onEnd: () => void) {
    this.query = query
    this.#onEnd = onEnd
  }

  add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber)
  }

  /** False when it had left before. */
  remove(subscriber: Subscriber): boolean {
    if (!this.#subscribers.delete(subscriber)) return false
    subscriber.leave()
    if (this.#subscribers.size === 0) this.#end()
    return true
  }

  close(error: unknown): void {
    this.#end()
    for (const subscriber of this.#subscribers) subscriber.close(error)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Some subscriber has room. */
  get hasRoom(): boolean {
    for (const subscriber of this.#subscribers) if (!subscriber.isFull) return true
    return false
  }

  async room(): Promise<void> {
    for (const subscriber of this.#subscribers) await subscriber.room()
  }

  /** Hands out what matches; null where nothing does. A visitor of one's own has a say first. */
  deliver(
    live: LiveBlock,
    turns: Turns,
    around: (visitor: RowVisitor) => RowVisitor = (visitor) => visitor,
  ): Promise<void> | null {
    const found = live.matchInTurns(this.query, turns.pause)
    return found === null ? null : this.#handOut(live, found, turns, around(this.#visitor))
  }

  async #handOut(
    live: LiveBlock,
    found: Bitset | Promise<Bitset | null>,
    turns: Turns,
    visitor: RowVisitor,
  ): Promise<void> {
    const matches = found instanceof Promise ? await found : found
    if (matches === null) return
    for (const _ of visitRows(this.query, live, matches, visitor)) if (turns.isOver) await turns.rest()
  }

  #wants(id: number): boolean | 'passing' {
    let isWanted: boolean | 'passing' = false
    for (const subscriber of this.#subscribers) {
      const wanted = subscriber.begin(id)
      if (isWanted === false || wanted === true) isWanted = wanted || isWanted
    }
    return isWanted
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#onEnd()
  }
}

/** Reads what is published, once for all queries. Ends with the last of them. */
class Feed {
  readonly #store: Store
  readonly #turns: Turns
  readonly #stop = new AbortController()
  readonly #audiences = new Set<Audience>()
  /** Of the audiences; null where they have changed. */
  #queries: readonly Query[] | null = null

  constructor(store: Store, turns: Turns) {
    this.#store = store
    this.#turns = turns
  }

  start(): void {
    this.#run().then(
      () => this.#close(null),
      (error: unknown) => this.#close(error),
    )
  }

  add(audience: Audience): void {
    this.#audiences.add(audience)
    this.#queries = null
  }

  remove(audience: Audience): void {
    this.#audiences.delete(audience)
    this.#queries = null
    if (this.isEmpty) this.#stop.abort()
  }

  get isEmpty(): boolean {
    return this.#audiences.size === 0
  }

  async #run(): Promise<void> {
    for await (const block of this.#store.tail({ signal: this.#stop.signal })) {
      this.#turns.begin()
      this.#queries ??= Array.from(this.#audiences, ({ query }) => query)
      const live = new LiveBlock(block, this.#queries)
      // Who joins meanwhile wants nothing of this block, and who leaves gets nothing more.
      for (const audience of this.#audiences) {
        const delivered = this.#deliver(audience, live)
        if (delivered !== null) await delivered
        if (this.#turns.isOver) await this.#turns.rest()
      }
    }
  }

  /** What goes wrong with one query ends that one. */
  #deliver(audience: Audience, live: LiveBlock): Promise<void> | null {
    try {
      return audience.deliver(live, this.#turns)?.catch((error: unknown) => audience.close(error)) ?? null
    } catch (error) {
      audience.close(error)
      return null
    }
  }

  #close(error: unknown): void {
    for (const audience of this.#audiences) audience.close(error)
  }
}

/** Reads for one subscriber from an id on, no faster than it takes the rows. */
class Resumed {
  readonly #store: Store
  readonly #audience: Audience
  readonly #signal: AbortSignal
  readonly #turns: Turns

  constructor(store: Store, audience: Audience, signal: AbortSignal, turns: Turns) {
    this.#store = store
    this.#audience = audience
    this.#signal = signal
    this.#turns = turns
  }

  start(afterId: number): void {
    this.#run(afterId).then(
      () => this.#audience.close(null),
      (error: unknown) => this.#audience.close(error),
    )
  }

  /** Where the queue is full it lets go of what it reads, and begins there again when there is room. */
  async #run(afterId: number): Promise<void> {
    for (let from: number | null = afterId; from !== null; ) {
      from = await this.#followTo(from)
      await this.#audience.room()
    }
  }

  /** The last id that was delivered or does not match, when the queue became full; null at the end. */
  async #followTo(afterId: number): Promise<number | null> {
    for await (const block of this.#store.tail({ afterId, signal: this.#signal })) {
      const fullAtId = await this.#deliver(block)
      if (fullAtId !== null) return fullAtId - 1
      await this.#turns.rest()
    }
    return null
  }

  /** The id of the record for which there is no room; null when all was delivered. */
  async #deliver(block: Block): Promise<number | null> {
    let fullAtId: number | null = null
    const asLongAsThereIsRoom = (visitor: RowVisitor): RowVisitor => ({
      row: visitor.row,
      wants: (id) => {
        if (this.#audience.hasRoom) return visitor.wants(id)
        if (!this.#audience.isEnded) fullAtId = id
        return null
      },
    })
    await this.#audience.deliver(new LiveBlock(block), this.#turns, asLongAsThereIsRoom)
    return fullAtId
  }
}
