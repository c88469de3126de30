/** Clients of crash rounds that speak HTTP: one request behind the other, on a connection that is kept. */
import { Agent, request } from 'node:http'
import { systemErrorCode } from '../src/base/base.ts'
import {
  answerOf,
  BATCH_MESSAGES,
  type HttpAnswer,
  idsOfAnswer,
  ndjsonOf,
  postBatch,
} from './crash-batches.ts'
import type { CrashLedger } from './crash-ledger.ts'

const UNAVAILABLE = 503
const OUT_OF_ROOM = 507
const STREAM_PIECES = 12
const PIECE_MESSAGES = 25
const STREAM_MESSAGES = STREAM_PIECES * PIECE_MESSAGES

/** `POST /api/v1/logs` with an idempotency key. Resolves when a request had no answer, or a refusal. */
export function sendBatches(ledger: CrashLedger): Promise<void> {
  const { way, client, task } = ledger
  return sendRequests(ledger, async (agent) => {
    const batch = ledger.sent / BATCH_MESSAGES
    ledger.take(BATCH_MESSAGES)
    const answer = await postBatch(agent, task.httpPort, { way, client, round: task.round, batch })
    const ids = idsOfAnswer(answer)
    if (ids === null) takeRefusal(ledger, answer)
    else ledger.acknowledge(BATCH_MESSAGES, ids)
  })
}

/** `POST /insert/jsonline`, found by detection on the log port, each body a piece at a time. */
export function sendStreams(ledger: CrashLedger): Promise<void> {
  const options = { host: '127.0.0.1', port: ledger.task.logPort, method: 'POST' }
  const path = '/insert/jsonline?_msg_field=message'
  return sendRequests(ledger, async (agent) => {
    const answer = await answerOf(request({ ...options, path, agent }), (call) => {
      let pieces = 0
      const write = (): void => {
        call.write(ndjsonOf(ledger.take(PIECE_MESSAGES).map(String)))
        if (++pieces === STREAM_PIECES) call.end()
        else setImmediate(write)
      }
      write()
    })
    const isStored = answer.status === 200 && JSON.parse(answer.body).accepted === STREAM_MESSAGES
    if (isStored) ledger.acknowledge(STREAM_MESSAGES)
    else takeRefusal(ledger, answer)
  })
}

async function sendRequests(ledger: CrashLedger, sendNext: (agent: Agent) => Promise<void>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    while (!ledger.isRefused) await sendNext(agent)
  } catch (error) {
    // The connection ended: nobody knows what became of the last request.
    if (!/^E[A-Z]+$/.test(systemErrorCode(error) ?? '')) throw error
  } finally {
    agent.destroy()
  }
}

function takeRefusal(ledger: CrashLedger, { status, body }: HttpAnswer): void {
  const isRefusal = status === UNAVAILABLE || status === OUT_OF_ROOM
  if (!isRefusal) ledger.problem(`${status} ${body}`)
  ledger.refuse(`${status} ${body}`)
}
