/**
 * A disk in memory for tests, deterministic from a seed, that does what disks may do at their worst.
 *
 *  - `powerCut` keeps what was synced and an arbitrary part of the rest (simulated-file.ts and simulated-tree.ts have
 *    the rules), `processKill` keeps everything that was written. Both end the process: every later call on this
 *    disk, and on files and locks that came from it, fails with ESTALE. What is left is the disk that they return.
 *  - `failCall` makes the n-th call from now fail; `setCapacity` makes the disk full and empty again; reads and writes
 *    may be short, completions may overtake each other.
 *  - `fork` makes an independent copy in this very state, so that one run can be cut in many ways.
 *
 * Not a model of speed, of rights, of links, or of damage to durable bytes (`damage` does that on demand).
 */
import { assert } from './assert.ts'
import { LOCK_FILE_NAME } from './directory-lock.ts'
import type { Disk, DiskFile, DiskLock, DiskStat, ReadableFile } from './disk.ts'
import { CodedError, systemError } from './errors.ts'
import { SeededRandom } from './random.ts'
import { type DiskFault, type DiskHook, type DiskOperation, SimulatedCalls } from './simulated-calls.ts'
import type { SimulatedFile } from './simulated-file.ts'
import { type SimulatedDirectory, SimulatedTree } from './simulated-tree.ts'

export interface SimulatedDiskOptions {
  /** Default 1. */
  readonly seed?: number
  /** Default 1 TiB. */
  readonly capacityBytes?: number
  /** How likely a read returns fewer bytes than it could. Default 0. */
  readonly shortReadChance?: number
  /** How likely a write writes fewer bytes than it could. Default 0. */
  readonly shortWriteChance?: number
  /** Calls under way together may happen and return in another order than they were made. Default false. */
  readonly reorder?: boolean
  /** Called before each call does anything. */
  readonly onCall?: DiskHook
  /** Called after each call did what it does, before the caller learns of it. */
  readonly onReturn?: DiskHook
}

const CAPACITY_BYTES = 2 ** 40
const FILE_BYTES_MAX = 2 ** 31
const PID = 4242

export class SimulatedDisk implements Disk {
  readonly #options: SimulatedDiskOptions
  readonly #calls: SimulatedCalls
  readonly #room: Room
  readonly #tree: SimulatedTree
  readonly #locks = new Map<SimulatedDirectory, DiskLock>()

  constructor(options: SimulatedDiskOptions = {}, tree: SimulatedTree = new SimulatedTree()) {
    this.#options = options
    this.#tree = tree
    this.#room = new Room(options.capacityBytes ?? CAPACITY_BYTES, tree)
    this.#calls = new SimulatedCalls(new SeededRandom(options.seed ?? 1), options.reorder ?? false)
    this.#calls.onCall = options.onCall
    this.#calls.onReturn = options.onReturn
  }

  // What a harness does.

  /** Calls made so far. */
  get calls(): number {
    return this.#calls.calls
  }

  /** Datasyncs and directory syncs that succeeded so far. */
  get syncs(): number {
    return this.#calls.syncs
  }

  /** Calls of one kind made so far. */
  callsOf(operation: DiskOperation): number {
    return this.#calls.count(operation)
  }

  set onCall(hook: DiskHook | undefined) {
    this.#calls.onCall = hook
  }

  set onReturn(hook: DiskHook | undefined) {
    this.#calls.onReturn = hook
  }

  /** Makes the `n`-th call from now fail (1 is the next one), counting only calls that the fault names. */
  failCall(n: number, fault: DiskFault): void {
    this.#calls.arm(n, fault)
  }

  /** Forgets all faults that were ordered. Bytes that a failed datasync lost stay lost. */
  heal(): void {
    this.#calls.disarm()
  }

  setCapacity(bytes: number): void {
    this.#room.capacityBytes = bytes
  }

  /**
   * Cuts the power: this disk is gone, the returned one is what the machine finds when it starts again. Equal seeds
   * and equal histories give equal outcomes. It has the same capacity and chances, no faults, no hooks, no locks.
   */
  powerCut(seed: number = this.#calls.random.uint32()): SimulatedDisk {
    this.#calls.end('the power was cut')
    return this.#successor(this.#tree.afterPowerCut(new SeededRandom(seed)), seed)
  }

  /** Ends the process as kill -9 does: what was written is there, but still not durable. */
  processKill(): SimulatedDisk {
    this.#calls.end('the process was killed')
    return this.#successor(this.#tree, this.#calls.random.uint32())
  }

  /** An independent copy of this moment, without the process: no open files, locks, faults or hooks. */
  fork(seed: number = this.#calls.random.uint32()): SimulatedDisk {
    return this.#successor(this.#tree.clone(), seed)
  }

  /** All files, with their paths. */
  files(): string[] {
    return Array.from(this.#tree.files(), ([path]) => path)
  }

  /** A copy of what a reader of the file would see now; null when there is no such file. Not a call. */
  peek(path: string): Uint8Array | null {
    const node = this.#tree.find(path)
    return node?.kind === 'file' ? node.live.bytes().slice() : null
  }

  /** Changes bytes of a file behind everybody's back, durably. Not a call. */
  damage(path: string, bytes: Uint8Array, position: number): void {
    this.#tree.file(path).damage(bytes, position)
  }

  #successor(tree: SimulatedTree, seed: number): SimulatedDisk {
    const capacityBytes = this.#room.capacityBytes
    return new SimulatedDisk(
      { ...this.#options, seed, capacityBytes, onCall: undefined, onReturn: undefined },
      tree,
    )
  }

  // What the engine does.

  open(path: string, mode: 'read' | 'create' | 'write'): Promise<DiskFile> {
    return this.#run('open', path, () => {
      const file = mode === 'create' ? this.#tree.createFile(path) : this.#tree.file(path)
      return new SimulatedHandle(file, path, mode !== 'read', this.#calls, this.#room, this.#options)
    })
  }

  openSync(path: string): ReadableFile {
    const effect = () =>
      new SimulatedReadableFile(this.#tree.file(path), path, this.#calls, this.#room, this.#options)
    return this.#calls.runSync({ operation: 'open', path, effect })
  }

  makeDirectory(path: string): Promise<boolean> {
    return this.#run('makeDirectory', path, () => this.#tree.makeDirectories(path))
  }

  list(path: string): Promise<string[]> {
    return this.#run('list', path, () => [...this.#tree.directory(path).live.keys()].sort())
  }

  stat(path: string): Promise<DiskStat | null> {
    return this.#run('stat', path, () => {
      const node = this.#tree.find(path)
      if (node === null) return null
      return node.kind === 'file'
        ? { bytes: node.live.length, isDirectory: false }
        : { bytes: 0, isDirectory: true }
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run('rename', from, () => {
      const replaced = this.#tree.rename(from, to)
      if (replaced !== null) this.#room.unnamed(replaced)
    })
  }

  unlink(path: string): Promise<void> {
    return this.#run('unlink', path, () => this.#room.unnamed(this.#tree.unlink(path)))
  }

  async syncDirectory(path: string): Promise<void> {
    const { lastChange } = this.#tree
    await this.#calls.run({
      operation: 'syncDirectory',
      path,
      effect: () => {
        this.#tree.sync(this.#tree.directory(path), lastChange)
        this.#calls.syncs++
      },
      failed: ({ code }) => {
        if (code !== 'EINTR') this.#tree.failSync(this.#tree.directory(path), lastChange)
      },
    })
  }

  space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    return this.#run('space', path, () => {
      if (this.#tree.find(path) === null) throw systemError('ENOENT', `no such file or directory '${path}'`)
      return { freeBytes: this.#room.freeBytes, totalBytes: this.#room.capacityBytes }
    })
  }

  lock(path: string): Promise<DiskLock> {
    return this.#run('lock', path, () => {
      const directory = this.#tree.directory(path)
      if (this.#locks.has(directory)) {
        const text = `The directory ${path} is in use by process ${PID}.`
        throw new CodedError('DIRECTORY_LOCKED', text, { details: { path, pid: PID } })
      }
      const lock: DiskLock = { release: () => this.#release(lock, directory, path) }
      this.#locks.set(directory, lock)
      this.#writeLockFile(`${path}/${LOCK_FILE_NAME}`)
      return lock
    })
  }

  /** As the real disk does, so that whoever reads the directory meets it. */
  #writeLockFile(file: string): void {
    const found = this.#tree.find(file)
    if (found?.kind === 'directory') return
    const lockFile = found ?? this.#tree.createFile(file)
    this.#room.write(lockFile, Buffer.from(`${PID}\n`), 0)
  }

  #release(lock: DiskLock, directory: SimulatedDirectory, path: string): Promise<void> {
    const effect = () => {
      if (this.#locks.get(directory) !== lock) return
      this.#locks.delete(directory)
      const file = `${path}/${LOCK_FILE_NAME}`
      if (this.#tree.find(file)?.kind === 'file') this.#room.unnamed(this.#tree.unlink(file))
    }
    return this.#calls.run({ operation: 'release', path, effect, failed: effect })
  }

  #run<T>(operation: DiskOperation, path: string, effect: () => T): Promise<T> {
    return this.#calls.run({ operation, path, effect })
  }
}

/** How much room there is. A file takes its size for as long as it has a name or an open handle. */
class Room {
  capacityBytes: number
  #usedBytes = 0

  constructor(capacityBytes: number, tree: SimulatedTree) {
    this.capacityBytes = capacityBytes
    for (const [, file] of tree.files()) {
      file.handles = 0
      file.named = true
      this.#usedBytes += file.live.length
    }
  }

  get freeBytes(): number {
    return Math.max(0, this.capacityBytes - this.#usedBytes)
  }

  /** Writes what there is room for and returns how much that was, 0 for nothing. */
  write(file: SimulatedFile, bytes: Uint8Array, position: number): number {
    const growth = Math.max(0, position + bytes.length - file.live.length)
    const count = Math.min(bytes.length, Math.max(0, bytes.length - (growth - this.freeBytes)))
    if (count === 0) return 0
    const before = file.live.length
    file.write(count === bytes.length ? bytes : bytes.subarray(0, count), position)
    this.#usedBytes += file.live.length - before
    return count
  }

  resize(file: SimulatedFile, length: number): void {
    this.#usedBytes += length - file.live.length
    file.resize(length)
  }

  unnamed(file: SimulatedFile): void {
    file.named = false
    if (file.handles === 0) this.#usedBytes -= file.live.length
  }

  closed(file: SimulatedFile): void {
    file.handles--
    if (!file.named && file.handles === 0) this.#usedBytes -= file.live.length
  }
}

class SimulatedHandle implements DiskFile {
  readonly #file: SimulatedFile
  readonly #path: string
  readonly #isWritable: boolean
  readonly #calls: SimulatedCalls
  readonly #room: Room
  readonly #options: SimulatedDiskOptions
  #isOpen = true

  constructor(
    file: SimulatedFile,
    path: string,
    isWritable: boolean,
    calls: SimulatedCalls,
    room: Room,
    options: SimulatedDiskOptions,
  ) {
    this.#file = file
    this.#path = path
    this.#isWritable = isWritable
    this.#calls = calls
    this.#room = room
    this.#options = options
    file.handles++
  }

  write(bytes: Uint8Array, position: number): Promise<number> {
    checkPosition(position)
    return this.#run(
      'write',
      () => {
        this.#checkOpen(true)
        return bytes.length === 0
          ? 0
          : this.#write(shorten(bytes, this.#calls.random, this.#options.shortWriteChance), position)
      },
      (fault) => this.#writePart(bytes, position, fault),
    )
  }

  read(target: Uint8Array, position: number): Promise<number> {
    checkPosition(position)
    return this.#run('read', () => {
      this.#checkOpen(false)
      const { random } = this.#calls
      return this.#file.live.read(shorten(target, random, this.#options.shortReadChance), position)
    })
  }

  truncate(length: number): Promise<void> {
    checkPosition(length)
    return this.#run('truncate', () => {
      this.#checkOpen(true)
      if (length > FILE_BYTES_MAX) throw systemError('EFBIG', `file too large '${this.#path}'`)
      this.#room.resize(this.#file, length)
    })
  }

  datasync(): Promise<void> {
    // What was written after the call was made is not covered by it.
    const { lastChange } = this.#file
    return this.#run(
      'datasync',
      () => {
        this.#checkOpen(false)
        this.#file.sync(lastChange)
        this.#calls.syncs++
      },
      ({ code, reach = 'nothing' }) => {
        if (code !== 'EINTR') this.#file.failSync(lastChange, reach, this.#calls.random)
      },
    )
  }

  size(): Promise<number> {
    return this.#run('size', () => {
      this.#checkOpen(false)
      return this.#file.live.length
    })
  }

  close(): Promise<void> {
    const effect = () => {
      if (!this.#isOpen) return
      this.#isOpen = false
      this.#room.closed(this.#file)
    }
    return this.#run('close', effect, effect)
  }

  #write(bytes: Uint8Array, position: number): number {
    if (position + bytes.length > FILE_BYTES_MAX) throw systemError('EFBIG', `file too large '${this.#path}'`)
    const count = this.#room.write(this.#file, bytes, position)
    if (count === 0) throw systemError('ENOSPC', `no space left on device, write '${this.#path}'`)
    return count
  }

  /** A write that was made to fail. Undefined: the call throws. */
  #writePart(bytes: Uint8Array, position: number, fault: DiskFault): number | undefined {
    const partialBytes = Math.min(fault.partialBytes ?? 0, bytes.length)
    if (partialBytes === 0) return undefined
    this.#checkOpen(true)
    const count = this.#write(bytes.subarray(0, partialBytes), position)
    if (fault.partialOutcome === 'thrown') return undefined
    if (!fault.persistent) this.#calls.arm(1, { ...fault, operation: 'write', partialBytes: 0 })
    return count
  }

  #checkOpen(toWrite: boolean): void {
    if (this.#isOpen && (this.#isWritable || !toWrite)) return
    throw systemError('EBADF', `bad file descriptor '${this.#path}'`)
  }

  #run<T>(
    operation: DiskOperation,
    effect: () => T,
    failed?: (fault: DiskFault) => T | undefined,
  ): Promise<T> {
    return this.#calls.run({ operation, path: this.#path, effect, failed })
  }
}

class SimulatedReadableFile implements ReadableFile {
  readonly bytes: number
  readonly #file: SimulatedFile
  readonly #path: string
  readonly #calls: SimulatedCalls
  readonly #room: Room
  readonly #options: SimulatedDiskOptions
  #isOpen = true

  constructor(
    file: SimulatedFile,
    path: string,
    calls: SimulatedCalls,
    room: Room,
    options: SimulatedDiskOptions,
  ) {
    this.bytes = file.live.length
    this.#file = file
    this.#path = path
    this.#calls = calls
    this.#room = room
    this.#options = options
    file.handles++
  }

  readSync(target: Uint8Array, position: number): number {
    checkPosition(position)
    const effect = () => {
      if (!this.#isOpen) throw systemError('EBADF', `bad file descriptor '${this.#path}'`)
      const { random } = this.#calls
      return this.#file.live.read(shorten(target, random, this.#options.shortReadChance), position)
    }
    return this.#calls.runSync({ operation: 'read', path: this.#path, effect })
  }

  closeSync(): void {
    const effect = () => {
      if (!this.#isOpen) return
      this.#isOpen = false
      this.#room.closed(this.#file)
    }
    this.#calls.runSync({ operation: 'close', path: this.#path, effect, failed: effect })
  }
}

/** The bytes, or by chance fewer of them, never none of some. */
function shorten(bytes: Uint8Array, random: SeededRandom, chance = 0): Uint8Array {
  if (chance === 0 || bytes.length < 2 || !random.chance(chance)) return bytes
  return bytes.subarray(0, 1 + random.below(bytes.length - 1))
}

function checkPosition(position: number): void {
  assert(Number.isSafeInteger(position) && position >= 0, `${position} is not a position in a file`)
}
