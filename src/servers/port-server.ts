/**
 * One port: the addresses it listens on, who is let in, and which protocols it speaks. Every port of the server is one
 * of these; they differ in their own protocol, in what else may come, and in their policy.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../base/base.ts'
import type { StreamProtocol } from '../ingest/ingest.ts'
import type { AccessPolicy, PeerAddress } from './access.ts'
import { Admission, type AdmissionLimits, type ConnectionRefusal } from './admission.ts'
import type { ConnectionOptions } from './connection.ts'
import { type Encryption, type FrontCounters, FrontSession, type FrontSurroundings } from './front-session.ts'
import { type ListenAddress, Listener, type ListenerOptions, type ListenerStats } from './listener.ts'
import { type AllowedNetwork, Networks } from './peer-address.ts'
import type { Protocol, Session } from './protocol.ts'

export interface PortServerOptions {
  readonly listener: ListenerOptions
  readonly admission: AdmissionLimits
  readonly access: AccessPolicy
  readonly connection: ConnectionOptions
  /** How long the first bytes may leave the protocol open. Default 5,000 ms. */
  readonly handshakeMsMax?: number
  /** Proxies that may say who the peer is. Default: none. */
  readonly proxies?: readonly AllowedNetwork[]
  readonly encryption?: Encryption | null
  /** Whether everything must come over TLS. Default: no. */
  readonly isTlsOnly?: boolean
  /** The longest frame of octet-counted syslog. Default 256 KiB. */
  readonly syslogFrameBytesMax?: number
}

export interface PortProtocols {
  /** What is spoken where no other protocol is recognised. */
  readonly own: Protocol
  /** What else may come, by what detection calls it; null: nothing else. */
  readonly others: ReadonlyMap<StreamProtocol, Protocol> | null
}

export interface PortServerStats extends ListenerStats, Readonly<FrontCounters> {
  readonly refused: Readonly<Record<ConnectionRefusal, number>>
}

const HANDSHAKE_MS_MAX = 5000
const SYSLOG_FRAME_BYTES_MAX = 256 * 1024

export class PortServer {
  readonly #listener: Listener
  readonly #admission: Admission
  readonly #proxies: Networks
  readonly #around: FrontSurroundings
  readonly #counters: FrontCounters = {
    protocols: {},
    badProxyHeaders: 0,
    failedHandshakes: 0,
    unencrypted: 0,
    denied: 0,
  }

  constructor(clock: Clock, options: PortServerOptions, protocols: PortProtocols) {
    this.#admission = new Admission(options.admission, clock)
    this.#proxies = new Networks(options.proxies ?? [])
    this.#around = {
      clock,
      connection: options.connection,
      access: options.access,
      admission: this.#admission,
      handshakeMsMax: options.handshakeMsMax ?? HANDSHAKE_MS_MAX,
      ownProtocol: protocols.own,
      others: protocols.others,
      encryption: options.encryption ?? null,
      isTlsOnly: options.isTlsOnly ?? false,
      syslogFrameBytesMax: options.syslogFrameBytesMax ?? SYSLOG_FRAME_BYTES_MAX,
      counters: this.#counters,
    }
    this.#listener = new Listener(options.listener, clock, {
      open: (socket, peer) => this.#open(socket, peer),
    })
  }

  /** Starts listening. PORT_TAKEN, ADDRESS_UNUSABLE. */
  open(): Promise<void> {
    return this.#listener.open()
  }

  /** Where it listens, with the ports that it has in fact. */
  get addresses(): readonly ListenAddress[] {
    return this.#listener.addresses
  }

  /** Stops accepting, answers what was read, ends all sessions; how many were cut off at the deadline. */
  drain(deadlineMs: number): Promise<number> {
    return this.#listener.drain(deadlineMs)
  }

  stats(): PortServerStats {
    const counters = { ...this.#counters, protocols: { ...this.#counters.protocols } }
    return { ...this.#listener.stats(), ...counters, refused: this.#admission.refused }
  }

  /** A proxy is admitted as the peer that it names, when it has named it. */
  #open(socket: Socket, peer: PeerAddress): Session | { readonly farewell: string | Uint8Array } {
    if (this.#proxies.has(peer.address) && !this.#admission.isFull) {
      return new FrontSession(socket, peer, null, this.#around)
    }
    const result = this.#admission.admit(peer.address)
    if (!('refusal' in result)) return new FrontSession(socket, peer, result, this.#around)
    return { farewell: this.#around.ownProtocol.refusal(this.#admission.refusedFor(result.refusal)) }
  }
}
