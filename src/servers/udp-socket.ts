/**
 * One bound UDP address: datagrams in, answers out, the size of its receive buffer. The only file of this folder that
 * opens UDP sockets.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { systemErrorCode } from '../base/base.ts'
import { bindError, isBesideIpv4, type ListenAddress, type ListenerOptions } from './listener.ts'

export type TakeDatagram = (bytes: Buffer, from: RemoteInfo, socket: UdpSocket) => void

/** Smaller buffers are not asked for. */
const BUFFER_BYTES_MIN = 64 * 1024

export class UdpSocket {
  readonly address: ListenAddress
  /** What the system gave. Linux counts its own bookkeeping in, and shows twice what was asked for. */
  readonly receiveBufferBytes: number
  readonly #socket: Socket
  readonly #errors: Map<string, number>

  private constructor(socket: Socket, errors: Map<string, number>, receiveBufferBytes: number) {
    const { address, port } = socket.address()
    this.address = { host: address, port }
    this.receiveBufferBytes = receiveBufferBytes
    this.#socket = socket
    this.#errors = errors
  }

  /** Binds an IP address; `take` is called for each datagram. PORT_TAKEN, ADDRESS_UNUSABLE. */
  static async open(
    address: ListenAddress,
    { listen, option }: ListenerOptions,
    receiveBufferBytes: number,
    take: TakeDatagram,
  ): Promise<UdpSocket> {
    const type = isIPv6(address.host) ? 'udp6' : 'udp4'
    const socket = createSocket({ type, ipv6Only: isBesideIpv4(address, listen) })
    const errors = new Map<string, number>()
    try {
      await bind(socket, address)
    } catch (error) {
      socket.close()
      throw bindError(error, address, option, ' over UDP')
    }
    const opened = new UdpSocket(socket, errors, growReceiveBuffer(socket, receiveBufferBytes))
    socket.on('error', (error) => opened.#countError(error))
    socket.on('message', (bytes, from) => take(bytes, from, opened))
    return opened
  }

  /** Errors of receiving and sending, by the system's name: `ECONNREFUSED`, `EMSGSIZE`, … */
  get errors(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#errors)
  }

  /** Sends a datagram; whether the system took it. */
  send(bytes: Uint8Array, to: RemoteInfo): Promise<boolean> {
    return new Promise((resolve) => {
      this.#socket.send(bytes, to.port, to.address, (error) => {
        if (error !== null) this.#countError(error)
        resolve(error === null)
      })
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve))
  }

  #countError(error: Error): void {
    const name = systemErrorCode(error) ?? 'other'
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1)
  }
}

function bind(socket: Socket, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}

/** Asks for a buffer, and for half as much where that is refused; what there is in the end. */
function growReceiveBuffer(socket: Socket, byteCount: number): number {
  for (let asked = byteCount; asked >= BUFFER_BYTES_MIN; asked = Math.floor(asked / 2)) {
    try {
      socket.setRecvBufferSize(asked)
      break
    } catch {
      // Some systems refuse what is above their limit, others give their limit.
    }
  }
  return socket.getRecvBufferSize()
}
