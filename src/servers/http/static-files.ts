/** The files of `/static/`, by exact name: what is not in this list does not exist, however it is written. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export const STATIC_FOLDER = join(import.meta.dirname, 'static')

let names: ReadonlySet<string> | null = null

export function isStaticFile(name: string): boolean {
  names ??= new Set(readdirSync(STATIC_FOLDER))
  return names.has(name)
}
