/** The options of a client that speaks TLS, for every protocol alike, and what they come to. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { CodedError } from '../base/base.ts'
import type { CommandContext, OptionRow } from './command.ts'
import { fileProblem } from './file-problem.ts'

export const TLS_OPTIONS: readonly OptionRow[] = [
  { name: 'tls', kind: 'flag', help: 'speak TLS, and trust the authorities that this machine trusts' },
  {
    name: 'tls-ca',
    kind: 'text',
    value: 'FILE',
    help: 'speak TLS, and trust the authorities in this PEM file',
  },
  { name: 'tls-cert', kind: 'text', value: 'FILE', help: 'speak TLS, and show this certificate (PEM)' },
  { name: 'tls-key', kind: 'text', value: 'FILE', help: 'the private key of --tls-cert (PEM)' },
  {
    name: 'tls-server-name',
    kind: 'text',
    value: 'NAME',
    help: 'speak TLS, and ask for a certificate of this name, not of --host',
  },
]

/** Texts in PEM. What is left out: the authorities that this machine trusts, no certificate, the name of the host. */
export interface TlsSettings {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  /** Takes any certificate: only for asking whether somebody is there. */
  readonly trustsAnybody?: true
}

/** What the options say; null when none of them is given. USAGE when a file cannot be used. */
export async function tlsSettingsOf(context: CommandContext): Promise<TlsSettings | null> {
  const { args } = context
  if (!TLS_OPTIONS.some(({ name }) => args.flag(name))) return null
  if (args.flag('tls-cert') !== args.flag('tls-key')) {
    throw new CodedError('USAGE', '--tls-cert and --tls-key belong together: give both, or neither')
  }
  const [ca, cert, key] = await Promise.all([
    readPem(context, 'tls-ca', checkCertificate),
    readPem(context, 'tls-cert', checkCertificate),
    readPem(context, 'tls-key', (pem) => void createPrivateKey(pem)),
  ])
  if (cert !== undefined && key !== undefined) checkPair(cert, key)
  return { ca, cert, key, serverName: args.text('tls-server-name') }
}

const CONTENTS: Readonly<Record<string, string>> = {
  'tls-ca': 'a certificate',
  'tls-cert': 'a certificate',
  'tls-key': 'a private key without a passphrase',
}

async function readPem(
  { args, io }: CommandContext,
  option: string,
  check: (pem: string) => void,
): Promise<string | undefined> {
  const file = args.text(option)
  if (file === undefined) return undefined
  const bytes = await io.readFile(file).catch((cause: unknown) => {
    throw new CodedError('USAGE', `--${option}: ${fileProblem(file, cause)}`, { cause })
  })
  const pem = Buffer.from(bytes).toString()
  try {
    check(pem)
    return pem
  } catch {
    // What the library says could quote a key.
    throw new CodedError('USAGE', `--${option}: ${file} does not hold ${CONTENTS[option]} in PEM`)
  }
}

function checkCertificate(pem: string): void {
  // The class would take DER as well, which node:tls does not.
  if (!pem.includes('-----BEGIN ')) throw new Error('not PEM')
  new X509Certificate(pem)
}

function checkPair(cert: string, key: string): void {
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return
  throw new CodedError('USAGE', 'the key of --tls-key does not belong to the certificate of --tls-cert')
}
