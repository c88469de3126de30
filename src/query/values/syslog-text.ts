/**
 * A syslog message to names and texts:
 *
 *   <165>1 2023-06-03T17:42:32.123Z host app 12345 ID47 [id a="b"] message      RFC 5424
 *   <34>Oct 11 22:14:15 host app[123]: message                                  RFC 3164
 *
 * Senders are sloppy, so every text is a syslog message: the priority may be missing, and what does not look like the
 * next part of the header begins the message. A time of RFC 3164 has neither year nor zone: it is of the twelve months
 * that end a day from now, and `offsetMs` is what the sender's clock is ahead of UTC.
 */
import { formatRfc3339, parseRfc3339, TIME_MS_MAX, TIME_MS_MIN } from '../../record/record.ts'
import { readCef } from './cef-text.ts'
import type { NamedTexts } from './named-texts.ts'
import { encodeText } from './text.ts'

export interface SyslogClock {
  readonly nowMs: number
  readonly offsetMs: number
}

const LEVELS = ['emerg', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug']
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'security', 'console', 'solaris-cron'],
  ...Array.from({ length: 8 }, (_, number) => `local${number}`),
]
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const PRIORITY = /^<(\d{1,3})>/
const PRIORITY_MAX = 191
const STAMP = /([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?= |$)/y
const STAMP_LENGTH = 15
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const NOTHING = '-'
const BYTE_ORDER_MARK = '\ufeff'

export function readSyslog(text: string, clock: SyslogClock): NamedTexts {
  return new SyslogReader(text, clock).read()
}

class SyslogReader {
  readonly #text: string
  readonly #clock: SyslogClock
  readonly #found: NamedTexts = { names: [], texts: [] }
  #at = 0

  constructor(text: string, clock: SyslogClock) {
    this.#text = text
    this.#clock = clock
  }

  read(): NamedTexts {
    this.#readPriority()
    if (this.#text.startsWith('1 ', this.#at)) {
      this.#at += 2
      this.#readNew()
    } else {
      this.#readOld()
    }
    return this.#found
  }

  #readPriority(): void {
    const match = PRIORITY.exec(this.#text)
    if (match === null || Number(match[1]) > PRIORITY_MAX) return
    const priority = Number(match[1])
    this.#at = match[0].length
    this.#add('level', LEVELS[priority % 8])
    this.#add('priority', match[1])
    this.#add('facility', String(priority >> 3))
    this.#add('facility_keyword', FACILITIES[priority >> 3])
    this.#add('severity', String(priority % 8))
  }

  // ---- RFC 5424 -------------------------------------------------------------------------------------------------

  #readNew(): void {
    this.#add('format', 'rfc5424')
    for (const name of ['timestamp', 'hostname', 'app_name', 'proc_id', 'msg_id']) {
      const word = this.#word()
      if (word !== NOTHING) this.#add(name, word)
    }
    if (this.#text.startsWith(`${NOTHING} `, this.#at) || this.#rest() === NOTHING) this.#at++
    else this.#readStructuredData()
    if (this.#text[this.#at] === ' ') this.#at++
    if (this.#text[this.#at] === BYTE_ORDER_MARK) this.#at++
    this.#addMessage()
  }

  /** `[id name="value" …][…]`; where it is broken, the rest is the message. */
  #readStructuredData(): void {
    while (this.#text[this.#at] === '[') {
      const start = this.#at
      const foundCount = this.#found.names.length
      if (this.#readElement()) continue
      this.#at = start
      this.#found.names.length = foundCount
      this.#found.texts.length = foundCount
      return
    }
  }

  #readElement(): boolean {
    ID.lastIndex = this.#at + 1
    const id = ID.exec(this.#text)
    if (id === null) return false
    this.#at = ID.lastIndex
    PARAMETER.lastIndex = this.#at
    for (let match = PARAMETER.exec(this.#text); match !== null; match = PARAMETER.exec(this.#text)) {
      const value = this.#quotedValue(PARAMETER.lastIndex)
      if (value === null) return false
      this.#add(`${id[0]}.${match[1]}`, value)
      PARAMETER.lastIndex = this.#at
    }
    if (this.#text[this.#at] !== ']') return false
    this.#at++
    return true
  }

  /** What stands before the quotation mark that closes it; null where none does. */
  #quotedValue(start: number): string | null {
    for (let at = start; at < this.#text.length; at++) {
      if (this.#text[at] === '\\') at++
      else if (this.#text[at] === '"') {
        this.#at = at + 1
        return this.#text.slice(start, at).replace(ESCAPE, '$1')
      }
    }
    return null
  }

  // ---- RFC 3164 -------------------------------------------------------------------------------------------------

  #readOld(): void {
    this.#add('format', 'rfc3164')
    const hasTime = this.#readStamp() || this.#readLongTime()
    if (hasTime && this.#at < this.#text.length) {
      this.#at++
      this.#add('hostname', this.#word())
      this.#readTag()
    }
    this.#addMessage()
  }

  #readStamp(): boolean {
    STAMP.lastIndex = this.#at
    const match = STAMP.exec(this.#text)
    const ms = match === null ? null : this.#stampMs(match)
    if (ms === null) return false
    this.#at += STAMP_LENGTH
    this.#add('timestamp', new Date(ms).toISOString())
    return true
  }

  #stampMs([, monthName, day, ...clock]: RegExpExecArray): number | null {
    const { nowMs, offsetMs } = this.#clock
    const [hour, minute, second] = clock.map(Number)
    const month = MONTHS.indexOf(monthName)
    if (month < 0 || hour > 23 || minute > 59 || second > 60) return null
    const year = new Date(nowMs + offsetMs).getUTCFullYear()
    // The first that fits: next year's only for a clock that is ahead at the turn of the year.
    for (let back = -1; back <= YEARS_BACK_MAX; back++) {
      const date = new Date(Date.UTC(year - back, month, Number(day)))
      if (date.getUTCMonth() !== month || date.getUTCDate() !== Number(day)) continue
      const ms = date.getTime() + (hour * 60 + minute) * MINUTE_MS + second * 1000 - offsetMs
      if (ms <= nowMs + DAY_MS) return ms >= TIME_MS_MIN && ms <= TIME_MS_MAX ? ms : null
    }
    return null
  }

  /** Many senders write a time with year and zone there. */
  #readLongTime(): boolean {
    const end = this.#text.indexOf(' ', this.#at)
    const length = (end < 0 ? this.#text.length : end) - this.#at
    if (length < LONG_TIME_MIN || length > LONG_TIME_MAX) return false
    const time = { ms: 0, ns: 0 }
    const bytes = encodeText(this.#text.slice(this.#at, this.#at + length))
    if (!parseRfc3339(bytes, 0, bytes.length, time)) return false
    this.#at += length
    this.#add('timestamp', formatRfc3339(time.ms, time.ns))
    return true
  }

  /** `app[123]: `, all of it optional but the name. */
  #readTag(): void {
    TAG.lastIndex = this.#at
    const match = TAG.exec(this.#text)
    if (match === null) return
    const [all, name, process] = match
    this.#at += all.length
    this.#add('app_name', name)
    if (process !== undefined) this.#add('proc_id', process)
  }

  // ---- parts ----------------------------------------------------------------------------------------------------

  #add(name: string, text: string): void {
    if (text === '') return
    this.#found.names.push(name)
    this.#found.texts.push(text)
  }

  #addMessage(): void {
    const message = this.#rest()
    this.#add('message', message)
    if (this.#found.texts[this.#found.names.indexOf('app_name')] !== 'CEF') return
    const cef = readCef(message)
    if (cef === null) return
    this.#found.names.push(...cef.names)
    this.#found.texts.push(...cef.texts)
  }

  #rest(): string {
    return this.#text.slice(this.#at)
  }

  /** Up to a space, which is passed. */
  #word(): string {
    const space = this.#text.indexOf(' ', this.#at)
    const end = space < 0 ? this.#text.length : space
    const word = this.#text.slice(this.#at, end)
    this.#at = Math.min(end + 1, this.#text.length)
    return word
  }
}

const ID = /[^ "=\]]+/y
const PARAMETER = / +([^ "=\]]+)="/y
const ESCAPE = /\\(["\\\]])/g
const TAG = /([^\s:[]+)(?:\[([^\]]*)\])?:? ?/y
/** A 29th of February may be eight years back. */
const YEARS_BACK_MAX = 8
const LONG_TIME_MIN = 19
const LONG_TIME_MAX = 40
