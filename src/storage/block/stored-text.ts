/**
 * A column of text that lies in a block as templates: which row has which template, a column for each slot of each
 * template, and the rows that have none. A test is decided on the static text where that suffices; otherwise only
 * the piece of a row that the test can depend on is put together (template-match.ts).
 *
 * Slots are read and decoded when they are first needed, and kept as long as the block is.
 */
import type { Bitset } from '../../base/base.ts'
import type { ValueTest } from '../../record/record.ts'
import { ByteSource, partCorrupt } from '../columns/byte-source.ts'
import type { EncodedColumn, MaterializedColumn } from '../columns/encoding.ts'
import { decodeColumn } from '../columns/encodings.ts'
import { readIndexes } from '../columns/number-sequence.ts'
import type { Template } from '../template/template.ts'
import type { BlockTemplates } from './part-sections.ts'
import { ANSWER_ALL, ANSWER_NONE, type TemplateAnswers } from './template-answers.ts'

const SCRATCH_BYTES_MIN = 4096
const VALUE_BYTES_USUAL = 64

export interface StoredTextParts {
  readonly rowCount: number
  /** The string of the column: rows and their templates. */
  readonly bytes: Uint8Array
  readonly templates: BlockTemplates
  /** All templates of the part. */
  readonly list: readonly Template[]
  /** The string of a template's variables, by place. */
  readonly readSlots: (place: number) => Uint8Array
}

/** Whether a row of one template passes, by its place among the rows of the template. */
type RowTester = (ordinal: number) => boolean

export class StoredText {
  readonly rowCount: number
  readonly #parts: StoredTextParts
  /** By row: the place of its template; `#plain` where it has none. */
  readonly #places: Uint32Array
  readonly #plain: number
  readonly #plainColumn: EncodedColumn | null
  readonly #slots: (EncodedColumn[] | undefined)[] = []
  #ordinals: Uint32Array | null = null
  #materialized: MaterializedColumn | null = null
  /** What was found out for a test is kept: it may be asked again for other rows. */
  readonly #testers = new WeakMap<ValueTest, (RowTester | undefined)[]>()
  #scratch = new Uint8Array(SCRATCH_BYTES_MIN)

  /** PART_CORRUPT. */
  constructor(parts: StoredTextParts) {
    this.#parts = parts
    this.rowCount = parts.rowCount
    const { numbers, plainRows } = parts.templates
    const source = new ByteSource(parts.bytes)
    const count = source.varint()
    const plainCount = source.varint()
    if (count !== numbers.length || plainCount !== plainRows)
      throw partCorrupt('a column has other templates than its part says')
    this.#plain = count
    this.#places = readIndexes(source, parts.rowCount, count, 'the template of a row')
    this.#plainColumn = plainRows === 0 ? null : decodeColumn(source.u8(), source.takeRest(), plainRows)
    this.#checkCounts()
  }

  #checkCounts(): void {
    const { rowCounts, plainRows } = this.#parts.templates
    const counts = new Uint32Array(this.#plain + 1)
    const places = this.#places
    for (let row = 0; row < places.length; row++) counts[places[row]]++
    if (counts[this.#plain] !== plainRows) throw partCorrupt('a column has other rows without a template')
    for (let place = 0; place < this.#plain; place++)
      if (counts[place] !== rowCounts[place])
        throw partCorrupt('a template has other rows than its part says')
  }

  /** Takes the rows out that do not pass. */
  narrow(rows: Bitset, test: ValueTest, answers: TemplateAnswers): void {
    const places = this.#places
    const decided = this.#decide(answers)
    let needsRows = false
    for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
      const answer = decided[places[row]]
      if (answer === ANSWER_NONE) rows.unset(row)
      else if (answer !== ANSWER_ALL) needsRows = true
    }
    if (needsRows) this.#testRows(rows, test, answers, decided)
  }

  /** By place of a template: its answer; those without a template are always tested. */
  #decide(answers: TemplateAnswers): Uint8Array {
    const { numbers } = this.#parts.templates
    const decided = new Uint8Array(numbers.length + 1)
    for (let place = 0; place < numbers.length; place++) decided[place] = answers.answer(numbers[place])
    return decided
  }

  #testRows(rows: Bitset, test: ValueTest, answers: TemplateAnswers, decided: Uint8Array): void {
    const places = this.#places
    const ordinals = this.#ordinalsOfRows()
    let testers = this.#testers.get(test)
    if (testers === undefined) {
      testers = []
      this.#testers.set(test, testers)
    }
    for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
      const place = places[row]
      if (decided[place] === ANSWER_ALL) continue
      const tester = (testers[place] ??= this.#tester(place, test, answers))
      if (!tester(ordinals[row])) rows.unset(row)
    }
  }

  /** Tests rows of one template, by their place among its rows. */
  #tester(place: number, test: ValueTest, answers: TemplateAnswers): RowTester {
    if (place === this.#plain) return columnTester(this.#plainColumn!, test)
    const number = this.#parts.templates.numbers[place]
    const template = this.#parts.list[number]
    const { fromSegment, toSegment } = answers.windowOf(number)
    const columns = this.#slotsOf(place).slice(fromSegment, toSegment)
    if (columns.length === 1 && columns[0].dictionary !== null)
      return this.#dictionaryTester(template, fromSegment, columns[0], test)
    const values = columns.map((column) => column.materialize())
    return (ordinal) => {
      const end = this.#render(template, fromSegment, values, ordinal)
      return test.test(this.#scratch, 0, end)
    }
  }

  #dictionaryTester(
    template: Template,
    segment: number,
    column: EncodedColumn,
    test: ValueTest,
  ): (ordinal: number) => boolean {
    const codes = column.dictionary!.codes()
    const passes = Uint8Array.from(column.dictionary!.values(), (value) => {
      const whole = { data: value, starts: Uint32Array.of(0), lengths: Uint32Array.of(value.length) }
      const end = this.#render(template, segment, [whole], 0)
      return test.test(this.#scratch, 0, end) ? 1 : 0
    })
    return (ordinal) => passes[codes[ordinal]] === 1
  }

  /**
   * Puts together the text from the beginning of a segment to the end of the one behind the last slot that is given.
   * Answers where it ends in the scratch memory.
   */
  #render(
    { text, slots }: Template,
    fromSegment: number,
    values: readonly MaterializedColumn[],
    ordinal: number,
  ): number {
    let at = 0
    let segment = fromSegment
    for (;;) {
      const textFrom = segment === 0 ? 0 : slots[segment - 1]
      const textEnd = segment === slots.length ? text.length : slots[segment]
      const slot = segment - fromSegment
      const value = slot < values.length ? values[slot] : null
      const length = value === null ? 0 : value.lengths[ordinal]
      const needed = at + textEnd - textFrom + length
      if (needed > this.#scratch.length) this.#growScratch(needed)
      const scratch = this.#scratch
      for (let from = textFrom; from < textEnd; from++) scratch[at++] = text[from]
      if (value === null) return at
      at = copyInto(scratch, at, value, ordinal)
      segment++
    }
  }

  #growScratch(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#scratch.length * 2))
    larger.set(this.#scratch)
    this.#scratch = larger
  }

  /** The text of one row, in memory of its own. */
  valueOf(row: number): Uint8Array {
    const place = this.#places[row]
    const ordinal = this.#ordinalsOfRows()[row]
    if (place === this.#plain) {
      const { data, starts, lengths } = this.#plainColumn!.materialize()
      return data.slice(starts[ordinal], starts[ordinal] + lengths[ordinal])
    }
    const template = this.#parts.list[this.#parts.templates.numbers[place]]
    const values = this.#slotsOf(place).map((column) => column.materialize())
    const end = this.#render(template, 0, values, ordinal)
    return this.#scratch.slice(0, end)
  }

  /** All rows. */
  materialize(): MaterializedColumn {
    this.#materialized ??= this.#materialize()
    return this.#materialized
  }

  #materialize(): MaterializedColumn {
    const { numbers } = this.#parts.templates
    const { list } = this.#parts
    const places = this.#places
    const ordinals = this.#ordinalsOfRows()
    const values = Array.from(numbers, (_, place) =>
      this.#slotsOf(place).map((column) => column.materialize()),
    )
    const plain = this.#plainColumn?.materialize() ?? null
    const starts = new Uint32Array(places.length)
    const lengths = new Uint32Array(places.length)
    let data = new Uint8Array(places.length * VALUE_BYTES_USUAL)
    let at = 0
    for (let row = 0; row < places.length; row++) {
      const place = places[row]
      starts[row] = at
      if (place === this.#plain) {
        const from = plain!.starts[ordinals[row]]
        const length = plain!.lengths[ordinals[row]]
        if (at + length > data.length) data = larger(data, at + length)
        data.set(plain!.data.subarray(from, from + length), at)
        at += length
      } else {
        const end = this.#render(list[numbers[place]], 0, values[place], ordinals[row])
        if (at + end > data.length) data = larger(data, at + end)
        data.set(this.#scratch.subarray(0, end), at)
        at += end
      }
      lengths[row] = at - starts[row]
    }
    return { data: data.subarray(0, at), starts, lengths }
  }

  // ---- for merging --------------------------------------------------------------------------------------------

  /** By row: the place of its template; the number of templates where it has none. */
  get places(): Uint32Array {
    return this.#places
  }

  /** The values of each slot of a template, over its rows. */
  slotValues(place: number): MaterializedColumn[] {
    return this.#slotsOf(place).map((column) => column.materialize())
  }

  /** The rows without a template; null where there are none. */
  plainValues(): MaterializedColumn | null {
    return this.#plainColumn?.materialize() ?? null
  }

  #slotsOf(place: number): EncodedColumn[] {
    return (this.#slots[place] ??= this.#readSlots(place))
  }

  #readSlots(place: number): EncodedColumn[] {
    const { numbers, rowCounts } = this.#parts.templates
    const count = this.#parts.list[numbers[place]].slots.length
    if (count === 0) return []
    const source = new ByteSource(this.#parts.readSlots(place))
    const columns: EncodedColumn[] = []
    for (let slot = 0; slot < count; slot++) {
      const length = source.varintUpTo(source.remaining, 'a column')
      if (length === 0) throw partCorrupt('a column without an encoding')
      const bytes = source.take(length)
      columns.push(decodeColumn(bytes[0], bytes.subarray(1), rowCounts[place]))
    }
    source.expectEnd()
    return columns
  }

  /** By row: how many rows before it have its template. */
  #ordinalsOfRows(): Uint32Array {
    if (this.#ordinals !== null) return this.#ordinals
    const places = this.#places
    const next = new Uint32Array(this.#plain + 1)
    const ordinals = new Uint32Array(places.length)
    for (let row = 0; row < places.length; row++) ordinals[row] = next[places[row]]++
    this.#ordinals = ordinals
    return ordinals
  }
}

/** Tests values of an encoded column by their row in it: once a distinct value where it has a dictionary. */
export function columnTester(column: EncodedColumn, test: ValueTest): (row: number) => boolean {
  const { dictionary } = column
  if (dictionary !== null) {
    const codes = dictionary.codes()
    const passes = Uint8Array.from(dictionary.values(), (value) =>
      test.test(value, 0, value.length) ? 1 : 0,
    )
    return (row) => passes[codes[row]] === 1
  }
  const { data, starts, lengths } = column.materialize()
  return (row) => test.test(data, starts[row], starts[row] + lengths[row])
}

function copyInto(
  target: Uint8Array,
  at: number,
  { data, starts, lengths }: MaterializedColumn,
  row: number,
): number {
  const start = starts[row]
  const length = lengths[row]
  if (length > VALUE_BYTES_USUAL) {
    target.set(data.subarray(start, start + length), at)
    return at + length
  }
  for (let index = 0; index < length; index++) target[at + index] = data[start + index]
  return at + length
}

function larger(bytes: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  const more = new Uint8Array(Math.max(needed, bytes.length * 2))
  more.set(bytes)
  return more
}
