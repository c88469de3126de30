/**
 * A batch on its way: the records as bytes, the id under which the server stores it once, and who waits for which of
 * its records. Its id and its bytes never change, however often it is sent.
 */
import type { Acknowledgement, Refusal } from './answers.ts'
import type { SendTicket } from './send-ticket.ts'
import type { SpilledBatch } from './spill-file.ts'

/** Records of one ticket that follow each other in a batch: `count` of them, from `first` on in the ticket. */
export interface Share {
  readonly ticket: SendTicket
  readonly first: number
  count: number
}

export interface OutgoingBatch {
  readonly id: string
  /** Batches are sent, and sent again, in this order. */
  readonly sequence: number
  readonly count: number
  /** JSON objects with commas between them. */
  readonly body: Uint8Array
  /** What it takes of `memoryBytesMax`. */
  readonly heldBytes: number
  /** Empty for a batch from a spill file. */
  readonly shares: readonly Share[]
  /** The spilled batch that this one is, or is a piece of. */
  readonly spilled: SpilledBatch | null
  /** How often it was sent. */
  tries: number
}

/** Nobody waits for any of its records any more, and no file keeps them. */
export function isAbandoned(batch: OutgoingBatch): boolean {
  return batch.spilled === null && batch.shares.every(({ ticket }) => ticket.isDone)
}

/** Tells every ticket its outcomes. */
export function settleBatch(batch: OutgoingBatch, { ids, refused }: Acknowledgement): void {
  const refusals = new Map(refused.map((refusal) => [refusal.index, refusal]))
  let at = 0
  for (const { ticket, first, count } of batch.shares) {
    for (let index = first; index < first + count; index++, at++) {
      const refusal = refusals.get(at)
      if (refusal === undefined) ticket.settle(index, ids[at])
      else ticket.refuse(index, refusal)
    }
  }
}

/** All of its records refused for one reason. */
export function refuseWhole(batch: OutgoingBatch, refusal: Omit<Refusal, 'index'>): Acknowledgement {
  const refused = Array.from({ length: batch.count }, (_, index) => ({ ...refusal, index }))
  return { ids: new Array(batch.count).fill(null), refused }
}

/** The records as values, for those who are told of a refusal. */
export function recordsOf(batch: OutgoingBatch): unknown[] {
  return JSON.parse(`[${Buffer.from(batch.body).toString()}]`)
}

/**
 * Two batches instead of one that is too large for the server. Their ids follow from its id, so that a batch that is
 * split again after a restart is the same two batches.
 */
export function splitBatch(batch: OutgoingBatch): readonly [OutgoingBatch, OutgoingBatch] {
  const records = recordsOf(batch)
  const middle = Math.ceil(batch.count / 2)
  const heldBytes = Math.ceil(batch.heldBytes / 2)
  const [early, late] = splitShares(batch.shares, middle)
  return [
    { ...batch, ...piece(batch, 0, records.slice(0, middle)), shares: early, heldBytes },
    {
      ...batch,
      ...piece(batch, 1, records.slice(middle)),
      shares: late,
      heldBytes: batch.heldBytes - heldBytes,
    },
  ]
}

function piece(
  { id, sequence }: OutgoingBatch,
  half: 0 | 1,
  records: readonly unknown[],
): Pick<OutgoingBatch, 'id' | 'sequence' | 'count' | 'body' | 'tries'> {
  const body = Buffer.from(records.map((record) => JSON.stringify(record)).join(','))
  return { id: `${id}.${half}`, sequence: sequence + half / 2, count: records.length, body, tries: 0 }
}

function splitShares(shares: readonly Share[], middle: number): readonly [Share[], Share[]] {
  const early: Share[] = []
  const late: Share[] = []
  let room = middle
  for (const { ticket, first, count } of shares) {
    const taken = Math.min(count, room)
    if (taken > 0) early.push({ ticket, first, count: taken })
    if (taken < count) late.push({ ticket, first: first + taken, count: count - taken })
    room -= taken
  }
  return [early, late]
}
