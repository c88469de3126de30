/**
 * The files of a certificate, as little of a file system as watching them needs. Tests hand in files of their own.
 *
 * A stamp is that of the file at the end of all symbolic links: a link that is moved to another file (as Kubernetes
 * does with a whole directory) is a change, although neither file was touched.
 */
import { readFile, realpath, stat } from 'node:fs/promises'
import { systemError, systemErrorCode } from '../base/base.ts'

export interface CertificateFiles {
  /** A text that differs when the file behind the path does. Never rejects. */
  stamp(path: string): Promise<string>
  /** Rejects with the system's error. */
  read(path: string): Promise<string>
}

/** No certificate needs more; it keeps a mistaken path from being read into memory. */
const FILE_BYTES_MAX = 1024 * 1024

export const realCertificateFiles: CertificateFiles = {
  async stamp(path) {
    try {
      const real = await realpath(path)
      const { ino, size, mtimeMs, ctimeMs } = await stat(real)
      return [real, ino, size, mtimeMs, ctimeMs].join(' ')
    } catch (error) {
      return systemErrorCode(error) ?? 'unknown'
    }
  },
  async read(path) {
    const found = await stat(path)
    if (!found.isFile()) throw systemError('EISDIR', 'not a file')
    if (found.size > FILE_BYTES_MAX) throw systemError('EFBIG', 'larger than any certificate')
    return readFile(path, 'utf8')
  },
}
