/** Files that stand in test/data for ever. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** SHA-256 of the names and the bytes of all files of a directory, in the order of their names. */
export async function hashOfDirectory(directory: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(directory)).sort()) {
    hash.update(`${name}\n`)
    hash.update(await readFile(join(directory, name)))
  }
  return hash.digest('hex')
}
