/**
 * `GET|POST /select/logsql/stats_query` and `…/stats_query_range`: the answer of a query that ends in `stats`, in the form
 * in which Prometheus answers: a vector at one time, or a matrix over steps of time.
 */
import type { Answer } from '../../../hub/hub.ts'
import { durationMs, inTimeSteps, type Query, type Row, rowText, statsNumbers } from '../../../query/query.ts'
import { JSON_TYPE } from '../http-options.ts'
import { HttpProblem } from '../problem-document.ts'
import { answerInTime, missingOf, withRows } from '../query-answer.ts'
import { readDuration, readNarrowed, readParameters, readTime } from '../query-parameters.ts'
import type { HttpRoute } from '../route.ts'

export const selectStats: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/stats_query',
  action: 'query',
  summary:
    'The answer of a query that ends in `stats`, as Prometheus gives a vector: a metric for each function and group, ' +
    'at `time` (now), which is also what `now` means in the query. Other parameters as for `query`.',
  async answer(call) {
    const parameters = await readParameters(call)
    const timeMs = readTime(call, parameters, 'time')
    const { query, ...request } = readNarrowed(call, parameters, timeMs)
    const numbers = numbersOf(query)
    return answerInTime(call, request, JSON_TYPE, (asked, writer) =>
      withRows(call, asked, query, async ({ rows, missing }) => {
        const result: object[] = []
        for await (const row of rows) {
          for (const { metric, text } of metricsOf(row, numbers))
            result.push({ metric, value: [timeMs / 1000, text] })
        }
        writer.end(answerOf('vector', result, missing))
      }),
    )
  },
}

export const selectStatsRange: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/stats_query_range',
  action: 'query',
  summary: 'The same in each `step` of time (1d) from `start` to `end`, as Prometheus gives a matrix.',
  async answer(call) {
    const parameters = await readParameters(call)
    const { query, ...request } = readNarrowed(call, parameters)
    const numbers = numbersOf(query)
    const step = readDuration(parameters, 'step', '1d')
    const offset = readDuration(parameters, 'offset', '')
    const stepped = inTimeSteps(query, step, offset === '' ? null : offset)
    const rateSeconds = (durationMs(step) ?? 1000) / 1000
    return answerInTime(call, request, JSON_TYPE, (asked, writer) =>
      withRows(call, { ...asked, rateSeconds }, stepped, async ({ rows, missing }) => {
        const series = new Map<string, Series>()
        for await (const row of rows) addTo(series, row, numbers)
        for (const { values } of series.values()) values.sort(([a], [b]) => a - b)
        writer.end(answerOf('matrix', [...series.values()], missing))
      }),
    )
  },
}

type Metric = Readonly<Record<string, string>>

interface Series {
  readonly metric: Metric
  readonly values: [seconds: number, text: string][]
}

function numbersOf(query: Query): ReadonlySet<string> {
  const numbers = statsNumbers(query)
  if (numbers !== null) return numbers
  const detail =
    'The query must end in a pipe `stats`, or in pipes behind it that keep its groups, like `sort` and `math`: ' +
    '`… | stats by (level) count() as hits`.'
  throw new HttpProblem('QUERY_SYNTAX', detail)
}

/** A metric for each number; all else tells which. */
function* metricsOf(
  row: Row,
  numbers: ReadonlySet<string>,
): Generator<{ readonly metric: Metric; readonly text: string }> {
  const values = rowText(row)
  const labels = Array.from(values).filter(([name]) => name !== '_time' && !numbers.has(name))
  for (const name of numbers) {
    const text = values.get(name)
    if (text !== undefined) yield { metric: { __name__: name, ...Object.fromEntries(labels) }, text }
  }
}

function addTo(series: Map<string, Series>, row: Row, numbers: ReadonlySet<string>): void {
  const seconds = Date.parse(rowText(row).get('_time') ?? '') / 1000
  if (Number.isNaN(seconds)) {
    throw new HttpProblem(
      'QUERY_SYNTAX',
      'No pipe may change or take away `_time`: steps of time are made of it.',
    )
  }
  for (const { metric, text } of metricsOf(row, numbers)) {
    const key = JSON.stringify(metric)
    const known = series.get(key) ?? { metric, values: [] }
    known.values.push([seconds, text])
    series.set(key, known)
  }
}

function answerOf(resultType: string, result: readonly object[], missing: Answer['missing']): string {
  return JSON.stringify({ status: 'success', data: { resultType, result }, ...missingOf(missing) })
}
