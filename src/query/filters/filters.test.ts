import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIELD_NULL, FIELD_NUMBER } from '../../record/record.ts'
import { matchBlock } from '../live/match.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, matchingRows, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'

const messages = (...texts: (string | Uint8Array)[]): TestRecord[] => texts.map((message) => ({ message }))
const values = (...texts: string[]): TestRecord[] =>
  texts.map((text) => (text === '' ? {} : { fields: { f: text } }))

/** Numbers of the texts that the query finds. */
function check(records: readonly TestRecord[], expected: Readonly<Record<string, readonly number[]>>): void {
  for (const [query, rows] of Object.entries(expected))
    assert.deepEqual(matchingRows(query, records), rows, query)
}

test('a word is found where it stands alone', () => {
  check(messages('error', 'an error.', 'errors', 'terror', 'Error', 'error_code', 'http-error-500', ''), {
    error: [0, 1, 6],
    Error: [4],
    errors: [2],
    error_code: [5],
    '"http-error"': [6],
  })
})

test('a phrase needs the edge of a word only where it begins or ends with one', () => {
  check(messages('a=1, b=2', 'a=1,b=2', 'xa=1, b=23', '(a=1, b=2)'), {
    '"a=1, b=2"': [0, 3],
    '"=1, b="': [0, 2, 3],
    '"="': [0, 1, 2, 3],
    '", "': [0, 2, 3],
  })
})

test('a phrase is found behind places where it does not count', () => {
  check(messages('xerror error', 'errors, errors', 'xerror_ errory error-'), { error: [0, 2] })
})

test('letters of every script make words', () => {
  check(messages('ошибка диска', 'ошибкадиска', 'ошибка-диска', '오류 발생', '오류발생', 'naïve x', 'é1'), {
    ошибка: [0, 2],
    오류: [3],
    na: [],
    é: [],
    é1: [6],
  })
})

test('bytes that are not UTF-8 end words, and can be asked for', () => {
  const bytes = (...parts: number[]) => Uint8Array.from(parts)
  check(
    messages(bytes(0xff, 97, 98, 0xfe), bytes(97, 98, 0xd0), bytes(97, 98, 0xd0, 0xb9), bytes(0xd0, 97)),
    {
      ab: [0, 1],
      '"\\xff"': [0],
      '"\\xd0"': [1, 2, 3],
      'ab*': [0, 1, 2],
      '~"^.ab.$"': [0],
    },
  )
})

test('a stray byte between two words ends the first, in any case too', () => {
  const bytes = (...parts: number[]) => Uint8Array.from(parts)
  const records = messages(
    bytes(97, 0x80, 98, 99),
    bytes(0xff, 0xc3, 0x9c, 98, 0x80),
    bytes(0xc3, 0xbc, 98, 97),
  )
  check(records, { bc: [0], 'i(üb)': [1], 'i(ÜB*)': [1, 2] })
})

test('an empty phrase finds empty and absent values, an asterisk all others', () => {
  const records: TestRecord[] = [
    { fields: { f: 'x' } },
    { fields: { f: '' } },
    {},
    { fields: { f: { text: '', kind: FIELD_NULL } } },
    { fields: { f: { text: '0', kind: FIELD_NUMBER } } },
  ]
  check(records, {
    'f:""': [1, 2, 3],
    'f:*': [0, 4],
    '!f:*': [1, 2, 3],
    'nothing:""': [0, 1, 2, 3, 4],
    'nothing:*': [],
  })
})

test('a prefix begins a word', () => {
  check(messages('error', 'errors', 'terror', 'my-errand', 'Err'), {
    'err*': [0, 1, 3],
    'errors*': [1],
    '"my-err"*': [3],
    '"y-err"*': [],
  })
})

test('any case means Unicode letters too', () => {
  check(
    messages('Failed', 'FAILED to', 'unfailed', 'ÜBER', 'über', 'übermut', 'ΣΙΓΜΑΣ', 'σιγμας', 'failed\xff'),
    {
      'i(failed)': [0, 1],
      'i(FAIL*)': [0, 1, 8],
      'i("failed TO")': [1],
      'i(über)': [3, 4],
      'i(ÜBER*)': [3, 4, 5],
      'i(σιγμασ)': [6],
      'i(ΣΙΓΜΑς)': [7],
    },
  )
})

test('exact compares whole values', () => {
  check(values('a b', 'a', 'a b c', '', 'A b'), {
    'f:="a b"': [0],
    'f:="a b"*': [0, 2],
    'f:=""': [3],
    'f:=""*': [0, 1, 2, 3, 4],
    'f:!=a': [0, 2, 3, 4],
  })
})

test('in finds one of many whole values, few or many', () => {
  check(values('1', '2', '12', '', 'я'), {
    'f:in(1, 12)': [0, 2],
    'f:in("", я)': [3, 4],
    'f:in()': [],
    'f:in(10,11,12,13,14,15,16,17,18,19,я)': [2, 4],
  })
})

test('a regular expression is found anywhere in the value', () => {
  check(messages('blk_-12 of size 67', 'blk_5 of size 57', 'BLK_1 OF SIZE 6', 'Kelvin \u212a', ''), {
    '~"of size 6"': [0],
    '~"blk_-?\\\\d+ of size 6\\\\d+"': [0],
    '~"(?i)of size 6"': [0, 2],
    '~"(?i)kelvin k"': [3],
    '~"^$"': [4],
    '~"^blk.*7$"': [0, 1],
    '~"size [56]7|Kelvin"': [0, 1, 3],
    '!~size': [2, 3, 4],
  })
})

test('comparing is by number where the query names one', () => {
  check(
    values(
      '9',
      '10',
      '-3',
      '1e3',
      '1.5s',
      '2KiB',
      '10.0.0.7',
      'abc',
      '',
      '2025-07-18T00:00:01Z',
      '0x10',
      '1_0',
      'inf',
    ),
    {
      'f:>9': [1, 3, 4, 5, 6, 9, 10, 11, 12],
      'f:<=10': [0, 1, 2, 11],
      'f:<0': [2],
      'f:>1.4s': [4, 9, 12],
      'f:>=2000': [4, 5, 6, 9, 12],
      'f:>2KB': [4, 5, 6, 9, 12],
      'f:<2KB': [0, 1, 2, 3, 10, 11],
      'f:>=10.0.0.0': [4, 6, 9, 12],
      'f:>2025-07-18T00:00:00Z': [9, 12],
      'f:>=inf': [12],
      'f:>a': [7, 12],
      'f:<0x': [2, 8],
    },
  )
})

test('comparing text is by byte, and an absent value is empty', () => {
  check(values('a', 'b', 'ba', '', 'я', 'Z'), {
    'f:<b': [0, 3, 5],
    'f:<="b"': [0, 1, 3, 5],
    'f:>b': [2, 4],
    'f:>=ba': [2, 4],
  })
})

test('levels go by all their names, in any case, and keep their word', () => {
  const records = ['ERROR', 'error', 'err', 'SEVERE', 'warn', '', 'loud', 'CRITICAL'].map((level) => ({
    level,
  }))
  check(records, {
    'level:error': [0, 1, 2, 3],
    'level:ERROR': [0, 1, 2, 3],
    'level:err': [0, 1, 2, 3],
    'level:=Error': [0, 1, 2, 3],
    'level:in(error, warning)': [0, 1, 2, 3, 4],
    'level:i(fatal)': [7],
    'level:loud': [6],
    'level:unknown': [5],
    'level:""': [5],
    'level:SEV*': [3],
    'level:~"^err"': [1, 2],
    '!level:error': [4, 5, 6, 7],
    'level:>=warn': [0, 1, 2, 3, 4, 7],
    'level:<error': [4],
    'level:>CRIT': [],
  })
})

const times: TestRecord[] = [
  { timeMs: Date.UTC(2025, 6, 17, 23, 59, 59, 999), timeNs: 999_999 },
  { timeMs: TEST_NOW_MS },
  { timeMs: TEST_NOW_MS, timeNs: 500 },
  { timeMs: TEST_NOW_MS - 300_000 },
  { timeMs: TEST_NOW_MS - 300_001 },
  { timeMs: Date.UTC(2025, 6, 18, 23, 59, 59, 999), timeNs: 999_999 },
  { timeMs: Date.UTC(2025, 6, 19) },
  { timeMs: -1, timeNs: 999_999 },
]

test('a duration is so long back from now, now included', () => {
  check(times, {
    '_time:5m': [0, 1, 2, 3],
    '_time:>5m': [4, 7],
    '_time:>=5m': [3, 4, 7],
    '_time:<5m': [0, 1, 2, 5, 6],
  })
  check(times, { '_time:5m offset 300s': [3, 4], '_time:offset 5m': [3, 4, 7], '_time:now': [1, 2] })
})

test('a time without a sign may be an age, as an end of a range', () => {
  check(times, {
    '_time:[5m, now]': [0, 1, 2, 3],
    '_time:(5m, now]': [0, 1, 2],
    '_time:[1h, 5m)': [4],
    '_time:[5m0s1ms, -5m]': [3, 4],
    '_time:<=now-5m': [3, 4, 7],
    '_time:[300000000us, now]': [0, 1, 2, 3],
    '_time:[300000000\u00b5s, now]': [0, 1, 2, 3],
    '_time:[300000000\u03bcs, now]': [0, 1, 2, 3],
  })
})

test('in a tail, a duration back from now goes on beyond now', () => {
  const rows = matchBlock(parseQuery('_time:5m', { nowMs: TEST_NOW_MS }), blockOf(times))
  assert.deepEqual(
    [4, 5, 6].map((row) => rows.has(row)),
    [false, true, true],
  )
  const past = matchBlock(parseQuery('_time:5m offset 1m', { nowMs: TEST_NOW_MS }), blockOf(times))
  assert.ok(!past.has(6))
})

test('a calendar unit is a stretch of time', () => {
  check(times, {
    '_time:2025-07-18Z': [1, 2, 5],
    '_time:2025Z': [0, 1, 2, 3, 4, 5, 6],
    '_time:2025-07-18T00:00Z': [1, 2],
    '_time:2025-07-18T09+09:00': [1, 2],
    '_time:2025-07-18T00:00:00.0000005Z': [2],
    '_time:2025-07-18 offset 24h': [0, 3, 4],
    '_time:1752796800': [1, 2],
  })
})

test('ranges and comparisons hold what they say', () => {
  check(times, {
    '_time:[2025-07-18Z, 2025-07-19Z)': [1, 2, 5],
    '_time:[2025-07-18Z, 2025-07-19Z]': [1, 2, 5, 6],
    '_time:(2025-07-18Z, 2025-07-18Z]': [2, 5],
    '_time:>2025-07-18Z': [6],
    '_time:>=2025-07-18Z': [1, 2, 5, 6],
    '_time:<2025-07-18Z': [0, 3, 4, 7],
    '_time:<=2025-07-18Z': [0, 1, 2, 3, 4, 5, 7],
    '_time:[2025-07-19Z, 2025-07-18T00:00Z]': [],
    '!_time:2025Z': [7],
    '_time:<1970Z': [7],
  })
})

test('ids are asked for one by one or in ranges', () => {
  check(messages('a', 'b', 'c', 'd'), {
    '_id:2': [1],
    '_id:in(1, 4, 9)': [0, 3],
    '_id:>2': [2, 3],
    '_id:<=2': [0, 1],
    '_id:[2, 4)': [1, 2],
    '_id:(2, 4]': [2, 3],
    '!_id:2 b or c': [2],
    '_id:in()': [],
  })
})

test('the special fields have text that filters can match', () => {
  const records: TestRecord[] = [
    { message: 'm', stream: { service: 'a"b', host: 'h' }, isTruncated: true },
    { message: 'n', fields: { service: 'api' } },
  ]
  check(records, {
    '_stream:~"host=.h"': [0],
    '_stream:="{host=\\"h\\",service=\\"a\\\\\\"b\\"}"': [0],
    '_stream:""': [1],
    '_truncated:true': [0],
    'service:api': [1],
    'service:*': [0, 1],
    '_msg:m': [0],
  })
})

test('logic combines filters', () => {
  check(messages('a b', 'a c', 'b c', 'c', ''), {
    '*': [0, 1, 2, 3, 4],
    'a b': [0],
    'a or c': [0, 1, 2, 3],
    'a !b': [1],
    '!(a or b)': [3, 4],
    'a or b c': [0, 1, 2],
    '(a or b) c': [1, 2],
    '!*': [],
    '* or a': [0, 1, 2, 3, 4],
  })
})
