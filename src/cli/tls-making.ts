/**
 * Makes certificates: a local authority, and certificates of servers and clients that it issues. Keys are ECDSA P-256,
 * fresh each time, and made by Node; the form of a certificate is the work of @peculiar/x509.
 *
 * Not here: files (tls-set.ts), and reading certificates for a server (servers/).
 */
import './tls-reflect.ts'
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

export interface MadeCertificate {
  /** PEM; one that an authority issued has the authority's behind it. */
  readonly cert: string
  /** PEM, PKCS #8. */
  readonly key: string
}

export interface AuthorityWishes {
  readonly commonName: string
  readonly nowMs: number
  readonly expiresMs: number
}

export interface CertificateWishes {
  readonly authority: MadeCertificate
  /** What its holder may prove to be: a `server` with these names, or a `client`. */
  readonly purpose: keyof typeof PURPOSES
  /** Host names and IP addresses; of a client any word. The first one names the certificate. */
  readonly names: readonly string[]
  readonly nowMs: number
  /** An earlier end of the authority is the end of the certificate too. */
  readonly expiresMs: number
}

const KEYS = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const
const PURPOSES = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const
/** Clocks of clients may be behind. */
const CLOCK_ROOM_MS = 3_600_000
const COMMON_NAME_LENGTH_MAX = 64

export async function makeAuthority({
  commonName,
  nowMs,
  expiresMs,
}: AuthorityWishes): Promise<MadeCertificate> {
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: nameOf(commonName),
    keys,
    ...validity(nowMs, expiresMs),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pemOf(certificate), key: keyPem(keys) }
}

export async function makeCertificate({
  authority,
  purpose,
  names,
  nowMs,
  expiresMs,
}: CertificateWishes): Promise<MadeCertificate> {
  const issuer = new X509Certificate(authority.cert)
  const keys = await makeKeys()
  const certificate = await X509CertificateGenerator.create({
    subject: nameOf(names[0]),
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(authority.key).toCryptoKey(KEYS, false, ['sign']),
    ...validity(nowMs, Math.min(expiresMs, issuer.notAfter.getTime())),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([PURPOSES[purpose]]),
      new SubjectAlternativeNameExtension(names.map(generalName)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  })
  return { cert: pemOf(certificate) + pemOf(issuer), key: keyPem(keys) }
}

function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEYS, true, ['sign', 'verify'])
}

/** Certificates count whole seconds. */
function validity(nowMs: number, expiresMs: number): { notBefore: Date; notAfter: Date } {
  const whole = (ms: number): Date => new Date(Math.floor(ms / 1000) * 1000)
  return { notBefore: whole(nowMs - CLOCK_ROOM_MS), notAfter: whole(expiresMs) }
}

/** Not as text: a host name must not be able to say more than itself. */
function nameOf(commonName: string): { CN: string[] }[] {
  return [{ CN: [commonName.length <= COMMON_NAME_LENGTH_MAX ? commonName : 'LogCaster'] }]
}

function generalName(name: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name }
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

function keyPem({ privateKey }: webcrypto.CryptoKeyPair): string {
  return KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
}
