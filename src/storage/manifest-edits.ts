/**
 * What a manifest says: the state of a store, and the edits that change it (docs/formats/manifest.md). Pure values: how
 * they are written is manifest-text.ts's, the file is manifest.ts's.
 *
 * Invariants: an edit that contradicts the state is refused (MANIFEST_CORRUPT), and nothing is guessed. `parts`, `keys`
 * and `tasks` ascend by number, so that one of many is found by halving. `nextId` is above every id that was given.
 */
import { CodedError } from '../base/base.ts'
import type { Salt } from './frame.ts'
import type { LostRange } from './lost-range.ts'

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

/** What a part holds: facts that spare a start from opening it. */
export interface PartSummary {
  readonly bytes: number
  /** Of the whole file, 64 hexadecimal digits in lower case. */
  readonly sha256: string
  readonly records: number
  /** The smallest id. Other parts may hold ids between this and `endId`. */
  readonly firstId: number
  /** The largest id + 1. */
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly receivedMsMin: number
  readonly receivedMsMax: number
  /** UTC day of its records' times, in days since 1970-01-01; null: records of many days. */
  readonly day: number | null
  /** How often its records were merged: 0 as sealed. */
  readonly level: number
  /** zstd level of its frames. */
  readonly compression: number
}

export interface ManifestPart {
  readonly number: number
  readonly summary: PartSummary
  /** The file of its deleted rows; null where no row is deleted. */
  readonly deletes: ManifestDeletes | null
}

export interface ManifestDeletes {
  readonly number: number
  /** Deleted so far, all together. */
  readonly records: number
}

/** A file of idempotency keys (keys-file.ts). */
export interface ManifestKeys {
  readonly number: number
  readonly keys: number
  readonly receivedMsMax: number
  readonly bytes: number
}

/** Work in the background that goes on after a restart. */
export interface ManifestTask {
  readonly number: number
  readonly kind: string
  /** JSON of what is to be done, for example the filter of a deletion. */
  readonly text: string
  /** It is about records with ids below this. */
  readonly endId: number
  readonly progress: string
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
  readonly parts: ManifestPart[]
  readonly keys: ManifestKeys[]
  readonly tasks: ManifestTask[]
  /** Every record up to this id, inclusive, lies in parts; 0: none does. */
  sealedThroughId: number
  /** Highest part number ever used. */
  highestPart: number
  /** Highest number ever used for a file of deleted rows, a file of keys or a task, which share one counter. */
  highestFile: number
  /** What retention dropped since the store was made. */
  dropped: { readonly records: number }
}

export type ManifestEdit =
  | { readonly kind: 'add'; readonly number: number; readonly salt: Salt; readonly firstId: number }
  | { readonly kind: 'close'; readonly number: number; readonly summary: SegmentSummary }
  | { readonly kind: 'remove'; readonly number: number }
  | { readonly kind: 'lost'; readonly range: LostRange }
  | { readonly kind: 'ids'; readonly nextId: number }
  | { readonly kind: 'stop'; readonly segment: number; readonly bytes: number }
  | { readonly kind: 'addPart'; readonly number: number; readonly summary: PartSummary }
  | { readonly kind: 'removePart'; readonly number: number }
  | { readonly kind: 'sealed'; readonly throughId: number }
  /** Replaces the file of deleted rows that the part had. */
  | { readonly kind: 'deletes'; readonly part: number; readonly number: number; readonly records: number }
  | ({ readonly kind: 'addKeys' } & ManifestKeys)
  | { readonly kind: 'removeKeys'; readonly number: number }
  /** Adds a task, or replaces the one with this number. */
  | { readonly kind: 'task'; readonly task: ManifestTask }
  | { readonly kind: 'removeTask'; readonly number: number }
  /** That many records more. */
  | { readonly kind: 'dropped'; readonly records: number }
  /** Numbers up to these are used, whether or not their files are still there. */
  | { readonly kind: 'numbers'; readonly highestPart: number; readonly highestFile: number }

export const emptyState = (): ManifestState => ({
  segments: [],
  lost: [],
  highestSegment: 0,
  nextId: 1,
  stop: null,
  parts: [],
  keys: [],
  tasks: [],
  sealedThroughId: 0,
  highestPart: 0,
  highestFile: 0,
  dropped: { records: 0 },
})

/** A state of its own with the same content. What it holds is never changed, so that lists are all there is to copy. */
export const copyState = (state: ManifestState): ManifestState => ({
  ...state,
  segments: state.segments.slice(),
  lost: state.lost.slice(),
  parts: state.parts.slice(),
  keys: state.keys.slice(),
  tasks: state.tasks.slice(),
})

/** MANIFEST_CORRUPT: the edit contradicts the state, which is then worth nothing any more. */
export function applyEdit(state: ManifestState, edit: ManifestEdit): void {
  switch (edit.kind) {
    case 'add':
      state.segments.push({ number: edit.number, salt: edit.salt, firstId: edit.firstId, summary: null })
      state.highestSegment = Math.max(state.highestSegment, edit.number)
      raiseNextId(state, edit.firstId)
      return
    case 'close': {
      const index = indexOfSegment(state, edit.number)
      state.segments[index] = { ...state.segments[index], summary: edit.summary }
      raiseNextId(state, edit.summary.endId)
      return
    }
    case 'remove':
      state.segments.splice(indexOfSegment(state, edit.number), 1)
      return
    case 'lost':
      state.lost.push(edit.range)
      return
    case 'ids':
      raiseNextId(state, edit.nextId)
      return
    case 'stop':
      state.stop = { segment: edit.segment, bytes: edit.bytes }
      return
    case 'addPart':
      insert(state.parts, { number: edit.number, summary: edit.summary, deletes: null }, 'part')
      state.highestPart = Math.max(state.highestPart, edit.number)
      raiseNextId(state, edit.summary.endId)
      return
    case 'removePart':
      state.parts.splice(indexOf(state.parts, edit.number, 'part'), 1)
      return
    case 'sealed':
      state.sealedThroughId = Math.max(state.sealedThroughId, edit.throughId)
      raiseNextId(state, edit.throughId + 1)
      return
    case 'deletes':
      applyDeletes(state, edit.part, { number: edit.number, records: edit.records })
      return
    case 'addKeys': {
      const { number, keys, receivedMsMax, bytes } = edit
      insert(state.keys, { number, keys, receivedMsMax, bytes }, 'file of keys')
      raiseHighestFile(state, number)
      return
    }
    case 'removeKeys':
      state.keys.splice(indexOf(state.keys, edit.number, 'file of keys'), 1)
      return
    case 'task':
      applyTask(state, edit.task)
      return
    case 'removeTask':
      state.tasks.splice(indexOf(state.tasks, edit.number, 'task'), 1)
      return
    case 'dropped':
      state.dropped = { records: sumOf(state.dropped.records, edit.records) }
      return
    case 'numbers':
      state.highestPart = Math.max(state.highestPart, edit.highestPart)
      raiseHighestFile(state, edit.highestFile)
      return
  }
}

function applyDeletes(state: ManifestState, number: number, deletes: ManifestDeletes): void {
  const index = indexOf(state.parts, number, 'part')
  const part = state.parts[index]
  if (deletes.records > part.summary.records)
    throw contradiction(`deletes ${deletes.records} of the ${part.summary.records} records of part ${number}`)
  // A number above all that were used is a fresh one: only the others cost a look at every part.
  const isUsed =
    deletes.number <= state.highestFile && state.parts.some((each) => each.deletes?.number === deletes.number)
  if (isUsed) throw contradiction(`gives the number ${deletes.number} to two files of deleted rows`)
  state.parts[index] = { ...part, deletes }
  raiseHighestFile(state, deletes.number)
}

function applyTask(state: ManifestState, task: ManifestTask): void {
  const index = placeOf(state.tasks, task.number)
  const isThere = state.tasks[index]?.number === task.number
  state.tasks.splice(index, isThere ? 1 : 0, task)
  raiseHighestFile(state, task.number)
}

function raiseNextId(state: ManifestState, nextId: number): void {
  state.nextId = Math.max(state.nextId, nextId)
}

function raiseHighestFile(state: ManifestState, number: number): void {
  state.highestFile = Math.max(state.highestFile, number)
}

function sumOf(left: number, right: number): number {
  const sum = left + right
  if (!Number.isSafeInteger(sum)) throw contradiction('drops more records than can be counted')
  return sum
}

const contradiction = (what: string): CodedError =>
  new CodedError('MANIFEST_CORRUPT', `The manifest ${what}.`)

function indexOfSegment(state: ManifestState, number: number): number {
  const index = state.segments.findIndex((segment) => segment.number === number)
  if (index < 0) throw contradiction(`edits segment ${number}, which it does not have`)
  return index
}

interface Numbered {
  readonly number: number
}

/** Index of the first with this number or a higher one. */
function placeOf(list: readonly Numbered[], number: number): number {
  let from = 0
  let end = list.length
  while (from < end) {
    const middle = (from + end) >>> 1
    if (list[middle].number < number) from = middle + 1
    else end = middle
  }
  return from
}

function indexOf(list: readonly Numbered[], number: number, what: string): number {
  const index = placeOf(list, number)
  if (list[index]?.number !== number) throw contradiction(`edits ${what} ${number}, which it does not have`)
  return index
}

function insert<T extends Numbered>(list: T[], item: T, what: string): void {
  const index = placeOf(list, item.number)
  if (list[index]?.number === item.number) throw contradiction(`has ${what} ${item.number} twice`)
  list.splice(index, 0, item)
}
