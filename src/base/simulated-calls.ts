/**
 * What every call of the simulated disk goes through: it is counted, shown to the harness, delayed, made to fail when
 * that was ordered, and refused once the process that made it is gone.
 *
 * A call does all it does at one moment. The harness may cut the power in `onCall` (the call then did nothing) or in
 * `onReturn` (it did all, but the caller never hears of it).
 *
 * A synchronous call goes through the same, except that nothing can delay it: a hook that returns a promise for one is
 * a bug of the harness, because the call would not wait for it.
 */
import { assert } from './assert.ts'
import { systemError } from './errors.ts'
import type { SeededRandom } from './random.ts'
import type { SyncReach } from './simulated-file.ts'

export type DiskOperation =
  | 'open'
  | 'write'
  | 'read'
  | 'truncate'
  | 'datasync'
  | 'size'
  | 'close'
  | 'makeDirectory'
  | 'list'
  | 'stat'
  | 'rename'
  | 'unlink'
  | 'syncDirectory'
  | 'space'
  | 'lock'
  | 'release'

/** `n` counts the calls of the disk from 1. For a synchronous call it must not return a promise. */
export type DiskHook = (operation: DiskOperation, path: string, n: number) => void | Promise<void>

export interface DiskFault {
  /** The system error: `EIO`, `ENOSPC`, `EINTR`, …. */
  readonly code: string
  /** Only calls of this kind count and fail. */
  readonly operation?: DiskOperation
  /** Only calls on paths that contain this count and fail. */
  readonly pathIncludes?: string
  /** Every later call that matches fails as well, until `heal`. */
  readonly persistent?: boolean
  /** A failing write first writes so many of its bytes. */
  readonly partialBytes?: number
  /**
   * How the caller learns of a partial write. `short` (the default, and what Linux does): the call returns the short
   * count, and the next write fails. `thrown`: the call itself fails.
   */
  readonly partialOutcome?: 'short' | 'thrown'
  /** What a failing datasync had brought to the platter all the same. Default `nothing`. */
  readonly reach?: SyncReach
}

interface ArmedFault {
  fault: DiskFault
  /** Matching calls until it fails one. */
  callsLeft: number
}

/** What a call does, and what it does when it is made to fail: `failed` may throw an error of its own or give a result. */
export interface DiskCall<T> {
  readonly operation: DiskOperation
  readonly path: string
  readonly effect: () => T
  readonly failed?: (fault: DiskFault) => T | undefined
}

const DELAY_TURNS_MAX = 4

export class SimulatedCalls {
  onCall: DiskHook | undefined
  onReturn: DiskHook | undefined
  calls = 0
  /** Datasyncs and directory syncs that succeeded. */
  syncs = 0
  readonly random: SeededRandom
  readonly #counts = new Map<DiskOperation, number>()
  readonly #reorder: boolean
  #faults: ArmedFault[] = []
  #endReason: string | null = null

  constructor(random: SeededRandom, reorder: boolean) {
    this.random = random
    this.#reorder = reorder
  }

  count(operation: DiskOperation): number {
    return this.#counts.get(operation) ?? 0
  }

  arm(n: number, fault: DiskFault): void {
    this.#faults.push({ fault, callsLeft: n })
  }

  disarm(): void {
    this.#faults = []
  }

  /** From now on every call fails, those that are under way too. */
  end(reason: string): void {
    this.#endReason ??= reason
  }

  checkAlive(): void {
    if (this.#endReason !== null) throw systemError('ESTALE', this.#endReason)
  }

  async run<T>(call: DiskCall<T>): Promise<T> {
    const { operation, path } = call
    const { n, fault } = this.#begin(operation, path)
    await this.onCall?.(operation, path, n)
    await this.#delay()
    this.checkAlive()
    try {
      return this.#perform(call, fault)
    } finally {
      await this.onReturn?.(operation, path, n)
      await this.#delay()
      this.checkAlive()
    }
  }

  runSync<T>(call: DiskCall<T>): T {
    const { operation, path } = call
    const { n, fault } = this.#begin(operation, path)
    showSync(this.onCall, operation, path, n)
    this.checkAlive()
    try {
      return this.#perform(call, fault)
    } finally {
      showSync(this.onReturn, operation, path, n)
      this.checkAlive()
    }
  }

  #begin(operation: DiskOperation, path: string): { readonly n: number; readonly fault: DiskFault | null } {
    this.checkAlive()
    const n = ++this.calls
    this.#counts.set(operation, this.count(operation) + 1)
    return { n, fault: this.#takeFault(operation, path) }
  }

  #perform<T>(call: DiskCall<T>, fault: DiskFault | null): T {
    if (fault === null) return call.effect()
    const result = call.failed?.(fault)
    if (result !== undefined) return result
    throw systemError(fault.code, `made to fail, ${call.operation} '${call.path}'`)
  }

  /** Lets calls that are under way together overtake each other. */
  async #delay(): Promise<void> {
    if (!this.#reorder) return
    for (let turns = this.random.below(DELAY_TURNS_MAX); turns > 0; turns--) await null
  }

  #takeFault(operation: DiskOperation, path: string): DiskFault | null {
    let taken: DiskFault | null = null
    for (const armed of this.#faults) {
      if (!matches(armed.fault, operation, path)) continue
      if (armed.callsLeft > 1) armed.callsLeft--
      else taken ??= this.#fire(armed, operation)
    }
    return taken
  }

  #fire(armed: ArmedFault, operation: DiskOperation): DiskFault {
    const { fault } = armed
    if (!fault.persistent) this.#faults = this.#faults.filter((other) => other !== armed)
    // Only the first write is partial: a caller that loops must meet the error.
    else if (operation === 'write') armed.fault = { ...fault, partialBytes: 0 }
    return fault
  }
}

function showSync(hook: DiskHook | undefined, operation: DiskOperation, path: string, n: number): void {
  const answer = hook?.(operation, path, n)
  assert(!(answer instanceof Promise), `a hook cannot delay a synchronous ${operation}`)
}

function matches(fault: DiskFault, operation: DiskOperation, path: string): boolean {
  if (fault.operation !== undefined && fault.operation !== operation) return false
  return fault.pathIncludes === undefined || path.includes(fault.pathIncludes)
}
