/**
 * Bound addresses, who may connect, and how often. The only file of this folder that opens sockets.
 *
 * Every limit counts what it refuses, and a refused peer is told why in the words of the server's protocol. 0 means
 * no limit. Rates and counts are per address; an IPv6 address stands for its /64, which is what one site has.
 *
 * Draining: stop accepting, let every session answer what was read and end, cut off what is left at the deadline.
 */
import { BlockList, createServer, isIPv6, type Server as NetServer, type Socket } from 'node:net'
import { type Clock, CodedError, messageOf, systemErrorCode } from '../base/base.ts'
import type { PeerAddress } from './access.ts'
import { AddressRate } from './address-rate.ts'

export interface ListenAddress {
  /** An IP address without brackets, or a host name. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

export interface AllowedNetwork {
  readonly address: string
  readonly prefixBits: number
  readonly family: 'ipv4' | 'ipv6'
}

export interface ListenerOptions {
  readonly listen: readonly ListenAddress[]
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
  /** The option that moves the port, for messages: `ports.log.listen`. */
  readonly option: string
}

/** One peer, as the listener sees it. */
export interface Session {
  /** Answers what was read, then ends. */
  drain(): void
  /** Ends now. */
  cut(): void
  /** When its connection is closed and nothing of it is under way any more. */
  readonly closed: Promise<void>
}

/** What a server gives its listener. */
export interface SessionFactory {
  open(socket: Socket, peer: PeerAddress): Session
  /** A refusal as bytes of the protocol. */
  refusal(reason: string): string
}

/** `{count}` stands for the limit. docs/protocols-text.md quotes them all. */
export const CONNECTION_REFUSALS = {
  notAllowed: 'Your address may not connect here',
  tooMany: 'Too many connections: at most {count}',
  tooManyPerAddress: 'Too many connections from your address: at most {count}',
  tooFast: 'Too many new connections from your address: at most {count} per second',
  tooManyPerWindow: 'Too many new connections from your address: at most {count} per {seconds} s',
} as const

export type ConnectionRefusal = keyof typeof CONNECTION_REFUSALS

export interface ListenerStats {
  readonly addresses: readonly ListenAddress[]
  /** Open now. */
  readonly connections: number
  /** Accepted since the start. */
  readonly accepted: number
  readonly refused: Readonly<Record<ConnectionRefusal, number>>
  /** Connections that could not be accepted: gone before, or no file descriptor left. */
  readonly acceptErrors: number
}

const CHUNK_BYTES = 64 * 1024
const BACKLOG = 4096
const KEEP_ALIVE_MS = 60_000
const SECOND_MS = 1000
/** Refused peers that may still be told why, and how long they may take to read it. */
const FAREWELLS_MAX = 200
const FAREWELL_MS_MAX = 1000

export class Listener {
  readonly #options: ListenerOptions
  readonly #clock: Clock
  readonly #factory: SessionFactory
  readonly #allowed = new BlockList()
  readonly #perSecond: AddressRate
  readonly #perWindow: AddressRate
  readonly #perAddress = new Map<string, number>()
  readonly #sessions = new Set<Session>()
  readonly #servers: NetServer[] = []
  readonly #refused: Record<ConnectionRefusal, number> = {
    notAllowed: 0,
    tooMany: 0,
    tooManyPerAddress: 0,
    tooFast: 0,
    tooManyPerWindow: 0,
  }
  #accepted = 0
  #acceptErrors = 0
  #farewells = 0

  constructor(options: ListenerOptions, clock: Clock, factory: SessionFactory) {
    this.#options = options
    this.#clock = clock
    this.#factory = factory
    for (const { address, prefixBits, family } of options.allow) {
      this.#allowed.addSubnet(address, prefixBits, family)
    }
    this.#perSecond = new AddressRate(options.connectionsPerSecondMax, SECOND_MS)
    this.#perWindow = new AddressRate(options.connectionsPerWindowMax, options.windowMs)
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

  get sessions(): ReadonlySet<Session> {
    return this.#sessions
  }

  stats(): ListenerStats {
    return {
      addresses: this.addresses,
      connections: this.#sessions.size,
      accepted: this.#accepted,
      refused: { ...this.#refused },
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
      await listen(server, { ...address, backlog: BACKLOG, ipv6Only: this.#isBesideIpv4(address) })
    } catch (error) {
      throw bindError(error, address, this.#options.option)
    }
    server.on('error', () => this.#acceptErrors++)
    this.#servers.push(server)
  }

  /** `[::]:1` and `0.0.0.0:1` can only stand side by side when the former leaves IPv4 alone. */
  #isBesideIpv4({ host, port }: ListenAddress): boolean {
    if (!isIPv6(host)) return false
    return this.#options.listen.some((other) => other.port === port && !isIPv6(other.host))
  }

  // ---- accepting ----------------------------------------------------------------------------------------------

  #accept(socket: Socket): void {
    if (socket.remoteAddress === undefined) {
      // The peer is gone already.
      this.#acceptErrors++
      socket.destroy()
      return
    }
    const address = plainAddress(socket.remoteAddress)
    const key = addressKey(address)
    const refusal = this.#refusalOf(address, key)
    if (refusal !== null) this.#refuse(socket, refusal)
    else this.#open(socket, address, key)
  }

  #open(socket: Socket, address: string, key: string): void {
    this.#accepted++
    this.#perAddress.set(key, (this.#perAddress.get(key) ?? 0) + 1)
    const session = this.#factory.open(socket, { address, port: socket.remotePort ?? 0 })
    this.#sessions.add(session)
    void session.closed.then(() => this.#forget(session, key))
  }

  #refusalOf(address: string, key: string): ConnectionRefusal | null {
    const { connectionsMax, connectionsPerAddressMax } = this.#options
    if (!this.#allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return 'notAllowed'
    if (connectionsMax > 0 && this.#sessions.size >= connectionsMax) return 'tooMany'
    const open = this.#perAddress.get(key) ?? 0
    if (connectionsPerAddressMax > 0 && open >= connectionsPerAddressMax) return 'tooManyPerAddress'
    const nowMs = this.#clock.monotonicMs()
    if (!this.#perSecond.isFree(key, nowMs)) return 'tooFast'
    if (!this.#perWindow.isFree(key, nowMs)) return 'tooManyPerWindow'
    this.#perSecond.count(key, nowMs)
    this.#perWindow.count(key, nowMs)
    return null
  }

  #forget(session: Session, key: string): void {
    this.#sessions.delete(session)
    const open = (this.#perAddress.get(key) ?? 1) - 1
    if (open === 0) this.#perAddress.delete(key)
    else this.#perAddress.set(key, open)
  }

  /** Tells the peer why, if not too many are being told, and closes. */
  #refuse(socket: Socket, refusal: ConnectionRefusal): void {
    this.#refused[refusal]++
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
    socket.end(this.#factory.refusal(this.#reasonOf(refusal)))
  }

  #reasonOf(refusal: ConnectionRefusal): string {
    const counts: Record<ConnectionRefusal, number> = {
      notAllowed: 0,
      tooMany: this.#options.connectionsMax,
      tooManyPerAddress: this.#options.connectionsPerAddressMax,
      tooFast: this.#options.connectionsPerSecondMax,
      tooManyPerWindow: this.#options.connectionsPerWindowMax,
    }
    return CONNECTION_REFUSALS[refusal]
      .replace('{count}', String(counts[refusal]))
      .replace('{seconds}', String(this.#options.windowMs / SECOND_MS))
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

function bindError(error: unknown, address: ListenAddress, option: string): CodedError {
  const { host, port } = address
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
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

/** An IPv4 address that came over an IPv6 socket, as itself. */
function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped === null ? address : mapped[1]
}

/** What limits count by: an IPv4 address, or the first half of an IPv6 address. */
function addressKey(address: string): string {
  if (!isIPv6(address)) return address
  const [head, tail] = address.replace(/%.*$/, '').split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  while (tail !== undefined && groups.length + after.length < 8) groups.push('0')
  return [...groups, ...after].slice(0, 4).join(':')
}
