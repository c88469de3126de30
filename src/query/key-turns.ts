/**
 * The ids of the records that match, in their order, also where the keys of all of them would take too much memory: then
 * stretches of time are searched one after the other, oldest first, each as short as it must be. Nothing but memory is
 * saved by that: every stretch is a search of its own.
 *
 * Bound: keys of one millisecond must fit; else QUERY_TOO_LARGE, which may come after some ids were given.
 */
import { isCodedError } from '../base/portable.ts'
import type { Filter } from './ast.ts'
import { andOf } from './filters/and.ts'
import type { TimeFilter } from './filters/time.ts'
import { KEY_BYTES } from './scan/row-keys.ts'
import { keysOfAll, type Searcher } from './scan/searchers.ts'

export interface KeySearch {
  readonly searchers: readonly Searcher[]
  /** For keys. */
  readonly bytesMax: number
  readonly signal?: AbortSignal | undefined
}

/** What matches a filter: how many records, and their times in whole milliseconds, both inclusive. */
export interface Extent {
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

export interface FoundIds {
  readonly count: number
  /** In their order, some at a time. To be read once. */
  readonly ids: AsyncIterable<Float64Array>
}

/** Room for keys as they are gathered, and for records that are not spread evenly over the time. */
const ROOM = 4
const LAST_NS = 999_999

/** The newest `limit`, or all. `extentOf` is asked where they do not fit. QUERY_TOO_LARGE, QUERY_CANCELLED. */
export async function idsInTurns(
  search: KeySearch,
  filter: Filter,
  limit: number,
  extentOf: () => Promise<Extent>,
): Promise<FoundIds> {
  const all = await idsThatFit(search, filter, limit)
  if (!(all instanceof Error)) return { count: all.length, ids: only(all) }
  const extent = await extentOf()
  const count = Math.min(limit, extent.count)
  return { count, ids: withoutFirst(extent.count - count, idsOfStretches(search, filter, extent)) }
}

async function* only(ids: Float64Array): AsyncGenerator<Float64Array> {
  yield ids
}

async function* withoutFirst(
  count: number,
  turns: AsyncIterable<Float64Array>,
): AsyncGenerator<Float64Array> {
  let left = count
  for await (const ids of turns) {
    if (left < ids.length) yield ids.subarray(left)
    left = Math.max(0, left - ids.length)
  }
}

/** Half-open. */
interface Stretch {
  readonly fromMs: number
  readonly endMs: number
}

async function* idsOfStretches(
  search: KeySearch,
  filter: Filter,
  extent: Extent,
): AsyncGenerator<Float64Array> {
  // The oldest one is the last of the list.
  const waiting = evenStretches(
    extent,
    Math.ceil((extent.count * KEY_BYTES * ROOM) / search.bytesMax),
  ).reverse()
  for (let stretch = waiting.pop(); stretch !== undefined; stretch = waiting.pop()) {
    const ids = await idsThatFit(search, andOf([within(stretch), filter]), Infinity)
    if (!(ids instanceof Error)) yield ids
    else if (stretch.endMs - stretch.fromMs <= 1) throw ids
    else waiting.push(...halvesOf(stretch).reverse())
  }
}

function evenStretches({ firstMs, lastMs }: Extent, wanted: number): Stretch[] {
  const lengthMs = lastMs + 1 - firstMs
  const count = Math.min(wanted, lengthMs)
  const startOf = (at: number): number => firstMs + Math.floor((lengthMs * at) / count)
  return Array.from({ length: count }, (_, at) => ({ fromMs: startOf(at), endMs: startOf(at + 1) }))
}

function halvesOf({ fromMs, endMs }: Stretch): Stretch[] {
  const middleMs = Math.floor((fromMs + endMs) / 2)
  return [
    { fromMs, endMs: middleMs },
    { fromMs: middleMs, endMs },
  ]
}

function within({ fromMs, endMs }: Stretch): TimeFilter {
  return {
    kind: 'time',
    text: '',
    first: { ms: fromMs, ns: 0 },
    last: { ms: endMs - 1, ns: LAST_NS },
    endsNow: false,
  }
}

/** The error where they do not fit. */
async function idsThatFit(
  { searchers, bytesMax, signal }: KeySearch,
  filter: Filter,
  limit: number,
): Promise<Float64Array | Error> {
  try {
    return (await keysOfAll(searchers, filter, limit, bytesMax, signal)).ids
  } catch (error) {
    if (isCodedError(error, 'QUERY_TOO_LARGE')) return error
    throw error
  }
}
