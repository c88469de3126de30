/** The version of this package. package.json is two folders up from src/cli and from dist/cli alike. */
import { readFileSync } from 'node:fs'
import { assert } from '../base/base.ts'

export function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url)
  const content: unknown = JSON.parse(readFileSync(url, 'utf8'))
  assert(
    typeof content === 'object' && content !== null && 'version' in content,
    'package.json has a version',
  )
  return String(content.version)
}
