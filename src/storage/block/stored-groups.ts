/**
 * The rows of a stored block by what they hold, out of what is stored: a field that has one value is known from the
 * facts, one with a dictionary from its codes, and which fields a row has from its layout. No value of a row is put
 * together.
 *
 * Counts of whole blocks go by place, so that those of a field that some rows lack need no layouts.
 */
import {
  countsByGroup,
  countsOfRuns,
  oneGroup,
  type RowGroups,
  type RowLayout,
  type RowRuns,
} from '../../record/record.ts'
import type { EncodedColumn } from '../columns/encoding.ts'
import type { FieldFacts } from './block-facts.ts'
import { FORM_TEMPLATES } from './block-layout.ts'

const NOTHING = new Uint8Array(0)

/** A field of a block, with what may have to be read. */
export interface FieldToGroup {
  readonly rowCount: number
  readonly facts: FieldFacts
  readonly column: () => EncodedColumn
  /** The rows that have it, ascending; null: all. */
  readonly rows: () => Uint32Array | null
}

/** Null where the field is stored without its distinct values. */
export function groupsOfField(field: FieldToGroup): RowGroups<Uint8Array> | null {
  const { facts, rowCount } = field
  if (facts.form === FORM_TEMPLATES) return null
  if (facts.values?.length === 1)
    return groupsByPlace(field, facts.values, () => new Uint32Array(facts.rows), facts.rows === rowCount)
  const { dictionary } = field.column()
  return dictionary === null
    ? null
    : groupsByPlace(
        field,
        dictionary.values(),
        () => dictionary.codes(),
        false,
        () => dictionary.runs(),
      )
}

/** `codes` by place. */
function groupsByPlace(
  { rowCount, facts, rows }: FieldToGroup,
  values: readonly Uint8Array[],
  codes: () => Uint32Array,
  isOne: boolean,
  codeRuns: () => RowRuns | null = () => null,
): RowGroups<Uint8Array> {
  if (isOne) return oneGroup(values[0], rowCount)
  const isSparse = facts.rows < rowCount
  const held = isSparse ? [...values, NOTHING] : values
  return {
    held,
    rowCounts: () => {
      if (values.length === 1) return Uint32Array.of(facts.rows, rowCount - facts.rows)
      const runs = codeRuns()
      const counts = runs === null ? countsByGroup(codes(), held.length) : countsOfRuns(runs, held.length)
      if (isSparse) counts[values.length] = rowCount - facts.rows
      return counts
    },
    ofRow: () => (isSparse ? spread(codes(), rows(), rowCount, values.length) : codes()),
    runs: () => (isSparse ? null : codeRuns()),
  }
}

/** Codes by place as codes by row; the other rows have `others`. */
function spread(codes: Uint32Array, rows: Uint32Array | null, rowCount: number, others: number): Uint32Array {
  if (rows === null) return codes
  const ofRow = new Uint32Array(rowCount).fill(others)
  for (let place = 0; place < rows.length; place++) ofRow[rows[place]] = codes[place]
  return ofRow
}

/** `layouts`: of each field its number times 2, plus 1 where it is a stream field. */
export function groupsOfLayouts(
  layouts: readonly (readonly number[])[],
  ofRow: Uint32Array,
  nameOf: (field: number) => string,
): RowGroups<RowLayout> {
  const held = layouts.map((layout) =>
    layout.map((entry) => ({ name: nameOf(entry >> 1), isStream: (entry & 1) === 1 })),
  )
  if (held.length === 1) return oneGroup(held[0], ofRow.length)
  return { held, rowCounts: () => countsByGroup(ofRow, held.length), ofRow: () => ofRow }
}

/** Groups of some of the rows. `rows` ascend. */
export function groupsOfSelected<T>(groups: RowGroups<T>, rows: Uint32Array): RowGroups<T> {
  const selected = (): Uint32Array | null => {
    const ofRow = groups.ofRow()
    return ofRow === null ? null : Uint32Array.from(rows, (row) => ofRow[row])
  }
  return {
    held: groups.held,
    rowCounts: () => {
      const ofRow = selected()
      if (ofRow !== null) return countsByGroup(ofRow, groups.held.length)
      const counts = new Uint32Array(groups.held.length)
      counts[0] = rows.length
      return counts
    },
    ofRow: selected,
  }
}

/** The same, where reading may fail: `decode` names the file in the errors. */
export function decodingGroups<T>(groups: RowGroups<T>, decode: <R>(read: () => R) => R): RowGroups<T> {
  return {
    held: groups.held,
    rowCounts: () => decode(() => groups.rowCounts()),
    ofRow: () => decode(() => groups.ofRow()),
    runs: () => decode(() => groups.runs?.() ?? null),
  }
}
