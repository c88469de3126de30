/**
 * Frames of a segment that lie end to end, as one block of columns. A frame whose bytes are damaged costs its own records
 * only: the next one that holds what was written is looked for behind it.
 */
import {
  type Block,
  BlockBuilder,
  batchCount,
  batchFirstId,
  batchLength,
  checkBatch,
  RECORD_HEADER_BYTES,
} from '../record/record.ts'
import { checkFrame, decodeFrameHeader, FRAME_HEADER_BYTES, type Salt } from './frame.ts'
import { hasIdWithin } from './scan-request.ts'
import type { ScanRequest } from './store.ts'

export interface FramesExtent {
  readonly firstId: number
  /** The id after the last one. */
  readonly endId: number
  readonly segment: { readonly salt: Salt }
}

/**
 * The rows of the frames in `bytes` that the request may want; null where there are none. `damaged` is told of ids that
 * cannot be read, both inclusive, in bytes that came from a disk; null: the bytes never left this process, and need no
 * check.
 */
export function blockOfFrames(
  bytes: Uint8Array,
  extent: FramesExtent,
  request: ScanRequest,
  damaged: ((fromId: number, toId: number) => void) | null,
): Block | null {
  const isChecked = damaged !== null
  const builder = new BlockBuilder(bytes, Math.ceil(bytes.length / RECORD_HEADER_BYTES))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const idMin = request.idMin ?? 0
  const idMax = request.idMax ?? Number.POSITIVE_INFINITY
  let expectedId = extent.firstId
  let rows = 0
  let position = 0
  while (position < bytes.length) {
    const header = decodeFrameHeader(
      bytes.subarray(position, position + FRAME_HEADER_BYTES),
      extent.segment.salt,
    )
    const end = position + FRAME_HEADER_BYTES + (header?.payloadLength ?? 0)
    if (header === null || end > bytes.length || (isChecked && !checkFrame(bytes.subarray(position, end)))) {
      const next = findFrameIn(bytes, position + 1, extent.segment.salt, expectedId)
      damaged?.(expectedId, next === null ? extent.endId - 1 : next.firstId - 1)
      expectedId = next?.firstId ?? extent.endId
      position = next?.offset ?? bytes.length
      continue
    }
    const endId = header.firstId + header.records
    if (endId > idMin && header.firstId <= idMax) {
      const start = position + FRAME_HEADER_BYTES
      if (isChecked && !hasGoodBatches(view, start, end)) damaged(header.firstId, endId - 1)
      else rows += addBatches(builder, view, start, end, { idMin, idMax, ids: request.ids })
    }
    expectedId = endId
    position = end
  }
  // The file ends before the span does.
  if (isChecked && expectedId < extent.endId) damaged(expectedId, extent.endId - 1)
  return rows === 0 ? null : builder.build()
}

/** A frame with a good checksum holds what was written; that it was no batch would be our bug, and hides no other frame. */
function hasGoodBatches(view: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at += batchLength(view, at)) {
    if (checkBatch(view, at, end) !== null) return false
  }
  return true
}

function addBatches(
  builder: BlockBuilder,
  view: DataView,
  start: number,
  end: number,
  wanted: { readonly idMin: number; readonly idMax: number; readonly ids?: Float64Array },
): number {
  let rows = 0
  let at = start
  while (at < end) {
    const firstId = batchFirstId(view, at)
    const count = batchCount(view, at)
    const rowFrom = Math.max(0, wanted.idMin - firstId)
    const rowTo = Math.min(count, wanted.idMax - firstId + 1)
    const { ids } = wanted
    if (rowFrom < rowTo && (ids === undefined || hasIdWithin(ids, firstId + rowFrom, firstId + rowTo))) {
      builder.addBatch(at, rowFrom, rowTo)
      rows += rowTo - rowFrom
    }
    at += batchLength(view, at)
  }
  return rows
}

function findFrameIn(
  bytes: Uint8Array,
  from: number,
  salt: Salt,
  idMin: number,
): { offset: number; firstId: number } | null {
  for (let offset = from; offset + FRAME_HEADER_BYTES <= bytes.length; offset++) {
    if (bytes[offset] !== 0x4c) continue // 'L' of "LCFR"
    const header = decodeFrameHeader(bytes.subarray(offset, offset + FRAME_HEADER_BYTES), salt)
    const end = offset + FRAME_HEADER_BYTES + (header?.payloadLength ?? 0)
    if (header === null || header.firstId < idMin || end > bytes.length) continue
    if (checkFrame(bytes.subarray(offset, end))) {
      return { offset, firstId: header.firstId }
    }
  }
  return null
}
