/**
 * What `<option:field>` of `format` makes of a value. A value that is not what the option needs stays as it is.
 */
import { formatRfc3339, parseUnixTime, type TimeResult } from '../../record/record.ts'
import { ipv4Text } from '../filters/ip-address.ts'
import { parseDuration } from '../syntax/time-literal.ts'
import { durationText, secondsText } from '../values/duration-text.ts'
import { jsonString } from '../values/json-text.ts'
import { decodeText, encodeText } from '../values/text.ts'

export const FORMAT_OPTIONS: ReadonlyMap<string, (value: string) => string> = new Map([
  ['q', jsonString],
  ['uc', (value: string) => value.toUpperCase()],
  ['lc', (value: string) => value.toLowerCase()],
  ['urlencode', urlEncoded],
  ['urldecode', urlDecoded],
  ['hexencode', hexEncoded],
  ['hexdecode', hexDecoded],
  ['base64encode', (value: string) => Buffer.from(encodeText(value)).toString('base64')],
  ['base64decode', base64Decoded],
  ['hexnumencode', hexNumberEncoded],
  ['hexnumdecode', hexNumberDecoded],
  ['time', timeOfUnix],
  ['duration', durationOfNanoseconds],
  ['duration_seconds', secondsOfDuration],
  ['ipv4', addressOfNumber],
])

// ---- texts --------------------------------------------------------------------------------------------------

const URL_PLAIN = /^[A-Za-z0-9_.~-]*$/
const PERCENT = 0x25

function urlEncoded(value: string): string {
  if (URL_PLAIN.test(value)) return value
  let encoded = ''
  for (const byte of encodeText(value)) {
    const character = String.fromCharCode(byte)
    if (URL_PLAIN.test(character)) encoded += character
    else encoded += byte === 0x20 ? '+' : `%${hexOf(byte)}`
  }
  return encoded
}

const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0').toUpperCase()

const HEX_PAIR = /^[0-9a-fA-F]{2}$/

/** A `%` without two digits behind it stays. */
function urlDecoded(value: string): string {
  const bytes = encodeText(value.replaceAll('+', ' '))
  const decoded = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const pair = bytes[at] === PERCENT ? String.fromCharCode(...bytes.subarray(at + 1, at + 3)) : ''
    const isEscape = HEX_PAIR.test(pair)
    decoded[length++] = isEscape ? Number.parseInt(pair, 16) : bytes[at]
    if (isEscape) at += 2
  }
  return decodeText(decoded.slice(0, length))
}

function hexEncoded(value: string): string {
  return Buffer.from(encodeText(value)).toString('hex').toUpperCase()
}

const HEX = /^(?:[0-9a-fA-F]{2})+$/

function hexDecoded(value: string): string {
  return HEX.test(value) ? decodeText(new Uint8Array(Buffer.from(value, 'hex'))) : value
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function base64Decoded(value: string): string {
  return BASE64.test(value) ? decodeText(new Uint8Array(Buffer.from(value, 'base64'))) : value
}

// ---- numbers ------------------------------------------------------------------------------------------------

const WHOLE = /^[+-]?\d{1,20}$/
const UNSIGNED_MAX = 0xffff_ffff_ffff_ffffn
const HEX_NUMBER = /^[0-9a-fA-F]{1,16}$/

/** Null for what is no whole number of 64 bits. */
function wholeNumber(value: string): bigint | null {
  if (!WHOLE.test(value)) return null
  const number = BigInt(value.startsWith('+') ? value.slice(1) : value)
  return number <= UNSIGNED_MAX && number >= -UNSIGNED_MAX ? number : null
}

function hexNumberEncoded(value: string): string {
  const number = wholeNumber(value)
  if (number === null || number < 0n) return value
  return number.toString(16).toUpperCase().padStart(16, '0')
}

function hexNumberDecoded(value: string): string {
  return HEX_NUMBER.test(value) ? String(BigInt(`0x${value}`)) : value
}

const UNIX_LENGTH_MAX = 40
const time: TimeResult = { ms: 0, ns: 0 }

/** Seconds, milliseconds, microseconds or nanoseconds: by the number of digits. */
function timeOfUnix(value: string): string {
  if (value.length > UNIX_LENGTH_MAX) return value
  const bytes = encodeText(value)
  if (!parseUnixTime(bytes, 0, bytes.length, time)) return value
  return formatRfc3339(time.ms, time.ns).replace(/(\.\d*?)0+Z$/, '$1Z')
}

function durationOfNanoseconds(value: string): string {
  const number = wholeNumber(value)
  return number === null ? value : durationText(number)
}

const DURATION_LENGTH_MAX = 100

function secondsOfDuration(value: string): string {
  const duration = value.length > DURATION_LENGTH_MAX ? null : parseDuration(value)
  return duration === null ? value : secondsText(duration)
}

const ADDRESS_MAX = 0xffff_ffff

function addressOfNumber(value: string): string {
  const number = WHOLE.test(value) ? Number(value) : Number.NaN
  if (!(number >= 0 && number <= ADDRESS_MAX)) return value
  return ipv4Text(number)
}
