/**
 * `time_add 1h at field`: moves a time by a duration. A text that is no time stays as it is, and so does a time that
 * would leave the years that records can have.
 */
import { formatRfc3339, parseTimeText, TIME_MS_MAX, TIME_MS_MIN } from '../../record/record.ts'
import type { Pipe } from '../ast.ts'
import { isWanted, withFields } from '../batches/fields-wanted.ts'
import { type BatchColumn, TimeColumn } from '../batches/row-batch.ts'
import { TIME_FIELD } from '../special-fields.ts'
import { quote } from '../syntax/quoting.ts'
import { parseDuration, requireDuration } from '../syntax/time-literal.ts'
import type { PipeKind } from './kind.ts'
import { namesWith } from './list-field.ts'
import { mappedColumn } from './mapped-column.ts'
import { parseFieldName } from './parts.ts'

export interface TimeAddPipe extends Pipe {
  readonly kind: 'time_add'
  /** As the query wrote it. */
  readonly duration: string
  readonly field: string
}

/** Both may be below zero. */
interface Step {
  readonly ms: number
  readonly ns: number
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
  leaves: ({ field }, entering) => namesWith(entering, field),
  bindBatch({ duration, field }) {
    const step = stepOf(duration)
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

function stepOf(duration: string): Step {
  const ns = parseDuration(duration)
  if (ns === null) throw new Error(`${quote(duration)} is no duration`)
  return { ms: Number(ns / BigInt(NS_PER_MS)), ns: Number(ns % BigInt(NS_PER_MS)) }
}

/** Null where a time would be out of range. */
function movedTimes({ timesMs, timesNs }: TimeColumn, step: Step): BatchColumn | null {
  const movedMs = new Float64Array(timesMs.length)
  const movedNs = new Uint32Array(timesMs.length)
  for (let row = 0; row < timesMs.length; row++) {
    const ns = timesNs[row] + step.ns
    const carry = ns < 0 ? -1 : ns >= NS_PER_MS ? 1 : 0
    movedMs[row] = timesMs[row] + step.ms + carry
    movedNs[row] = ns - carry * NS_PER_MS
    if (!isInRange(movedMs[row])) return null
  }
  return new TimeColumn(movedMs, movedNs)
}

function movedText(text: string, step: Step): string {
  const time = { ms: 0, ns: 0 }
  if (!parseTimeText(text, time)) return text
  const ns = time.ns + step.ns
  const carry = ns < 0 ? -1 : ns >= NS_PER_MS ? 1 : 0
  const ms = time.ms + step.ms + carry
  return isInRange(ms) ? formatRfc3339(ms, ns - carry * NS_PER_MS) : text
}

function isInRange(ms: number): boolean {
  return ms >= TIME_MS_MIN && ms <= TIME_MS_MAX
}
