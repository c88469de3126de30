/**
 * Who a request is from: what the port grants, and what the token that it carries adds. Every request stands for
 * itself; nothing of one is left for the next.
 */
import { can, type SessionAccess } from '../access.ts'
import type { Action } from '../actions.ts'
import { HttpProblem } from './problem-document.ts'

const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="logcaster"' }

/** Lets a request do what it is for. NOT_ALLOWED, TOKEN_UNKNOWN. `access` is the connection's. */
export async function admitRequest(
  access: SessionAccess,
  authorization: string | undefined,
  action: Action,
): Promise<SessionAccess> {
  const subject = access.fresh()
  const token = authorization === undefined ? null : tokenOf(authorization)
  const isKnown = token !== null && (await subject.login(token))
  if (can(subject, action)) return subject
  if (isKnown)
    throw new HttpProblem('NOT_ALLOWED', 'The token that this request carries does not allow this.')
  if (authorization === undefined) {
    throw new HttpProblem(
      'NOT_ALLOWED',
      'This port does not grant this to everybody: send `Authorization: Bearer <token>` with a token that does.',
      { status: 401, headers: CHALLENGE },
    )
  }
  throw new HttpProblem('TOKEN_UNKNOWN', unknownToken(token), { headers: CHALLENGE })
}

function unknownToken(token: Uint8Array | null): string {
  return token === null
    ? 'The header `Authorization` must be `Bearer <token>`, or `Basic` with the token as password.'
    : 'Nobody has the token that this request carries.'
}

/** The token of `Bearer <token>`, or of `Basic <base64 of name:token>`; null when it is neither. */
function tokenOf(authorization: string): Uint8Array | null {
  const [, scheme, credentials] = /^(bearer|basic) +([\x21-\x7e]+) *$/i.exec(authorization) ?? []
  if (scheme === undefined) return null
  if (scheme.toLowerCase() === 'bearer') return Buffer.from(credentials)
  const pair = Buffer.from(credentials, 'base64')
  const colon = pair.indexOf(':')
  return colon < 0 ? null : pair.subarray(colon + 1)
}
