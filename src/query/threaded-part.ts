/**
 * The parts of a snapshot as one part of a search that is done by the tasks of a runner (scan-tasks.ts): all of them by
 * one task, or in groups side by side, whichever answers sooner.
 */
import { assert, type TaskRunner } from '../base/base.ts'
import type { HeldPart, Snapshot } from '../storage/storage.ts'
import type { Filter } from './ast.ts'
import { unpackRows } from './packed-rows.ts'
import { KEY_BYTES, type SortedKeys } from './row-keys.ts'
import type {
  CountInput,
  KeysInput,
  LiveParts,
  PackedFoundRows,
  RowsInput,
  ScanInput,
  ScanOutput,
  ValuesInput,
} from './scan-tasks.ts'
import { type FoundRows, firstAtLeast } from './search.ts'
import { countOfParts, keysOfParts, type SearchPart, valuesOfParts } from './search-parts.ts'
import type { CountedValues } from './value-counter.ts'

/** What searches parts. */
export interface ScanThreads {
  readonly runner: TaskRunner
  /** Tasks that one search is split into, at most. */
  readonly threads: number
  /** For decoded frames of all threads together. */
  readonly cacheBytesMax: number
}

export interface ThreadedOptions extends ScanThreads {
  /** Whose search this is: shares take turns. */
  readonly share?: string
}

type Sealed = Pick<Snapshot, 'parts' | 'fenceId' | 'noteDamage'>

/** So few newest rows are mostly found in the newest blocks: one task that sees all parts stops sooner than several. */
const ROWS_OF_ONE_TASK = 1000

/** All parts of the snapshot, at least one. */
export function threadedPart(snapshot: Sealed, options: ThreadedOptions): SearchPart {
  const { parts } = snapshot
  const partOf = (some: readonly HeldPart[]): SearchPart => taskPart(some, snapshot, options)
  const groups = splitBySize(parts, options.threads).map(partOf)
  return {
    records: recordsOf(parts),
    count: (filter, limit, signal) => countOfParts(groups, filter, limit, signal),
    keys: (filter, limit, bytesMax, signal) => {
      // The memory for keys is split as well: it must be enough for each group.
      const isOne = limit <= ROWS_OF_ONE_TASK || 2 * limit * KEY_BYTES * options.threads > bytesMax
      return isOne
        ? partOf(parts).keys(filter, limit, bytesMax, signal)
        : keysOfParts(groups, filter, limit, bytesMax, signal)
    },
    values: (filter, wanted, bytesMax, signal) => valuesOfParts(groups, filter, wanted, bytesMax, signal),
    rows: async (ids, bytesMax, signal) => {
      const ascending = ids.toSorted()
      const wanted = parts.filter((part) => holdsAny(part, ascending))
      if (wanted.length === 0) return { rows: [], isTooLarge: false, isDamaged: false }
      return partOf(wanted).rows(ids, bytesMax, signal)
    },
  }
}

function recordsOf(parts: readonly HeldPart[]): number {
  return parts.reduce((sum, { records, deletedRecords }) => sum + records - deletedRecords, 0)
}

function holdsAny({ firstId, endId }: HeldPart, ascending: Float64Array): boolean {
  const at = firstAtLeast(ascending, firstId)
  return at < ascending.length && ascending[at] < endId
}

function livePartsOf({ parts, fenceId }: Sealed): LiveParts {
  const [{ path }] = parts
  return {
    directory: path.slice(0, path.lastIndexOf('/')),
    fenceId,
    paths: parts.map((part) => part.path),
  }
}

/** At most `count` groups of about the same bytes, none of them empty. Largest first, each to the smallest group. */
export function splitBySize(parts: readonly HeldPart[], count: number): HeldPart[][] {
  const groups = Array.from({ length: Math.min(count, parts.length) }, () => ({
    bytes: 0,
    parts: [] as HeldPart[],
  }))
  for (const part of parts.toSorted((a, b) => b.bytes - a.bytes)) {
    const smallest = groups.reduce((least, group) => (group.bytes < least.bytes ? group : least))
    smallest.parts.push(part)
    smallest.bytes += part.bytes
  }
  return groups.map((group) => group.parts).filter((group) => group.length > 0)
}

/** Parts that are searched by one task. */
function taskPart(parts: readonly HeldPart[], snapshot: Sealed, options: ThreadedOptions): SearchPart {
  const input: ScanInput = {
    parts,
    live: livePartsOf(snapshot),
    cacheBytesMax: Math.floor(options.cacheBytesMax / Math.max(1, options.threads)),
  }
  const run = async <T>(task: string, ofTask: ScanInput, signal: AbortSignal | undefined): Promise<T> => {
    const { runner, share } = options
    const { found, damage } = await runner.run<ScanOutput<T>>(task, ofTask, { signal, share })
    for (const range of damage) snapshot.noteDamage(range)
    return found
  }
  return {
    records: recordsOf(parts),
    count: (filter: Filter, limit: number, signal) => {
      const ofTask: CountInput = { ...input, filter, limit }
      return run<number>('count', ofTask, signal)
    },
    keys: (filter, limit, bytesMax, signal) => {
      const ofTask: KeysInput = { ...input, filter, limit, bytesMax }
      return run<SortedKeys>('keys', ofTask, signal)
    },
    values: (filter, wanted, bytesMax, signal) => {
      const ofTask: ValuesInput = { ...input, filter, wanted, bytesMax }
      return run<CountedValues>('values', ofTask, signal)
    },
    rows: async (ids, bytesMax, signal): Promise<FoundRows> => {
      assert(ids.length > 0, 'rows without ids are asked for')
      const ofTask: RowsInput = { ...input, ids, bytesMax }
      const { rows, ...rest } = await run<PackedFoundRows>('rows', ofTask, signal)
      return { ...rest, rows: unpackRows(rows) }
    },
  }
}
