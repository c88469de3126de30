/**
 * `facets N`: the N most frequent values of each field. Fields with more than `max_values_per_field` values, or with one
 * that is longer than `max_value_len` bytes, are left out, and so are those that have one value in all rows, unless
 * `keep_const_fields` is there. `_id` is never there: no two records have the same.
 */
import type { TextTemplate } from '../../record/record.ts'
import type { Pipe } from '../ast.ts'
import type { TextGroups } from '../batches/batch-column.ts'
import { sliceOf } from '../batches/batch-slices.ts'
import { EVERY_FIELD, withoutFields } from '../batches/fields-wanted.ts'
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { ID_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { encodeText } from '../values/text.ts'
import { compareKeysExactly, valueKey } from '../values/value-order.ts'
import type { Gatherer, PipeKind } from './kind.ts'
import { parseCountIfAny } from './order-parts.ts'
import { parseWholeNumber } from './parts.ts'

export interface FacetsPipe extends Pipe {
  readonly kind: 'facets'
  /** Values of each field. */
  readonly values: number
  readonly maxValuesPerField: number
  readonly maxValueLen: number
  readonly keepsConstFields: boolean
}

const VALUES_DEFAULT = 10
const MAX_VALUES_PER_FIELD_DEFAULT = 1000
const MAX_VALUE_LEN_DEFAULT = 128

export const facetsPipe: PipeKind<FacetsPipe> = {
  kind: 'facets',
  names: ['facets'],
  summary: 'the N most frequent values of each field with their `hits`, 10 where N is left out',
  examples: ['error | facets', '* | facets 5 max_values_per_field 10000 max_value_len 200 keep_const_fields'],
  isLive: false,
  parse: parseFacets,
  print({ values, maxValuesPerField, maxValueLen, keepsConstFields }) {
    return [
      'facets',
      ...(values === VALUES_DEFAULT ? [] : [values]),
      ...(maxValuesPerField === MAX_VALUES_PER_FIELD_DEFAULT
        ? []
        : ['max_values_per_field', maxValuesPerField]),
      ...(maxValueLen === MAX_VALUE_LEN_DEFAULT ? [] : ['max_value_len', maxValueLen]),
      ...(keepsConstFields ? ['keep_const_fields'] : []),
    ].join(' ')
  },
  wants: () => withoutFields(EVERY_FIELD, [ID_FIELD]),
  leaves: () => ['field_name', 'field_value', 'hits'],
  bindGather: (pipe, { memory }) => new FacetGatherer(pipe, memory),
}

function parseFacets(parser: FilterParser): FacetsPipe {
  const { reader } = parser
  const values = parseCountIfAny(parser, 'a number of values') ?? VALUES_DEFAULT
  let maxValuesPerField: number | null = null
  let maxValueLen: number | null = null
  let keepsConstFields = false
  for (;;) {
    if (reader.takeWordOnce('max_values_per_field', maxValuesPerField !== null))
      maxValuesPerField = parseWholeNumber(parser, 'a number of values')
    else if (reader.takeWordOnce('max_value_len', maxValueLen !== null))
      maxValueLen = parseWholeNumber(parser, 'a number of bytes')
    else if (reader.takeWordOnce('keep_const_fields', keepsConstFields)) keepsConstFields = true
    else break
  }
  return {
    kind: 'facets',
    values,
    maxValuesPerField: maxValuesPerField ?? MAX_VALUES_PER_FIELD_DEFAULT,
    maxValueLen: maxValueLen ?? MAX_VALUE_LEN_DEFAULT,
    keepsConstFields,
  }
}

// ---- gathering ----------------------------------------------------------------------------------------------

/** Values of one field with their hits; null where it is left out. */
type FieldHits = Map<string, number> | null

/** Plain data. */
interface FacetState {
  readonly rowCount: number
  readonly fields: ReadonlyMap<string, FieldHits>
}

const VALUE_BYTES = 64
/** Rows that are read at once of a field without groups: most such fields are left out soon. */
const SLICE_ROWS = 2048

class FacetGatherer implements Gatherer {
  readonly #pipe: FacetsPipe
  readonly #memory: MemoryShare
  readonly #fields = new Map<string, FieldHits>()
  #rowCount = 0

  constructor(pipe: FacetsPipe, memory: MemoryShare) {
    this.#pipe = pipe
    this.#memory = memory
  }

  add(batch: RowBatch): void {
    const read = batch.names.flatMap((name) => {
      const isLeft = name !== ID_FIELD && this.#fields.get(name) !== null
      return isLeft ? [[name, this.#read(batch, name)] as const] : []
    })
    this.#rowCount += batch.rowCount
    for (const [name, hits] of read) this.#count(name, hits)
  }

  /** Values of the batch; null where there are too many, or too long ones. */
  #read(batch: RowBatch, name: string): FieldHits {
    const column = batch.column(name)
    const groups = column?.groups() ?? null
    if (groups !== null) return this.#readGroups(groups, batch.rowCount)
    const templates = column?.templates?.()?.templates ?? []
    if (templates.some((template) => this.#areTooLong(template))) return null
    return this.#readTexts(batch, name)
  }

  /** The texts of a template are as long as what they have in common at least. */
  #areTooLong({ rowCount, text }: TextTemplate): boolean {
    return rowCount > 0 && text.length > this.#pipe.maxValueLen
  }

  #readGroups(groups: TextGroups, rowCount: number): FieldHits {
    const counts = countsOf(groups, rowCount)
    const hits = new Map<string, number>()
    for (const [group, text] of groups.texts.entries()) {
      if (counts[group] === 0 || text === '') continue
      hits.set(text, (hits.get(text) ?? 0) + counts[group])
      if (!this.#isAllowed(text, hits.size)) return null
    }
    return hits
  }

  #readTexts(batch: RowBatch, name: string): FieldHits {
    const hits = new Map<string, number>()
    const column = new RowBatch(batch.rowCount, new Map([[name, batch.column(name)!]]))
    for (let from = 0; from < batch.rowCount; from += SLICE_ROWS) {
      const slice = sliceOf(column, from, Math.min(batch.rowCount, from + SLICE_ROWS))
      for (const text of slice.texts(name)) {
        if (text === '') continue
        const known = hits.get(text)
        hits.set(text, (known ?? 0) + 1)
        if (known === undefined && !this.#isAllowed(text, hits.size)) return null
      }
    }
    return hits
  }

  #isAllowed(text: string, valueCount: number): boolean {
    const { maxValueLen, maxValuesPerField } = this.#pipe
    return valueCount <= maxValuesPerField && !isLongerThan(text, maxValueLen)
  }

  #count(name: string, added: FieldHits): void {
    let hits = this.#fields.get(name)
    if (hits === undefined) {
      this.#memory.charge(textBytes(name) + VALUE_BYTES)
      hits = new Map()
      this.#fields.set(name, hits)
    }
    if (hits === null) return
    for (const [text, count] of added ?? []) {
      const known = hits.get(text)
      if (known === undefined) this.#memory.charge(textBytes(text) + VALUE_BYTES)
      hits.set(text, (known ?? 0) + count)
    }
    if (added === null || hits.size > this.#pipe.maxValuesPerField) this.#leaveOut(name, hits)
  }

  #leaveOut(name: string, hits: ReadonlyMap<string, number>): void {
    for (const text of hits.keys()) this.#memory.give(textBytes(text) + VALUE_BYTES)
    this.#fields.set(name, null)
  }

  take(): FacetState {
    return { rowCount: this.#rowCount, fields: this.#fields }
  }

  merge(state: unknown): void {
    const { rowCount, fields } = state as FacetState
    this.#rowCount += rowCount
    for (const [name, hits] of fields) this.#count(name, hits)
  }

  *rows(): Generator<RowBatch> {
    for (const [name, hits] of [...this.#fields].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (hits === null || hits.size === 0 || this.#isConst(hits)) continue
      const values = mostFrequent(hits, this.#pipe.values)
      if (values.length === 0) continue
      yield RowBatch.of({
        field_name: values.map(() => name),
        field_value: values.map(([text]) => text),
        hits: values.map(([, count]) => String(count)),
      })
    }
  }

  #isConst(hits: ReadonlyMap<string, number>): boolean {
    if (this.#pipe.keepsConstFields || hits.size > 1) return false
    const [count] = hits.values()
    return count === this.#rowCount
  }
}

function countsOf(groups: TextGroups, rowCount: number): Uint32Array {
  if (groups.rowCounts !== undefined) return groups.rowCounts()
  const counts = new Uint32Array(groups.texts.length)
  const { ofRow } = groups
  if (ofRow === null) counts[0] = rowCount
  else for (let row = 0; row < ofRow.length; row++) counts[ofRow[row]]++
  return counts
}

const BYTES_A_UNIT_MAX = 3

function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true
  return text.length * BYTES_A_UNIT_MAX > bytes && encodeText(text).length > bytes
}

function mostFrequent(hits: ReadonlyMap<string, number>, limit: number): [string, number][] {
  return [...hits]
    .map(([text, count]) => ({ text, count, key: valueKey(text) }))
    .sort((a, b) => b.count - a.count || compareKeysExactly(a.key, b.key))
    .slice(0, limit)
    .map(({ text, count }) => [text, count])
}
