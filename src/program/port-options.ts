/** From options to what a port's server takes. */
import type { Config, PortName } from '../config/config.ts'
import { authenticateBy, type PortServerOptions } from '../servers/servers.ts'
import type { PortCertificates } from './port-certificates.ts'
import type { ServerParts } from './server-parts.ts'

/** How long a finished connection waits for its peer to close. */
export const LINGER_MS = 1000

export function portOptions(
  parts: ServerParts,
  certificates: PortCertificates,
  config: Config,
  name: PortName,
): PortServerOptions {
  const port = config.ports[name]
  return {
    listener: { listen: port.listen, option: `ports.${name}.listen` },
    admission: {
      allow: port.allow,
      connectionsMax: parts.room.limit(port.connectionsMax),
      connectionsPerAddressMax: port.connectionsPerAddressMax,
      connectionsPerSecondMax: port.connectionsPerSecondMax,
      connectionsPerWindowMax: port.connectionsPerWindowMax,
      windowMs: port.windowMs,
      bytesPerSecondMax: port.bytesPerSecondMax,
    },
    access: {
      grant: port.grant,
      authenticate: authenticateBy(config.tokens),
      unknownMsMax: port.authMsMax,
      unknownBytesMax: port.authBytesMax,
    },
    connection: {
      idleMsMax: port.idleMsMax,
      unsentBytesMax: config.connection.unsentReplyBytesMax,
      lingerMsMax: LINGER_MS,
    },
    handshakeMsMax: port.handshakeMsMax,
    proxies: port.proxies,
    encryption: certificates.of(name),
    isTlsOnly: port.tls.only,
    syslogFrameBytesMax: config.record.bytesMax,
  }
}
