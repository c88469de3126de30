/** `pattern_match`, `pattern:`, and what a pattern is. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { SeededRandom } from '../../base/base.ts'
import { matchingRows, type TestRecord } from '../test-blocks.ts'
import { PatternIds, patternId, patternOf } from '../values/pattern-id.ts'
import { decodeText, encodeText } from '../values/text.ts'
import { patternTest } from './pattern-match.ts'

const messages = (...texts: (string | Uint8Array)[]): TestRecord[] => texts.map((message) => ({ message }))

/** Numbers of the texts that the query finds. */
function check(records: readonly TestRecord[], expected: Readonly<Record<string, readonly number[]>>): void {
  for (const [query, rows] of Object.entries(expected))
    assert.deepEqual(matchingRows(query, records), rows, query)
}

test('placeholders stand for numbers and what they make up', () => {
  const records = messages(
    'user 5 took 12ms from 10.0.0.1',
    'user -5 took 1.5ms from 10.0.0.1.',
    'user five took 12ms',
    '2025-07-18T10:20:30.5Z start',
    '2025-07-18 10:20:30,123+02:00 start',
    'id 2edfed59-3e98-4073-bbb2-28d321ca71a7 at 10:20:30',
    '07/18/2025 said "x y" to \'bob\'',
    '',
  )
  check(records, {
    'pattern_match("user <N> took <N>ms")': [0],
    'pattern_match("user <N> took <N>.<N>ms")': [1],
    'pattern_match("took <N>ms from <IP4>")': [0],
    'pattern_match("ms from <IP4>")': [0, 1],
    'pattern_match_full("user <N> took <N>ms from <IP4>")': [0],
    'pattern_match_full("user <W> took <N>ms")': [2],
    'pattern_match("<DATETIME> start")': [3, 4],
    'pattern_match_full("<DATE>T<TIME>Z start")': [3],
    'pattern_match_full("id <UUID> at <TIME>")': [5],
    'pattern_match("<DATE> said <W> to <W>")': [6],
    'pattern_match("<IP4>")': [0, 1],
    'pattern_match("<N>.<N>.<N>.<N>")': [0, 1],
    'pattern_match("start")': [3, 4],
    'pattern_match_full("start")': [],
    'pattern_match("")': [0, 1, 2, 3, 4, 5, 6, 7],
    'pattern_match_full("")': [7],
    'pattern_match("<X>")': [],
    'f:pattern_match("<N>")': [],
  })
})

test('a pattern may be asked for at the beginning or at the end of values', () => {
  check(messages('took 5ms', 'it took 5ms', 'took 5ms, at last', '12 took 5ms 13', '', '1'), {
    'pattern_match_prefix("took <N>ms")': [0, 2],
    'pattern_match_suffix("took <N>ms")': [0, 1],
    'pattern_match_prefix("took")': [0, 2],
    'pattern_match_suffix("ms")': [0, 1],
    'pattern_match_prefix("<N>")': [3, 5],
    'pattern_match_suffix("<N>")': [3, 5],
    'pattern_match_prefix("")': [0, 1, 2, 3, 4, 5],
    'pattern_match_suffix("")': [0, 1, 2, 3, 4, 5],
    'f:pattern_match_prefix("a")': [],
  })
})

test('a number is a whole one as collapse_nums finds it, with its sign or without', () => {
  check(messages('a1', 'x=0x7f', 'v2', 'deadbeef', 'a692162415ae', '1.5', '-1', '1-2', '<N>', '7z'), {
    'pattern_match_full("<N>")': [4, 6, 8],
    'pattern_match_full("<N>-<N>")': [7],
    'pattern_match_full("<N>.<N>")': [5],
    'pattern_match_full("-<N>")': [6],
    'pattern_match_full("x=0x<N>")': [1],
    'pattern_match_full("<N>z")': [9],
    'pattern_match("<N>")': [1, 2, 4, 5, 6, 7, 8, 9],
  })
})

test('a word is whole, and a text in quotation marks ends with its own mark', () => {
  check(messages('ab', 'a b', '"a b"', '"a \\" b"', "'it`s'", '"open', 'é漢', '_'), {
    'pattern_match_full("<W>")': [0, 2, 3, 4, 6, 7],
    'pattern_match_full("<W> <W>")': [1],
    'pattern_match("a<W>")': [],
    'pattern_match_full("\\"<W>")': [5],
  })
})

test('every place where a piece may end is tried', () => {
  check(messages('1.2 1.2.3 1.2.3.4 5', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', '10:20:30.5.7'), {
    'pattern_match("<N>.<N>.<N> <IP4> <N>")': [0],
    'pattern_match_full("<N>.<N> <N>.<N>.<N> <IP4> <N>")': [0],
    'pattern_match_full("<N> <N>.<N> <IP4> <N>")': [],
    'pattern_match_full("<N> <N> <IP4> <N>")': [],
    'pattern_match("aaab")': [1],
    'pattern_match_full("<TIME>.<N>")': [2],
  })
})

test('a pattern that was found matches the message that it was found in', (t) => {
  const folder = sharedFolder(t, 'corpus')
  if (folder === null) return
  let checked = 0
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.log'))) {
    const lines = readFileSync(join(folder, name)).toString('latin1').split('\n')
    for (let index = 0; index < lines.length; index += 7) {
      const message = decodeText(Buffer.from(lines[index], 'latin1'))
      const data = encodeText(message)
      const full = patternTest(patternOf(message), 'full')
      assert.ok(full.test(data, 0, data.length), `${name}: ${message}\n${patternOf(message)}`)
      checked++
    }
  }
  assert.ok(checked > 1000)
})

const PIECES = [
  '1',
  '22',
  'a',
  'ff',
  '3e98',
  '.',
  '-',
  ':',
  ',',
  '/',
  'T',
  'Z',
  '+',
  ' ',
  '<N>',
  '<IP4>',
  '"',
  'é',
  '\\',
  '\udcff',
]

test('random messages match their patterns', () => {
  const seed = 21
  const random = new SeededRandom(seed)
  for (let round = 0; round < 6000; round++) {
    const pieces = Array.from({ length: random.below(16) }, () => PIECES[random.below(PIECES.length)])
    const message = pieces.join('')
    const data = encodeText(`1${message}1`)
    const full = patternTest(patternOf(message), 'full')
    const found = patternTest(patternOf(message), 'anywhere')
    const story = `seed ${seed}, round ${round}: ${JSON.stringify(message)} ${patternOf(message)}`
    assert.ok(full.test(data, 1, data.length - 1), story)
    assert.ok(found.test(data, 1, data.length - 1), story)
  }
})

test('a hostile message or pattern costs no more than its length', () => {
  const texts = ['a', '1', '"', '1.', '"\\', '<N>', '1:1:1 ', '-']
  const patterns = [
    '<W><W><W>',
    '"<W>"<W>"',
    '<N>.<N>.<N>x',
    `${'a'.repeat(1000)}b`,
    '<DATETIME><TIME>',
    '<W> <W>x',
  ]
  for (const text of texts) {
    const data = encodeText(text.repeat(30_000))
    for (const pattern of patterns) {
      const startMs = performance.now()
      patternTest(pattern, 'anywhere').test(data, 0, data.length)
      patternTest(pattern, 'full').test(data, 0, data.length)
      assert.ok(performance.now() - startMs < 10_000, `${pattern} in ${text}…`)
    }
  }
})

// ---- ids ----------------------------------------------------------------------------------------------------

test('the id of a pattern is the same everywhere', () => {
  assert.equal(patternOf('user 5 from 10.0.0.1 at 10:20:30'), 'user <N> from <IP4> at <TIME>')
  assert.equal(patternId('user <N> from <IP4> at <TIME>'), '6c967cc6c07dbc5e')
})

test('pattern: finds the messages of one pattern', () => {
  const id = patternId('took <N>ms')
  const records: TestRecord[] = [
    { message: 'took 5ms' },
    { message: 'took 71ms' },
    { message: 'took 5s' },
    { message: 'took <N>ms', fields: { pattern: id } },
    { message: '', fields: { pattern: 'other' } },
  ]
  check(records, {
    [`pattern:${id}`]: [0, 1, 3],
    [`pattern:${id.toUpperCase()} took`]: [0, 1, 3],
    [`!pattern:${id}`]: [2, 4],
    [`(pattern:${id})`]: [0, 1, 3],
    [`"pattern":${id}`]: [3],
    [`pattern:=${id}`]: [3],
    'pattern:other': [4],
    'pattern:*': [3, 4],
    'pattern:0000000000000000': [],
    [`pattern:${patternId('')}`]: [4],
  })
})

test('ids of many patterns are kept within bounds', () => {
  const ids = new PatternIds()
  const message = (index: number): string =>
    `${'x'.repeat(10_000)}${index.toString(2).replaceAll('0', 'a').replaceAll('1', 'b')}`
  const first = ids.idOf(message(0))
  for (let index = 0; index < 2000; index++) ids.idOf(message(index))
  assert.equal(ids.idOf(message(0)), first)
})
