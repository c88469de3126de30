/**
 * The sources as a browser gets them: types stripped, otherwise as they stand. For tests that load src/ where there is
 * no Node.
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What paths of modules are relative to: the root of the repository. */
const root = join(import.meta.dirname, '..')

/** Packages that are one file each, wherever that is. */
const PACKAGE_FILES: Readonly<Record<string, string>> = {
  'packages/re2js.js': import.meta.resolve('re2js'),
}

/** Packages by the name under which modules import them, with their paths: the imports of a page's import map. */
export const PACKAGES: Readonly<Record<string, string>> = {
  re2js: 'packages/re2js.js',
}

/** The script of a module. */
export function scriptOf(path: string): string {
  const file = PACKAGE_FILES[path] ?? pathToFileURL(join(root, path))
  const text = readFileSync(new URL(file), 'utf8')
  return path.endsWith('.ts') ? stripTypeScriptTypes(text) : text
}
