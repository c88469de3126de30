/**
 * The way in: batches gather in a group, a group becomes a frame, one write and one sync at a time (rules R1, R3).
 * Not here: what a snapshot is (store-snapshot.ts), how a start finds what was written (recovery.ts).
 *
 * Invariants:
 *  - ids are given when a batch joins a group, groups are committed in that order, and a group that failed burns its ids.
 *  - nothing is published (visible) before its sync resolved, and no waiter is answered before it is published.
 *  - a segment whose sync failed is never synced again: it ends at its last durable byte (rule R19).
 */
import { assert, CodedError, type DiskFile, messageOf, systemErrorCode, writeAll } from '../base/base.ts'
import { ID_MAX, TIME_MS_MIN } from '../record/record.ts'
import { BufferMemory, type Chunk } from './buffer.ts'
import { FRAME_HEADER_BYTES, FRAME_PAYLOAD_BYTES_MAX, SEGMENT_HEADER_BYTES, sealFrame } from './frame.ts'
import { Group, readBatchFacts } from './group.ts'
import { batchKeyText, type KeyWindow } from './idempotency.ts'
import type { Manifest } from './manifest.ts'
import { SegmentEntry, type Span } from './segment-entry.ts'
import { createSegment, segmentName } from './segment-file.ts'
import type { AppendOptions } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** The segment that is written to. */
export interface ActiveSegment {
  readonly entry: SegmentEntry
  readonly file: DiskFile
  lastCrc: number
}

export interface LogAround extends Surroundings {
  readonly manifest: Manifest
  /** All segments, oldest first; this log adds to it. */
  readonly entries: SegmentEntry[]
  readonly nextId: number
  readonly keys: KeyWindow
  /** Does what a start has to write (re-homing, checkpoint); called again until it succeeds. */
  readonly settle: () => Promise<ActiveSegment | null>
  /** Called when a group is durable and visible, before its waiters hear of it. */
  readonly published: (group: Group) => void
  /** Called when the state changes. */
  readonly stateChanged: (state: LogState, reason: string | null) => void
  /** The largest receivedTime of records that lie in no segment any more. */
  readonly receivedMsMax: number
  /** Called when a segment was closed. */
  readonly segmentClosed: () => void
  /** Measures the room that is left on the disk; may make some first. */
  readonly freeBytes: () => Promise<number>
  /** Counts bytes that are about to be written; whether the room should be measured first. */
  readonly takesRoom: (byteCount: number) => boolean
  /** Whether so much waits to be sealed that writers should wait too. */
  readonly isBehind: () => boolean
}

export type LogState = 'writable' | 'full' | 'readOnly' | 'closed'

const STATE_CODES = {
  writable: 'STORE_CLOSED',
  closed: 'STORE_CLOSED',
  full: 'STORE_FULL',
  readOnly: 'STORE_READ_ONLY',
} as const

const SPACE_CHECK_MS = 1000
/** What a group may gather, and for how long, while more of the same is on its way. */
const HELD_BYTES_MAX = 1024 * 1024
const HELD_MS_MAX = 10
const FULL_CODES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const isFull = (error: unknown): boolean => FULL_CODES.has(systemErrorCode(error) ?? '')
const fullReason = (reason: string): string => `Log storage full: ${reason}`

/** A group's frame that is durable, and not published yet. */
interface WrittenFrame {
  readonly active: ActiveSegment
  readonly crc: number
}

export class WriteAheadLog {
  readonly memory: BufferMemory
  state: LogState = 'writable'
  reason: string | null = null
  appends = 0
  syncs = 0
  failedSyncs = 0
  repeatedBatches = 0
  readonly #around: LogAround
  #nextId: number
  /** Every id below it is durable and visible. */
  #fenceId: number
  #active: ActiveSegment | null = null
  /** A segment that is no longer written to, and that the manifest does not know as closed yet. */
  #unclosed: SegmentEntry | null = null
  #isSettled = false
  #highestSegment: number
  #gathering: Group | null = null
  /** Groups that are full and wait for their turn. */
  #waiting: Group[] = []
  /** The one that is written. */
  #inFlight: Group | null = null
  #pendingBytes = 0
  /** The largest receivedTime so far: what comes later is never below it (rule R23). */
  #receivedMs: number
  #receivedNs: number
  readonly #pendingKeys = new Map<string, Promise<number>>()
  #running: Promise<void> | null = null
  #cancelHurry: (() => void) | null = null
  #closing: Promise<void> | null = null
  #closeRequests: { resolve: () => void; reject: (error: unknown) => void }[] = []
  #writableWaiters: { resolve: () => void; reject: (error: unknown) => void }[] = []
  #cancelSpaceCheck: () => void = () => {}
  #checkingSpace: Promise<void> | null = null

  constructor(around: LogAround) {
    this.#around = around
    this.memory = new BufferMemory(around.options.bufferBytesMax)
    this.#nextId = around.nextId
    this.#fenceId = around.nextId
    this.#highestSegment = around.manifest.state.highestSegment
    this.#receivedMs = around.entries.reduce(
      (largest, entry) => Math.max(largest, entry.receivedMsMax),
      Math.max(TIME_MS_MIN, around.receivedMsMax),
    )
    this.#receivedNs = 999_999 // Segments tell milliseconds only.
  }

  get nextId(): number {
    return this.#nextId
  }

  get fenceId(): number {
    return this.#fenceId
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Makes the log ready for its first append, so that what cannot be written is known at the start. */
  async open(): Promise<void> {
    try {
      await this.#ensureActive(0)
    } catch (error) {
      if (!isFull(error)) throw error
      this.#becomeFull(messageOf(error))
    }
    await this.#checkSpace()
    this.#scheduleSpaceCheck()
  }

  /** Serves what is there and takes nothing. */
  openReadOnly(reason: string): void {
    this.#setState('readOnly', reason)
  }

  append(batch: Uint8Array, { isMoreComing = false }: AppendOptions = {}): Promise<number> {
    const refusal = this.#refusal(batch)
    if (refusal !== null) return Promise.reject(refusal)
    const facts = readBatchFacts(batch)
    if (typeof facts === 'string')
      return Promise.reject(new CodedError('BATCH_CORRUPT', `The batch is refused: ${facts}.`))
    // receivedTime never steps back in the order of ids (rule R23).
    const isLater =
      facts.receivedMs > this.#receivedMs ||
      (facts.receivedMs === this.#receivedMs && facts.receivedNs >= this.#receivedNs)
    const receivedMs = isLater ? facts.receivedMs : this.#receivedMs
    const key = batchKeyText(batch, 0, facts.keyLength)
    if (key !== null) {
      const repeated = this.#repeated(key, receivedMs)
      if (repeated !== null) return repeated
    }
    if (this.#nextId + facts.records > ID_MAX) {
      return Promise.reject(new CodedError('STORE_READ_ONLY', 'The store has used up its ids.'))
    }
    this.#receivedMs = receivedMs
    if (isLater) this.#receivedNs = facts.receivedNs
    const group = this.#groupFor(batch.length)
    const firstId = group.endId
    group.add(batch, facts, receivedMs, this.#receivedNs)
    this.#nextId = group.endId
    this.#pendingBytes += batch.length
    this.appends++
    const promise = new Promise<number>((resolve, reject) => {
      group.waiters.push({ firstId, key, receivedMs, resolve, reject })
    })
    if (key !== null) this.#rememberPending(key, promise)
    if (!isMoreComing) group.isUrgent = true
    this.#kick()
    return promise
  }

  writable(): Promise<void> {
    if (this.#hasRoom()) return Promise.resolve()
    if (this.state === 'readOnly' || this.state === 'closed') return Promise.reject(this.#stateError())
    return new Promise((resolve, reject) => this.#writableWaiters.push({ resolve, reject }))
  }

  #hasRoom(): boolean {
    const { options, isBehind } = this.#around
    return this.state === 'writable' && this.#pendingBytes < options.gatherBytesMax && !isBehind()
  }

  /** To be called when `isBehind` may have changed. */
  wakeWriters(): void {
    this.#wakeWritable()
  }

  /**
   * Closes the segment that is written to, if it has records, after what was appended before. Rejects with STORE_FULL,
   * STORE_READ_ONLY, STORE_CLOSED and errors of the disk; then the segment goes on.
   */
  closeSegment(): Promise<void> {
    if (this.state !== 'writable') return Promise.reject(this.#stateError())
    const promise = new Promise<void>((resolve, reject) => this.#closeRequests.push({ resolve, reject }))
    this.#kick()
    return promise
  }

  async #closeAsked(): Promise<void> {
    const requests = this.#closeRequests
    this.#closeRequests = []
    try {
      if ((this.#active?.entry.records ?? 0) > 0 || this.#unclosed !== null) await this.#roll()
      for (const { resolve } of requests) resolve()
    } catch (error) {
      for (const { reject } of requests) reject(error)
    }
  }

  /** Waits for what is in flight, then says in the manifest that the stop was clean. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const wasReadOnly = this.state === 'readOnly'
    this.#setState('closed', 'The store was closed.')
    this.#cancelSpaceCheck()
    this.hurry()
    while (this.#running !== null) await this.#running
    try {
      if (!wasReadOnly && this.#isSettled) await this.#writeStop()
    } catch {
      // All that was acknowledged is on disk; the next start takes this for an unclean stop.
    }
    await this.#active?.file.close().catch(() => {})
    this.#active = null
    await this.#around.manifest.close()
  }

  async #writeStop(): Promise<void> {
    const nextId = { kind: 'ids', nextId: this.#nextId } as const
    if (this.#active === null) {
      const closed = this.#unclosed
      const edits =
        closed === null ? [] : [{ kind: 'close', number: closed.number, summary: closed.summary() } as const]
      return this.#around.manifest.append([...edits, nextId])
    }
    const { number, bytes } = this.#active.entry
    await this.#around.manifest.append([nextId, { kind: 'stop', segment: number, bytes }])
  }

  // ---- admission ----------------------------------------------------------------------------------------------

  #refusal(batch: Uint8Array): CodedError | null {
    if (this.state !== 'writable') return this.#stateError()
    const batchBytesMax = Math.min(this.#around.options.batchBytesMax, FRAME_PAYLOAD_BYTES_MAX)
    if (batch.length <= batchBytesMax) return null
    return new CodedError(
      'BATCH_TOO_LARGE',
      `A batch has ${batch.length} bytes; the most is ${batchBytesMax}.`,
    )
  }

  #stateError(): CodedError {
    return new CodedError(STATE_CODES[this.state], this.reason ?? 'The store was closed.')
  }

  #repeated(key: string, nowMs: number): Promise<number> | null {
    const known = this.#around.keys.find(key, nowMs)
    const repeated = known === undefined ? this.#pendingKeys.get(key) : Promise.resolve(known)
    if (repeated === undefined) return null
    this.repeatedBatches++
    return repeated
  }

  #rememberPending(key: string, promise: Promise<number>): void {
    this.#pendingKeys.set(key, promise)
    const forget = (): void => {
      this.#pendingKeys.delete(key)
    }
    promise.then(forget, forget)
  }

  #groupFor(byteCount: number): Group {
    const gathering = this.#gathering
    if (gathering?.hasRoom(byteCount, this.#around.options.groupBytesMax)) return gathering
    if (gathering !== null) this.#waiting.push(gathering)
    this.memory.evict((chunk) => this.#isBusy(chunk))
    const chunk = this.memory.chunkFor(byteCount + FRAME_HEADER_BYTES)
    this.#gathering = new Group(chunk, this.#nextId)
    return this.#gathering
  }

  #isBusy(chunk: Chunk): boolean {
    return this.#inFlight?.chunk === chunk || this.#waiting.some((group) => group.chunk === chunk)
  }

  // ---- commit -------------------------------------------------------------------------------------------------

  #kick(): void {
    if (this.#running !== null) return
    if (this.#waiting.length === 0 && this.#closeRequests.length === 0 && this.#mayWait(this.#gathering)) {
      this.#hurryLater()
      return
    }
    this.#cancelHurry?.()
    this.#cancelHurry = null
    this.#running = this.#run().finally(() => {
      this.#running = null
      if (this.#gathering !== null || this.#waiting.length > 0 || this.#closeRequests.length > 0) this.#kick()
    })
  }

  async #run(): Promise<void> {
    for (let group = this.#takeGroup(); group !== null; group = this.#takeGroup()) {
      this.#inFlight = group
      await this.#commit(group)
      this.#inFlight = null
    }
    if (this.#closeRequests.length > 0) await this.#closeAsked()
  }

  /** Whether a group may gather more of what is on its way: nobody waits for its answer alone. */
  #mayWait(group: Group | null): boolean {
    return group !== null && !group.isUrgent && group.bytes < HELD_BYTES_MAX
  }

  /** What comes late, or not at all, holds nothing up for long. */
  #hurryLater(): void {
    this.#cancelHurry ??= this.#around.clock.after(HELD_MS_MAX, () => this.hurry())
  }

  /** Nothing more comes: what waits for it is made durable. */
  hurry(): void {
    this.#cancelHurry?.()
    this.#cancelHurry = null
    if (this.#gathering === null) return
    this.#gathering.isUrgent = true
    this.#kick()
  }

  #takeGroup(): Group | null {
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) return waiting
    const group = this.#gathering
    if (this.#closeRequests.length === 0 && this.#mayWait(group)) return null
    this.#gathering = null
    return group
  }

  /** Never rejects: what goes wrong reaches the waiters. One fresh segment is tried after a failure (rule R19). */
  async #commit(group: Group): Promise<void> {
    if (this.state === 'writable' && this.#around.takesRoom(group.bytes)) await this.#checkSpaceNow()
    if (this.state === 'full' || this.state === 'readOnly') return this.#refuse(group, this.#stateError())
    for (let attempt = 0; ; attempt++) {
      let written: WrittenFrame
      try {
        written = await this.#write(group)
      } catch (error) {
        if (isFull(error)) return this.#fail(group, 'full', fullReason(messageOf(error)))
        if (attempt === 1) return this.#fail(group, 'readOnly', `The disk failed: ${messageOf(error)}`)
        continue
      }
      return this.#publish(group, written)
    }
  }

  async #write(group: Group): Promise<WrittenFrame> {
    const active = await this.#ensureActive(group.bytes)
    const { entry, file } = active
    const frame = group.frame()
    const fields = {
      records: group.records,
      firstId: group.firstId,
      durableBelow: this.#fenceId,
      salt: entry.salt,
      previousCrc: active.lastCrc,
      keys: group.keys,
      timeMsMin: group.timeMsMin,
      timeMsMax: group.timeMsMax,
      receivedMsMax: group.receivedMsMax,
    }
    const crc = sealFrame(frame, fields, group.payloadCrc)
    try {
      await writeAll(file, frame, entry.bytes)
    } catch (error) {
      await this.#cutBack(active)
      throw error
    }
    try {
      this.syncs++
      await file.datasync()
    } catch (error) {
      this.failedSyncs++
      await this.#abandon(active)
      throw error
    }
    return { active, crc }
  }

  /** After a failed write, before any sync: the segment may go on if it can be cut to its last good frame (rule R20). */
  async #cutBack(active: ActiveSegment): Promise<void> {
    try {
      await active.file.truncate(active.entry.bytes)
    } catch {
      await this.#abandon(active)
    }
  }

  /** This segment is never written or synced again; it ends at its last durable byte. */
  async #abandon(active: ActiveSegment): Promise<void> {
    this.#active = null
    this.#unclosed = active.entry
    // Best effort, so that a rejected frame does not come back after a crash: the manifest will say where it ends.
    await active.file.truncate(active.entry.bytes).catch(() => {})
    await active.file.close().catch(() => {})
  }

  /** All of it in one go: no moment shows the frame without its fence, or the other way round. */
  #publish(group: Group, { active, crc }: WrittenFrame): void {
    const { entry } = active
    active.lastCrc = crc
    const { chunk, start } = group
    noteSpan(chunk, entry.addFrame(group, entry.bytes, { chunk, offset: start }))
    this.#fenceId = group.endId
    for (const waiter of group.waiters) {
      if (waiter.key !== null) this.#around.keys.add(waiter.key, waiter.firstId, waiter.receivedMs)
    }
    this.#around.published(group)
    this.#release(group)
    for (const waiter of group.waiters) waiter.resolve(waiter.firstId)
  }

  /** Takes no more records. A store that is being closed says why this group was refused all the same. */
  #fail(group: Group, state: 'full' | 'readOnly', reason: string): void {
    if (this.state === 'writable' || state === 'readOnly') this.#setState(state, reason)
    this.#refuse(group, new CodedError(STATE_CODES[state], reason))
  }

  #refuse(group: Group, error: CodedError): void {
    this.#release(group)
    for (const waiter of group.waiters) waiter.reject(error)
  }

  #release(group: Group): void {
    this.#pendingBytes -= group.payloadLength
    this.memory.evict((chunk) => this.#isBusy(chunk) || chunk === group.chunk)
    this.#wakeWritable()
  }

  #wakeWritable(): void {
    if (!this.#hasRoom()) return
    const waiters = this.#writableWaiters
    this.#writableWaiters = []
    for (const waiter of waiters) waiter.resolve()
  }

  // ---- segments -----------------------------------------------------------------------------------------------

  /** The segment to write `byteCount` more bytes to: rolls over when the current one is full. */
  async #ensureActive(byteCount: number): Promise<ActiveSegment> {
    if (!this.#isSettled) {
      this.#active = await this.#around.settle()
      this.#isSettled = true
      this.#highestSegment = Math.max(this.#highestSegment, this.#around.manifest.state.highestSegment)
    }
    const active = this.#active
    if (active !== null) {
      const isRoomy = active.entry.bytes + byteCount <= this.#around.options.segmentBytesMax
      if (isRoomy || active.entry.bytes === SEGMENT_HEADER_BYTES) return active
    }
    return this.#roll()
  }

  async #roll(): Promise<ActiveSegment> {
    const { disk, directory, clock, random, manifest, entries } = this.#around
    const old = this.#active?.entry ?? this.#unclosed
    this.#highestSegment++
    const number = this.#highestSegment
    const next = this.#inFlight ?? this.#waiting[0] ?? this.#gathering
    const firstId = next?.firstId ?? this.#nextId
    let created: Awaited<ReturnType<typeof createSegment>> | null = null
    try {
      created = await createSegment(disk, directory, {
        number,
        firstId,
        createdMs: Math.max(0, Math.floor(clock.wallMs())),
        random,
      })
      const close =
        old === null ? [] : [{ kind: 'close', number: old.number, summary: old.summary() } as const]
      await manifest.append([...close, { kind: 'add', number, salt: created.salt, firstId }])
    } catch (error) {
      await created?.file.close().catch(() => {})
      await this.#giveUpRoll(`${directory}/${segmentName(number)}`)
      throw error
    }
    await this.#active?.file.close().catch(() => {})
    this.#unclosed = null
    const entry = new SegmentEntry(number, created.salt, firstId)
    entry.spans = []
    entry.openedMs = clock.monotonicMs()
    entries.push(entry)
    this.#active = { entry, file: created.file, lastCrc: created.crc }
    if (old !== null) this.#around.segmentClosed()
    return this.#active
  }

  /**
   * The manifest on disk may say that the old segment is closed and name the new one, although writing it failed. So
   * the old one gets no more frames, and the new one stays. It has no frames: a start that does not know it puts it aside.
   */
  async #giveUpRoll(path: string): Promise<void> {
    if (!this.#around.manifest.isDoubtful) return this.#around.disk.unlink(path).catch(() => {})
    if (this.#active !== null) await this.#abandon(this.#active)
  }

  // ---- state --------------------------------------------------------------------------------------------------

  #setState(state: LogState, reason: string | null): void {
    if (this.state === 'closed' || (this.state === state && this.reason === reason)) return
    this.state = state
    this.reason = reason
    this.#around.stateChanged(state, reason)
    if (state === 'readOnly' || state === 'closed') {
      const waiters = this.#writableWaiters
      this.#writableWaiters = []
      for (const waiter of waiters) waiter.reject(this.#stateError())
    }
    this.#wakeWritable()
  }

  #becomeFull(reason: string): void {
    if (this.state === 'writable') this.#setState('full', fullReason(reason))
  }

  #scheduleSpaceCheck(): void {
    this.#cancelSpaceCheck = this.#around.clock.after(SPACE_CHECK_MS, () => {
      this.#checkSpace().then(() => {
        if (this.state !== 'closed' && this.state !== 'readOnly') this.#scheduleSpaceCheck()
      })
    })
  }

  /** What was measured before is not enough. */
  async #checkSpaceNow(): Promise<void> {
    while (this.#checkingSpace !== null) await this.#checkingSpace
    await this.#checkSpace()
  }

  /** Full and roomy again are both found out here; a write that meets ENOSPC does not wait for it. Never rejects. */
  #checkSpace(): Promise<void> {
    this.#checkingSpace ??= this.#measureSpace().finally(() => {
      this.#checkingSpace = null
    })
    return this.#checkingSpace
  }

  async #measureSpace(): Promise<void> {
    const { options } = this.#around
    let freeBytes: number
    try {
      freeBytes = await this.#around.freeBytes()
    } catch {
      return // An unknown amount of room changes nothing: writes tell the truth.
    }
    if (this.state === 'writable' && freeBytes < options.freeBytesMin) {
      this.#becomeFull(`${freeBytes} bytes are free, storage.freeBytesMin is ${options.freeBytesMin}`)
    } else if (this.state === 'full' && freeBytes >= Math.max(options.freeBytesMin, options.groupBytesMax)) {
      this.#setState('writable', null)
    }
  }
}

function noteSpan(chunk: Chunk, span: Span): void {
  assert(span.chunk === chunk, 'a span of another chunk')
  if (chunk.spans.at(-1) !== span) chunk.spans.push(span)
}
