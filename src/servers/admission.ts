/**
 * Who may come in, and how often: the port's networks, its limits of connections per address and in all, its rates.
 *
 * Every limit counts what it refuses. 0 means no limit. Rates and counts are per address; an IPv6 address stands for
 * its /64. A peer behind a trusted proxy is admitted by the address that the proxy names.
 */
import type { Clock } from '../base/base.ts'
import { AddressRate } from './address-rate.ts'
import { ByteRate } from './byte-rate.ts'
import type { ByteMeter } from './connection.ts'
import { type AllowedNetwork, addressKey, Networks } from './peer-address.ts'
import type { ConnectionRefused } from './protocol.ts'

export interface AdmissionLimits {
  /** Networks that may connect; an empty list lets nobody in. */
  readonly allow: readonly AllowedNetwork[]
  /** Connections open at once. */
  readonly connectionsMax: number
  readonly connectionsPerAddressMax: number
  /** New connections per second and address. */
  readonly connectionsPerSecondMax: number
  /** New connections per address within `windowMs`. */
  readonly connectionsPerWindowMax: number
  readonly windowMs: number
  /** Bytes that one address may send per second, over all its connections. Default: no limit. */
  readonly bytesPerSecondMax?: number
}

/** `{count}` stands for the limit. docs/protocols.md quotes them all. */
export const CONNECTION_REFUSALS = {
  notAllowed: 'Your address may not connect here',
  tooMany: 'Too many connections: at most {count}',
  tooManyPerAddress: 'Too many connections from your address: at most {count}',
  tooFast: 'Too many new connections from your address: at most {count} per second',
  tooManyPerWindow: 'Too many new connections from your address: at most {count} per {seconds} s',
} as const

export type ConnectionRefusal = keyof typeof CONNECTION_REFUSALS

/** Somebody who is in. */
export interface Admitted {
  readonly meter: ByteMeter
  /** He is gone. */
  leave(): void
}

export type AdmissionResult = Admitted | { readonly refusal: ConnectionRefusal }

const SECOND_MS = 1000

export class Admission {
  readonly #limits: AdmissionLimits
  readonly #clock: Clock
  readonly #allowed: Networks
  readonly #perSecond: AddressRate
  readonly #perWindow: AddressRate
  readonly #bytes: ByteRate
  readonly #perAddress = new Map<string, number>()
  readonly #refused: Record<ConnectionRefusal, number> = {
    notAllowed: 0,
    tooMany: 0,
    tooManyPerAddress: 0,
    tooFast: 0,
    tooManyPerWindow: 0,
  }
  #open = 0

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#allowed = new Networks(limits.allow)
    this.#perSecond = new AddressRate(limits.connectionsPerSecondMax, SECOND_MS)
    this.#perWindow = new AddressRate(limits.connectionsPerWindowMax, limits.windowMs)
    this.#bytes = new ByteRate(limits.bytesPerSecondMax ?? 0, clock)
  }

  get refused(): Readonly<Record<ConnectionRefusal, number>> {
    return { ...this.#refused }
  }

  /** Whether there is no room for any connection, whoever it is. */
  get isFull(): boolean {
    return this.#limits.connectionsMax > 0 && this.#open >= this.#limits.connectionsMax
  }

  admit(address: string): AdmissionResult {
    const key = addressKey(address)
    const refusal = this.#refusalOf(address, key)
    if (refusal !== null) {
      this.#refused[refusal]++
      return { refusal }
    }
    this.#open++
    this.#perAddress.set(key, (this.#perAddress.get(key) ?? 0) + 1)
    return { meter: this.#bytes.meterOf(key), leave: () => this.#leave(key) }
  }

  /** The refusal for the peer. */
  refusedFor(refusal: ConnectionRefusal): ConnectionRefused {
    return { reason: this.#reasonOf(refusal), isLasting: refusal === 'notAllowed' }
  }

  #reasonOf(refusal: ConnectionRefusal): string {
    const counts: Record<ConnectionRefusal, number> = {
      notAllowed: 0,
      tooMany: this.#limits.connectionsMax,
      tooManyPerAddress: this.#limits.connectionsPerAddressMax,
      tooFast: this.#limits.connectionsPerSecondMax,
      tooManyPerWindow: this.#limits.connectionsPerWindowMax,
    }
    return CONNECTION_REFUSALS[refusal]
      .replace('{count}', String(counts[refusal]))
      .replace('{seconds}', String(this.#limits.windowMs / SECOND_MS))
  }

  #refusalOf(address: string, key: string): ConnectionRefusal | null {
    if (!this.#allowed.has(address)) return 'notAllowed'
    if (this.isFull) return 'tooMany'
    const open = this.#perAddress.get(key) ?? 0
    const { connectionsPerAddressMax } = this.#limits
    if (connectionsPerAddressMax > 0 && open >= connectionsPerAddressMax) return 'tooManyPerAddress'
    const nowMs = this.#clock.monotonicMs()
    if (!this.#perSecond.isFree(key, nowMs)) return 'tooFast'
    if (!this.#perWindow.isFree(key, nowMs)) return 'tooManyPerWindow'
    this.#perSecond.count(key, nowMs)
    this.#perWindow.count(key, nowMs)
    return null
  }

  #leave(key: string): void {
    this.#open--
    const open = (this.#perAddress.get(key) ?? 1) - 1
    if (open === 0) this.#perAddress.delete(key)
    else this.#perAddress.set(key, open)
  }
}
