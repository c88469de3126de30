/**
 * What the rows of one block hold, as values with hits: names of fields, values of a field, streams. Reading comes
 * first and may fail; what it answers counts without fail, so that nothing of a damaged block counts.
 *
 * A value is looked at once a group of rows (block-groups.ts), and row by row only where a block keeps no groups.
 */
import { Bitset } from '../../base/base.ts'
import {
  type Block,
  type Column,
  type LayoutField,
  RECORD_FLAG_TRUNCATED,
  type RowGroups,
  type RowLayout,
  TRUNCATED_FIELD,
} from '../../record/record.ts'
import { prefixOf } from '../filters/prefix.ts'
import {
  ID_FIELD,
  LEVEL_FIELD,
  MESSAGE_FIELD,
  SPECIAL_FIELDS,
  STREAM_FIELD,
  streamId,
  TIME_FIELD,
} from '../special-fields.ts'
import { countsAmong, keptGroups, layoutGroups } from './block-groups.ts'
import { tallyStreams } from './block-streams.ts'
import { BlockView } from './block-view.ts'
import { FilterPlan } from './plan.ts'
import type { ValueCounter } from './value-counter.ts'
import type { ValuesWanted } from './values-wanted.ts'

/** Adds what was read. */
export type Tally = (counter: ValueCounter) => void

/** Of these rows; null: of all. */
export function tallyOf(wanted: ValuesWanted, block: Block, rows: Bitset | null): Tally {
  switch (wanted.kind) {
    case 'fieldNames':
      return tallyNames(block, rows)
    case 'fieldValues':
      return tallyField(wanted.field, block, rows)
    case 'streams':
      return tallyStreams(block, rows)
    case 'streamIds':
      return tallyStreams(block, rows, streamId)
    case 'streamFieldNames':
      return tallyStreamNames(block, rows)
    case 'streamFieldValues':
      return tallyStreamField(wanted.field, block, rows)
  }
}

// ---- values of a field --------------------------------------------------------------------------------------

function tallyField(field: string, block: Block, rows: Bitset | null): Tally {
  if (field === STREAM_FIELD) return tallyStreams(block, rows)
  const groups = keptGroups(block, field)
  if (groups !== null) return tallyGroups(groups, rows)
  const column = new BlockView(block).column(field)
  return column === null
    ? () => {}
    : (counter) => addColumn(counter, column, rows ?? Bitset.full(block.rowCount))
}

function tallyGroups(groups: RowGroups<Uint8Array>, rows: Bitset | null): Tally {
  const { held } = groups
  const counts = countsAmong(groups, rows)
  return (counter) => {
    for (let group = 0; group < held.length; group++) {
      if (counts[group] === 0 || held[group].length === 0) continue
      counter.addBytes(held[group], 0, held[group].length, counts[group])
    }
  }
}

/** The same value again and again, as of a whole batch, is the same bytes. */
function addColumn(counter: ValueCounter, { data, starts, lengths }: Column, rows: Bitset): void {
  let start = 0
  let length = 0
  let hits = 0
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
    if (starts[row] !== start || lengths[row] !== length) {
      if (length > 0) counter.addBytes(data, start, start + length, hits)
      start = starts[row]
      length = lengths[row]
      hits = 0
    }
    hits++
  }
  if (length > 0) counter.addBytes(data, start, start + length, hits)
}

// ---- names --------------------------------------------------------------------------------------------------

function tallyNames(block: Block, rows: Bitset | null): Tally {
  const layouts = layoutGroups(block)
  const counts = countsAmong(layouts, rows)
  const hits = new Map<string, number>()
  const named = nameHits(layouts.held, counts, ({ name }) => !SPECIAL_FIELDS.has(name))
  const names = new Set([MESSAGE_FIELD, ...named.keys()])
  if (block.flags.some((bits) => (bits & RECORD_FLAG_TRUNCATED) !== 0)) names.add(TRUNCATED_FIELD)
  for (const name of names) addHits(hits, name, filledCount(name, block, rows))
  const rowCount = rows?.count() ?? block.rowCount
  for (const name of [TIME_FIELD, ID_FIELD]) addHits(hits, name, rowCount)
  addHits(hits, LEVEL_FIELD, levelCount(block, rows))
  const hasStream = layouts.held.map((layout) => layout.some(({ isStream }) => isStream))
  addHits(
    hits,
    STREAM_FIELD,
    counts.reduce((sum, count, layout) => sum + (hasStream[layout] ? count : 0), 0),
  )
  return tallyHits(hits)
}

function tallyStreamNames(block: Block, rows: Bitset | null): Tally {
  const layouts = layoutGroups(block)
  return tallyHits(nameHits(layouts.held, countsAmong(layouts, rows), ({ isStream }) => isStream))
}

function nameHits(
  layouts: readonly RowLayout[],
  counts: Uint32Array,
  isWanted: (field: LayoutField) => boolean,
): Map<string, number> {
  const hits = new Map<string, number>()
  for (const [at, layout] of layouts.entries()) {
    if (counts[at] === 0) continue
    for (const field of layout) if (isWanted(field)) addHits(hits, field.name, counts[at])
  }
  return hits
}

function addHits(hits: Map<string, number>, name: string, count: number): void {
  if (count > 0) hits.set(name, (hits.get(name) ?? 0) + count)
}

function tallyHits(hits: ReadonlyMap<string, number>): Tally {
  return (counter) => {
    for (const [name, count] of hits) counter.addText(name, count)
  }
}

/** Rows whose value of the field is not empty: an empty one is none. */
function filledCount(name: string, block: Block, rows: Bitset | null): number {
  const plan = new FilterPlan(prefixOf(name, ''))
  const known = rows === null ? plan.knownCount(block) : null
  if (known !== null) return known
  const filled = plan.match(block)
  if (rows !== null) filled.and(rows)
  return filled.count()
}

function levelCount({ severities, levelWords }: Block, rows: Bitset | null): number {
  let count = 0
  for (let row = 0; row < severities.length; row++) {
    const hasLevel = severities[row] > 0 || levelWords.lengths[row] > 0
    if (hasLevel && (rows?.has(row) ?? true)) count++
  }
  return count
}

// ---- values of a stream field -------------------------------------------------------------------------------

function tallyStreamField(field: string, block: Block, rows: Bitset | null): Tally {
  const layouts = layoutGroups(block)
  const isIn = layouts.held.map((layout) => layout.some(({ name, isStream }) => isStream && name === field))
  if (!isIn.includes(true)) return () => {}
  if (!isIn.includes(false)) return tallyField(field, block, rows)
  const ofRow = layouts.ofRow()
  const chosen = rows?.copy() ?? Bitset.full(block.rowCount)
  for (let row = 0; row < block.rowCount; row++) if (!isIn[ofRow === null ? 0 : ofRow[row]]) chosen.unset(row)
  return tallyField(field, block, chosen)
}
