/**
 * Writes the content of blocks to a part: every column in the encoding that makes it smallest, messages (and other
 * text, where it pays) as templates and columns of variables, and a filter of their words.
 *
 *   const written = await writer.write(content, part)      … for each block; then the part's sections (part-writer.ts)
 *
 * Memory and JIT warm-up are worth keeping: a worker thread has one writer for all its blocks.
 */
import { assert, instantiateKernel, type Random } from '../../base/base.ts'
import { DIGIT, MINUS_SIGN, POINT } from '../columns/byte-classes.ts'
import { ByteSink } from '../columns/byte-sink.ts'
import { type ColumnFacts, FactsWorkspace } from '../columns/column-facts.ts'
import { ColumnKernel } from '../columns/column-kernel.ts'
import type { ColumnValues, ValueTable } from '../columns/column-values.ts'
import { type ColumnHint, chooseEncoding, isTextCode, newColumnHint } from '../columns/encodings.ts'
import { planSequence } from '../columns/number-sequence.ts'
import { Scratch } from '../columns/scratch.ts'
import type { PartFileWriter, StringKind } from '../part/part-file-writer.ts'
import { KnownTemplates } from '../template/known-templates.ts'
import { noSlotFacts, type SlotFacts } from '../template/slot-facts.ts'
import { SpanInterner } from '../template/span-interner.ts'
import { PLAIN, type Template } from '../template/template.ts'
import { type MinedColumn, TemplateMiner } from '../template/template-miner.ts'
import { type LentMemory, TextKernel, type TextKernelOptions } from '../template/text-kernel.ts'
import { type TemplateColumns, ValueInterner } from '../template/value-interner.ts'
import type { BlockContent, FieldContent, Spans } from './block-content.ts'
import type { BlockFacts, FieldFacts } from './block-facts.ts'
import {
  COLUMN_MESSAGE,
  FIELD_COLUMNS_MAX,
  FILTER_WORD_BYTES_MIN,
  FORM_ENCODED,
  FORM_TEMPLATES,
  SLOT_FILTER,
  SLOT_IDS,
  SLOT_LAYOUTS,
  SLOT_LEVELS,
  SLOT_OVERFLOW,
  SLOT_RECEIVED,
  SLOT_TIMES,
  slotOfColumn,
  slotOfKinds,
  slotOfTemplate,
} from './block-layout.ts'
import { BlockWords } from './block-words.ts'
import { ColumnHints } from './column-hints.ts'
import { hasWordAtSlot } from './word-edges.ts'

/** A column whose values take more than this as plain text, and are long, may be better off with templates. */
const MINED_BYTES_MIN = 16 * 1024
const MINED_LENGTH_MIN = 16
const MINED_GAIN = 0.9
/** Distinct values of a column that stand in the facts of the block. */
const LISTED_VALUES_MAX = 16
const LISTED_BYTES_MAX = 256
/** Longer numbers are not exact. */
const BOUNDED_LENGTH_MAX = 15
const FINGERPRINT_BITS = 8

/** Templates of one column of a block, by their place in it. */
export interface ColumnTemplates {
  readonly column: number
  readonly templates: readonly Template[]
  /** Rows of each. */
  readonly rowCounts: Uint32Array
  /** By template: what is known of the values of its slots. */
  readonly slots: readonly SlotFacts[]
  /** Rows without a template. */
  readonly plainRows: number
}

export interface WrittenBlock {
  readonly facts: BlockFacts
  readonly templates: readonly ColumnTemplates[]
}

/** What blocks share: the names of fields have numbers, and the templates of a part have a limit. */
export interface PartTables {
  numberOfName(name: string): number
  /** How many templates the part can still take. */
  readonly templatesLeft: number
}

export class BlockWriter {
  readonly #kernel: TextKernel
  readonly #miner: TemplateMiner
  readonly #values: ValueInterner
  readonly #spans: SpanInterner
  readonly #workspace = new FactsWorkspace()
  /** For columns that are only tried: facts of a workspace are good until it finds others. */
  readonly #trial = new FactsWorkspace()
  readonly #hints = new ColumnHints()
  readonly #columnKernel: ColumnKernel | null
  readonly #sink = new ByteSink(1 << 16)
  readonly #random: Random
  readonly #words: BlockWords
  #templates: ColumnTemplates[] = []
  #templatesLeft = 0

  constructor(random: Random, options?: TextKernelOptions) {
    this.#random = random
    this.#columnKernel = ColumnKernel.open(options?.instantiate ?? instantiateKernel)
    this.#kernel = new TextKernel(random, options)
    this.#miner = new TemplateMiner(random, this.#kernel)
    this.#values = new ValueInterner(random, this.#kernel)
    this.#spans = new SpanInterner(random, this.#kernel)
    const seed = { low: random.uint32(), high: random.uint32() }
    this.#words = new BlockWords(seed, FILTER_WORD_BYTES_MIN, this.#columnKernel?.words ?? null)
  }

  /**
   * Memory for the data of blocks: data that stand there, from its first byte on, cost no copy. Others than the blocks'
   * owner write to it after `giveBack`. Null where so many bytes have no room, or there is no kernel.
   */
  lend(byteCount: number): LentMemory | null {
    return this.#kernel.lend(byteCount)
  }

  giveBack(): void {
    this.#kernel.giveBack()
  }

  /** For `write`: templates of messages that the blocks of one part have in common; none so far. */
  newKnownTemplates(): KnownTemplates {
    return new KnownTemplates(this.#random)
  }

  /**
   * Writes the strings of a block; its facts, and so its end, are the caller's. The content has at least one row.
   * Messages are read by the templates in `known`, which learns those of the block.
   */
  async write(
    content: BlockContent,
    part: PartFileWriter,
    tables: PartTables,
    known?: KnownTemplates,
  ): Promise<WrittenBlock> {
    assert(content.rowCount > 0, 'a block has rows')
    this.#kernel.begin(content.data, content.rowCount)
    this.#words.clear()
    this.#templates = []
    this.#templatesLeft = tables.templatesLeft
    const { own, overflow } = splitFields(content.fields)
    await this.#writeHeads(content, part, own, overflow)
    await part.endFrame()
    this.#spans.begin(content.data)
    const fields: FieldFacts[] = []
    for (const [index, field] of own.entries()) {
      fields.push(await this.#writeField(content, field, index + 1, tables.numberOfName(field.name), part))
    }
    if (overflow.length > 0) await this.#writeOverflow(content, overflow, part)
    await part.endFrame()
    const messages = { data: content.data, ...content.messages }
    await this.#writeMessages(messages, content.rowCount, part, known)
    await part.endFrame()
    this.#kernel.end()
    await part.put(SLOT_FILTER, this.#words.encode(FINGERPRINT_BITS), 'dense')
    return { facts: factsOf(content, fields, overflow.length > 0), templates: this.#templates }
  }

  async #put(part: PartFileWriter, slot: number, kind: StringKind = 'text'): Promise<void> {
    await part.put(slot, this.#sink.written(), kind)
    this.#sink.clear()
  }

  /** Memory for so many numbers, good until they are put. */
  #numbers(count: number): Float64Array {
    sequenceScratch.reset()
    return this.#columnKernel?.numbers(count) ?? sequenceScratch.floats(count)
  }

  /** Appends numbers that stand in that memory to the sink. */
  #putNumbers(numbers: Float64Array): void {
    const kernel = this.#columnKernel
    if (kernel !== null && numbers.buffer === kernel.memory) kernel.putNumbers(numbers.length, this.#sink)
    else planSequence(numbers, sequenceScratch).write(this.#sink)
  }

  #putSequence(numbers: ArrayLike<number>): void {
    const own = this.#numbers(numbers.length)
    own.set(numbers)
    this.#putNumbers(own)
  }

  /** What ids are more than the numbers of their rows. */
  #putIds(ids: Float64Array): void {
    const [first] = ids
    const gaps = this.#numbers(ids.length)
    for (let row = 0; row < gaps.length; row++) gaps[row] = ids[row] - first - row
    this.#putNumbers(gaps)
  }

  // ---- what every row has -------------------------------------------------------------------------------------

  async #writeHeads(
    content: BlockContent,
    part: PartFileWriter,
    own: readonly FieldContent[],
    overflow: readonly FieldContent[],
  ): Promise<void> {
    const sink = this.#sink
    this.#putIds(content.ids)
    await this.#put(part, SLOT_IDS)
    if (!isTimeReceived(content)) {
      this.#putSequence(content.timesMs)
      this.#putSequence(content.timesNs)
      await this.#put(part, SLOT_TIMES)
    }
    this.#putSequence(content.receivedMs)
    this.#putSequence(content.receivedNs)
    await this.#put(part, SLOT_RECEIVED)
    this.#putSequence(content.severities)
    this.#putSequence(content.flags)
    this.#encodeLevelWords(content)
    await this.#put(part, SLOT_LEVELS)
    encodeLayouts(sink, content, own, overflow)
    this.#putSequence(content.rowLayouts)
    await this.#put(part, SLOT_LAYOUTS)
  }

  #encodeLevelWords({ data, levelWords: { starts, lengths } }: BlockContent): void {
    const hasWords = isAnySet(lengths)
    this.#sink.u8(hasWords ? 1 : 0)
    if (!hasWords) return
    this.#spans.begin(data)
    this.#encodeColumn(this.#spans.column(starts, lengths))
  }

  /** Appends code and bytes of a column to the sink. */
  #encodeColumn(values: ColumnValues): ColumnFacts {
    const facts = this.#workspace.facts(values)
    if (this.#columnKernel?.encodeColumn(values, newColumnHint(), this.#sink)) return facts
    const { encoding, plan } = chooseEncoding(values, facts)
    this.#sink.u8(encoding.code)
    plan.write(this.#sink)
    return facts
  }

  // ---- fields -------------------------------------------------------------------------------------------------

  async #writeField(
    content: BlockContent,
    field: FieldContent,
    column: number,
    name: number,
    part: PartFileWriter,
  ): Promise<FieldFacts> {
    const { kinds, starts, lengths } = field
    if (kinds !== null) {
      this.#putSequence(kinds)
      await this.#put(part, slotOfKinds(column))
    }
    const values = this.#spans.column(starts, lengths)
    const facts = this.#workspace.facts(values)
    const common = { name, rows: starts.length, hasKinds: kinds !== null }
    const hint = this.#hints.ofField(field.name)
    if (!this.#encodeNumbersOrFew(values, hint)) {
      const { encoding, plan } = chooseEncoding(values, facts, hint)
      const spans = { data: content.data, starts, lengths }
      if (encoding.isText && (await this.#writeMinedField(spans, plan.bytes, column, part))) {
        return { ...common, form: FORM_TEMPLATES, bounds: null, values: null }
      }
      this.#sink.u8(encoding.code)
      plan.write(this.#sink)
    }
    const listed = listedValues(values.table, facts)
    if (listed === null) this.#addWords(values.table, facts.distinct)
    await this.#put(part, slotOfColumn(column))
    return { ...common, form: FORM_ENCODED, bounds: boundsOf(values.table, facts), values: listed }
  }

  /** Whether the kernel encoded the column, which is no text: that may be better off with templates. */
  #encodeNumbersOrFew(values: ColumnValues, hint: ColumnHint): boolean {
    const sink = this.#sink
    const start = sink.length
    const tried = { ...hint }
    const isEncoded = this.#columnKernel?.encodeColumn(values, tried, sink) ?? false
    if (isEncoded && !isTextCode(sink.bytes[start])) {
      Object.assign(hint, tried)
      return true
    }
    sink.clear(start)
    return false
  }

  /** Whether templates made the column smaller than `plainBytes`, and were written. */
  async #writeMinedField(
    spans: Spans,
    plainBytes: number,
    column: number,
    part: PartFileWriter,
  ): Promise<boolean> {
    const count = spans.starts.length
    if (plainBytes < MINED_BYTES_MIN || plainBytes < count * (MINED_LENGTH_MIN / 4)) return false
    const mined = this.#mine(spans, count)
    if (mined.templates.length === 0) return false
    const columns = this.#values.intern(mined, spans.data)
    if (this.#minedBytes(mined, columns) > plainBytes * MINED_GAIN) return false
    await this.#writeTemplates(mined, columns, spans, column, part)
    return true
  }

  /** Bytes that the variables would take, roughly, and the rows without a template. */
  #minedBytes(mined: MinedColumn, columns: TemplateColumns): number {
    let bytes = 0
    for (let template = 0; template < mined.templates.length; template++) {
      for (let slot = 0; slot < mined.templates[template].slots.length; slot++) {
        const values = columns.slot(template, slot)
        bytes += chooseEncoding(values, this.#trial.facts(values)).plan.bytes
      }
      bytes += mined.templates[template].text.length
    }
    return bytes
  }

  async #writeOverflow(
    content: BlockContent,
    overflow: readonly FieldContent[],
    part: PartFileWriter,
  ): Promise<void> {
    const sink = this.#sink
    const { data } = content
    const encoder = new TextEncoder()
    sink.varint(overflow.length)
    for (const { name, rows, kinds, starts, lengths } of overflow) {
      const bytes = encoder.encode(name)
      sink.varint(bytes.length)
      sink.append(bytes)
      sink.varint(starts.length)
      let last = 0
      for (let place = 0; place < starts.length; place++) {
        const row = rows === null ? place : rows[place]
        sink.varint(row - last)
        sink.u8(kinds === null ? 0 : kinds[place])
        sink.varint(lengths[place])
        sink.append(data, starts[place], starts[place] + lengths[place])
        this.#words.addWords(data, starts[place], starts[place] + lengths[place])
        last = row
      }
    }
    await this.#put(part, SLOT_OVERFLOW)
  }

  // ---- text with templates ------------------------------------------------------------------------------------

  async #writeMessages(
    messages: Spans,
    rowCount: number,
    part: PartFileWriter,
    known: KnownTemplates | undefined,
  ): Promise<void> {
    const mined = this.#mine(messages, rowCount, known)
    const columns = this.#values.intern(mined, messages.data)
    await this.#writeTemplates(mined, columns, messages, COLUMN_MESSAGE, part)
  }

  #mine(spans: Spans, rowCount: number, known?: KnownTemplates): MinedColumn {
    const mined = this.#miner.mine(spans, rowCount, known)
    return mined.templates.length <= this.#templatesLeft ? mined : unmined(rowCount)
  }

  async #writeTemplates(
    mined: MinedColumn,
    columns: TemplateColumns,
    spans: Spans,
    column: number,
    part: PartFileWriter,
  ): Promise<void> {
    const { templates, rowCounts, rowTemplates } = mined
    this.#templatesLeft -= templates.length
    const plainRows = await this.#writeRows(mined, spans, column, part)
    // A variable may lie within a word: then only whole rows tell the words.
    const isLeaky = templates.map(hasWordAtSlot)
    if (isLeaky.includes(true)) this.#addWordsOfRows(spans, rowTemplates, isLeaky)
    this.#words.addTable(columns.table, this.#columnKernel?.begin(columns.table) ?? false)
    const slots: SlotFacts[] = []
    for (let place = 0; place < templates.length; place++) {
      slots.push(this.#encodeSlots(columns, place, this.#hints.ofTemplate(templates[place])))
      if (templates[place].slots.length > 0) await this.#put(part, slotOfTemplate(column, place))
    }
    this.#templates.push({ column, templates, rowCounts, slots, plainRows })
  }

  /** Which row has which template, and the rows that have none. Returns how many those are. */
  async #writeRows(mined: MinedColumn, spans: Spans, column: number, part: PartFileWriter): Promise<number> {
    const { templates, rowTemplates } = mined
    const sink = this.#sink
    const plain = templates.length
    const places = this.#numbers(rowTemplates.length)
    let plainRows = 0
    for (let row = 0; row < places.length; row++) {
      const isPlain = rowTemplates[row] === PLAIN
      places[row] = isPlain ? plain : rowTemplates[row]
      if (isPlain) plainRows++
    }
    sink.varint(templates.length)
    sink.varint(plainRows)
    this.#putNumbers(places)
    if (plainRows > 0) {
      const { starts, lengths } = plainSpans(spans, rowTemplates, plainRows)
      const values = this.#spans.internSpans(spans.data, starts, lengths)
      const facts = this.#encodeColumn(values)
      this.#addWords(values.table, facts.distinct)
      this.#spans.begin(spans.data)
    }
    await this.#put(part, slotOfColumn(column))
    return plainRows
  }

  /** The variables of one template, slot by slot: bytes that follow, code and bytes of the column. */
  #encodeSlots(columns: TemplateColumns, place: number, hints: readonly ColumnHint[]): SlotFacts {
    const slotCount = hints.length
    const slotFacts = noSlotFacts(slotCount)
    const kernel = this.#columnKernel
    const entries =
      kernel === null || slotCount === 0 ? NO_ENTRIES : entriesOfSlots(columns, place, slotCount)
    for (let slot = 0; slot < slotCount; ) {
      if (kernel !== null) {
        slot = kernel.encodeSlots(entries, entries.length / slotCount, slot, hints, slotFacts, this.#sink)
        if (!kernel.isRefused) continue
      }
      this.#encodeSlot(columns.slot(place, slot), slot, hints[slot], slotFacts)
      slot++
    }
    return slotFacts
  }

  #encodeSlot(values: ColumnValues, slot: number, hint: ColumnHint, slotFacts: SlotFacts): void {
    const sink = this.#sink
    const facts = this.#workspace.facts(values)
    const { encoding, plan } = chooseEncoding(values, facts, hint)
    scratch.clear()
    scratch.u8(encoding.code)
    plan.write(scratch)
    sink.varint(scratch.length)
    sink.append(scratch.written())
    slotFacts.classes[slot] = facts.classes
    slotFacts.lengthMin[slot] = facts.lengthMin
    slotFacts.lengthMax[slot] = facts.lengthMax
  }

  // ---- words --------------------------------------------------------------------------------------------------

  #addWords({ bytes, starts, ends }: ValueTable, distinct: Uint32Array): void {
    const words = this.#words
    for (let i = 0; i < distinct.length; i++) words.addWords(bytes, starts[distinct[i]], ends[distinct[i]])
  }

  #addWordsOfRows(
    { data, starts, lengths }: Spans,
    rowTemplates: Uint32Array,
    isWanted: readonly boolean[],
  ): void {
    for (let row = 0; row < rowTemplates.length; row++) {
      const template = rowTemplates[row]
      if (template !== PLAIN && isWanted[template])
        this.#words.addWords(data, starts[row], starts[row] + lengths[row])
    }
  }
}

const NO_ENTRIES = new Uint32Array(0)

/** Entries of all slots of a template, which lie in memory one slot behind the other (value-interner.ts). */
function entriesOfSlots(columns: TemplateColumns, place: number, slotCount: number): Uint32Array {
  const { entries, rowCount } = columns.slot(place, 0)
  return new Uint32Array(entries.buffer, entries.byteOffset, rowCount * slotCount)
}

/** For one column at a time. */
const scratch = new ByteSink(1 << 16)

const unmined = (rowCount: number): MinedColumn => ({
  templates: [],
  rowCounts: new Uint32Array(0),
  rowTemplates: new Uint32Array(rowCount).fill(PLAIN),
  variableStarts: new Uint32Array(0),
  variableEnds: new Uint32Array(0),
})

function isAnySet(numbers: Uint32Array): boolean {
  for (let at = 0; at < numbers.length; at++) if (numbers[at] !== 0) return true
  return false
}

const sequenceScratch = new Scratch()

function isTimeReceived({ timesMs, timesNs, receivedMs, receivedNs, rowCount }: BlockContent): boolean {
  for (let row = 0; row < rowCount; row++) {
    if (timesMs[row] !== receivedMs[row] || timesNs[row] !== receivedNs[row]) return false
  }
  return true
}

/** The fields that get a column, by their first appearance, and those that do not: the rarest. */
function splitFields(fields: readonly FieldContent[]): { own: FieldContent[]; overflow: FieldContent[] } {
  if (fields.length <= FIELD_COLUMNS_MAX) return { own: [...fields], overflow: [] }
  const byRows = [...fields].sort((a, b) => b.starts.length - a.starts.length)
  return { own: byRows.slice(0, FIELD_COLUMNS_MAX), overflow: byRows.slice(FIELD_COLUMNS_MAX) }
}

/** The layouts, with fields numbered as they are written: those of the overflow after those with columns. */
function encodeLayouts(
  sink: ByteSink,
  { layouts, fields }: BlockContent,
  own: readonly FieldContent[],
  overflow: readonly FieldContent[],
): void {
  const written = new Map([...own, ...overflow].map((field, number) => [field, number]))
  const numberOf = fields.map((field) => written.get(field) ?? 0)
  sink.varint(layouts.length)
  for (const layout of layouts) {
    sink.varint(layout.length)
    for (const entry of layout) sink.varint(numberOf[entry >> 1] * 2 + (entry & 1))
  }
}

function plainSpans(
  { starts, lengths }: Spans,
  rowTemplates: Uint32Array,
  count: number,
): Omit<Spans, 'data'> {
  const plain = { starts: new Uint32Array(count), lengths: new Uint32Array(count) }
  let at = 0
  for (let row = 0; row < rowTemplates.length; row++) {
    if (rowTemplates[row] !== PLAIN) continue
    plain.starts[at] = starts[row]
    plain.lengths[at++] = lengths[row]
  }
  return plain
}

function listedValues(
  { bytes, starts, ends }: ValueTable,
  { distinct, distinctBytes }: ColumnFacts,
): Uint8Array[] | null {
  if (distinct.length > LISTED_VALUES_MAX || distinctBytes > LISTED_BYTES_MAX) return null
  return Array.from(distinct, (entry) => new Uint8Array(bytes.subarray(starts[entry], ends[entry])))
}

const NUMBER_CLASSES = DIGIT | MINUS_SIGN | POINT
const NUMBER = /^-?\d+(?:\.\d+)?$/

/** Smallest and largest, where all values are decimal numbers. */
function boundsOf(
  { bytes, starts, ends }: ValueTable,
  { distinct, classes, lengthMin, lengthMax }: ColumnFacts,
): FieldFacts['bounds'] {
  if ((classes & ~NUMBER_CLASSES) !== 0 || lengthMin === 0 || lengthMax > BOUNDED_LENGTH_MAX) return null
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < distinct.length; i++) {
    const text = Buffer.from(bytes.subarray(starts[distinct[i]], ends[distinct[i]])).toString('latin1')
    if (!NUMBER.test(text)) return null
    const value = Number(text)
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

function factsOf(content: BlockContent, fields: readonly FieldFacts[], hasOverflow: boolean): BlockFacts {
  const { rowCount, ids, timesMs, receivedMs, severities } = content
  const times = boundsOfNumbers(timesMs, rowCount)
  const received = boundsOfNumbers(receivedMs, rowCount)
  return {
    rowCount,
    firstId: ids[0],
    lastId: ids[rowCount - 1],
    timeMsMin: times.min,
    timeMsMax: times.max,
    receivedMsMin: received.min,
    receivedMsMax: received.max,
    severities: severityBitsOf(severities, rowCount),
    isTimeReceived: isTimeReceived(content),
    hasOverflow,
    fields,
  }
}

/** Numbers of a call: what is called often is compiled once, a loop over a whole block anew for every block. */
const BOUNDED_NUMBERS = 1024

function boundsOfNumbers(numbers: Float64Array, count: number): { min: number; max: number } {
  let [min] = numbers
  let max = min
  for (let from = 0; from < count; from += BOUNDED_NUMBERS) {
    const to = Math.min(count, from + BOUNDED_NUMBERS)
    min = Math.min(min, leastOf(numbers, from, to))
    max = Math.max(max, greatestOf(numbers, from, to))
  }
  return { min, max }
}

function leastOf(numbers: Float64Array, from: number, to: number): number {
  let least = numbers[from]
  for (let at = from; at < to; at++) if (numbers[at] < least) least = numbers[at]
  return least
}

function greatestOf(numbers: Float64Array, from: number, to: number): number {
  let greatest = numbers[from]
  for (let at = from; at < to; at++) if (numbers[at] > greatest) greatest = numbers[at]
  return greatest
}

function severityBitsOf(severities: Uint8Array, count: number): number {
  let bits = 0
  for (let row = 0; row < count; row++) bits |= 1 << severities[row]
  return bits
}
