/** Filters that ask what a value is: numbers, addresses, lengths, types, and how it stands to another field. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { matchingRows, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'
import { compareIpv6, ipv4Of, ipv4Text, ipv6Text, newIpv6, readIpv6 } from './ip-address.ts'

const values = (...texts: string[]): TestRecord[] =>
  texts.map((text) => (text === '' ? {} : { fields: { f: text } }))

/** Numbers of the texts that the query finds. */
function check(records: readonly TestRecord[], expected: Readonly<Record<string, readonly number[]>>): void {
  for (const [query, rows] of Object.entries(expected))
    assert.deepEqual(matchingRows(query, records), rows, query)
}

const refuses = (text: string): void =>
  assert.throws(
    () => parseQuery(text, { nowMs: TEST_NOW_MS }),
    (error) => isCodedError(error, 'QUERY_SYNTAX') && error.details.notBuilt === undefined,
    text,
  )

test('a range holds its ends where brackets say so', () => {
  check(values('1', '2', '3', '1.5', '-1', 'abc', '', '1e0', '2KB', '10.0.0.1', '1ms', 'inf'), {
    'f:range[1, 3]': [0, 1, 2, 3, 7],
    'f:range(1, 3)': [1, 3],
    'f:range(1, 3]': [1, 2, 3],
    'f:range[1, 3)': [0, 1, 3, 7],
    'f:[1, 2)': [0, 3, 7],
    'f:range[3, 1]': [],
    'f:range(2, 2)': [],
    'f:range[2, 2]': [1],
    'f:range[1KiB, 1MB]': [8, 10],
    'f:range[10.0.0.0, 10.0.0.255]': [9],
    'f:range[1us, 1s]': [8, 9, 10],
    'f:range(-inf, inf)': [0, 1, 2, 3, 4, 7, 8, 9, 10],
    'f:range[-inf, inf]': [0, 1, 2, 3, 4, 7, 8, 9, 10, 11],
    'f:range(-inf, 0)': [4],
    'f:range(inf, inf)': [],
    'f:range(inf, inf]': [],
    '!f:range[0, inf]': [4, 5, 6],
  })
  for (const text of ['f:range(a, 1)', 'f:range(1, 2', 'f:range{1, 2}', '[1, 2]', 'f:range(1,2,3)', 'f:[1'])
    refuses(text)
})

test('times are compared as moments, with a T or a blank before the clock', () => {
  const times = values(
    '2027-01-14T10:20:30Z',
    '2027-01-14 10:20:31Z',
    '2027-01-14 10:20:31',
    '2027-01-14 12:20:29 +02:00',
    '2027-01-14 10:20:31 failed',
    '2027-01-14',
    'x',
    '',
  )
  check(times, {
    'f:>2027-01-14T10:20:30Z': [1, 2],
    'f:>"2027-01-14 10:20:30Z"': [1, 2],
    'f:<="2027-01-14 10:20:30"': [0, 3],
    'f:range["2027-01-14 10:20:29Z", "2027-01-14 10:20:31Z")': [0, 3],
  })
})

test('a range of texts has its beginning and not its end', () => {
  check(values('a', 'b', 'ba', '', 'Z', 'я', 'a\u0000'), {
    'f:string_range(a, b)': [0, 6],
    'f:string_range(a, bb)': [0, 1, 2, 6],
    'f:string_range("", b)': [0, 3, 4, 6],
    'f:string_range(b, a)': [],
    'f:string_range(z, "\\xff")': [5],
  })
  for (const text of ['f:string_range(a)', 'f:string_range(a, b, c)', 'f:string_range(a*, b)']) refuses(text)
})

test('lengths are characters, and bytes that are none count one each', () => {
  const records: TestRecord[] = [
    ...['', 'a', 'é', '漢字', '😀😀😀', 'abcd'].map((message) => ({ message })),
    { message: Uint8Array.of(0xff, 0xe6, 0x41, 0xf0) },
  ]
  check(records, {
    'len_range(0, 0)': [0],
    'len_range(1, 1)': [1, 2],
    'len_range(2, 3)': [3, 4],
    'len_range(4, inf)': [5, 6],
    'len_range(0, 1KB)': [0, 1, 2, 3, 4, 5, 6],
    'len_range(3, 2)': [],
    'len_range(inf, inf)': [],
  })
  for (const text of ['len_range(-1, 2)', 'len_range(1.5, 2)', 'len_range(1)', 'len_range(a, b)'])
    refuses(text)
})

test('addresses are in a range, a network, or one', () => {
  check(
    values(
      '10.0.0.1',
      '10.1.0.0',
      '11.0.0.0',
      '256.0.0.1',
      '10.0.0',
      ' 10.0.0.1',
      '10.0.0.1:80',
      '',
      '167772161',
    ),
    {
      'f:ipv4_range(10.0.0.0/8)': [0, 1],
      'f:ipv4_range(10.0.77.5/16)': [0],
      'f:ipv4_range(10.0.0.1)': [0],
      'f:ipv4_range(10.0.0.2, 255.255.255.255)': [1, 2],
      'f:ipv4_range(0.0.0.0/0)': [0, 1, 2],
      'f:ipv4_range(11.0.0.0, 10.0.0.0)': [],
    },
  )
  for (const text of [
    'f:ipv4_range(10.0.0.0/33)',
    'f:ipv4_range()',
    'f:ipv4_range(1.2.3)',
    'f:ipv4_range(::1)',
  ])
    refuses(text)
})

test('IPv6 addresses are compared by what they are, not how they are written', () => {
  const records = values(
    '2001:db8::1',
    '2001:0DB8:0:0:0:0:0:0001',
    '2001:db9::',
    '::ffff:10.0.0.1',
    '10.0.0.1',
    '::1',
    '1:2:3:4:5:6:7:8:9',
    ':::',
    '1::2::3',
    '12345::',
    '',
    '5',
    'fe80::1%eth0',
  )
  check(records, {
    'f:ipv6_range("2001:db8::/32")': [0, 1],
    'f:ipv6_range("2001:db8::1")': [0, 1],
    'f:ipv6_range("::", "2001:db8::1")': [0, 1, 3, 4, 5],
    'f:ipv6_range("10.0.0.0", "10.0.0.255")': [3, 4],
    'f:ipv6_range("::/0")': [0, 1, 2, 3, 4, 5],
    'f:ipv6_range("2001:db9::/33")': [2],
  })
  for (const text of [
    'ipv6_range("::/129")',
    'ipv6_range()',
    'ipv6_range(x)',
    'ipv6_range("::1", "::2", "::3")',
  ])
    refuses(text)
})

test('addresses print so that they read the same', () => {
  const seed = 5
  const random = new SeededRandom(seed)
  const again = newIpv6()
  for (let round = 0; round < 2000; round++) {
    const address = random.below(2 ** 32)
    assert.equal(ipv4Of(ipv4Text(address)), address)
    const groups = Uint16Array.from({ length: 8 }, () => (random.chance(0.5) ? 0 : random.below(65_536)))
    const text = ipv6Text(groups)
    assert.ok(
      readIpv6(text, again) && compareIpv6(groups, again) === 0,
      `seed ${seed}, round ${round}: ${text}`,
    )
  }
  for (const text of ['::', '::1', '1::', '::ffff:1.2.3.4', '1:0:0:2::3'])
    assert.ok(readIpv6(text, again) && ipv6Text(again) === text, text)
})

test('a type is the narrowest that prints the value as it stands', () => {
  const expected: Readonly<Record<string, readonly string[]>> = {
    uint8: ['0', '255'],
    uint16: ['256', '65535'],
    uint32: ['65536', '4294967295'],
    uint64: ['4294967296', '18446744073709551615'],
    int64: ['-1', '-9223372036854775808'],
    float64: ['1.5', '-0.25'],
    ipv4: ['1.2.3.4', '255.255.255.255'],
    iso8601: ['2025-07-18T10:20:30.123Z'],
    string: [
      'abc',
      '007',
      '1.50',
      '-0',
      '18446744073709551616',
      '1.2.3.256',
      '2025-07-18T10:20:30Z',
      '+5',
      '1e3',
    ],
  }
  const all = Object.values(expected).flat()
  for (const [type, texts] of Object.entries(expected)) {
    const rows = texts.map((text) => all.indexOf(text)).sort((a, b) => a - b)
    check(values(...all, ''), { [`f:value_type(${type})`]: rows })
  }
  check(values('a', ''), { 'f:value_type("")': [1], 'f:value_type(dict)': [] })
})

test('fields are compared with each other: equal as texts, less as values', () => {
  const pairs = [
    ['a', 'a'],
    ['9', '10'],
    ['10', '9'],
    ['1.5s', '2000ms'],
    ['host9', 'host10'],
    ['1.0', '1'],
    ['', ''],
    ['', 'x'],
    ['x', ''],
    ['2025-07-18T00:00:00Z', '2025-07-18T00:00:00.5Z'],
    ['\udcff', '\udcff'],
  ]
  const records = pairs.map(([a, b]) => ({ fields: { ...(a !== '' && { a }), ...(b !== '' && { b }) } }))
  check(records, {
    'a:eq_field(b)': [0, 6, 10],
    'a:le_field(b)': [0, 1, 3, 4, 5, 6, 7, 9, 10],
    'a:lt_field(b)': [1, 3, 4, 7, 9],
    'b:lt_field(a)': [2, 8],
    '!a:eq_field(b)': [1, 2, 3, 4, 5, 7, 8, 9],
    'nothing:eq_field(never)': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  })
  const records2: TestRecord[] = [
    { message: 'error', level: 'error' },
    { message: 'warn', level: 'error' },
  ]
  check(records2, { 'eq_field(level)': [0], 'level:eq_field(_msg)': [0] })
})
