/**
 * A column of text that lies in a block as templates: which row has which template, a column for each slot of each
 * template, and the rows that have none. A test is decided on the static text where that suffices; otherwise on as
 * little of the variables as can be (row-tests.ts). Rows are counted template by template, so that nobody asks which
 * row has which.
 *
 * All is read and decoded when it is first needed, and kept as long as the block is.
 */
import type { Bitset } from '../../base/base.ts'
import {
  RowWriter,
  RowWriterMemory,
  type TextTemplate,
  type TextTemplates,
  type ValueTest,
} from '../../record/record.ts'
import { DIGIT } from '../columns/byte-classes.ts'
import { ByteSource, partCorrupt } from '../columns/byte-source.ts'
import type { EncodedColumn, MaterializedColumn } from '../columns/encoding.ts'
import { decodeColumn } from '../columns/encodings.ts'
import { readIndexes } from '../columns/number-sequence.ts'
import type { WordFilter } from '../filter/word-filter.ts'
import type { SlotFacts } from '../template/slot-facts.ts'
import type { Template } from '../template/template.ts'
import type { BlockTemplates } from './part-sections.ts'
import { COUNT_COST_MAX, columnTest, type RowTest, sameForAll, templateTest } from './row-tests.ts'
import {
  ANSWER_ALL,
  ANSWER_NONE,
  ANSWER_SOME,
  type TemplateAnswers,
  type WordsHeld,
} from './template-answers.ts'
import { TemplateRows } from './template-rows.ts'
import { lengthsOfRows, type RowsOfTemplate, wholeText } from './whole-text.ts'

const VALUE_BYTES_USUAL = 64
/** One value by itself costs about as much as so many of a whole column. */
const WHOLE_SHARE = 8
const NO_BYTES = new Uint8Array(0)
/** A row without a template is one value. */
const NO_TEMPLATE: Template = { text: NO_BYTES, slots: Uint32Array.of(0) }
const UNKNOWN = 0
const DIGIT_BIT = 1
const MINUS_BIT = 2
const OTHER_BIT = 4
const DIGIT_BITS = Uint32Array.from({ length: 256 }, (_, byte) => digitBit(byte))

function digitBit(byte: number): number {
  if (byte === 0x2d) return MINUS_BIT
  return byte >= 0x30 && byte <= 0x39 ? DIGIT_BIT : OTHER_BIT
}

export interface StoredTextParts {
  readonly rowCount: number
  /** The string of the column: rows and their templates. */
  readonly readRows: () => Uint8Array
  readonly templates: BlockTemplates
  /** All templates of the part. */
  readonly list: readonly Template[]
  /** Of all templates of the part. */
  readonly readSlotFacts: () => readonly SlotFacts[]
  /** The string of a template's variables, by place. */
  readonly readSlots: (place: number) => Uint8Array
  /** Of the words of the block's variables; null where there is none. */
  readonly readFilter: () => WordFilter | null
}

/** Which template the rows have, and what those have that have none. */
interface Rows {
  /** By row: the place of its template; the number of templates where it has none. */
  readonly places: Uint32Array
  readonly plain: EncodedColumn | null
}

/** What was found out for one test: it may be asked again for other rows. */
interface TestedTemplates {
  /** By place, those without a template last: ANSWER_* or UNKNOWN. */
  readonly decided: Uint8Array
  /** Where it is ANSWER_SOME. */
  readonly tests: (RowTest | undefined)[]
  /** Words of its needles that the block has; undefined before somebody asked. */
  held: WordsHeld | undefined
}

export class StoredText {
  readonly rowCount: number
  readonly #parts: StoredTextParts
  /** The place of rows without a template. */
  readonly #plain: number
  readonly #templateRows: (TemplateRows | undefined)[] = []
  readonly #tested = new WeakMap<ValueTest, TestedTemplates>()
  readonly #memory = new RowWriterMemory()
  #rows: Rows | null = null
  #ordinals: Uint32Array | null = null
  #materialized: MaterializedColumn | null = null

  constructor(parts: StoredTextParts) {
    this.#parts = parts
    this.rowCount = parts.rowCount
    this.#plain = parts.templates.numbers.length
  }

  // ---- tests --------------------------------------------------------------------------------------------------

  /**
   * Takes the rows out that do not pass. Template by template, as the columns of one fit the caches, and of rows that
   * follow each other less is different. PART_CORRUPT.
   */
  narrow(rows: Bitset, test: ValueTest, answers: TemplateAnswers): void {
    const { places } = this.#rowsRead()
    const tested = this.#testedBy(test)
    const asked = inOrderOfPlaces(rows, places, this.#plain)
    for (let at = 0, end = at; at < asked.length; at = end) {
      const place = places[asked[at]]
      while (end < asked.length && places[asked[end]] === place) end++
      const answer = this.#decide(place, test, answers, tested)
      if (answer === ANSWER_ALL) continue
      const rowTest = answer === ANSWER_NONE ? null : tested.tests[place]!
      const ordinals = rowTest === null ? null : this.#ordinalsOfRows()
      for (let index = at; index < end; index++) {
        const row = asked[index]
        if (rowTest === null || !rowTest.passes(ordinals![row])) rows.unset(row)
      }
    }
  }

  /**
   * How many rows pass; null where it would take too long to find out at once, and where `isCheap` but templates alone
   * do not tell. PART_CORRUPT.
   */
  count(test: ValueTest, answers: TemplateAnswers, isCheap: boolean): number | null {
    const { numbers, plainRows } = this.#parts.templates
    const tested = this.#testedBy(test)
    if (isCheap && (plainRows > 0 || numbers.some((number) => answers.answer(number) === ANSWER_SOME)))
      return null
    let cost = 0
    // Those without a template first: they mostly tell whether it takes too long.
    for (let place = this.#plain; place >= 0; place--) {
      if (this.#rowCountOf(place) === 0) continue
      const answer = this.#decide(place, test, answers, tested)
      if (answer === ANSWER_SOME) cost += tested.tests[place]!.cost
      if (cost > COUNT_COST_MAX) return null
    }
    let count = 0
    for (let place = 0; place <= this.#plain; place++) {
      if (tested.decided[place] === ANSWER_ALL) count += this.#rowCountOf(place)
      else if (tested.decided[place] === ANSWER_SOME) count += tested.tests[place]!.count()
    }
    return count
  }

  /** The rows of a template of the block, or those without one. */
  #rowCountOf(place: number): number {
    const { rowCounts, plainRows } = this.#parts.templates
    return place === this.#plain ? plainRows : rowCounts[place]
  }

  #testedBy(test: ValueTest): TestedTemplates {
    let tested = this.#tested.get(test)
    if (tested === undefined) {
      tested = { decided: new Uint8Array(this.#plain + 1), tests: [], held: undefined }
      this.#tested.set(test, tested)
    }
    return tested
  }

  /** ANSWER_*; found out once. PART_CORRUPT. */
  #decide(place: number, test: ValueTest, answers: TemplateAnswers, tested: TestedTemplates): number {
    if (tested.decided[place] !== UNKNOWN) return tested.decided[place]
    const rowTest = this.#testOf(place, test, answers, tested)
    tested.decided[place] = rowTest.answer
    if (rowTest.answer === ANSWER_SOME) tested.tests[place] = rowTest
    return rowTest.answer
  }

  #testOf(place: number, test: ValueTest, answers: TemplateAnswers, tested: TestedTemplates): RowTest {
    const { numbers, rowCounts, plainRows } = this.#parts.templates
    if (place === this.#plain) {
      if (!answers.mayBePlain(this.#wordsHeld(answers, tested))) return sameForAll(ANSWER_NONE, plainRows)
      return columnTest(this.#rowsRead().plain!, test, answers.search)
    }
    const number = numbers[place]
    const answer = answers.answer(number)
    if (answer !== ANSWER_SOME) return sameForAll(answer, rowCounts[place])
    if (!answers.mayBeIn(number, this.#wordsHeld(answers, tested)))
      return sameForAll(ANSWER_NONE, rowCounts[place])
    return templateTest(this.#templateRowsOf(place), number, test, answers, this.#memory)
  }

  #wordsHeld(answers: TemplateAnswers, tested: TestedTemplates): WordsHeld {
    if (tested.held === undefined)
      tested.held = answers.hasNeedles ? answers.wordsHeld(this.#parts.readFilter()) : null
    return tested.held
  }

  /** The text of one row, in memory of its own. */
  valueOf(row: number): Uint8Array {
    const { places, plain } = this.#rowsRead()
    const place = places[row]
    const ordinal = this.#ordinalsOfRows()[row]
    if (place === this.#plain) {
      return plain!.valueAt(ordinal).slice()
    }
    return this.#templateRowsOf(place).textOf(ordinal)
  }

  /** Some rows, in their order: of templates of which many rows are wanted, whole columns are decoded. PART_CORRUPT. */
  valuesOf(rows: Uint32Array): MaterializedColumn {
    const { numbers, rowCounts } = this.#parts.templates
    const { places, plain } = this.#rowsRead()
    const ordinals = this.#ordinalsOfRows()
    const wanted = new Uint32Array(this.#plain + 1)
    for (let at = 0; at < rows.length; at++) wanted[places[rows[at]]]++
    const writers = Array.from(numbers, (number, place) =>
      wanted[place] * WHOLE_SHARE >= rowCounts[place] && wanted[place] > 0
        ? this.#writerOf(this.#parts.list[number], this.slotValues(place))
        : null,
    )
    const texts = new TextSink(rows.length)
    for (let at = 0; at < rows.length; at++) {
      const place = places[rows[at]]
      const ordinal = ordinals[rows[at]]
      const writer = place === this.#plain ? null : writers[place]
      if (writer !== null) {
        const end = writer.write(ordinal)
        texts.add(this.#memory.bytes, end)
      } else {
        const text =
          place === this.#plain ? plain!.valueAt(ordinal) : this.#templateRowsOf(place).textOf(ordinal)
        texts.add(text, text.length)
      }
    }
    return texts.column()
  }

  #writerOf({ text, slots }: Template, values: readonly MaterializedColumn[]): RowWriter {
    return new RowWriter(text, slots, values, this.#memory)
  }

  /** All rows. */
  materialize(): MaterializedColumn {
    this.#materialized ??= this.#materialize()
    return this.#materialized
  }

  #materialize(): MaterializedColumn {
    return wholeText(this.rowCount, [...this.#rowsOfTemplates()])
  }

  /** How many bytes each row has. PART_CORRUPT. */
  lengths(): Uint32Array {
    return this.#materialized?.lengths ?? lengthsOfRows(this.rowCount, this.#rowsOfTemplates())
  }

  *#rowsOfTemplates(): Generator<RowsOfTemplate> {
    const { numbers } = this.#parts.templates
    const { places, plain } = this.#rowsRead()
    const rowsOf = rowsByPlace(places, this.#plain)
    for (let place = 0; place < numbers.length; place++) {
      const template = this.#parts.list[numbers[place]]
      yield { template, values: this.slotValues(place), rows: rowsOf[place] }
    }
    if (plain !== null)
      yield { template: NO_TEMPLATE, values: [plain.materialize()], rows: rowsOf[this.#plain] }
  }

  /**
   * Rows by their templates. Slots are asked for template by template: only those of the last one are kept. `decode` is
   * around whatever reads later. PART_CORRUPT.
   */
  templates(decode: <T>(read: () => T) => T): TextTemplates {
    const { numbers, rowCounts } = this.#parts.templates
    let lastPlace = -1
    let last: TemplateRows | null = null
    const rowsOf = (place: number): TemplateRows => {
      if (last === null || place !== lastPlace) {
        last = this.#templateRows[place] ?? this.#openTemplateRows(place)
        lastPlace = place
      }
      return last
    }
    const { list, readSlotFacts } = this.#parts
    const slotFacts = readSlotFacts()
    const templates = Array.from(numbers, (number, place): TextTemplate => {
      return new SlotsOfTemplate(list[number], slotFacts[number], rowCounts[place], place, rowsOf, decode)
    })
    return { templates, ofRow: this.places, plain: this.plainValues() }
  }

  // ---- for merging --------------------------------------------------------------------------------------------

  /** By row: the place of its template; the number of templates where it has none. */
  get places(): Uint32Array {
    return this.#rowsRead().places
  }

  /** The values of each slot of a template, over its rows. */
  slotValues(place: number): MaterializedColumn[] {
    return this.#templateRowsOf(place).materialize()
  }

  /** The rows without a template; null where there are none. */
  plainValues(): MaterializedColumn | null {
    return this.#rowsRead().plain?.materialize() ?? null
  }

  // ---- reading ------------------------------------------------------------------------------------------------

  #templateRowsOf(place: number): TemplateRows {
    return (this.#templateRows[place] ??= this.#openTemplateRows(place))
  }

  #openTemplateRows(place: number): TemplateRows {
    const { templates, list, readSlots } = this.#parts
    const template = list[templates.numbers[place]]
    const bytes = template.slots.length === 0 ? NO_BYTES : readSlots(place)
    return new TemplateRows(template, templates.rowCounts[place], bytes)
  }

  #rowsRead(): Rows {
    return (this.#rows ??= this.#readRows())
  }

  #readRows(): Rows {
    const { rowCount, templates } = this.#parts
    const { plainRows } = templates
    const source = new ByteSource(this.#parts.readRows())
    const count = source.varint()
    const plainCount = source.varint()
    if (count !== this.#plain || plainCount !== plainRows)
      throw partCorrupt('a column has other templates than its part says')
    const places = readIndexes(source, rowCount, count, 'the template of a row')
    const plain = plainRows === 0 ? null : decodeColumn(source.u8(), source.takeRest(), plainRows)
    this.#checkCounts(places)
    return { places, plain }
  }

  #checkCounts(places: Uint32Array): void {
    const { rowCounts, plainRows } = this.#parts.templates
    const counts = new Uint32Array(this.#plain + 1)
    for (let row = 0; row < places.length; row++) counts[places[row]]++
    if (counts[this.#plain] !== plainRows) throw partCorrupt('a column has other rows without a template')
    for (let place = 0; place < this.#plain; place++)
      if (counts[place] !== rowCounts[place])
        throw partCorrupt('a template has other rows than its part says')
  }

  /** By row: how many rows before it have its template. */
  #ordinalsOfRows(): Uint32Array {
    if (this.#ordinals !== null) return this.#ordinals
    const { places } = this.#rowsRead()
    const next = new Uint32Array(this.#plain + 1)
    const ordinals = new Uint32Array(places.length)
    for (let row = 0; row < places.length; row++) ordinals[row] = next[places[row]]++
    this.#ordinals = ordinals
    return ordinals
  }
}

/** A template of the block for others; a block has thousands, of which most are not looked at. */
class SlotsOfTemplate implements TextTemplate {
  readonly text: Uint8Array
  readonly slots: ArrayLike<number>
  readonly rowCount: number
  readonly #facts: SlotFacts
  readonly #place: number
  readonly #rowsOf: (place: number) => TemplateRows
  readonly #decode: <T>(read: () => T) => T

  constructor(
    { text, slots }: Template,
    facts: SlotFacts,
    rowCount: number,
    place: number,
    rowsOf: (place: number) => TemplateRows,
    decode: <T>(read: () => T) => T,
  ) {
    this.text = text
    this.slots = slots
    this.rowCount = rowCount
    this.#facts = facts
    this.#place = place
    this.#rowsOf = rowsOf
    this.#decode = decode
  }

  /** Mostly the part knows it of all its blocks. */
  isDigits(slot: number): boolean {
    const { classes, lengthMin } = this.#facts
    if (classes[slot] === DIGIT && lengthMin[slot] > 0) return true
    return this.#decode(() => isDigits(this.#rowsOf(this.#place), slot))
  }

  values(slot: number): MaterializedColumn {
    return this.#decode(() => this.#rowsOf(this.#place).column(slot).materialize())
  }
}

/** Whole numbers below zero have a sign; of a column that may have some the numbers tell, and no text. */
function isDigits(rows: TemplateRows, slot: number): boolean {
  const bits = rows.bitsHeld(slot, DIGIT_BITS)
  if ((bits & OTHER_BIT) !== 0) return false
  if ((bits & MINUS_BIT) === 0) return true
  const numbers = rows.column(slot).numbers()
  return numbers !== null && numbers.min >= 0
}

/** The rows of the set: those of one place after those of another, each ascending. */
function inOrderOfPlaces({ words }: Bitset, places: Uint32Array, plain: number): Uint32Array {
  const next = new Uint32Array(plain + 2)
  for (let at = 0; at < words.length; at++)
    for (let left = words[at]; left !== 0; left &= left - 1)
      next[places[(at << 5) + 31 - Math.clz32(left & -left)] + 1]++
  for (let place = 0; place <= plain; place++) next[place + 1] += next[place]
  const rows = new Uint32Array(next[plain + 1])
  for (let at = 0; at < words.length; at++)
    for (let left = words[at]; left !== 0; left &= left - 1) {
      const row = (at << 5) + 31 - Math.clz32(left & -left)
      rows[next[places[row]]++] = row
    }
  return rows
}

/** Their rows, ascending; those without a template last. */
function rowsByPlace(places: Uint32Array, plain: number): Uint32Array[] {
  const ends = new Uint32Array(plain + 2)
  for (let row = 0; row < places.length; row++) ends[places[row] + 1]++
  for (let place = 0; place <= plain; place++) ends[place + 1] += ends[place]
  const firsts = ends.slice()
  const rows = new Uint32Array(places.length)
  for (let row = 0; row < places.length; row++) rows[ends[places[row]]++] = row
  return Array.from({ length: plain + 1 }, (_, place) => rows.subarray(firsts[place], ends[place]))
}

/** Texts one behind the other. */
class TextSink {
  readonly #starts: Uint32Array<ArrayBuffer>
  readonly #lengths: Uint32Array<ArrayBuffer>
  #data: Uint8Array<ArrayBuffer>
  #rows = 0
  #at = 0

  constructor(rowCount: number) {
    this.#starts = new Uint32Array(rowCount)
    this.#lengths = new Uint32Array(rowCount)
    this.#data = new Uint8Array(rowCount * VALUE_BYTES_USUAL)
  }

  add(bytes: Uint8Array, length: number): void {
    if (this.#at + length > this.#data.length) this.#data = larger(this.#data, this.#at + length)
    this.#data.set(bytes.subarray(0, length), this.#at)
    this.#starts[this.#rows] = this.#at
    this.#lengths[this.#rows++] = length
    this.#at += length
  }

  column(): MaterializedColumn {
    return { data: this.#data.subarray(0, this.#at), starts: this.#starts, lengths: this.#lengths }
  }
}

function larger(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(Math.max(needed, bytes.length * 2))
  more.set(bytes)
  return more
}
