/**
 * `GET|POST /select/logsql/facets`: the most frequent values of every field of the records that match.
 *
 *   {"facets":[{"field_name":"level","values":[{"field_value":"info","hits":120},…]},…]}
 */
import { countedQuery, rowText } from '../../../query/query.ts'
import { JSON_TYPE } from '../http-options.ts'
import { answerInTime, missingOf, withRows } from '../query-answer.ts'
import { readNumber, readParameters, readPiped, readSwitch } from '../query-parameters.ts'
import type { HttpRoute } from '../route.ts'

export const selectFacets: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/logsql/facets',
  action: 'query',
  summary:
    'The most frequent values of every field: `limit` of each (10), no fields with more than `max_values_per_field` ' +
    '(1,000) different ones, no values longer than `max_value_len` (128); fields with one value only with ' +
    '`keep_const_fields=1`. Other parameters as for `query`.',
  async answer(call) {
    const parameters = await readParameters(call)
    const { query, ...request } = readPiped(call, parameters)
    const counted = countedQuery(query, facetsPipe(parameters), call.around.clock.wallMs())
    return answerInTime(call, request, JSON_TYPE, (asked, writer) =>
      withRows(call, asked, counted, async ({ rows, missing }) => {
        const facets = new Map<string, { readonly field_value: string; readonly hits: number }[]>()
        for await (const row of rows) {
          const values = rowText(row)
          const name = values.get('field_name') ?? ''
          const list = facets.get(name) ?? []
          list.push({ field_value: values.get('field_value') ?? '', hits: Number(values.get('hits')) })
          facets.set(name, list)
        }
        const shown = Array.from(facets, ([field_name, values]) => ({ field_name, values }))
        writer.end(JSON.stringify({ facets: shown, ...missingOf(missing) }))
      }),
    )
  },
}

function facetsPipe(parameters: URLSearchParams): string {
  const words = ['facets']
  const limit = readNumber(parameters, 'limit') ?? 0
  if (limit > 0) words.push(String(limit))
  for (const name of ['max_values_per_field', 'max_value_len']) {
    const number = readNumber(parameters, name) ?? 0
    if (number > 0) words.push(`${name} ${number}`)
  }
  if (readSwitch(parameters, 'keep_const_fields')) words.push('keep_const_fields')
  return words.join(' ')
}
