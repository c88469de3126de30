/**
 * Makes a data directory out of a backup (backup.ts), or out of the copy of a data directory of a server that was
 * stopped. The backup stays as it is: a server that is started in it would write to it.
 *
 *   check every checksum  ->  copy what the manifests name, durably  ->  copy the manifests, last of all
 *
 * Invariants: nothing is written before all was checked; nothing in the directory is replaced; one that was interrupted
 * has no manifest, so that no server starts with half of it, and what was copied is taken away again as far as it can be.
 *
 * Both directories are locked meanwhile: a server that writes to one of them would make nonsense of the copy. Not here:
 * what damage is (verify-file.ts).
 */
import { type Clock, CodedError, type Disk, isCodedError, messageOf, systemErrorCode } from '../base/base.ts'
import { copyFile, takeBack } from './backup.ts'
import { partFileName } from './file-names.ts'
import { isManifestName, Manifest } from './manifest.ts'
import { listedFiles } from './strange-files.ts'
import { type DamagedFile, verifyDirectory } from './verify.ts'

export interface RestoreOptions {
  /** Of a damaged backup what can be read. */
  readonly partial?: boolean
  readonly signal?: AbortSignal
}

export interface RestoreAround {
  readonly disk: Disk
  readonly clock: Clock
  /** Data directories, absolute. */
  readonly from: string
  readonly to: string
}

export interface RestoreReport {
  readonly stores: readonly string[]
  readonly files: number
  readonly bytes: number
  /** That can be read. */
  readonly records: number
  /** What is damaged in the backup, and now here too; `logs/part-000003`. */
  readonly damaged: readonly DamagedFile[]
}

/** Names in the sentence that refuses. */
const NAMED_MAX = 10
const STORES = 'stores'
/** Of whoever holds the directory. */
const LOCK = 'lock'

/** RESTORE_REFUSED, DIRECTORY_LOCKED, STORE_CLOSED where it was cancelled, errors of the disk. */
export async function restoreBackup(
  around: RestoreAround,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const { disk, from, to } = around
  await refuseOccupied(around)
  const stores = await storesOf(around)
  return locked(disk, from, async () => {
    const { records, damaged } = await check(around, stores, options)
    await disk.makeDirectory(to)
    const copied = await locked(disk, to, () => new Restoring(around, options).run(stores))
    return { stores, records, damaged, ...copied }
  })
}

async function locked<T>(disk: Disk, path: string, work: () => Promise<T>): Promise<T> {
  const lock = await disk.lock(path)
  try {
    return await work()
  } finally {
    await lock.release()
  }
}

const refused = (text: string): CodedError => new CodedError('RESTORE_REFUSED', text)

/** Directories without files are what an interrupted restoration leaves. */
async function refuseOccupied({ disk, from, to }: RestoreAround): Promise<void> {
  if (to === from || to.startsWith(`${from}/`)) throw refused(`${to} lies in the backup itself.`)
  const names = await namesIn(disk, to)
  const other = names.find((name) => name !== STORES && name !== LOCK)
  if (other !== undefined) throw occupied(to, other)
  for (const store of await namesIn(disk, `${to}/${STORES}`)) {
    const [file] = await namesIn(disk, `${to}/${STORES}/${store}`)
    if (file !== undefined) throw occupied(to, `${STORES}/${store}/${file}`)
  }
}

const occupied = (to: string, name: string): CodedError =>
  refused(
    `${to} is not empty: it has ${name}. Nothing is replaced; name a directory that is empty or not there.`,
  )

/** None where there is no such directory. Errors of the disk. */
async function namesIn(disk: Disk, path: string): Promise<readonly string[]> {
  const stat = await disk.stat(path)
  if (stat === null) return []
  if (!stat.isDirectory) throw refused(`${path} is a file.`)
  return disk.list(path)
}

async function storesOf({ disk, from }: RestoreAround): Promise<string[]> {
  const names: string[] = []
  for (const name of await namesIn(disk, `${from}/${STORES}`))
    if ((await disk.stat(`${from}/${STORES}/${name}`))?.isDirectory === true) names.push(name)
  if (names.length === 0) {
    const hint = `Name the directory that has \`${STORES}\` in it.`
    throw refused(`${from} is no backup: there are no stores in it. ${hint}`)
  }
  for (const name of names) {
    const files = await namesIn(disk, `${from}/${STORES}/${name}`)
    if (!files.some(isManifestName))
      throw refused(`${from} is no whole backup: its store ${name} has no manifest. It was interrupted.`)
  }
  return names
}

async function check(
  { disk, clock, from }: RestoreAround,
  stores: readonly string[],
  { partial, signal }: RestoreOptions,
): Promise<Pick<RestoreReport, 'records' | 'damaged'>> {
  const damaged: DamagedFile[] = []
  let records = 0
  for (const name of stores) {
    const directory = `${from}/${STORES}/${name}`
    const report = await verifyDirectory({ disk, clock, directory }, { signal, checksumsOnly: true })
    records += report.records
    damaged.push(...report.damaged.map((each) => ({ ...each, file: `${name}/${each.file}` })))
    checkCancelled(signal)
  }
  if (damaged.length === 0 || partial === true) return { records, damaged }
  const files = damaged.slice(0, NAMED_MAX).map(({ file, reason }) => `${file}: ${reason.replace(/\.$/, '')}`)
  const more = damaged.length > NAMED_MAX ? `, and ${damaged.length - NAMED_MAX} more` : ''
  throw refused(`The backup is damaged, and nothing was restored: ${files.join('; ')}${more}.`)
}

function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new CodedError('STORE_CLOSED', 'The restoration was stopped.')
}

class Restoring {
  readonly #around: RestoreAround
  readonly #signal: AbortSignal | undefined
  /** Written so far, by directory. */
  readonly #written: { readonly directory: string; readonly name: string }[] = []
  #bytes = 0

  constructor(around: RestoreAround, { signal }: RestoreOptions) {
    this.#around = around
    this.#signal = signal
  }

  async run(stores: readonly string[]): Promise<Pick<RestoreReport, 'files' | 'bytes'>> {
    const { disk, to } = this.#around
    try {
      for (const store of stores) await this.#copyFiles(store)
      for (const store of stores) await this.#copyManifests(store)
      for (const path of [`${to}/${STORES}`, to]) await disk.syncDirectory(path)
      // Who may not open the directory above did not make one in it, either.
      await disk.syncDirectory(to.slice(0, to.lastIndexOf('/')) || '/').catch(() => {})
    } catch (error) {
      for (const { directory, name } of [...this.#written].reverse()) await takeBack(disk, directory, [name])
      throw error
    }
    return { files: this.#written.length, bytes: this.#bytes }
  }

  /** All but the manifests. */
  async #copyFiles(store: string): Promise<void> {
    const { disk, from, to } = this.#around
    const source = `${from}/${STORES}/${store}`
    const manifest = await readManifest(disk, source)
    const hashes = new Map(
      manifest.state.parts.map(({ number, summary }) => [partFileName(number), summary.sha256]),
    )
    await disk.makeDirectory(`${to}/${STORES}/${store}`)
    for (const name of await listedFiles(disk, source))
      await this.#copy(store, name, hashes.get(name) ?? null)
    await disk.syncDirectory(`${to}/${STORES}/${store}`)
  }

  /** The newest first: where it alone came through, it holds. */
  async #copyManifests(store: string): Promise<void> {
    const { disk, from, to } = this.#around
    const names = (await disk.list(`${from}/${STORES}/${store}`)).filter(isManifestName)
    for (const name of names.reverse()) {
      await this.#copy(store, name, null)
      await disk.syncDirectory(`${to}/${STORES}/${store}`)
    }
  }

  /** What is missing stays so: the check has named it. */
  async #copy(store: string, name: string, sha256: string | null): Promise<void> {
    const { disk, from, to } = this.#around
    const directory = `${to}/${STORES}/${store}`
    if ((await disk.stat(`${from}/${STORES}/${store}/${name}`)) === null) return
    this.#written.push({ directory, name })
    const job = {
      from: `${from}/${STORES}/${store}/${name}`,
      to: `${directory}/${name}`,
      bytes: null,
      sha256,
    }
    const { bytes } = await copyFile(disk, job, () => this.#signal?.aborted === true)
    this.#bytes += bytes
  }
}

async function readManifest(disk: Disk, directory: string): Promise<Manifest> {
  try {
    const manifest = await Manifest.read(disk, directory)
    if (manifest.state.highestSegment > 0) return manifest
    throw new CodedError('MANIFEST_CORRUPT', 'there is no whole manifest.')
  } catch (error) {
    if (!isCodedError(error) && systemErrorCode(error) === undefined) throw error
    throw refused(`Nothing of ${directory} can be restored: ${messageOf(error)}`)
  }
}
