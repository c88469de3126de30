/**
 * From files to what a TLS server needs, or to one sentence that says which file is wrong, how, and what would be
 * right. Whatever passes here can be served: certificate, key and authorities were tried together.
 *
 * An expired certificate passes: clients decide what they accept, and certificate-expiry.ts says it.
 */
import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { CodedError, messageOf, systemErrorCode } from '../base/base.ts'
import { type CertificateDetails, detailsOf } from './certificate-details.ts'
import type { CertificateFiles } from './certificate-files.ts'

/** Where a certificate comes from. Paths are those of the process: no `~`, nothing relative to a configuration file. */
export interface CertificateSource {
  readonly cert: string
  readonly key: KeySource
  /** The authorities that client certificates must come from. */
  readonly clientCa?: string
}

/** A file that is read again when it changes, or the key itself and where it came from (`env:NAME`), for messages. */
export type KeySource = { readonly file: string } | { readonly pem: string; readonly from: string }

/** A certificate with its key that works. */
export interface CertificateMaterial {
  readonly pem: { readonly cert: string; readonly key: string; readonly clientCa: string | undefined }
  readonly details: CertificateDetails
}

/** What is right for all ports: no protocol below 1.2, only ciphers with forward secrecy and authenticated encryption. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** What `tls.createSecureContext` and `setSecureContext` take. */
export function secureContextOptions({ pem }: CertificateMaterial): SecureContextOptions {
  return {
    cert: pem.cert,
    key: pem.key,
    ca: pem.clientCa,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }
}

/** The files, read and tried. CERTIFICATE_UNUSABLE. */
export async function readMaterial(
  { cert, key, clientCa }: CertificateSource,
  files: CertificateFiles,
): Promise<CertificateMaterial> {
  const certPem = await readPem(files, cert)
  const [leaf] = readCertificates(certPem, cert)
  const keyPem = 'file' in key ? await readPem(files, key.file) : key.pem
  const keyName = 'file' in key ? key.file : key.from
  const clientCaPem = clientCa === undefined ? undefined : await readPem(files, clientCa)
  if (clientCaPem !== undefined) readCertificates(clientCaPem, clientCa!)
  if (!leaf.checkPrivateKey(privateKey(keyPem, keyName))) {
    throw unusable(
      `${keyName} is not the private key of the first certificate in ${cert}`,
      "use the key that it was made for, and in a chain put the server's own certificate first",
    )
  }
  const material = { pem: { cert: certPem, key: keyPem, clientCa: clientCaPem }, details: detailsOf(leaf) }
  tryTogether(material, cert)
  return material
}

async function readPem(files: CertificateFiles, path: string): Promise<string> {
  try {
    return await files.read(path)
  } catch (cause) {
    const code = systemErrorCode(cause)
    const [what, right] = READ_PROBLEMS[code ?? ''] ?? [
      `cannot be read (${code ?? messageOf(cause)})`,
      'give the path of a PEM file',
    ]
    throw unusable(`${path} ${what}`, right, cause)
  }
}

const READ_PROBLEMS: Readonly<Record<string, readonly [what: string, right: string]>> = {
  ENOENT: ['does not exist', 'give the path of a PEM file, or make a set with `logcaster tls init`'],
  EACCES: ['may not be read by this user', 'give the user that runs LogCaster the right to read it'],
  EISDIR: ['is not a file', 'give the path of a PEM file'],
  EFBIG: ['is larger than 1 MiB', 'give the path of a PEM file'],
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** All certificates of a PEM file, at least one. `path` is for messages. CERTIFICATE_UNUSABLE. */
export function readCertificates(pem: string, path: string): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE) ?? []
  const begun = pem.split('-----BEGIN CERTIFICATE-----').length - 1
  if (begun > blocks.length) {
    throw unusable(`${path} is cut off in the middle of a certificate`, 'write the whole file')
  }
  if (blocks.length === 0) throw unusable(...noCertificate(pem, path))
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block)
    } catch (cause) {
      const right = 'copy it again from where it was issued'
      throw unusable(`certificate ${index + 1} in ${path} is damaged`, right, cause)
    }
  })
}

function noCertificate(pem: string, path: string): [what: string, right: string] {
  const right = 'a certificate begins with -----BEGIN CERTIFICATE-----'
  if (pem.includes('PRIVATE KEY-----')) return [`${path} holds a private key, not a certificate`, right]
  // A DER certificate begins with the tag of a sequence and a length of two bytes.
  if (pem.startsWith('0\uFFFD')) {
    return [`${path} is not PEM but DER`, `\`openssl x509 -inform der -in ${path}\` prints it as PEM`]
  }
  return [`${path} is not a PEM certificate`, right]
}

function privateKey(pem: string, name: string): KeyObject {
  if (pem.includes('BEGIN ENCRYPTED PRIVATE KEY') || pem.includes('Proc-Type: 4,ENCRYPTED')) {
    const right = `\`openssl pkey -in ${name}\` prints it without one; keep that file readable by its owner only`
    throw unusable(`the private key in ${name} is encrypted with a passphrase`, right)
  }
  if (!pem.includes('PRIVATE KEY-----')) {
    const right = 'a key begins with -----BEGIN PRIVATE KEY-----'
    throw unusable(`${name} is not a PEM private key`, right)
  }
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw unusable(`the private key in ${name} is damaged`, 'write the whole file', cause)
  }
}

/** What only the TLS library knows, such as keys that it finds too short. */
function tryTogether(material: CertificateMaterial, path: string): void {
  try {
    createSecureContext(secureContextOptions(material))
  } catch (cause) {
    const right = 'use a key of at least 2048 bits (RSA) or 256 bits (ECDSA)'
    throw unusable(`${path} cannot be served (${messageOf(cause)})`, right, cause)
  }
}

function unusable(what: string, right: string, cause?: unknown): CodedError {
  return new CodedError('CERTIFICATE_UNUSABLE', `${what}: ${right}.`, { cause })
}
