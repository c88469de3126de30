/**
 * Where zstd frames end (RFC 8878). A body may be many frames, one behind the other, as `cat a.zst b.zst` and tools
 * that compress in parallel make it; Node's decompressor stops at the end of the first that ends within a chunk. So
 * chunks are cut at the ends of frames. Nothing is expanded or checked here: what is no zstd is passed on as it is,
 * for the decompressor to refuse.
 */

const FRAME_MAGIC = 0xfd2fb528
/** The lowest four bits are free. */
const SKIPPABLE_MAGIC = 0x184d2a50
const MAGIC_BYTES = 4
const SKIPPABLE_SIZE_BYTES = 4
const BLOCK_HEADER_BYTES = 3
const CHECKSUM_BYTES = 4
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]
const RLE_BLOCK = 1
const RESERVED_BLOCK = 3

/** What a frame goes on with. */
type Part = 'magic' | 'skippableSize' | 'descriptor' | 'blockHeader' | 'unknown'

export class ZstdFrameCutter {
  #part: Part = 'magic'
  /** Bytes that the part needs before it can be read. */
  #need = MAGIC_BYTES
  /** The part as far as it came: little-endian. */
  #value = 0
  #have = 0
  /** Bytes to pass over first. */
  #skip = 0
  #hasChecksum = false

  /** Whether everything that came is whole frames. */
  get #isAtStart(): boolean {
    return this.#part === 'magic' && this.#have === 0 && this.#skip === 0
  }

  /** The chunk in pieces, none of which goes beyond the end of a frame. */
  *pieces(chunk: Uint8Array): Generator<Uint8Array, void> {
    let start = 0
    let at = 0
    while (at < chunk.length && this.#part !== 'unknown') {
      at = this.#passOver(chunk, at)
      if (this.#skip > 0 || !this.#isAtStart || at === start) continue
      yield chunk.subarray(start, at)
      start = at
    }
    if (start < chunk.length) yield chunk.subarray(start)
  }

  /** Behind the bytes that are skipped, or behind one byte of a part. */
  #passOver(chunk: Uint8Array, at: number): number {
    if (this.#skip > 0) {
      const byteCount = Math.min(this.#skip, chunk.length - at)
      this.#skip -= byteCount
      return at + byteCount
    }
    this.#value += chunk[at] * 2 ** (8 * this.#have++)
    if (this.#have === this.#need) this.#read(this.#value)
    return at + 1
  }

  #read(value: number): void {
    if (this.#part === 'magic') this.#readMagic(value)
    else if (this.#part === 'skippableSize') this.#expect('magic', MAGIC_BYTES, value)
    else if (this.#part === 'descriptor') this.#readDescriptor(value)
    else this.#readBlockHeader(value)
  }

  #readMagic(value: number): void {
    if (value === FRAME_MAGIC) this.#expect('descriptor', 1)
    else if (value - (value % 16) === SKIPPABLE_MAGIC) this.#expect('skippableSize', SKIPPABLE_SIZE_BYTES)
    else this.#part = 'unknown'
  }

  #readDescriptor(value: number): void {
    const isSingleSegment = (value & 0x20) !== 0
    const sizeFlag = value >> 6
    const contentSizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag]
    this.#hasChecksum = (value & 0x04) !== 0
    const windowBytes = isSingleSegment ? 0 : 1
    this.#expect(
      'blockHeader',
      BLOCK_HEADER_BYTES,
      windowBytes + DICTIONARY_ID_BYTES[value & 0x03] + contentSizeBytes,
    )
  }

  #readBlockHeader(value: number): void {
    const isLast = (value & 1) === 1
    const kind = (value >> 1) & 3
    const blockBytes = kind === RLE_BLOCK ? 1 : value >> 3
    if (kind === RESERVED_BLOCK) this.#part = 'unknown'
    else if (isLast) this.#expect('magic', MAGIC_BYTES, blockBytes + (this.#hasChecksum ? CHECKSUM_BYTES : 0))
    else this.#expect('blockHeader', BLOCK_HEADER_BYTES, blockBytes)
  }

  /** The next part, behind `skip` bytes. */
  #expect(part: Part, need: number, skip = 0): void {
    this.#part = part
    this.#need = need
    this.#skip = skip
    this.#value = 0
    this.#have = 0
  }
}
