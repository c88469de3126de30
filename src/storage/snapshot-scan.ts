/**
 * Parts and segments of a snapshot as one scan. In id order parts come before the segments whose ids are higher; from
 * the newest, whichever has the newer block.
 */
import type { Block } from '../record/record.ts'
import { SelectedRows } from './block/selected-rows.ts'
import type { HeldPart } from './held-part.ts'
import { isWanted, largestTime } from './scan-request.ts'
import type { HeldSegment } from './segment-scan.ts'
import type { ScannedBlock, ScanRequest } from './store.ts'

export interface BothScans {
  readonly request: ScanRequest
  readonly parts: readonly HeldPart[]
  /** By id. */
  readonly segments: readonly HeldSegment[]
  readonly scanParts: (request: ScanRequest) => AsyncIterable<ScannedBlock>
  readonly scanSegments: (
    request: ScanRequest,
    segments?: readonly HeldSegment[],
  ) => AsyncIterable<ScannedBlock>
}

export function scanBoth(scans: BothScans): AsyncIterable<ScannedBlock> {
  const { order = 'id' } = scans.request
  if (order === 'newest') return scanNewest(scans)
  return order === 'id' ? scanById(scans) : scanInTurn(scans)
}

async function* scanInTurn({
  request,
  segments,
  scanParts,
  scanSegments,
}: BothScans): AsyncGenerator<ScannedBlock, void> {
  const later = largestTime(segments.filter((segment) => isWanted(segment, request)))
  for await (const scanned of scanParts(request))
    yield { ...scanned, restTimeMsMax: Math.max(scanned.restTimeMsMax, later) }
  yield* scanSegments(request)
}

/** Mostly all parts lie before all segments; one that cannot be sealed stays between them. */
async function* scanById(scans: BothScans): AsyncGenerator<ScannedBlock, void> {
  const { request, parts, segments, scanParts, scanSegments } = scans
  const { idMin = 0, idMax = Number.POSITIVE_INFINITY } = request
  const wanted = segments.filter((segment) => isWanted(segment, request))
  let from = idMin
  for (const [index, segment] of wanted.entries()) {
    const range = { ...request, idMin: from, idMax: Math.min(idMax, segment.firstId - 1) }
    if (range.idMin <= range.idMax)
      yield* pieces(scanParts(range), range, laterTime(scans, wanted.slice(index), segment))
    const later = laterTime(scans, wanted.slice(index + 1), segment)
    for await (const scanned of scanSegments(request, [segment]))
      yield { ...scanned, restTimeMsMax: Math.max(scanned.restTimeMsMax, later) }
    from = Math.max(from, segment.endId)
  }
  const range = { ...request, idMin: from, idMax }
  if (parts.some((part) => part.endId > from) && from <= idMax)
    yield* pieces(scanParts(range), range, Number.NEGATIVE_INFINITY)
}

/** The largest time of segments that are to come, and of parts with ids above those of `segment`. */
function laterTime(
  { parts, request }: BothScans,
  segments: readonly HeldSegment[],
  segment: HeldSegment,
): number {
  const range = { ...request, idMin: Math.max(request.idMin ?? 0, segment.endId) }
  return Math.max(largestTime(segments), largestTime(parts.filter((part) => isWanted(part, range))))
}

/** Of each block the rows within the range: a merged block may reach beyond the segment that parts it. */
async function* pieces(
  scan: AsyncIterable<ScannedBlock>,
  { idMin, idMax }: { idMin: number; idMax: number },
  later: number,
): AsyncGenerator<ScannedBlock, void> {
  for await (const scanned of scan) {
    const block = clippedOf(scanned, idMin, idMax)
    if (block !== null) yield { ...scanned, block, restTimeMsMax: Math.max(scanned.restTimeMsMax, later) }
  }
}

/** Null where nothing is left, and where the ids cannot be read, which is noted. */
function clippedOf({ block, damaged }: ScannedBlock, idMin: number, idMax: number): Block | null {
  try {
    return clipped(block, idMin, idMax)
  } catch (error) {
    if (damaged === undefined) throw error
    damaged(error)
    return null
  }
}

function clipped(block: Block, idMin: number, idMax: number): Block | null {
  const { ids, rowCount } = block
  if (ids[0] >= idMin && ids[rowCount - 1] <= idMax) return block
  const rows: number[] = []
  for (let row = 0; row < rowCount; row++) if (ids[row] >= idMin && ids[row] <= idMax) rows.push(row)
  return rows.length === 0 ? null : new SelectedRows(block, Uint32Array.from(rows))
}

async function* scanNewest({
  request,
  scanParts,
  scanSegments,
}: BothScans): AsyncGenerator<ScannedBlock, void> {
  const parts = scanParts(request)[Symbol.asyncIterator]()
  const segments = scanSegments(request)[Symbol.asyncIterator]()
  try {
    let part = await parts.next()
    let segment = await segments.next()
    while (!part.done || !segment.done) {
      const isPart =
        segment.done === true ||
        (part.done !== true && part.value.block.timeMsMax > segment.value.block.timeMsMax)
      const [taken, other] = isPart ? [part, segment] : [segment, part]
      if (taken.done === true) return
      const restTimeMsMax = Math.max(taken.value.restTimeMsMax, restOf(other))
      yield { ...taken.value, restTimeMsMax }
      if (isPart) part = await parts.next()
      else segment = await segments.next()
    }
  } finally {
    await parts.return?.()
    await segments.return?.()
  }
}

/** The largest time of a block that is held back, and of those behind it. */
function restOf(head: IteratorResult<ScannedBlock, void>): number {
  return head.done === true
    ? Number.NEGATIVE_INFINITY
    : Math.max(head.value.block.timeMsMax, head.value.restTimeMsMax)
}
