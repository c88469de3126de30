/** `offset 1h` behind what a `_time` filter says: it looks an hour earlier. */
import { requireDuration } from '../syntax/time-literal.ts'
import type { TokenReader } from '../syntax/token-reader.ts'

export interface TimeOffset {
  readonly text: string
  readonly ns: bigint
}

/** Null where none stands there. */
export function parseOffset(reader: TokenReader): TimeOffset | null {
  if (!reader.takeWord('offset')) return null
  const { text, span } = reader.expectPhrase('a duration after `offset`')
  return { text: `offset ${text}`, ns: requireDuration(text, span) }
}
