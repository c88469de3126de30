/**
 * The directory of an export: parts as files, and `SHA256SUMS`, which names them all and is written last, so that a
 * directory without it is no whole export. `sha256sum -c SHA256SUMS` checks it without LogCaster.
 *
 *   2026-11-20-000065.part     the day of its records, or `mixed`, and the number of the part in its store
 *   SHA256SUMS                 <64 hexadecimal digits>, two spaces, name; a line a file
 *
 * Not here: what is in a part, and whether it is whole.
 */
import { CodedError, type Disk, readFull, systemErrorCode, writeAll } from '../base/base.ts'
import { isManifestName } from './manifest.ts'

export const SUMS_FILE = 'SHA256SUMS'
const EXTENSION = '.part'
const DAY_MS = 86_400_000
const SUMS_BYTES_MAX = 4 * 1024 * 1024
const SUM_LINE = /^([0-9a-f]{64}) [ *]([^/\0]+)$/

export interface ExportedName {
  readonly name: string
  readonly sha256: string
}

export interface ImportFile {
  readonly name: string
  readonly path: string
  /** What its bytes must be; null: not known. */
  readonly sha256: string | null
}

/** `2026-11-20`; null stays null. */
export function dayText(day: number | null): string | null {
  return day === null ? null : new Date(day * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length)
}

export function exportName(number: number, day: number | null): string {
  return `${dayText(day) ?? 'mixed'}-${String(number).padStart(6, '0')}${EXTENSION}`
}

/** Writes the list, durably. Errors of the disk. */
export async function writeSums(
  disk: Disk,
  directory: string,
  files: readonly ExportedName[],
): Promise<void> {
  const text = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('')
  const file = await disk.open(`${directory}/${SUMS_FILE}`, 'create')
  try {
    await writeAll(file, new TextEncoder().encode(text), 0)
    await file.datasync()
  } finally {
    await file.close()
  }
  await disk.syncDirectory(directory)
}

/** The parts of an export, or the one file, with what is known of them. IMPORT_REFUSED, errors of the disk. */
export async function filesToImport(disk: Disk, path: string): Promise<ImportFile[]> {
  const stat = await disk.stat(path)
  if (stat === null) throw refused(`There is nothing at ${path}, on the machine of the server.`)
  if (stat.isDirectory) return filesOf(disk, path)
  const cut = path.lastIndexOf('/')
  const [directory, name] = [path.slice(0, cut), path.slice(cut + 1)]
  const names = await namesIn(disk, directory)
  refuseStore(directory, names)
  const sums = names.includes(SUMS_FILE) ? await readSums(disk, directory) : []
  return [{ name, path, sha256: sums.find((sum) => sum.name === name)?.sha256 ?? null }]
}

async function filesOf(disk: Disk, directory: string): Promise<ImportFile[]> {
  const names = await disk.list(directory)
  refuseStore(directory, names)
  if (!names.includes(SUMS_FILE)) {
    const hint = `It has no ${SUMS_FILE}: an export that was interrupted has none. Files can be named one by one.`
    throw refused(`${directory} is no whole export. ${hint}`)
  }
  const sums = await readSums(disk, directory)
  const missing = sums.filter(({ name }) => !names.includes(name)).map(({ name }) => name)
  if (missing.length > 0) throw refused(`${directory} lacks files that it lists: ${missing.join(', ')}.`)
  return sums.map(({ name, sha256 }) => ({ name, path: `${directory}/${name}`, sha256 }))
}

/** Which rows of its parts are deleted stands in other files, and its newest records are in no part. */
function refuseStore(directory: string, names: readonly string[]): void {
  const isStore = names.some(isManifestName)
  if (!isStore && !names.includes('stores')) return
  throw refused(
    `${directory} belongs to a store or a backup, of which no part is whole by itself. Start a server with a copy of ` +
      'it (logcaster restore), and let that one export.',
  )
}

async function namesIn(disk: Disk, directory: string): Promise<readonly string[]> {
  try {
    return await disk.list(directory)
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    // A file may be read where its directory may not.
    return []
  }
}

/** Each name once. */
async function readSums(disk: Disk, directory: string): Promise<ExportedName[]> {
  const path = `${directory}/${SUMS_FILE}`
  const sums = new Map<string, string>()
  for (const line of (await readText(disk, path)).split('\n')) {
    if (line === '') continue
    const [, sha256, name] = SUM_LINE.exec(line) ?? []
    if (sha256 === undefined || name === '.' || name === '..' || (sums.get(name) ?? sha256) !== sha256)
      throw refused(`${path} is damaged: it is no list of files with their SHA-256.`)
    sums.set(name, sha256)
  }
  return [...sums].map(([name, sha256]) => ({ name, sha256 }))
}

async function readText(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read')
  try {
    const size = await file.size()
    if (size > SUMS_BYTES_MAX) throw refused(`${path} is too long for a list of files.`)
    const bytes = new Uint8Array(size)
    return new TextDecoder().decode(bytes.subarray(0, await readFull(file, bytes, 0)))
  } finally {
    await file.close()
  }
}

export const refused = (text: string): CodedError => new CodedError('IMPORT_REFUSED', text)
