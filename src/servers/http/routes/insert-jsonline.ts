/** `POST /insert/jsonline`: NDJSON as VictoriaLogs takes it, so that what sends there can send here. */
import { checkTaken, takeBody } from '../log-answer.ts'
import { LogIntake } from '../log-intake.ts'
import { readLogParameters, VICTORIA_DIALECT } from '../log-parameters.ts'
import { JsonRecordDecoder } from '../record-decoder.ts'
import type { HttpRoute } from '../route.ts'

export const insertJsonline: HttpRoute = {
  methods: ['POST'],
  path: '/insert/jsonline',
  action: 'record.write',
  summary: 'Stores NDJSON, with the parameters of VictoriaLogs. Answered when all of it is on disk.',
  async answer({ around, request, parameters, body }) {
    const { gate, clock, options, ndjson, counters } = around
    const { recordBytesMax, batchBytesMax, unackedBytesMax, streamFields } = options
    const fields = readLogParameters(parameters, request.headers, VICTORIA_DIALECT, streamFields)
    const decoder = new JsonRecordDecoder(ndjson, { ...fields, recordBytesMax, batchBytesMax })
    const taken = await takeBody(
      body,
      new LogIntake(gate, clock, decoder, { unackedBytesMax, isKeyed: false }),
    )
    const { accepted, stored, refused, refusals, filedByReceived } = taken.result
    counters.records += stored
    counters.refused += refused
    checkTaken(taken)
    return { accepted, refused, ...(filedByReceived > 0 && { filedByReceived }), refusals }
  },
}
