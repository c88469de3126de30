/**
 * `GET|POST /select/logsql/stats_query` and `…/stats_query_range`: the answer of a query that ends in `stats`, in the form
 * in which Prometheus answers: a vector at one time, or a matrix over steps of time.
 */
import type { Answer } from '../../../hub/hub.ts'
import {
  inert,
  inTimeSteps,
  type Query,
  type Row,
  rowText,
  statsNumbers,
  stepSeconds,
} from '../../../query/query.ts'
import { JSON_TYPE } from '../http-options.ts'
import { HttpProblem } from '../problem-document.ts'
import { answerInTime, missingOf, stepTimeOf, withRows } from '../query-answer.ts'
import { readNarrowed, readParameters, readStep, readStepOffset, readTime } from '../query-parameters.ts'
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
    const drawn = drawnBy(query)
    return answerInTime(call, request, JSON_TYPE, (asked, writer) =>
      withRows(call, asked, query, async ({ rows, missing }) => {
        const result: object[] = []
        const keys = new Set<string>()
        for await (const row of rows) {
          for (const { metric, text } of samplesOf(rowText(row), drawn, null)) {
            const key = keyOf(metric)
            if (keys.has(key)) throw sameMetric(key)
            keys.add(key)
            result.push({ metric, value: [timeMs / 1000, text] })
          }
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
    const drawn = drawnBy(query)
    const step = readStep(parameters)
    const stepped = inTimeSteps(query, step, readStepOffset(parameters))
    const rateSeconds = stepSeconds(step) ?? undefined
    return answerInTime(call, request, JSON_TYPE, (asked, writer) =>
      withRows(call, { ...asked, rateSeconds }, stepped, async ({ rows, missing }) => {
        const series = new Map<string, Series>()
        for await (const row of rows) addTo(series, row, drawn)
        for (const [key, { values }] of series) {
          values.sort(([a], [b]) => a - b)
          if (values.some(([seconds], at) => at > 0 && seconds === values[at - 1][0])) throw sameMetric(key)
        }
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

const KEY_SHOWN_MAX = 200

const keyOf = (metric: Metric): string => JSON.stringify(metric)

/** For metrics that nothing tells apart: one at one time has one value. */
function sameMetric(key: string): HttpProblem {
  const detail =
    `Several groups would be the same metric \`${inert(key.slice(0, KEY_SHOWN_MAX))}\`: keep the fields that tell ` +
    'them apart, or make one group of them with another `stats`.'
  return new HttpProblem('QUERY_SYNTAX', detail)
}

type Drawn = NonNullable<ReturnType<typeof statsNumbers>>

function drawnBy(query: Query): Drawn {
  const drawn = statsNumbers(query)
  if (drawn !== null) return drawn
  const detail =
    'The query must end in a pipe `stats`, or in pipes behind it that keep its groups, like `sort` and `math`: ' +
    '`… | stats by (level) count() as hits`.'
  throw new HttpProblem('QUERY_SYNTAX', detail)
}

interface Sample {
  readonly metric: Metric
  readonly text: string
}

/** A metric for each number; all other fields but `without` tell which. */
function* samplesOf(
  values: ReadonlyMap<string, string>,
  drawn: Drawn,
  without: string | null,
): Generator<Sample> {
  const labels = Array.from(values).filter(([name]) => name !== without && !drawn.has(name))
  for (const [name, kind] of drawn) {
    const text = values.get(name)
    if (text === undefined) continue
    const ranges = kind === 'histogram' ? rangesIn(text) : null
    if (ranges === null) yield { metric: { __name__: name, ...Object.fromEntries(labels) }, text }
    else yield* bucketsOf(name, labels, ranges)
  }
}

interface Range {
  readonly vmrange: string
  readonly hits: number
}

/** Null where a pipe made something else of a histogram. */
function rangesIn(text: string): readonly Range[] | null {
  try {
    const ranges: unknown = JSON.parse(text)
    return Array.isArray(ranges) ? ranges : null
  } catch {
    return null
  }
}

/** A metric for each range of a histogram, as clients that draw heat maps expect it. */
function* bucketsOf(
  name: string,
  labels: readonly (readonly [string, string])[],
  ranges: readonly Range[],
): Generator<Sample> {
  for (const { vmrange, hits } of ranges) {
    const metric = { __name__: `${name}_bucket`, ...Object.fromEntries(labels), vmrange }
    yield { metric, text: String(hits) }
  }
}

function addTo(series: Map<string, Series>, row: Row, drawn: Drawn): void {
  const values = rowText(row)
  const seconds = Date.parse(stepTimeOf(values)) / 1000
  for (const { metric, text } of samplesOf(values, drawn, '_time')) {
    const key = keyOf(metric)
    const known = series.get(key) ?? { metric, values: [] }
    known.values.push([seconds, text])
    series.set(key, known)
  }
}

function answerOf(resultType: string, result: readonly object[], missing: Answer['missing']): string {
  return JSON.stringify({ status: 'success', data: { resultType, result }, ...missingOf(missing) })
}
