/** What `send --follow` remembers: for each path the files that are not sent to their end, oldest first. */
import type { Disk } from '../base/base.ts'
import { foreignState, readState, StateFile } from './state-file.ts'

const VERSION = 1

/** How far a file is sent. */
export interface FollowPlace {
  /** Random; part of the keys of its chunks. */
  readonly id: string
  readonly device: string
  readonly inode: string
  /** All before it is acknowledged. */
  readonly offset: number
  /** Where the chunk ends that was on its way: the same range goes again. Null when there was none. */
  readonly pendingEnd: number | null
  /** The furthest byte that was seen, and the fingerprint there (follow-fingerprint.ts). */
  readonly seenEnd: number
  readonly fingerprint: string
  /** Sent to its end. Kept of the last such file: what was rotated after it and is not known was never seen. */
  readonly isDone: boolean
}

type Files = Readonly<Record<string, readonly FollowPlace[]>>

export class FollowState {
  readonly #file: StateFile
  readonly #places: Map<string, readonly FollowPlace[]>

  /** USAGE when the file holds something else. */
  static async open(disk: Disk, path: string): Promise<FollowState> {
    const found = await readState(disk, path)
    if (found === undefined) return new FollowState(disk, path, {})
    if (!isObject(found) || found['version'] !== VERSION || !isFiles(found['files'])) throw foreignState(path)
    return new FollowState(disk, path, found['files'])
  }

  private constructor(disk: Disk, path: string, files: Files) {
    this.#places = new Map(Object.entries(files))
    const content = (): object => ({ version: VERSION, files: Object.fromEntries(this.#places) })
    this.#file = new StateFile(disk, path, content)
  }

  placesOf(path: string): readonly FollowPlace[] {
    return this.#places.get(path) ?? []
  }

  /** Resolves when it is durable. */
  save(path: string, places: readonly FollowPlace[]): Promise<void> {
    this.#places.set(path, places)
    return this.#file.save()
  }
}

function isFiles(value: unknown): value is Files {
  return (
    isObject(value) && Object.values(value).every((places) => Array.isArray(places) && places.every(isPlace))
  )
}

function isPlace(value: unknown): value is FollowPlace {
  if (!isObject(value)) return false
  const { pendingEnd } = value
  const areTexts = ['id', 'device', 'inode', 'fingerprint'].every((name) => typeof value[name] === 'string')
  const areOffsets = ['offset', 'seenEnd'].every((name) => isOffset(value[name]))
  const isPendingGood = pendingEnd === null || isOffset(pendingEnd)
  return areTexts && areOffsets && isPendingGood && typeof value['isDone'] === 'boolean'
}

const isOffset = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
