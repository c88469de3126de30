/**
 * Which parts are merged next. Pure: a list of parts in, plans out; who runs them, and when, is the caller's.
 *
 * Only parts of one day go together (those of many days among themselves), and only neighbours by id: so parts of a day
 * never overlap. A part is in one plan at most.
 *
 *  - While a day goes on: parts have tiers, by bytes in steps of 4, and at least as high as how often they were merged.
 *    `fanIn` parts of one tier become one part, with the lower ones that lie between them.
 *  - When a day is over and nothing came for a while, it is cold: all of it becomes one part, at the final level. A final
 *    part is merged again only with at least as many bytes as it has itself.
 *  - A part that has many deleted rows is written again alone.
 *  - On demand (planFinalMerges): everything of a day, whatever its sizes.
 *
 * How often a record is written again: each merge of a day that goes on lifts it to a higher tier (where packing again
 * does not halve the bytes), so
 *  - at most ceil(log_fanIn(parts of the day)) times where sealed parts are of one size, which is the usual case, and
 *    at most ceil(log4(largest part / 1 MiB)) + ceil(log_fanIn(parts of the day)) times whatever their sizes;
 *  - once more when the day is over;
 *  - at most log2(largest part / smallest part) times more where records come after that.
 * Writing a part again for its deleted rows costs at most (1 - share) / share bytes for each byte that it frees.
 */
import type { ManifestPart } from './manifest-edits.ts'

const MIB = 1024 * 1024
/** zstd level of sealed parts. What is merged while a day goes on has the same, so that nothing is packed again. */
export const SEAL_LEVEL = 3
const TIER_STEP = 4
/** Fewer parts of one tier are merged where more would make too large a part, but not fewer than this. */
const FAN_IN_MIN = 4

export interface MergePlanOptions {
  /** Parts of one tier that become one, from 4 to 16. */
  readonly fanIn: number
  /** No merge makes a larger part. */
  readonly partBytesMax: number
  /** Parts below this are of tier 0. */
  readonly tierBytes: number
  /** A day is cold when it is over and nothing of it was received for so long. */
  readonly coldAfterMs: number
  /** zstd level by the tier of what is merged; the last one is that of all higher tiers. */
  readonly levels: readonly number[]
  /** zstd level of what is not to be merged again. */
  readonly finalLevel: number
  /** Share of deleted rows from which on a part is written again alone. */
  readonly deletedShareMax: number
  /**
   * Numbers of parts that are not merged, because they are damaged. Nothing is merged across them either: parts of a day
   * would overlap, and could never be merged where the damage is mended.
   */
  readonly leaveAlone?: ReadonlySet<number>
}

export const MERGE_PLAN_DEFAULTS: MergePlanOptions = {
  fanIn: 8,
  partBytesMax: 1024 * MIB,
  tierBytes: MIB,
  coldAfterMs: 60 * 60 * 1000,
  levels: [SEAL_LEVEL],
  finalLevel: 9,
  deletedShareMax: 0.25,
}

export interface MergePlan {
  /** Ascending by id, with no other part of the day between them. */
  readonly parts: readonly ManifestPart[]
  /** Of all of them. */
  readonly day: number | null
  /** zstd level of the output. */
  readonly compression: number
  /** How often its records were merged: for the summary of the output. */
  readonly level: number
}

type Parts = readonly ManifestPart[]

/** Merges that are due. `nowMs` is compared with times of receipt. */
export function planMerges(
  parts: Parts,
  nowMs: number,
  options: MergePlanOptions = MERGE_PLAN_DEFAULTS,
): MergePlan[] {
  const days = byDay(parts)
  const newest = newestDay(parts)
  return [...days].flatMap(([day, ofDay]) => {
    const isCold = day !== null && day < newest && isQuiet(ofDay, nowMs, options)
    const isEdge = (part: ManifestPart): boolean =>
      isFullOfDeletes(part, options) || isLeftAlone(part, options)
    return splitAt(ofDay, isEdge).flatMap(({ run, at }) => [
      ...(isCold ? coldPlans(run, options) : tierPlans(run, options)),
      ...(at === null || isLeftAlone(at, options) ? [] : [alonePlan(at)]),
    ])
  })
}

/** Merges after which every day has as few parts as may be, without deleted rows, and at the final level where it is cold. */
export function planFinalMerges(
  parts: Parts,
  nowMs: number,
  options: MergePlanOptions = MERGE_PLAN_DEFAULTS,
): MergePlan[] {
  const newest = newestDay(parts)
  return [...byDay(parts)].flatMap(([day, ofDay]) => {
    const isCold = day !== null && day < newest && isQuiet(ofDay, nowMs, options)
    const level = isCold ? options.finalLevel : Math.max(...options.levels)
    return splitAt(ofDay, (part) => isLeftAlone(part, options))
      .flatMap(({ run }) => windowsOf(run, options.partBytesMax))
      .filter((window) => window.length > 1 || !isDone(window[0], level))
      .map((window) => planOf(window, level))
  })
}

// ---- days -------------------------------------------------------------------------------------------------------

/** Parts of each day, ascending by id. */
function byDay(parts: Parts): Map<number | null, ManifestPart[]> {
  const days = new Map<number | null, ManifestPart[]>()
  for (const part of [...parts].sort((a, b) => a.summary.firstId - b.summary.firstId)) {
    const { day } = part.summary
    const known = days.get(day)
    if (known === undefined) days.set(day, [part])
    else known.push(part)
  }
  return days
}

function newestDay(parts: Parts): number {
  let newest = Number.NEGATIVE_INFINITY
  for (const { summary } of parts) if (summary.day !== null) newest = Math.max(newest, summary.day)
  return newest
}

function isQuiet(parts: Parts, nowMs: number, { coldAfterMs }: MergePlanOptions): boolean {
  return parts.every(({ summary }) => nowMs - summary.receivedMsMax >= coldAfterMs)
}

function isFullOfDeletes({ deletes, summary }: ManifestPart, { deletedShareMax }: MergePlanOptions): boolean {
  return deletes !== null && deletes.records > summary.records * deletedShareMax
}

const isLeftAlone = ({ number }: ManifestPart, { leaveAlone }: MergePlanOptions): boolean =>
  leaveAlone?.has(number) === true

const isDone = ({ deletes, summary }: ManifestPart, level: number): boolean =>
  deletes === null && summary.compression >= level

// ---- tiers ------------------------------------------------------------------------------------------------------

function tierOf({ summary }: ManifestPart, { tierBytes }: MergePlanOptions): number {
  let tier = 0
  for (let bytes = tierBytes; summary.bytes >= bytes; bytes *= TIER_STEP) tier++
  return Math.max(tier, summary.level)
}

function tierPlans(parts: Parts, options: MergePlanOptions): MergePlan[] {
  const tiers = new Map(parts.map((part) => [part, tierOf(part, options)]))
  const plans: MergePlan[] = []
  let rest: Parts[] = [parts]
  for (const tier of [...new Set(tiers.values())].sort((a, b) => a - b)) {
    const level = options.levels[Math.min(tier, options.levels.length - 1)]
    const left: Parts[] = []
    for (const run of rest) {
      const isTier = (part: ManifestPart): boolean => tiers.get(part) === tier
      const isHigher = (part: ManifestPart): boolean => (tiers.get(part) ?? 0) > tier
      const windows = splitAt(run, isHigher).flatMap((piece) => tierWindows(piece.run, isTier, options))
      plans.push(...windows.map((window) => planOf(window, level)))
      left.push(...without(run, windows))
    }
    rest = left
  }
  return plans
}

/** Windows of a run without higher tiers: from one part of the tier to another, with what lies between them. */
function tierWindows(
  run: Parts,
  isTier: (part: ManifestPart) => boolean,
  { fanIn, partBytesMax }: MergePlanOptions,
): Parts[] {
  const windows: Parts[] = []
  let left = run.filter(isTier).length
  let window: ManifestPart[] = []
  let bytes = 0
  let count = 0
  let end = 0
  const close = (): void => {
    if (count >= fanIn || (count >= FAN_IN_MIN && count + left >= fanIn)) windows.push(window.slice(0, end))
    window = []
    bytes = count = end = 0
  }
  for (const part of run) {
    if (bytes + part.summary.bytes > partBytesMax) close()
    const isOfTier = isTier(part)
    if (isOfTier) left--
    if (part.summary.bytes > partBytesMax || (count === 0 && !isOfTier)) continue
    window.push(part)
    bytes += part.summary.bytes
    if (!isOfTier) continue
    end = window.length
    if (++count === fanIn) close()
  }
  return windows
}

/** The runs between the windows, which ascend. */
function without(run: Parts, windows: readonly Parts[]): Parts[] {
  const taken = new Set(windows.flat())
  return splitAt(run, (part) => taken.has(part)).map((piece) => piece.run)
}

// ---- cold days, and on demand -----------------------------------------------------------------------------------

function coldPlans(parts: Parts, options: MergePlanOptions): MergePlan[] {
  const [part] = parts
  if (parts.length === 1 && part.summary.bytes >= options.tierBytes && !isDone(part, options.finalLevel))
    return [planOf(parts, options.finalLevel)]
  return windowsOf(parts, options.partBytesMax).flatMap((window) => balanced(window, options))
}

/** A window, or the windows beside final parts in it that are too large for the rest. */
function balanced(window: Parts, options: MergePlanOptions): MergePlan[] {
  const finals = window.filter((part) => part.summary.compression === options.finalLevel)
  const largest = Math.max(0, ...finals.map(({ summary }) => summary.bytes))
  if (bytesOf(window) < largest * 2) {
    const isTooLarge = ({ summary }: ManifestPart): boolean =>
      summary.compression === options.finalLevel && summary.bytes === largest
    return splitAt(window, isTooLarge).flatMap(({ run }) => balanced(run, options))
  }
  return window.length < 2 ? [] : [planOf(window, options.finalLevel)]
}

/** Neighbours, as many as one part may hold. */
function windowsOf(parts: Parts, partBytesMax: number): Parts[] {
  const windows: ManifestPart[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const part of parts) {
    if (bytes + part.summary.bytes > partBytesMax) {
      windows.push([])
      bytes = 0
    }
    windows[windows.length - 1].push(part)
    bytes += part.summary.bytes
  }
  return windows
}

const bytesOf = (parts: Parts): number => parts.reduce((sum, { summary }) => sum + summary.bytes, 0)

/** Runs between the parts that `isEdge` picks, each with the part that ends it. */
function splitAt(
  parts: Parts,
  isEdge: (part: ManifestPart) => boolean,
): { readonly run: Parts; readonly at: ManifestPart | null }[] {
  const runs: { run: ManifestPart[]; at: ManifestPart | null }[] = []
  let run: ManifestPart[] = []
  for (const part of parts) {
    if (!isEdge(part)) {
      run.push(part)
      continue
    }
    runs.push({ run, at: part })
    run = []
  }
  return [...runs, { run, at: null }]
}

// ---- plans ------------------------------------------------------------------------------------------------------

const planOf = (parts: Parts, compression: number): MergePlan => ({
  parts,
  day: parts[0].summary.day,
  compression,
  level: Math.max(...parts.map(({ summary }) => summary.level)) + 1,
})

/** Stays in its tier and at its level. */
const alonePlan = (part: ManifestPart): MergePlan => ({
  parts: [part],
  day: part.summary.day,
  compression: part.summary.compression,
  level: part.summary.level,
})
