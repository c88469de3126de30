/**
 * What a protocol is to the front door, and a session to its listener.
 *
 * A port's first bytes decide which protocol gets the connection (front-session.ts). A protocol either talks over the
 * Connection that it is given, with its limits and ordered output, or takes the bare stream (HTTP, which has a
 * library of its own for that).
 */
import type { Duplex } from 'node:stream'
import type { PeerAddress, SessionAccess } from './access.ts'
import type { ByteMeter, Connection, ConnectionEvents } from './connection.ts'

/** One peer, as the listener sees it. */
export interface Session {
  /** Answers what was read, then ends. */
  drain(): void
  /** Ends now. */
  cut(): void
  /** When its connection is closed and nothing of it is under way any more. */
  readonly closed: Promise<void>
}

export interface ProtocolSession extends Session, ConnectionEvents {
  /** Says in its own words that the peer may do nothing here, and ends. */
  deny(): void
}

/** Who came, and what he may do. */
export interface Arrival {
  readonly peer: PeerAddress
  readonly access: SessionAccess
  readonly isEncrypted: boolean
  /** Counts what the peer's address sends. A Connection does so by itself. */
  readonly meter: ByteMeter
}

/** Why a connection is not opened. */
export interface ConnectionRefused {
  /** One sentence without its stop. */
  readonly reason: string
  /** Whether it is the same at the next try: otherwise the peer may come again later. */
  readonly isLasting: boolean
}

interface AnyProtocol {
  /** As in `ports.<name>.protocol` and in statistics. */
  readonly name: string
  /** Refuses a connection that may not be opened, in the protocol's own words. */
  refusal(refused: ConnectionRefused): string | Uint8Array
  stats(): object
}

export interface ConnectionProtocol extends AnyProtocol {
  readonly takesStream: false
  /** The first bytes come by `onChunk`, like all others. */
  open(connection: Connection, arrival: Arrival): ProtocolSession
}

export interface StreamProtocolServer extends AnyProtocol {
  readonly takesStream: true
  /** The first bytes can be read from the stream again. */
  open(stream: Duplex, arrival: Arrival): Session
}

export type Protocol = ConnectionProtocol | StreamProtocolServer
