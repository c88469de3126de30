/**
 * The manifest: which segments a store consists of, and what is known of them (docs/formats/manifest.md).
 *
 * A file `manifest-<number>` of text lines, `<CRC-32 of the JSON, 8 hex digits> <JSON>\n`: a header, the state as
 * arrays of edits, a line that ends this checkpoint, then one array of edits for each change that came later. The file with the highest number whose
 * checkpoint is complete holds. Opening a store always writes a new one, so a torn last line needs no repair; a
 * broken line with whole lines behind it is damage, and refused.
 *
 * An append that failed leaves a file that nobody trusts any more: the state goes into a new one, once.
 */
import { crc32 } from 'node:zlib'
import { CodedError, type Disk, type DiskFile, readFull, writeAll } from '../base/base.ts'
import { parseSalt, type Salt, saltText } from './frame.ts'
import type { LostRange } from './store.ts'

export const MANIFEST_VERSION = 1
const FORMAT = 'logcaster-manifest'
const MANIFEST_BYTES_MAX = 256 * 1024 * 1024
const CHECKPOINT_EDITS = 4096
const KEPT_FILES = 3
const NAME = /^manifest-(\d{6,})$/

/** What a closed segment holds: facts that spare a start from reading it. */
export interface SegmentSummary {
  /** Bytes that count; what lies behind them was never acknowledged. */
  readonly bytes: number
  readonly records: number
  readonly firstId: number
  /** The id after the last one. */
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly receivedMsMax: number
  /** Batches with an idempotency key. */
  readonly keys: number
}

export interface ManifestSegment {
  readonly number: number
  readonly salt: Salt
  readonly firstId: number
  /** Null while it is the active one. */
  readonly summary: SegmentSummary | null
}

export interface ManifestState {
  readonly segments: ManifestSegment[]
  readonly lost: LostRange[]
  /** Highest segment number ever used. */
  highestSegment: number
  /** The next id, as known at the last edit that told it. */
  nextId: number
  /** Set by a clean stop: how long the active segment is. Undone by the next start. */
  stop: { readonly segment: number; readonly bytes: number } | null
}

export type ManifestEdit =
  | { readonly kind: 'add'; readonly number: number; readonly salt: Salt; readonly firstId: number }
  | { readonly kind: 'close'; readonly number: number; readonly summary: SegmentSummary }
  | { readonly kind: 'remove'; readonly number: number }
  | { readonly kind: 'lost'; readonly range: LostRange }
  | { readonly kind: 'ids'; readonly nextId: number }
  | { readonly kind: 'stop'; readonly segment: number; readonly bytes: number }

const emptyState = (): ManifestState => ({ segments: [], lost: [], highestSegment: 0, nextId: 1, stop: null })

function applyEdit(state: ManifestState, edit: ManifestEdit): void {
  switch (edit.kind) {
    case 'add':
      state.segments.push({ number: edit.number, salt: edit.salt, firstId: edit.firstId, summary: null })
      state.highestSegment = Math.max(state.highestSegment, edit.number)
      state.nextId = Math.max(state.nextId, edit.firstId)
      return
    case 'close': {
      const index = indexOfSegment(state, edit.number)
      state.segments[index] = { ...state.segments[index], summary: edit.summary }
      state.nextId = Math.max(state.nextId, edit.summary.endId)
      return
    }
    case 'remove':
      state.segments.splice(indexOfSegment(state, edit.number), 1)
      return
    case 'lost':
      state.lost.push(edit.range)
      return
    case 'ids':
      state.nextId = Math.max(state.nextId, edit.nextId)
      return
    case 'stop':
      state.stop = { segment: edit.segment, bytes: edit.bytes }
  }
}

function indexOfSegment(state: ManifestState, number: number): number {
  const index = state.segments.findIndex((segment) => segment.number === number)
  if (index < 0)
    throw new CodedError('MANIFEST_CORRUPT', `The manifest edits segment ${number}, which it does not have.`)
  return index
}

// ---- lines ---------------------------------------------------------------------------------------------------

function printLine(value: unknown): string {
  const json = JSON.stringify(value)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

function parseLine(line: string): unknown {
  const json = line.slice(9)
  if (line[8] !== ' ' || line.slice(0, 8) !== crc32(json).toString(16).padStart(8, '0')) return undefined
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** One line, so that a torn append is one bad line at the end, never a bad line before a good one. */
function printEdits(edits: readonly ManifestEdit[]): string {
  return printLine(edits.map((edit) => (edit.kind === 'add' ? { ...edit, salt: saltText(edit.salt) } : edit)))
}

const printEdit = (edit: ManifestEdit): string => printEdits([edit])

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function parseSummary(value: unknown): SegmentSummary | null {
  if (!isObject(value)) return null
  const { bytes, records, firstId, endId, timeMsMin, timeMsMax, receivedMsMax, keys } = value
  if (!isCount(bytes) || !isCount(records) || !isCount(firstId) || !isCount(endId) || !isCount(keys))
    return null
  if (
    !Number.isSafeInteger(timeMsMin) ||
    !Number.isSafeInteger(timeMsMax) ||
    !Number.isSafeInteger(receivedMsMax)
  ) {
    return null
  }
  return {
    bytes,
    records,
    firstId,
    endId,
    timeMsMin: Number(timeMsMin),
    timeMsMax: Number(timeMsMax),
    receivedMsMax: Number(receivedMsMax),
    keys,
  }
}

function parseEdit(value: unknown): ManifestEdit | null {
  if (!isObject(value)) return null
  const { kind, number, salt, firstId, summary, range, nextId, segment, bytes } = value
  switch (kind) {
    case 'add': {
      const parsed = typeof salt === 'string' ? parseSalt(salt) : null
      return isCount(number) && isCount(firstId) && parsed !== null
        ? { kind, number, firstId, salt: parsed }
        : null
    }
    case 'close': {
      const parsed = parseSummary(summary)
      return isCount(number) && parsed !== null ? { kind, number, summary: parsed } : null
    }
    case 'remove':
      return isCount(number) ? { kind, number } : null
    case 'lost':
      return isObject(range) && isCount(range.fromId) && isCount(range.toId)
        ? { kind, range: { fromId: range.fromId, toId: range.toId, reason: String(range.reason) } }
        : null
    case 'ids':
      return isCount(nextId) ? { kind, nextId } : null
    case 'stop':
      return isCount(segment) && isCount(bytes) ? { kind, segment, bytes } : null
    default:
      return null
  }
}

function parseEdits(value: unknown, place: string): ManifestEdit[] {
  const edits = Array.isArray(value) ? value.map(parseEdit) : [null]
  return edits.map((edit) => {
    if (edit === null)
      throw new CodedError('MANIFEST_CORRUPT', `${place}: an edit that this LogCaster does not know.`)
    return edit
  })
}

interface Header {
  readonly format: string
  readonly version: number
  readonly number: number
}

/** The state that the text describes; null when its checkpoint is not complete. MANIFEST_CORRUPT, FORMAT_VERSION. */
export function parseManifest(text: string, name: string): ManifestState | null {
  const lines = text.split('\n')
  // What stands behind the last newline is a line that was being written.
  const values = lines.slice(0, -1).map(parseLine)
  const header = values[0]
  if (!isObject(header) || header.format !== FORMAT) return null
  if (header.version !== MANIFEST_VERSION) {
    throw new CodedError(
      'FORMAT_VERSION',
      `${name} has format version ${header.version}; this LogCaster knows version ${MANIFEST_VERSION}.`,
    )
  }
  const state = emptyState()
  let isComplete = false
  for (let index = 1; index < values.length; index++) {
    const value = values[index]
    if (value === undefined) {
      if (!isComplete) return null // Its checkpoint never became durable as a whole.
      if (values.slice(index + 1).some((later) => later !== undefined)) {
        throw new CodedError(
          'MANIFEST_CORRUPT',
          `${name} is damaged at line ${index + 1}, with whole lines after it.`,
        )
      }
      break
    }
    if (isObject(value) && value.kind === 'checkpoint') {
      isComplete = true
      continue
    }
    for (const edit of parseEdits(value, `${name}, line ${index + 1}`)) applyEdit(state, edit)
  }
  return isComplete ? state : null
}

function printState(number: number, state: ManifestState): string {
  let text = printLine({ format: FORMAT, version: MANIFEST_VERSION, number } satisfies Header)
  for (const segment of state.segments) {
    text += printEdit({ kind: 'add', number: segment.number, salt: segment.salt, firstId: segment.firstId })
    if (segment.summary !== null)
      text += printEdit({ kind: 'close', number: segment.number, summary: segment.summary })
  }
  for (const range of state.lost) text += printEdit({ kind: 'lost', range })
  text += printEdit({ kind: 'ids', nextId: state.nextId })
  return text + printLine({ kind: 'checkpoint' })
}

// ---- the file ------------------------------------------------------------------------------------------------

export class Manifest {
  readonly state: ManifestState
  /**
   * A change that failed may have reached the disk all the same, so a start may find the manifest with it or without
   * it: whatever it names must stay. A checkpoint that succeeds ends the doubt.
   */
  isDoubtful = false
  readonly #disk: Disk
  readonly #directory: string
  #number: number
  #file: DiskFile | null = null
  #position = 0
  #edits = 0

  private constructor(disk: Disk, directory: string, number: number, state: ManifestState) {
    this.#disk = disk
    this.#directory = directory
    this.#number = number
    this.state = state
  }

  /** Reads the newest whole manifest of the directory, or starts an empty one. Writes nothing. */
  static async read(disk: Disk, directory: string): Promise<Manifest> {
    const numbers = (await disk.list(directory)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number)
    numbers.sort((a, b) => b - a)
    for (const number of numbers) {
      const name = manifestName(number)
      const state = parseManifest(await readText(disk, `${directory}/${name}`), name)
      if (state !== null) return new Manifest(disk, directory, Math.max(...numbers), state)
    }
    // A first manifest that is torn belongs to a store that never acknowledged anything: no segment had frames yet.
    return new Manifest(disk, directory, numbers[0] ?? 0, emptyState())
  }

  /** Makes the edits durable, then part of `state`. On failure the state is as before, and a new file was tried once. */
  async append(edits: readonly ManifestEdit[]): Promise<void> {
    const text = new TextEncoder().encode(printEdits(edits))
    if (this.#file !== null && this.#edits < CHECKPOINT_EDITS) {
      try {
        await writeAll(this.#file, text, this.#position)
        await this.#file.datasync()
        this.#position += text.length
        this.#edits += edits.length
        for (const edit of edits) applyEdit(this.state, edit)
        return
      } catch {
        // Never sync this file again: what is on disk of it is unknown. The checkpoint below replaces it, or throws.
        this.isDoubtful = true
        await this.#closeFile()
      }
    }
    await this.checkpoint(edits)
  }

  /** Writes the state with these edits as a new file and makes it the one that holds. */
  async checkpoint(edits: readonly ManifestEdit[] = []): Promise<void> {
    const state = structuredClone(this.state)
    state.stop = null
    for (const edit of edits) applyEdit(state, edit)
    const number = this.#number + 1
    this.#number = number
    const stop = edits.filter((edit) => edit.kind === 'stop').map(printEdit)
    const text = new TextEncoder().encode(printState(number, state) + stop.join(''))
    const path = `${this.#directory}/${manifestName(number)}`
    const file = await this.#disk.open(path, 'create')
    try {
      await writeAll(file, text, 0)
      await file.datasync()
      await this.#disk.syncDirectory(this.#directory)
    } catch (error) {
      await file.close().catch(() => {})
      if (!(await this.#withdraw(path))) this.isDoubtful = true
      throw error
    }
    this.isDoubtful = false
    await this.#closeFile()
    this.#file = file
    this.#position = text.length
    this.#edits = 0
    Object.assign(this.state, state)
    await this.#dropOld()
  }

  async close(): Promise<void> {
    await this.#closeFile()
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = null
    // The handle's bytes are synced or given up; a failing close changes neither.
    await file?.close().catch(() => {})
  }

  /** Takes back the file of a checkpoint that failed; true when it cannot be there at the next start. */
  async #withdraw(path: string): Promise<boolean> {
    try {
      await this.#disk.unlink(path)
      await this.#disk.syncDirectory(this.#directory)
      return true
    } catch {
      return false
    }
  }

  /** Never fails: the new file holds already, and an old one that stays is harmless. */
  async #dropOld(): Promise<void> {
    for (const name of await this.#disk.list(this.#directory).catch(() => [])) {
      const number = Number(NAME.exec(name)?.[1] ?? Number.NaN)
      if (number > this.#number - KEPT_FILES || Number.isNaN(number)) continue
      await this.#disk.unlink(`${this.#directory}/${name}`).catch(() => {})
    }
  }
}

export function manifestName(number: number): string {
  return `manifest-${String(number).padStart(6, '0')}`
}

export const isManifestName = (name: string): boolean => NAME.test(name)

async function readText(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read')
  try {
    const size = await file.size()
    if (size > MANIFEST_BYTES_MAX) throw new CodedError('MANIFEST_CORRUPT', `${path} has ${size} bytes.`)
    const bytes = new Uint8Array(size)
    const length = await readFull(file, bytes, 0)
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, length))
  } finally {
    await file.close()
  }
}
