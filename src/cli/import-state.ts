/**
 * What `import` remembers: per file, up to where everything before is acknowledged. A file is known again by its path
 * together with the hash of its beginning, so that another file under an old name starts anew.
 *
 * The keys under which chunks are sent are made here too. A key is made of content alone: how the lines are read, the
 * beginning of the file, the chunk's place in it and the chunk's own bytes. So a file that was moved, copied or
 * compressed since is not stored twice within the server's window, state or no state. Files of one run that begin alike
 * are told apart by their turn (`copy`): naming two equal files means both.
 *
 *   import-<reading, beginning, copy, salt: 32 hex digits>-<offset>-<chunk: 32 hex digits>
 */
import { createHash } from 'node:crypto'
import type { Disk } from '../base/base.ts'
import { HEAD_BYTES, type ImportSource } from './import-source.ts'
import { type ChunkPlace, type LineChunk, START } from './line-chunks.ts'
import { foreignState, readState, StateFile } from './state-file.ts'

const VERSION = 1

interface FileEntry {
  /** SHA-256 of the first `headBytes` of the content. */
  head: string
  headBytes: number
  /** On the disk. */
  size: number
  /** All before it is acknowledged: bytes and lines of the content. */
  offset: number
  lines: number
  isDone: boolean
}

interface Content {
  readonly version: typeof VERSION
  /** Keeps the keys of an `--again` apart from those before it. */
  readonly salt: string
  readonly files: Record<string, FileEntry>
}

/** What a file is known by. */
export type ImportBeginning = Pick<ImportSource, 'path' | 'head' | 'size' | 'compression'>

export interface ImportStateOptions {
  readonly disk: Disk
  readonly path: string
  /** How lines are read: the same bytes read otherwise are other records. */
  readonly reading: string
  /** Given to forget all that was imported before, and to store it again. */
  readonly freshSalt?: string
}

export class ImportState {
  readonly #file: StateFile
  readonly #reading: string
  readonly #content: Content
  readonly #copies = new Map<string, number>()

  /** USAGE when the file holds something else. */
  static async open({ disk, path, reading, freshSalt }: ImportStateOptions): Promise<ImportState> {
    const found = freshSalt === undefined ? await readState(disk, path) : undefined
    if (found !== undefined && !isContent(found)) throw foreignState(path)
    return new ImportState(
      disk,
      path,
      reading,
      found ?? { version: VERSION, salt: freshSalt ?? '', files: {} },
    )
  }

  private constructor(disk: Disk, path: string, reading: string, content: Content) {
    this.#file = new StateFile(disk, path, () => content)
    this.#reading = reading
    this.#content = content
  }

  save(): Promise<void> {
    return this.#file.save()
  }

  /** Where to go on with a file. To be asked once for each file, in the order of the files. */
  begin({ path, head, size, compression }: ImportBeginning): FileTurn {
    const hash = hashOf(head)
    const copy = this.#copies.get(hash) ?? 0
    this.#copies.set(hash, copy + 1)
    const known = Object.hasOwn(this.#content.files, path) ? this.#content.files[path] : undefined
    const isKnown =
      known !== undefined &&
      hashOf(head.subarray(0, known.headBytes)) === known.head &&
      (compression !== 'none' || size >= known.offset)
    const entry = isKnown
      ? { ...known, isDone: known.isDone && known.size === size, size }
      : { head: hash, headBytes: head.length, size, ...START, isDone: false }
    this.#content.files[path] = entry
    return new FileTurn(entry, hashOf(JSON.stringify([this.#reading, hash, copy, this.#content.salt])))
  }
}

/** One file while it is imported. Chunks may be acknowledged in any order. */
export class FileTurn {
  readonly #entry: FileEntry
  readonly #identity: string
  /** Not acknowledged, or behind one that is not. */
  readonly #open: { chunk: LineChunk; isAcknowledged: boolean }[] = []
  #isWhole = false

  constructor(entry: FileEntry, identity: string) {
    this.#entry = entry
    this.#identity = identity
  }

  /** An earlier run has had everything acknowledged. */
  get isDone(): boolean {
    return this.#entry.isDone
  }

  get place(): ChunkPlace {
    return { offset: this.#entry.offset, lines: this.#entry.lines }
  }

  keyOf({ offset, bytes }: LineChunk): string {
    return `import-${this.#identity.slice(0, 32)}-${offset}-${hashOf(bytes).slice(0, 32)}`
  }

  /** To be called in the order of the file; what it returns, when the chunk is acknowledged or refused for good. */
  begin(chunk: LineChunk): () => void {
    const open = { chunk, isAcknowledged: false }
    this.#open.push(open)
    return () => {
      open.isAcknowledged = true
      this.#advance()
    }
  }

  /** The last chunk was begun. */
  end(): void {
    this.#isWhole = true
    this.#advance()
  }

  #advance(): void {
    while (this.#open[0]?.isAcknowledged === true) {
      const { chunk } = this.#open.shift()!
      this.#entry.offset = chunk.end
      this.#entry.lines += chunk.lines
    }
    if (this.#isWhole && this.#open.length === 0) this.#entry.isDone = true
  }
}

function hashOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function isContent(value: unknown): value is Content {
  if (!isObject(value) || value['version'] !== VERSION || typeof value['salt'] !== 'string') return false
  return isObject(value['files']) && Object.values(value['files']).every(isEntry)
}

function isEntry(value: unknown): boolean {
  if (!isObject(value) || typeof value['head'] !== 'string' || typeof value['isDone'] !== 'boolean')
    return false
  const isSmall = Number(value['headBytes']) <= HEAD_BYTES
  return (
    isSmall && ['headBytes', 'size', 'offset', 'lines'].every((name) => Number.isSafeInteger(value[name]))
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
