/**
 * Merging: several parts of one day become one, without the rows that were deleted. Runs in a worker thread.
 *
 * Blocks go over in the order of their ids. A block that is large enough and has no deleted rows is copied as it is;
 * runs of smaller ones, and what is left of blocks with deleted rows, are put together and encoded anew. Memory is that
 * of one block that is being put together, twice: its columns as they were decoded, and as the new block has them.
 *
 * Inputs are never touched, and nothing is published: the caller syncs the directory and names the output in the
 * manifest. What was written is read again and checked before it is answered. After an error there is no output.
 * Damage is not merged: PART_CORRUPT or DELETES_CORRUPT names the file, and the parts stay as they are.
 */
import { assert, type Bitset, CodedError, type Disk } from '../base/base.ts'
import { COLUMN_MESSAGE } from './block/block-layout.ts'
import type { BlockWriter } from './block/block-writer.ts'
import { type BlockPiece, contentOfBlocks, keptRows, valueBytes } from './block/content-of-blocks.ts'
import { type PartTotals, PartWriter } from './block/part-writer.ts'
import { StoredPart } from './block/stored-part.ts'
import type { MaterializedColumn } from './columns/encoding.ts'
import type { HeldPart } from './held-part.ts'
import { FrameCache } from './part/frame-cache.ts'
import type { PartCache } from './part-cache.ts'
import type { KnownTemplates } from './template/known-templates.ts'

export interface MergeJob {
  /** Parts whose blocks do not overlap in ids. */
  readonly inputs: readonly HeldPart[]
  /** Of the output. Nothing may have this name. */
  readonly path: string
  /** zstd level of the output. */
  readonly level: number
  /** Rows, and bytes of values, of a block that is put together. */
  readonly rowsMax: number
  readonly bytesMax: number
}

export interface MergeAround {
  readonly cache: PartCache
  readonly writer: BlockWriter
  readonly isCancelled: () => boolean
  /** Awaited with the bytes that were read of inputs, and of the output when it is checked. */
  readonly pace: (bytes: number) => Promise<void>
}

/** A block of an input. */
interface InputBlock {
  readonly part: StoredPart
  readonly number: number
  readonly firstId: number
  readonly lastId: number
  /** Null: none. */
  readonly deleted: Bitset | null
  /** Rows that are not deleted. */
  readonly rows: number
}

/** A block that waits for its neighbours, decoded. */
interface WaitingBlock {
  readonly input: InputBlock
  readonly piece: BlockPiece
}

/** How much larger the values of a block are than its frames, roughly, apart from the texts of templates. */
const VALUES_PER_FRAME_BYTE = 4

/**
 * Answers what the output holds; null where all rows are deleted: then there is no output. PART_CORRUPT,
 * DELETES_CORRUPT, FORMAT_VERSION, STORE_CLOSED where it was cancelled, errors of the disk.
 */
export async function mergeParts(disk: Disk, job: MergeJob, around: MergeAround): Promise<PartTotals | null> {
  const inUse: { release(): void }[] = []
  try {
    const blocks = job.inputs.flatMap((held) => {
      const open = around.cache.acquire(held)
      inUse.push(open)
      return blocksOf(held, open.part, around.cache.deletes(held))
    })
    const wanted = inIdOrder(blocks).filter(({ rows }) => rows > 0)
    return wanted.length === 0 ? null : await writeOutput(disk, job, around, wanted)
  } finally {
    for (const open of inUse) open.release()
  }
}

function blocksOf(
  held: HeldPart,
  part: StoredPart,
  deletes: ReadonlyMap<number, Bitset> | null,
): InputBlock[] {
  const blocks = Array.from({ length: part.blockCount }, (_, number): InputBlock => {
    const { firstId, lastId, rowCount } = part.facts(number)
    const deleted = deletes?.get(number) ?? null
    if (deleted !== null && deleted.size !== rowCount) throw wrongDeletes(held, number)
    const rows = deleted === null ? rowCount : rowCount - deleted.count()
    return { part, number, firstId, lastId, deleted: rows === rowCount ? null : deleted, rows }
  })
  checkCounts(held, part, blocks)
  for (const number of deletes?.keys() ?? []) if (number >= part.blockCount) throw wrongDeletes(held, number)
  return blocks
}

/** The manifest knows how many rows the part has, and how many of them are deleted. */
function checkCounts(held: HeldPart, part: StoredPart, blocks: readonly InputBlock[]): void {
  const all = blocks.reduce((sum, { number }) => sum + part.facts(number).rowCount, 0)
  if (all !== held.records) throw corrupt(held.path, `it has ${all} records, not ${held.records}`)
  const deleted = all - rowsOf(blocks)
  if (deleted === held.deletedRecords) return
  throw new CodedError(
    'DELETES_CORRUPT',
    `The file ${held.deletesPath} deletes ${deleted} records of ${held.path}, not ${held.deletedRecords}.`,
    { details: { file: held.deletesPath ?? held.path } },
  )
}

function wrongDeletes({ path, deletesPath }: HeldPart, block: number): CodedError {
  const text = `The file ${deletesPath} deletes rows of block ${block} that ${path} does not have.`
  return new CodedError('DELETES_CORRUPT', text, { details: { file: deletesPath } })
}

const corrupt = (path: string, reason: string): CodedError =>
  new CodedError('PART_CORRUPT', `The part file ${path} is damaged: ${reason}.`, { details: { file: path } })

const rowsOf = (blocks: readonly InputBlock[]): number => blocks.reduce((sum, { rows }) => sum + rows, 0)

function inIdOrder(blocks: readonly InputBlock[]): InputBlock[] {
  const sorted = [...blocks].sort((a, b) => a.firstId - b.firstId)
  for (let at = 1; at < sorted.length; at++) {
    const before = sorted[at - 1]
    const { firstId } = sorted[at]
    assert(before.lastId < firstId, `blocks overlap at id ${firstId}`)
  }
  return sorted
}

// ---- the output -------------------------------------------------------------------------------------------------

async function writeOutput(
  disk: Disk,
  job: MergeJob,
  around: MergeAround,
  blocks: readonly InputBlock[],
): Promise<PartTotals> {
  const output = await PartWriter.create(disk, job.path, { level: job.level })
  let isOpen = true
  try {
    await new Merging(output, job, around).run(blocks)
    const totals = await output.finish()
    isOpen = false
    await checkOutput(disk, job, around, blocks, totals)
    return totals
  } catch (error) {
    if (isOpen) await output.abandon().catch(() => {})
    // What cannot be unlinked is unknown to the manifest, and goes with the next start.
    await disk.unlink(job.path).catch(() => {})
    throw error
  }
}

class Merging {
  readonly #output: PartWriter
  readonly #job: MergeJob
  readonly #around: MergeAround
  /** Of messages. */
  readonly #known: KnownTemplates
  /** Numbers of the templates of each part that are known. */
  readonly #taught = new Map<StoredPart, Set<number>>()
  #waiting: WaitingBlock[] = []
  #waitingRows = 0
  #waitingBytes = 0

  constructor(output: PartWriter, job: MergeJob, around: MergeAround) {
    this.#output = output
    this.#job = job
    this.#around = around
    this.#known = around.writer.newKnownTemplates()
  }

  async run(blocks: readonly InputBlock[]): Promise<void> {
    for (const block of blocks) {
      checkCancelled(this.#around)
      await this.#add(block)
      await this.#around.pace(block.part.file.storedBytes(block.number))
    }
    await this.#writeWaiting()
  }

  async #add(block: InputBlock): Promise<void> {
    const { rowsMax, bytesMax } = this.#job
    const bytes = estimatedBytes(block)
    if (block.deleted === null && (block.rows >= rowsMax / 2 || bytes >= bytesMax / 2)) {
      await this.#writeWaiting()
      if (await this.#output.copyBlock(block.part, block.number)) return
    }
    if (this.#waitingRows + block.rows > rowsMax || this.#waitingBytes + bytes > bytesMax)
      await this.#writeWaiting()
    this.#wait(block)
    if (this.#waitingRows >= rowsMax || this.#waitingBytes >= bytesMax) await this.#writeWaiting()
  }

  #wait(input: InputBlock): void {
    const { part, number, deleted } = input
    part.file.prefetch(number)
    const piece = { block: part.block(number), names: part.names, deleted }
    this.#waitingBytes += part.decode(() => valueBytes(piece))
    this.#waiting.push({ input, piece })
    this.#waitingRows += keptRows(piece)
  }

  async #writeWaiting(): Promise<void> {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    this.#waitingRows = 0
    this.#waitingBytes = 0
    const [{ input }] = waiting
    const isWhole = waiting.length === 1 && input.deleted === null
    if (isWhole && (await this.#output.copyBlock(input.part, input.number))) return
    const content = contentOfBlocks(waiting.map(({ piece }) => piece))
    for (const { input, piece } of waiting) this.#teach(input, piece)
    await this.#output.addBlock(content, this.#around.writer, this.#known)
  }

  /** Templates of the messages of a block need not be found again. */
  #teach({ part, number }: InputBlock, { block }: BlockPiece): void {
    let taught = this.#taught.get(part)
    if (taught === undefined) this.#taught.set(part, (taught = new Set()))
    const text = block.text(COLUMN_MESSAGE)
    for (const [place, template] of part.columnTemplates(number, COLUMN_MESSAGE).numbers.entries()) {
      if (taught.has(template)) continue
      taught.add(template)
      this.#known.add(part.templates[template], text.slotValues(place).map(firstValue))
    }
  }
}

/** Bytes that the values of a block may take, as far as is known before it is decoded. */
function estimatedBytes({ part, number }: InputBlock): number {
  let bytes = 0
  for (const frame of part.file.storedFrames(number)) bytes += frame.bytes
  bytes *= VALUES_PER_FRAME_BYTE
  for (const { numbers, rowCounts } of part.blockTemplates(number))
    for (let place = 0; place < numbers.length; place++)
      bytes += rowCounts[place] * part.templates[numbers[place]].text.length
  return bytes
}

const firstValue = ({ data, starts, lengths }: MaterializedColumn): Uint8Array =>
  data.subarray(starts[0], starts[0] + lengths[0])

function checkCancelled({ isCancelled }: MergeAround): void {
  if (isCancelled()) throw new CodedError('STORE_CLOSED', 'Merging was stopped.')
}

// ---- checking ---------------------------------------------------------------------------------------------------

/** Reads the output, whole, and counts what it has. */
async function checkOutput(
  disk: Disk,
  { path, level }: MergeJob,
  around: MergeAround,
  blocks: readonly InputBlock[],
  totals: PartTotals,
): Promise<void> {
  const expected = rowsOf(blocks)
  if (totals.records !== expected)
    throw corrupt(path, `${totals.records} of ${expected} records were written`)
  const part = StoredPart.open(disk, path, { cache: new FrameCache(0), level })
  try {
    await part.file.verifyStored(async (bytes) => {
      checkCancelled(around)
      await around.pace(bytes)
    })
    checkFacts(part, blocks, expected)
  } finally {
    part.close()
  }
}

/** Deleted rows may have been the first and the last: ids lie within those of the inputs. */
function checkFacts(part: StoredPart, blocks: readonly InputBlock[], expected: number): void {
  const { path } = part.file
  const idMax = blocks[blocks.length - 1].lastId
  let records = 0
  let last = blocks[0].firstId - 1
  for (let number = 0; number < part.blockCount; number++) {
    const { rowCount, firstId, lastId } = part.facts(number)
    if (firstId <= last || lastId > idMax)
      throw corrupt(path, `block ${number} has other ids than its inputs`)
    last = lastId
    records += rowCount
  }
  if (records !== expected) throw corrupt(path, `it has ${records} of ${expected} records`)
  const isCut = blocks[0].deleted !== null || blocks[blocks.length - 1].deleted !== null
  if (!isCut && (part.facts(0).firstId !== blocks[0].firstId || last !== idMax))
    throw corrupt(path, 'its first or last id is not that of its inputs')
}
