/**
 * The parts that a thread has open: files, what their footers say, and decoded frames, within a number of files and of
 * bytes. Scans, merges and checks open parts here; whoever has a part in hand keeps it from being closed.
 */
import { type Bitset, type Disk, systemErrorCode } from '../base/base.ts'
import { StoredPart } from './block/stored-part.ts'
import { readDeletesFile } from './deletes-file.ts'
import type { HeldPart } from './held-part.ts'
import { FrameCache } from './part/frame-cache.ts'

export interface PartCacheOptions {
  /** Decoded frames. */
  readonly bytesMax: number
  readonly filesMax: number
}

export const PART_CACHE_DEFAULTS: PartCacheOptions = { bytesMax: 32 * 1024 * 1024, filesMax: 256 }

interface OpenPart {
  readonly part: StoredPart
  users: number
  deletes: { readonly path: string; readonly rows: ReadonlyMap<number, Bitset> } | null
}

export class PartCache {
  readonly frames: FrameCache
  readonly #disk: Disk
  readonly #filesMax: number
  /** By path, oldest use first. */
  readonly #open = new Map<string, OpenPart>()

  constructor(disk: Disk, { bytesMax, filesMax }: PartCacheOptions = PART_CACHE_DEFAULTS) {
    this.#disk = disk
    this.#filesMax = filesMax
    this.frames = new FrameCache(bytesMax)
  }

  get files(): number {
    return this.#open.size
  }

  /** Hands out the part while `use` runs. PART_CORRUPT, FORMAT_VERSION, errors of the disk. */
  using<T>(held: HeldPart, use: (part: StoredPart) => T): T {
    const release = this.acquire(held)
    try {
      return use(release.part)
    } finally {
      release.release()
    }
  }

  /** The part, until `release` is called. The same errors. */
  acquire(held: HeldPart): { readonly part: StoredPart; release(): void } {
    const open = this.#openPart(held)
    open.users++
    let isReleased = false
    return {
      part: open.part,
      release: () => {
        if (isReleased) return
        isReleased = true
        open.users--
        this.#closeOldest()
      },
    }
  }

  /** Deleted rows by block. */
  deletes(held: HeldPart): ReadonlyMap<number, Bitset> | null {
    const { deletesPath } = held
    if (deletesPath === null) return null
    const open = this.#openPart(held)
    if (open.deletes?.path !== deletesPath)
      open.deletes = { path: deletesPath, rows: readDeletesFile(this.#disk, deletesPath) }
    return open.deletes.rows
  }

  /** Closes the part if it is open, because its file goes away. */
  forget(path: string): void {
    const open = this.#open.get(path)
    if (open === undefined || open.users > 0) return
    this.#open.delete(path)
    closePart(open.part)
  }

  close(): void {
    for (const { part } of this.#open.values()) closePart(part)
    this.#open.clear()
  }

  #openPart(held: HeldPart): OpenPart {
    const known = this.#open.get(held.path)
    if (known !== undefined) {
      this.#open.delete(held.path)
      this.#open.set(held.path, known)
      return known
    }
    const part = StoredPart.open(this.#disk, held.path, { cache: this.frames, level: held.compression })
    const open: OpenPart = { part, users: 0, deletes: null }
    this.#open.set(held.path, open)
    return open
  }

  #closeOldest(): void {
    for (const [path, { part, users }] of this.#open) {
      if (this.#open.size <= this.#filesMax) return
      if (users > 0) continue
      this.#open.delete(path)
      closePart(part)
    }
  }
}

/** It was only read: that closing it failed changes nothing. */
function closePart(part: StoredPart): void {
  try {
    part.close()
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
  }
}
