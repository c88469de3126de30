/** Peers that speak frames, and a port with one protocol, for the tests of the binary and the framed JSON protocol. */
import { SeededRandom, type SimulatedClock } from '../base/base.ts'
import type { Hub } from '../hub/hub.ts'
import type { Capability } from './actions.ts'
import { PortServer } from './port-server.ts'
import type { ConnectionProtocol } from './protocol.ts'
import { StoreGate } from './store-gate.ts'
import { type PortChanges, portOptions, TestPeer, until } from './test-peer.ts'

/** What a decoder of wire/ is. */
export interface FrameDecoder<T> {
  push(chunk: Uint8Array): void
  next(): T | null
}

/** The other end of a connection; replies are kept as they are decoded. */
export class FramePeer<T> {
  readonly peer: TestPeer
  readonly #decoder: FrameDecoder<T>
  readonly #replies: T[] = []
  #taken = 0

  constructor(peer: TestPeer, decoder: FrameDecoder<T>) {
    this.peer = peer
    this.#decoder = decoder
  }

  send(...frames: readonly Uint8Array[]): void {
    this.peer.socket.write(Buffer.concat(frames))
  }

  /** All that came so far. */
  get replies(): readonly T[] {
    const bytes = Buffer.from(this.peer.received.slice(this.#taken), 'latin1')
    this.#taken += bytes.length
    if (bytes.length > 0) this.#decoder.push(bytes)
    for (let reply = this.#decoder.next(); reply !== null; reply = this.#decoder.next()) {
      this.#replies.push(structuredClone(reply))
    }
    return this.#replies
  }

  /** Waits until so many came, all in all. */
  async until(count: number): Promise<readonly T[]> {
    const { peer } = this
    await until(() => this.replies.length >= count || peer.isClosed, `${count} replies`)
    return this.replies
  }

  ended(): Promise<void> {
    return this.peer.ended()
  }
}

export interface FrontChanges extends PortChanges {
  readonly grant?: readonly Capability[]
  readonly unstoredBytesMax?: number
}

/** One port on loopback that speaks one protocol. */
export class TestFront<P extends ConnectionProtocol> {
  readonly clock: SimulatedClock
  readonly gate: StoreGate
  readonly protocol: P
  readonly port: PortServer
  readonly #peers: TestPeer[] = []

  constructor(hub: Hub, clock: SimulatedClock, changes: FrontChanges, build: (gate: StoreGate) => P) {
    this.clock = clock
    this.gate = new StoreGate(hub.store(), changes.unstoredBytesMax ?? 64 << 20)
    this.protocol = build(this.gate)
    const access = changes.access ?? { grant: changes.grant ?? ['write', 'read'] }
    this.port = new PortServer(clock, portOptions({ ...changes, access }), {
      own: this.protocol,
      others: null,
    })
  }

  async peer(): Promise<TestPeer> {
    const peer = await TestPeer.open(this.port.addresses[0])
    this.#peers.push(peer)
    return peer
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.destroy()
    const drained = this.port.drain(10)
    await until(() => {
      this.clock.advance(10)
      return this.port.stats().connections === 0
    }, 'the end of all sessions')
    await drained
  }
}

/** Valid sessions with some bytes changed, the same for the same seed. */
export function* mutatedSessions(valid: Uint8Array, count: number, seed: number): Generator<Buffer, void> {
  const random = new SeededRandom(seed)
  for (let round = 0; round < count; round++) {
    const bytes = Buffer.from(valid)
    for (let change = 1 + random.below(4); change > 0; change--) {
      bytes[random.below(bytes.length)] = random.below(256)
    }
    yield bytes
  }
}
