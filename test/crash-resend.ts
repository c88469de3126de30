/**
 * What clients with keyed batches do after a crash: each sends again what was not acknowledged, and the last batch that
 * was. All of it must be acknowledged now, and what was before, with the ids of then.
 */
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import {
  BATCH_MESSAGES,
  type BatchName,
  framedBatch,
  idsOfAck,
  idsOfAnswer,
  postBatch,
} from './crash-batches.ts'
import { type ClientReport, isKeyed } from './crash-ways.ts'
import { within } from './deadline.ts'
import { type JsonAnswer, JsonAnswers } from './frames.ts'
import type { RunningProgram } from './running-program.ts'

/** The reports as they are after that; those of other clients as they were. */
export function resendUnacknowledged(
  program: RunningProgram,
  round: number,
  reports: readonly ClientReport[],
): Promise<ClientReport[]> {
  return Promise.all(
    reports.map((report) => {
      const last = report.acknowledged / BATCH_MESSAGES - 1
      return isKeyed(report.way) ? resend(program, round, report, Math.max(0, last)) : report
    }),
  )
}

/** Batches from this one on, of a program that runs again. */
export async function resend(
  program: RunningProgram,
  round: number,
  report: ClientReport,
  from: number,
): Promise<ClientReport> {
  const { way, client, sent } = report
  const names = Array.from({ length: sent / BATCH_MESSAGES - from }, (_, index) => ({
    way,
    round,
    client,
    batch: from + index,
  }))
  const answers = await within(
    way === 'framed' ? sendFramed(program.logPort, names) : sendPosts(program.httpPort, names),
    `answers to what client ${client} of round ${round} sent again`,
  )
  const start = from * BATCH_MESSAGES
  const ids = [...report.ids.slice(0, start), ...answers.flatMap((answer) => answer.ids)]
  const problems = answers.flatMap((answer) => answer.problems)
  for (let number = start; number < report.acknowledged; number++) {
    if (ids[number] !== report.ids[number]) {
      problems.push(`message ${number} had id ${report.ids[number]}, and sent again ${ids[number]}`)
    }
  }
  return { ...report, acknowledged: sent, ids, problems: [...report.problems, ...problems] }
}

interface BatchAnswer {
  readonly ids: readonly number[]
  readonly problems: readonly string[]
}

const answerWith = (ids: readonly number[] | null, answer: unknown): BatchAnswer =>
  ids === null ? { ids: [], problems: [JSON.stringify(answer)] } : { ids, problems: [] }

async function sendPosts(port: number, names: readonly BatchName[]): Promise<BatchAnswer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const answers: BatchAnswer[] = []
  for (const name of names) {
    const answer = await postBatch(agent, port, name)
    answers.push(answerWith(idsOfAnswer(answer), answer))
  }
  agent.destroy()
  return answers
}

async function sendFramed(port: number, names: readonly BatchName[]): Promise<BatchAnswer[]> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.end(Buffer.concat(names.map(framedBatch)))
  const reader = new JsonAnswers()
  const answers = new Map<number, JsonAnswer>()
  for await (const chunk of socket) {
    for (const answer of reader.push(chunk)) answers.set(Number(answer.correlation_id), answer)
  }
  return names.map(({ batch }) => {
    const answer = answers.get(batch)
    assert.ok(answer !== undefined, `batch ${batch} was not answered`)
    return answerWith(idsOfAck(answer), answer)
  })
}
