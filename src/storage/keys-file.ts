/**
 * The idempotency keys of batches whose segments were sealed (docs/formats/keys.md), so that a batch that comes again
 * is still known. Immutable: a file goes when its keys are too old. What a key means is idempotency.ts's.
 *
 *   entry: | u16 bytes of the key | key | u64 first id | i64 receivedTime, Unix ms |
 */
import { assert, type Disk } from '../base/base.ts'
import { type CheckedFormat, checkedFileCorrupt, readCheckedFile, writeCheckedFile } from './checked-file.ts'

const FORMAT: CheckedFormat = { magic: 'LCKEYSFL', version: 1, corruptCode: 'KEYS_CORRUPT' }
const KEY_BYTES_MAX = 0xffff
const FIXED_BYTES = 18
const TWO_32 = 0x1_0000_0000

export interface SealedKey {
  /** A character a byte, as `batchKeyText` gives it: 1 to 65,535 of them, none above U+00FF. */
  readonly key: string
  readonly firstId: number
  readonly receivedMs: number
}

export interface WrittenKeys {
  /** Length of the file. */
  readonly bytes: number
  readonly keys: number
  /** 0 where there are no keys. */
  readonly receivedMsMax: number
}

/** Makes the file, its bytes durable. Its name is durable once the caller synced the directory. Errors of the disk. */
export async function writeKeysFile(
  disk: Disk,
  path: string,
  keys: Iterable<SealedKey>,
): Promise<WrittenKeys> {
  let count = 0
  let receivedMsMax = Number.NEGATIVE_INFINITY
  function* entries(): Generator<Uint8Array> {
    const memory = new Uint8Array(KEY_BYTES_MAX + FIXED_BYTES)
    for (const each of keys) {
      count++
      receivedMsMax = Math.max(receivedMsMax, each.receivedMs)
      yield encodeEntry(memory, each)
    }
  }
  const bytes = await writeCheckedFile(disk, path, FORMAT, entries())
  return { bytes, keys: count, receivedMsMax: count === 0 ? 0 : receivedMsMax }
}

function encodeEntry(memory: Uint8Array, { key, firstId, receivedMs }: SealedKey): Uint8Array {
  const { length } = key
  assert(length > 0 && length <= KEY_BYTES_MAX, `a key of ${length} bytes`)
  assert(Number.isSafeInteger(firstId) && firstId >= 0, `a first id of ${firstId}`)
  assert(Number.isSafeInteger(receivedMs), `a receivedTime of ${receivedMs} ms`)
  const view = new DataView(memory.buffer)
  view.setUint16(0, length, true)
  for (let i = 0; i < length; i++) {
    const byte = key.charCodeAt(i)
    assert(byte <= 0xff, 'a key is text of bytes')
    memory[2 + i] = byte
  }
  putInt64(view, 2 + length, firstId)
  putInt64(view, 10 + length, receivedMs)
  return memory.subarray(0, FIXED_BYTES + length)
}

/** All keys in the order in which they were written. KEYS_CORRUPT, FORMAT_VERSION, errors of the disk. */
export async function readKeysFile(disk: Disk, path: string): Promise<SealedKey[]> {
  const { entries, bytes } = await readCheckedFile(disk, path, FORMAT)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const keys: SealedKey[] = []
  let at = 0
  while (at < bytes.length) {
    const length = bytes.length - at < FIXED_BYTES ? 0 : view.getUint16(at, true)
    if (length === 0 || length + FIXED_BYTES > bytes.length - at)
      throw checkedFileCorrupt(path, FORMAT, `a key at byte ${at} of its entries is not whole`)
    const end = at + 2 + length
    const [firstId, receivedMs] = [getInt64(view, end), getInt64(view, end + 8)]
    if (!Number.isSafeInteger(firstId) || firstId < 0 || !Number.isSafeInteger(receivedMs))
      throw checkedFileCorrupt(path, FORMAT, `a number behind byte ${end} of its entries is too large`)
    keys.push({ key: text.toString('latin1', at + 2, end), firstId, receivedMs })
    at = end + 16
  }
  if (keys.length !== entries)
    throw checkedFileCorrupt(path, FORMAT, `it has ${keys.length} keys, not ${entries}`)
  return keys
}

function putInt64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setInt32(at + 4, Math.floor(value / TWO_32), true)
}

const getInt64 = (view: DataView, at: number): number =>
  view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true)
