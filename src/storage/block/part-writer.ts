/**
 * Writes a part: blocks, and what they share. Blocks come as contents, or are copied from another part as they are.
 *
 *   const part = await PartWriter.create(disk, path, { level: 1 })
 *   await part.addBlock(content, blockWriter)      … ids of blocks ascend
 *   const summary = await part.finish()            … durable but for its name
 *
 * After an error the file is worthless: `abandon` closes it, and whoever named it unlinks it.
 */
import type { Disk } from '../../base/base.ts'
import { ByteSink } from '../columns/byte-sink.ts'
import { PartFileWriter } from '../part/part-file-writer.ts'
import type { KnownTemplates } from '../template/known-templates.ts'
import type { SlotFacts } from '../template/slot-facts.ts'
import { TEMPLATES_PART_MAX, type Template } from '../template/template.ts'
import { TemplateDictionary } from '../template/template-dictionary.ts'
import type { BlockContent } from './block-content.ts'
import { type BlockFacts, encodeBlockFacts } from './block-facts.ts'
import {
  SECTION_BLOCK_TEMPLATES,
  SECTION_NAMES,
  SECTION_SLOT_FACTS,
  SECTION_TEMPLATES,
} from './block-layout.ts'
import type { BlockWriter, ColumnTemplates, PartTables } from './block-writer.ts'
import { type BlockTemplates, encodeBlockTemplates, encodeNames, encodeSlotFacts } from './part-sections.ts'
import type { StoredPart } from './stored-part.ts'

/** What is to be known of a part without opening it. */
export interface PartTotals {
  readonly bytes: number
  /** SHA-256 of the file, 64 hexadecimal digits. */
  readonly sha256: string
  readonly records: number
  readonly blocks: number
  readonly firstId: number
  /** The id after the largest one. */
  readonly endId: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly receivedMsMin: number
  readonly receivedMsMax: number
}

export class PartWriter implements PartTables {
  readonly #file: PartFileWriter
  readonly #names: string[] = []
  readonly #nameNumbers = new Map<string, number>()
  readonly #templates = new TemplateDictionary()
  readonly #slotFacts: SlotFacts[] = []
  readonly #blockTemplates: BlockTemplates[][] = []
  readonly #facts: BlockFacts[] = []
  readonly #level: number

  private constructor(file: PartFileWriter, level: number) {
    this.#file = file
    this.#level = level
  }

  /** The file must not exist. `level` is that of zstd. */
  static async create(disk: Disk, path: string, { level }: { level: number }): Promise<PartWriter> {
    return new PartWriter(await PartFileWriter.create(disk, path, { level }), level)
  }

  get blocks(): number {
    return this.#facts.length
  }

  get templatesLeft(): number {
    return TEMPLATES_PART_MAX - this.#templates.count
  }

  numberOfName(name: string): number {
    let number = this.#nameNumbers.get(name)
    if (number === undefined) {
      number = this.#names.push(name) - 1
      this.#nameNumbers.set(name, number)
    }
    return number
  }

  /** `known`: templates that blocks of the part have in common (BlockWriter.newKnownTemplates). */
  async addBlock(content: BlockContent, writer: BlockWriter, known?: KnownTemplates): Promise<void> {
    const { facts, templates } = await writer.write(content, this.#file, this, known)
    this.#blockTemplates.push(templates.map((column) => this.#addTemplates(column)))
    this.#facts.push(facts)
    await this.#file.endBlock(encodedFacts(facts))
  }

  /**
   * Copies a block of another part without decoding its columns; its frames are packed again where this part has
   * a higher level. False where its templates do not fit into this part: nothing is written then.
   */
  async copyBlock(from: StoredPart, block: number): Promise<boolean> {
    const columns = from.blockTemplates(block)
    const count = columns.reduce((sum, { numbers }) => sum + numbers.length, 0)
    if (count > this.templatesLeft) return false
    const facts = from.facts(block)
    const names = from.names
    const fields = facts.fields.map((field) => ({ ...field, name: this.numberOfName(names[field.name]) }))
    this.#blockTemplates.push(columns.map((column) => this.#copyTemplates(from, column)))
    this.#facts.push({ ...facts, fields })
    const repackLevel = from.level >= this.#level ? null : this.#level
    await this.#file.copyBlock(from.file, block, encodedFacts({ ...facts, fields }), { repackLevel })
    return true
  }

  /** Writes what blocks share, and makes the bytes durable. */
  async finish(): Promise<PartTotals> {
    await this.#file.addSection(SECTION_NAMES, encodeNames(this.#names))
    const templates = new ByteSink()
    this.#templates.encode(templates)
    await this.#file.addSection(SECTION_TEMPLATES, templates.written())
    await this.#file.addSection(SECTION_SLOT_FACTS, encodeSlotFacts(this.#slotFacts))
    await this.#file.addSection(SECTION_BLOCK_TEMPLATES, encodeBlockTemplates(this.#blockTemplates))
    const { bytes, sha256 } = await this.#file.finish()
    await this.#file.datasync()
    await this.#file.close()
    return { bytes, sha256, ...totalsOf(this.#facts) }
  }

  /** Closes the file of a part that is given up. */
  async abandon(): Promise<void> {
    await this.#file.close()
  }

  #addTemplates({ column, templates, rowCounts, slots, plainRows }: ColumnTemplates): BlockTemplates {
    const numbers = Uint32Array.from(templates, (template, place) =>
      this.#addTemplate(template, slots[place]),
    )
    return { column, plainRows, numbers, rowCounts }
  }

  #copyTemplates(
    from: StoredPart,
    { column, plainRows, numbers, rowCounts }: BlockTemplates,
  ): BlockTemplates {
    const own = numbers.map((number) => this.#addTemplate(from.templates[number], from.slotFacts[number]))
    return { column, plainRows, numbers: own, rowCounts }
  }

  #addTemplate(template: Template, facts: SlotFacts): number {
    const number = this.#templates.add(template)
    const known = this.#slotFacts[number]
    if (known === undefined) this.#slotFacts[number] = copyOf(facts)
    else widen(known, facts)
    return number
  }
}

function encodedFacts(facts: BlockFacts): Uint8Array {
  const sink = new ByteSink()
  encodeBlockFacts(sink, facts)
  return sink.written()
}

const copyOf = ({ classes, lengthMin, lengthMax }: SlotFacts): SlotFacts => ({
  classes: classes.slice(),
  lengthMin: lengthMin.slice(),
  lengthMax: lengthMax.slice(),
})

/** So that the facts hold for the values of both. */
function widen(facts: SlotFacts, other: SlotFacts): void {
  const { classes, lengthMin, lengthMax } = facts
  for (let slot = 0; slot < classes.length; slot++) {
    classes[slot] |= other.classes[slot]
    if (other.lengthMin[slot] < lengthMin[slot]) lengthMin[slot] = other.lengthMin[slot]
    if (other.lengthMax[slot] > lengthMax[slot]) lengthMax[slot] = other.lengthMax[slot]
  }
}

function totalsOf(blocks: readonly BlockFacts[]): Omit<PartTotals, 'bytes' | 'sha256'> {
  const totals = {
    records: 0,
    blocks: blocks.length,
    firstId: Number.POSITIVE_INFINITY,
    endId: 0,
    timeMsMin: Number.POSITIVE_INFINITY,
    timeMsMax: Number.NEGATIVE_INFINITY,
    receivedMsMin: Number.POSITIVE_INFINITY,
    receivedMsMax: Number.NEGATIVE_INFINITY,
  }
  for (const block of blocks) {
    totals.records += block.rowCount
    totals.firstId = Math.min(totals.firstId, block.firstId)
    totals.endId = Math.max(totals.endId, block.lastId + 1)
    totals.timeMsMin = Math.min(totals.timeMsMin, block.timeMsMin)
    totals.timeMsMax = Math.max(totals.timeMsMax, block.timeMsMax)
    totals.receivedMsMin = Math.min(totals.receivedMsMin, block.receivedMsMin)
    totals.receivedMsMax = Math.max(totals.receivedMsMax, block.receivedMsMax)
  }
  return totals
}
