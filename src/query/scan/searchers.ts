/**
 * Those who search the records of one snapshot side by side, each perhaps in a thread of its own, and what they find put
 * together: counts add, the newest keys of all are the newest of each, a row comes from whoever has it. No record is
 * searched by two.
 */
import type { Filter } from '../ast.ts'
import { mergeValues, valuesIn } from './field-values.ts'
import { type GatherWanted, gatherIn } from './gather.ts'
import type { PackedRows } from './packed-rows.ts'
import { keyBytesFor, type SortedKeys } from './row-keys.ts'
import { type BlockSource, countIn, type FoundRows, keysIn, pause, rowsIn } from './search.ts'
import type { CountedValues } from './value-counter.ts'
import type { ValuesWanted } from './values-wanted.ts'

/** Searches some of the records. Arguments and results are plain data, but for the signal. */
export interface Searcher {
  /** There are no more than these; absent where that is not known. */
  readonly records?: number
  count(filter: Filter, limit: number, signal?: AbortSignal): Promise<number>
  keys(filter: Filter, limit: number, bytesMax: number, signal?: AbortSignal): Promise<SortedKeys>
  values(filter: Filter, wanted: ValuesWanted, bytesMax: number, signal?: AbortSignal): Promise<CountedValues>
  /** States of the pipe that gathers, at least one. */
  gather(filter: Filter, wanted: GatherWanted, signal?: AbortSignal): Promise<unknown[]>
  /** At least one id, in ascending order. */
  rows(ids: Float64Array, bytesMax: number, signal?: AbortSignal): Promise<FoundRows>
}

/** Searches in this thread. */
export function searcherOf(source: BlockSource, records?: number): Searcher {
  return {
    ...(records !== undefined && { records }),
    count: (filter, limit, signal) => countIn(source, filter, limit, signal),
    keys: (filter, limit, bytesMax, signal) => keysIn(source, filter, limit, bytesMax, signal),
    values: (filter, wanted, bytesMax, signal) => valuesIn(source, filter, wanted, bytesMax, signal),
    gather: async (filter, wanted, signal) => [await gatherIn(source, filter, wanted, signal)],
    rows: (ids, bytesMax, signal) => rowsIn(source, ids, bytesMax, signal),
  }
}

export async function countOfAll(
  searchers: readonly Searcher[],
  filter: Filter,
  limit: number,
  signal?: AbortSignal,
): Promise<number> {
  const counts = await askAll(searchers, signal, (searcher, either) => searcher.count(filter, limit, either))
  return Math.min(
    limit,
    counts.reduce((sum, count) => sum + count, 0),
  )
}

/** `bytesMax` is for the keys of all searchers together. */
export async function keysOfAll(
  searchers: readonly Searcher[],
  filter: Filter,
  limit: number,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<SortedKeys> {
  const shares = keyShares(searchers, bytesMax)
  const found = await askAll(searchers, signal, (searcher, either) =>
    searcher.keys(filter, limit, shares.get(searcher) ?? 0, either),
  )
  return found.length === 1 ? found[0] : mergeKeys(found, limit, () => pause(signal))
}

/** The same for each searcher, but what small ones can never use goes to the others. */
function keyShares(searchers: readonly Searcher[], bytesMax: number): ReadonlyMap<Searcher, number> {
  const needs = searchers.map((searcher) => ({ searcher, bytes: keyBytesFor(searcher.records ?? Infinity) }))
  needs.sort((a, b) => a.bytes - b.bytes)
  const shares = new Map<Searcher, number>()
  let bytesLeft = bytesMax
  for (const [at, { searcher, bytes }] of needs.entries()) {
    const share = Math.min(bytes, Math.floor(bytesLeft / (needs.length - at)))
    shares.set(searcher, share)
    bytesLeft -= share
  }
  return shares
}

/** `bytesMax` is for the values of all searchers, and for what they are put together to. */
export async function valuesOfAll(
  searchers: readonly Searcher[],
  filter: Filter,
  wanted: ValuesWanted,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<CountedValues> {
  const share = searchers.length === 1 ? bytesMax : Math.floor(bytesMax / (searchers.length + 1))
  const found = await askAll(searchers, signal, (searcher, either) =>
    searcher.values(filter, wanted, share, either),
  )
  return mergeValues(found, share)
}

/** All states, in the order of the searchers. */
export async function statesOfAll(
  searchers: readonly Searcher[],
  filter: Filter,
  wanted: GatherWanted,
  signal?: AbortSignal,
): Promise<unknown[]> {
  const found = await askAll(searchers, signal, (searcher, either) => searcher.gather(filter, wanted, either))
  return found.flat()
}

/** FoundRows of all searchers. */
export interface FoundPacks extends Omit<FoundRows, 'rows'> {
  /** Of the searchers, in their order. */
  readonly packs: readonly PackedRows[]
}

/** Of ids in any order. `bytesMax` is for the rows of all searchers together. */
export async function rowsOfAll(
  searchers: readonly Searcher[],
  ids: Float64Array,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<FoundPacks> {
  const share = Math.floor(bytesMax / searchers.length)
  const ascending = ids.toSorted()
  const found = await askAll(searchers, signal, (searcher, either) => searcher.rows(ascending, share, either))
  return {
    packs: found.map(({ rows }) => rows),
    isTooLarge: found.some(({ isTooLarge }) => isTooLarge),
    isDamaged: found.some(({ isDamaged }) => isDamaged),
  }
}

/** The answers of all searchers, in their order. When one fails the others are cancelled, and waited for. */
async function askAll<T>(
  searchers: readonly Searcher[],
  signal: AbortSignal | undefined,
  ask: (searcher: Searcher, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T[]> {
  if (searchers.length === 1) return [await ask(searchers[0], signal)]
  const stopped = new AbortController()
  const either = AbortSignal.any([stopped.signal, ...(signal === undefined ? [] : [signal])])
  const failures: unknown[] = []
  const answers = new Array<T>(searchers.length)
  await Promise.all(
    searchers.map(async (searcher, at) => {
      try {
        answers[at] = await ask(searcher, either)
      } catch (error) {
        failures.push(error)
        stopped.abort()
      }
    }),
  )
  if (failures.length > 0) throw failures[0]
  return answers
}

// ---- keys ---------------------------------------------------------------------------------------------------

const TURN_KEYS = 32 * 1024

/** The newest `limit` of all keys, oldest first. Linear: there are few. */
export async function mergeKeys(
  found: readonly SortedKeys[],
  limit: number,
  pauseNow: () => Promise<void>,
): Promise<SortedKeys> {
  const total = found.reduce((sum, { ids }) => sum + ids.length, 0)
  const size = Math.min(limit, total)
  const merged = {
    timesMs: new Float64Array(size),
    timesNs: new Uint32Array(size),
    ids: new Float64Array(size),
  }
  const places = found.map(({ ids }) => ids.length - 1)
  for (let at = size - 1; at >= 0; at--) {
    const newest = newestOf(found, places)
    const place = places[newest]--
    merged.timesMs[at] = found[newest].timesMs[place]
    merged.timesNs[at] = found[newest].timesNs[place]
    merged.ids[at] = found[newest].ids[place]
    if (at % TURN_KEYS === 0) await pauseNow()
  }
  return merged
}

/** Whose key at its place is the newest. One of them has a key left. */
function newestOf(found: readonly SortedKeys[], places: readonly number[]): number {
  let newest = -1
  for (let at = 0; at < found.length; at++) {
    if (places[at] < 0) continue
    if (newest < 0 || isNewer(found[at], places[at], found[newest], places[newest])) newest = at
  }
  return newest
}

function isNewer(a: SortedKeys, atA: number, b: SortedKeys, atB: number): boolean {
  if (a.timesMs[atA] !== b.timesMs[atB]) return a.timesMs[atA] > b.timesMs[atB]
  if (a.timesNs[atA] !== b.timesNs[atB]) return a.timesNs[atA] > b.timesNs[atB]
  return a.ids[atA] > b.ids[atB]
}
