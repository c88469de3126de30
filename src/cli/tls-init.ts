/** `logcaster tls init`: a local authority and a certificate for this server, and what to do with them. */
import { X509Certificate } from 'node:crypto'
import { hostname } from 'node:os'
import { CodedError } from '../base/base.ts'
import { detailsOf } from '../servers/servers.ts'
import type { CommandContext } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { isJsonWanted } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'
import { openAuthority } from './tls-authority.ts'
import { tlsDirectory } from './tls-directory.ts'
import { type MadeCertificate, makeCertificate } from './tls-making.ts'
import { serverNames } from './tls-names.ts'
import { authorityPaths, readCertificate, serverPaths, writeCertificate } from './tls-set.ts'
import { certificateObject, dateText, shellWord, yamlScalar } from './tls-text.ts'

const DAY_MS = 86_400_000

interface Made {
  readonly directory: string
  readonly authority: X509Certificate
  readonly server: X509Certificate
  readonly isAuthorityNew: boolean
}

/** USAGE, CONFIG_INVALID, CERTIFICATE_UNUSABLE, DIRECTORY_UNUSABLE. */
export async function runTlsInit(context: CommandContext): Promise<number> {
  const { io, args, out } = context
  const directory = await tlsDirectory(context)
  const paths = serverPaths(directory)
  const old = await readCertificate(paths)
  if (old !== null && !args.flag('force')) {
    const message = `${paths.cert} is there already: --force makes a new one, from the same authority`
    throw new CodedError('USAGE', message)
  }
  const names = serverNames(args.list('name'), old === null ? [] : namesOf(old), hostname())
  const nowMs = io.clock.wallMs()
  const { authority, isNew } = await openAuthority(directory, nowMs)
  const expiresMs = nowMs + args.integer('days')! * DAY_MS
  const made = await makeCertificate({ authority, purpose: 'server', names, nowMs, expiresMs })
  await writeCertificate(paths, made)
  const result: Made = {
    directory,
    authority: new X509Certificate(authority.cert),
    server: new X509Certificate(made.cert),
    isAuthorityNew: isNew,
  }
  await out.write(isJsonWanted(args) ? printJson(result, nowMs) : printText(result))
  return EXIT_DONE
}

/** None when it cannot be read: then it is only replaced. */
function namesOf({ cert }: MadeCertificate): readonly string[] {
  try {
    return detailsOf(new X509Certificate(cert)).names
  } catch {
    return []
  }
}

function printJson({ directory, authority, server, isAuthorityNew }: Made, nowMs: number): string {
  const [ca, own] = [authorityPaths(directory), serverPaths(directory)]
  const object = {
    directory,
    files: { ca: ca.cert, caKey: ca.key, cert: own.cert, key: own.key },
    isAuthorityNew,
    authority: certificateObject(authority, nowMs),
    certificate: certificateObject(server, nowMs),
  }
  return `${jsonSafe(JSON.stringify(object))}\n`
}

function printText({ directory, authority, server, isAuthorityNew }: Made): string {
  const [ca, own] = [authorityPaths(directory), serverPaths(directory)]
  const { names, expiresMs } = detailsOf(server)
  const authorityEnd = dateText(detailsOf(authority).expiresMs)
  const lines = [
    isAuthorityNew
      ? `Made a local authority and a certificate in ${directory}:`
      : `Made a certificate from the authority that is in ${directory}:`,
    `  ca.pem      for clients, so that they trust this server (until ${authorityEnd})`,
    '  ca-key.pem  secret: who has it can make certificates that your clients trust',
    `  cert.pem    for ${names.join(', ')} (until ${dateText(expiresMs)})`,
    '  key.pem     its private key, secret',
    '',
    'In the configuration file, at each port that should take TLS:',
    '',
    'ports:',
    '  http:',
    '    tls:',
    `      cert: ${yamlScalar(own.cert)}`,
    `      key: { file: ${yamlScalar(own.key)} }`,
    '',
    'A server that uses these files already takes the new ones by itself. Then try:',
    '',
    `  curl --cacert ${shellWord(ca.cert)} https://localhost:9997/health`,
    `  openssl s_client -connect localhost:9997 -CAfile ${shellWord(ca.cert)} -verify_return_error`,
  ]
  return lines.map((line) => `${terminalSafe(line)}\n`).join('')
}
