/**
 * Times as text, all of one shape: four digits, then five pairs, each behind one byte, then perhaps a fraction, then
 * perhaps the same end everywhere. Years 1970 to 2199, and only dates that there are.
 *
 *   2015-07-29 17:41:44,747      2015-06-03T15:42:50.675872Z      2005-06-03-15.42.50.675872      2024/01/31 00:00:00 UTC
 *   ^ one byte ^  ^  ^  ^ fraction, 1 to 9 digits        ^ end
 *
 *   +----------------+--------+---------+------------------------+---------------------------------+
 *   | fraction       | length | a value | times in the smallest  | with 7 to 9 digits of fraction: |
 *   | digits u8, 0-9 | u8     |         | unit, µs at most: seq. | what is below a µs: sequence    |
 *   +----------------+--------+---------+------------------------+---------------------------------+
 *
 * The value is any one of the column: the bytes between its numbers and behind them are those of all.
 */
import { printDigits, printPair } from '../../base/base.ts'
import { ByteSource, partCorrupt } from './byte-source.ts'
import { gather } from './column-facts.ts'
import { consecutiveOfLength, DecodedColumn, repeated } from './decoded-column.ts'
import { DOT, isDigit, parseDigits } from './digits.ts'
import { bitsOfBytes, bitsOfDigits, type Encoding, type MaterializedColumn } from './encoding.ts'
import { planSequence, readIndexes, readSequence } from './number-sequence.ts'

const SECONDS_END = '2015-07-29 17:41:44'.length
const LENGTH_MAX = 64
const COMMA = 0x2c
const FRACTION_MAX = 9
/** More digits than these go into a sequence of their own: with them a time would not be below 2^53. */
const MICROSECOND_DIGITS = 6
const YEAR_MIN = 1970
const YEAR_MAX = 2199
const SECONDS_MAX = Date.UTC(YEAR_MAX + 1, 0) / 1000
const DAY_SECONDS = 86_400

export const timestamps: Encoding = {
  code: 7,
  name: 'timestamps',
  isText: false,

  plan({ table }, facts) {
    const length = facts.lengthMax
    if (facts.lengthMin !== length || length < SECONDS_END || length > LENGTH_MAX) return null
    const { bytes, starts } = table
    const { distinct, scratch } = facts
    const sample = bytes.slice(starts[distinct[0]], starts[distinct[0]] + length)
    const fraction = fractionDigits(sample)
    if (fraction > FRACTION_MAX) return null
    const times = scratch.floats(distinct.length)
    const rests = scratch.floats(distinct.length)
    const isFrame = frameOf(fraction, length)
    const coarse = Math.min(fraction, MICROSECOND_DIGITS)
    const scale = 10 ** coarse
    const fractionStart = SECONDS_END + 1
    for (let i = 0; i < distinct.length; i++) {
      const start = starts[distinct[i]]
      if (!isOfShape(bytes, start, sample, isFrame)) return null
      const seconds = parseSeconds(bytes, start)
      if (seconds < 0) return null
      times[i] = seconds
      if (fraction === 0) continue
      const middle = start + fractionStart + coarse
      times[i] = seconds * scale + parseDigits(bytes, start + fractionStart, middle)
      rests[i] = parseDigits(bytes, middle, start + fractionStart + fraction)
    }
    const timePlan = planSequence(gather(times, facts), scratch)
    const restPlan = fraction > MICROSECOND_DIGITS ? planSequence(gather(rests, facts), scratch) : null
    return {
      bytes: 2 + length + timePlan.bytes + (restPlan?.bytes ?? 0),
      settles: true,
      write: (sink) => {
        sink.u8(fraction)
        sink.u8(length)
        sink.append(sample)
        timePlan.write(sink)
        restPlan?.write(sink)
      },
    }
  },

  decode(bytes, rowCount) {
    return new DecodedColumn({ rowCount, materialize: () => read(bytes, rowCount) })
  },

  holds: (bytes, bitsOf) =>
    bitsOfDigits(bitsOf) | bitsOfBytes(bytes, bitsOf, 2, Math.min(bytes.length, 2 + (bytes[1] ?? 0))),
}

function fractionDigits(sample: Uint8Array): number {
  if (sample[SECONDS_END] !== DOT && sample[SECONDS_END] !== COMMA) return 0
  let digits = 0
  while (isDigit(sample[SECONDS_END + 1 + digits])) digits++
  return digits
}

/** By position: 1 where the bytes of all values are the same, 0 where the numbers stand. */
function frameOf(fraction: number, length: number): Uint8Array {
  const isFrame = new Uint8Array(length).fill(1)
  isFrame.fill(0, 0, 4)
  for (let pair = 5; pair < SECONDS_END; pair += 3) isFrame.fill(0, pair, pair + 2)
  isFrame.fill(0, SECONDS_END + 1, SECONDS_END + 1 + fraction)
  return isFrame
}

function isOfShape(bytes: Uint8Array, start: number, sample: Uint8Array, isFrame: Uint8Array): boolean {
  for (let i = 0; i < sample.length; i++) {
    const byte = bytes[start + i]
    if (isFrame[i] === 1 ? byte !== sample[i] : !isDigit(byte)) return false
  }
  return true
}

/** Seconds since 1970 of `YYYY?MM?DD?hh?mm?ss`, all digits where they should be; -1 where there is no such time. */
function parseSeconds(bytes: Uint8Array, start: number): number {
  const year = parseDigits(bytes, start, start + 4)
  const month = parseDigits(bytes, start + 5, start + 7)
  const day = parseDigits(bytes, start + 8, start + 10)
  const hour = parseDigits(bytes, start + 11, start + 13)
  const minute = parseDigits(bytes, start + 14, start + 16)
  const second = parseDigits(bytes, start + 17, start + 19)
  if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12) return -1
  if (day < 1 || day > daysOfMonth(year, month) || hour > 23 || minute > 59 || second > 59) return -1
  return daysSince1970(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Years that begin in March have their leap day at the end, and months of 30.6 days. */
function daysSince1970(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1
  const marchMonth = (month + 9) % 12
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + Math.floor((marchMonth * 153 + 2) / 5) + day - 719_469
}

function read(bytes: Uint8Array, rowCount: number): MaterializedColumn {
  const source = new ByteSource(bytes)
  const fraction = source.u8()
  const length = source.u8()
  const needed = fraction === 0 ? SECONDS_END : SECONDS_END + 1 + fraction
  if (fraction > FRACTION_MAX || length < needed || length > LENGTH_MAX)
    throw partCorrupt('its times have no shape')
  const sample = source.take(length)
  const times = readSequence(source, rowCount)
  const isFine = fraction > MICROSECOND_DIGITS
  const restDigits = isFine ? fraction - MICROSECOND_DIGITS : 0
  const rests = isFine ? readIndexes(source, rowCount, 10 ** restDigits - 1, 'the rest of a time') : null
  source.expectEnd()
  const coarse = fraction - restDigits
  const scale = 10 ** coarse
  const data = repeated(sample, rowCount)
  const printer = new DatePrinter()
  for (let row = 0, at = 0; row < rowCount; row++, at += length) {
    let seconds = Math.floor(times[row] / scale)
    // A quotient just below a whole number may have been rounded up to it.
    if (seconds * scale > times[row]) seconds--
    if (!(times[row] >= 0 && seconds < SECONDS_MAX)) throw partCorrupt('a time is out of range')
    printer.print(seconds, data, at)
    if (fraction === 0) continue
    printDigits(times[row] - seconds * scale, coarse, data, at + SECONDS_END + 1)
    if (rests !== null) printDigits(rests[row], restDigits, data, at + SECONDS_END + 1 + coarse)
  }
  return consecutiveOfLength(data, length, rowCount)
}

/** Neighbours mostly have the same day: its digits are made once. */
class DatePrinter {
  #day = -1
  #century = 0
  #yearOfCentury = 0
  #month = 0
  #dayOfMonth = 0

  print(seconds: number, out: Uint8Array, at: number): void {
    const day = Math.floor(seconds / DAY_SECONDS)
    if (day !== this.#day) this.#moveTo(day)
    const rest = (seconds - day * DAY_SECONDS) | 0
    const minutes = (rest / 60) | 0
    const hours = (minutes / 60) | 0
    printPair(this.#century, out, at)
    printPair(this.#yearOfCentury, out, at + 2)
    printPair(this.#month, out, at + 5)
    printPair(this.#dayOfMonth, out, at + 8)
    printPair(hours, out, at + 11)
    printPair(minutes - hours * 60, out, at + 14)
    printPair(rest - minutes * 60, out, at + 17)
  }

  #moveTo(day: number): void {
    const date = new Date(day * DAY_SECONDS * 1000)
    this.#day = day
    this.#century = Math.floor(date.getUTCFullYear() / 100)
    this.#yearOfCentury = date.getUTCFullYear() % 100
    this.#month = date.getUTCMonth() + 1
    this.#dayOfMonth = date.getUTCDate()
  }
}
