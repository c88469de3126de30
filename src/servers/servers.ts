/** The door of servers/: ports, protocols and sessions. */
export type { AccessPolicy, ConfiguredToken, PeerAddress } from './access.ts'
export { authenticateBy } from './access.ts'
export type { Capability } from './actions.ts'
export type { AdmissionLimits } from './admission.ts'
export { BinaryProtocol, type BinaryProtocolOptions, type BinaryProtocolStats } from './binary-protocol.ts'
export {
  Certificate,
  type CertificateEvent,
  type CertificateOptions,
  type CertificateStats,
} from './certificate.ts'
export { type CertificateDetails, detailsOf } from './certificate-details.ts'
export { daysLeft } from './certificate-expiry.ts'
export { realCertificateFiles } from './certificate-files.ts'
export { readCertificates } from './certificate-material.ts'
export type { ConnectionOptions } from './connection.ts'
export type { JsonContext } from './framed-json/context.ts'
export {
  type FramedJsonOptions,
  FramedJsonProtocol,
  type FramedJsonStats,
} from './framed-json/framed-json-protocol.ts'
export type { JsonFunction, JsonHandler, JsonMiddleware, JsonRegistry } from './framed-json/registry.ts'
export type { HttpOptions } from './http/http-options.ts'
export { HttpProtocol, type HttpProtocolStats } from './http/http-protocol.ts'
export type { ServerStats } from './http/server-stats.ts'
export type { ListenAddress, ListenerOptions } from './listener.ts'
export { LogProtocol, type LogProtocolOptions, type LogProtocolStats } from './log-protocol.ts'
export type { AllowedNetwork } from './peer-address.ts'
export {
  type PortProtocols,
  PortServer,
  type PortServerOptions,
  type PortServerStats,
} from './port-server.ts'
export type { Protocol } from './protocol.ts'
export { QueryProtocol, type QueryProtocolOptions, type QueryProtocolStats } from './query-protocol.ts'
export { type RefusedProtocol, refusedProtocols } from './refused-protocols.ts'
export { StoreGate } from './store-gate.ts'
export { readProcTable } from './udp-kernel-drops.ts'
export { UdpServer, type UdpServerOptions, type UdpServerStats } from './udp-server.ts'
