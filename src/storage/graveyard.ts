/**
 * Files that the store no longer consists of, and that snapshots may still read: each is unlinked when the last snapshot
 * that is older than its removal lets go. The manifest has forgotten them already, so a crash leaves them to the next
 * start.
 */
import type { Disk } from '../base/base.ts'

interface Grave {
  readonly path: string
  /** Snapshots before this one may read it. */
  readonly snapshot: number
}

export class Graveyard {
  readonly #disk: Disk
  /** Snapshots that are held, ascending. */
  readonly #held = new Set<number>()
  #next = 1
  #graves: Grave[] = []
  #work: Promise<void> = Promise.resolve()
  readonly #gone: (path: string) => void

  /** `gone` is told before a file is unlinked. */
  constructor(disk: Disk, gone: (path: string) => void = () => {}) {
    this.#disk = disk
    this.#gone = gone
  }

  /** A number for a snapshot, to be released. */
  hold(): number {
    const snapshot = this.#next++
    this.#held.add(snapshot)
    return snapshot
  }

  release(snapshot: number): void {
    if (this.#held.delete(snapshot)) this.#dig()
  }

  bury(paths: readonly string[]): void {
    for (const path of paths) this.#graves.push({ path, snapshot: this.#next })
    this.#dig()
  }

  /** Files that snapshots keep from being unlinked. */
  get waiting(): number {
    return this.#graves.length
  }

  /** Waits for what is being unlinked. */
  settled(): Promise<void> {
    return this.#work
  }

  #dig(): void {
    const [oldest = Number.POSITIVE_INFINITY] = this.#held
    const ready = this.#graves.filter(({ snapshot }) => snapshot <= oldest)
    if (ready.length === 0) return
    this.#graves = this.#graves.filter(({ snapshot }) => snapshot > oldest)
    this.#work = this.#work.then(() => this.#unlink(ready))
  }

  /** A file that stays is unknown to the next start, which removes it. */
  async #unlink(graves: readonly Grave[]): Promise<void> {
    for (const { path } of graves) {
      this.#gone(path)
      await this.#disk.unlink(path).catch(() => {})
    }
  }
}
