/** `logcaster tls show`: what stands in a certificate. */
import type { X509Certificate } from 'node:crypto'
import { CodedError } from '../base/base.ts'
import { daysLeft, detailsOf, readCertificates } from '../servers/servers.ts'
import type { CommandContext } from './command.ts'
import { EXIT_DONE } from './exit-codes.ts'
import { fileProblem } from './file-problem.ts'
import { count } from './plural.ts'
import { isJsonWanted } from './row-output.ts'
import { jsonSafe, terminalSafe } from './terminal.ts'
import { tlsDirectory } from './tls-directory.ts'
import { serverPaths } from './tls-set.ts'
import { certificateObject, dateText } from './tls-text.ts'

/** CONFIG_INVALID, CERTIFICATE_UNUSABLE. */
export async function runTlsShow(context: CommandContext): Promise<number> {
  const { io, args, out } = context
  const path = args.positionals[1] ?? serverPaths(await tlsDirectory(context)).cert
  const certificates = readCertificates(await readText(context, path), path)
  const nowMs = io.clock.wallMs()
  const print = isJsonWanted(args) ? printJson : printText
  const separator = isJsonWanted(args) ? '' : '\n'
  await out.write(certificates.map((certificate) => print(certificate, nowMs)).join(separator))
  return EXIT_DONE
}

async function readText({ io }: CommandContext, path: string): Promise<string> {
  try {
    return Buffer.from(await io.readFile(path)).toString()
  } catch (cause) {
    throw new CodedError('CERTIFICATE_UNUSABLE', fileProblem(path, cause), { cause })
  }
}

function printJson(certificate: X509Certificate, nowMs: number): string {
  return `${jsonSafe(JSON.stringify(certificateObject(certificate, nowMs)))}\n`
}

function printText(certificate: X509Certificate, nowMs: number): string {
  const { subject, issuer, names, validFromMs, expiresMs, fingerprint } = detailsOf(certificate)
  const lines = [
    ['subject', subject === '' ? '-' : subject],
    ['names', names.length === 0 ? '-' : names.join(', ')],
    ['issuer', issuer],
    ['use', useText(certificate)],
    ['valid from', dateText(validFromMs)],
    ['expires', `${dateText(expiresMs)} (${leftText(expiresMs, nowMs)})`],
    ['fingerprint', fingerprint],
  ]
  return lines.map(([name, value]) => `${name.padEnd(11)}  ${terminalSafe(value)}\n`).join('')
}

const USES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'server',
  '1.3.6.1.5.5.7.3.2': 'client',
}

/** Node calls the extended key usage `keyUsage`; a certificate without one may be used for everything. */
function useText({ ca, keyUsage }: X509Certificate): string {
  if (ca) return 'authority'
  return keyUsage?.map((use) => USES[use] ?? use).join(', ') ?? 'anything'
}

function leftText(expiresMs: number, nowMs: number): string {
  const days = Math.abs(daysLeft(expiresMs, nowMs))
  return expiresMs > nowMs ? `in ${count(days, 'day')}` : `expired ${count(days, 'day')} ago`
}
