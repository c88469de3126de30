/**
 * Several parts of one snapshot that are searched side by side, each perhaps in a thread of its own, and what they give
 * put together: counts add, the newest keys of all are the newest of each, a row comes from whoever has it. No record
 * is in two parts.
 */
import type { Filter } from '../ast.ts'
import { mergeValues, valuesIn } from './field-values.ts'
import { type GatherWanted, gatherIn } from './gather.ts'
import type { PackedRows } from './packed-rows.ts'
import { keyBytesFor, type SortedKeys } from './row-keys.ts'
import { type BlockSource, countIn, type FoundRows, keysIn, pause, rowsIn } from './search.ts'
import type { CountedValues } from './value-counter.ts'
import type { ValuesWanted } from './values-wanted.ts'

/** A part that can be asked. Arguments and results are plain data, but for the signal. */
export interface SearchPart {
  /** It has no more than these; absent where that is not known. */
  readonly records?: number
  count(filter: Filter, limit: number, signal?: AbortSignal): Promise<number>
  keys(filter: Filter, limit: number, bytesMax: number, signal?: AbortSignal): Promise<SortedKeys>
  values(filter: Filter, wanted: ValuesWanted, bytesMax: number, signal?: AbortSignal): Promise<CountedValues>
  /** States of the pipe that gathers, at least one. */
  gather(filter: Filter, wanted: GatherWanted, signal?: AbortSignal): Promise<unknown[]>
  /** At least one id, in ascending order. */
  rows(ids: Float64Array, bytesMax: number, signal?: AbortSignal): Promise<FoundRows>
}

/** A part that is searched in this thread. */
export function partOf(source: BlockSource, records?: number): SearchPart {
  return {
    ...(records !== undefined && { records }),
    count: (filter, limit, signal) => countIn(source, filter, limit, signal),
    keys: (filter, limit, bytesMax, signal) => keysIn(source, filter, limit, bytesMax, signal),
    values: (filter, wanted, bytesMax, signal) => valuesIn(source, filter, wanted, bytesMax, signal),
    gather: async (filter, wanted, signal) => [await gatherIn(source, filter, wanted, signal)],
    rows: (ids, bytesMax, signal) => rowsIn(source, ids, bytesMax, signal),
  }
}

export async function countOfParts(
  parts: readonly SearchPart[],
  filter: Filter,
  limit: number,
  signal?: AbortSignal,
): Promise<number> {
  const counts = await askAll(parts, signal, (part, either) => part.count(filter, limit, either))
  return Math.min(
    limit,
    counts.reduce((sum, count) => sum + count, 0),
  )
}

/** `bytesMax` is for the keys of all parts together. */
export async function keysOfParts(
  parts: readonly SearchPart[],
  filter: Filter,
  limit: number,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<SortedKeys> {
  const shares = keyShares(parts, bytesMax)
  const found = await askAll(parts, signal, (part, either) =>
    part.keys(filter, limit, shares.get(part) ?? 0, either),
  )
  return found.length === 1 ? found[0] : mergeKeys(found, limit, () => pause(signal))
}

/** The same for each part, but what small ones can never use goes to the others. */
function keyShares(parts: readonly SearchPart[], bytesMax: number): ReadonlyMap<SearchPart, number> {
  const needs = parts.map((part) => ({ part, bytes: keyBytesFor(part.records ?? Infinity) }))
  needs.sort((a, b) => a.bytes - b.bytes)
  const shares = new Map<SearchPart, number>()
  let bytesLeft = bytesMax
  for (const [at, { part, bytes }] of needs.entries()) {
    const share = Math.min(bytes, Math.floor(bytesLeft / (needs.length - at)))
    shares.set(part, share)
    bytesLeft -= share
  }
  return shares
}

/** `bytesMax` is for the values of all parts, and for what they are put together to. */
export async function valuesOfParts(
  parts: readonly SearchPart[],
  filter: Filter,
  wanted: ValuesWanted,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<CountedValues> {
  const share = parts.length === 1 ? bytesMax : Math.floor(bytesMax / (parts.length + 1))
  const found = await askAll(parts, signal, (part, either) => part.values(filter, wanted, share, either))
  return mergeValues(found, share)
}

/** All states, in the order of the parts. */
export async function statesOfParts(
  parts: readonly SearchPart[],
  filter: Filter,
  wanted: GatherWanted,
  signal?: AbortSignal,
): Promise<unknown[]> {
  const found = await askAll(parts, signal, (part, either) => part.gather(filter, wanted, either))
  return found.flat()
}

/** FoundRows of all parts. */
export interface FoundPacks extends Omit<FoundRows, 'rows'> {
  /** Of the parts, in their order. */
  readonly packs: readonly PackedRows[]
}

/** Of ids in any order. `bytesMax` is for the rows of all parts together. */
export async function rowsOfParts(
  parts: readonly SearchPart[],
  ids: Float64Array,
  bytesMax: number,
  signal?: AbortSignal,
): Promise<FoundPacks> {
  const share = Math.floor(bytesMax / parts.length)
  const ascending = ids.toSorted()
  const found = await askAll(parts, signal, (part, either) => part.rows(ascending, share, either))
  return {
    packs: found.map(({ rows }) => rows),
    isTooLarge: found.some(({ isTooLarge }) => isTooLarge),
    isDamaged: found.some(({ isDamaged }) => isDamaged),
  }
}

/** The answers of all parts, in their order. When one fails the others are cancelled, and waited for. */
async function askAll<T>(
  parts: readonly SearchPart[],
  signal: AbortSignal | undefined,
  ask: (part: SearchPart, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T[]> {
  if (parts.length === 1) return [await ask(parts[0], signal)]
  const stopped = new AbortController()
  const either = AbortSignal.any([stopped.signal, ...(signal === undefined ? [] : [signal])])
  const failures: unknown[] = []
  const answers = new Array<T>(parts.length)
  await Promise.all(
    parts.map(async (part, at) => {
      try {
        answers[at] = await ask(part, either)
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

/** The newest `limit` of all keys, oldest first. Linear: the parts are few. */
export async function mergeKeys(
  parts: readonly SortedKeys[],
  limit: number,
  pauseNow: () => Promise<void>,
): Promise<SortedKeys> {
  const total = parts.reduce((sum, { ids }) => sum + ids.length, 0)
  const size = Math.min(limit, total)
  const merged = {
    timesMs: new Float64Array(size),
    timesNs: new Uint32Array(size),
    ids: new Float64Array(size),
  }
  const places = parts.map(({ ids }) => ids.length - 1)
  for (let at = size - 1; at >= 0; at--) {
    const newest = newestOf(parts, places)
    const place = places[newest]--
    merged.timesMs[at] = parts[newest].timesMs[place]
    merged.timesNs[at] = parts[newest].timesNs[place]
    merged.ids[at] = parts[newest].ids[place]
    if (at % TURN_KEYS === 0) await pauseNow()
  }
  return merged
}

/** The part whose key at its place is the newest. One of them has a key left. */
function newestOf(parts: readonly SortedKeys[], places: readonly number[]): number {
  let newest = -1
  for (let part = 0; part < parts.length; part++) {
    if (places[part] < 0) continue
    if (newest < 0 || isNewer(parts[part], places[part], parts[newest], places[newest])) newest = part
  }
  return newest
}

function isNewer(a: SortedKeys, atA: number, b: SortedKeys, atB: number): boolean {
  if (a.timesMs[atA] !== b.timesMs[atB]) return a.timesMs[atA] > b.timesMs[atB]
  if (a.timesNs[atA] !== b.timesNs[atB]) return a.timesNs[atA] > b.timesNs[atB]
  return a.ids[atA] > b.ids[atB]
}
