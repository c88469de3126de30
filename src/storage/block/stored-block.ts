/**
 * One block of a part, as scans hand it out: every column is read and decoded when it is first asked for, and tests
 * are judged on what is stored (`narrow`, `countPassing`).
 *
 * Good as long as its part is open. PART_CORRUPT from whatever reads it.
 */
import { Bitset } from '../../base/base.ts'
import {
  type Block,
  type BlockField,
  type Column,
  emptyColumn,
  FIELD_ABSENT,
  FIELD_STRING,
  FIELD_TRUE,
  joinRuns,
  oneGroup,
  RECORD_FLAG_LEVEL_UPPER,
  RECORD_FLAG_TRUNCATED,
  type RowGroups,
  type RowLayout,
  type RowRuns,
  type TextTemplates,
  TRUNCATED_FIELD,
  type ValueTest,
} from '../../record/record.ts'
import { ByteSource, partCorrupt } from '../columns/byte-source.ts'
import type { EncodedColumn, MaterializedColumn } from '../columns/encoding.ts'
import { bitsHeld, decodeColumn } from '../columns/encodings.ts'
import { readIndexes, readIndexRuns, readSequence } from '../columns/number-sequence.ts'
import type { WordFilter } from '../filter/word-filter.ts'
import type { PartBlock } from '../part/part-file-reader.ts'
import type { SlotFacts } from '../template/slot-facts.ts'
import type { Template } from '../template/template.ts'
import type { BlockFacts } from './block-facts.ts'
import {
  COLUMN_MESSAGE,
  FIELD_KIND_MAX,
  FORM_TEMPLATES,
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
import { countedOnce } from './kept-counts.ts'
import { type OverflowField, readOverflow } from './overflow-fields.ts'
import type { BlockTemplates } from './part-sections.ts'
import { COUNT_COST_MAX, columnTest, keepPassing, type RowTest, sameForAll } from './row-tests.ts'
import { decodingGroups, groupsOfField, groupsOfLayouts } from './stored-groups.ts'
import { StoredText } from './stored-text.ts'
import { ANSWER_NONE, type TemplateAnswers } from './template-answers.ts'

const NOTHING = new Uint8Array(0)
const TRUE_BYTES = new TextEncoder().encode('true')
const SEVERITY_MAX = 24
const BYTE_MAX = 255
const NANOSECONDS_MAX = 999_999

interface Levels {
  readonly severities: Uint8Array
  readonly flags: Uint8Array
  readonly words: Column
}

interface Layouts {
  readonly list: readonly (readonly number[])[]
  readonly ofRow: Uint32Array
}

/** What a block needs of the part that it lies in (stored-part.ts). */
export interface PartOfBlock {
  readonly file: { openBlock(block: number): PartBlock }
  readonly names: readonly string[]
  readonly templates: readonly Template[]
  /** By template. */
  readonly slotFacts: readonly SlotFacts[]
  facts(block: number): BlockFacts
  fieldIndex(block: number, name: string): number
  columnTemplates(block: number, column: number): BlockTemplates
  answersTo(test: ValueTest): TemplateAnswers
  filter(block: number): WordFilter | null
  decode<T>(decode: () => T): T
}

export class StoredBlock implements Block {
  readonly facts: BlockFacts
  readonly rowCount: number
  readonly timeMsMin: number
  readonly timeMsMax: number
  readonly #part: PartOfBlock
  readonly #number: number
  #strings: PartBlock | null = null
  #ids: Float64Array | null = null
  #times: { readonly ms: Float64Array; readonly ns: Uint32Array } | null = null
  #received: { readonly ms: Float64Array; readonly ns: Uint32Array } | null = null
  #levels: Levels | null = null
  #levelRuns: RowRuns | null | undefined
  #isAnyTruncated: boolean | undefined
  #layouts: Layouts | null = null
  /** By field: the rows that have it, where not all do. */
  #sparseRows: (Uint32Array | undefined)[] | null = null
  #overflow: readonly OverflowField[] | null = null
  readonly #columns = new Map<number, EncodedColumn>()
  readonly #texts = new Map<number, StoredText>()
  readonly #kinds = new Map<number, Uint8Array>()
  readonly #fields = new Map<string, Column | null>()
  /** By field: what was found out for a test, which may be asked again for other rows. */
  readonly #fieldTests = new WeakMap<ValueTest, (RowTest | undefined)[]>()

  constructor(part: PartOfBlock, number: number) {
    this.#part = part
    this.#number = number
    this.facts = part.facts(number)
    this.rowCount = this.facts.rowCount
    this.timeMsMin = this.facts.timeMsMin
    this.timeMsMax = this.facts.timeMsMax
  }

  // ---- what every row has -------------------------------------------------------------------------------------

  /** PART_CORRUPT where ids do not ascend, or are not those of the facts. */
  checkIds(): void {
    const { ids, facts } = this
    for (let row = 1; row < ids.length; row++)
      if (ids[row] <= ids[row - 1]) throw partCorrupt('its ids do not ascend')
    if (ids[0] !== facts.firstId || ids[ids.length - 1] !== facts.lastId)
      throw partCorrupt('its ids are not those that its facts say')
  }

  get ids(): Float64Array {
    return (this.#ids ??= this.#decode(SLOT_IDS, (source) => {
      const ids = readSequence(source, this.rowCount)
      for (let row = 0; row < ids.length; row++) ids[row] += this.facts.firstId + row
      return ids
    }))
  }

  get timesMs(): Float64Array {
    return this.#timesOfRows().ms
  }

  get timesNs(): Uint32Array {
    return this.#timesOfRows().ns
  }

  get receivedMs(): Float64Array {
    return this.#receivedOfRows().ms
  }

  get receivedNs(): Uint32Array {
    return this.#receivedOfRows().ns
  }

  get severities(): Uint8Array {
    return this.#levelsOfRows().severities
  }

  get flags(): Uint8Array {
    return this.#levelsOfRows().flags
  }

  get levelWords(): Column {
    return this.#levelsOfRows().words
  }

  #timesOfRows(): { readonly ms: Float64Array; readonly ns: Uint32Array } {
    if (this.facts.isTimeReceived) return this.#receivedOfRows()
    return (this.#times ??= this.#decode(SLOT_TIMES, (source) => this.#readTimes(source)))
  }

  #receivedOfRows(): { readonly ms: Float64Array; readonly ns: Uint32Array } {
    return (this.#received ??= this.#decode(SLOT_RECEIVED, (source) => this.#readTimes(source)))
  }

  #readTimes(source: ByteSource): { ms: Float64Array; ns: Uint32Array } {
    const ms = readSequence(source, this.rowCount)
    return { ms, ns: readIndexes(source, this.rowCount, NANOSECONDS_MAX, 'nanoseconds') }
  }

  #levelsOfRows(): Levels {
    return (this.#levels ??= this.#decode(SLOT_LEVELS, (source) => {
      const severities = new Uint8Array(readIndexes(source, this.rowCount, SEVERITY_MAX, 'a severity'))
      const flags = new Uint8Array(readIndexes(source, this.rowCount, BYTE_MAX, 'flags'))
      if (source.u8() === 0) return { severities, flags, words: emptyColumn(this.rowCount) }
      const column = decodeColumn(source.u8(), source.takeRest(), this.rowCount)
      return { severities, flags, words: { ...column.materialize(), kinds: null } }
    }))
  }

  /** Read by themselves: whoever counts levels need not know that of each row. */
  levelRuns(): RowRuns | null {
    if (this.#levelRuns === undefined)
      this.#levelRuns = this.#decode(SLOT_LEVELS, (source) => this.#readLevelRuns(source))
    return this.#levelRuns
  }

  #readLevelRuns(source: ByteSource): RowRuns | null {
    const severities = readIndexRuns(source, this.rowCount, SEVERITY_MAX, 'a severity')
    if (severities === null) return null
    const flags = readIndexRuns(source, this.rowCount, BYTE_MAX, 'flags')
    if (flags === null || source.u8() !== 0) return null
    const { groups, ends } = joinRuns([severities, flags])
    const levels = groups[0].map((severity, run) => 2 * severity + (groups[1][run] & RECORD_FLAG_LEVEL_UPPER))
    return { groups: levels, ends }
  }

  /** Whether the flag says of some row that it was truncated. */
  #hasTruncated(): boolean {
    this.#isAnyTruncated ??= this.#anyFlag(RECORD_FLAG_TRUNCATED)
    return this.#isAnyTruncated
  }

  #anyFlag(flag: number): boolean {
    if (this.#levels === null) {
      const runs = this.#decode(SLOT_LEVELS, (source) => {
        const severities = readIndexRuns(source, this.rowCount, SEVERITY_MAX, 'a severity')
        return severities && readIndexRuns(source, this.rowCount, BYTE_MAX, 'flags')
      })
      if (runs !== null) return runs.groups.some((bits) => (bits & flag) !== 0)
    }
    return this.flags.some((bits) => (bits & flag) !== 0)
  }

  // ---- message ------------------------------------------------------------------------------------------------

  get message(): Column {
    return { ...this.text(COLUMN_MESSAGE).materialize(), kinds: null }
  }

  messageOf(row: number): Uint8Array {
    return this.#part.decode(() => this.text(COLUMN_MESSAGE).valueOf(row))
  }

  messagesOf(rows: Uint32Array): Column {
    return this.#part.decode(() => ({ ...this.text(COLUMN_MESSAGE).valuesOf(rows), kinds: null }))
  }

  messageLengths(): Uint32Array {
    return this.#part.decode(() => this.text(COLUMN_MESSAGE).lengths())
  }

  messageTemplates(): TextTemplates {
    return this.#part.decode(() => this.text(COLUMN_MESSAGE).templates((read) => this.#part.decode(read)))
  }

  // ---- fields -------------------------------------------------------------------------------------------------

  field(name: string): Column | null {
    const known = this.#fields.get(name)
    if (known !== undefined) return known
    const column = this.#part.decode(() => this.#makeColumn(name))
    this.#fields.set(name, column)
    return column
  }

  #makeColumn(name: string): Column | null {
    const sent = this.#sentColumn(name)
    return name === TRUNCATED_FIELD ? this.#withTruncated(sent) : sent
  }

  #sentColumn(name: string): Column | null {
    const index = this.#part.fieldIndex(this.#number, name)
    if (index >= 0) {
      return this.#expanded(this.materialized(index), this.rowsOf(index), this.kindsOf(index))
    }
    const overflow = this.overflow().find((field) => field.name === name)
    return overflow === undefined ? null : this.#expanded(overflow.values, overflow.rows, overflow.kinds)
  }

  /** Values by place as a column by row. */
  #expanded(values: MaterializedColumn, rows: Uint32Array | null, kinds: Uint8Array | null): Column {
    if (rows === null) return { ...values, kinds }
    const starts = new Uint32Array(this.rowCount)
    const lengths = new Uint32Array(this.rowCount)
    const ownKinds = new Uint8Array(this.rowCount).fill(FIELD_ABSENT)
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place]
      starts[row] = values.starts[place]
      lengths[row] = values.lengths[place]
      ownKinds[row] = kinds === null ? FIELD_STRING : kinds[place]
    }
    return { data: values.data, starts, lengths, kinds: ownKinds }
  }

  /** The column of `_truncated`: `true` where the flag says so, over what senders sent under that name. */
  #withTruncated(sent: Column | null): Column | null {
    if (!this.#hasTruncated()) return sent
    const { flags } = this
    const data = new Uint8Array(TRUE_BYTES.length + (sent?.data.length ?? 0))
    data.set(TRUE_BYTES)
    if (sent !== null) data.set(sent.data, TRUE_BYTES.length)
    const starts =
      sent === null ? new Uint32Array(this.rowCount) : sent.starts.map((start) => start + TRUE_BYTES.length)
    const lengths = sent === null ? new Uint32Array(this.rowCount) : sent.lengths.slice()
    const kinds =
      sent?.kinds?.slice() ?? new Uint8Array(this.rowCount).fill(sent === null ? FIELD_ABSENT : FIELD_STRING)
    for (let row = 0; row < this.rowCount; row++) {
      if ((flags[row] & RECORD_FLAG_TRUNCATED) === 0) continue
      starts[row] = 0
      lengths[row] = TRUE_BYTES.length
      kinds[row] = FIELD_TRUE
    }
    return { data, starts, lengths, kinds }
  }

  fieldsOf(row: number): BlockField[] {
    return this.#part.decode(() => this.#fieldsOf(row))
  }

  #fieldsOf(row: number): BlockField[] {
    const fields = this.#entriesOf(row).map((entry) => this.#fieldOf(row, entry >> 1, (entry & 1) === 1))
    if ((this.flags[row] & RECORD_FLAG_TRUNCATED) === 0) return fields
    const truncated = { name: TRUNCATED_FIELD, kind: FIELD_TRUE, value: TRUE_BYTES, isStream: false }
    const sent = fields.findIndex(({ name }) => name === TRUNCATED_FIELD)
    if (sent >= 0) fields[sent] = truncated
    else fields.push(truncated)
    return fields
  }

  #fieldOf(row: number, field: number, isStream: boolean): BlockField {
    const own = this.facts.fields.length
    if (field >= own) {
      const { name, rows, kinds, values } = this.overflow()[field - own]
      const place = placeOf(rows, row)
      return { name, kind: kinds[place], value: valueAt(values, place), isStream }
    }
    const rows = this.rowsOf(field)
    const place = rows === null ? row : placeOf(rows, row)
    const kinds = this.kindsOf(field)
    const value =
      this.facts.fields[field].form === FORM_TEMPLATES
        ? this.text(field + 1).valueOf(place)
        : this.#column(field).valueAt(place)
    return { name: this.#nameOf(field), kind: kinds === null ? FIELD_STRING : kinds[place], value, isStream }
  }

  fieldNamesOf(row: number): string[] {
    return this.#part.decode(() => {
      const names = new Set(this.#entriesOf(row).map((entry) => this.#nameOf(entry >> 1)))
      if ((this.flags[row] & RECORD_FLAG_TRUNCATED) !== 0) names.add(TRUNCATED_FIELD)
      return [...names]
    })
  }

  streamFieldNamesOf(row: number): string[] {
    return this.#part.decode(() =>
      this.#entriesOf(row).flatMap((entry) => ((entry & 1) === 1 ? [this.#nameOf(entry >> 1)] : [])),
    )
  }

  fieldNames(): string[] {
    return this.#part.decode(() => {
      const names = new Set(this.facts.fields.map((_, field) => this.#nameOf(field)))
      for (const { name } of this.overflow()) names.add(name)
      if (this.#hasTruncated()) names.add(TRUNCATED_FIELD)
      return [...names]
    })
  }

  #entriesOf(row: number): readonly number[] {
    const { list, ofRow } = this.layouts()
    return list[ofRow[row]]
  }

  #nameOf(field: number): string {
    const own = this.facts.fields.length
    return field < own ? this.#part.names[this.facts.fields[field].name] : this.overflow()[field - own].name
  }

  // ---- tests --------------------------------------------------------------------------------------------------

  narrow(field: string | null, test: ValueTest, rows: Bitset): void {
    this.#part.decode(() => {
      if (field === null) this.text(COLUMN_MESSAGE).narrow(rows, test, this.#part.answersTo(test))
      else this.#narrowField(field, test, rows)
    })
  }

  #narrowField(name: string, test: ValueTest, rows: Bitset): void {
    const index = name === TRUNCATED_FIELD ? -1 : this.#part.fieldIndex(this.#number, name)
    if (index < 0) {
      narrowColumn(this.field(name), test, rows)
      return
    }
    const present = this.rowsOf(index)
    if (present === null) this.#narrowPlaces(index, test, rows)
    else {
      const places = new Bitset(present.length)
      keepSparse(rows, present, (place) => places.set(place), test.test(NOTHING, 0, 0))
      this.#narrowPlaces(index, test, places)
      places.forEach((place) => void rows.set(present[place]))
    }
  }

  /** As `narrow`, by place. */
  #narrowPlaces(index: number, test: ValueTest, places: Bitset): void {
    if (this.facts.fields[index].form === FORM_TEMPLATES)
      this.text(index + 1).narrow(places, test, this.#part.answersTo(test))
    else keepPassing(places, this.#fieldTest(index, test))
  }

  /** Of an encoded field, by place. */
  #fieldTest(index: number, test: ValueTest): RowTest {
    let tests = this.#fieldTests.get(test)
    if (tests === undefined) {
      tests = []
      this.#fieldTests.set(test, tests)
    }
    return (tests[index] ??= this.#newFieldTest(index, test))
  }

  #newFieldTest(index: number, test: ValueTest): RowTest {
    const { search } = this.#part.answersTo(test)
    const bytes = this.#string(slotOfColumn(index + 1))
    if (search !== null && bytes.length > 0) {
      const held = bitsHeld(bytes[0], bytes.subarray(1), search.bitsOf)
      if (!search.mayHold(held)) return sameForAll(ANSWER_NONE, this.facts.fields[index].rows)
    }
    return columnTest(this.#column(index), test, search)
  }

  countPassing(field: string | null, test: ValueTest, isCheap = false): number | null {
    return this.#part.decode(() =>
      field === null ? this.#countMessages(test, isCheap) : this.#countField(field, test, isCheap),
    )
  }

  #countMessages(test: ValueTest, isCheap: boolean): number | null {
    return this.text(COLUMN_MESSAGE).count(test, this.#part.answersTo(test), isCheap)
  }

  #countField(name: string, test: ValueTest, isCheap: boolean): number | null {
    if (name === TRUNCATED_FIELD || this.facts.hasOverflow) return null
    const index = this.#part.fieldIndex(this.#number, name)
    const absent = test.test(NOTHING, 0, 0)
    if (index < 0) return absent ? this.rowCount : 0
    const { values, rows } = this.facts.fields[index]
    const others = absent ? this.rowCount - rows : 0
    if (values !== null) {
      const passing = values.filter((value) => test.test(value, 0, value.length)).length
      if (passing === 0) return others
      if (passing === values.length) return rows + others
    }
    const found = this.#countPlaces(index, test, isCheap)
    return found === null ? null : found + others
  }

  #countPlaces(index: number, test: ValueTest, isCheap: boolean): number | null {
    if (this.facts.fields[index].form === FORM_TEMPLATES)
      return this.text(index + 1).count(test, this.#part.answersTo(test), isCheap)
    if (isCheap) return null
    const fieldTest = this.#fieldTest(index, test)
    return fieldTest.cost > COUNT_COST_MAX ? null : fieldTest.count()
  }

  // ---- groups -------------------------------------------------------------------------------------------------

  valueGroups(name: string | null): RowGroups<Uint8Array> | null {
    const { facts, rowCount } = this
    const index = name === null ? -1 : this.#part.fieldIndex(this.#number, name)
    if (name === null || name === TRUNCATED_FIELD || (index < 0 && facts.hasOverflow)) return null
    if (index < 0) return oneGroup(NOTHING, rowCount)
    const [column, rows] = [() => this.#column(index), () => this.rowsOf(index)]
    const field = { rowCount, facts: facts.fields[index], column, rows }
    const groups = this.#part.decode(() => groupsOfField(field))
    if (groups === null) return null
    const decoding = decodingGroups(groups, (read) => this.#part.decode(read))
    return countedOnce(decoding, this.#part, this.#number, index)
  }

  layoutGroups(): RowGroups<RowLayout> {
    const { list, ofRow } = this.layouts()
    return this.#part.decode(() => groupsOfLayouts(list, ofRow, (field) => this.#nameOf(field)))
  }

  // ---- columns by place, also for merging ---------------------------------------------------------------------

  /** The values of field `index`, by place. */
  materialized(index: number): MaterializedColumn {
    return this.facts.fields[index].form === FORM_TEMPLATES
      ? this.text(index + 1).materialize()
      : this.#column(index).materialize()
  }

  /** The rows that have field `index`; null: all. */
  rowsOf(index: number): Uint32Array | null {
    if (this.facts.fields[index].rows === this.rowCount) return null
    this.#sparseRows ??= this.#findSparseRows()
    return this.#sparseRows[index] ?? partCorruptRows()
  }

  kindsOf(index: number): Uint8Array | null {
    if (!this.facts.fields[index].hasKinds) return null
    let kinds = this.#kinds.get(index)
    if (kinds === undefined) {
      const { rows } = this.facts.fields[index]
      kinds = this.#decode(
        slotOfKinds(index + 1),
        (source) => new Uint8Array(readIndexes(source, rows, FIELD_KIND_MAX, 'a kind')),
      )
      this.#kinds.set(index, kinds)
    }
    return kinds
  }

  text(column: number): StoredText {
    let text = this.#texts.get(column)
    if (text === undefined) {
      text = this.#part.decode(() => this.#openText(column))
      this.#texts.set(column, text)
    }
    return text
  }

  #openText(column: number): StoredText {
    return new StoredText({
      rowCount: column === COLUMN_MESSAGE ? this.rowCount : this.facts.fields[column - 1].rows,
      readRows: () => this.#string(slotOfColumn(column)),
      templates: this.#part.columnTemplates(this.#number, column),
      list: this.#part.templates,
      readSlotFacts: () => this.#part.slotFacts,
      readSlots: (place) => this.#string(slotOfTemplate(column, place)),
      readFilter: () => this.#part.filter(this.#number),
    })
  }

  layouts(): Layouts {
    return (this.#layouts ??= this.#decode(SLOT_LAYOUTS, (source) => {
      const fields = this.facts.fields.length + (this.facts.hasOverflow ? this.overflow().length : 0)
      const count = source.varintUpTo(this.rowCount, 'the number of layouts')
      const list = Array.from({ length: count }, () => {
        const length = source.varintUpTo(fields, 'the fields of a layout')
        return Array.from({ length }, () => source.varintUpTo(fields * 2 - 1, 'a field of a layout'))
      })
      return { list, ofRow: readIndexes(source, this.rowCount, count - 1, 'a layout') }
    }))
  }

  overflow(): readonly OverflowField[] {
    if (!this.facts.hasOverflow) return []
    return (this.#overflow ??= this.#decode(SLOT_OVERFLOW, (source) => readOverflow(source, this.rowCount)))
  }

  #column(index: number): EncodedColumn {
    let column = this.#columns.get(index)
    if (column === undefined) {
      const { rows } = this.facts.fields[index]
      column = this.#decode(slotOfColumn(index + 1), (source) =>
        decodeColumn(source.u8(), source.takeRest(), rows),
      )
      this.#columns.set(index, column)
    }
    return column
  }

  /** One pass over the rows for all fields that not every row has. */
  #findSparseRows(): (Uint32Array | undefined)[] {
    const { fields } = this.facts
    const { list, ofRow } = this.layouts()
    const found = fields.map(({ rows }) => (rows === this.rowCount ? undefined : new Uint32Array(rows)))
    const counts = new Uint32Array(fields.length)
    for (let row = 0; row < this.rowCount; row++) {
      for (const entry of list[ofRow[row]]) {
        const field = entry >> 1
        const rows = field < fields.length ? found[field] : undefined
        if (rows !== undefined) rows[counts[field]++] = row
      }
    }
    for (let field = 0; field < fields.length; field++) {
      const rows = found[field]
      if (rows !== undefined && counts[field] !== rows.length)
        throw partCorrupt('a field has other rows than its layouts say')
    }
    return found
  }

  // ---- strings ------------------------------------------------------------------------------------------------

  #string(slot: number): Uint8Array {
    this.#strings ??= this.#part.file.openBlock(this.#number)
    const bytes = this.#strings.read(slot)
    if (bytes === null) throw partCorrupt(`block ${this.#number} has no string ${slot}`)
    return bytes
  }

  #decode<T>(slot: number, read: (source: ByteSource) => T): T {
    return this.#part.decode(() => read(new ByteSource(this.#string(slot))))
  }
}

function partCorruptRows(): never {
  throw partCorrupt('a field has no rows')
}

/** Where the row stands among `rows`, which have it. */
function placeOf(rows: Uint32Array, row: number): number {
  let low = 0
  let high = rows.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (rows[middle] < row) low = middle + 1
    else high = middle
  }
  if (rows[low] !== row) throw partCorrupt('a layout has a field that the row has not')
  return low
}

function valueAt({ data, starts, lengths }: MaterializedColumn, place: number): Uint8Array {
  return data.subarray(starts[place], starts[place] + lengths[place])
}

function narrowColumn(column: Column | null, test: ValueTest, rows: Bitset): void {
  if (column === null) {
    if (!test.test(NOTHING, 0, 0)) rows.clear()
    return
  }
  const { data, starts, lengths } = column
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1))
    if (!test.test(data, starts[row], starts[row] + lengths[row])) rows.unset(row)
}

/**
 * Takes all rows out but those that are not `present` (the rows with a value, ascending) where these pass. Tells `meet`
 * of each present one by its place.
 */
function keepSparse(
  rows: Bitset,
  present: Uint32Array,
  meet: (place: number) => void,
  absentPasses: boolean,
): void {
  let place = 0
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
    while (place < present.length && present[place] < row) place++
    const isPresent = place < present.length && present[place] === row
    if (isPresent) meet(place)
    if (isPresent || !absentPasses) rows.unset(row)
  }
}
