/** The version of this package. package.json is two folders up from src/base and from dist/base alike. */
import { readFileSync } from 'node:fs'
import { assert } from './assert.ts'

export function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url)
  const content: unknown = JSON.parse(readFileSync(url, 'utf8'))
  assert(
    typeof content === 'object' && content !== null && 'version' in content,
    'package.json has a version',
  )
  return String(content.version)
}
