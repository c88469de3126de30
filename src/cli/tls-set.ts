/**
 * The files that `logcaster tls` makes, all in one directory: the authority, a server's certificate, clients'
 * certificates, and the private key of each.
 *
 *  - the directory is made for its owner alone, and so is every private key, from its first byte on.
 *  - a file is replaced as a whole or not at all: a server that reads it meanwhile never sees half of it.
 *
 * Uses the file system itself and not a Disk, which knows no rights.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CodedError, messageOf, realDisk, systemErrorCode } from '../base/base.ts'
import type { MadeCertificate } from './tls-making.ts'

const DIRECTORY_MODE = 0o700
const KEY_MODE = 0o600
const CERT_MODE = 0o644

/** A certificate and its key, as files. */
export interface CertificatePaths {
  readonly cert: string
  readonly key: string
}

export function authorityPaths(directory: string): CertificatePaths {
  return { cert: join(directory, 'ca.pem'), key: join(directory, 'ca-key.pem') }
}

export function serverPaths(directory: string): CertificatePaths {
  return { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') }
}

export function clientPaths(directory: string, name: string): CertificatePaths {
  return { cert: join(directory, `client-${name}.pem`), key: join(directory, `client-${name}-key.pem`) }
}

/** Null when neither file is there. CERTIFICATE_UNUSABLE when only one is, DIRECTORY_UNUSABLE. */
export async function readCertificate(paths: CertificatePaths): Promise<MadeCertificate | null> {
  const cert = await readIfThere(paths.cert)
  const key = await readIfThere(paths.key)
  if (cert !== null && key !== null) return { cert, key }
  if (cert === null && key === null) return null
  const [there, missing] = cert === null ? [paths.key, paths.cert] : [paths.cert, paths.key]
  const message = `${there} is there, but ${missing} is not: bring it back, or move the other away to start anew.`
  throw new CodedError('CERTIFICATE_UNUSABLE', message)
}

/** Makes the directory where it is missing. The key is written first. DIRECTORY_UNUSABLE. */
export async function writeCertificate(
  paths: CertificatePaths,
  { cert, key }: MadeCertificate,
): Promise<void> {
  const directory = dirname(paths.cert)
  try {
    await realDisk.makeDirectory(dirname(directory))
    await makePrivateDirectory(directory)
    await replaceFile(paths.key, key, KEY_MODE)
    await replaceFile(paths.cert, cert, CERT_MODE)
    await realDisk.syncDirectory(directory)
  } catch (cause) {
    throw unusable(directory, 'written', cause)
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return null
    throw unusable(path, 'read', cause)
  }
}

async function makePrivateDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: DIRECTORY_MODE })
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  }
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}

function unusable(path: string, verb: string, cause: unknown): CodedError {
  const reason = systemErrorCode(cause) ?? messageOf(cause)
  const message = `${path} cannot be ${verb} (${reason}): choose another directory with --dir.`
  return new CodedError('DIRECTORY_UNUSABLE', message, { cause })
}
