/**
 * The spill directory: batches for which there is no room in memory, kept on disk until they are acknowledged, also
 * beyond the end of the process. First in, first out.
 *
 * Invariants: a send resolves only after its batches were fsynced; a batch keeps its id, so that one that is sent twice
 * is stored once; files go away oldest first, so that the frame that says "acknowledged" never goes before its batch.
 * Those frames are not synced: after a power cut some batches are sent once more.
 *
 * One write is under way at a time; what comes meanwhile gathers behind it.
 */
import { CodedError, type Disk, type DiskLock, isCodedError } from '../base/base.ts'
import { BatchCutter, type BatchNumbers, heldBytesOf } from './batch-cutter.ts'
import type { ClientSettings } from './client-options.ts'
import { type OutgoingBatch, settleBatch } from './outgoing-batch.ts'
import type { RecordText } from './record-text.ts'
import type { SendTicket } from './send-ticket.ts'
import { openSpillDirectory, spillUnusable } from './spill-directory.ts'
import { corrupt, type SpilledBatch, SpillFile, spillFileNumber } from './spill-file.ts'
import { encodeSpilledBatch, encodeSpillMark, spillFrameBody } from './spill-frame.ts'

export interface SpillEvents {
  /** So many records are on disk. */
  readonly onSpilled: (records: number) => void
  /** A write ended, well or not: there may be batches to read, and room. */
  readonly onWritten: () => void
  readonly onProblem: (error: CodedError) => void
}

const FILE_BYTES_MAX = 16 * 1024 * 1024
/** So much may gather behind a write, however small `memoryBytesMax` is. */
const GATHERED_BYTES_MIN = 1024 * 1024

export class Spill {
  readonly #disk: Disk
  readonly #directory: string
  readonly #settings: ClientSettings
  readonly #events: SpillEvents
  readonly #numbers: BatchNumbers
  readonly #cutter: BatchCutter
  readonly #lock: DiskLock
  /** Oldest first. */
  readonly #files: SpillFile[] = []
  /** Batches that nobody has read yet. */
  readonly #unread: SpilledBatch[] = []
  /** To be written next. */
  #ready: OutgoingBatch[] = []
  #marks: SpilledBatch[] = []
  readonly #failedBatches = new WeakSet<OutgoingBatch>()
  /** Bytes of what gathers and of what is being written. */
  #gatheredBytes = 0
  #records = 0
  #current: SpillFile | null = null
  #lastNumber = 0
  #writing: Promise<void> | null = null

  private constructor(
    settings: ClientSettings,
    directory: string,
    lock: DiskLock,
    numbers: BatchNumbers,
    events: SpillEvents,
  ) {
    this.#disk = settings.disk
    this.#directory = directory
    this.#settings = settings
    this.#events = events
    this.#numbers = numbers
    this.#cutter = new BatchCutter(settings, numbers)
    this.#lock = lock
  }

  /** DIRECTORY_LOCKED, SPILL_UNUSABLE, FORMAT_VERSION. */
  static async open(
    settings: ClientSettings,
    directory: string,
    numbers: BatchNumbers,
    events: SpillEvents,
  ): Promise<Spill> {
    const { disk } = settings
    const lock = await openSpillDirectory(disk, directory)
    try {
      const spill = new Spill(settings, directory, lock, numbers, events)
      await spill.#load()
      return spill
    } catch (error) {
      await lock.release()
      throw isCodedError(error) ? error : spillUnusable(error)
    }
  }

  /** It holds batches that were not read yet, or will: whoever comes now has to queue behind them. */
  get isActive(): boolean {
    return this.#unread.length > 0 || this.#gatheredBytes > 0
  }

  get hasUnread(): boolean {
    return this.#unread.length > 0
  }

  /** Bytes of what waits to be written, or is being written. */
  get gatheredBytes(): number {
    return this.#gatheredBytes
  }

  /** Records in the files that are not acknowledged. */
  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#files.reduce((total, { length }) => total + length, 0)
  }

  // ---- writing ----------------------------------------------------------------------------------------------

  /** The ticket is settled, with null for ids, when the records are durable. SEND_BUFFER_FULL. */
  append(ticket: SendTicket, records: readonly RecordText[]): void {
    const bytes = heldBytesOf(records)
    const { spillBytesMax } = this.#settings
    const gatheredMax = Math.max(this.#settings.memoryBytesMax, GATHERED_BYTES_MIN)
    if (this.bytes + this.#gatheredBytes + bytes > spillBytesMax) throw full('spillBytesMax', spillBytesMax)
    if (this.#gatheredBytes > 0 && this.#gatheredBytes + bytes > gatheredMax) {
      throw full('memoryBytesMax', gatheredMax)
    }
    this.#gatheredBytes += bytes
    this.#ready.push(...this.#cutter.add(ticket, records))
    this.#startWriting()
  }

  /** Keeps batches that are cut already, with their ids. Resolves with the number of records that it could not keep. */
  async keep(batches: readonly OutgoingBatch[]): Promise<number> {
    this.#ready.push(...batches)
    this.#gatheredBytes += sum(batches.map(({ heldBytes }) => heldBytes))
    this.#startWriting()
    await this.#writing
    return sum(batches.filter((batch) => this.#failedBatches.has(batch)).map(({ count }) => count))
  }

  #startWriting(): void {
    // Not before the current turn ends: what is sent together is written together.
    this.#writing ??= Promise.resolve().then(() => this.#write())
  }

  async #write(): Promise<void> {
    await this.#removeDone()
    while (this.#ready.length > 0 || this.#cutter.records > 0 || this.#marks.length > 0) {
      const batches = [...this.#ready, ...this.#cutter.cut()]
      const marks = this.#marks
      this.#ready = []
      this.#marks = []
      await this.#writeGroup(batches, marks)
      await this.#removeDone()
    }
    this.#writing = null
  }

  async #writeGroup(batches: readonly OutgoingBatch[], marks: readonly SpilledBatch[]): Promise<void> {
    const frames = batches.map(({ id, count, body }) => encodeSpilledBatch(id, count, body))
    const bytes = Buffer.concat([...marks.map(({ id }) => encodeSpillMark(id)), ...frames])
    const gathered = sum(batches.map(({ heldBytes }) => heldBytes))
    try {
      const file = await this.#openCurrent()
      const start = file.length + bytes.length - sum(frames.map(({ length }) => length))
      await file.append(bytes, batches.length > 0)
      this.#gatheredBytes -= gathered
      this.#written(file, batches, frames, start)
    } catch (cause) {
      this.#gatheredBytes -= gathered
      await this.#failed(batches, cause)
    }
    this.#events.onWritten()
  }

  #written(
    file: SpillFile,
    batches: readonly OutgoingBatch[],
    frames: readonly Uint8Array[],
    start: number,
  ): void {
    let offset = start
    batches.forEach((batch, index) => {
      const { id, count } = batch
      const bytes = frames[index].length
      this.#unread.push({ id, count, file, offset, bytes, open: count })
      offset += bytes
      file.batches++
      this.#records += count
      settleBatch(batch, { ids: new Array(count).fill(null), refused: [] })
    })
    if (batches.length > 0) this.#events.onSpilled(sum(batches.map(({ count }) => count)))
  }

  /** Their senders are told; the file is not written to again. */
  async #failed(batches: readonly OutgoingBatch[], cause: unknown): Promise<void> {
    const error = spillUnusable(cause)
    this.#events.onProblem(error)
    for (const batch of batches) {
      this.#failedBatches.add(batch)
      for (const { ticket } of batch.shares) ticket.fail(error)
    }
    await this.#closeCurrent()
  }

  async #openCurrent(): Promise<SpillFile> {
    if (this.#current !== null && this.#current.length >= FILE_BYTES_MAX) await this.#closeCurrent()
    if (this.#current === null) {
      this.#lastNumber++
      this.#current = await SpillFile.create(this.#disk, this.#directory, this.#lastNumber)
      this.#files.push(this.#current)
    }
    return this.#current
  }

  async #closeCurrent(): Promise<void> {
    const file = this.#current
    this.#current = null
    await file?.close().catch((cause) => this.#events.onProblem(spillUnusable(cause)))
  }

  // ---- reading and forgetting -------------------------------------------------------------------------------

  /** The next batch, in the order of their writing; null when there is none that can be read (a problem, told). */
  async read(): Promise<OutgoingBatch | null> {
    const spilled = this.#unread.shift()
    if (spilled === undefined) return null
    const { id, count } = spilled
    try {
      const body = spillFrameBody(await spilled.file.read(spilled.offset, spilled.bytes))
      const { sequence } = this.#numbers.next()
      return { id, sequence, count, body, heldBytes: spilled.bytes, shares: [], spilled, tries: 0 }
    } catch (cause) {
      const isDamaged = isCodedError(cause)
      this.#events.onProblem(isDamaged ? cause : spillUnusable(cause))
      if (isDamaged) this.acknowledge(spilled, count)
      else this.#unread.unshift(spilled)
      return null
    }
  }

  /** So many records of the batch have their answer. */
  acknowledge(spilled: SpilledBatch, count: number): void {
    spilled.open -= count
    this.#records -= count
    if (spilled.open > 0) return
    spilled.file.batches--
    this.#marks.push(spilled)
    this.#startWriting()
  }

  /** Removes, from the oldest on, files of which all is acknowledged. Marks of what is gone are not needed. */
  async #removeDone(): Promise<void> {
    while (this.#files.length > 0 && this.#isDone(this.#files[0])) {
      const file = this.#files[0]
      if (file === this.#current) this.#current = null
      await this.#remove(file)
      this.#files.shift()
      this.#marks = this.#marks.filter((mark) => mark.file !== file)
    }
  }

  #isDone(file: SpillFile): boolean {
    return file.batches === 0 && (file !== this.#current || this.#ready.length === 0)
  }

  async #remove(file: SpillFile): Promise<void> {
    try {
      await file.remove()
      await this.#disk.syncDirectory(this.#directory)
    } catch (cause) {
      this.#events.onProblem(spillUnusable(cause))
    }
  }

  // ---- opening and closing ----------------------------------------------------------------------------------

  async #load(): Promise<void> {
    const names = await this.#disk.list(this.#directory)
    const numbers = names.map(spillFileNumber).filter((number) => number !== null)
    const found: SpilledBatch[] = []
    const acknowledged = new Set<string>()
    for (const number of numbers.toSorted((one, other) => one - other)) {
      const { file, frames } = await SpillFile.load(this.#disk, this.#directory, number)
      this.#files.push(file)
      this.#lastNumber = number
      if (file.isDamaged) this.#events.onProblem(corrupt(file.path, endOf(frames)))
      for (const { kind, id, count, offset, bytes } of frames) {
        if (kind === 'acknowledged') acknowledged.add(id)
        else found.push({ id, count, file, offset, bytes, open: count })
      }
    }
    this.#unread.push(...found.filter(({ id }) => !acknowledged.has(id)))
    for (const { file, count } of this.#unread) {
      file.batches++
      this.#records += count
    }
    await this.#removeDone()
  }

  /** Waits for what is being written. The files stay. */
  async close(): Promise<void> {
    await this.#writing
    await this.#closeCurrent()
    await this.#lock.release().catch((cause) => this.#events.onProblem(spillUnusable(cause)))
  }
}

function endOf(frames: readonly { readonly offset: number; readonly bytes: number }[]): number {
  const last = frames.at(-1)
  return last === undefined ? 0 : last.offset + last.bytes
}

function full(option: string, bytesMax: number): CodedError {
  return new CodedError('SEND_BUFFER_FULL', `The client holds all it may: ${option} is ${bytesMax} bytes.`)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
