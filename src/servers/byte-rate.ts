/**
 * How fast an address may send, all its connections together: a bucket that fills at `bytesPerSecondMax` and holds
 * one second's worth. Who has emptied it is not read until it is level again; nothing is thrown away. (Datagrams are:
 * udp-admission.ts counts them in such buckets too.)
 *
 * Addresses whose bucket is full are forgotten, since they are as if they had never come.
 */
import type { Clock } from '../base/base.ts'
import type { ByteMeter } from './connection.ts'

const SECOND_MS = 1000
const SWEEP_AT_ADDRESSES = 1024

interface Bucket {
  /** Bytes that may come now; below 0, that came too early. */
  level: number
  filledMs: number
}

export class ByteRate {
  readonly #bytesPerSecondMax: number
  readonly #clock: Clock
  readonly #buckets = new Map<string, Bucket>()
  #sweepAt = SWEEP_AT_ADDRESSES

  /** 0: no limit. */
  constructor(bytesPerSecondMax: number, clock: Clock) {
    this.#bytesPerSecondMax = bytesPerSecondMax
    this.#clock = clock
  }

  meterOf(address: string): ByteMeter {
    if (this.#bytesPerSecondMax === 0) return { take: () => 0 }
    return { take: (byteCount) => this.#take(address, byteCount) }
  }

  /** Takes them if the bucket is not empty; for senders that cannot be told to wait. */
  takeIfLevel(address: string, byteCount: number): boolean {
    if (this.#bytesPerSecondMax === 0) return true
    const bucket = this.#filled(address, this.#clock.monotonicMs())
    if (bucket.level <= 0) return false
    bucket.level -= byteCount
    return true
  }

  #take(address: string, byteCount: number): number {
    const nowMs = this.#clock.monotonicMs()
    const bucket = this.#filled(address, nowMs)
    bucket.level -= byteCount
    return bucket.level >= 0 ? 0 : Math.ceil((-bucket.level * SECOND_MS) / this.#bytesPerSecondMax)
  }

  #filled(address: string, nowMs: number): Bucket {
    const bucket = this.#buckets.get(address)
    if (bucket === undefined) return this.#add(address, nowMs)
    bucket.level = this.#levelOf(bucket, nowMs)
    bucket.filledMs = nowMs
    return bucket
  }

  #levelOf(bucket: Bucket, nowMs: number): number {
    const gained = ((nowMs - bucket.filledMs) * this.#bytesPerSecondMax) / SECOND_MS
    return Math.min(this.#bytesPerSecondMax, bucket.level + gained)
  }

  #add(address: string, nowMs: number): Bucket {
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(nowMs)
    const bucket = { level: this.#bytesPerSecondMax, filledMs: nowMs }
    this.#buckets.set(address, bucket)
    return bucket
  }

  #sweep(nowMs: number): void {
    for (const [address, bucket] of this.#buckets) {
      if (this.#levelOf(bucket, nowMs) >= this.#bytesPerSecondMax) this.#buckets.delete(address)
    }
    this.#sweepAt = Math.max(SWEEP_AT_ADDRESSES, this.#buckets.size * 2)
  }
}
