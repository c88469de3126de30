/** What the server says about a body of logs, read with care: whatever answers there may be no LogCaster. */
import { isObject, readObject } from './json-shape.ts'

export interface LogsAnswer {
  /** Records that are stored, by this request or, when it is a repetition, by the first one with its key. */
  readonly accepted: number
  readonly refused: number
  /** The key was known: nothing was stored now. */
  readonly isRepeated: boolean
  /** The first refused lines; there may be more. */
  readonly refusals: readonly LineRefusal[]
}

export interface LineRefusal {
  /** In the body; the first is 1. */
  readonly line: number
  readonly code: string
  readonly reason: string
}

/** The answer of status 200, or null when it is something else. */
export function readLogsAnswer(text: string): LogsAnswer | null {
  const answer = readObject(text) ?? {}
  const { accepted, refused } = answer
  if (!isCount(accepted) || !isCount(refused)) return null
  const refusals = Array.isArray(answer['refusals']) ? answer['refusals'].flatMap(readRefusal) : []
  return { accepted, refused, isRepeated: answer['repeated'] === true, refusals }
}

export interface Problem {
  readonly code: string
  readonly sentence: string
}

/** What a problem document says, or null when it is something else. */
export function readProblem(text: string): Problem | null {
  const { detail, title, code } = readObject(text) ?? {}
  if (typeof code !== 'string') return null
  const sentence = [detail, title].find((part) => typeof part === 'string' && part !== '')
  return { code, sentence: typeof sentence === 'string' ? sentence : code }
}

function readRefusal(value: unknown): LineRefusal[] {
  if (!isObject(value)) return []
  const { line, code, reason } = value
  if (!isCount(line) || typeof reason !== 'string') return []
  return [{ line, code: typeof code === 'string' ? code : '', reason }]
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
