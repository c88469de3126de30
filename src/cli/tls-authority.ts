/** The local authority: made once, and used from then on, because clients trust that one and no other. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import { CodedError } from '../base/base.ts'
import { type MadeCertificate, makeAuthority } from './tls-making.ts'
import { authorityPaths, readCertificate, writeCertificate } from './tls-set.ts'

const LIFE_MS = 3650 * 86_400_000

/** The authority in the directory, made when there is none. CERTIFICATE_UNUSABLE, DIRECTORY_UNUSABLE. */
export async function openAuthority(
  directory: string,
  nowMs: number,
): Promise<{ authority: MadeCertificate; isNew: boolean }> {
  const there = await readAuthority(directory, nowMs)
  if (there !== null) return { authority: there, isNew: false }
  const commonName = `LogCaster authority of ${hostname()}`
  const authority = await makeAuthority({ commonName, nowMs, expiresMs: nowMs + LIFE_MS })
  await writeCertificate(authorityPaths(directory), authority)
  return { authority, isNew: true }
}

/** Null when there is none. CERTIFICATE_UNUSABLE when what is there cannot issue certificates. */
export async function readAuthority(directory: string, nowMs: number): Promise<MadeCertificate | null> {
  const paths = authorityPaths(directory)
  const found = await readCertificate(paths)
  if (found === null) return null
  const problem = problemOf(found, nowMs)
  if (problem === null) return found
  const right = 'move both files away and run `logcaster tls init`; clients must then trust the new ca.pem'
  throw new CodedError('CERTIFICATE_UNUSABLE', `${paths.cert} and ${paths.key} ${problem}: ${right}.`)
}

function problemOf({ cert, key }: MadeCertificate, nowMs: number): string | null {
  try {
    const certificate = new X509Certificate(cert)
    const privateKey = createPrivateKey(key)
    if (!certificate.ca) return 'are not of an authority'
    if (!certificate.checkPrivateKey(privateKey)) return 'do not belong together'
    if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return 'have no ECDSA P-256 key'
    return certificate.validToDate.getTime() <= nowMs ? 'have expired' : null
  } catch {
    return 'cannot be read as certificate and key'
  }
}
