/** The network as an argument: one byte stream to the server, over TCP or TLS. Frames are connection.ts's business. */
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'

/** Options of node:tls: `ca`, `cert`, `key`, `servername`, …. */
export type TlsSettings = Omit<ConnectionOptions, 'host' | 'port' | 'path' | 'socket'>

export interface ServerAddress {
  readonly host: string
  readonly port: number
  /** null: without TLS. */
  readonly tls: TlsSettings | null
}

/** Resolves with a stream that is connected (TLS included); rejects when it fails or `signal` aborts. */
export type Connect = (address: ServerAddress, signal: AbortSignal) => Promise<Duplex>

/** Silence after which the system itself asks whether the peer is there. */
const KEEP_ALIVE_MS = 30_000

export const systemConnect: Connect = ({ host, port, tls }, signal) => {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const socket = tls === null ? connectTcp({ host, port }) : openTls(host, port, tls)
  const abort = (): void => void socket.destroy(new Error('given up'))
  signal.addEventListener('abort', abort, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', abort))
  socket.once('error', reject)
  socket.once(tls === null ? 'connect' : 'secureConnect', () => {
    signal.removeEventListener('abort', abort)
    socket.off('error', reject)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    resolve(socket)
  })
  if (signal.aborted) abort()
  return promise
}

/** The certificate is checked against the name that was asked for, unless `servername` says otherwise. */
function openTls(host: string, port: number, tls: TlsSettings): TLSSocket {
  return connectTls({ ...tls, host, port })
}
