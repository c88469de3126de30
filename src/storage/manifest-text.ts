/**
 * The text of a manifest (docs/formats/manifest.md): lines of `<CRC-32 of the JSON, 8 hex digits> <JSON>\n`. Prints and
 * parses edits and whole states; what an edit does is manifest-edits.ts's, the file is manifest.ts's.
 *
 * Invariant: what is printed can be parsed. EDITS says of each edit which fields it has and what they may be; values
 * that its row refuses are never printed, because a manifest with them would not open again.
 */
import { crc32 } from 'node:zlib'
import { assert, CodedError } from '../base/base.ts'
import { parseSalt, type Salt, saltText } from './frame.ts'
import type { LostRange } from './lost-range.ts'
import {
  applyEdit,
  emptyState,
  type ManifestEdit,
  type ManifestState,
  type ManifestTask,
  type PartSummary,
  type SegmentSummary,
} from './manifest-edits.ts'

/** What is written. Version 1 had no parts, keys and tasks; it is read like any other. */
const MANIFEST_VERSION = 2
const FORMAT = 'logcaster-manifest'
/** What is left to do about a store whose manifest is lost. */
export const RESTORE_ADVICE = 'Restore a backup of the data directory: logcaster restore.'
const DAY_MAX = 100_000_000

// ---- fields --------------------------------------------------------------------------------------------------

/** The value, or undefined where it is not what the field may be. */
type FieldParser<T> = (value: unknown) => T | undefined
type FieldParsers<T> = { readonly [K in keyof T]-?: FieldParser<T[K]> }

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const integerFrom =
  (min: number, max = Number.MAX_SAFE_INTEGER): FieldParser<number> =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined

const count = integerFrom(0)
const positive = integerFrom(1)
const milliseconds = integerFrom(Number.MIN_SAFE_INTEGER)
const day = integerFrom(-DAY_MAX, DAY_MAX)
const text: FieldParser<string> = (value) => (typeof value === 'string' ? value : undefined)
const word: FieldParser<string> = (value) => (value === '' ? undefined : text(value))
const sha256: FieldParser<string> = (value) =>
  /^[0-9a-f]{64}$/.test(text(value) ?? '') ? text(value) : undefined
const salt: FieldParser<Salt> = (value) =>
  typeof value === 'string' ? (parseSalt(value) ?? undefined) : undefined

/** An object with these fields. Others are ignored. */
function parseFields<T>(value: unknown, parsers: FieldParsers<T>): T | undefined {
  if (!isObject(value)) return undefined
  const fields: Partial<T> = {}
  for (const name in parsers) {
    const field = parsers[name](Object.hasOwn(value, name) ? value[name] : undefined)
    if (field === undefined) return undefined
    fields[name] = field
  }
  return fields as T
}

const SEGMENT_SUMMARY: FieldParsers<SegmentSummary> = {
  bytes: count,
  records: count,
  firstId: count,
  endId: count,
  timeMsMin: milliseconds,
  timeMsMax: milliseconds,
  receivedMsMax: milliseconds,
  keys: count,
}

const PART_SUMMARY: FieldParsers<PartSummary> = {
  bytes: positive,
  sha256,
  records: positive,
  firstId: positive,
  endId: positive,
  timeMsMin: milliseconds,
  timeMsMax: milliseconds,
  receivedMsMin: milliseconds,
  receivedMsMax: milliseconds,
  day: (value) => (value === null ? null : day(value)),
  level: integerFrom(0, 255),
  compression: integerFrom(-131_072, 22),
}

const TASK: FieldParsers<ManifestTask> = { number: positive, kind: word, text, endId: count, progress: text }

function parsePartSummary(value: unknown): PartSummary | undefined {
  const summary = parseFields(value, PART_SUMMARY)
  if (summary === undefined) return undefined
  const { records, firstId, endId, timeMsMin, timeMsMax, receivedMsMin, receivedMsMax } = summary
  const fits = records <= endId - firstId && timeMsMin <= timeMsMax && receivedMsMin <= receivedMsMax
  return fits ? summary : undefined
}

const parseRange: FieldParser<LostRange> = (value) =>
  parseFields<LostRange>(value, { fromId: count, toId: count, reason: String })

type Edit<K extends ManifestEdit['kind']> = Extract<ManifestEdit, { readonly kind: K }>

const EDITS: { readonly [K in ManifestEdit['kind']]: FieldParsers<Omit<Edit<K>, 'kind'>> } = {
  add: { number: count, firstId: count, salt },
  close: { number: count, summary: (value) => parseFields(value, SEGMENT_SUMMARY) },
  remove: { number: count },
  lost: { range: parseRange },
  ids: { nextId: count },
  stop: { segment: count, bytes: count },
  addPart: { number: positive, summary: parsePartSummary },
  removePart: { number: positive },
  sealed: { throughId: integerFrom(0, Number.MAX_SAFE_INTEGER - 1) },
  deletes: { part: positive, number: positive, records: positive },
  addKeys: { number: positive, keys: count, receivedMsMax: milliseconds, bytes: count },
  removeKeys: { number: positive },
  task: { task: (value) => parseFields(value, TASK) },
  removeTask: { number: positive },
  dropped: { records: count },
  numbers: { highestPart: count, highestFile: count },
}

const isKind = (value: unknown): value is ManifestEdit['kind'] =>
  typeof value === 'string' && Object.hasOwn(EDITS, value)

function parseEdit(value: unknown): ManifestEdit | undefined {
  if (!isObject(value) || !isKind(value.kind)) return undefined
  const fields = parseFields<object>(value, EDITS[value.kind])
  return fields && ({ kind: value.kind, ...fields } as ManifestEdit)
}

function parseEdits(value: unknown, place: string): ManifestEdit[] {
  const edits = Array.isArray(value) ? value.map(parseEdit) : [undefined]
  return edits.map((edit) => {
    if (edit === undefined)
      throw new CodedError('MANIFEST_CORRUPT', `${place}: an edit that this LogCaster does not know.`)
    return edit
  })
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
export function printEdits(edits: readonly ManifestEdit[]): string {
  const values = edits.map((edit) => (edit.kind === 'add' ? { ...edit, salt: saltText(edit.salt) } : edit))
  for (const value of values)
    assert(parseEdit(value) !== undefined, `no manifest can hold ${JSON.stringify(value)}`)
  return printLine(values)
}

interface Header {
  readonly format: string
  readonly version: number
  readonly number: number
}

/** The state that the text describes; null when its checkpoint is not complete. MANIFEST_CORRUPT, FORMAT_VERSION. */
export function parseManifest(text: string, path: string): ManifestState | null {
  const lines = text.split('\n')
  // What stands behind the last newline is a line that was being written.
  const values = lines.slice(0, -1).map(parseLine)
  const header = values[0]
  if (!isObject(header) || header.format !== FORMAT) return null
  if (header.version !== 1 && header.version !== MANIFEST_VERSION) {
    throw new CodedError(
      'FORMAT_VERSION',
      `${path} has format version ${header.version}; this LogCaster knows versions up to ${MANIFEST_VERSION}.`,
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
          `${path} is damaged at line ${index + 1}, with whole lines after it. ${RESTORE_ADVICE}`,
        )
      }
      break
    }
    if (isObject(value) && value.kind === 'checkpoint') {
      isComplete = true
      continue
    }
    for (const edit of parseEdits(value, `${path}, line ${index + 1}`)) applyEdit(state, edit)
  }
  return isComplete ? state : null
}

/** A whole manifest: the header, the state as edits, and the line that ends it. */
export function printState(number: number, state: ManifestState): string {
  let text = printLine({ format: FORMAT, version: MANIFEST_VERSION, number } satisfies Header)
  for (const edit of stateEdits(state)) text += printEdits([edit])
  return text + printLine({ kind: 'checkpoint' })
}

/** The edits that make this state of an empty one; all but `stop`, which a checkpoint takes back. */
function* stateEdits(state: ManifestState): Generator<ManifestEdit> {
  for (const { number, salt, firstId, summary } of state.segments) {
    yield { kind: 'add', number, salt, firstId }
    if (summary !== null) yield { kind: 'close', number, summary }
  }
  for (const range of state.lost) yield { kind: 'lost', range }
  for (const { number, summary } of state.parts) yield { kind: 'addPart', number, summary }
  // Ascending, and before all else that has such numbers: so each of them is a fresh one to whoever reads it.
  const deletes = state.parts.flatMap((part) =>
    part.deletes === null ? [] : [{ part: part.number, ...part.deletes }],
  )
  for (const each of deletes.sort((a, b) => a.number - b.number)) yield { kind: 'deletes', ...each }
  for (const keys of state.keys) yield { kind: 'addKeys', ...keys }
  for (const task of state.tasks) yield { kind: 'task', task }
  if (state.sealedThroughId > 0) yield { kind: 'sealed', throughId: state.sealedThroughId }
  if (state.dropped.records > 0) yield { kind: 'dropped', records: state.dropped.records }
  const { highestPart, highestFile } = state
  if (highestPart > 0 || highestFile > 0) yield { kind: 'numbers', highestPart, highestFile }
  yield { kind: 'ids', nextId: state.nextId }
}
