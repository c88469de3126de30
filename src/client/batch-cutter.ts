/**
 * Gathers records of many sends into batches of a bounded size, and gives every batch an id that no other batch of any
 * client has. A record that is longer than a batch travels alone.
 */
import type { ClientLimits } from './client-options.ts'
import type { OutgoingBatch, Share } from './outgoing-batch.ts'
import type { RecordText } from './record-text.ts'
import type { SendTicket } from './send-ticket.ts'

/** What a record takes in memory besides its text, roughly. */
const RECORD_OVERHEAD_BYTES = 64

export function heldBytesOf(records: readonly RecordText[]): number {
  return records.reduce((total, { bytes }) => total + bytes + RECORD_OVERHEAD_BYTES, 0)
}

/** Gives out ids and places in the order of sending. One for all cutters of a client. */
export class BatchNumbers {
  readonly #prefix: string
  #last = 0

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  next(): { readonly id: string; readonly sequence: number } {
    this.#last++
    return { id: `${this.#prefix}-${this.#last}`, sequence: this.#last }
  }
}

export class BatchCutter {
  readonly #limits: Pick<ClientLimits, 'batchBytesMax' | 'batchRecordsMax'>
  readonly #numbers: BatchNumbers
  #texts: string[] = []
  #shares: Share[] = []
  #bytes = 0

  constructor(limits: Pick<ClientLimits, 'batchBytesMax' | 'batchRecordsMax'>, numbers: BatchNumbers) {
    this.#limits = limits
    this.#numbers = numbers
  }

  get records(): number {
    return this.#texts.length
  }

  /** Takes all records of a send; the batches that became full, in order. */
  add(ticket: SendTicket, records: readonly RecordText[]): OutgoingBatch[] {
    const full: OutgoingBatch[] = []
    records.forEach((record, index) => {
      if (!this.#hasRoomFor(record)) full.push(...this.cut())
      this.#add(ticket, index, record)
    })
    return full
  }

  /** What has gathered, as a batch; none when that is nothing. */
  cut(): OutgoingBatch[] {
    if (this.#texts.length === 0) return []
    const batch: OutgoingBatch = {
      ...this.#numbers.next(),
      count: this.#texts.length,
      body: Buffer.from(this.#texts.join(',')),
      heldBytes: this.#bytes + this.#texts.length * (RECORD_OVERHEAD_BYTES - 1),
      shares: this.#shares,
      spilled: null,
      tries: 0,
    }
    this.#texts = []
    this.#shares = []
    this.#bytes = 0
    return [batch]
  }

  #hasRoomFor({ bytes }: RecordText): boolean {
    const { batchBytesMax, batchRecordsMax } = this.#limits
    return this.#texts.length < batchRecordsMax && this.#bytes + bytes <= batchBytesMax
  }

  #add(ticket: SendTicket, index: number, { json, bytes }: RecordText): void {
    const last = this.#shares.at(-1)
    if (last?.ticket === ticket && last.first + last.count === index) last.count++
    else this.#shares.push({ ticket, first: index, count: 1 })
    this.#texts.push(json)
    // One more for the comma.
    this.#bytes += bytes + 1
  }
}
