/**
 * The certificates of the ports that have one: opened at the start, watched, closed at the end. What an operator must
 * know of them (replaced, unusable, about to expire) goes to our own log and, as a record, to the store.
 */
import { resolve } from 'node:path'
import { messageOf } from '../base/base.ts'
import { type Config, PORT_NAMES, type PortConfig, type PortName } from '../config/config.ts'
import { ProgramHub } from '../hub/hub.ts'
import {
  Certificate,
  type CertificateEvent,
  type CertificateStats,
  realCertificateFiles,
} from '../servers/servers.ts'
import type { ServerParts } from './server-parts.ts'

export class PortCertificates {
  readonly #byPort: ReadonlyMap<PortName, Certificate>

  private constructor(byPort: ReadonlyMap<PortName, Certificate>) {
    this.#byPort = byPort
  }

  /** CERTIFICATE_UNUSABLE. */
  static async open(parts: ServerParts, config: Config): Promise<PortCertificates> {
    const byPort = new Map<PortName, Certificate>()
    try {
      for (const name of PORT_NAMES) {
        const certificate = await openCertificate(parts, name, config.ports[name])
        if (certificate !== null) byPort.set(name, certificate)
      }
    } catch (error) {
      for (const certificate of byPort.values()) certificate.close()
      throw error
    }
    return new PortCertificates(byPort)
  }

  of(port: PortName): Certificate | null {
    return this.#byPort.get(port) ?? null
  }

  stats(): Record<string, CertificateStats> {
    return Object.fromEntries([...this.#byPort].map(([name, certificate]) => [name, certificate.stats()]))
  }

  close(): void {
    for (const certificate of this.#byPort.values()) certificate.close()
  }
}

async function openCertificate(
  parts: ServerParts,
  name: PortName,
  { tls, listen, handshakeMsMax }: PortConfig,
): Promise<Certificate | null> {
  const { cert, key, clientCa, clientCertificate } = tls
  if (listen.length === 0 || cert === undefined || key === undefined) return null
  const keyFile = key.file
  const source = {
    cert: resolve(parts.cwd, cert),
    key:
      keyFile === null ? { pem: key.reveal(), from: key.reference } : { file: resolve(parts.cwd, keyFile) },
    ...(clientCa === undefined ? {} : { clientCa: resolve(parts.cwd, clientCa) }),
  }
  const options = { source, clientCertificate, handshakeMsMax, option: `ports.${name}.tls` }
  const event = (happened: CertificateEvent): void => tell(parts, name, happened)
  return await Certificate.open(options, { files: realCertificateFiles, clock: parts.clock, event })
}

const OWN_LOG_LEVELS = { INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

function tell(parts: ServerParts, port: PortName, { kind, level, message, details }: CertificateEvent): void {
  parts.log[OWN_LOG_LEVELS[level]]({ port, fingerprint: details.fingerprint }, message)
  const record = {
    message,
    level,
    fields: { port, event: `certificate.${kind}`, expires: new Date(details.expiresMs) },
    stream: { service: 'logcaster' },
  }
  new ProgramHub(parts.hub, parts.clock).write([record]).catch((error: unknown) => {
    parts.log.warn({ error: messageOf(error) }, 'the record of it could not be stored')
  })
}
