/**
 * Messages, errors and processing time, per type and per client. Clients are told apart by address and there is a
 * bound on them: who was not heard of for the longest is added to `others`, so that the sums stay right.
 */
export interface MessageCounts {
  messages: number
  /** Messages that were answered with an `error` frame. */
  errors: number
  /** From the frame's arrival to the end of its handler, ms in all. */
  processingMs: number
}

export interface MessageStats {
  readonly types: Readonly<Record<string, Readonly<MessageCounts>>>
  readonly clients: Readonly<Record<string, Readonly<MessageCounts>>>
  /** Clients that were forgotten. */
  readonly others: Readonly<MessageCounts>
}

const CLIENTS_MAX = 200

export class MessageCounters {
  readonly #clientsMax: number
  readonly #types = new Map<string, MessageCounts>()
  /** The one heard of last comes last. */
  readonly #clients = new Map<string, MessageCounts>()
  readonly #others = newCounts()

  constructor(clientsMax = CLIENTS_MAX) {
    this.#clientsMax = clientsMax
  }

  count(type: string, address: string, processingMs: number, isError: boolean): void {
    const one = { messages: 1, errors: isError ? 1 : 0, processingMs }
    addCounts(this.#ofType(type), one)
    addCounts(this.#ofClient(address), one)
  }

  stats(): MessageStats {
    return { types: objectOf(this.#types), clients: objectOf(this.#clients), others: rounded(this.#others) }
  }

  #ofType(type: string): MessageCounts {
    const known = this.#types.get(type)
    if (known !== undefined) return known
    const counts = newCounts()
    this.#types.set(type, counts)
    return counts
  }

  #ofClient(address: string): MessageCounts {
    const counts = this.#clients.get(address) ?? newCounts()
    this.#clients.delete(address)
    this.#clients.set(address, counts)
    if (this.#clients.size > this.#clientsMax) this.#forgetOldest()
    return counts
  }

  #forgetOldest(): void {
    const [oldest] = this.#clients
    addCounts(this.#others, oldest[1])
    this.#clients.delete(oldest[0])
  }
}

function newCounts(): MessageCounts {
  return { messages: 0, errors: 0, processingMs: 0 }
}

function addCounts(sum: MessageCounts, part: Readonly<MessageCounts>): void {
  sum.messages += part.messages
  sum.errors += part.errors
  sum.processingMs += part.processingMs
}

function objectOf(counts: ReadonlyMap<string, MessageCounts>): Record<string, MessageCounts> {
  return Object.fromEntries([...counts].map(([name, each]) => [name, rounded(each)]))
}

/** To microseconds. */
function rounded(counts: MessageCounts): MessageCounts {
  return { ...counts, processingMs: Math.round(counts.processingMs * 1000) / 1000 }
}
