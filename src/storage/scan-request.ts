/** What a scan asks of extents: pieces of the store of which ids and times are known before they are read. */
import { CodedError } from '../base/base.ts'
import type { ScanRequest } from './store.ts'

export interface Extent {
  readonly firstId: number
  /** The id after the last one. */
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
}

export function isWanted(extent: Extent, request: ScanRequest): boolean {
  const { timeMsMin, timeMsMax } = request
  if (timeMsMin !== undefined && extent.timeMsMax < timeMsMin) return false
  if (timeMsMax !== undefined && extent.timeMsMin > timeMsMax) return false
  return isWantedById(extent.firstId, extent.endId, request)
}

export function isWantedById(firstId: number, endId: number, { idMin, idMax, ids }: ScanRequest): boolean {
  if (idMin !== undefined && endId <= idMin) return false
  if (idMax !== undefined && firstId > idMax) return false
  return ids === undefined || hasIdWithin(ids, firstId, endId)
}

/** Whether the ascending `ids` hold one from `firstId` to below `endId`. */
export function hasIdWithin(ids: Float64Array, firstId: number, endId: number): boolean {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ids[middle] < firstId) low = middle + 1
    else high = middle
  }
  return low < ids.length && ids[low] < endId
}

export function largestTime(extents: readonly Pick<Extent, 'timeMsMax'>[]): number {
  let largest = Number.NEGATIVE_INFINITY
  for (const extent of extents) largest = Math.max(largest, extent.timeMsMax)
  return largest
}

export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CodedError('QUERY_CANCELLED', 'The query was cancelled.')
}
