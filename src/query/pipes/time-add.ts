/**
 * `time_add 1h at field`: moves a time by a duration. A text that is no time stays as it is, and so does a time that
 * would leave the years that records can have.
 */
import { assert } from '../../base/portable.ts'
import { formatRfc3339, parseTimeText, TIME_MS_MAX, TIME_MS_MIN } from '../../record/record.ts'
import type { Pipe } from '../ast.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { isWanted, withFields } from '../batches/fields-wanted.ts'
import { TimeColumn } from '../batches/text-columns.ts'
import { TIME_FIELD } from '../special-fields.ts'
import { type Moment, momentOf, parseDuration, requireDuration } from '../syntax/time-literal.ts'
import type { PipeKind } from './kind.ts'
import { mappedColumn } from './mapped-column.ts'
import { namesWith, parseFieldName } from './parts.ts'

export interface TimeAddPipe extends Pipe {
  readonly kind: 'time_add'
  /** As the query wrote it. */
  readonly duration: string
  readonly field: string
}

const NS_PER_MS = 1_000_000

export const timeAddPipe: PipeKind<TimeAddPipe> = {
  kind: 'time_add',
  names: ['time_add'],
  summary: 'moves a time, `_time` unless `at` names another field',
  examples: ['error | time_add 1h', 'error | time_add -1d at expires'],
  isLive: true,
  keepsRows: true,
  parse(parser) {
    const { reader } = parser
    const { text, span } = reader.expectPhrase('a duration, like `time_add 1h`')
    requireDuration(text, span)
    const field = reader.takeWord('at') ? parseFieldName(parser) : TIME_FIELD
    return { kind: 'time_add', duration: text, field }
  },
  print({ duration, field }, printer) {
    const at = field === TIME_FIELD ? '' : ` at ${printer.phrase(field)}`
    return `time_add ${/^[+-]/.test(duration) ? duration : printer.phrase(duration)}${at}`
  },
  wants: ({ field }, after) => (isWanted(after, field) ? withFields(after, [field]) : after),
  leaves: ({ field }, entering) => namesWith(entering, [field]),
  bindBatch({ duration, field }) {
    const ns = parseDuration(duration)
    assert(ns !== null, `${duration} is no duration`)
    const step = momentOf(ns)
    return (batch) => {
      const times = batch.timesOf(field)
      return batch.with(
        field,
        (times === null ? null : movedTimes(times, step)) ??
          mappedColumn(batch, field, (text) => movedText(text, step)),
      )
    }
  },
}

/** Null where a time would be out of range. */
function movedTimes({ timesMs, timesNs }: TimeColumn, step: Moment): BatchColumn | null {
  const movedMs = new Float64Array(timesMs.length)
  const movedNs = new Uint32Array(timesMs.length)
  const time = { ms: 0, ns: 0 }
  for (let row = 0; row < timesMs.length; row++) {
    time.ms = timesMs[row]
    time.ns = timesNs[row]
    if (!move(time, step)) return null
    movedMs[row] = time.ms
    movedNs[row] = time.ns
  }
  return new TimeColumn(movedMs, movedNs)
}

function movedText(text: string, step: Moment): string {
  const time = { ms: 0, ns: 0 }
  return parseTimeText(text, time) && move(time, step) ? formatRfc3339(time.ms, time.ns) : text
}

/** Whether it is in range afterwards. */
function move(time: { ms: number; ns: number }, step: Moment): boolean {
  const ns = time.ns + step.ns
  const carry = ns >= NS_PER_MS ? 1 : 0
  time.ms += step.ms + carry
  time.ns = ns - carry * NS_PER_MS
  return time.ms >= TIME_MS_MIN && time.ms <= TIME_MS_MAX
}
