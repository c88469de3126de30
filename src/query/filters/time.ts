/**
 * `_time:…`: when it happened. A time names a stretch (`2025-07-18Z` is a day): `=` and `[…]` hold all of it, `>` and
 * `<=` mean its end, `<` and `>=` its beginning; `(a` begins right after the first moment of `a`, `b)` ends right
 * before the first moment of `b`. `5m` is the last five minutes, `>5m` is older. `offset 1h` looks an hour earlier.
 */
import type { Block } from '../../record/record.ts'
import type { Filter } from '../ast.ts'
import { nameOf } from '../batches/fields-wanted.ts'
import { UNBOUNDED } from '../scan/bounds.ts'
import { TIME_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { quote } from '../syntax/quoting.ts'
import {
  type Moment,
  momentOf,
  nowStretch,
  parseDuration,
  requireTime,
  type Stretch,
} from '../syntax/time-literal.ts'
import type { Phrase, TokenReader } from '../syntax/token-reader.ts'
import { ALL } from './all.ts'
import { COST_NUMBER, type FilterForm, type FilterKind } from './kind.ts'
import { parseTimeCycle } from './time-cycle.ts'
import { parseOffset } from './time-offset.ts'

export interface TimeFilter extends Filter {
  readonly kind: 'time'
  /** As it was written: what is relative stays so when it is printed. */
  readonly text: string
  /** Both inclusive; null is open. */
  readonly first: Moment | null
  readonly last: Moment | null
  /** `last` is the moment of asking: a tail goes on beyond it. */
  readonly endsNow: boolean
}

/** What was read, before the offset. */
interface Range {
  readonly text: string
  readonly first: bigint | null
  readonly last: bigint | null
  readonly endsNow?: boolean
}

const parse: FilterForm = (parser) => {
  const { reader } = parser
  if (reader.takeSymbol('*')) return ALL
  const cycle = parseTimeCycle(parser)
  if (cycle !== null) return cycle
  const range = parseRange(parser)
  const offset = parseOffset(reader)
  const shift = offset?.ns ?? 0n
  const filter: TimeFilter = {
    kind: 'time',
    text: [range.text, offset?.text].filter(Boolean).join(' '),
    first: range.first === null ? null : momentOf(range.first - shift),
    last: range.last === null ? null : momentOf(range.last - shift),
    endsNow: range.endsNow === true && shift === 0n,
  }
  return filter
}

function parseRange(parser: FilterParser): Range {
  const { reader } = parser
  if (reader.isWord('offset')) return { text: '', first: null, last: nowStretch(reader.nowMs).last }
  if (reader.isSymbol('[') || reader.isSymbol('(')) return parseBrackets(reader)
  const compare = parseCompare(reader)
  const phrase = reader.expectPhrase('a time or a duration', { colon: true })
  const duration = phrase.text.toLowerCase().startsWith('now') ? null : parseDuration(phrase.text)
  return duration === null
    ? comparedTime(compare, phrase, requireTime(phrase.text, reader.nowMs, phrase.span))
    : comparedAge(compare, phrase, duration < 0n ? -duration : duration, reader.nowMs)
}

type Compare = '' | '>' | '>=' | '<' | '<='

function parseCompare(reader: TokenReader): Compare {
  if (reader.takeSymbol('=')) return ''
  for (const symbol of ['>', '<'] as const) {
    if (reader.takeSymbol(symbol)) return reader.takeJoined('=') ? `${symbol}=` : symbol
  }
  return ''
}

function comparedTime(compare: Compare, { text }: Phrase, { first, last }: Stretch): Range {
  const written = compare + timeText(text)
  if (compare === '>') return { text: written, first: last + 1n, last: null }
  if (compare === '>=') return { text: written, first, last: null }
  if (compare === '<') return { text: written, first: null, last: first - 1n }
  if (compare === '<=') return { text: written, first: null, last }
  return { text: written, first, last }
}

/** `>5m` is older than five minutes, `<5m` younger. */
function comparedAge(compare: Compare, { text }: Phrase, age: bigint, nowMs: number): Range {
  const now = nowStretch(nowMs)
  const written = compare + timeText(text)
  if (compare === '>') return { text: written, first: null, last: now.first - age - 1n }
  if (compare === '>=') return { text: written, first: null, last: now.first - age }
  if (compare === '<') return { text: written, first: now.first - age + 1n, last: null }
  if (compare === '<=') return { text: written, first: now.first - age, last: null }
  return { text: written, first: now.first - age, last: now.last, endsNow: true }
}

function parseBrackets(reader: TokenReader): Range {
  const opens = reader.next().text
  const from = reader.expectPhrase('the time at which the range begins', { colon: true })
  const first = requireTime(from.text, reader.nowMs, from.span).first + (opens === '(' ? 1n : 0n)
  reader.expectSymbol(',', 'and the time at which the range ends')
  const to = reader.expectPhrase('the time at which the range ends', { colon: true })
  const end = requireTime(to.text, reader.nowMs, to.span)
  if (!reader.isSymbol(']') && !reader.isSymbol(')'))
    throw reader.expected('`]` or `)` at the end of the range')
  const closes = reader.next().text
  const last = closes === ']' ? end.last : end.first - 1n
  return { text: `${opens}${timeText(from.text)},${timeText(to.text)}${closes}`, first, last }
}

/** A time that was read once needs quotes only where it has a space or the like. */
function timeText(text: string): string {
  return /^[\w.:+-]+$/.test(text) ? text : quote(text)
}

export const timeFilter: FilterKind<TimeFilter> = {
  kind: 'time',
  summary: 'when it happened: a duration back from now, a calendar unit, a range',
  examples: [
    '_time:5m',
    '_time:1h offset 1d',
    '_time:2025-07-18Z',
    '_time:[2025-07-18T10:00Z, 2025-07-18T11:00Z)',
    '_time:>=2025-07-18Z',
  ],
  forms: { fields: { _time: parse } },
  print: ({ text }) => `_time:${text}`,
  wants: () => [nameOf(TIME_FIELD)],
  bind({ first, last, endsNow }, { isLive }) {
    const from = first ?? { ms: -Infinity, ns: 0 }
    const to = last === null || (isLive && endsNow) ? { ms: Infinity, ns: 0 } : last
    return {
      cost: COST_NUMBER,
      count(block) {
        if (isWithin(block, from, to)) return block.rowCount
        return block.timeMsMin > to.ms || block.timeMsMax < from.ms ? 0 : null
      },
      narrow({ block }, rows) {
        if (isWithin(block, from, to)) return
        const { timesMs, timesNs } = block
        for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1)) {
          const ms = timesMs[row]
          // Behind pipes a row may have no time: it is NaN.
          const isEarly = !(ms >= from.ms) || (ms === from.ms && timesNs[row] < from.ns)
          const isLate = ms > to.ms || (ms === to.ms && timesNs[row] > to.ns)
          if (isEarly || isLate) rows.unset(row)
        }
      },
    }
  },
  bounds: ({ first, last }) => ({
    ...UNBOUNDED,
    timeMsMin: first?.ms ?? -Infinity,
    timeMsMax: last?.ms ?? Infinity,
  }),
}

/** All rows are: told by the millisecond. */
function isWithin({ timeMsMin, timeMsMax }: Block, from: Moment, to: Moment): boolean {
  return timeMsMin > from.ms && timeMsMax < to.ms
}

/** From the first moment of one time to the last of another; null is open. Not both. */
export function timeRangeOf(from: NamedTime | null, to: NamedTime | null): TimeFilter {
  return {
    kind: 'time',
    text: rangeText(from, to),
    first: from === null ? null : momentOf(from.time.first),
    last: to === null ? null : momentOf(to.time.last),
    endsNow: false,
  }
}

export interface NamedTime {
  readonly text: string
  readonly time: Stretch
}

function rangeText(from: NamedTime | null, to: NamedTime | null): string {
  if (from === null) return `<=${timeText(to?.text ?? 'now')}`
  return to === null ? `>=${timeText(from.text)}` : `[${timeText(from.text)},${timeText(to.text)}]`
}
