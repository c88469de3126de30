import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { isCodedError, systemError } from '../base/base.ts'
import { makeAuthority, makeCertificate } from '../cli/tls-making.ts'
import { detailsOf } from './certificate-details.ts'
import type { CertificateFiles } from './certificate-files.ts'
import { type CertificateSource, readMaterial } from './certificate-material.ts'

const NOW_MS = Date.UTC(2027, 0, 15)
const YEAR_MS = 365 * 86_400_000
const wishes = { nowMs: NOW_MS, expiresMs: NOW_MS + YEAR_MS }

const authority = await makeAuthority({ commonName: 'Test authority', ...wishes })
const makeServer = (...names: string[]) => makeCertificate({ authority, purpose: 'server', names, ...wishes })
const server = await makeServer('logs.example.com', '127.0.0.1', '::1')
const other = await makeServer('other.example.com')

const encrypted = createPrivateKey(server.key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
  .toString()
const oldStyle = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' })
  .toString()
const der = new X509Certificate(server.cert).raw.toString('utf8')

const FILES: Readonly<Record<string, string>> = {
  'cert.pem': server.cert,
  'key.pem': server.key,
  'ca.pem': authority.cert,
  'other-key.pem': other.key,
  'reversed.pem': authority.cert + server.cert,
  'both.pem': `${server.cert}${server.key}`,
  'commented.pem': `subject=CN = logs\r\n${server.cert.replaceAll('\n', '\r\n')}`,
  'half.pem': server.cert.slice(0, 300),
  'half-chain.pem': server.cert.slice(0, -100),
  'half-key.pem': server.key.slice(0, 100),
  'damaged.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  'encrypted.pem': encrypted,
  'old-encrypted.pem': oldStyle,
  'cert.der': der,
  'text.txt': 'hello',
  'empty.pem': '',
}

const files: CertificateFiles = {
  stamp: async (path) => path,
  async read(path) {
    if (path === 'forbidden.pem') throw systemError('EACCES', path)
    if (path === 'directory') throw systemError('EISDIR', path)
    if (!(path in FILES)) throw systemError('ENOENT', path)
    return FILES[path]
  },
}

async function problemOf(source: Partial<CertificateSource>): Promise<string> {
  try {
    await readMaterial({ cert: 'cert.pem', key: { file: 'key.pem' }, ...source }, files)
  } catch (error) {
    assert.ok(isCodedError(error, 'CERTIFICATE_UNUSABLE'), String(error))
    return error.message
  }
  return assert.fail('it was read')
}

describe('a certificate and its key', () => {
  it('are read, and the details are those of the first certificate of the chain', async () => {
    const { details } = await readMaterial({ cert: 'cert.pem', key: { file: 'key.pem' } }, files)
    assert.deepEqual(details, {
      subject: 'CN=logs.example.com',
      issuer: 'CN=Test authority',
      names: ['logs.example.com', '127.0.0.1', '::1'],
      validFromMs: NOW_MS - 3_600_000,
      expiresMs: NOW_MS + YEAR_MS,
      fingerprint: new X509Certificate(server.cert).fingerprint256,
    })
  })

  it('may stand in one file, with text around them, and the key may come from a variable', async () => {
    await readMaterial({ cert: 'both.pem', key: { file: 'both.pem' } }, files)
    await readMaterial({ cert: 'commented.pem', key: { pem: server.key, from: 'env:KEY' } }, files)
  })

  const PEM_FILE = 'give the path of a PEM file'
  const BEGINS = 'a certificate begins with -----BEGIN CERTIFICATE-----.'
  const FITS = "use the key that it was made for, and in a chain put the server's own certificate first."
  for (const [name, source, message] of [
    [
      'that is not there',
      { cert: 'gone.pem' },
      `gone.pem does not exist: ${PEM_FILE}, or make a set with \`logcaster tls init\`.`,
    ],
    [
      'that may not be read',
      { key: { file: 'forbidden.pem' } },
      'forbidden.pem may not be read by this user: give the user that runs LogCaster the right to read it.',
    ],
    ['that is a directory', { cert: 'directory' }, `directory is not a file: ${PEM_FILE}.`],
    ['that is text', { cert: 'text.txt' }, `text.txt is not a PEM certificate: ${BEGINS}`],
    ['that is empty', { cert: 'empty.pem' }, `empty.pem is not a PEM certificate: ${BEGINS}`],
    [
      'that is DER',
      { cert: 'cert.der' },
      'cert.der is not PEM but DER: `openssl x509 -inform der -in cert.der` prints it as PEM.',
    ],
    ['that is a key', { cert: 'key.pem' }, `key.pem holds a private key, not a certificate: ${BEGINS}`],
    [
      'that is half written',
      { cert: 'half.pem' },
      'half.pem is cut off in the middle of a certificate: write the whole file.',
    ],
    [
      'whose chain is half written',
      { cert: 'half-chain.pem' },
      'half-chain.pem is cut off in the middle of a certificate: write the whole file.',
    ],
    [
      'that is damaged',
      { cert: 'damaged.pem' },
      'certificate 1 in damaged.pem is damaged: copy it again from where it was issued.',
    ],
    [
      'whose key is not one',
      { key: { file: 'cert.pem' } },
      'cert.pem is not a PEM private key: a key begins with -----BEGIN PRIVATE KEY-----.',
    ],
    [
      'whose key is half written',
      { key: { file: 'half-key.pem' } },
      'the private key in half-key.pem is damaged: write the whole file.',
    ],
    [
      'whose key has a passphrase',
      { key: { file: 'encrypted.pem' } },
      'the private key in encrypted.pem is encrypted with a passphrase: `openssl pkey -in encrypted.pem` prints it without one; keep that file readable by its owner only.',
    ],
    [
      'whose old key has a passphrase',
      { key: { file: 'old-encrypted.pem' } },
      'the private key in old-encrypted.pem is encrypted with a passphrase: `openssl pkey -in old-encrypted.pem` prints it without one; keep that file readable by its owner only.',
    ],
    [
      'whose key is another',
      { key: { file: 'other-key.pem' } },
      `other-key.pem is not the private key of the first certificate in cert.pem: ${FITS}`,
    ],
    [
      'whose key from a variable is another',
      { key: { pem: other.key, from: 'env:KEY' } },
      `env:KEY is not the private key of the first certificate in cert.pem: ${FITS}`,
    ],
    [
      'whose chain begins at the wrong end',
      { cert: 'reversed.pem' },
      `key.pem is not the private key of the first certificate in reversed.pem: ${FITS}`,
    ],
    [
      'whose client authority is not one',
      { clientCa: 'key.pem' },
      `key.pem holds a private key, not a certificate: ${BEGINS}`,
    ],
  ] as const) {
    it(`${name} is refused with what would be right`, async () => {
      assert.equal(await problemOf(source), message)
    })
  }

  it('never put the key into the message', async () => {
    const body = server.key.split('\n')[1]
    for (const cert of Object.keys(FILES)) {
      const problem = await problemOf({ cert, key: { file: 'half-key.pem' } })
      assert.ok(!problem.includes(body), problem)
    }
  })
})

describe('the details of a certificate', () => {
  const fake = (subject: string | undefined, subjectAltName?: string) => {
    const rest = { issuer: 'CN=c', fingerprint256: '', validFromDate: new Date(0), validToDate: new Date(0) }
    return { ...rest, subject, subjectAltName } as unknown as X509Certificate
  }

  it('tell names apart also where they hold commas and quotes', () => {
    const text = 'DNS:"a\\u002cDNS:b\\"", URI:http://x, IP Address:1.2.3.4, DNS:*.example.com'
    assert.deepEqual(detailsOf(fake('CN=a', text)).names, ['a,DNS:b"', '1.2.3.4', '*.example.com'])
  })

  it('put a subject of several parts into one line, and do without names and subject', () => {
    assert.equal(detailsOf(fake('CN=a\nO=b')).subject, 'CN=a, O=b')
    const { subject, names } = detailsOf(fake(undefined))
    assert.deepEqual([subject, names], ['', []])
  })
})
