/**
 * For tests: random records in which random queries find something. Few words and few values, so that they meet; values
 * of every sort, equal times, levels by many names, bytes that are no UTF-8, fields that some records lack.
 */
import type { SeededRandom } from '../base/base.ts'
import type { NaiveRecord } from './test-naive.ts'
import { momentText } from './test-naive-values.ts'

/** 2027-01-15T00:00:00Z */
export const GENERATED_NOW_MS = Date.UTC(2027, 0, 15)

const pick = <T>(random: SeededRandom, list: readonly T[]): T => list[random.below(list.length)]
const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at))

// ---- records ------------------------------------------------------------------------------------------------

const WORDS = [
  'error',
  'Error',
  'disk',
  'DISK',
  'full',
  'über',
  'ÜBER',
  '漢字',
  'user_1',
  'a',
  'failed',
  'unfailed',
]
const ODD_WORDS = ['\udcff', 'x\udcfe', '😀', '"a b"', "'q'", '<N>', '7z', 'ab12cd']
const SIGNS = [' ', ' ', ', ', '=', '/', '-', ': ', '.']
const WHOLE_NUMBERS = ['0', '5', '7', '12', '255', '256', '70000', '-7']
const AMOUNTS = [
  '1.5',
  '-0.25',
  '12ms',
  '1.5s',
  '2h30m',
  '4KiB',
  '1MB',
  '1e3',
  '007',
  'inf',
  '1.0',
  '1',
  '0x1f',
  '9007199254740993',
  '9007199254740992',
  '-12345678901234567890',
]
const ADDRESSES = [
  '10.0.0.1',
  '10.0.7.255',
  '192.168.1.1',
  '255.255.255.255',
  '1.2.3',
  '::1',
  '2001:db8::7',
  '10.0.0.256',
]
const MOMENTS = [
  '2027-01-14T10:20:30Z',
  '2027-01-14T10:20:30.500Z',
  '2026-02-01T00:00:00Z',
  '2027-01-14 10:20:30Z',
]
const ARRAYS = ['["a","disk"]', '[5,"disk full",null]', '[]', '["a"', '[["a"],{"b":"a"}]', '["",true]', 'a']
const LEVELS = [
  'error',
  'ERR',
  'ERROR',
  'Error',
  'warn',
  'warning',
  'info',
  'debug',
  'FATAL',
  'crit',
  'loud',
  '',
  '',
]
const HOSTS = ['web-1', 'web-2', 'db', 'a "b"', '']
const APPS = ['shop', 'cart', '']

const wordOf = (random: SeededRandom): string => pick(random, random.chance(0.08) ? ODD_WORDS : WORDS)

function sentence(random: SeededRandom, wordsMax: number): string {
  const word = (): string =>
    random.chance(0.2) ? pick(random, [...WHOLE_NUMBERS, ...AMOUNTS]) : wordOf(random)
  return times(random.below(wordsMax), () => word() + pick(random, SIGNS)).join('')
}

function messageOf(random: SeededRandom): string {
  if (random.chance(0.03)) return ''
  if (random.chance(0.02)) return sentence(random, 400)
  if (random.chance(0.3)) return sentence(random, 7)
  return pick(random, [
    'took <n>ms from <ip>',
    'user <w> <n> <w>',
    'disk <n> is full',
    'user=<w> ip=<ip> "<w>"',
    'request failed',
  ])
    .replaceAll('<n>', () => String(random.below(random.chance(0.5) ? 5 : 300)))
    .replaceAll('<ip>', () => pick(random, ADDRESSES))
    .replaceAll('<w>', () => wordOf(random))
}

type Shape = Readonly<Record<string, number>>

/** How likely a record has each field. */
function randomShape(random: SeededRandom): Shape {
  const names = ['n', 'v', 'ip', 'tags', 'http.path', 'http.text', 'user', 'when', 'empty', 'späť', 'other']
  return Object.fromEntries(names.map((name) => [name, pick(random, [0, 0.3, 0.7, 1])]))
}

const FIELD_VALUES: Readonly<Record<string, (random: SeededRandom) => string>> = {
  n: (random) => (random.chance(0.7) ? String(random.below(30)) : pick(random, WHOLE_NUMBERS)),
  v: (random) => pick(random, random.chance(0.8) ? AMOUNTS : WORDS),
  ip: (random) => pick(random, ADDRESSES),
  tags: (random) => pick(random, ARRAYS),
  'http.path': (random) => `/${wordOf(random)}/${random.below(4)}`,
  'http.text': (random) => sentence(random, 5),
  user: (random) => wordOf(random),
  when: (random) => pick(random, MOMENTS),
  empty: () => '',
  späť: (random) => pick(random, WORDS),
  other: (random) => pick(random, [...AMOUNTS, ...WHOLE_NUMBERS, ...MOMENTS, ...WORDS]),
}

const DAY_NS = 86_400_000_000_000n
const NOW_NS = BigInt(GENERATED_NOW_MS) * 1_000_000n

function timeOf(random: SeededRandom): bigint {
  const day = BigInt(random.chance(0.8) ? 1 : 1 + random.below(4)) * DAY_NS
  const ms = BigInt(random.below(random.chance(0.5) ? 4 : 7_200_000)) * 1_000_000n
  const ns = random.chance(0.15) ? BigInt(random.below(3) * 1000 + random.below(2)) : 0n
  return NOW_NS - day + ms + ns
}

function recordOf(random: SeededRandom, shape: Shape): NaiveRecord {
  const fields: Record<string, string> = {}
  for (const [name, make] of Object.entries(FIELD_VALUES)) {
    if (random.chance(shape[name])) fields[name] = random.chance(0.05) ? '' : make(random)
  }
  const stream = {
    ...(random.chance(0.8) && { host: pick(random, HOSTS) }),
    ...(random.chance(0.5) && { app: pick(random, APPS) }),
  }
  return { time: timeOf(random), message: messageOf(random), level: pick(random, LEVELS), stream, fields }
}

export function generateRecords(random: SeededRandom): NaiveRecord[] {
  const records = anyRecords(random)
  return random.chance(0.4) ? records : records.map(withoutEmpty)
}

function withoutEmpty(record: NaiveRecord): NaiveRecord {
  const filled = (fields: NaiveRecord['fields']): NaiveRecord['fields'] =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
  const { message, fields, stream } = record
  return { ...record, message: message || 'a', fields: filled(fields), stream: filled(stream) }
}

function anyRecords(random: SeededRandom): NaiveRecord[] {
  let shape = randomShape(random)
  const most = random.chance(0.02) ? 1500 : random.chance(0.2) ? 250 : 50
  return times(1 + random.below(most), () => {
    if (random.chance(0.05)) shape = randomShape(random)
    return recordOf(random, shape)
  })
}

// ---- queries ------------------------------------------------------------------------------------------------

const FIELDS = [
  '_msg',
  'n',
  'v',
  'ip',
  'tags',
  'http.path',
  'http.text',
  'user',
  'when',
  'other',
  'level',
  'host',
  'app',
]
const MORE_FIELDS = ['späť', 'empty', 'nothing', '_stream', 'new', 'x']
const PATTERNS = ['http.*', 'n*', '*', 'h*']

const quote = (text: string): string =>
  `"${text.replace(/["\\]/g, '\\$&').replace(/[\udc80-\udcff](?<![\ud800-\udbff].)/g, byteEscape)}"`

const byteEscape = (unit: string): string => `\\x${(unit.charCodeAt(0) - 0xdc00).toString(16)}`

const hasEmptyField = ({ message, fields, stream }: NaiveRecord): boolean =>
  [message, ...Object.values(fields), ...Object.values(stream)].includes('')

export class QueryGenerator {
  readonly #random: SeededRandom
  readonly #records: readonly NaiveRecord[]
  /** Right behind a filter, `field_names` counts fields that were sent, also empty ones. */
  readonly #hasEmpty: boolean
  #subqueries = 0

  constructor(random: SeededRandom, records: readonly NaiveRecord[]) {
    this.#random = random
    this.#records = records
    this.#hasEmpty = records.some(hasEmptyField)
  }

  query(): string {
    this.#subqueries = 0
    return this.#query(this.#random.below(5), false)
  }

  #query(pipeCount: number, isWithin: boolean): string {
    const pipes = times(pipeCount, (at) => this.#pipe(at === 0, isWithin))
    return [this.#filter(0), ...pipes].join(' | ')
  }

  #pick<T>(list: readonly T[]): T {
    return pick(this.#random, list)
  }

  #chance(probability: number): boolean {
    return this.#random.chance(probability)
  }

  #some<T>(most: number, make: () => T): T[] {
    return times(1 + this.#random.below(most), make)
  }

  #maybe(probability: number, make: () => string): string {
    return this.#chance(probability) ? ` ${make()}` : ''
  }

  // ---- names and values -------------------------------------------------------------------------------------

  #field(): string {
    return this.#pick(this.#chance(0.85) ? FIELDS : MORE_FIELDS)
  }

  #fields(most = 3): string[] {
    return [...new Set(this.#some(most, () => this.#field()))]
  }

  #pattern(): string {
    return this.#chance(0.15) ? this.#pick(PATTERNS) : this.#field()
  }

  #patterns(): string {
    return this.#some(3, () => this.#pattern()).join(', ')
  }

  #fieldOrTime(): string {
    return this.#chance(0.12) ? this.#pick(['_time', '_id']) : this.#field()
  }

  /** Where pipes put what they make. */
  #target(): string {
    return this.#pick(['new', 'x', 'n', 'user', '_msg', 'http.x', 'level'])
  }

  /** What the field of some record says, or a piece of it. */
  #valueOf(field: string): string {
    const { message, level, stream, fields } = this.#pick(this.#records)
    const value: string = { _msg: message, level, ...stream, ...fields }[field] ?? ''
    const words = value.match(/[\p{L}\p{Nd}_]+/gu) ?? ['']
    return this.#pick([value, this.#pick(words), [...value].slice(0, 4).join('')]).slice(0, 300)
  }

  /** A value of some record, a piece of it, a word, a number. */
  #value(): string {
    const record = this.#pick(this.#records)
    const values = [
      record.message,
      ...Object.values(record.fields),
      ...Object.values(record.stream),
      record.level,
    ]
    const value = this.#pick(values)
    const words = value.match(/[\p{L}\p{Nd}_]+/gu) ?? ['x']
    const cut = [...value].slice(this.#random.below(3), 1 + this.#random.below(12)).join('')
    return this.#pick([
      value,
      value,
      this.#pick(words),
      cut,
      this.#pick(WORDS),
      this.#pick(AMOUNTS),
      '',
    ]).slice(0, 300)
  }

  #values(most = 4, field = ''): string {
    const count = this.#chance(0.1) ? 45 : this.#random.below(most + 1)
    return times(count, () => quote(this.#chance(0.5) ? this.#valueOf(field) : this.#value())).join(', ')
  }

  #number(): string {
    const numbers = [...WHOLE_NUMBERS, ...AMOUNTS.filter((text) => text !== '007'), '-inf', '100', '10.0.0.1']
    return quote(this.#pick([...numbers, ...MOMENTS.filter((text) => text.includes('T'))]))
  }

  // ---- filters ----------------------------------------------------------------------------------------------

  #filter(depth: number): string {
    const roll = depth > 2 ? 0 : this.#random.below(12)
    if (depth === 0 && this.#chance(0.3)) return '*'
    if (roll === 8) return `!${this.#group(depth)}`
    if (roll === 9) return `${this.#group(depth)} ${this.#group(depth)}`
    if (roll >= 10) return `(${this.#group(depth)} or ${this.#group(depth)})`
    if (this.#chance(0.15)) return this.#ofRecord()
    if (this.#chance(0.15)) return this.#ofNumber()
    const field = this.#field()
    return `${this.#chance(0.1) ? this.#pick(['*', 'http.*', 'h*']) : quote(field)}:${this.#leaf(field)}`
  }

  #group(depth: number): string {
    return `(${this.#filter(depth + 1)})`
  }

  #ofRecord(): string {
    const { time } = this.#pick(this.#records)
    const moment = quote(momentText(time))
    const id = 1 + this.#random.below(this.#records.length + 3)
    const hour = this.#random.below(24)
    return this.#pick([
      `_time:>=${moment}`,
      `_time:<${moment}`,
      `_time:=${moment}`,
      `_time:[${quote(momentText(time - 3_600_000_000_000n))}, ${moment})`,
      '_time:2d',
      `_time:day_range[${hour}:30, ${this.#random.below(25)}:00)`,
      `_time:week_range[${this.#pick(['Mon', 'Thu', 'Fri'])}, Sat]`,
      `_id:${id}`,
      `_id:>${id}`,
      `_id:[${id}, ${id + 9}]`,
      `_id:in(${id}, ${id + 2})`,
      `{host=${quote(this.#pick(HOSTS))}}`,
      `{host!=${quote(this.#pick(HOSTS))},app=~"s.*|cart"}`,
      `{app in ("shop","x") or host!~"web-.*"}`,
      `level:${this.#pick(['error', 'err', 'warn', 'loud', 'fatal', 'in(err, warn)', '>=warn', '<error', '=ERROR'])}`,
      `!level:${this.#pick(['error', '>info'])}`,
    ])
  }

  /** Fields that are numbers or addresses, in ranges of them. */
  #ofNumber(): string {
    const field = this.#pick(['n', 'v', 'ip', 'when', 'other'])
    const [low, high] = this.#pick([
      ['0', '12'],
      ['5', '255'],
      ['-1', '10'],
      ['1ms', '3h'],
      ['1KB', '1MiB'],
      ['10.0.0.0', '10.0.1.0'],
      ['2027-01-01T00:00:00Z', 'inf'],
    ])
    return this.#pick([
      `${field}:${this.#pick(['[', 'range(', 'range['])}${quote(low)}, ${quote(high)}${this.#pick([']', ')'])}`,
      `${field}:${this.#pick(['>', '>=', '<', '<='])}${quote(this.#pick([low, high]))}`,
      `ip:ipv4_range(${this.#pick(['10.0.0.0/8', '10.0.0.0, 10.0.3.255', '192.168.1.1'])})`,
      `ip:ipv6_range(${this.#pick(['"::/1"', '"::1"', '"::ffff:10.0.0.0/104"', '"::", "::2"'])})`,
      `n:value_type(${this.#pick(['uint8', 'uint16', 'int64'])})`,
      `tags:json_array_contains_any(${this.#pick(['a', '5, null', '"disk full"', 'true'])})`,
    ])
  }

  #leaf(ofField: string): string {
    const value = quote(this.#chance(0.6) ? this.#valueOf(ofField) : this.#value())
    const word = quote(this.#pick(WORDS))
    const field = quote(this.#field())
    const ways: readonly (() => string)[] = [
      () => value,
      () => value,
      () => `${value}*`,
      () => '*',
      () => '""',
      () => `=${value}`,
      () => `=${value}*`,
      () => `!=${value}`,
      () => `i(${word}${this.#chance(0.3) ? '*' : ''})`,
      () => `in(${this.#values(4, ofField)})`,
      () => this.#inQuery('in'),
      () => this.#inQuery(this.#pick(['contains_any', 'contains_all'])),
      () => `contains_any(${this.#values(4, ofField)})`,
      () => `contains_all(${this.#values(2, ofField)})`,
      () => `contains_common_case(${word}, ${word})`,
      () => `equals_common_case(${word}, ${value})`,
      () => `seq(${this.#values(3, ofField)})`,
      () => `substring(${quote(this.#value() || 'a')})`,
      () => `isubstring(${word})`,
      () => `~${word}`,
      () => `~"^${this.#pick(WORDS)}"`,
      () => '~"[0-9]+ms"',
      () => '~"(?i)FAILED|disk"',
      () => '~"^(a|b|web-[12])$"',
      () => '~"u.er.*d"',
      () => `${this.#pick(['>', '>=', '<', '<='])}${this.#number()}`,
      () => `${this.#pick(['>', '>=', '<', '<='])}${value}`,
      () => `${this.#pick(['[', 'range('])}${this.#number()}, ${this.#number()}${this.#pick([']', ')'])}`,
      () =>
        `${this.#pick(['pattern_match', 'pattern_match_full', 'pattern_match_prefix', 'pattern_match_suffix'])}(${quote(this.#valueOf(ofField).replaceAll('<', '') || 'a')})`,
      () => `string_range(${value}, ${word})`,
      () => `len_range(${this.#random.below(5)}, ${this.#pick(['inf', '1', '5', '12'])})`,
      () => `ipv4_range(${this.#pick(['10.0.0.0/8', '10.0.0.0, 10.0.3.255', '192.168.1.1'])})`,
      () => `${this.#pick(['eq_field', 'le_field', 'lt_field'])}(${field})`,
      () => `json_array_contains_any(${this.#pick(['a', '5, null', '"disk full"', 'true'])})`,
      () =>
        `value_type(${this.#pick(['uint8', 'uint16', 'uint64', 'int64', 'float64', 'ipv4', 'iso8601', 'string'])})`,
    ]
    return this.#pick(ways)()
  }

  #inQuery(name: string): string {
    if (this.#subqueries++ >= 2) return `in(${this.#values()})`
    const field = quote(this.#field())
    const pipes = this.#chance(0.2) ? `${this.#pipe(true, true)} | ` : ''
    const last = this.#pick([`fields ${field}`, `uniq by (${field})`])
    return `${name}(${this.#filter(1)} | ${pipes}${last})`
  }

  // ---- pipes ------------------------------------------------------------------------------------------------

  #if(): string {
    return this.#chance(0.3) ? ` if (${this.#filter(2)})` : ''
  }

  #overwrite(): string {
    return this.#pick(['', '', ' keep_original_fields', ' skip_empty_results'])
  }

  #order(): string {
    return this.#some(2, () => this.#fieldOrTime() + this.#pick(['', ' desc', ' asc'])).join(', ')
  }

  #count(): number {
    return this.#pick([0, 1, 2, 3, 5, 8, 20, 100])
  }

  #pipe(isFirst: boolean, isWithin: boolean): string {
    const ways: readonly (() => string)[] = [
      () => `fields ${this.#chance(0.2) ? '_time, ' : ''}${this.#patterns()}`,
      () => `delete ${this.#patterns()}`,
      () => `filter ${this.#filter(1)}`,
      () => `filter ${this.#filter(1)}`,
      () => `${this.#pick(['copy', 'rename'])} ${this.#pairs()}`,
      () => this.#extract(),
      () => this.#extract(),
      () => this.#format(),
      () => this.#replace(),
      () =>
        `collapse_nums${this.#if()}${this.#maybe(0.3, () => `at ${this.#field()}`)}${this.#maybe(0.3, () => 'prettify')}`,
      () => `len(${this.#field()}) as ${this.#target()}`,
      () => `coalesce (${this.#patterns()})${this.#maybe(0.4, () => 'default none')} as ${this.#target()}`,
      () => `math ${this.#some(2, () => `${this.#math(0)} as ${this.#target()}`).join(', ')}`,
      () => this.#sort(),
      () => this.#sort(),
      () => this.#few(),
      () => `limit ${this.#count()}`,
      () => `offset ${this.#count()}`,
      () =>
        `uniq by (${this.#fields().join(', ')})${this.#maybe(0.5, () => 'with hits')}${this.#maybe(0.4, () => `limit ${this.#count()}`)}`,
      () => `top ${this.#count()} by (${this.#fields(2).join(', ')})${this.#maybe(0.3, () => 'rank')}`,
      () => this.#stats(isFirst),
      () => this.#stats(isFirst),
      () => this.#stats(isFirst),
      () => `unroll${this.#if()} by (${this.#pick(['tags', 'tags, n', 'tags, http.text'])})`,
      () => 'drop_empty_fields',
      ...(this.#hasEmpty ? [] : [() => 'field_names']),
      () => `field_values ${this.#field()}${this.#maybe(0.3, () => `limit ${this.#count()}`)}`,
      () => `deduplicate by (${this.#fields(2).join(', ')})`,
      () => 'deduplicate',
      ...(isWithin ? [] : [() => this.#join(), () => `union (${this.#query(this.#random.below(3), true)})`]),
    ]
    return this.#pick(ways)()
  }

  #pairs(): string {
    return this.#some(2, () =>
      this.#chance(0.2)
        ? this.#pick(['http.* as web.*', 'h* as x*', 'n* as new'])
        : `${this.#field()} as ${this.#chance(0.8) ? this.#target() : this.#field()}`,
    ).join(', ')
  }

  #extract(): string {
    const pattern = this.#pick([
      'took <n>ms',
      'took <x>ms from <new>',
      'user <user> <_> <x>',
      'user=<user> ip=<ip> ',
      'disk <new> is',
      '"<plain:x>"',
      '<x> <new>',
      '<level> ',
      '/<x>/<n>',
      'ip=<ip> <x>',
    ])
    const from = this.#chance(0.5)
      ? ''
      : ` from ${this.#pick(['_msg', 'http.path', 'http.text', 'user', '_stream'])}`
    return `extract${this.#if()} ${JSON.stringify(pattern)}${from}${this.#overwrite()}`
  }

  #format(): string {
    const place = (): string =>
      `<${this.#pick(['', '', '', 'uc:', 'lc:', 'q:', 'hexencode:', 'base64encode:'])}${this.#fieldOrTime()}>`
    const pattern = this.#pick([
      place(),
      `${place()} ${place()}`,
      `x=${place()}`,
      'same',
      `${place()}${place()}`,
    ])
    return `format${this.#if()} ${JSON.stringify(pattern)} as ${this.#target()}${this.#overwrite()}`
  }

  #replace(): string {
    const what = quote(this.#pick([' ', 'a', 'disk', '5', 'web', '\udcff', 'r']))
    const by = quote(this.#pick(['', '***', 'a', 'ü']))
    return `replace${this.#if()} (${what}, ${by}) at ${this.#field()}${this.#maybe(0.3, () => `limit ${1 + this.#random.below(2)}`)}`
  }

  #math(depth: number): string {
    if (depth > 1 || this.#chance(0.3))
      return this.#pick(['n', 'v', 'ip', 'x', '2', '10', '1.5', 'n', '_time'])
    const [left, right] = [this.#math(depth + 1), this.#math(depth + 1)]
    if (this.#chance(0.2)) return `${this.#pick(['max', 'min'])}(${left}, ${right})`
    if (this.#chance(0.1)) return `${this.#pick(['abs', 'floor', 'ceil'])}(${left})`
    return `(${left} ${this.#pick(['+', '-', '*', '/', '%', 'default'])} ${right})`
  }

  #sort(): string {
    const by = this.#chance(0.85) ? ` by (${this.#order()})` : ''
    const isPartitioned = this.#chance(0.2)
    const partition = isPartitioned ? ` partition by (${this.#fields(2).join(', ')})` : ''
    const offset = this.#maybe(0.25, () => `offset ${this.#count()}`)
    const limit = isPartitioned || this.#chance(0.5) ? ` limit ${this.#count()}` : ''
    return `sort${by}${this.#maybe(0.2, () => 'desc')}${partition}${offset}${limit}${this.#maybe(0.2, () => 'rank as place')}`
  }

  #few(): string {
    const partition = this.#maybe(0.3, () => `partition by (${this.#field()})`)
    return `${this.#pick(['first', 'last'])} ${this.#count()} by (${this.#order()})${partition}${this.#maybe(0.2, () => 'rank')}`
  }

  #join(): string {
    const by = this.#fields(2)
    const query = this.#pick([
      () => `${this.#filter(1)} | uniq by (${by.join(', ')}) with hits`,
      () => `${this.#filter(1)} | stats by (${by.join(', ')}) count() as number, max(n) as most`,
      () => `${this.#filter(1)} | fields ${[...by, this.#field()].join(', ')}`,
    ])()
    return `join by (${by.join(', ')}) (${query})${this.#maybe(0.3, () => 'inner')}${this.#maybe(0.3, () => 'prefix "p."')}`
  }

  // ---- stats ------------------------------------------------------------------------------------------------

  #stats(isFirst: boolean): string {
    const keys = new Map<string, string>()
    for (let count = this.#random.below(3); count > 0; count--) {
      const [field, step] = this.#key(isFirst)
      keys.set(field, field + step)
    }
    const by = keys.size === 0 ? '' : `by (${[...keys.values()].join(', ')}) `
    const calls = this.#some(3, () => this.#call()).map((call, at) => `${call}${this.#if()} as r${at}`)
    return `stats ${by}${calls.join(', ')}`
  }

  #key(isFirst: boolean): readonly [field: string, step: string] {
    if (this.#chance(0.25))
      return [
        '_time',
        `:${this.#pick(['1ms', '1s', '5m', '1h', '1d', '1w', '1d offset 2h', '30m offset 5m'])}`,
      ]
    if (isFirst && this.#chance(0.15)) return ['n', `:${this.#pick(['1', '5', '10', '100'])}`]
    return [this.#field(), '']
  }

  #call(): string {
    const fields = this.#chance(0.1) ? 'http.*' : this.#fields(2).join(', ')
    const one = this.#fieldOrTime()
    const limit = this.#maybe(0.2, () => `limit ${1 + this.#random.below(4)}`)
    const ways: readonly (() => string)[] = [
      () => 'count()',
      () => 'count()',
      () => `count(${fields})`,
      () => `count_empty(${fields})`,
      () => `count_uniq(${this.#fields(2).join(', ')})${limit}`,
      () => `${this.#pick(['sum', 'avg'])}(${fields})`,
      () => `${this.#pick(['sum', 'avg'])}(n)`,
      () => `${this.#pick(['min', 'max'])}(${this.#chance(0.5) ? one : fields})`,
      () => `quantile(${this.#pick(['0', '0.5', '0.9', '1'])}, ${fields})`,
      () => `median(${one})`,
      () => `values(${fields})${limit}`,
      () => `uniq_values(${fields})${limit}`,
      () => `sum_len(${fields})`,
      () => `any(${one})`,
      () => `row_any(${fields})`,
      () => `${this.#pick(['row_min', 'row_max'])}(${one}, ${this.#fields(2).join(', ')})`,
      () => `${this.#pick(['row_min', 'row_max'])}(${one})`,
      () => `${this.#pick(['field_min', 'field_max'])}(${one}, ${this.#fieldOrTime()})`,
    ]
    return this.#pick(ways)()
  }
}
