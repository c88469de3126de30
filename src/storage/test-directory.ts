/** A store's directory on a simulated disk, for tests that open it, break what lies in it, and open it again. */
import assert from 'node:assert/strict'
import {
  InlineRunner,
  type Random,
  SeededRandom,
  SimulatedClock,
  SimulatedDisk,
  type TaskContext,
  type TaskRunner,
  type Tasks,
  writeAll,
} from '../base/base.ts'
import { decodeFrameHeader, decodeSegmentHeader, FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './frame.ts'
import { openStore } from './open-store.ts'
import type { Store } from './store.ts'
import type { StoreOptions } from './store-options.ts'
import { storeTasks } from './store-tasks.ts'
import type { LogState } from './write-ahead-log.ts'

/** When batches of tests were received (testing/sample-records.ts, which this layer may not import). */
const WALL_MS = Date.UTC(2027, 0, 15)

export interface TestFrame {
  readonly offset: number
  readonly length: number
  readonly firstId: number
  readonly records: number
}

/**
 * The tasks of stores on any simulated disk, which seal and merge with the same memory: to make that anew for each of
 * thousands of stores takes a test more time than all the rest. One task runs at a time.
 */
export class SharedTasks {
  #disk = new SimulatedDisk()
  #last: Promise<unknown> = Promise.resolve()
  /** What the tasks have for a disk: that of the one which runs. */
  readonly #current = new Proxy(this.#disk, {
    get: (_, name) => {
      const value: unknown = Reflect.get(this.#disk, name)
      return typeof value === 'function' ? value.bind(this.#disk) : value
    },
  })
  readonly #tasks: Tasks = storeTasks(this.#current, new SeededRandom(1))

  runner(disk: SimulatedDisk): TaskRunner {
    const names = Object.keys(this.#tasks)
    return new InlineRunner(
      Object.fromEntries(
        names.map((name) => [
          name,
          (input: unknown, context: TaskContext) => this.#run(disk, name, input, context),
        ]),
      ),
    )
  }

  #run(disk: SimulatedDisk, name: string, input: unknown, context: TaskContext): Promise<unknown> {
    const result = this.#last.then(() => {
      this.#disk = disk
      const task = this.#tasks[name] as (input: unknown, context: TaskContext) => unknown
      return task(input, context)
    })
    this.#last = result.catch(() => {})
    return result
  }
}

export class TestDirectory {
  readonly path = '/data/stores/logs'
  readonly clock = new SimulatedClock({ wallMs: WALL_MS })
  /** What the stores said of their state, newest last. */
  readonly states: LogState[] = []
  /** Files that the check in the background told of. */
  readonly damagedFiles: string[] = []
  disk: SimulatedDisk
  readonly #random: Random = new SeededRandom(20_270_115)
  readonly #tasks: SharedTasks | null

  /** Without `tasks` each store has its own. */
  constructor(disk: SimulatedDisk = new SimulatedDisk({ seed: 1 }), tasks: SharedTasks | null = null) {
    this.disk = disk
    this.#tasks = tasks
  }

  /** Opens the store. By default every frame is one batch, and no limit is in the way. */
  open(options: Partial<StoreOptions> = {}): Promise<Store> {
    const { disk, clock } = this
    return openStore({
      disk,
      clock,
      random: this.#random,
      directory: this.path,
      options: { freeBytesMin: 0, ...options },
      stateChanged: (state) => this.states.push(state),
      damageFound: (file) => this.damagedFiles.push(file),
      ...(this.#tasks !== null && { runner: this.#tasks.runner(disk) }),
    })
  }

  /** The same directory, on a disk of its own. */
  copy(): TestDirectory {
    return this.on(this.disk.fork())
  }

  /** The same path on another disk, with stores that share what those of this one share. */
  on(disk: SimulatedDisk): TestDirectory {
    return new TestDirectory(disk, this.#tasks)
  }

  /** Ends the process without a word to the store. */
  kill(): void {
    this.disk = this.disk.processKill()
  }

  /** Names that lie in the directory, files of directories in it with their path. */
  names(start = ''): string[] {
    const prefix = `${this.path}/`
    const names = this.disk.files().filter((path) => path.startsWith(prefix))
    return names
      .map((path) => path.slice(prefix.length))
      .filter((name) => name.startsWith(start))
      .sort()
  }

  /** The name of the newest file whose name starts so. */
  newest(start: string): string {
    const name = this.names(start).at(-1)
    assert.ok(name !== undefined, `there is no ${start}`)
    return name
  }

  bytes(name: string): Uint8Array {
    const bytes = this.disk.peek(`${this.path}/${name}`)
    assert.ok(bytes !== null, `there is no ${name}`)
    return bytes
  }

  text(name: string): string {
    return new TextDecoder().decode(this.bytes(name))
  }

  /** Puts a file there as if it had always been. */
  async write(name: string, content: Uint8Array | string): Promise<void> {
    const path = `${this.path}/${name}`
    if (this.disk.peek(path) !== null) await this.disk.unlink(path)
    const file = await this.disk.open(path, 'create')
    await writeAll(file, typeof content === 'string' ? new TextEncoder().encode(content) : content, 0)
    await file.datasync()
    await file.close()
    await this.disk.syncDirectory(this.path)
  }

  async remove(name: string): Promise<void> {
    await this.disk.unlink(`${this.path}/${name}`)
    await this.disk.syncDirectory(this.path)
  }

  /** Turns over every bit of some bytes. */
  damage(name: string, offset: number, length = 1): void {
    const bytes = this.bytes(name).slice(offset, offset + length)
    this.disk.damage(
      `${this.path}/${name}`,
      bytes.map((byte) => byte ^ 0xff),
      offset,
    )
  }

  /** The frames of a whole segment. */
  frames(name: string): TestFrame[] {
    const bytes = this.bytes(name)
    const header = decodeSegmentHeader(bytes)
    assert.ok(typeof header !== 'string', `${name}: ${header}`)
    const frames: TestFrame[] = []
    for (let offset = SEGMENT_HEADER_BYTES; offset < bytes.length; ) {
      const frame = decodeFrameHeader(bytes.subarray(offset), header.salt)
      assert.ok(frame !== null, `${name} has no frame at ${offset}`)
      const length = FRAME_HEADER_BYTES + frame.payloadLength
      frames.push({ offset, length, firstId: frame.firstId, records: frame.records })
      offset += length
    }
    return frames
  }
}
