/** What people ask of a certificate: whose it is, from whom, until when. Texts come from the file: show them inert. */
import type { X509Certificate } from 'node:crypto'
import { isIPv6, SocketAddress } from 'node:net'

export interface CertificateDetails {
  /** `CN=logs.example.com, O=Example`, or nothing. */
  readonly subject: string
  readonly issuer: string
  /** Host names and addresses that it is valid for. */
  readonly names: readonly string[]
  readonly validFromMs: number
  readonly expiresMs: number
  /** SHA-256, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string
}

export function detailsOf(certificate: X509Certificate): CertificateDetails {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: namesOf(certificate.subjectAltName ?? ''),
    validFromMs: certificate.validFromDate.getTime(),
    expiresMs: certificate.validToDate.getTime(),
    fingerprint: certificate.fingerprint256,
  }
}

/** Node gives one part a line, and nothing, whatever its types say, where a certificate has only alternative names. */
function oneLine(name: string | undefined): string {
  return name?.split('\n').join(', ') ?? ''
}

/** `DNS:a, IP Address:1.2.3.4`; a name with anything unusual in it stands there as a JSON string. */
function namesOf(text: string): string[] {
  const pieces = text.matchAll(/(?:^|, )(?:DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g)
  return [...pieces].map(([, name]) => plainName(name.startsWith('"') ? String(JSON.parse(name)) : name))
}

function plainName(name: string): string {
  return isIPv6(name) ? new SocketAddress({ address: name, family: 'ipv6' }).address : name
}
