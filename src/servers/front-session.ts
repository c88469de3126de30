/**
 * One peer from its first byte on: who it is (PROXY), TLS, which protocol it speaks, and then that protocol's session.
 *
 *   bytes ── PROXY header? ── admission ── TLS? ── detection ── the protocol's session
 *
 * Invariants:
 *  - nothing is sent before the protocol is known, and no byte is lost on the way to it.
 *  - bytes that stay ambiguous for `handshakeMsMax` are the port's own protocol; who says nothing is only idle.
 *  - who may do nothing at all is denied after `unknownMsMax` or `unknownBytesMax`, whatever he speaks.
 *  - only a trusted proxy names another address than its own, once, and that address is admitted like any other.
 */
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/base.ts'
import {
  type Detection,
  type DetectionPort,
  ProtocolDetector,
  ProxyHeaderDecoder,
  type StreamProtocol,
} from '../ingest/ingest.ts'
import { type AccessPolicy, type PeerAddress, SessionAccess } from './access.ts'
import type { Admission, Admitted } from './admission.ts'
import {
  type ByteMeter,
  Connection,
  type ConnectionEnd,
  type ConnectionEvents,
  type ConnectionOptions,
} from './connection.ts'
import type {
  Arrival,
  ConnectionProtocol,
  ConnectionRefused,
  Protocol,
  ProtocolSession,
  Session,
} from './protocol.ts'

/** TLS on streams that have begun in plain text. */
export interface Encryption {
  /**
   * Takes over a paused stream, the first bytes of the handshake still to be read from it. Resolves after the
   * handshake with what is inside; rejects, the stream destroyed, when it fails.
   */
  accept(stream: Duplex): Promise<Duplex>
}

/** What all sessions of a port share. */
export interface FrontSurroundings {
  readonly clock: Clock
  readonly connection: ConnectionOptions
  readonly access: AccessPolicy
  readonly admission: Admission
  readonly handshakeMsMax: number
  /** The protocol of everything that is no other. */
  readonly ownProtocol: Protocol
  /** What else may come, by what detection calls it; null where the port speaks only its own. */
  readonly others: ReadonlyMap<StreamProtocol, Protocol> | null
  readonly encryption: Encryption | null
  /** Whether everything must come over TLS. */
  readonly isTlsOnly: boolean
  readonly syslogFrameBytesMax: number
  readonly counters: FrontCounters
}

export interface FrontCounters {
  /** Sessions by the name of their protocol. */
  readonly protocols: Record<string, number>
  badProxyHeaders: number
  failedHandshakes: number
  /** Sessions in the clear that were refused where everything must come over TLS. */
  unencrypted: number
  /** Sessions that were denied because they never got to be allowed anything. */
  denied: number
}

/** docs/protocols.md quotes it. */
export const TLS_ONLY = 'This port speaks TLS only'

export class FrontSession implements Session, ConnectionEvents {
  readonly closed: Promise<void>
  readonly #around: FrontSurroundings
  #peer: PeerAddress
  #access: SessionAccess
  #admitted: Admitted | null
  /** Of the address that is admitted, once one is. */
  readonly #meter: ByteMeter = { take: (byteCount) => this.#admitted?.meter.take(byteCount) ?? 0 }
  #connection: Connection
  #detector: ProtocolDetector
  #proxyHeader: ProxyHeaderDecoder | null = null
  #isProxyTrusted: boolean
  #isEncrypted = false
  /** The bare stream while TLS is begun on it. */
  #handshaking: Duplex | null = null
  #session: Session | null = null
  /** The same, where it talks over our connection. */
  #talker: ProtocolSession | null = null
  /** It was refused, or cut off, before it became anything. */
  #isEnding = false
  #resolveClosed: () => void = () => {}
  #stopHandshakeTimer: (() => void) | null = null
  #stopUnknownTimer: () => void

  /** `admitted` is null for a trusted proxy, which may name another peer. */
  constructor(stream: Duplex, peer: PeerAddress, admitted: Admitted | null, around: FrontSurroundings) {
    this.#around = around
    this.#peer = peer
    this.#admitted = admitted
    this.#isProxyTrusted = admitted === null
    this.#access = new SessionAccess(around.access, peer)
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#detector = this.#newDetector()
    this.#connection = this.#connect(stream)
    this.#stopUnknownTimer = this.#watchUnknown()
  }

  drain(): void {
    if (this.#handshaking !== null) this.#handshaking.destroy()
    else if (this.#session === null) this.#endUndecided()
    this.#session?.drain()
  }

  cut(): void {
    this.#handshaking?.destroy()
    if (this.#session === null) this.#connection.cut()
    else this.#session.cut()
  }

  // ---- from the connection ------------------------------------------------------------------------------------

  onChunk(chunk: Buffer): void {
    if (this.#talker !== null) {
      this.#talker.onChunk(chunk)
      this.#checkUnknown()
    } else if (this.#proxyHeader !== null) this.#readProxyHeader(this.#proxyHeader, chunk)
    else this.#detect(chunk)
  }

  onEnd(): void {
    if (this.#talker === null) this.#endUndecided()
    this.#talker?.onEnd()
  }

  onIdle(): void {
    if (this.#talker === null) this.#endUndecided()
    this.#talker?.onIdle()
  }

  onRoom(): void {
    this.#talker?.onRoom()
  }

  isBusy(): boolean {
    return this.#talker?.isBusy() ?? false
  }

  onClosed(end: ConnectionEnd): void {
    if (this.#talker === null) this.#over()
    else this.#talker.onClosed(end)
  }

  // ---- detection ----------------------------------------------------------------------------------------------

  #newDetector(): ProtocolDetector {
    const { others, encryption, syslogFrameBytesMax } = this.#around
    const port: DetectionPort = {
      hasCertificate: encryption !== null && !this.#isEncrypted,
      isProxyTrusted: this.#isProxyTrusted,
      isHttpEnabled: others?.has('http') ?? false,
      isOpen: others !== null,
      syslogFrameBytesMax,
    }
    return new ProtocolDetector(port)
  }

  #connect(stream: Duplex): Connection {
    const options = { ...this.#around.connection, meter: this.#meter }
    return new Connection(stream, this.#around.clock, options, this)
  }

  #detect(chunk: Uint8Array): void {
    const detection = this.#detector.push(chunk)
    if (detection === null) this.#watchHandshake()
    else this.#decided(detection)
  }

  #decided(detection: Detection): void {
    this.#forgetHandshake()
    const { protocol, bytes } = detection
    if (protocol === 'proxy') {
      this.#proxyHeader = new ProxyHeaderDecoder()
      this.#watchHandshake()
      this.#readProxyHeader(this.#proxyHeader, bytes)
    } else if (!this.#isAdmitted()) return
    else if (protocol === 'tls') void this.#encrypt(bytes)
    else this.#openOrRefuse(this.#around.others?.get(protocol) ?? this.#around.ownProtocol, bytes)
  }

  /** Nothing more is waited for: what came, if anything, is the port's own protocol. */
  #openOwn(): void {
    if (this.#session !== null || this.#handshaking !== null || this.#isEnding) return
    if (this.#connection.isClosed) return
    if (this.#proxyHeader === null) this.#decided(this.#detector.end())
    else this.#badProxyHeader()
  }

  /** It ends before it is anything. A protocol that takes the stream has nothing to say to that. */
  #endUndecided(): void {
    if (this.#around.ownProtocol.takesStream) this.#connection.finish()
    else this.#openOwn()
  }

  #open(protocol: Protocol, bytes: Uint8Array): void {
    const { counters } = this.#around
    counters.protocols[protocol.name] = (counters.protocols[protocol.name] ?? 0) + 1
    const arrival = this.#arrival()
    if (protocol.takesStream) {
      const stream = this.#connection.release(bytes)
      this.#session = protocol.open(stream, arrival)
      stream.resume()
    } else this.#talk(protocol, arrival)
    void this.#session?.closed.then(() => this.#over())
    if (this.#talker !== null && bytes.length > 0) this.onChunk(asBuffer(bytes))
  }

  #talk(protocol: ConnectionProtocol, arrival: Arrival): void {
    this.#talker = protocol.open(this.#connection, arrival)
    this.#session = this.#talker
  }

  #arrival(): Arrival {
    return { peer: this.#peer, access: this.#access, isEncrypted: this.#isEncrypted, meter: this.#meter }
  }

  // ---- PROXY --------------------------------------------------------------------------------------------------

  #readProxyHeader(decoder: ProxyHeaderDecoder, chunk: Uint8Array): void {
    const header = decoder.push(chunk)
    if (header === null) return
    this.#forgetHandshake()
    this.#proxyHeader = null
    this.#isProxyTrusted = false
    if (header.kind === 'bad') {
      this.#badProxyHeader()
      return
    }
    if (header.source !== null) this.#peer = header.source
    this.#access = new SessionAccess(this.#around.access, this.#peer)
    this.#detector = this.#newDetector()
    if (this.#isAdmitted() && header.rest.length > 0) this.#detect(header.rest)
  }

  /** Whoever sends a bad header is a proxy and no client: there is nobody to tell. */
  #badProxyHeader(): void {
    this.#isEnding = true
    this.#around.counters.badProxyHeaders++
    this.#connection.cut()
  }

  /** Admits a peer that came through a proxy, or a proxy that came for itself; says why if it may not come in. */
  #isAdmitted(): boolean {
    if (this.#admitted !== null) return true
    const { admission, ownProtocol } = this.#around
    const result = admission.admit(this.#peer.address)
    if ('refusal' in result) {
      this.#refuse(ownProtocol, admission.refusedFor(result.refusal))
      return false
    }
    this.#admitted = result
    return true
  }

  #refuse(protocol: Protocol, refused: ConnectionRefused): void {
    this.#isEnding = true
    const farewell = protocol.refusal(refused)
    this.#connection.write(typeof farewell === 'string' ? Buffer.from(farewell) : farewell)
    this.#connection.finish()
  }

  // ---- TLS ----------------------------------------------------------------------------------------------------

  #openOrRefuse(protocol: Protocol, bytes: Uint8Array): void {
    if (!this.#around.isTlsOnly || this.#isEncrypted) {
      this.#open(protocol, bytes)
      return
    }
    this.#around.counters.unencrypted++
    this.#refuse(protocol, { reason: TLS_ONLY, isLasting: true })
  }

  async #encrypt(bytes: Uint8Array): Promise<void> {
    const { encryption } = this.#around
    if (encryption === null) return
    this.#handshaking = this.#connection.release(bytes)
    try {
      const inside = await encryption.accept(this.#handshaking)
      this.#handshaking = null
      this.#isEncrypted = true
      this.#detector = this.#newDetector()
      this.#connection = this.#connect(inside)
      inside.resume()
    } catch {
      // The reason stands in the handshake; here it is counted.
      this.#around.counters.failedHandshakes++
      this.#over()
    }
  }

  // ---- time limits --------------------------------------------------------------------------------------------

  /** From the first byte on. */
  #watchHandshake(): void {
    this.#stopHandshakeTimer ??= this.#around.clock.after(this.#around.handshakeMsMax, () => this.#openOwn())
  }

  #forgetHandshake(): void {
    this.#stopHandshakeTimer?.()
    this.#stopHandshakeTimer = null
  }

  #watchUnknown(): () => void {
    const { unknownMsMax, isUnknown } = this.#access
    if (!isUnknown || unknownMsMax === 0) return () => {}
    return this.#around.clock.after(unknownMsMax, () => {
      if (this.#session === null) this.#openOwn()
      if (this.#access.isUnknown) this.#deny()
    })
  }

  #checkUnknown(): void {
    if (!this.#access.isUnknown || this.#connection.bytesIn <= this.#access.unknownBytesMax) return
    if (this.#talker?.isBusy() === false) this.#deny()
  }

  #deny(): void {
    if (this.#talker === null) return
    this.#around.counters.denied++
    this.#talker.deny()
  }

  #over(): void {
    this.#forgetHandshake()
    this.#stopUnknownTimer()
    this.#admitted?.leave()
    this.#admitted = null
    this.#resolveClosed()
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
