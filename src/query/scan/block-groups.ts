/**
 * Rows of any block in groups by what they hold: as the block keeps them, or else found out row by row. What is found
 * out takes no more memory than the block itself.
 */
import type { Bitset } from '../../base/base.ts'
import {
  type Block,
  type Column,
  countsByGroup,
  countsOfRuns,
  type LayoutField,
  levelValue,
  oneGroup,
  RECORD_FLAG_LEVEL_UPPER,
  type RowGroups,
  type RowLayout,
  type RowRuns,
  spreadRuns,
} from '../../record/record.ts'
import { LEVEL_FIELD, levelText, storedFieldOf } from '../special-fields.ts'
import { encodeText } from '../values/text.ts'
import { BlockView } from './block-view.ts'
import { keyOf } from './value-counter.ts'

const NOTHING = new Uint8Array(0)

/** By the value of a field, where that is known without looking at values row by row; else null. */
export function keptGroups(block: Block, field: string): RowGroups<Uint8Array> | null {
  if (field === LEVEL_FIELD) return levelGroups(block)
  const stored = storedFieldOf(field)
  return stored === undefined ? null : (block.valueGroups?.(stored) ?? null)
}

/** By the value of a field. */
export function valueGroups(block: Block, field: string): RowGroups<Uint8Array> {
  return keptGroups(block, field) ?? groupsOfColumn(new BlockView(block).column(field), block.rowCount)
}

/** How many rows of each group are among `rows`; null: all rows. */
export function countsAmong<T>(groups: RowGroups<T>, rows: Bitset | null): Uint32Array {
  if (rows === null) return groups.rowCounts()
  const ofRow = groups.ofRow()
  const counts = new Uint32Array(groups.held.length)
  if (ofRow === null) counts[0] = rows.count()
  else for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) counts[ofRow[row]]++
  return counts
}

function groupsOfColumn(column: Column | null, rowCount: number): RowGroups<Uint8Array> {
  if (column === null) return oneGroup(NOTHING, rowCount)
  const { data, starts, lengths } = column
  const numbers = new Map<string, number>()
  const held: Uint8Array[] = []
  const ofRow = new Uint32Array(rowCount)
  let start = -1
  let length = -1
  let number = 0
  for (let row = 0; row < rowCount; row++) {
    if (starts[row] !== start || lengths[row] !== length) {
      start = starts[row]
      length = lengths[row]
      const key = keyOf(data, start, start + length)
      number = numbers.get(key) ?? -1
      if (number < 0) {
        number = held.push(new Uint8Array(data.subarray(start, start + length))) - 1
        numbers.set(key, number)
      }
    }
    ofRow[row] = number
  }
  return groupsOf(held, ofRow)
}

function groupsOf<T>(held: readonly T[], ofRow: Uint32Array): RowGroups<T> {
  return { held, rowCounts: () => countsByGroup(ofRow, held.length), ofRow: () => ofRow }
}

// ---- level --------------------------------------------------------------------------------------------------

const LEVEL_UPPER = RECORD_FLAG_LEVEL_UPPER
/** Severities are bytes, each in two spellings. */
const LEVELS_MAX = 512

/** Null where some row has a word of its own. */
function levelGroups(block: Block): RowGroups<Uint8Array> | null {
  const runs = block.levelRuns?.() ?? null
  return runs === null ? levelGroupsByRow(block) : levelGroupsOfRuns(runs)
}

function levelGroupsOfRuns({ groups, ends }: RowRuns): RowGroups<Uint8Array> {
  const numbers = new Uint32Array(LEVELS_MAX)
  const held: Uint8Array[] = []
  const runs = { groups: new Uint32Array(groups.length), ends }
  for (let run = 0; run < groups.length; run++) {
    const level = groups[run]
    if (numbers[level] === 0)
      numbers[level] = held.push(encodeText(levelValue(level >> 1, level & LEVEL_UPPER)))
    runs.groups[run] = numbers[level] - 1
  }
  return {
    held,
    rowCounts: () => countsOfRuns(runs, held.length),
    ofRow: () => spreadRuns(runs),
    runs: () => runs,
  }
}

function levelGroupsByRow(block: Block): RowGroups<Uint8Array> | null {
  const { severities, flags, levelWords, rowCount } = block
  if (hasSome(levelWords.lengths)) return null
  // One more than the number of the group; 0 where no row was met.
  const numbers = new Uint32Array(LEVELS_MAX)
  const held: Uint8Array[] = []
  const ofRow = new Uint32Array(rowCount)
  for (let row = 0; row < rowCount; row++) {
    const level = severities[row] * 2 + (flags[row] & LEVEL_UPPER)
    let number = numbers[level]
    if (number === 0) {
      number = held.push(encodeText(levelText(block, row)))
      numbers[level] = number
    }
    ofRow[row] = number - 1
  }
  return groupsOf(held, ofRow)
}

function hasSome(lengths: Uint32Array): boolean {
  for (let row = 0; row < lengths.length; row++) if (lengths[row] !== 0) return true
  return false
}

// ---- layouts ------------------------------------------------------------------------------------------------

/** By the fields that were sent, or by all fields where the block cannot tell: then with those that flags stand for. */
export function layoutGroups(block: Block): RowGroups<RowLayout> {
  return block.layoutGroups?.() ?? groupsOfNames(block)
}

function groupsOfNames(block: Block): RowGroups<RowLayout> {
  const { rowCount } = block
  const numbers = new Map<string, number>()
  const held: RowLayout[] = []
  const ofRow = new Uint32Array(rowCount)
  for (let row = 0; row < rowCount; row++) {
    const names = block.fieldNamesOf(row)
    const stream = block.streamFieldNamesOf(row)
    const key = JSON.stringify([names, stream])
    let number = numbers.get(key) ?? -1
    if (number < 0) {
      number = held.push(names.map((name): LayoutField => ({ name, isStream: stream.includes(name) }))) - 1
      numbers.set(key, number)
    }
    ofRow[row] = number
  }
  return groupsOf(held, ofRow)
}
