/**
 * Records for tests of stores: how they are written down, made into batches, and read back out of blocks. A record that
 * was read is one line of text that has everything in it, so that two can be compared with one assertion.
 */
import assert from 'node:assert/strict'
import { type ErrorCode, isCodedError } from '../base/base.ts'
import {
  BatchEncoder,
  type Block,
  type Column,
  FIELD_STRING,
  FIELD_TRUE,
  RECORD_FLAG_TRUNCATED,
} from '../record/record.ts'
import type { ScanRequest, Snapshot, Store } from '../storage/storage.ts'

/** What clocks of tests show, and when batches of tests were received. */
export const SAMPLE_WALL_MS = Date.UTC(2027, 0, 15)

export interface SampleField {
  readonly name: string
  readonly value?: string | Uint8Array
  /** FIELD_*, a string by default. */
  readonly kind?: number
  /** Stream fields come first. */
  readonly isStream?: boolean
}

export interface SampleRecord {
  readonly message: string | Uint8Array
  /** Default: when the batch was received. */
  readonly timeMs?: number
  readonly timeNs?: number
  readonly severity?: number
  readonly flags?: number
  readonly levelWord?: string | Uint8Array
  readonly fields?: readonly SampleField[]
}

export interface SampleBatch {
  readonly records: readonly SampleRecord[]
  /** Default SAMPLE_WALL_MS. */
  readonly receivedMs?: number
  readonly receivedNs?: number
  readonly key?: string | Uint8Array
  readonly shared?: readonly SampleField[]
}

const utf8 = new TextEncoder()
export const bytesOf = (value: string | Uint8Array = ''): Uint8Array =>
  typeof value === 'string' ? utf8.encode(value) : value
export const latin1 = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString('latin1')

/** The canonical bytes of a batch, as an array of its own. */
export function encodeSample(batch: SampleBatch, encoder: BatchEncoder = new BatchEncoder()): Uint8Array {
  const receivedMs = batch.receivedMs ?? SAMPLE_WALL_MS
  encoder.reset(receivedMs, batch.receivedNs ?? 0)
  if (batch.key !== undefined) encoder.setKey(bytesOf(batch.key))
  for (const { name, value, kind, isStream } of batch.shared ?? []) {
    encoder.shareField(name, bytesOf(value), kind ?? FIELD_STRING, isStream ?? false)
  }
  for (const record of batch.records) {
    encoder.beginRecord()
    const message = bytesOf(record.message)
    encoder.putMessage(message, 0, message.length)
    if (record.levelWord !== undefined) encoder.putLevelWord(bytesOf(record.levelWord))
    for (const { name, value, kind, isStream } of record.fields ?? []) {
      encoder.putField(utf8.encode(name), bytesOf(value), kind ?? FIELD_STRING, isStream ?? false)
    }
    const { severity = 0, flags = 0, timeMs = receivedMs, timeNs = 0 } = record
    encoder.endRecord(severity, flags, timeMs, timeNs)
  }
  return encoder.finish().slice()
}

/** A batch of records that are nothing but these messages. */
export const messages = (...texts: readonly string[]): SampleBatch => ({
  records: texts.map((message) => ({ message })),
})

/** A record of a store: its id, its time, and all that it says as text, so that two can be compared. */
export interface FoundRecord {
  readonly id: number
  readonly timeMs: number
  readonly text: string
}

type TextField = readonly [name: string, kind: number, value: string, isStream: boolean]

function textOf(record: Omit<SampleRecord, 'fields'>, timeMs: number, fields: readonly TextField[]): string {
  const { message, timeNs = 0, severity = 0, flags = 0, levelWord = '' } = record
  const sorted = [...fields].sort((a, b) => (a[0] < b[0] ? -1 : 1))
  return JSON.stringify([
    timeMs,
    timeNs,
    severity,
    flags,
    latin1(bytesOf(levelWord)),
    latin1(bytesOf(message)),
    sorted,
  ])
}

/** What each record of the batch must be read back as: own fields win over shared ones, the first of a name wins. */
export function expectedTexts(batch: SampleBatch): string[] {
  return batch.records.map((record) => {
    const fields = new Map<string, TextField>()
    const own = record.fields ?? []
    const isStream = (name: string): boolean =>
      [...own, ...(batch.shared ?? [])].some((field) => field.name === name && field.isStream === true)
    for (const { name, kind = FIELD_STRING, value } of [...own, ...(batch.shared ?? [])]) {
      if (!fields.has(name)) fields.set(name, [name, kind, latin1(bytesOf(value)), isStream(name)])
    }
    if (((record.flags ?? 0) & RECORD_FLAG_TRUNCATED) !== 0) {
      fields.set('_truncated', ['_truncated', FIELD_TRUE, 'true', false])
    }
    return textOf(record, record.timeMs ?? batch.receivedMs ?? SAMPLE_WALL_MS, [...fields.values()])
  })
}

export const cell = ({ data, starts, lengths }: Column, row: number): Uint8Array =>
  data.subarray(starts[row], starts[row] + lengths[row])

/** The rows of a block as text. */
export function readBlock(block: Block): FoundRecord[] {
  const { message, levelWords } = block
  // Each is asked for once: most of them are made when they are.
  const columns = new Map<string, Column>()
  const columnOf = (name: string): Column => {
    const column = columns.get(name) ?? block.field(name)
    assert.ok(column !== null, `the block has no column ${name}`)
    columns.set(name, column)
    return column
  }
  return Array.from({ length: block.rowCount }, (_, row) => {
    const streams = new Set(block.streamFieldNamesOf(row))
    const fields = block.fieldNamesOf(row).map((name): TextField => {
      const column = columnOf(name)
      return [name, column.kinds?.[row] ?? FIELD_STRING, latin1(cell(column, row)), streams.has(name)]
    })
    const record = {
      message: cell(message, row),
      timeNs: block.timesNs[row],
      severity: block.severities[row],
      flags: block.flags[row],
      levelWord: cell(levelWords, row),
    }
    return {
      id: block.ids[row],
      timeMs: block.timesMs[row],
      text: textOf(record, block.timesMs[row], fields),
    }
  })
}

/** All rows that a scan hands out, in its order. Holds it to what every scan promises. */
export async function scanRows(snapshot: Snapshot, request: ScanRequest = {}): Promise<FoundRecord[]> {
  const found: FoundRecord[] = []
  let restTimeMsMax = Number.POSITIVE_INFINITY
  for await (const scanned of snapshot.scan(request)) {
    const { block } = scanned
    assert.ok(block.rowCount > 0, 'a block without rows')
    for (let row = 0; row < block.rowCount; row++) {
      assert.ok(row === 0 || block.ids[row] > block.ids[row - 1], 'ids ascend within a block')
      assert.ok(block.ids[row] < snapshot.fenceId, `id ${block.ids[row]} is not below the fence`)
      assert.ok(block.timesMs[row] <= restTimeMsMax, `a time above the bound ${restTimeMsMax}`)
      assert.ok(
        block.timesMs[row] >= block.timeMsMin && block.timesMs[row] <= block.timeMsMax,
        'a time out of range',
      )
    }
    restTimeMsMax = scanned.restTimeMsMax
    found.push(...readBlock(block))
  }
  return found
}

/** Everything in the store, by id. */
export async function readStore(store: Store, request: ScanRequest = {}): Promise<FoundRecord[]> {
  using snapshot = store.snapshot()
  const found = await scanRows(snapshot, request)
  return found.sort((a, b) => a.id - b.id)
}

/** The messages in the store, by id. */
export async function readMessages(store: Store, request: ScanRequest = {}): Promise<Record<number, string>> {
  const found = await readStore(store, request)
  return Object.fromEntries(found.map(({ id, text }) => [id, messageOfText(text)]))
}

export const messageOfText = (text: string): string => String(JSON.parse(text)[5])

/** Appends, and says under which ids the records must be found. */
export async function appendSample(store: Store, batch: SampleBatch): Promise<FoundRecord[]> {
  const firstId = await store.append(encodeSample(batch))
  const times = batch.records.map((record) => record.timeMs ?? batch.receivedMs ?? SAMPLE_WALL_MS)
  return expectedTexts(batch).map((text, at) => ({ id: firstId + at, timeMs: times[at], text }))
}

export const hasCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    isCodedError(error, code)

/** Follows a tail until it is told to stop; what it saw can be waited for. */
export class Follower {
  readonly seen: FoundRecord[] = []
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>
  #waiters: { readonly count: number; readonly resolve: () => void }[] = []
  #isEnded = false

  constructor(store: Store, afterId?: number) {
    this.#ended = this.#follow(store.tail({ afterId, signal: this.#stop.signal })).finally(() =>
      this.#wakeAll(),
    )
    this.#ended.catch(() => {})
  }

  async #follow(blocks: AsyncIterable<Block>): Promise<void> {
    for await (const block of blocks) {
      this.seen.push(...readBlock(block))
      this.#wake()
    }
  }

  /** Resolves when so many records were seen, or the tail ended. */
  async until(count: number): Promise<FoundRecord[]> {
    if (this.seen.length < count && !this.#isEnded) {
      await new Promise<void>((resolve) => this.#waiters.push({ count, resolve }))
    }
    return this.seen
  }

  /** Aborts the tail and waits for its end. */
  stop(): Promise<void> {
    this.#stop.abort()
    return this.#ended
  }

  /** Resolves when the tail ended by itself. */
  ended(): Promise<void> {
    return this.#ended
  }

  #wake(): void {
    const waiting = this.#waiters
    this.#waiters = waiting.filter(({ count }) => count > this.seen.length)
    for (const { count, resolve } of waiting) if (count <= this.seen.length) resolve()
  }

  #wakeAll(): void {
    this.#isEnded = true
    for (const { resolve } of this.#waiters) resolve()
  }
}
