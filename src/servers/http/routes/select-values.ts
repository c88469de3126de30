/**
 * `GET|POST /select/logsql/field_names` and its sisters: what values matching records hold, with hits, the most first.
 *
 *   {"values":[{"value":"web-1","hits":12},…],"distinct":40,"cut":false}
 *
 * `distinct` is how many there are without `limit`; `cut` says that there were more than a query may hold; `missing`
 * is there where stored records could not be read. Sent in pieces: a page of values may be many megabytes.
 */
import type { ValuesAnswer } from '../../../hub/hub.ts'
import type { ValuesWanted } from '../../../query/query.ts'
import { JSON_TYPE } from '../http-options.ts'
import { HttpProblem } from '../problem-document.ts'
import { answerInTime, withRows } from '../query-answer.ts'
import { readValuesRequest } from '../query-parameters.ts'
import type { ResponseWriter } from '../response-writer.ts'
import type { HttpRoute, RouteCall } from '../route.ts'
import { behindPipes, valuesOf } from '../values-behind-pipes.ts'

const PIECE_VALUES = 500
/** What a value takes besides its text. */
const VALUE_BYTES = 64

interface ValuesRow {
  readonly name: string
  readonly summary: string
  /** `field` is the parameter; null where there is none. */
  readonly wanted: (field: string | null) => ValuesWanted
}

const ROWS: readonly ValuesRow[] = [
  {
    name: 'field_names',
    summary:
      'Names of the fields that matching records have: `{"values": [{"value", "hits"}]}`, the most frequent first. ' +
      'Parameters as above, `limit` of values, and `filter`: only what holds this text.',
    wanted: () => ({ kind: 'fieldNames' }),
  },
  {
    name: 'field_values',
    summary:
      'The values of one field (`field`) in matching records. Parameters and answer as for `field_names`.',
    wanted: (field) => ({ kind: 'fieldValues', field: fieldOf(field) }),
  },
  {
    name: 'streams',
    summary: 'The streams of matching records, `{host="a",service="shop"}`. Parameters and answer likewise.',
    wanted: () => ({ kind: 'streams' }),
  },
  {
    name: 'stream_ids',
    summary: 'Their ids, as `_stream_id` has them. Parameters and answer likewise.',
    wanted: () => ({ kind: 'streamIds' }),
  },
  {
    name: 'stream_field_names',
    summary: 'Names of the fields that are part of streams. Parameters and answer likewise.',
    wanted: () => ({ kind: 'streamFieldNames' }),
  },
  {
    name: 'stream_field_values',
    summary:
      'The values of one field (`field`) where it is part of a stream. Parameters and answer likewise.',
    wanted: (field) => ({ kind: 'streamFieldValues', field: fieldOf(field) }),
  },
]

export const selectValues: readonly HttpRoute[] = ROWS.map(({ name, summary, wanted }) => ({
  methods: ['GET', 'POST'],
  path: `/select/logsql/${name}`,
  action: 'query',
  summary,
  answer: (call) => answerValues(call, wanted),
}))

function fieldOf(field: string | null): string {
  if (field !== null && field !== '') return field
  throw new HttpProblem('REQUEST_INVALID', 'The parameter `field` is missing: the name of a field.')
}

async function answerValues(call: RouteCall, wantedOf: ValuesRow['wanted']): Promise<unknown> {
  const request = await readValuesRequest(call)
  const { query, field, part, limit } = request
  const wanted: ValuesWanted = { ...wantedOf(field), ...(part !== '' && { part }) }
  return answerInTime(call, request, JSON_TYPE, async (asked, writer) => {
    const piped = behindPipes(query, wanted)
    if (piped === null) {
      const found = await call.around.hub.values({ ...query, pipes: [] }, wanted, { ...asked, limit })
      return writeHeld(call, writer, found)
    }
    await withRows(call, asked, piped.query, async (answer) =>
      writeHeld(call, writer, await valuesOf(answer, piped, part, limit)),
    )
  })
}

/** A peer that reads slowly holds all values meanwhile: that memory is charged. */
async function writeHeld(
  { around: { answers } }: RouteCall,
  writer: ResponseWriter,
  found: ValuesAnswer,
): Promise<void> {
  const byteCount = found.values.reduce((sum, { value }) => sum + value.length * 2, 0)
  const held = byteCount + found.values.length * VALUE_BYTES
  if (!answers.take(held)) {
    throw new HttpProblem('SERVER_BUSY', 'Too much of other answers is not read yet: ask again soon.')
  }
  try {
    await writeValues(writer, found)
  } finally {
    answers.give(held)
  }
}

async function writeValues(writer: ResponseWriter, found: ValuesAnswer): Promise<void> {
  const { values, distinct, isCut, missing } = found
  let piece = '{"values":['
  for (let at = 0; at < values.length; at += PIECE_VALUES) {
    const some = values.slice(at, at + PIECE_VALUES)
    await writer.write(`${piece}${JSON.stringify(some).slice(1, -1)}`)
    piece = ','
  }
  const rest = { distinct, cut: isCut, ...(missing.length > 0 && { missing }) }
  const end = `],${JSON.stringify(rest).slice(1)}`
  writer.end(values.length === 0 ? `${piece}${end}` : end)
}
