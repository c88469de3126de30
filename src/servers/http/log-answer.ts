/** What the sender of a body of logs is told: how many records are stored, and which lines are not, and why. */
import { AssertionError, isCodedError } from '../../base/base.ts'
import type { IntakeResult, LogIntake } from './log-intake.ts'
import { HttpProblem, internalError } from './problem-document.ts'
import type { RequestBody } from './request-body.ts'

/** What a body came to: its records, and what was wrong with the body itself, if anything. */
export interface LogsTaken {
  readonly result: IntakeResult
  readonly bodyError: unknown
}

/** Reads the body, stores what it holds, and waits until that is durable. */
export async function takeBody(body: RequestBody, intake: LogIntake): Promise<LogsTaken> {
  let bodyError: unknown = null
  try {
    for await (const chunk of body.chunks()) {
      await intake.take(chunk, body.mayHaveMore)
      if (intake.hasFailed) break
    }
  } catch (error) {
    if (error instanceof AssertionError) throw error
    bodyError = error
  }
  await intake.end(bodyError === null && !body.isBroken)
  return { result: await intake.finished(), bodyError }
}

/** Throws what the sender must know about a body that was not taken, or in no part. */
export function checkTaken({ result, bodyError }: LogsTaken): void {
  const { accepted, refused, refusals, failure } = result
  const error = failure ?? bodyError
  const members = { accepted, refused, refusals }
  if (error !== null) throw withMembers(error, members)
  if (accepted > 0 || refused === 0) return
  const [first] = refusals
  throw new HttpProblem(
    first?.code ?? 'RECORD_INVALID',
    `No line could be taken. Line ${first?.line}: ${first?.reason}.`,
    { members },
  )
}

function withMembers(error: unknown, members: Readonly<Record<string, unknown>>): HttpProblem {
  if (error instanceof HttpProblem) {
    return new HttpProblem(error.code, error.message, {
      ...error.more,
      members: { ...error.more.members, ...members },
    })
  }
  if (isCodedError(error)) return new HttpProblem(error.code, error.message, { members })
  return internalError(error, members)
}

/** The same for a body that is here already. */
export async function takeWhole(body: Uint8Array, intake: LogIntake): Promise<LogsTaken> {
  await intake.take(body)
  await intake.end(true)
  return { result: await intake.finished(), bodyError: null }
}
