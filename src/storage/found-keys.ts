/**
 * The idempotency keys that a start finds: in files of keys, of segments that were sealed, and in segments that were not.
 * What they are for is said in idempotency.ts.
 */
import { isCodedError, messageOf, systemErrorCode } from '../base/base.ts'
import { batchFirstId, batchKeyLength, batchLength, batchReceivedMs } from '../record/record.ts'
import { keysFileName } from './file-names.ts'
import { FRAME_HEADER_BYTES } from './frame.ts'
import { batchKeyText, KeyWindow } from './idempotency.ts'
import { readKeysFile } from './keys-file.ts'
import type { Inspection } from './recovery.ts'
import type { SegmentEntry } from './segment-entry.ts'
import { segmentName, walkSegment } from './segment-file.ts'
import type { Surroundings } from './surroundings.ts'

/** A file of keys that is missing or damaged: batches that come again would be stored twice. */
export interface UnreadableKeys {
  readonly number: number
  readonly reason: string
}

export interface FoundKeys {
  readonly keys: KeyWindow
  readonly unreadable: readonly UnreadableKeys[]
}

/** Idempotency keys of the segments that lie within the window, oldest first. */
export async function readKeys(around: Surroundings, found: Inspection): Promise<FoundKeys> {
  const { keyWindowMs, keysMax } = around.options
  const keys = new KeyWindow({ windowMs: keyWindowMs, keysMax })
  const since = around.clock.wallMs() - keyWindowMs
  const unreadable = await readSealedKeys(around, found, keys)
  for (const entry of found.entries) {
    if (entry.keys === 0 || entry.receivedMsMax < since) continue
    await readKeysOf(around, entry, keys)
  }
  return { keys, unreadable }
}

/** Keys whose records lie in parts. Answers what cannot be read. */
async function readSealedKeys(
  around: Surroundings,
  found: Inspection,
  keys: KeyWindow,
): Promise<UnreadableKeys[]> {
  const unreadable: UnreadableKeys[] = []
  const since = around.clock.wallMs() - around.options.keyWindowMs
  for (const { number, receivedMsMax } of found.manifest.state.keys) {
    if (receivedMsMax < since) continue
    const path = `${around.directory}/${keysFileName(number)}`
    try {
      for (const { key, firstId, receivedMs } of await readKeysFile(around.disk, path))
        keys.add(key, firstId, receivedMs)
    } catch (error) {
      const isGone = systemErrorCode(error) === 'ENOENT'
      if (!isGone && !isCodedError(error, 'KEYS_CORRUPT')) throw error
      unreadable.push({ number, reason: messageOf(error) })
    }
  }
  return unreadable
}

async function readKeysOf(around: Surroundings, entry: SegmentEntry, keys: KeyWindow): Promise<void> {
  const path = `${around.directory}/${segmentName(entry.number)}`
  const stat = await around.disk.stat(path)
  if (stat === null) return // Reported as lost by `inspect`.
  const file = await around.disk.open(path, 'read')
  try {
    await walkSegment(file, entry, entry.bytes, ({ header, bytes }) => {
      if (header.keys > 0) addKeys(bytes, keys)
    })
  } finally {
    await file.close()
  }
}

function addKeys(frame: Uint8Array, keys: KeyWindow): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  for (let at = FRAME_HEADER_BYTES; at < frame.length; at += batchLength(view, at)) {
    const key = batchKeyText(frame, at, batchKeyLength(view, at))
    if (key !== null) keys.add(key, batchFirstId(view, at), batchReceivedMs(view, at))
  }
}
