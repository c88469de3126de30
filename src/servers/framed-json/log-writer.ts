/**
 * Records of framed JSON messages to the store. A message is one batch; a record that breaks a rule is refused on its
 * own, the others are stored. With a batch id the batch is stored once, however often it comes: which records are
 * refused follows from their content alone, so the ids of a repetition are those of the first time.
 */
import { hash } from 'node:crypto'
import { type Clock, CodedError, type ErrorCode, isCodedError } from '../../base/base.ts'
import { BatchEncoder, encodeRecord } from '../../record/record.ts'
import type { StoreGate } from '../store-gate.ts'
import { readRecord } from './record-payload.ts'

export interface LogWriterOptions {
  /** Bytes of one message (`record.bytesMax`). */
  readonly recordBytesMax: number
  /** Bytes of one batch (`storage.batchBytesMax`). */
  readonly batchBytesMax: number
  /** Of records that name no stream (`ingest.streamFields`). Default: none. */
  readonly streamFields?: readonly string[]
}

export interface LogOutcome {
  /** One for each record; null where it was refused. */
  readonly ids: readonly (number | null)[]
  readonly refused: readonly RefusedRecord[]
}

export interface RefusedRecord {
  readonly index: number
  readonly code: ErrorCode
  readonly reason: string
}

/** Records of one message: their ids, or why each was refused, must fit into one frame. */
export const BATCH_RECORDS_MAX = 20_000
/** Bytes of a batch id. */
export const BATCH_ID_BYTES_MAX = 200
/** Keeps batch ids apart from the keys of other protocols. */
const KEY_PREFIX = 'fj:'
/** Characters of a digest that stand in a key: 96 bits. */
const DIGEST_LENGTH = 16

export class JsonLogWriter {
  readonly #gate: StoreGate
  readonly #clock: Clock
  readonly #options: LogWriterOptions
  readonly #encoder = new BatchEncoder()
  #records = 0
  #refusedRecords = 0

  constructor(gate: StoreGate, clock: Clock, options: LogWriterOptions) {
    this.#gate = gate
    this.#clock = clock
    this.#options = options
  }

  /** Records that are durable, and those that were refused. */
  stats(): { readonly records: number; readonly refusedRecords: number } {
    return { records: this.#records, refusedRecords: this.#refusedRecords }
  }

  /**
   * Resolves when everything that was not refused is durable. BATCH_TOO_LARGE, STORE_FULL, STORE_READ_ONLY,
   * STORE_CLOSED: then nothing is stored.
   */
  async write(records: readonly unknown[], batchId: string | null): Promise<LogOutcome> {
    if (records.length > BATCH_RECORDS_MAX) {
      throw new CodedError('BATCH_TOO_LARGE', `Too many records: at most ${BATCH_RECORDS_MAX} in one batch`)
    }
    const refused = this.#encode(records, batchId)
    const count = this.#encoder.count
    const firstId = count === 0 ? 0 : await this.#append(this.#encoder.finish())
    this.#records += count
    this.#refusedRecords += refused.length
    return { ids: idsOf(records.length, refused, firstId), refused }
  }

  #encode(records: readonly unknown[], batchId: string | null): RefusedRecord[] {
    const encoder = this.#encoder
    const now = this.#now()
    const refused: RefusedRecord[] = []
    encoder.reset(now.ms, now.ns)
    if (batchId !== null) encoder.setKey(keyOf(batchId, records))
    for (let index = 0; index < records.length; index++) {
      try {
        encodeRecord(encoder, readRecord(records[index]), now, this.#options)
      } catch (error) {
        refused.push(refusedRecord(index, error))
      }
      this.#checkBatchBytes()
    }
    return refused
  }

  #checkBatchBytes(): void {
    const { batchBytesMax } = this.#options
    if (this.#encoder.position <= batchBytesMax) return
    throw new CodedError(
      'BATCH_TOO_LARGE',
      `The records do not fit into one batch: at most ${batchBytesMax} bytes`,
    )
  }

  async #append(batch: Uint8Array): Promise<number> {
    try {
      const firstId = await this.#gate.append(batch)
      this.#gate.storeTook()
      return firstId
    } catch (error) {
      if (isCodedError(error, 'STORE_FULL')) this.#gate.storeRefused()
      throw error
    }
  }

  #now(): { readonly ms: number; readonly ns: number } {
    const nowMs = this.#clock.wallMs()
    const ms = Math.floor(nowMs)
    return { ms, ns: Math.min(999_999, Math.floor((nowMs - ms) * 1_000_000)) }
  }
}

/**
 * The id counts together with what is in the batch: a sender that gives an id a second time (a counter that began
 * anew) must not be told that other records are stored.
 */
function keyOf(batchId: string, records: readonly unknown[]): Buffer {
  const digest = hash('sha256', JSON.stringify(records), 'base64url').slice(0, DIGEST_LENGTH)
  return Buffer.from(`${KEY_PREFIX}${batchId}#${digest}`)
}

function refusedRecord(index: number, error: unknown): RefusedRecord {
  if (!isCodedError(error)) throw error
  return { index, code: error.code, reason: error.message }
}

function idsOf(count: number, refused: readonly RefusedRecord[], firstId: number): (number | null)[] {
  const ids: (number | null)[] = []
  let nextId = firstId
  let next = 0
  for (let index = 0; index < count; index++) {
    const isRefused = refused[next]?.index === index
    ids.push(isRefused ? null : nextId++)
    if (isRefused) next++
  }
  return ids
}
