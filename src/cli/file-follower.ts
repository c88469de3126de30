/**
 * Follows one path as `tail -F` does: through rotation (renamed, or copied and cut), truncation, and while there is no
 * such file yet. What it follows are files, oldest first; the path is only where new ones appear. A rotated file is
 * read to its end before the next one starts.
 *
 *   const follower = await FileFollower.open(path, placesOfTheLastRun, …)
 *   await follower.poll()                    now and then, also while a chunk is on its way: no file may slip by unseen
 *   chunk = await follower.next()            null when there is nothing to send
 *   … keep follower.places, send the chunk …
 *   follower.acknowledge(chunk)
 *
 * One call at a time. Not for sending or keeping (follow-session.ts).
 */
import { stat } from 'node:fs/promises'
import { type Clock, type Random, systemError, systemErrorCode } from '../base/base.ts'
import { fileProblem } from './file-problem.ts'
import { type FileIdentity, type FollowChunk, FollowedFile, isSameFile } from './follow-file.ts'
import { findPlace, rotatedBetween } from './follow-search.ts'
import type { FollowPlace } from './follow-state.ts'

export interface FileFollowerOptions {
  readonly path: string
  /** As it is shown. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  /** One sentence about something that went wrong. */
  readonly onProblem: (text: string) => void
}

export class FileFollower {
  readonly #options: FileFollowerOptions
  /** Oldest first. */
  readonly #files: FollowedFile[] = []
  /** The last file that was sent to its end. */
  #done: FollowPlace | null = null
  #problemTold = ''

  /** Finds the files of the last run again. */
  static async open(options: FileFollowerOptions, places: readonly FollowPlace[]): Promise<FileFollower> {
    const follower = new FileFollower(options)
    await follower.#resume(places)
    return follower
  }

  private constructor(options: FileFollowerOptions) {
    this.#options = options
  }

  get path(): string {
    return this.#options.path
  }

  get name(): string {
    return this.#options.name
  }

  /** What is to be remembered. */
  get places(): FollowPlace[] {
    return [...(this.#done === null ? [] : [this.#done]), ...this.#files.map(({ place }) => place)]
  }

  /** Looks for what happened to the files. Never rejects for a file that cannot be read: it tells, and tries again. */
  async poll(): Promise<void> {
    try {
      for (const file of [...this.#files]) await this.#look(file)
      await this.#lookForNew()
      this.#problemTold = ''
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error
      this.#tellOnce(fileProblem(this.name, error))
    }
  }

  /** The next whole lines of the oldest file. */
  async next(): Promise<FollowChunk | null> {
    for (;;) {
      const file = this.#files[0]
      if (file === undefined) return null
      const isFinal = file.isQuiet(this.#nowMs)
      const chunk = await file.read(isFinal, this.#nowMs)
      if (chunk !== null || !isFinal) return chunk
      this.#done = { ...file.place, isDone: true }
      await this.#drop(file)
    }
  }

  acknowledge(chunk: FollowChunk): void {
    chunk.file.acknowledge(chunk)
  }

  async close(): Promise<void> {
    for (const file of [...this.#files]) await this.#drop(file)
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs()
  }

  async #look(file: FollowedFile): Promise<void> {
    const { unsentBytes } = file
    if (await file.look(this.#nowMs)) return
    const others = this.#files.filter((other) => other !== file)
    const copy = await findPlace(this.path, file.place, others)
    if (copy === null) {
      await this.#drop(file)
      if (unsentBytes > 0)
        this.#tell(`${this.name} was cut: ${unsentBytes} bytes that were not sent yet are gone`)
      return
    }
    await file.moveTo(copy)
    if (copy !== this.path && file === this.#files.at(-1)) await this.#beginBetween(copy, this.path)
  }

  /** Opens what stands under the path now, if it is not followed yet; what stood there before is retired. */
  async #lookForNew(): Promise<void> {
    const found = await identityAt(this.path)
    if (found === null || this.#isFollowed(found)) return
    // Opened before others are looked for: what is rotated in between is found among them then, and not passed over.
    const newest = await this.#open(this.path)
    const last = this.#files.at(-1)
    const older = last === undefined ? null : await findPlace(this.path, last.place, [newest])
    if (older !== null) await this.#beginBetween(older, this.path, newest)
    await this.#add(newest)
  }

  /** Files that came and went while nobody looked. */
  async #beginBetween(older: string, newer: string, except?: FileIdentity): Promise<void> {
    for (const path of await rotatedBetween(this.path, older, newer)) {
      const file = await this.#open(path)
      if (except !== undefined && isSameFile(file, except)) await file.close()
      else await this.#add(file)
    }
  }

  #open(path: string): Promise<FollowedFile> {
    return FollowedFile.begin(path, this.#options.random, this.#nowMs)
  }

  async #add(file: FollowedFile): Promise<void> {
    if (this.#isFollowed(file)) return file.close()
    for (const older of this.#files) older.retire(this.#nowMs)
    this.#files.push(file)
  }

  #isFollowed(identity: FileIdentity): boolean {
    return this.#files.some((file) => isSameFile(file, identity))
  }

  async #resume(places: readonly FollowPlace[]): Promise<void> {
    let older = this.path
    for (const place of places) {
      const found = await findPlace(this.path, place, this.#files)
      if (found !== null) await this.#beginBetween(older, found)
      if (found !== null) older = found
      if (place.isDone) this.#done = place
      else if (found === null) this.#tellLost(place)
      else this.#files.push(await FollowedFile.resume(found, place, this.#nowMs))
    }
    await this.#beginBetween(older, this.path)
    for (const file of this.#files.slice(0, -1)) file.retire(this.#nowMs)
  }

  #tellLost({ offset }: FollowPlace): void {
    this.#tell(
      `the file that was ${this.name} is gone: whether it held more than the ${offset} bytes that are sent is not known`,
    )
  }

  async #drop(file: FollowedFile): Promise<void> {
    this.#files.splice(this.#files.indexOf(file), 1)
    await file.close()
  }

  #tell(text: string): void {
    this.#options.onProblem(text)
  }

  #tellOnce(text: string): void {
    if (text !== this.#problemTold) this.#tell(text)
    this.#problemTold = text
  }
}

async function identityAt(path: string): Promise<FileIdentity | null> {
  try {
    const found = await stat(path, { bigint: true })
    const { dev, ino } = found
    if (!found.isFile()) throw systemError(found.isDirectory() ? 'EISDIR' : 'EINVAL', `${path} is no file`)
    return { device: String(dev), inode: String(ino) }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return null
    throw error
  }
}
