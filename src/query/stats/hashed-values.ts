/** Hashes of the values of a column: once a value where the column knows which rows have the same. */
import type { Column } from '../../record/record.ts'
import type { BatchColumn, StoredValues } from '../batches/batch-column.ts'
import { hashedTemplates } from './template-hashes.ts'
import { HASH_WORDS, type HashedValues, type ValueHasher } from './value-hash.ts'

export function hashedValues(column: BatchColumn | null, hasher: ValueHasher): HashedValues {
  if (column === null) return hashedTexts([''], null, hasher)
  const groups = column.groups()
  if (groups !== null) return hashedTexts(groups.texts, groups.ofRow, hasher)
  const templates = column.templates?.() ?? null
  if (templates !== null) return hashedTemplates(templates, hasher)
  const stored = column.stored?.() ?? null
  return stored === null ? hashedTexts(column.texts(), null, hasher) : hashedBytes(stored, hasher)
}

function hashedTexts(texts: readonly string[], ofRow: Uint32Array | null, hasher: ValueHasher): HashedValues {
  const words = new Uint32Array(texts.length * HASH_WORDS)
  const isFilled = new Uint8Array(texts.length)
  for (let value = 0; value < texts.length; value++) {
    if (texts[value] === '') continue
    isFilled[value] = 1
    hasher.hashText(texts[value], words, value * HASH_WORDS)
  }
  return { count: texts.length, words, isFilled, ofRow }
}

function hashedBytes({ column, rows }: StoredValues, hasher: ValueHasher): HashedValues {
  if (column === null) return hashedTexts([''], null, hasher)
  const { data, starts, lengths }: Column = column
  const count = rows?.length ?? starts.length
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const words = new Uint32Array(count * HASH_WORDS)
  const isFilled = new Uint8Array(count)
  for (let at = 0; at < count; at++) {
    const row = rows === null ? at : rows[at]
    const length = lengths[row]
    if (length === 0) continue
    isFilled[at] = 1
    hasher.hashBytes(view, starts[row], length, words, at * HASH_WORDS)
  }
  return { count, words, isFilled, ofRow: null }
}

/** The tuples of several columns, one a row: filled where one of its values is. */
export function hashedTuples(
  columns: readonly HashedValues[],
  rowCount: number,
  hasher: ValueHasher,
): HashedValues {
  const words = new Uint32Array(rowCount * HASH_WORDS)
  const isFilled = new Uint8Array(rowCount)
  const tuple = new Uint32Array(columns.length * HASH_WORDS)
  const view = new DataView(tuple.buffer)
  for (let row = 0; row < rowCount; row++) {
    for (let at = 0; at < columns.length; at++) {
      const { count, ofRow, words: own, isFilled: has } = columns[at]
      const value = ofRow === null ? (count === 1 ? 0 : row) : ofRow[row]
      isFilled[row] |= has[value]
      for (let word = 0; word < HASH_WORDS; word++) {
        tuple[at * HASH_WORDS + word] = own[value * HASH_WORDS + word]
      }
    }
    hasher.hashBytes(view, 0, tuple.byteLength, words, row * HASH_WORDS)
  }
  return { count: rowCount, words, isFilled, ofRow: null }
}
