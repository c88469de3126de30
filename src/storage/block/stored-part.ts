/**
 * An open part: what its blocks share, what is known of each block, and the blocks themselves. Reading is synchronous:
 * it happens in worker threads.
 *
 * What is decoded of names, templates and filters is kept while the part is open. Blocks are made anew, from frames that
 * are cached (part/frame-cache.ts); but one that a scan had just before is given again with all that it has decoded,
 * unless its memory was needed meanwhile: rows are mostly fetched from the blocks where they were found.
 */
import { CodedError, type Disk, isCodedError, messageOf } from '../../base/base.ts'
import { TRUNCATED_FIELD, type ValueTest } from '../../record/record.ts'
import { decodeWordFilter, type WordFilter } from '../filter/word-filter.ts'
import type { FrameCache } from '../part/frame-cache.ts'
import { PartFileReader } from '../part/part-file-reader.ts'
import type { SkipTest } from '../skip-test.ts'
import type { SlotFacts } from '../template/slot-facts.ts'
import type { Template } from '../template/template.ts'
import { TemplateDictionary } from '../template/template-dictionary.ts'
import { type BlockFacts, decodeBlockFacts, type FieldFacts } from './block-facts.ts'
import {
  COLUMN_MESSAGE,
  FORM_TEMPLATES,
  SECTION_BLOCK_TEMPLATES,
  SECTION_NAMES,
  SECTION_SLOT_FACTS,
  SECTION_TEMPLATES,
  SLOT_FILTER,
} from './block-layout.ts'
import { type BlockTemplates, decodeBlockTemplates, decodeNames, decodeSlotFacts } from './part-sections.ts'
import { StoredBlock } from './stored-block.ts'
import { TemplateAnswers } from './template-answers.ts'

const NOTHING = new Uint8Array(0)
const RECENT_BLOCKS_MAX = 4
const TRUE_BYTES = new TextEncoder().encode('true')

export interface OpenPartOptions {
  readonly cache: FrameCache
  /** zstd level of its frames, as the manifest says. */
  readonly level: number
}

export class StoredPart {
  readonly file: PartFileReader
  readonly level: number
  readonly #facts: (BlockFacts | undefined)[] = []
  readonly #recentBlocks = new Map<number, WeakRef<StoredBlock>>()
  readonly #filters: (WordFilter | null | undefined)[] = []
  #answers = new WeakMap<ValueTest, TemplateAnswers>()
  #names: string[] | null = null
  #nameNumbers: Map<string, number> | null = null
  #templates: readonly Template[] | null = null
  #slotFacts: SlotFacts[] | null = null
  #blockTemplates: BlockTemplates[][] | null = null

  private constructor(file: PartFileReader, level: number) {
    this.file = file
    this.level = level
  }

  /** PART_CORRUPT, FORMAT_VERSION, errors of the disk. */
  static open(disk: Disk, path: string, { cache, level }: OpenPartOptions): StoredPart {
    return new StoredPart(PartFileReader.open(disk, path, { cache }), level)
  }

  close(): void {
    this.file.close()
  }

  get blockCount(): number {
    return this.file.blockCount
  }

  facts(block: number): BlockFacts {
    return (this.#facts[block] ??= this.decode(() => decodeBlockFacts(this.file.facts(block))))
  }

  /** Names of fields, by number. */
  get names(): readonly string[] {
    return (this.#names ??= this.#section(SECTION_NAMES, decodeNames))
  }

  /** The number of a name, or -1 where no field of the part has it. */
  numberOfName(name: string): number {
    this.#nameNumbers ??= new Map(this.names.map((known, number) => [known, number]))
    return this.#nameNumbers.get(name) ?? -1
  }

  get templates(): readonly Template[] {
    return (this.#templates ??= this.#section(SECTION_TEMPLATES, (bytes) =>
      TemplateDictionary.decode(bytes).list(),
    ))
  }

  get slotFacts(): readonly SlotFacts[] {
    return (this.#slotFacts ??= this.#section(SECTION_SLOT_FACTS, (bytes) =>
      decodeSlotFacts(bytes, this.templates),
    ))
  }

  /** The columns of a block that have templates. */
  blockTemplates(block: number): readonly BlockTemplates[] {
    this.#blockTemplates ??= this.#section(SECTION_BLOCK_TEMPLATES, (bytes) =>
      decodeBlockTemplates(bytes, this.blockCount, this.templates.length),
    )
    return this.#blockTemplates[block]
  }

  /** The templates of one column of a block. PART_CORRUPT where it has none. */
  columnTemplates(block: number, column: number): BlockTemplates {
    const found = this.blockTemplates(block).find((known) => known.column === column)
    if (found === undefined) throw this.#corrupt(`column ${column} of block ${block} has no templates`)
    return found
  }

  /** What a test means for the templates of this part. */
  answersTo(test: ValueTest): TemplateAnswers {
    let answers = this.#answers.get(test)
    if (answers === undefined) {
      answers = new TemplateAnswers(test, this.templates, this.slotFacts)
      this.#answers.set(test, answers)
    }
    return answers
  }

  block(number: number): StoredBlock {
    const recent = this.#recentBlocks.get(number)?.deref()
    if (recent !== undefined) return recent
    const block = new StoredBlock(this, number)
    this.#recentBlocks.delete(number)
    this.#recentBlocks.set(number, new WeakRef(block))
    for (const oldest of this.#recentBlocks.keys()) {
      if (this.#recentBlocks.size <= RECENT_BLOCKS_MAX) break
      this.#recentBlocks.delete(oldest)
    }
    return block
  }

  /**
   * A block that the part does not remember: for whoever reads all of them in one task, since what is remembered lives
   * until a task ends.
   */
  blockAlone(number: number): StoredBlock {
    return new StoredBlock(this, number)
  }

  // ---- skipping -----------------------------------------------------------------------------------------------

  /** Whether any row of the block may pass, as far as is known without reading its columns. */
  mayMatch(block: number, skip: SkipTest): boolean {
    if (skip.kind !== 'value') {
      const { tests } = skip
      const mayMatch = (test: SkipTest): boolean => this.mayMatch(block, test)
      return skip.kind === 'and' ? tests.every(mayMatch) : tests.some(mayMatch)
    }
    return skip.field === null
      ? this.#mayMatchTemplates(block, COLUMN_MESSAGE, skip.test)
      : this.#mayMatchField(block, skip.field, skip.test)
  }

  #mayMatchTemplates(block: number, column: number, test: ValueTest): boolean {
    const { numbers, plainRows } = this.columnTemplates(block, column)
    const answers = this.answersTo(test)
    // Without a filter first: it may not be in memory.
    if (!answers.mayMatch(numbers, plainRows, null)) return false
    return answers.mayMatch(numbers, plainRows, this.filter(block))
  }

  #mayMatchField(block: number, name: string, test: ValueTest): boolean {
    const facts = this.facts(block)
    if (facts.hasOverflow) return true
    // Rows that are flagged show a value that no column has.
    if (name === TRUNCATED_FIELD && test.test(TRUE_BYTES, 0, TRUE_BYTES.length)) return true
    const index = this.fieldIndex(block, name)
    const field = index < 0 ? null : facts.fields[index]
    if (field === null || field.rows < facts.rowCount) {
      if (test.test(NOTHING, 0, 0)) return true
      if (field === null) return false
    }
    if (field.values !== null) return field.values.some((value) => test.test(value, 0, value.length))
    if (isOutOfRange(field, test)) return false
    if (field.form === FORM_TEMPLATES) return this.#mayMatchTemplates(block, index + 1, test)
    return test.needles === undefined || this.answersTo(test).mayHold(this.filter(block))
  }

  /** Where the block has the field among its own, or -1. */
  fieldIndex(block: number, name: string): number {
    const number = this.numberOfName(name)
    return number < 0 ? -1 : this.facts(block).fields.findIndex((field) => field.name === number)
  }

  /** Over the words of the block's variables and other texts; null where it has none. PART_CORRUPT. */
  filter(block: number): WordFilter | null {
    let filter = this.#filters[block]
    if (filter === undefined) {
      filter = this.decode(() => {
        const bytes = this.file.openBlock(block).read(SLOT_FILTER)
        return bytes === null ? null : decodeWordFilter(bytes)
      })
      this.#filters[block] = filter
    }
    return filter
  }

  // ---- saying what is wrong -----------------------------------------------------------------------------------

  #section<T>(kind: number, decode: (bytes: Uint8Array) => T): T {
    const bytes = this.file.section(kind)
    if (bytes === null) throw this.#corrupt(`it has no section ${kind}`)
    return this.decode(() => decode(bytes))
  }

  /** Names the file in the errors of `decode`. */
  decode<T>(decode: () => T): T {
    try {
      return decode()
    } catch (error) {
      if (!isCodedError(error, 'PART_CORRUPT') || error.details['file'] !== undefined) throw error
      throw this.#corrupt(messageOf(error))
    }
  }

  #corrupt(reason: string): Error {
    const { path } = this.file
    const text = `The part file ${path} is damaged: ${reason}`
    return new CodedError('PART_CORRUPT', text, { details: { file: path } })
  }
}

function isOutOfRange({ bounds }: FieldFacts, { range }: ValueTest): boolean {
  return bounds !== null && range !== undefined && (bounds.max < range.min || bounds.min > range.max)
}
