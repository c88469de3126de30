/**
 * Bound TCP addresses. The only file of this folder that listens on them.
 *
 * Who may come in is admission.ts, what they say front-session.ts. Draining: stop accepting, let every session answer
 * what was read and end, cut off what is left at the deadline.
 */
import { createServer, isIPv6, type Server as NetServer, type Socket } from 'node:net'
import { type Clock, CodedError, messageOf, systemErrorCode } from '../base/base.ts'
import type { PeerAddress } from './access.ts'
import { plainAddress } from './peer-address.ts'
import type { Session } from './protocol.ts'

export interface ListenAddress {
  /** An IP address without brackets, or a host name. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

export interface ListenerOptions {
  readonly listen: readonly ListenAddress[]
  /** The option that moves the port, for messages: `ports.log.listen`. */
  readonly option: string
}

/** What a server gives its listener. */
export interface SessionFactory {
  /** A session, or why there is none, in the words of the port's protocol. */
  open(socket: Socket, peer: PeerAddress): Session | { readonly farewell: string | Uint8Array }
}

export interface ListenerStats {
  readonly addresses: readonly ListenAddress[]
  /** Open now. */
  readonly connections: number
  /** Accepted since the start. */
  readonly accepted: number
  /** Connections that could not be accepted: gone before, or no file descriptor left. */
  readonly acceptErrors: number
}

const CHUNK_BYTES = 64 * 1024
const BACKLOG = 4096
const KEEP_ALIVE_MS = 60_000
/** Refused peers that may still be told why, and how long they may take to read it. */
const FAREWELLS_MAX = 200
const FAREWELL_MS_MAX = 1000

export class Listener {
  readonly #options: ListenerOptions
  readonly #clock: Clock
  readonly #factory: SessionFactory
  readonly #sessions = new Set<Session>()
  readonly #servers: NetServer[] = []
  #accepted = 0
  #acceptErrors = 0
  #farewells = 0

  constructor(options: ListenerOptions, clock: Clock, factory: SessionFactory) {
    this.#options = options
    this.#clock = clock
    this.#factory = factory
  }

  /** Binds all addresses, or none of them. PORT_TAKEN, ADDRESS_UNUSABLE. */
  async open(): Promise<void> {
    try {
      for (const address of this.#options.listen) await this.#bind(address)
    } catch (error) {
      for (const server of this.#servers) server.close()
      throw error
    }
  }

  /** The addresses with the ports that they have in fact. */
  get addresses(): readonly ListenAddress[] {
    return this.#servers.flatMap((server) => {
      const bound = server.address()
      return bound === null || typeof bound === 'string' ? [] : [{ host: bound.address, port: bound.port }]
    })
  }

  stats(): ListenerStats {
    return {
      addresses: this.addresses,
      connections: this.#sessions.size,
      accepted: this.#accepted,
      acceptErrors: this.#acceptErrors,
    }
  }

  /** Stops accepting and ends all sessions; how many had to be cut off after `deadlineMs`. */
  async drain(deadlineMs: number): Promise<number> {
    for (const server of this.#servers) server.close()
    for (const session of this.#sessions) session.drain()
    let isLate = false
    const late = new Promise<void>((resolve) => {
      const stop = this.#clock.after(deadlineMs, () => {
        isLate = true
        resolve()
      })
      void this.#allClosed().then(stop).then(resolve)
    })
    await late
    const left = isLate ? [...this.#sessions] : []
    for (const session of left) session.cut()
    return left.length
  }

  async #allClosed(): Promise<void> {
    while (this.#sessions.size > 0) await Promise.all([...this.#sessions].map((session) => session.closed))
  }

  // ---- binding ------------------------------------------------------------------------------------------------

  async #bind(address: ListenAddress): Promise<void> {
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      highWaterMark: CHUNK_BYTES,
    })
    server.on('connection', (socket) => this.#accept(socket))
    try {
      await listen(server, {
        ...address,
        backlog: BACKLOG,
        ipv6Only: isBesideIpv4(address, this.#options.listen),
      })
    } catch (error) {
      throw bindError(error, address, this.#options.option)
    }
    server.on('error', () => this.#acceptErrors++)
    this.#servers.push(server)
  }

  // ---- accepting ----------------------------------------------------------------------------------------------

  #accept(socket: Socket): void {
    if (socket.remoteAddress === undefined) {
      // The peer is gone already.
      this.#acceptErrors++
      socket.destroy()
      return
    }
    const peer = { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 }
    const session = this.#factory.open(socket, peer)
    if ('farewell' in session) this.#refuse(socket, session.farewell)
    else this.#add(session)
  }

  #add(session: Session): void {
    this.#accepted++
    this.#sessions.add(session)
    void session.closed.then(() => this.#sessions.delete(session))
  }

  /** Tells the peer why, if not too many are being told, and closes. */
  #refuse(socket: Socket, farewell: string | Uint8Array): void {
    socket.on('error', () => {})
    if (this.#farewells >= FAREWELLS_MAX) {
      socket.destroy()
      return
    }
    this.#farewells++
    const stop = this.#clock.after(FAREWELL_MS_MAX, () => socket.destroy())
    socket.on('close', () => {
      stop()
      this.#farewells--
    })
    socket.resume()
    socket.end(farewell)
  }
}

function listen(server: NetServer, options: Parameters<NetServer['listen']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** `[::]:1` and `0.0.0.0:1` can only stand side by side when the former leaves IPv4 alone. */
export function isBesideIpv4({ host, port }: ListenAddress, all: readonly ListenAddress[]): boolean {
  return isIPv6(host) && all.some((other) => other.port === port && !isIPv6(other.host))
}

/** Why an address cannot be listened on. `over` is ` over UDP`, or nothing for TCP. */
export function bindError(error: unknown, address: ListenAddress, option: string, over = ''): CodedError {
  const { host, port } = address
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}${over}`
  const options = { cause: error, details: { ...address } }
  switch (systemErrorCode(error)) {
    case 'EADDRINUSE':
      return new CodedError(
        'PORT_TAKEN',
        `Another program listens on ${place}: stop it, or choose another port with \`${option}\`.`,
        options,
      )
    case 'EADDRNOTAVAIL':
      return new CodedError(
        'ADDRESS_UNUSABLE',
        `${host} is not an address of this machine: name one that is with \`${option}\`.`,
        options,
      )
    case 'EACCES':
      return new CodedError(
        'ADDRESS_UNUSABLE',
        `This user may not listen on ${place}: choose a port above 1023 with \`${option}\`.`,
        options,
      )
    default:
      return new CodedError(
        'ADDRESS_UNUSABLE',
        `${place} cannot be listened on (${messageOf(error)}): choose another address with \`${option}\`.`,
        options,
      )
  }
}
