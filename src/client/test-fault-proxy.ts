/**
 * A bad network between a client and a server, on real sockets: cuts connections after so many bytes in either
 * direction, puts garbage into answers, forwards drop by drop, or stops forwarding without closing. Faults come from a
 * plan that is asked for every new connection.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface ConnectionPlan {
  /** Both ends are reset after so many bytes from the client, or from the server. */
  readonly cutAfterUp?: number
  readonly cutAfterDown?: number
  /** After so many bytes from the server, these come instead of the next ones. */
  readonly garbage?: { readonly afterDown: number; readonly bytes: Uint8Array }
  /** Bytes at a time. */
  readonly dropBytes?: number
}

interface Address {
  readonly host: string
  readonly port: number
}

export class FaultProxy implements AsyncDisposable {
  /** Asked for every connection. Default: no faults. */
  plan: () => ConnectionPlan = () => ({})
  /** Connections that were made. */
  connections = 0
  /** Connections that a plan cut or spoilt. */
  faults = 0
  readonly #target: () => Address
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #isFrozen = false

  private constructor(target: () => Address) {
    this.#target = target
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async open(target: () => Address): Promise<FaultProxy> {
    const proxy = new FaultProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get address(): Address {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** Nothing passes any more, and nothing closes. */
  freeze(): void {
    this.#isFrozen = true
    for (const socket of this.#sockets) socket.pause()
  }

  thaw(): void {
    this.#isFrozen = false
    for (const socket of this.#sockets) socket.resume()
  }

  /** Resets every connection. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.reset()
    await closed
  }

  #accept(client: Socket): void {
    this.connections++
    const plan = this.plan()
    const server = connect(this.#target())
    const cut = (): void => {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
    for (const socket of [client, server]) this.#watch(socket, cut)
    const fault = (): void => {
      this.faults++
      cut()
    }
    forward(client, server, plan.cutAfterUp, plan.dropBytes, fault)
    if (plan.garbage === undefined) {
      forward(server, client, plan.cutAfterDown, plan.dropBytes, fault)
    } else {
      const { afterDown, bytes } = plan.garbage
      forward(server, client, afterDown, plan.dropBytes, () => {
        this.faults++
        server.resetAndDestroy()
        client.write(bytes)
      })
    }
  }

  #watch(socket: Socket, cut: () => void): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    if (this.#isFrozen) socket.pause()
    socket.on('error', () => {})
    socket.on('end', cut)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      // Garbage stays readable until the client itself has seen it.
      if (!socket.destroyed) cut()
    })
  }
}

/** Passes bytes on until `end` of them have passed, then calls `atEnd` once. */
function forward(
  from: Socket,
  to: Socket,
  end = Number.POSITIVE_INFINITY,
  dropBytes = Number.POSITIVE_INFINITY,
  atEnd: () => void,
): void {
  let passed = 0
  let isOver = false
  from.on('data', (chunk: Uint8Array) => {
    if (isOver) return
    const part = chunk.subarray(0, Math.min(chunk.length, end - passed))
    passed += part.length
    for (let at = 0; at < part.length; at += dropBytes) {
      if (!to.destroyed) to.write(part.subarray(at, at + dropBytes))
    }
    if (passed < end) return
    isOver = true
    atEnd()
  })
}
