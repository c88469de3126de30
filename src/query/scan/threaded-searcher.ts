/**
 * Searches the parts of a snapshot by the tasks of a runner (scan-tasks.ts): all of them by one task, or in groups side
 * by side, whichever answers sooner.
 */
import { assert, type TaskRunner } from '../../base/base.ts'
import type { HeldPart, Snapshot } from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { type AggregateCache, questionOf } from './aggregate-cache.ts'
import { NO_ROWS } from './packed-rows.ts'
import type { QueryProgress } from './query-progress.ts'
import { KEY_BYTES, type SortedKeys } from './row-keys.ts'
import type {
  CountInput,
  GatheredState,
  GatherInput,
  KeysInput,
  LiveParts,
  RowsInput,
  ScanInput,
  ScanOutput,
  ValuesInput,
} from './scan-tasks.ts'
import { type FoundRows, firstAtLeast } from './search.ts'
import { countOfAll, keysOfAll, type Searcher, statesOfAll, valuesOfAll } from './searchers.ts'
import type { CountedValues } from './value-counter.ts'

/** What searches parts. */
export interface ScanThreads {
  readonly runner: TaskRunner
  /** Tasks that one search is split into, at most. */
  readonly threads: number
  /** For decoded frames of all threads together. */
  readonly cacheBytesMax: number
  /** What pipes made of parts before. */
  readonly aggregates?: AggregateCache
}

export interface ThreadedOptions extends ScanThreads {
  /** Whose search this is: shares take turns. */
  readonly share?: string
  readonly progress?: QueryProgress
}

type Sealed = Pick<Snapshot, 'parts' | 'fenceId' | 'noteDamage'>

/** So few newest rows are mostly found in the newest blocks: one task that sees all parts stops sooner than several. */
const ROWS_OF_ONE_TASK = 1000

/** All parts of the snapshot, at least one. */
export function threadedSearcher(snapshot: Sealed, options: ThreadedOptions): Searcher {
  const { parts } = snapshot
  const searcherOf = (some: readonly HeldPart[]): Searcher => taskSearcher(some, snapshot, options)
  const groups = splitBySize(parts, options.threads).map(searcherOf)
  return {
    records: recordsOf(parts),
    count: (filter, limit, signal) => countOfAll(groups, filter, limit, signal),
    keys: (filter, limit, bytesMax, signal) => {
      // The memory for keys is split as well: it must be enough for each group.
      const isOne = limit <= ROWS_OF_ONE_TASK || 2 * limit * KEY_BYTES * options.threads > bytesMax
      return isOne
        ? searcherOf(parts).keys(filter, limit, bytesMax, signal)
        : keysOfAll(groups, filter, limit, bytesMax, signal)
    },
    values: (filter, wanted, bytesMax, signal) => valuesOfAll(groups, filter, wanted, bytesMax, signal),
    gather: (filter, wanted, signal) => statesOfAll(groups, filter, wanted, signal),
    rows: async (ids, bytesMax, signal) => {
      const wanted = parts.filter((part) => holdsAny(part, ids))
      if (wanted.length === 0) return { rows: NO_ROWS, isTooLarge: false, isDamaged: false }
      return searcherOf(wanted).rows(ids, bytesMax, signal)
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

/** So few records are not worth a second thread. */
const SLICED_RECORDS_MIN = 131_072

/**
 * At most `count` groups of about the same bytes, none of them empty. Parts that are more than a share are cut into
 * slices, one a group; of the others the largest come first, each to the smallest group.
 */
export function splitBySize(parts: readonly HeldPart[], count: number): HeldPart[][] {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  const isCut = ({ bytes, records }: HeldPart): boolean =>
    count > 1 && records >= SLICED_RECORDS_MIN && bytes > total / (2 * count)
  const cut = parts.filter(isCut)
  const whole = parts.filter((part) => !isCut(part))
  const groups = Array.from({ length: count }, (_, at) => ({
    bytes: 0,
    parts: cut.map((part): HeldPart => ({ ...part, slice: { at, of: count } })),
  }))
  for (const part of whole.toSorted((a, b) => b.bytes - a.bytes)) {
    const smallest = groups.reduce((least, group) => (group.bytes < least.bytes ? group : least))
    smallest.parts.push(part)
    smallest.bytes += part.bytes
  }
  return groups.map((group) => group.parts).filter((group) => group.length > 0)
}

/** Searches these parts by one task. */
function taskSearcher(parts: readonly HeldPart[], snapshot: Sealed, options: ThreadedOptions): Searcher {
  const input: ScanInput = {
    parts,
    live: livePartsOf(snapshot),
    cacheBytesMax: Math.floor(options.cacheBytesMax / Math.max(1, options.threads)),
  }
  const run = async <T>(task: string, ofTask: ScanInput, signal: AbortSignal | undefined): Promise<T> => {
    const { runner, share, progress } = options
    // Rows are fetched in passing: what takes its time is to find them.
    const shared = task === 'rows' ? undefined : progress?.scanOf(parts)
    const told = shared === undefined ? ofTask : { ...ofTask, progress: shared }
    const { found, damage } = await runner.run<ScanOutput<T>>(task, told, { signal, share })
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
    gather: async (filter, wanted, signal) => {
      const gather: Gather = (some, apart) => {
        const ofTask: GatherInput = { ...input, parts: some, filter, wanted, apart }
        return run<GatheredState[]>('gather', ofTask, signal)
      }
      const { aggregates } = options
      const question = aggregates === undefined ? null : questionOf(filter, wanted)
      return aggregates === undefined || question === null
        ? (await gather(parts, [])).map(({ state }) => state)
        : gatherUnknown(parts, aggregates, question, gather)
    },
    rows: async (ids, bytesMax, signal): Promise<FoundRows> => {
      assert(ids.length > 0, 'rows without ids are asked for')
      const ofTask: RowsInput = { ...input, ids, bytesMax }
      return await run<FoundRows>('rows', ofTask, signal)
    },
  }
}

/** Gathers of `parts`; those whose numbers are `apart` have a state of their own. */
type Gather = (parts: readonly HeldPart[], apart: readonly number[]) => Promise<GatheredState[]>

/** Only of parts of which the answer is not known yet; what is worth it is remembered. */
async function gatherUnknown(
  parts: readonly HeldPart[],
  aggregates: AggregateCache,
  question: string,
  gather: Gather,
): Promise<unknown[]> {
  const known = parts.map((part) => aggregates.find(part, question))
  const left = parts.filter((_, at) => known[at] === undefined)
  const states = known.flatMap((found) => (found === undefined ? [] : [found.state]))
  if (left.length === 0) return states
  const apart = left.flatMap((part, at) => (aggregates.isWorthKeeping(part, question) ? [at] : []))
  for (const { at, state, isDamaged } of await gather(left, apart)) {
    if (at !== null && !isDamaged) aggregates.keep(left[at], question, state)
    states.push(state)
  }
  return states
}
