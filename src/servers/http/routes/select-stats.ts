/**
 * `GET|POST /select/logsql/stats_query` and `…/stats_query_range`: the answer of a query that ends in `stats`, in the form
 * in which Prometheus answers: a vector at one time, or a matrix over steps of time.
 */
import type { Answer } from '../../../hub/hub.ts'
import { durationMs, inTimeSteps, type Query, type Row, rowText, statsLabels } from '../../../query/query.ts'
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
    const labels = labelsOf(query)
    return answerInTime(call, request, JSON_TYPE, (asked, writer) =>
      withRows(call, asked, query, async ({ rows, missing }) => {
        const result: object[] = []
        for await (const row of rows) {
          for (const { metric, text } of metricsOf(row, labels))
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
    const labels = labelsOf(query).filter((name) => name !== '_time')
    const step = readDuration(parameters, 'step', '1d')
    const offset = readDuration(parameters, 'offset', '')
    const stepped = inTimeSteps(query, step, offset === '' ? null : offset)
    const rateSeconds = (durationMs(step) ?? 1000) / 1000
    return answerInTime(call, request, JSON_TYPE, (asked, writer) =>
      withRows(call, { ...asked, rateSeconds }, stepped, async ({ rows, missing }) => {
        const series = new Map<string, Series>()
        for await (const row of rows) addTo(series, row, labels)
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

function labelsOf(query: Query): readonly string[] {
  const labels = statsLabels(query)
  if (labels !== null) return labels
  throw new HttpProblem(
    'QUERY_SYNTAX',
    'The query must end in a pipe `stats`: `… | stats by (level) count() as hits`.',
  )
}

/** A metric for each field that is no label. */
function* metricsOf(
  row: Row,
  labels: readonly string[],
): Generator<{ readonly metric: Metric; readonly text: string }> {
  const values = rowText(row)
  const own = Object.fromEntries(
    labels.flatMap((name) => (values.has(name) ? [[name, values.get(name) ?? '']] : [])),
  )
  for (const [name, text] of values) {
    if (name !== '_time' && !labels.includes(name)) yield { metric: { __name__: name, ...own }, text }
  }
}

function addTo(series: Map<string, Series>, row: Row, labels: readonly string[]): void {
  const seconds = Date.parse(rowText(row).get('_time') ?? '') / 1000
  for (const { metric, text } of metricsOf(row, labels)) {
    const key = JSON.stringify(metric)
    const known = series.get(key) ?? { metric, values: [] }
    known.values.push([seconds, text])
    series.set(key, known)
  }
}

function answerOf(resultType: string, result: readonly object[], missing: Answer['missing']): string {
  return JSON.stringify({ status: 'success', data: { resultType, result }, ...missingOf(missing) })
}
