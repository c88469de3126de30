/**
 * The manifest: what a store consists of, and what is known of it (docs/formats/manifest.md). Here is the file; what it
 * says is manifest-edits.ts's, and how that is written manifest-text.ts's.
 *
 * A file `manifest-<number>`: the state as arrays of edits, a line that ends this checkpoint, then one array of edits
 * for each change that came later. The file with the highest number whose checkpoint is complete holds. Opening a store
 * always writes a new one, so a torn last line needs no repair; a broken line with whole lines behind it is damage, and
 * refused.
 *
 * Changes are made one after the other, in the order of the calls. One that failed leaves a file that nobody trusts any
 * more: the state goes into a new one, once.
 */
import { CodedError, type Disk, type DiskFile, readFull, writeAll } from '../base/base.ts'
import { fileName, parseFileName } from './file-names.ts'
import { applyEdit, copyState, emptyState, type ManifestEdit, type ManifestState } from './manifest-edits.ts'
import { parseManifest, printEdits, printState } from './manifest-text.ts'

export type {
  ManifestDeletes,
  ManifestEdit,
  ManifestKeys,
  ManifestPart,
  ManifestSegment,
  ManifestState,
  ManifestTask,
  PartSummary,
  SegmentSummary,
} from './manifest-edits.ts'
export { parseManifest } from './manifest-text.ts'

const MANIFEST_BYTES_MAX = 256 * 1024 * 1024
const CHECKPOINT_EDITS = 4096
const KEPT_FILES = 3

export class Manifest {
  readonly state: ManifestState
  /**
   * A change that failed may have reached the disk all the same, so a start may find the manifest with it or without
   * it: whatever it names must stay. A checkpoint that succeeds ends the doubt.
   */
  isDoubtful = false
  readonly #disk: Disk
  readonly #directory: string
  #number: number
  #file: DiskFile | null = null
  #position = 0
  #edits = 0
  #lastChange: Promise<void> = Promise.resolve()

  private constructor(disk: Disk, directory: string, number: number, state: ManifestState) {
    this.#disk = disk
    this.#directory = directory
    this.#number = number
    this.state = state
  }

  /** Reads the newest whole manifest of the directory, or starts an empty one. Writes nothing. */
  static async read(disk: Disk, directory: string): Promise<Manifest> {
    const numbers = (await disk.list(directory)).flatMap((name) => manifestNumber(name) ?? [])
    numbers.sort((a, b) => b - a)
    for (const number of numbers) {
      const path = `${directory}/${manifestName(number)}`
      const state = parseManifest(await readText(disk, path), path)
      if (state !== null) return new Manifest(disk, directory, Math.max(...numbers), state)
    }
    // A first manifest that is torn belongs to a store that never acknowledged anything: no segment had frames yet.
    return new Manifest(disk, directory, numbers[0] ?? 0, emptyState())
  }

  /**
   * Makes the edits durable, then part of `state`. On failure the state is as before, and a new file was tried once.
   * MANIFEST_CORRUPT: the edits contradict the state, and nothing was written.
   */
  append(edits: readonly ManifestEdit[]): Promise<void> {
    return this.#inTurn(() => this.#append(edits))
  }

  /** Writes the state with these edits as a new file and makes it the one that holds. */
  checkpoint(edits: readonly ManifestEdit[] = []): Promise<void> {
    return this.#inTurn(() => this.#checkpoint(edits))
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const result = this.#lastChange.then(change)
    this.#lastChange = result.catch(() => {})
    return result
  }

  async #append(edits: readonly ManifestEdit[]): Promise<void> {
    if (this.#file !== null && this.#edits < CHECKPOINT_EDITS) {
      const state = copyState(this.state)
      for (const edit of edits) applyEdit(state, edit)
      const text = new TextEncoder().encode(printEdits(edits))
      try {
        await writeAll(this.#file, text, this.#position)
        await this.#file.datasync()
        this.#position += text.length
        this.#edits += edits.length
        Object.assign(this.state, state)
        return
      } catch {
        // Never sync this file again: what is on disk of it is unknown. The checkpoint below replaces it, or throws.
        this.isDoubtful = true
        await this.#closeFile()
      }
    }
    await this.#checkpoint(edits)
  }

  async #checkpoint(edits: readonly ManifestEdit[]): Promise<void> {
    const state = copyState(this.state)
    state.stop = null
    for (const edit of edits) applyEdit(state, edit)
    const number = this.#number + 1
    const stop = edits.filter((edit) => edit.kind === 'stop').map((edit) => printEdits([edit]))
    const text = new TextEncoder().encode(printState(number, state) + stop.join(''))
    this.#number = number
    const path = `${this.#directory}/${manifestName(number)}`
    const file = await this.#disk.open(path, 'create')
    try {
      await writeAll(file, text, 0)
      await file.datasync()
      await this.#disk.syncDirectory(this.#directory)
    } catch (error) {
      await file.close().catch(() => {})
      if (!(await this.#withdraw(path))) this.isDoubtful = true
      throw error
    }
    this.isDoubtful = false
    await this.#closeFile()
    this.#file = file
    this.#position = text.length
    this.#edits = 0
    Object.assign(this.state, state)
    await this.#dropOld()
  }

  /** Lets go of the file, after the changes that are under way. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#closeFile())
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = null
    // The handle's bytes are synced or given up; a failing close changes neither.
    await file?.close().catch(() => {})
  }

  /** Takes back the file of a checkpoint that failed; true when it cannot be there at the next start. */
  async #withdraw(path: string): Promise<boolean> {
    try {
      await this.#disk.unlink(path)
      await this.#disk.syncDirectory(this.#directory)
      return true
    } catch {
      return false
    }
  }

  /** Never fails: the new file holds already, and an old one that stays is harmless. */
  async #dropOld(): Promise<void> {
    for (const name of await this.#disk.list(this.#directory).catch(() => [])) {
      const number = manifestNumber(name)
      if (number === null || number > this.#number - KEPT_FILES) continue
      await this.#disk.unlink(`${this.#directory}/${name}`).catch(() => {})
    }
  }
}

export const manifestName = (number: number): string => fileName('manifest', number)

export const isManifestName = (name: string): boolean => manifestNumber(name) !== null

function manifestNumber(name: string): number | null {
  const parsed = parseFileName(name)
  return parsed?.kind === 'manifest' ? parsed.number : null
}

async function readText(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read')
  try {
    const size = await file.size()
    if (size > MANIFEST_BYTES_MAX) throw new CodedError('MANIFEST_CORRUPT', `${path} has ${size} bytes.`)
    const bytes = new Uint8Array(size)
    const length = await readFull(file, bytes, 0)
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, length))
  } finally {
    await file.close()
  }
}
