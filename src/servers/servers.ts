/** The door of servers/: sockets and sessions. */
export type { AccessPolicy, Capability, PeerAddress } from './access.ts'
export type { ConnectionOptions } from './connection.ts'
export {
  type AllowedNetwork,
  CONNECTION_REFUSALS,
  type ListenAddress,
  type ListenerOptions,
  type ListenerStats,
} from './listener.ts'
export { LogServer, type LogServerOptions, type LogServerStats } from './log-server.ts'
export { QueryServer, type QueryServerOptions, type QueryServerStats } from './query-server.ts'
