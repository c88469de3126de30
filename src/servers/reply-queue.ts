/**
 * What a log session owes its peer, in the order in which it was asked.
 *
 * A turn is the answer to a stretch of input: to a batch that must be durable first, or to a line that needs no
 * record. The next turn is only told when all turns before it are; so a PONG says that everything before it is
 * stored, plain lines included. Turns hold reply codes, one byte each; bytes are made when they can be sent.
 */
import type { LogRefusal } from '../ingest/ingest.ts'
import { TurnQueue } from './turn-queue.ts'

/** Where the records of a turn are. Without records it is `settled` at once. */
export type TurnState = 'storing' | 'waiting' | 'settled'

/** What a reply that is made later is charged with. */
const PRINTED_BYTES = 1024

export class Turn {
  state: TurnState
  /** Reply codes, or null where `print` makes the reply. */
  readonly codes: Uint8Array | null
  /** Made when its turn comes, so that it knows what came before. */
  readonly print: (() => Uint8Array) | null
  /** Records of this turn. */
  readonly count: number
  /** Whether its records were plain lines, which have no reply of their own. */
  readonly isPlain: boolean
  /** A copy of the batch of plain lines, for as long as a full store may ask for it again. */
  plainBatch: Uint8Array | null
  /** What it is charged with until it is settled. */
  readonly batchBytes: number
  /** What it is charged with until it is told. */
  readonly replyBytes: number
  /** The id of the first record, once it is stored. */
  firstId = 0
  /** Why nothing of it was stored. */
  refusal: LogRefusal | null = null

  constructor(turn: {
    readonly codes?: Uint8Array
    readonly print?: () => Uint8Array
    readonly count?: number
    readonly isPlain?: boolean
    readonly plainBatch?: Uint8Array | null
    readonly batchBytes?: number
  }) {
    this.codes = turn.codes ?? null
    this.print = turn.print ?? null
    this.count = turn.count ?? 0
    this.isPlain = turn.isPlain ?? false
    this.plainBatch = turn.plainBatch ?? null
    this.batchBytes = turn.batchBytes ?? 0
    this.replyBytes = this.codes?.length ?? PRINTED_BYTES
    this.state = this.count > 0 ? 'storing' : 'settled'
  }

  settle(outcome: { readonly firstId: number } | { readonly refusal: LogRefusal }): void {
    this.state = 'settled'
    this.plainBatch = null
    if ('firstId' in outcome) this.firstId = outcome.firstId
    else this.refusal = outcome.refusal
  }
}

/** Its turns, in the order in which they are told. */
export class ReplyQueue extends TurnQueue<Turn> {
  /** The first turn whose plain lines wait for a store that was full. */
  firstWaiting(): Turn | undefined {
    return this.find(({ state }) => state === 'waiting')
  }
}
