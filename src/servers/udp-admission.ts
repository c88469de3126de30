/**
 * Who may send datagrams, and how many: the networks of the port, and rates per address. A datagram that comes too
 * early is dropped: there is no connection to slow down. As for connections, an IPv6 address stands for its /64.
 *
 * Not here: what a datagram may do (access.ts).
 */
import type { Clock } from '../base/base.ts'
import { ByteRate } from './byte-rate.ts'
import { type AllowedNetwork, addressKey, Networks, plainAddress } from './peer-address.ts'

export interface UdpLimits {
  /** Networks that may send; an empty list lets nobody in. */
  readonly allow: readonly AllowedNetwork[]
  /** Of one address. Default: no limit. */
  readonly datagramsPerSecondMax?: number
  /** Of one address. Default: no limit. */
  readonly bytesPerSecondMax?: number
}

export type UdpRefusal = 'notAllowed' | 'tooManyDatagrams' | 'tooManyBytes'

/** What is known of an address. */
export interface UdpSender {
  /** An IPv4 address is never written as an IPv6 one. */
  readonly address: string
  readonly key: string
  readonly isAllowed: boolean
}

/** Senders remembered; beyond, all are forgotten and found out again. */
const SENDERS_MAX = 10_000

export class UdpAdmission {
  readonly #allowed: Networks
  readonly #datagrams: ByteRate
  readonly #bytes: ByteRate
  /** By the address as the socket tells it. */
  readonly #senders = new Map<string, UdpSender>()

  constructor(limits: UdpLimits, clock: Clock) {
    this.#allowed = new Networks(limits.allow)
    this.#datagrams = new ByteRate(limits.datagramsPerSecondMax ?? 0, clock)
    this.#bytes = new ByteRate(limits.bytesPerSecondMax ?? 0, clock)
  }

  senderOf(address: string): UdpSender {
    return this.#senders.get(address) ?? this.#meet(address)
  }

  /** Why a datagram of this length is dropped, or null; then it is counted. */
  refusalOf(sender: UdpSender, byteCount: number): UdpRefusal | null {
    if (!sender.isAllowed) return 'notAllowed'
    if (!this.#datagrams.takeIfLevel(sender.key, 1)) return 'tooManyDatagrams'
    return this.#bytes.takeIfLevel(sender.key, byteCount) ? null : 'tooManyBytes'
  }

  #meet(socketAddress: string): UdpSender {
    if (this.#senders.size >= SENDERS_MAX) this.#senders.clear()
    const address = plainAddress(socketAddress)
    const sender = { address, key: addressKey(address), isAllowed: this.#allowed.has(address) }
    this.#senders.set(socketAddress, sender)
    return sender
  }
}
