/**
 * How the memory of the process is divided. One budget, `memory.bytesMax`, is what the whole process is to stay under;
 * each part of it is an option of its own, whose default follows from the budget and from what else is set.
 *
 *   the program       code, compiled code, objects of an idle server, what the allocator keeps   fixed
 *   each worker       the same of a thread: one that seals and merges, and those that search     fixed
 *   blocks            what a worker holds while it writes or reads one block                     grows
 *   buffer, input, caches, answers, queries                                                      grow
 *
 * Every part is its weight times one factor, within its own bounds; the factor is the largest with which all of them fit.
 * What there is beyond the factor 1 is for queries first: a machine with much memory answers larger questions, and is not
 * slower with the rest.
 * Sizes were measured (docs/storage.md, "Memory"): a garbage-collected process cannot count every byte, and the
 * fixed parts are what it takes beyond those that are counted.
 */

const KIB = 1024
const MIB = 1024 * KIB

export interface Machine {
  /** What this process may take: of the machine, or of its container. */
  readonly memoryBytes: number
  readonly processors: number
}

/** A machine of which nothing is known has enough. */
export const ANY_MACHINE: Machine = { memoryBytes: Number.POSITIVE_INFINITY, processors: 2 }

/** The options whose defaults are shares of the budget, by their paths. */
export const SHARED_OPTIONS = [
  'storage.bufferBytesMax',
  'storage.gatherBytesMax',
  'storage.blockBytesMax',
  'storage.cacheBytesMax',
  'query.memoryBytesMax',
  'query.cacheBytesMax',
  'query.answersBytesMax',
  'query.threads',
  'memory.inputBytesMax',
  'memory.queriesBytesMax',
] as const

export type SharedOption = (typeof SHARED_OPTIONS)[number]
export type MemoryPlan = { readonly [path in SharedOption]: number }

export interface MemoryWanted {
  readonly bytesMax: number
  /** How many there are: each has a buffer of its own. */
  readonly stores: number
  readonly processors: number
  /** What is set, and therefore not a share. */
  readonly stated: Partial<MemoryPlan>
}

export const MEMORY_BYTES_MIN = 192 * MIB
/** The most that queries and what they decode have beyond their shares. */
const EXTRA_BYTES_MAX = 1024 * MIB
const MEMORY_BYTES_USUAL = 768 * MIB + EXTRA_BYTES_MAX
/** Of the memory of the machine. */
const MACHINE_SHARE = 8

/** The default of `memory.bytesMax`: an eighth of the machine, 192 MiB at least and 1792 MiB at most. */
export function usualMemory(machine: Machine): number {
  const share = Math.floor(machine.memoryBytes / MACHINE_SHARE / MIB) * MIB
  return Math.max(MEMORY_BYTES_MIN, Math.min(MEMORY_BYTES_USUAL, share))
}

const PROGRAM_BYTES = 112 * MIB
const WORKER_BYTES = 16 * MIB
/** Blocks that the worker that seals holds in one form or another, and each of those that search. */
const BLOCKS_OF_SEALING = 9
const BLOCKS_OF_SEARCHING = 2
/** With less than this, one thread searches. */
const TWO_THREADS_FROM_BYTES = 320 * MIB
/** Of what lies beyond the shares: what is decoded, and what one query may have. */
const CACHE_OF_EXTRA = 3 / 16
const QUERY_OF_EXTRA = 3 / 8
const QUERY_BYTES_USUAL = 64 * MIB
/** Shares are round numbers. */
const GRAIN_BYTES_MIN = 64 * KIB
const GRAIN_CHANGE_BYTES = 4 * MIB

interface Part {
  readonly option: SharedOption
  readonly weight: number
  readonly min: number
  readonly max: number
  /** How often the process has it. */
  readonly times: number
}

/** What the parts take at their least: nothing set can be kept where the budget is smaller. */
export function leastMemory(wanted: MemoryWanted): number {
  return sizeWith(0, wanted)
}

/** What takes most of all that is set, and the bytes that it may have at most, which may be none; null: nothing is set. */
export function whatFits(
  wanted: MemoryWanted,
): { readonly option: SharedOption; readonly max: number } | null {
  const excess = leastMemory(wanted) - wanted.bytesMax
  const costs = partsOf(wanted).flatMap(({ option, times }) => {
    const bytes = wanted.stated[option]
    return bytes === undefined
      ? []
      : [{ option, cost: bytes * times, max: Math.floor(bytes - excess / times) }]
  })
  const [largest] = costs.toSorted((a, b) => b.cost - a.cost)
  return largest ?? null
}

/** The parts, what is set included. They exceed the budget where `leastMemory` does. */
export function planMemory(wanted: MemoryWanted): MemoryPlan {
  const extra = extraBytes(wanted)
  const factor = factorFor(wanted.bytesMax - extra, wanted)
  const ofParts = partsOf(wanted).map((part) => [part.option, partBytes(part, factor, wanted)] as const)
  const plan = Object.fromEntries(ofParts) as Record<SharedOption, number>
  const ofCache = wanted.stated['query.cacheBytesMax'] === undefined ? CACHE_OF_EXTRA * extra : 0
  const ofQuery = Math.min(QUERY_BYTES_USUAL, Math.floor(plan['memory.queriesBytesMax'] / 2))
  return {
    ...plan,
    'memory.queriesBytesMax': plan['memory.queriesBytesMax'] + extra - ofCache,
    'query.cacheBytesMax': plan['query.cacheBytesMax'] + ofCache,
    'query.memoryBytesMax': ofQuery + QUERY_OF_EXTRA * extra,
    'query.threads': threadsOf(wanted),
    ...wanted.stated,
  }
}

/** What there is beyond the factor 1: for queries, first. */
function extraBytes(wanted: MemoryWanted): number {
  if (wanted.stated['memory.queriesBytesMax'] !== undefined) return 0
  const left = Math.floor((wanted.bytesMax - sizeWith(1, wanted)) / MIB) * MIB
  return Math.max(0, Math.min(EXTRA_BYTES_MAX, left))
}

/** The largest with which the parts fit into so many bytes. */
function factorFor(bytesMax: number, wanted: MemoryWanted): number {
  let low = 0
  let high = bytesMax / MIB
  for (let round = 0; round < 50; round++) {
    const factor = (low + high) / 2
    if (sizeWith(factor, wanted) <= bytesMax) low = factor
    else high = factor
  }
  return low
}

function sizeWith(factor: number, wanted: MemoryWanted): number {
  const workers = 1 + threadsAtOnce(wanted)
  return partsOf(wanted).reduce(
    (sum, part) => sum + part.times * partBytes(part, factor, wanted),
    PROGRAM_BYTES + workers * WORKER_BYTES,
  )
}

function partBytes({ option, weight, min, max }: Part, factor: number, { stated }: MemoryWanted): number {
  const share = weight * factor
  const grain = share < GRAIN_CHANGE_BYTES ? GRAIN_BYTES_MIN : MIB
  return stated[option] ?? Math.max(min, Math.min(max, Math.floor(share / grain) * grain))
}

function threadsOf({ bytesMax }: MemoryWanted): number {
  return bytesMax < TWO_THREADS_FROM_BYTES ? 1 : 2
}

/** More threads than there are processors are never started. */
function threadsAtOnce(wanted: MemoryWanted): number {
  return Math.min(wanted.stated['query.threads'] ?? threadsOf(wanted), wanted.processors)
}

/** With the factor 1 they are what a budget of 768 MiB gives a server with one store on two processors. */
function partsOf(wanted: MemoryWanted): readonly Part[] {
  const { stores, stated } = wanted
  const blocks = BLOCKS_OF_SEALING + BLOCKS_OF_SEARCHING * threadsAtOnce(wanted)
  const part = (option: SharedOption, weight: number, min: number, max: number, times = 1): Part => {
    return { option, weight: weight * MIB, min: min * MIB, max: max * MIB, times }
  }
  const unbounded = Number.POSITIVE_INFINITY
  // A buffer holds what waits for the disk, too, and more than a segment: what is sealed is then mostly taken from
  // memory, and not read again (6 % of the CPU of ingest). One query may always have what it may have.
  const bufferMin = Math.max(8, (stated['storage.gatherBytesMax'] ?? 0) / MIB)
  const queriesMin = Math.max(8, (stated['query.memoryBytesMax'] ?? 0) / MIB)
  return [
    part('storage.bufferBytesMax', 96, bufferMin, Math.max(256, bufferMin), stores),
    part('storage.gatherBytesMax', 8, 4, 8, stores),
    part('storage.blockBytesMax', 16, 1, 16, blocks),
    part('storage.cacheBytesMax', 16, 1, 64, stores),
    part('query.cacheBytesMax', 64, 2, unbounded),
    part('query.answersBytesMax', 40, 4, 512),
    part('memory.inputBytesMax', 48, 8, 1024),
    part('memory.queriesBytesMax', 128, queriesMin, unbounded),
  ]
}
