/** `logcaster tls client NAME`: a certificate with which a client proves who it is. */
import { X509Certificate } from 'node:crypto'
import { CodedError } from '../base/base.ts'
import { detailsOf } from '../servers/servers.ts'
import type { CommandContext } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { isJsonWanted } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'
import { readAuthority } from './tls-authority.ts'
import { tlsDirectory } from './tls-directory.ts'
import { makeCertificate } from './tls-making.ts'
import { clientName } from './tls-names.ts'
import { authorityPaths, clientPaths, readCertificate, writeCertificate } from './tls-set.ts'
import { certificateObject, dateText, yamlScalar } from './tls-text.ts'

const DAY_MS = 86_400_000

/** USAGE, CONFIG_INVALID, CERTIFICATE_UNUSABLE, DIRECTORY_UNUSABLE. */
export async function runTlsClient(context: CommandContext): Promise<number> {
  const { io, args, out } = context
  const name = clientName(args.positionals[1])
  const directory = await tlsDirectory(context)
  const paths = clientPaths(directory, name)
  if (!args.flag('force') && (await readCertificate(paths)) !== null) {
    throw new CodedError('USAGE', `${paths.cert} is there already: --force makes a new one`)
  }
  const nowMs = io.clock.wallMs()
  const authority = await readAuthority(directory, nowMs)
  if (authority === null) {
    throw new CodedError('USAGE', `there is no authority in ${directory}: \`logcaster tls init\` makes one`)
  }
  const expiresMs = nowMs + args.integer('days')! * DAY_MS
  const made = await makeCertificate({ authority, purpose: 'client', names: [name], nowMs, expiresMs })
  await writeCertificate(paths, made)
  const certificate = new X509Certificate(made.cert)
  const object = { directory, files: paths, certificate: certificateObject(certificate, nowMs) }
  const text = printText(name, directory, detailsOf(certificate).expiresMs)
  await out.write(isJsonWanted(args) ? `${jsonSafe(JSON.stringify(object))}\n` : text)
  return EXIT_DONE
}

function printText(name: string, directory: string, expiresMs: number): string {
  const { cert, key } = clientPaths(directory, name)
  const lines = [
    `Made a certificate for the client ${name}, valid until ${dateText(expiresMs)}:`,
    `  ${cert}`,
    `  ${key} (secret)`,
    '',
    'In the configuration file, beside cert and key of each port that should ask for it:',
    '',
    `      clientCa: ${yamlScalar(authorityPaths(directory).cert)}`,
    '      clientCertificate: require',
  ]
  return lines.map((line) => `${terminalSafe(line)}\n`).join('')
}
