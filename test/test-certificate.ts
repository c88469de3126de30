/** A certificate as a user makes one, `logcaster tls init`, in a directory that goes away. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { removeTemporary, runCommand, temporaryDirectory } from './child-program.ts'

export interface TestCertificate extends Disposable {
  /** Paths of PEM files. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export async function makeCertificate(): Promise<TestCertificate> {
  const directory = temporaryDirectory()
  const { code, stderr } = await runCommand(['tls', 'init', '--dir', directory])
  assert.equal(code, 0, stderr)
  return {
    ca: join(directory, 'ca.pem'),
    cert: join(directory, 'cert.pem'),
    key: join(directory, 'key.pem'),
    [Symbol.dispose]: () => removeTemporary(directory),
  }
}
