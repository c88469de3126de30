/**
 * `unpack_syslog from field`: the parts of a syslog message, RFC 5424 or RFC 3164, as fields. `offset` is the time zone
 * of clocks that name none, UTC by default.
 */
import type { Pipe } from '../ast.ts'
import { parseDuration, requireDuration } from '../syntax/time-literal.ts'
import { readSyslog } from '../values/syslog-text.ts'
import type { PipeKind } from './kind.ts'
import {
  bindUnpacking,
  leavesOfUnpacking,
  parseFrom,
  parseResults,
  printUnpacking,
  type Unpacking,
  wantsOfUnpacking,
} from './unpacking.ts'

export interface UnpackSyslogPipe extends Pipe, Unpacking {
  readonly kind: 'unpack_syslog'
  /** As the query wrote it; null where it did not. */
  readonly offset: string | null
}

const OFFSET = 'offset'
const NS_PER_MS = 1_000_000n

export const unpackSyslogPipe: PipeKind<UnpackSyslogPipe> = {
  kind: 'unpack_syslog',
  names: ['unpack_syslog'],
  summary: 'the parts of a syslog message as fields',
  examples: [
    'error | unpack_syslog',
    'error | unpack_syslog from line offset 9h result_prefix "syslog." keep_original_fields',
  ],
  isLive: true,
  keepsRows: true,
  parse(parser) {
    const { reader } = parser
    const source = parseFrom(parser, OFFSET)
    let offset: string | null = null
    if (reader.takeWord(OFFSET)) {
      const { text, span } = reader.expectPhrase('a duration after `offset`, like `9h`')
      requireDuration(text, span)
      offset = text
    }
    return {
      kind: 'unpack_syslog',
      ...source,
      fields: [],
      offset,
      ...parseResults(parser, 'keep_original_fields'),
    }
  },
  print(pipe, printer) {
    const offset = pipe.offset === null ? '' : ` ${OFFSET} ${pipe.offset}`
    return `unpack_syslog${printUnpacking(pipe, printer, offset)}`
  },
  wants: wantsOfUnpacking,
  leaves: leavesOfUnpacking,
  bindBatch(pipe, context) {
    const offsetNs = pipe.offset === null ? 0n : (parseDuration(pipe.offset) ?? 0n)
    const clock = { nowMs: context.settings.nowMs, offsetMs: Number(offsetNs / NS_PER_MS) }
    return bindUnpacking(pipe, context, (text) => readSyslog(text, clock))
  },
}
