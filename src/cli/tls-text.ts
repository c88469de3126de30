/** How certificates, dates and paths are written in what `logcaster tls` prints. */
import type { X509Certificate } from 'node:crypto'
import { daysLeft, detailsOf } from '../servers/servers.ts'

/** A certificate as --json gives it. */
export function certificateObject(certificate: X509Certificate, nowMs: number): object {
  const { validFromMs, expiresMs, ...details } = detailsOf(certificate)
  return {
    ...details,
    validFrom: new Date(validFromMs).toISOString(),
    expires: new Date(expiresMs).toISOString(),
    daysLeft: daysLeft(expiresMs, nowMs),
    isAuthority: certificate.ca,
  }
}

/** `2027-12-23` */
export function dateText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** Plain where a shell takes it as it stands, else in quotes. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** Plain where YAML takes it as it stands, else in quotes. */
export function yamlScalar(text: string): string {
  return /^[\w./][\w./-]*$/.test(text) ? text : JSON.stringify(text)
}
