/**
 * Log lines of datagrams, gathered by their sender for a few milliseconds, so that a batch holds many of them.
 *
 * Every datagram ends its last line: one that does not end with a newline gets one here. The bytes of a sender lie
 * one behind the other, as a stream would bring them, in the order in which they came.
 */
import type { Clock } from '../base/base.ts'
import type { PeerAddress } from './access.ts'

/** Lines of one sender, or of all when records do not keep their sender. */
export class DatagramGroup {
  readonly key: string
  readonly peer: PeerAddress | null
  readonly arrivalMs: number
  /** The one sealed after it. */
  next: DatagramGroup | null = null
  #memory: Buffer
  #length = 0

  constructor(key: string, peer: PeerAddress | null, arrivalMs: number, byteCount: number) {
    this.key = key
    this.peer = peer
    this.arrivalMs = arrivalMs
    this.#memory = Buffer.allocUnsafe(Math.max(MEMORY_MIN, byteCount))
  }

  isOf(address: string, port: number): boolean {
    return this.peer === null || (this.peer.port === port && this.peer.address === address)
  }

  get length(): number {
    return this.#length
  }

  /** The lines, each with its newline. */
  get bytes(): Buffer {
    return this.#memory.subarray(0, this.#length)
  }

  add(datagram: Buffer): void {
    const end = this.#length + datagram.length
    if (end + 1 > this.#memory.length) this.#grow(end + 1)
    datagram.copy(this.#memory, this.#length)
    this.#length = end
    if (datagram[datagram.length - 1] !== NEWLINE) this.#memory[this.#length++] = NEWLINE
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#memory.length * 2))
    this.#memory.copy(grown, 0, 0, this.#length)
    this.#memory = grown
  }
}

const NEWLINE = 0x0a
const MEMORY_MIN = 256
/** What a group takes beside its lines, about. */
const GROUP_BYTES = 512
/** A group as large as this takes no more. */
const GROUP_BYTES_MAX = 256 * 1024

export class DatagramGather {
  readonly #isByPeer: boolean
  readonly #clock: Clock
  readonly #open = new Map<string, DatagramGroup>()
  /** The open group that was added to last. */
  #recent: DatagramGroup | null = null
  /** Sealed groups, a chain: there may be very many. */
  #first: DatagramGroup | null = null
  #last: DatagramGroup | null = null
  #heldBytes = 0

  /** `isByPeer`: records keep their sender, so those of each are apart. */
  constructor(isByPeer: boolean, clock: Clock) {
    this.#isByPeer = isByPeer
    this.#clock = clock
  }

  /** Memory that is held, about. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Whether groups are open that still take lines. */
  get isOpen(): boolean {
    return this.#open.size > 0
  }

  add(datagram: Buffer, address: string, port: number): void {
    const group = this.#groupOf(address, port, datagram.length)
    const before = group.length
    group.add(datagram)
    this.#heldBytes += group.length - before
    if (group.length >= GROUP_BYTES_MAX) this.#sealGroup(group)
  }

  /** Most datagrams come from the sender of the one before: then no key is made. */
  #groupOf(address: string, port: number, byteCount: number): DatagramGroup {
    const recent = this.#recent
    if (recent?.isOf(address, port)) return recent
    const key = this.#isByPeer ? `${address} ${port}` : ''
    const group = this.#open.get(key) ?? this.#begin(key, address, port, byteCount)
    this.#recent = group
    return group
  }

  #begin(key: string, address: string, port: number, byteCount: number): DatagramGroup {
    const peer = this.#isByPeer ? { address, port } : null
    const group = new DatagramGroup(key, peer, this.#clock.wallMs(), byteCount + 1)
    this.#open.set(key, group)
    this.#heldBytes += GROUP_BYTES
    return group
  }

  #sealGroup(group: DatagramGroup): void {
    this.#open.delete(group.key)
    this.#recent = null
    this.#append(group)
  }

  /** Open groups take no more lines. */
  seal(): void {
    for (const group of this.#open.values()) this.#append(group)
    this.#open.clear()
    this.#recent = null
  }

  get hasSealed(): boolean {
    return this.#first !== null
  }

  /** The oldest sealed group, or null. It is held until `release`. */
  take(): DatagramGroup | null {
    const group = this.#first
    if (group !== null) this.#first = group.next
    if (this.#first === null) this.#last = null
    return group
  }

  release(group: DatagramGroup): void {
    this.#heldBytes -= group.length + GROUP_BYTES
  }

  #append(group: DatagramGroup): void {
    if (this.#last === null) this.#first = group
    else this.#last.next = group
    this.#last = group
  }
}
