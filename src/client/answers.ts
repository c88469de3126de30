/**
 * What the server answers, checked before anything believes it: payloads in, values out, null for what no server of
 * this protocol says. And which of its refusals are worth another try.
 */
import { CodedError, ERROR_CODES, type ErrorCode } from '../base/base.ts'

/** Why one record of a batch was not stored. */
export interface Refusal {
  readonly index: number
  readonly code: ErrorCode
  readonly reason: string
}

export interface Acknowledgement {
  /** One for each record; null where it was refused. */
  readonly ids: readonly (number | null)[]
  readonly refused: readonly Refusal[]
}

/** What a query gives: `_id`, `_time`, `_msg`, `level` and the fields, or what its pipes make. */
export type RowObject = Record<string, unknown>

/** Records that a tail missed, both ids inclusive. */
export interface Gap {
  readonly from: number
  readonly to: number
  readonly count: number
}

const REASON_LENGTH_MAX = 1000

export function readAcknowledgement(payload: unknown, count: number): Acknowledgement | null {
  if (!isObject(payload)) return null
  const { ids, refused = [] } = payload
  if (!Array.isArray(ids) || ids.length !== count || !ids.every((id) => id === null || isId(id))) return null
  if (!Array.isArray(refused)) return null
  const refusals = refused.map((refusal) => readRefusal(refusal, count))
  if (!refusals.every((refusal) => refusal !== null)) return null
  const indexes = new Set(refusals.map(({ index }) => index))
  const fits =
    indexes.size === refusals.length && ids.every((id, index) => (id === null) === indexes.has(index))
  return fits ? { ids, refused: refusals } : null
}

function readRefusal(value: unknown, count: number): Refusal | null {
  if (!isObject(value)) return null
  const { index, code, reason } = value
  if (!isId(index) || index >= count) return null
  return { index, code: knownCode(code), reason: shortText(reason) }
}

/** The `error` frame as an error. A code that this version does not know is SERVER_REFUSED. */
export function readRefusedRequest(payload: unknown): CodedError {
  const { error, code } = isObject(payload) ? payload : {}
  return new CodedError(knownCode(code), shortText(error), { details: { serverCode: shortText(code) } })
}

export function readRows(payload: unknown): readonly RowObject[] | null {
  if (!isObject(payload) || !Array.isArray(payload['rows'])) return null
  return payload['rows'].every(isObject) ? payload['rows'] : null
}

export function readTailRecord(payload: unknown): { readonly id: number; readonly row: RowObject } | null {
  if (!isObject(payload)) return null
  const { id, row } = payload
  return isId(id) && isObject(row) ? { id, row } : null
}

export function readGap(payload: unknown): Gap | null {
  if (!isObject(payload)) return null
  const { from, to, count } = payload
  return isId(from) && isId(to) && isId(count) ? { from, to, count } : null
}

/** The server cannot do it now, and may soon. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'STORE_FULL',
  'STORE_READ_ONLY',
  'STORE_CLOSED',
  'SERVER_BUSY',
  'RATE_EXCEEDED',
  'SERVER_UNREACHABLE',
])
/** Somebody has to do something about it: nobody's records are to blame. */
const ACCESS: ReadonlySet<ErrorCode> = new Set(['NOT_ALLOWED', 'TOKEN_UNKNOWN'])

export const isPassing = ({ code }: CodedError): boolean => PASSING.has(code)
export const isAccessProblem = ({ code }: CodedError): boolean => ACCESS.has(code)

function knownCode(code: unknown): ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'SERVER_REFUSED'
}

function shortText(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, REASON_LENGTH_MAX) : ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
