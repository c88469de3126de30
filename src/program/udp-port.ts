/** The log port over UDP, on what it listens on over TCP. */
import { messageOf } from '../base/base.ts'
import type { Config } from '../config/config.ts'
import type { DatagramProtocol } from '../ingest/ingest.ts'
import { type ListenAddress, type PortServerOptions, readProcTable, UdpServer } from '../servers/servers.ts'
import type { ServerParts } from './server-parts.ts'
import { type ServerProtocols, textLogOptions } from './server-protocols.ts'

/** What datagrams are on a port that is pinned. A protocol that is not named here has none. */
const DATAGRAMS: Readonly<Record<string, DatagramProtocol | 'auto'>> = {
  auto: 'auto',
  log: 'text',
  framedJson: 'framedJson',
}

/** Not where they are off, where the log port is pinned to what has none, or where it is TLS only. */
export function takesDatagrams({ udp, ports: { log } }: Config): boolean {
  return udp.enabled && DATAGRAMS[log.protocol] !== undefined && !log.tls.only
}

/** Not opened; null where the port takes no datagrams. */
export function udpPort(
  parts: ServerParts,
  config: Config,
  protocols: ServerProtocols,
  port: PortServerOptions,
  addresses: readonly ListenAddress[],
): UdpServer | null {
  const pinned = DATAGRAMS[config.ports.log.protocol]
  if (pinned === undefined || !takesDatagrams(config)) return null
  return new UdpServer(parts.gate, parts.clock, {
    listener: { listen: addresses, option: port.listener.option },
    admission: { ...port.admission, datagramsPerSecondMax: config.udp.datagramsPerSecondMax },
    access: port.access,
    text: textLogOptions(config),
    clientFields: config.clientAddressFields,
    receiveBufferBytes: config.udp.receiveBufferBytesMax,
    answerDatagram: (bytes, peer, access) => protocols.framedJson.answerDatagram(bytes, peer, access),
    pinned,
    readKernelTable: readProcTable,
    say: (message) => parts.log.warn(message),
    problem: (message, error) => parts.log.error({ error: messageOf(error) }, message),
  })
}
