/**
 * `GET|POST /select/logsql/hits`: how many records match in each step of time, for each set of values of some fields.
 *
 *   {"hits":[{"fields":{"level":"error"},"timestamps":["2025-07-18T00:00:00Z",…],"values":[12,…],"total":40},…]}
 */
import { countedQuery, inTimeSteps, quote, rowText } from '../../../query/query.ts'
import { JSON_TYPE } from '../http-options.ts'
import { answerInTime, missingOf, stepTimeOf, withRows } from '../query-answer.ts'
import { readNumber, readParameters, readPiped, readStep, readStepOffset } from '../query-parameters.ts'
import type { HttpRoute } from '../route.ts'

export const selectHits: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/hits',
  action: 'query',
  summary:
    'How many records match in each `step` of time (1d; `offset` moves its beginning), for each set of values of the ' +
    'fields that `field` names (as often as wanted); with `fields_limit` the sets with most hits, and the others ' +
    'together. Other parameters as for `query`.',
  async answer(call) {
    const parameters = await readParameters(call)
    const { query, ...request } = readPiped(call, parameters)
    const fields = parameters.getAll('field').filter((name) => name !== '')
    const limit = readNumber(parameters, 'fields_limit') ?? 0
    const hitsName = freeName('hits', fields)
    const pipes = `stats by (${fields.map(quote).join(', ')}) count() as ${hitsName} | sort by (_time)`
    const counted = countedQuery(query, pipes, call.around.clock.wallMs())
    const stepped = inTimeSteps(counted, readStep(parameters), readStepOffset(parameters))
    return answerInTime(call, request, JSON_TYPE, (asked, writer) =>
      withRows(call, asked, stepped, async ({ rows, missing }) => {
        const series = new HitSeries(fields, hitsName)
        for await (const row of rows) series.add(rowText(row))
        writer.end(JSON.stringify({ hits: series.limited(limit), ...missingOf(missing) }))
      }),
    )
  },
}

interface Series {
  readonly fields: Readonly<Record<string, string>>
  readonly timestamps: string[]
  readonly values: number[]
  total: number
}

function freeName(name: string, taken: readonly string[]): string {
  return taken.includes(name) ? freeName(`${name}_`, taken) : name
}

class HitSeries {
  readonly #fields: readonly string[]
  readonly #hitsName: string
  readonly #series = new Map<string, Series>()

  constructor(fields: readonly string[], hitsName: string) {
    this.#fields = fields
    this.#hitsName = hitsName
  }

  /** Rows come in the order of time. */
  add(row: ReadonlyMap<string, string>): void {
    const values = this.#fields.map((name) => row.get(name) ?? '')
    const key = JSON.stringify(values)
    let series = this.#series.get(key)
    if (series === undefined) {
      const fields = Object.fromEntries(this.#fields.map((name, at) => [name, values[at]]))
      series = { fields, timestamps: [], values: [], total: 0 }
      this.#series.set(key, series)
    }
    const hits = Number(row.get(this.#hitsName))
    series.timestamps.push(stepTimeOf(row))
    series.values.push(hits)
    series.total += hits
  }

  /** Most hits first; beyond `limit`, all the others as one without fields. 0: no limit. */
  limited(limit: number): Series[] {
    const all = [...this.#series.values()].sort((a, b) => b.total - a.total)
    if (limit === 0 || all.length <= limit) return all
    return [...all.slice(0, limit), sumOf(all.slice(limit))]
  }
}

function sumOf(series: readonly Series[]): Series {
  const hits = new Map<string, number>()
  for (const { timestamps, values } of series)
    for (const [at, time] of timestamps.entries()) hits.set(time, (hits.get(time) ?? 0) + values[at])
  const times = [...hits.keys()].sort()
  const values = times.map((time) => hits.get(time) ?? 0)
  return { fields: {}, timestamps: times, values, total: values.reduce((sum, value) => sum + value, 0) }
}
