/**
 * Idempotency keys that were seen: a batch that comes again within the window is answered with its first ids and
 * stored once. The keys lie in the batches of the write-ahead log, so they are as durable as the records; this is
 * the index, rebuilt at open from the segments that lie within the window.
 */
import { BATCH_HEADER_BYTES } from '../record/record.ts'

export interface KeyWindowLimits {
  /** Milliseconds for which a key is remembered. */
  readonly windowMs: number
  readonly keysMax: number
}

export class KeyWindow {
  readonly #limits: KeyWindowLimits
  /** Insertion order is the order of commit, so the oldest key is the first. */
  readonly #known = new Map<string, { firstId: number; receivedMs: number }>()

  constructor(limits: KeyWindowLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#known.size
  }

  /** First id of the batch that had this key, or undefined. */
  find(key: string, nowMs: number): number | undefined {
    const found = this.#known.get(key)
    return found === undefined || found.receivedMs < nowMs - this.#limits.windowMs ? undefined : found.firstId
  }

  add(key: string, firstId: number, receivedMs: number): void {
    this.#known.delete(key)
    this.#known.set(key, { firstId, receivedMs })
    this.#dropOld(receivedMs)
  }

  #dropOld(nowMs: number): void {
    for (const [key, { receivedMs }] of this.#known) {
      const isOld = receivedMs < nowMs - this.#limits.windowMs
      if (!isOld && this.#known.size <= this.#limits.keysMax) return
      this.#known.delete(key)
    }
  }
}

/** The key of the batch at `at`, as text; null where it has none. Keys are bytes: Latin-1 is a bijection. */
export function batchKeyText(bytes: Uint8Array, at: number, keyLength: number): string | null {
  if (keyLength === 0) return null
  const start = bytes.byteOffset + at + BATCH_HEADER_BYTES
  return Buffer.from(bytes.buffer, start, keyLength).toString('latin1')
}
