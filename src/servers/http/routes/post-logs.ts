/**
 * `POST /api/v1/logs`: records as NDJSON, JSON or plain lines, in our own names.
 *
 * With an `Idempotency-Key` the body is held whole and decoded in one piece, so that the same body is always cut into
 * the same batches; batch n has the key `http:<key>:<digest of the body>#<n>`, and what comes again is stored once and
 * answered with the same ids. Another body under the same key is another one: it must not be taken for stored.
 */
import { createHash } from 'node:crypto'
import type { NdjsonFieldOptions } from '../../../ingest/ingest.ts'
import type { HttpSurroundings } from '../http-options.ts'
import { linesOfJson } from '../json-document.ts'
import { checkTaken, type LogsTaken, takeBody, takeWhole } from '../log-answer.ts'
import { LogIntake } from '../log-intake.ts'
import { OWN_DIALECT, readLogParameters } from '../log-parameters.ts'
import { HttpProblem } from '../problem-document.ts'
import { JsonRecordDecoder, LineRecordDecoder, type RecordDecoder } from '../record-decoder.ts'
import type { HttpRoute, RouteCall } from '../route.ts'

/** A format of bodies. */
interface BodyFormat {
  /** The first is its name; the others are what some clients call it. */
  readonly mediaTypes: readonly string[]
  /** The body is one document and must be held whole; it is turned into lines first. */
  readonly lines?: (body: Buffer) => Buffer
  readonly decoder: (around: HttpSurroundings, fields: NdjsonFieldOptions, key?: string) => RecordDecoder
}

/** The first is what a body without a type is. */
const FORMATS: readonly BodyFormat[] = [
  {
    mediaTypes: [
      'application/x-ndjson',
      'application/ndjson',
      'application/jsonl',
      'application/stream+json',
      // What curl says when nobody tells it.
      'application/x-www-form-urlencoded',
    ],
    decoder: jsonDecoder,
  },
  { mediaTypes: ['application/json'], lines: linesOfJson, decoder: jsonDecoder },
  { mediaTypes: ['text/plain'], decoder: lineDecoder },
]

/** Keeps these keys apart from those of other protocols. */
const KEY_PREFIX = 'http:'
const DIGEST_DIGITS = 16
/** Of a body that is held whole. */
const WHOLE_BYTES_MAX = 4 * 1024 * 1024

export const postLogs: HttpRoute = {
  methods: ['POST'],
  path: '/api/v1/logs',
  action: 'record.write',
  summary:
    'Stores records: NDJSON, one JSON object or an array of them, or plain lines. ' +
    'With an `Idempotency-Key` the same body is stored once. Answered when all of it is on disk.',
  async answer(call) {
    const format = formatOf(call.request.headers['content-type'])
    const key = keyOf(call.request.headers['idempotency-key'])
    const fields = readLogParameters(
      call.parameters,
      call.request.headers,
      OWN_DIALECT,
      call.around.options.streamFields,
    )
    const taken = await take(call, format, fields, key)
    const { accepted, stored, refused, refusals, firstId, lastId, isRepeated, filedByReceived } = taken.result
    call.around.counters.records += stored
    call.around.counters.refused += refused
    checkTaken(taken)
    const filed = filedByReceived > 0 && { filedByReceived }
    return { accepted, refused, firstId, lastId, repeated: isRepeated, ...filed, refusals }
  },
}

function take(
  { around, body }: RouteCall,
  format: BodyFormat,
  fields: NdjsonFieldOptions,
  key: string | undefined,
): Promise<LogsTaken> {
  const { gate, clock, options } = around
  const { unackedBytesMax } = options
  const isKeyed = key !== undefined
  const intakeOf = (batchKey?: string): LogIntake =>
    new LogIntake(gate, clock, format.decoder(around, fields, batchKey), { unackedBytesMax, isKeyed })
  if (!isKeyed && format.lines === undefined) return takeBody(body, intakeOf())
  return body.whole(WHOLE_BYTES_MAX, (whole) => {
    const intake = intakeOf(isKeyed ? `${key}:${digestOf(whole)}` : undefined)
    return takeWhole(format.lines?.(whole) ?? whole, intake)
  })
}

function digestOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex').slice(0, DIGEST_DIGITS)
}

function formatOf(contentType: string | undefined): BodyFormat {
  const mediaType = contentType?.split(';')[0].trim().toLowerCase() ?? FORMATS[0].mediaTypes[0]
  const format = FORMATS.find(({ mediaTypes }) => mediaTypes.includes(mediaType))
  if (format !== undefined) return format
  const known = FORMATS.map(({ mediaTypes }) => mediaTypes[0]).join(', ')
  throw new HttpProblem('MEDIA_UNSUPPORTED', `The header \`Content-Type\` must be one of: ${known}.`)
}

function keyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && /^[\x21-\x7e]{1,200}$/.test(header)) return KEY_PREFIX + header
  throw new HttpProblem(
    'REQUEST_INVALID',
    'The header `Idempotency-Key` must be 1 to 200 visible ASCII characters.',
  )
}

function jsonDecoder(
  { ndjson, options }: HttpSurroundings,
  fields: NdjsonFieldOptions,
  key?: string,
): RecordDecoder {
  const { recordBytesMax, batchBytesMax } = options
  return new JsonRecordDecoder(ndjson, { ...fields, recordBytesMax, batchBytesMax, idempotencyKey: key })
}

/** Lines have no fields but those that are added. */
function lineDecoder(
  { text, options }: HttpSurroundings,
  { extraFields = [], streamFields = [] }: NdjsonFieldOptions,
  key?: string,
): RecordDecoder {
  const { recordBytesMax, batchBytesMax, timeZone } = options
  const marked = extraFields.map(([name, value]) => [name, value, streamFields.includes(name)] as const)
  return new LineRecordDecoder(text, {
    recordBytesMax,
    batchBytesMax,
    timeZone,
    plainLinesReply: 'none',
    idempotencyKey: key,
    extraFields: marked.toSorted(([, , a], [, , b]) => Number(b) - Number(a)),
  })
}
