/**
 * Brings parts that another store exported (part-export.ts) into this one: their records are read and appended, as if a
 * sender had sent them, so that ids, filing by day, retention and live tails are what they always are.
 *
 *   all files:  length, SHA-256 and every checksum; every block decoded, every record encoded, nothing kept
 *   then each:  batches, read in the store's worker thread, appended in the order of their ids
 *
 * Invariants: nothing is stored before all files were checked; a batch has a key that follows from the file
 * (part-records.ts), so that an import that is given again stores what is missing and nothing twice, as long as the
 * store remembers keys. Memory: two pieces of batches.
 */
import { type Clock, CodedError, type Disk, isCodedError, messageOf, systemErrorCode } from '../base/base.ts'
import { batchCount, batchLength } from '../record/record.ts'
import { filesToImport, type ImportFile, refused } from './export-files.ts'
import type { HeldPart } from './held-part.ts'
import {
  type DamagedBlock,
  heldStranger,
  type PartFacts,
  type RecordPiece,
  type RecordsJob,
} from './part-records.ts'
import type { VerifyJob, VerifyResult } from './verify-file.ts'

export interface ImportOptions {
  /** What is damaged is left out, and the rest stored. */
  readonly partial?: boolean
  /** Also what was imported before, or lies in the store: it is there twice then. */
  readonly again?: boolean
  readonly signal?: AbortSignal
  /** What takes the batches; default the store. */
  readonly into?: ImportTarget
}

export interface ImportTarget {
  append(batch: Uint8Array): Promise<number>
  writable(): Promise<void>
}

export interface ImportReport {
  readonly files: number
  /** Stored. */
  readonly records: number
  /** That an import before this one had stored. */
  readonly repeatedRecords: number
  /** That are larger than this store takes. */
  readonly tooLargeRecords: number
  /** What was left out; at most 1,000 rows. Ids are those of the file, inclusive; block null: the whole file was read. */
  readonly damaged: readonly DamagedFile[]
}

interface DamagedFile {
  readonly file: string
  readonly block: number | null
  readonly fromId: number
  readonly toId: number
  readonly reason: string
}

export interface ImportAround {
  readonly disk: Disk
  readonly clock: Clock
  /** Ends it between two batches. */
  readonly signal: AbortSignal
  readonly into: ImportTarget
  /** Every record that the store has when it begins has an id below this. */
  readonly fenceId: number
  readonly batchBytesMax: number
  /** SHA-256 of the parts that the store has. */
  readonly known: ReadonlySet<string>
  readonly inspect: (job: { readonly path: string }) => Promise<PartFacts>
  readonly verify: (job: VerifyJob) => Promise<VerifyResult>
  readonly read: (job: RecordsJob) => Promise<RecordPiece>
}

/** A file that was looked at. */
interface FoundPart {
  readonly file: ImportFile
  readonly held: HeldPart
  readonly sha256: string
  readonly damage: readonly DamagedFile[]
}

const BATCH_BYTES = 1024 * 1024
const PIECE_BYTES = 16 * 1024 * 1024
/** Batches that wait for the disk. */
const BATCHES_UNDER_WAY = 4
const DAMAGED_MAX = 1000
/** In the sentence that refuses. */
const NAMED_MAX = 10

/** IMPORT_REFUSED; the errors of `append`: what was stored before stays, and the same import goes on there. */
export async function importParts(
  path: string,
  around: ImportAround,
  options: ImportOptions,
): Promise<ImportReport> {
  const found: FoundPart[] = []
  for (const file of await lookedUp(() => filesToImport(around.disk, path)))
    found.push(await findPart(file, around))
  refuseKnown(found, around, options)
  refuseDamaged(found, options)
  const sums = new ImportSums()
  for (const part of [...found].sort((a, b) => a.held.firstId - b.held.firstId))
    await new PartImport(part, around, options, sums).run()
  return sums.report(found.length)
}

/** What a disk does not give is the mistake of whoever named it. */
async function lookedUp<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look()
  } catch (error) {
    if (isCodedError(error) || systemErrorCode(error) === undefined) throw error
    throw refused(`It cannot be read, on the machine of the server: ${messageOf(error)}.`)
  }
}

// ---- before anything is stored ----------------------------------------------------------------------------------

async function findPart(file: ImportFile, around: ImportAround): Promise<FoundPart> {
  const facts = await inspect(file, around)
  const held = heldStranger(file.path, facts)
  const damage: DamagedFile[] = []
  const whole = { file: file.name, block: null, fromId: held.firstId, toId: held.endId - 1 }
  if (file.sha256 !== null && file.sha256 !== facts.sha256)
    damage.push({ ...whole, reason: 'its bytes are not those that SHA256SUMS knows' })
  const { damage: ofFile } = await around.verify({ kind: 'part', held, sha256: facts.sha256 })
  for (const { reason } of ofFile) damage.push({ ...whole, reason: shortened(reason, file) })
  const ofBlocks = await damagedBlocks(file, held, around)
  return { file, held, sha256: facts.sha256, damage: ofBlocks.length > 0 ? ofBlocks : damage }
}

async function inspect({ name, path }: ImportFile, around: ImportAround): Promise<PartFacts> {
  try {
    const facts = await lookedUp(() => around.inspect({ path }))
    if (facts.records > 0) return facts
  } catch (error) {
    if (!isCodedError(error, 'PART_CORRUPT') && !isCodedError(error, 'FORMAT_VERSION')) throw error
    throw refused(`Nothing of ${name} can be read. ${messageOf(error)}`)
  }
  throw refused(`${name} has no records.`)
}

/** Reads the part whole, and makes the batches that would be stored. */
async function damagedBlocks(file: ImportFile, held: HeldPart, around: ImportAround): Promise<DamagedFile[]> {
  const damage: DamagedFile[] = []
  const trial = { held, without: [], batchBytesMax: BATCH_BYTES, pieceBytes: PIECE_BYTES, isTrial: true }
  for (let next: RecordPiece['next'] = { block: 0, row: 0 }; next !== null; ) {
    const piece: RecordPiece = await around.read({ ...trial, ...next, key: '', receivedMs: 0 })
    damage.push(...piece.damage.map((each) => named(file, each)))
    if (damage.length > DAMAGED_MAX) damage.length = DAMAGED_MAX
    next = piece.next
  }
  return damage
}

/** Whoever reads it knows which file is meant. */
const shortened = (reason: string, { path }: ImportFile): string =>
  reason.replaceAll(`The part file ${path} is`, 'it is').replace(/\.$/, '')

const named = (file: ImportFile, { block, fromId, toId, reason }: DamagedBlock): DamagedFile => ({
  file: file.name,
  ...{ block, fromId, toId },
  reason: shortened(reason, file),
})

function refuseKnown(found: readonly FoundPart[], { known }: ImportAround, { again }: ImportOptions): void {
  const files = found.filter(({ sha256 }) => known.has(sha256)).map(({ file }) => file.name)
  if (again === true || files.length === 0) return
  const more = files.length > NAMED_MAX ? ` and ${files.length - NAMED_MAX} more` : ''
  const names = files.slice(0, NAMED_MAX).join(', ') + more
  throw refused(
    `This store has ${names} already, as parts of its own. With \`again\` their records are stored twice.`,
  )
}

function refuseDamaged(found: readonly FoundPart[], { partial }: ImportOptions): void {
  const damage = found.flatMap((part) => part.damage)
  if (partial === true || damage.length === 0) return
  const lines = damage.slice(0, NAMED_MAX).map(({ file, block, fromId, toId, reason }) => {
    const place = block === null ? '' : ` block ${block} (ids ${fromId} to ${toId}):`
    return `${file}:${place} ${reason}`
  })
  const more = damage.length > NAMED_MAX ? `, and ${damage.length - NAMED_MAX} more` : ''
  throw refused(
    `Nothing was imported, because there is damage: ${lines.join('; ')}${more}. With \`partial\` the rest is imported.`,
  )
}

// ---- storing ----------------------------------------------------------------------------------------------------

class ImportSums {
  readonly damaged: DamagedFile[] = []
  records = 0
  repeatedRecords = 0
  tooLargeRecords = 0

  addDamage(damage: readonly DamagedFile[]): void {
    this.damaged.push(...damage.slice(0, DAMAGED_MAX - this.damaged.length))
  }

  report(files: number): ImportReport {
    const { records, repeatedRecords, tooLargeRecords, damaged } = this
    return { files, records, repeatedRecords, tooLargeRecords, damaged }
  }
}

class PartImport {
  readonly #part: FoundPart
  readonly #around: ImportAround
  readonly #sums: ImportSums
  readonly #key: string
  readonly #underWay = new Set<Promise<void>>()
  #failure: unknown = null

  constructor(part: FoundPart, around: ImportAround, { again }: ImportOptions, sums: ImportSums) {
    this.#part = part
    this.#around = around
    this.#sums = sums
    const salt = again === true ? `:${Math.floor(around.clock.wallMs())}` : ''
    this.#key = `part:${part.sha256}${salt}`
  }

  async run(): Promise<void> {
    const { damage } = this.#part
    this.#sums.addDamage(damage)
    const without = damage.flatMap(({ block }) => (block === null ? [] : [block]))
    try {
      let reading: Promise<RecordPiece> | null = this.#read({ block: 0, row: 0 }, without)
      while (reading !== null) {
        const piece: RecordPiece = await reading
        // The next piece is read while this one is stored.
        reading = piece.next === null ? null : this.#read(piece.next, without)
        reading?.catch(() => {})
        this.#sums.tooLargeRecords += piece.tooLarge
        this.#sums.addDamage(piece.damage.map((each) => named(this.#part.file, each)))
        await this.#store(piece.batches)
      }
    } finally {
      await Promise.all(this.#underWay)
    }
    this.#throwFailure()
  }

  #read(next: NonNullable<RecordPiece['next']>, without: readonly number[]): Promise<RecordPiece> {
    const { batchBytesMax, clock, read } = this.#around
    return read({
      held: this.#part.held,
      ...next,
      without,
      batchBytesMax: Math.min(BATCH_BYTES, batchBytesMax),
      pieceBytes: PIECE_BYTES,
      key: this.#key,
      receivedMs: Math.floor(clock.wallMs()),
      isTrial: false,
    })
  }

  async #store(batches: Uint8Array): Promise<void> {
    const view = new DataView(batches.buffer, batches.byteOffset, batches.byteLength)
    for (let at = 0; at < batches.length; ) {
      const end = at + batchLength(view, at)
      while (this.#underWay.size >= BATCHES_UNDER_WAY) await Promise.race(this.#underWay)
      this.#throwFailure()
      await this.#writable()
      const batch = batches.subarray(at, end)
      const storing = this.#append(batch, batchCount(view, at)).finally(() => this.#underWay.delete(storing))
      this.#underWay.add(storing)
      at = end
    }
  }

  /** A store may be full for long, and whoever asked may be gone. */
  async #writable(): Promise<void> {
    const { into, signal } = this.#around
    signal.throwIfAborted()
    const stop = Promise.withResolvers<never>()
    const end = (): void => stop.reject(signal.reason)
    signal.addEventListener('abort', end)
    try {
      await Promise.race([into.writable(), stop.promise])
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  /** Never rejects: what went wrong is kept. */
  async #append(batch: Uint8Array, records: number): Promise<void> {
    try {
      const firstId = await this.#around.into.append(batch)
      if (firstId < this.#around.fenceId) this.#sums.repeatedRecords += records
      else this.#sums.records += records
    } catch (error) {
      if (records === 1 && isCodedError(error, 'BATCH_TOO_LARGE')) this.#sums.tooLargeRecords++
      else this.#failure ??= error
    }
  }

  #throwFailure(): void {
    if (this.#failure === null) return
    const { records } = this.#sums
    if (!(this.#failure instanceof CodedError)) throw this.#failure
    const hint = `${records} records were imported before; the same import goes on there.`
    throw new CodedError(this.#failure.code, `${this.#failure.message} ${hint}`, { cause: this.#failure })
  }
}
