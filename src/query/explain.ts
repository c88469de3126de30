/** What will be done for a query, in words: for whoever wonders what it means, or why it takes its time. */
import { formatRfc3339 } from '../record/record.ts'
import type { SkipTest } from '../storage/storage.ts'
import type { Filter, Pipe, Query } from './ast.ts'
import { namesWanted } from './batches/fields-wanted.ts'
import { divisionOf, type GatheredDivision, type OrderedDivision } from './division.ts'
import { hasSubquery } from './piped.ts'
import { QUERY_BYTES_MAX_DEFAULT } from './run.ts'
import { FilterPlan } from './scan/plan.ts'
import { isChosenFirst, isLive, limitedTo, queryLimit, withoutLimits } from './shape.ts'
import { printFilter, printPipe, printQuery } from './syntax/printer.ts'
import { movedInTime } from './time-offset.ts'

export interface Explained {
  /** What the line is about. */
  readonly name: string
  readonly text: string
}

export interface ExplainOptions {
  /** As when it is run: the newest rows, at most this many, unless the query limits itself. Default: no limit. */
  readonly rowsMax?: number
}

/** Line by line, in the order in which it is done. */
export function explainQuery(asked: Query, { rowsMax }: ExplainOptions = {}): Explained[] {
  const query = movedInTime(asked)
  const hasQuery = hasSubquery(query)
  const lines: Explained[] = [{ name: 'query', text: printQuery(asked) }]
  if (hasQuery) lines.push({ name: 'first', text: 'the queries within its filters, for their values' })
  lines.push({ name: 'filter', text: printFilter(asked.filter) })
  if (!hasQuery) lines.push(...explainFilter(query.filter))
  lines.push(...explainRows(query, rowsMax))
  lines.push({ name: 'tail', text: isLive(asked) ? 'can be followed live' : 'cannot be followed live' })
  return lines
}

function explainFilter(filter: Filter): Explained[] {
  const lines: Explained[] = []
  const { bounds, skip, isAll } = new FilterPlan(filter)
  const { timeMsMin, timeMsMax, idMin, idMax } = bounds
  if (timeMsMin > -Infinity || timeMsMax < Infinity)
    lines.push({ name: 'time', text: `${timeText(timeMsMin)} to ${timeText(timeMsMax)}` })
  if (idMin > -Infinity || idMax < Infinity)
    lines.push({ name: 'ids', text: `${idText(idMin)} to ${idText(idMax)}` })
  if (isAll) lines.push({ name: 'blocks', text: 'all: every record matches' })
  else if (skip === undefined)
    lines.push({ name: 'blocks', text: 'all within the range: the filter tells nothing of blocks' })
  else lines.push({ name: 'blocks', text: `those whose indexes may hold ${skipText(skip)}` })
  return lines
}

const timeText = (ms: number): string => (Number.isFinite(ms) ? formatRfc3339(ms, 0) : 'open')
const idText = (id: number): string => (Number.isFinite(id) ? String(id) : 'open')

function skipText(skip: SkipTest): string {
  if (skip.kind === 'value') return `a value of \`${skip.field ?? '_msg'}\``
  const texts = [...new Set(skip.tests.map(skipText))]
  return texts.length === 1 ? texts[0] : `(${texts.join(skip.kind === 'and' ? ' and ' : ' or ')})`
}

function explainRows(query: Query, rowsMax: number | undefined): Explained[] {
  if (isChosenFirst(query)) {
    const newest = queryLimit(query) ?? rowsMax ?? Infinity
    return [explainOrdered({ newest, pipes: withoutLimits(query).pipes })]
  }
  const division = divisionOf(limitedTo(query, rowsMax).pipes, QUERY_BYTES_MAX_DEFAULT)
  return division.kind === 'gathered' ? explainGathered(division) : [explainOrdered(division)]
}

function explainOrdered({ newest, pipes }: Pick<OrderedDivision, 'newest' | 'pipes'>): Explained {
  const which = newest === Infinity ? 'all records' : `the newest ${newest} records`
  const read = `${which} that match, found by time and id, then read whole and in order`
  return { name: 'rows', text: pipes.length === 0 ? read : `${read}, then through ${pipesText(pipes)}` }
}

function explainGathered({ before, pipe, after, fields }: GatheredDivision): Explained[] {
  const merged = 'their states are merged'
  return [
    { name: 'reads', text: fieldsText(namesWanted(fields)) },
    { name: 'in threads', text: pipesText([...before, pipe]) },
    { name: 'then', text: after.length === 0 ? merged : `${merged} | ${pipesText(after)}` },
  ]
}

const pipesText = (pipes: readonly Pipe[]): string => pipes.map(printPipe).join(' | ')

function fieldsText(names: readonly string[] | null): string {
  if (names === null) return 'every field'
  if (names.length === 0) return 'no field: rows are only counted'
  return names.map((name) => `\`${name}\``).join(', ')
}
