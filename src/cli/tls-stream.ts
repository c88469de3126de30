/** TLS on a stream that is connected, and what is said when that fails. Which options ask for it is in tls-options.ts. */
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectionOptions, connect, getCACertificates } from 'node:tls'
import { type Clock, messageOf, systemError, systemErrorCode } from '../base/base.ts'
import type { TlsSettings } from './tls-options.ts'

const HANDSHAKE_MS_MAX = 10_000

/** Resolves after the handshake with what is inside; else destroys the stream and rejects with the reason. */
export function openTls(stream: Duplex, host: string, settings: TlsSettings, clock: Clock): Promise<Duplex> {
  const secured = connect({ ...tlsOptionsOf(settings, host), socket: stream })
  return new Promise((resolve, reject) => {
    const cancel = clock.after(HANDSHAKE_MS_MAX, () => {
      secured.destroy(systemError('ETIMEDOUT', 'no answer to the handshake'))
    })
    secured.once('close', () => {
      cancel()
      reject(systemError('ECONNRESET', 'closed during the handshake'))
    })
    secured.once('error', reject)
    secured.once('secureConnect', () => {
      cancel()
      resolve(secured)
    })
  })
}

/** As node:tls and node:https take it. */
export function tlsOptionsOf(settings: TlsSettings, host: string): ConnectionOptions {
  const { ca, cert, key, serverName, trustsAnybody = false } = settings
  const name = serverName ?? host
  return {
    ca: ca ?? [...getCACertificates('default'), ...getCACertificates('system')],
    rejectUnauthorized: !trustsAnybody,
    host: name,
    // An address cannot be asked for by name (RFC 6066).
    servername: isIP(name) === 0 ? name : '',
    ...(cert === undefined ? {} : { cert, key }),
  }
}

const CERTIFICATE = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/
const ALERT = /_ALERT_/

/** What went wrong and which option helps: one sentence that begins with a capital. `place` is the server's address. */
export function tlsProblem(error: unknown, place: string): string {
  const code = systemErrorCode(error) ?? messageOf(error)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return otherName(error, place)
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return `The certificate of ${place} is not valid now (${code}): renew it on the server, and see both clocks.`
  }
  if (CERTIFICATE.test(code)) {
    return `The certificate of ${place} is not trusted (${code}); name the file of its authority with --tls-ca.`
  }
  if (ALERT.test(code)) return tlsRefusal(code, place)
  return `What answers at ${place} does not speak TLS (${code}); leave out --tls, or name a port with a certificate.`
}

/** Whether this ended a connection because the peer did not like our side of the handshake. */
export const isTlsAlert = (error: unknown): boolean => ALERT.test(systemErrorCode(error) ?? '')

export function isCertificateProblem(error: unknown): boolean {
  return CERTIFICATE.test(systemErrorCode(error) ?? '')
}

function otherName(error: unknown, place: string): string {
  const names = namesIn(error)
  const those = names === '' ? 'other names' : names
  return `The certificate of ${place} is for ${those}; name one of them with --host or --tls-server-name.`
}

/** `localhost, 127.0.0.1`, from the certificate that came with the error. */
function namesIn(error: unknown): string {
  if (!(error instanceof Error) || !('cert' in error)) return ''
  const { cert } = error
  if (typeof cert !== 'object' || cert === null || !('subjectaltname' in cert)) return ''
  return String(cert.subjectaltname).replaceAll(/DNS:|IP Address:/g, '')
}

function tlsRefusal(code: string, place: string): string {
  return `${place} refused the TLS handshake (${code}); it may ask for a certificate: --tls-cert and --tls-key.`
}
