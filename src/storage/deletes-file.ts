/**
 * Which rows of a part are deleted, a set of rows for each of its blocks that has any (docs/formats/deletes.md).
 * Immutable: further deletions write a new file, which holds the old ones too. Which part it belongs to, the manifest
 * knows.
 *
 *   entry: | blocks skipped | rows | form | bytes | set |      varints; the set as bits, or as gaps between rows
 */
import { assert, Bitset, CodedError, type Disk, isCodedError, messageOf } from '../base/base.ts'
import {
  type CheckedFormat,
  checkedFileCorrupt,
  readCheckedFileSync,
  writeCheckedFile,
} from './checked-file.ts'
import { ByteSink } from './columns/byte-sink.ts'
import { ByteSource } from './columns/byte-source.ts'

const FORMAT: CheckedFormat = { magic: 'LCDELETE', version: 1, corruptCode: 'DELETES_CORRUPT' }
/** More rows than any block has: what a set may cost whoever reads it. */
const ROWS_MAX = 1_048_576
const BLOCK_MAX = 0xffff_ffff

const FORM_BITS = 0
/** Rows before each row of the set, since the one before it. */
const FORM_GAPS = 1
/** The same for the rows that are not in the set. */
const FORM_KEPT_GAPS = 2

/**
 * Makes the file, its bytes durable, and resolves with its length. Its name is durable once the caller synced the
 * directory. Errors of the disk.
 */
export function writeDeletesFile(
  disk: Disk,
  path: string,
  blocks: ReadonlyMap<number, Bitset>,
): Promise<number> {
  return writeCheckedFile(disk, path, FORMAT, entriesOf(blocks))
}

function* entriesOf(blocks: ReadonlyMap<number, Bitset>): Generator<Uint8Array> {
  const sink = new ByteSink()
  let next = 0
  for (const [block, rows] of [...blocks].sort(([a], [b]) => a - b)) {
    assert(Number.isInteger(block) && block >= 0 && block <= BLOCK_MAX, `block ${block}`)
    assert(rows.size <= ROWS_MAX, `a block of ${rows.size} rows`)
    const { form, bytes } = smallest(rows)
    sink.clear()
    sink.varint(block - next)
    sink.varint(rows.size)
    sink.u8(form)
    sink.varint(bytes.length)
    sink.append(bytes)
    yield sink.written()
    next = block + 1
  }
}

function smallest(rows: Bitset): { form: number; bytes: Uint8Array } {
  const deleted = rows.count()
  const isMost = deleted > rows.size - deleted
  const gaps = encodeGaps(isMost ? rows.copy().invert() : rows)
  if (gaps !== null) return { form: isMost ? FORM_KEPT_GAPS : FORM_GAPS, bytes: gaps }
  return { form: FORM_BITS, bytes: encodeBits(rows) }
}

const bitsBytes = (rows: number): number => (rows + 7) >>> 3

/** Null where the bits themselves are no longer than the gaps. */
function encodeGaps(rows: Bitset): Uint8Array | null {
  const bytesMax = bitsBytes(rows.size)
  const sink = new ByteSink()
  let next = 0
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(next)) {
    sink.varint(row - next)
    if (sink.length >= bytesMax) return null
    next = row + 1
  }
  return sink.written()
}

function encodeBits({ size, words }: Bitset): Uint8Array {
  const bytes = new Uint8Array(bitsBytes(size))
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[i >>> 2] >>> ((i & 3) << 3)
  return bytes
}

/**
 * The deleted rows by the number of their block; blocks that are not there have none. It blocks: for worker threads.
 * DELETES_CORRUPT, FORMAT_VERSION, errors of the disk.
 */
export function readDeletesFile(disk: Disk, path: string): ReadonlyMap<number, Bitset> {
  const { entries, bytes } = readCheckedFileSync(disk, path, FORMAT)
  try {
    return decodeEntries(new ByteSource(bytes), entries)
  } catch (error) {
    if (!isCodedError(error, 'PART_CORRUPT') && !isCodedError(error, 'DELETES_CORRUPT')) throw error
    throw checkedFileCorrupt(path, FORMAT, messageOf(error))
  }
}

function decodeEntries(source: ByteSource, entries: number): Map<number, Bitset> {
  const blocks = new Map<number, Bitset>()
  let next = 0
  for (let entry = 0; entry < entries; entry++) {
    const block = next + source.varintUpTo(BLOCK_MAX - next, 'the number of a block')
    const rows = source.varintUpTo(ROWS_MAX, 'the number of rows')
    const form = source.u8()
    const bytes = source.take(source.varintUpTo(bitsBytes(rows), 'the length of a set'))
    blocks.set(block, decodeRows(form, bytes, rows))
    next = block + 1
  }
  source.expectEnd()
  return blocks
}

function decodeRows(form: number, bytes: Uint8Array, rows: number): Bitset {
  if (form === FORM_BITS) return decodeBits(bytes, rows)
  if (form === FORM_GAPS) return decodeGaps(bytes, rows)
  if (form === FORM_KEPT_GAPS) return decodeGaps(bytes, rows).invert()
  throw corrupt(`no set has form ${form}`)
}

function decodeBits(bytes: Uint8Array, rows: number): Bitset {
  const set = new Bitset(rows)
  const spare = rows & 7
  if (bytes.length !== bitsBytes(rows) || (spare !== 0 && bytes[bytes.length - 1] >>> spare !== 0))
    throw corrupt(`${bytes.length} bytes are not the bits of ${rows} rows`)
  for (let i = 0; i < bytes.length; i++) set.words[i >>> 2] |= bytes[i] << ((i & 3) << 3)
  return set
}

function decodeGaps(bytes: Uint8Array, rows: number): Bitset {
  const set = new Bitset(rows)
  const source = new ByteSource(bytes)
  let next = 0
  while (source.remaining > 0) {
    const row = next + source.varint()
    if (row >= rows) throw corrupt(`row ${row} of ${rows}`)
    set.set(row)
    next = row + 1
  }
  return set
}

const corrupt = (reason: string): CodedError => new CodedError('DELETES_CORRUPT', reason)
