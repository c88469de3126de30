/**
 * What all sessions of a server have read and not seen stored yet, and who waits for that to become less.
 *
 * Invariant: beyond `unstoredBytesMax`, or when the store asks its senders to wait, no session decodes any further;
 * the sockets push back. A store that is full does not close the gate: there commands are refused, and only plain
 * lines wait, each session for itself.
 */
import { ByteBudget } from '../ingest/ingest.ts'
import type { AppendOptions, Store } from '../storage/storage.ts'

export interface GateWaiter {
  /** The gate may be open again. */
  go(): void
}

/** Below this nobody asks the store whether it wants its senders to wait. */
const ASK_FROM_BYTES = 1024 * 1024

export class StoreGate {
  readonly store: Store
  readonly #unstored: ByteBudget
  readonly #waiters = new Set<GateWaiter>()
  #isStoreBusy = false
  #isStoreFull = false

  constructor(store: Store, unstoredBytesMax: number) {
    this.store = store
    this.#unstored = new ByteBudget(unstoredBytesMax)
  }

  get unstoredBytes(): number {
    return this.#unstored.used
  }

  /**
   * Whether a session may go on; if not, its `go` is called later. While the store is full, one that holds nothing
   * may always: else plain lines that wait would keep commands from being refused.
   */
  admits(waiter: GateWaiter, heldBytes: number): boolean {
    if (!this.#isStoreBusy && !this.#unstored.isSpent) return true
    if (this.#isStoreFull && heldBytes === 0) return true
    this.#waiters.add(waiter)
    return false
  }

  leave(waiter: GateWaiter): void {
    this.#waiters.delete(waiter)
  }

  /** Gives a batch to the store. STORE_FULL, STORE_READ_ONLY, STORE_CLOSED. */
  append(batch: Uint8Array, options?: AppendOptions): Promise<number> {
    const stored = this.store.append(batch, options)
    if (this.#unstored.used > ASK_FROM_BYTES && !this.#isStoreBusy) this.#askStore()
    return stored
  }

  /** The store took a batch. */
  storeTook(): void {
    this.#isStoreFull = false
  }

  take(byteCount: number): void {
    this.#unstored.force(byteCount)
  }

  give(byteCount: number): void {
    this.#unstored.give(byteCount)
    if (!this.#unstored.isSpent) this.#open()
  }

  /** The store refused a batch: whoever waits learns more from trying than from waiting. */
  storeRefused(): void {
    this.#isStoreFull = true
    this.#storeAnswered()
  }

  #askStore(): void {
    this.#isStoreBusy = true
    const answered = (): void => this.#storeAnswered()
    this.store.writable().then(answered, answered)
  }

  #storeAnswered(): void {
    this.#isStoreBusy = false
    this.#open()
  }

  #open(): void {
    if (this.#isStoreBusy || this.#waiters.size === 0) return
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.go()
  }
}
