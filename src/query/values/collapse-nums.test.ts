import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collapseNumbers, collapseNumbersPretty, NumberFinder, prettify } from './collapse-nums.ts'
import { encodeText } from './text.ts'

function assertCollapsed(pairs: readonly (readonly [string, string])[]): void {
  for (const [text, wanted] of pairs) assert.equal(collapseNumbers(text), wanted, text)
}

test('words of digits are numbers, whatever stands around them', () => {
  assertCollapsed([
    ['', ''],
    ['7', '<N>'],
    ['200 007 -5', '<N> <N> -<N>'],
    ['a=1,b=[22]', 'a=<N>,b=[<N>]'],
    ['blk_-6952295868487656571', 'blk_-<N>'],
    ['1,234.5', '<N>,<N>.<N>'],
    ['用户5登录 7é é7', '用户<N>登录 <N>é é<N>'],
    ['2024-10-20T12:34:56Z request duration 1.34s', '<N>-<N>-<N>T<N>:<N>:<N>Z request duration <N>.<N>s'],
  ])
})

test('words that begin with a digit lose their digits, others keep them', () => {
  assertCollapsed([
    ['12ms 1h30m15s 7zip 5µs', '<N>ms <N>h<N>m<N>s <N>zip <N>µs'],
    ['sha256 host12 a1 x86_64 IPv4', 'sha256 host12 a1 x86_<N> IPv4'],
    ['v2 v1.20.3 V7 v2a v', 'v<N> v<N>.<N>.<N> V<N> v2a v'],
  ])
})

test('hexadecimal words are numbers where they cannot be words of a language', () => {
  assertCollapsed([
    ['3e98 1b 0F a1b2 113d3a99c3da401f', '<N> <N> <N> <N> <N>'],
    ['add dead face c3d b2 a_bc_def', 'add dead face c3d b2 a_bc_def'],
    ['0x7ffF 0X1 0x 0xfg', '0x<N> 0X<N> <N>x <N>xfg'],
    ['00:1a:2b', '<N>:<N>:<N>'],
  ])
})

test('a UUID is five numbers, also where one of them has no decimal digit', () => {
  assertCollapsed([
    ['2edfed59-3e98-4073-bbb2-28d321ca71a7', '<N>-<N>-<N>-<N>-<N>'],
    ['id=ABCDEFab-abcd-abcd-abcd-abcdefabcdef.', 'id=<N>-<N>-<N>-<N>-<N>.'],
    ['abcdefab-abcd-abcd-abcd-abcdefabcdefa', 'abcdefab-abcd-abcd-abcd-abcdefabcdefa'],
    ['abcdefab-abcd-abcd-abcd-abcdefabcde', 'abcdefab-abcd-abcd-abcd-abcdefabcde'],
    ['abcdefab-abcd-abcd-abcd_abcdefabcdef', 'abcdefab-abcd-abcd-abcd_abcdefabcdef'],
    ['xabcdefab-abcd-abcd-abcd-abcdefabcdef', 'xabcdefab-abcd-abcd-abcd-abcdefabcdef'],
  ])
})

test('bytes that are not UTF-8 stay', () => {
  assert.equal(collapseNumbers('\udcff12\udc80'), '\udcff<N>\udc80')
})

test('numbers of a part of the bytes do not reach beyond it', () => {
  const finder = new NumberFinder()
  const found: number[][] = []
  for (finder.begin(encodeText('123 45x 2edfed59-3e98'), 1, 16); finder.next(); )
    found.push([finder.start, finder.end])
  assert.deepEqual(found, [
    [1, 3],
    [4, 6],
    [8, 16],
  ])
})

test('placeholders say what numbers next to each other are', () => {
  const pairs = [
    [
      '2edfed59-3e98-4073-bbb2-28d321ca71a7 - [2024/12/08 15:21:02] 10.71.20.32 GET /foo 200',
      '<UUID> - [<DATETIME>] <IP4> GET /foo <N>',
    ],
    ['2004-10-12T43:23:12Z abc:345', '<DATETIME> abc:<N>'],
    ['2025-10-20 08:09:11.5+02:00, 2025-10-20T08:09:11,123-0500', '<DATETIME>, <DATETIME>'],
    ['2025-10-20T08:09:11Zone', '<DATETIME>Zone'],
    ['2025-10-20, 10:20:30.123; 10:20:30', '<DATE>, <TIME>; <TIME>'],
    ['10.0.0.1:8080 10.0.0.0/8', '<IP4>:<N> <IP4>/<N>'],
    ['2025-10-20T10', '<DATE>T<N>'],
  ] as const
  for (const [text, wanted] of pairs) assert.equal(collapseNumbersPretty(text), wanted, text)
})

test('more or fewer numbers than a placeholder has stay as they are', () => {
  assert.equal(collapseNumbersPretty('1.2.3.4.5 1.2.3'), '<N>.<N>.<N>.<N>.<N> <N>.<N>.<N>')
  assert.equal(collapseNumbersPretty('1:2 1:2:3:4'), '<N>:<N> <N>:<N>:<N>:<N>')
  assert.equal(collapseNumbersPretty('1-2-3-4'), '<N>-<N>-<N>-<N>')
  assert.equal(collapseNumbersPretty('1-2.3.4.5'), '<N>-<IP4>')
})

test('making a text pretty again changes nothing', () => {
  const pretty = collapseNumbersPretty('2025-10-20 08:09:11 10.0.0.1 5 2edfed59-3e98-4073-bbb2-28d321ca71a7')
  assert.equal(prettify(pretty), pretty)
})

test('long hostile texts cost no more than their length', () => {
  const LENGTH = 300_000
  for (const piece of [
    '1',
    'a',
    '1.',
    '1-',
    '1:',
    '0x',
    'aaaaaaaa-',
    '1a',
    'v1',
    '<N>-',
    'abcdefab-abcd-abcd-abcd-',
  ]) {
    const text = piece.repeat(LENGTH / piece.length)
    assert.ok(collapseNumbersPretty(text).length <= 3 * text.length)
  }
})
