/**
 * Searches of parts as tasks of a runner: plain data in, plain data out, in a worker thread or inline.
 *
 * What parts a thread has open stays open for the searches that follow. A part that is not in the store any more is
 * closed at the end of the next search of that store, so that its file gives its room on the disk back.
 */
import { type Disk, type TaskContext, type Tasks, type Transferring, transferring } from '../../base/base.ts'
import {
  type HeldPart,
  type LostRange,
  PART_CACHE_DEFAULTS,
  PartCache,
  PartSource,
  ScanProgress,
} from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { valuesIn } from './field-values.ts'
import type { GatherWanted } from './gather.ts'
import { KeptBlock } from './kept-block.ts'
import { buffersOf } from './packed-rows.ts'
import type { SortedKeys } from './row-keys.ts'
import { countIn, keysIn, rowsIn } from './search.ts'
import type { ValuesWanted } from './values-wanted.ts'

export interface ScanInput {
  readonly parts: readonly HeldPart[]
  /** What the store had when the snapshot was taken. */
  readonly live: LiveParts
  /** For decoded frames, in each thread; that of the first task counts. */
  readonly cacheBytesMax: number
  /** Of a ScanProgress. */
  readonly progress?: SharedArrayBuffer
}

export interface LiveParts {
  /** What tells stores apart. */
  readonly directory: string
  /** Of the snapshot: never smaller in a newer one. */
  readonly fenceId: number
  readonly paths: readonly string[]
}

export interface CountInput extends ScanInput {
  readonly filter: Filter
  readonly limit: number
}

export interface KeysInput extends CountInput {
  readonly bytesMax: number
}

export interface ValuesInput extends ScanInput {
  readonly filter: Filter
  readonly wanted: ValuesWanted
  readonly bytesMax: number
}

export interface GatherInput extends ScanInput {
  readonly filter: Filter
  readonly wanted: GatherWanted
  /** Places of those parts that are to have a state of their own. */
  readonly apart: readonly number[]
}

export interface GatheredState {
  /** The place of the part, where it is of one that stands apart; null: of all the others. */
  readonly at: number | null
  readonly state: unknown
  /** Something of it could not be read. */
  readonly isDamaged: boolean
}

export interface RowsInput extends ScanInput {
  readonly ids: Float64Array
  readonly bytesMax: number
}

export interface ScanOutput<T> {
  readonly found: T
  /** What could not be read. */
  readonly damage: readonly LostRange[]
}

/** The tasks `count`, `keys`, `values`, `gather` and `rows`, with one cache. */
export function scanTasks(disk: Disk): Tasks {
  const parts = new OpenParts(disk)
  const kept = new KeptBlock()
  return {
    count: (input: CountInput, context: TaskContext) =>
      parts.search(input, async (source) =>
        transferring(answer(source, await countIn(source, input.filter, input.limit, signalOf(context))), []),
      ),
    keys: (input: KeysInput, context: TaskContext) =>
      parts.search(input, async (source) => {
        const { filter, limit, bytesMax } = input
        const keys = await keysIn(source, filter, limit, bytesMax, signalOf(context))
        return transferring(answer(source, keys), keyBuffers(keys))
      }),
    values: (input: ValuesInput, context: TaskContext) =>
      parts.search(input, async (source) => {
        const { filter, wanted, bytesMax } = input
        const values = await valuesIn(source, filter, wanted, bytesMax, signalOf(context))
        return transferring(answer(source, values), [])
      }),
    gather: (input: GatherInput, context: TaskContext) =>
      parts.search(input, async (_source, sourceOf) => {
        const { filter, wanted, apart } = input
        // Pipes and all that they need take memory: a thread that only searches does without them.
        const { gatherIn } = await import('./gather.ts')
        const found: GatheredState[] = []
        const damage: LostRange[] = []
        const gather = async (at: number | null, some: readonly HeldPart[]): Promise<void> => {
          const source = sourceOf(some)
          const state = await gatherIn(source, filter, wanted, signalOf(context))
          damage.push(...source.damage)
          found.push({ at, state, isDamaged: source.damage.length > 0 })
        }
        for (const at of apart) await gather(at, [input.parts[at]])
        const rest = input.parts.filter((_, at) => !apart.includes(at))
        if (rest.length > 0) await gather(null, rest)
        return transferring({ found, damage }, [])
      }),
    rows: (input: RowsInput, context: TaskContext) =>
      parts.search(input, async (source, _sourceOf, cache) => {
        const keeper = kept.keeperOf(cache, input.parts)
        const found = await rowsIn(source, input.ids, input.bytesMax, signalOf(context), keeper)
        return transferring(answer(source, found), found.isTooLarge ? [] : buffersOf(found.rows))
      }),
  }
}

function answer<T>({ damage }: PartSource, found: T): ScanOutput<T> {
  return { found, damage }
}

function keyBuffers({ timesMs, timesNs, ids }: SortedKeys): ArrayBuffer[] {
  return [timesMs.buffer, timesNs.buffer, ids.buffer]
}

/**
 * The signal of the task, which knows of a cancellation at once: the real one hears of it when the event loop runs, and
 * that may be after many blocks that were skipped. Searches and scans ask for nothing else of it.
 */
function signalOf({ signal, isCancelled }: TaskContext): AbortSignal {
  const polled: Pick<AbortSignal, 'aborted' | 'reason'> = {
    get aborted() {
      return isCancelled()
    },
    get reason(): unknown {
      return signal.reason
    },
  }
  return polled as AbortSignal
}

// ---- what is open -------------------------------------------------------------------------------------------

interface StoreParts {
  fenceId: number
  live: ReadonlySet<string>
  /** Paths of parts that may be open, with the number of tasks that use them. */
  readonly opened: Map<string, number>
}

class OpenParts {
  readonly #disk: Disk
  readonly #stores = new Map<string, StoreParts>()
  #cache: PartCache | null = null

  constructor(disk: Disk) {
    this.#disk = disk
  }

  async search(
    { parts, live, cacheBytesMax, progress }: ScanInput,
    use: (
      source: PartSource,
      sourceOf: (some: readonly HeldPart[]) => PartSource,
      cache: PartCache,
    ) => Promise<Transferring>,
  ): Promise<Transferring> {
    this.#cache ??= new PartCache(this.#disk, { ...PART_CACHE_DEFAULTS, bytesMax: cacheBytesMax })
    const cache = this.#cache
    const store = this.#enter(live, parts)
    try {
      const done = progress === undefined ? undefined : new ScanProgress(progress)
      const sourceOf = (some: readonly HeldPart[]): PartSource => new PartSource(some, cache, () => {}, done)
      return await use(sourceOf(parts), sourceOf, cache)
    } finally {
      for (const { path } of parts) store.opened.set(path, store.opened.get(path)! - 1)
      this.#closeGone(store, cache)
    }
  }

  #enter({ directory, fenceId, paths }: LiveParts, parts: readonly HeldPart[]): StoreParts {
    let store = this.#stores.get(directory)
    if (store === undefined) {
      store = { fenceId: -1, live: new Set(), opened: new Map() }
      this.#stores.set(directory, store)
    }
    if (fenceId >= store.fenceId) {
      store.fenceId = fenceId
      store.live = new Set(paths)
    }
    for (const { path } of parts) store.opened.set(path, (store.opened.get(path) ?? 0) + 1)
    return store
  }

  #closeGone({ live, opened }: StoreParts, cache: PartCache): void {
    for (const [path, users] of opened) {
      if (users > 0 || live.has(path)) continue
      cache.forget(path)
      opened.delete(path)
    }
  }
}
