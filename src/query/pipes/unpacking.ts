/**
 * What pipes have in common that read fields out of a text: `unpack_json`, `unpack_logfmt`, `unpack_syslog`. They set
 * the fields that they find; `result_prefix` stands before each name, `keep_original_fields` leaves fields alone that
 * are not empty, `skip_empty_results` those that would become empty. A field that the list in `fields (…)` names and the
 * text does not have becomes empty.
 */
import { FIELD_STRING } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { type FieldPattern, type FieldsWanted, matchesPattern, withFields } from '../batches/fields-wanted.ts'
import type { MemoryShare } from '../batches/memory-share.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { NamedTexts } from '../values/named-texts.ts'
import type { BatchMap, PipeContext } from './kind.ts'
import {
  bindIf,
  fieldsOfIf,
  parseFieldName,
  parseFieldPatternsInGroup,
  parseIf,
  printFieldAfter,
  printFieldPatterns,
  printIf,
} from './parts.ts'

export interface Unpacking {
  readonly filter: Filter | null
  readonly from: string
  /** Empty: all. */
  readonly fields: readonly FieldPattern[]
  readonly prefix: string
  readonly keeps: Keeps
}

/** What is not overwritten. */
export type Keeps = 'nothing' | 'originals' | 'from-empty'

const FIELDS = 'fields'
const PREFIX = 'result_prefix'
const KEEP_WORDS: ReadonlyMap<string, Keeps> = new Map([
  ['keep_original_fields', 'originals'],
  ['skip_empty_results', 'from-empty'],
])

// ---- text -----------------------------------------------------------------------------------------------------

/** `if (…) from f`; the name may stand without `from` where it is none of the words that may follow, `words` included. */
export function parseFrom(
  parser: FilterParser,
  ...words: readonly string[]
): Pick<Unpacking, 'filter' | 'from'> {
  const { reader } = parser
  const filter = parseIf(parser)
  const ends = [FIELDS, PREFIX, ...KEEP_WORDS.keys(), ...words]
  const hasName =
    reader.takeWord('from') || !(reader.isAtEndOfPart() || ends.some((word) => reader.isWord(word)))
  return {
    filter,
    from: hasName ? parseFieldName(parser, 'the name of a field after `from`') : MESSAGE_FIELD,
  }
}

/** `fields (…)`; empty where it does not stand here. */
function parseUnpackedFields(parser: FilterParser): FieldPattern[] {
  const { reader } = parser
  if (!reader.takeWord(FIELDS)) return []
  const fields = parseFieldPatternsInGroup(parser, 'after `fields`')
  if (fields.length === 0) throw reader.problem('no field is named between `(` and `)`')
  return fields
}

/** `result_prefix p keep_original_fields`. */
export function parseResults(
  { reader }: FilterParser,
  ...keepWords: readonly string[]
): Pick<Unpacking, 'prefix' | 'keeps'> {
  const hasPrefix = reader.takeWord(PREFIX)
  const prefix = hasPrefix ? reader.expectPhrase(`a text after \`${PREFIX}\``, { colon: true }).text : ''
  const word = keepWords.find((each) => reader.takeWord(each))
  return { prefix, keeps: word === undefined ? 'nothing' : KEEP_WORDS.get(word)! }
}

/** All of them. What begins with one of `words` may stand before or behind the list of fields: `parseOwn` reads it. */
export function parseUnpacking(
  parser: FilterParser,
  words: readonly string[] = [],
  parseOwn: () => void = () => {},
): Unpacking {
  const source = parseFrom(parser, ...words)
  parseOwn()
  const fields = parseUnpackedFields(parser)
  parseOwn()
  return { ...source, fields, ...parseResults(parser, ...KEEP_WORDS.keys()) }
}

/** With a space before it; `middle` stands behind the field that is unpacked. */
export function printUnpacking(unpacking: Unpacking, printer: FilterPrinter, middle = ''): string {
  const { filter, from, fields, prefix, keeps } = unpacking
  const list = fields.length === 0 ? '' : ` ${FIELDS} (${printFieldPatterns(fields, printer)})`
  const start = `${printIf(filter, printer)}${printFieldAfter('from', from, printer)}${middle}${list}`
  const keepWord = [...KEEP_WORDS].find(([, each]) => each === keeps)?.[0]
  return `${start}${prefix === '' ? '' : ` ${PREFIX} ${printer.phrase(prefix)}`}${keepWord === undefined ? '' : ` ${keepWord}`}`
}

// ---- fields ---------------------------------------------------------------------------------------------------

/** A row keeps fields that its text does not have, so all that is wanted behind it is wanted before it. */
export function wantsOfUnpacking({ filter, from }: Unpacking, after: FieldsWanted): FieldsWanted {
  return withFields(after, [from, ...fieldsOfIf(filter)])
}

/** Known where the list names all of them. */
export function leavesOfUnpacking(
  { fields, prefix }: Unpacking,
  entering: readonly string[] | null,
): readonly string[] | null {
  if (entering === null || fields.length === 0 || fields.some(({ isPrefix }) => isPrefix)) return null
  return [...new Set([...entering, ...fields.map(({ name }) => prefix + name)])]
}

// ---- rows -----------------------------------------------------------------------------------------------------

/** `read` says what is in a text that is not empty; null where it is nothing of the kind, so that the row stays as it is. */
export function bindUnpacking(
  unpacking: Unpacking,
  context: PipeContext,
  read: (text: string) => NamedTexts | null,
): BatchMap {
  const rowsOf = bindIf(unpacking.filter, context)
  const choose = bindChoice(unpacking.fields)
  const readChosen = (text: string): NamedTexts | null => {
    const found = text === '' ? null : read(text)
    return found === null ? null : choose(found)
  }
  return (batch) => {
    const rows = rowsOf(batch)
    if (rows?.length === 0 || batch.column(unpacking.from) === null) return batch
    const target = new UnpackedRows(batch, unpacking, context.memory)
    readRows(batch, unpacking.from, rows, readChosen, target)
    return target.batch()
  }
}

/** Of all that was found what the list names, and as empty what it names and was not found. */
function bindChoice(fields: readonly FieldPattern[]): (found: NamedTexts) => NamedTexts {
  if (fields.length === 0) return (found) => found
  const names = [...new Set(fields.filter(({ isPrefix }) => !isPrefix).map(({ name }) => name))]
  const places = new Map(names.map((name, at) => [name, at]))
  const prefixes = fields.filter(({ isPrefix }) => isPrefix)
  return (found) => {
    const chosen: NamedTexts = { names: [...names], texts: names.map(() => '') }
    for (let at = 0; at < found.names.length; at++) {
      const name = found.names[at]
      const place = places.get(name === '' ? MESSAGE_FIELD : name)
      if (place !== undefined) chosen.texts[place] = found.texts[at]
      else if (prefixes.some((prefix) => matchesPattern(name, prefix))) {
        chosen.names.push(name)
        chosen.texts.push(found.texts[at])
      }
    }
    return chosen
  }
}

/** Equal texts in a row, and those of a column that knows its texts, are read once. */
function readRows(
  batch: RowBatch,
  field: string,
  rows: Uint32Array | null,
  read: (text: string) => NamedTexts | null,
  target: UnpackedRows,
): void {
  const groups = batch.column(field)?.groups() ?? null
  const texts = groups === null ? batch.texts(field) : groups.texts
  const ofRow = groups === null ? null : groups.ofRow
  const isOne = groups !== null && ofRow === null
  const ofGroup: (NamedTexts | null | undefined)[] = []
  const count = rows?.length ?? batch.rowCount
  let lastText: string | null = null
  let last: NamedTexts | null = null
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    const group = ofRow === null ? (isOne ? 0 : row) : ofRow[row]
    if (texts[group] !== lastText) {
      lastText = texts[group]
      if (groups !== null && ofGroup[group] === undefined) ofGroup[group] = read(lastText)
      last = groups === null ? read(lastText) : (ofGroup[group] ?? null)
    }
    if (last !== null) target.set(row, last)
  }
}

interface UnpackedField {
  readonly originals: readonly string[]
  readonly texts: string[]
  readonly kinds: Uint8Array | null
}

const BYTES_A_ROW = 8

/** Columns that are written row by row. */
class UnpackedRows {
  readonly #batch: RowBatch
  readonly #prefix: string
  readonly #keeps: Keeps
  readonly #memory: MemoryShare
  /** By the name of the field that they become. */
  readonly #fields = new Map<string, UnpackedField>()
  /** What stood in each place of the row before: most rows have the same fields in the same order. */
  readonly #lastNames: string[] = []
  readonly #lastFields: UnpackedField[] = []
  #bytes = 0

  constructor(batch: RowBatch, { prefix, keeps }: Unpacking, memory: MemoryShare) {
    this.#batch = batch
    this.#prefix = prefix
    this.#keeps = keeps
    this.#memory = memory
  }

  set(row: number, { names, texts }: NamedTexts): void {
    for (let place = 0; place < names.length; place++) {
      if (this.#lastNames[place] !== names[place]) {
        this.#lastNames[place] = names[place]
        this.#lastFields[place] = this.#fieldOf(names[place])
      }
      this.#setText(this.#lastFields[place], row, texts[place])
    }
  }

  #setText({ texts, originals, kinds }: UnpackedField, row: number, text: string): void {
    if (this.#keeps === 'originals' && originals[row] !== '') return
    if (this.#keeps === 'from-empty' && text === '') return
    texts[row] = text
    if (kinds !== null) kinds[row] = FIELD_STRING
  }

  #fieldOf(name: string): UnpackedField {
    const full = this.#prefix + name || MESSAGE_FIELD
    let field = this.#fields.get(full)
    if (field === undefined) {
      field = this.#open(full)
      this.#fields.set(full, field)
    }
    return field
  }

  /** One hostile text may have thousands of names, each of which becomes a column. */
  #open(name: string): UnpackedField {
    const bytes = BYTES_A_ROW * this.#batch.rowCount + 2 * name.length
    this.#bytes += bytes
    this.#memory.charge(bytes)
    const originals = this.#batch.texts(name)
    const kinds = this.#batch.column(name)?.kinds()?.slice() ?? null
    return { originals, texts: originals.slice(), kinds }
  }

  batch(): RowBatch {
    const columns = new Map(this.#batch.columns)
    for (const [name, { texts, kinds }] of this.#fields) columns.set(name, new TextColumn(texts, kinds))
    this.#memory.give(this.#bytes)
    return this.#batch.withColumns(columns)
  }
}
