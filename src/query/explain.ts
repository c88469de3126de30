/** What will be done for a query, in words: for whoever wonders what it means, or why it takes its time. */
import { formatRfc3339 } from '../record/record.ts'
import type { SkipTest } from '../storage/storage.ts'
import type { Filter, Pipe, Query } from './ast.ts'
import { NO_FIELD, namesWanted } from './batches/fields-wanted.ts'
import { hasSubquery } from './piped.ts'
import { batchPipeCount, fieldsForPipes } from './pipeline.ts'
import { pipeKindOf } from './pipes/registry.ts'
import { FilterPlan } from './scan/plan.ts'
import { isLive, isOfRecords, isRowByRow } from './shape.ts'
import { printFilter, printPipe, printQuery } from './syntax/printer.ts'

export interface Explained {
  /** What the line is about. */
  readonly name: string
  readonly text: string
}

/** Line by line, in the order in which it is done. */
export function explainQuery(query: Query): Explained[] {
  const { filter, pipes } = query
  const lines: Explained[] = [{ name: 'query', text: printQuery(query) }]
  if (hasSubquery(query))
    lines.push({ name: 'first', text: 'the queries within its filters, for their values' })
  lines.push(...explainFilter(filter, hasSubquery(query)))
  if (pipes.length === 0 || isOfRecords(query)) {
    lines.push({
      name: 'rows',
      text: 'the newest records that match, found by time and id, then read in order',
    })
  } else lines.push(...explainPipes(query))
  lines.push({ name: 'tail', text: isLive(query) ? 'can be followed live' : 'cannot be followed live' })
  return lines
}

function explainFilter(filter: Filter, hasQuery: boolean): Explained[] {
  const lines = [{ name: 'filter', text: printFilter(filter) }]
  if (hasQuery) return lines
  const { bounds, skip, isAll } = new FilterPlan(filter, false)
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

function explainPipes(query: Query): Explained[] {
  const { pipes } = query
  const before = pipes.slice(0, batchPipeCount(pipes))
  const next: Pipe | undefined = pipes[before.length]
  const gathers = next !== undefined && pipeKindOf(next).bindGather !== undefined
  const beside = gathers ? [...before, next] : before
  const lines: Explained[] = []
  const fields = namesWanted(fieldsForPipes(gathers ? beside : pipes, gathers ? NO_FIELD : undefined))
  const read =
    fields === null
      ? 'every field'
      : fields.length === 0
        ? 'no field: rows are only counted'
        : fields.map((name) => `\`${name}\``).join(', ')
  lines.push({ name: 'reads', text: read })
  if (gathers) {
    lines.push({ name: 'in threads', text: beside.map(printPipe).join(' | ') })
    const rest = pipes.slice(beside.length)
    lines.push({ name: 'then', text: ['their states are merged', ...rest.map(printPipe)].join(' | ') })
    return lines
  }
  const how = isRowByRow(query)
    ? 'records are chosen first, newest of them, then go'
    : 'all matching records go, in order,'
  lines.push({ name: 'rows', text: `${how} through ${pipes.map(printPipe).join(' | ')}` })
  return lines
}
