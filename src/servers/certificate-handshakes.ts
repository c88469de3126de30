/**
 * TLS handshakes on connections that somebody else accepted and looked at.
 *
 * A TLS server of Node that listens nowhere does the work, because only it checks client certificates as they must be
 * checked. Its certificate can be replaced at any time; sessions that are open keep theirs.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import { assert, type Clock, systemErrorCode } from '../base/base.ts'
import { type CertificateDetails, detailsOf } from './certificate-details.ts'

/** `request` lets peers without a valid certificate in as well, `require` does not. */
export type ClientCertificateMode = 'off' | 'request' | 'require'

export interface HandshakeOptions {
  readonly clientCertificate: ClientCertificateMode
  /** How long a handshake may take in all, however busy the peer is. */
  readonly msMax: number
}

export interface HandshakeStats {
  readonly secured: number
  /** By the code of the TLS library, such as `ERR_SSL_UNSUPPORTED_PROTOCOL`. */
  readonly failed: Readonly<Record<string, number>>
}

interface Handshake {
  readonly stopTimer: () => void
  readonly resolve: (socket: TLSSocket) => void
  readonly reject: (error: Error) => void
}

export class CertificateHandshakes {
  readonly #server: Server
  readonly #clock: Clock
  readonly #msMax: number
  readonly #underWay = new WeakMap<Socket, Handshake>()
  readonly #failed: Record<string, number> = {}
  #secured = 0

  constructor(context: SecureContextOptions, options: HandshakeOptions, clock: Clock) {
    this.#clock = clock
    this.#msMax = options.msMax
    this.#server = createServer({
      ...context,
      ALPNProtocols: ['http/1.1'],
      requestCert: options.clientCertificate !== 'off',
      rejectUnauthorized: options.clientCertificate === 'require',
    })
    this.#server.on('secureConnection', (socket) => this.#secure(socket))
    this.#server.on('tlsClientError', (error, socket) => this.#fail(error, socket))
  }

  /** From now on, new handshakes use this. */
  replaceContext(context: SecureContextOptions): void {
    this.#server.setSecureContext(context)
  }

  /**
   * Takes over a paused socket whose first bytes of the handshake are still to be read. Resolves with what is inside
   * once the peer is whom the mode asks for; rejects, with the socket destroyed, when that fails.
   */
  accept(stream: Duplex): Promise<TLSSocket> {
    assert(stream instanceof Socket, 'TLS runs on sockets')
    // What breaks the socket ends the handshake as well, and is told there.
    stream.on('error', () => {})
    if (stream.destroyed) return Promise.reject(new Error('the connection was closed'))
    return new Promise((resolve, reject) => {
      const stopTimer = this.#clock.after(this.#msMax, () => stream.destroy())
      this.#underWay.set(stream, { resolve, reject, stopTimer })
      this.#server.emit('connection', stream)
    })
  }

  stats(): HandshakeStats {
    return { secured: this.#secured, failed: { ...this.#failed } }
  }

  #secure(socket: TLSSocket): void {
    this.#secured++
    this.#take(socket)?.resolve(socket)
  }

  #fail(error: Error, socket: TLSSocket): void {
    const code = String(socket.authorizationError ?? systemErrorCode(error) ?? 'unknown')
    this.#failed[code] = (this.#failed[code] ?? 0) + 1
    this.#take(socket)?.reject(error)
  }

  #take(socket: TLSSocket): Handshake | undefined {
    const inner = innerSocket(socket)
    const handshake = this.#underWay.get(inner)
    this.#underWay.delete(inner)
    handshake?.stopTimer()
    return handshake
  }
}

/** The socket that was handed in. Node keeps it under this name, and documents no other way back to it. */
function innerSocket(socket: TLSSocket): Socket {
  return (socket as TLSSocket & { readonly _parent: Socket })._parent
}

/** The certificate that the peer proved to hold and that comes from `clientCa`, or null. */
export function clientCertificateOf(socket: TLSSocket): CertificateDetails | null {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined
  return certificate === undefined ? null : detailsOf(certificate)
}
