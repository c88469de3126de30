import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError } from '../../base/base.ts'
import { formatRfc3339 } from '../../record/record.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { GroupColumn, TimeColumn } from '../batches/text-columns.ts'
import { bindBatches, fieldsForPipes } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, TEST_SETTINGS } from '../test-pipes.ts'
import { encodeText } from '../values/text.ts'
import { textByteLength } from '../values/text-length.ts'

const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS })

/** `x` of rows whose field `f` has these texts. */
async function results(pipe: string, texts: readonly string[]): Promise<string[]> {
  const rows = texts.map((text, at) => row({ f: text, at: String(at) }))
  const found = await runPipeText(pipe, rows, { ordered: true })
  return found.map((fields) => new Map(fields).get('x') ?? '')
}

test('len counts bytes, also of text that is not UTF-8', async () => {
  const texts = ['', 'abc', 'é', '한국', '😀', '\udcff\udc80', 'a\ud800']
  assert.deepEqual(await results('len(f) as x', texts), ['0', '3', '2', '6', '4', '2', '4'])
  for (const text of [...texts, '\udc7f', '\udd00', '\ud83d', '😀\udc80é']) {
    assert.equal(textByteLength(text), encodeText(text).length, JSON.stringify(text))
  }
})

test('hash is xxHash64, of nothing as well', async () => {
  assert.deepEqual(await results('hash(f) x', ['', 'abc']), [
    '17241709254077376921',
    String(0x44bc2cf5ad770999n),
  ])
})

test('json_array_len counts items, none in what is no array', async () => {
  const texts = ['["foo",1,{"baz":"x"},[1,2],null,NaN]', '[]', '', 'abc', '{"a":1}', '[1', ' [ 1 , 2 ] ']
  assert.deepEqual(await results('json_array_len(f) as x', texts), ['6', '0', '0', '0', '0', '0', '2'])
})

test('unpack_words gives words of any script', async () => {
  const texts = ['foo,bar foo_1', '', '!?', 'él 한국-어 x²', 'a\udcffb']
  assert.deepEqual(await results('unpack_words f as x', texts), [
    '["foo","bar","foo_1"]',
    '[]',
    '[]',
    '["él","한국","어","x"]',
    '["a","b"]',
  ])
  assert.deepEqual(await results('unpack_words from f x drop_duplicates', ['b a b']), ['["b","a"]'])
})

test('split cuts at every separator', async () => {
  const texts = ['a,b,,c', ',', '', 'x "y"']
  assert.deepEqual(await results('split "," from f as x', texts), [
    '["a","b","","c"]',
    '["",""]',
    '[]',
    '["x \\"y\\""]',
  ])
  assert.deepEqual(await results('split "" f x', ['a😀']), ['["a","😀"]'])
  assert.deepEqual(await runPipeText('split ", "', [row({ _msg: 'a, b' })]), [row({ _msg: '["a","b"]' })])
})

test('json_array_concat makes one text of the items of an array', async () => {
  const texts = ['["a","b c",1,{"d": [2]},null]', '["a"]', '[]', '', 'a', '{"a":1}', ' ["\\n", "x"] ']
  assert.deepEqual(await results('json_array_concat ", " from f as x', texts), [
    'a, b c, 1, {"d":[2]}, null',
    'a',
    ...['', '', '', ''],
    '\n, x',
  ])
  assert.deepEqual(await results('json_array_concat from f as x', ['["a","b"]']), ['ab'])
  assert.deepEqual(await results('split "," f as x | json_array_concat "/" x', ['a,b', '']), ['a/b', ''])
  assert.deepEqual(await runPipeText('json_array_concat "-"', [row({ _msg: '[1,2]' })]), [
    row({ _msg: '1-2' }),
  ])
  for (const text of [
    'json_array_concat',
    'json_array_concat "as" from "as" as x',
    'json_array_concat a b c',
  ]) {
    const query = parse(text)
    assert.deepEqual(parse(printQuery(query).slice(4)), query, text)
  }
  assert.throws(() => parse('json_array_concat "," a b c'), { code: 'QUERY_SYNTAX' })
})

test('json_array_concat refuses a text that would fill the memory', async () => {
  const rows = [row({ _msg: JSON.stringify(new Array(20_000).fill('')) })]
  const pipe = `json_array_concat "${'x'.repeat(10_000)}"`
  await assert.rejects(runPipeText(pipe, rows), { code: 'QUERY_TOO_LARGE' })
})

test('the result may be the field itself, and is the message without a name', async () => {
  assert.deepEqual(await runPipeText('len(f) f', [row({ f: 'abc' })]), [row({ f: '3' })])
  assert.deepEqual(await runPipeText('len f', [row({ f: 'abc' })]), [row({ f: 'abc', _msg: '3' })])
})

test('a column that knows its texts is worked on once for each', () => {
  const column = new GroupColumn({ texts: ['abc', 'de', 'unused'], ofRow: Uint32Array.of(1, 0, 1) }, 3)
  const made = bindBatches(
    parse('len(f) as x').pipes,
    TEST_SETTINGS,
  )(new RowBatch(3, new Map([['f', column]])))
  assert.deepEqual(made.texts('x'), ['2', '3', '2'])
  assert.deepEqual(made.groups('x').texts, ['2', '3'])
})

test('time_add moves times, and leaves alone what is none', async () => {
  const texts = [
    '2025-07-18T10:20:30.5Z',
    '2025-07-18',
    '1752800000',
    '2025-07-18T10:20:30.000000001Z',
    'x',
    '',
  ]
  assert.deepEqual(await results('time_add 1h30m1ns at f | copy f as x', texts), [
    '2025-07-18T11:50:30.500000001Z',
    '2025-07-18T01:30:00.000000001Z',
    '2025-07-18T02:23:20.000000001Z',
    '2025-07-18T11:50:30.000000002Z',
    'x',
    '',
  ])
  assert.deepEqual(await results('time_add -1ns at f | copy f as x', ['2025-07-18T00:00:00Z']), [
    '2025-07-17T23:59:59.999999999Z',
  ])
  assert.deepEqual(await runPipeText('time_add -1d', [row({ _time: '2025-07-18T00:00:00Z' })]), [
    row({ _time: '2025-07-17T00:00:00Z' }),
  ])
  assert.throws(() => parse('time_add x'), /no duration/)
  assert.throws(
    () => parse('time_add'),
    (error) => isCodedError(error, 'QUERY_SYNTAX'),
  )
})

test('time_add moves times of records without their text', () => {
  const timesMs = Float64Array.of(0, 1_752_800_000_000, 999)
  const timesNs = Uint32Array.of(0, 999_999, 1)
  const batch = new RowBatch(3, new Map([['_time', new TimeColumn(timesMs, timesNs)]]))
  for (const [text, ms, ns] of [
    ['1ns', 0, 1],
    ['-1ns', 0, -1],
    ['1.5ms', 1, 500_000],
    ['-1h0.000001s', -3_600_000, -1000],
  ] as const) {
    const made = bindBatches(parse(`time_add ${text}`).pipes, TEST_SETTINGS)(batch)
    assert.ok(made.timesOf('_time') !== null)
    const wanted = Array.from(timesMs, (time, at) => {
      const total = (BigInt(time) + BigInt(ms)) * 1_000_000n + BigInt(timesNs[at] + ns)
      const wholeMs = Number((total - (((total % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n)
      return formatRfc3339(wholeMs, Number(((total % 1_000_000n) + 1_000_000n) % 1_000_000n))
    })
    assert.deepEqual(made.texts('_time'), wanted, text)
  }
  const far = bindBatches(parse('time_add 100000d').pipes, TEST_SETTINGS)(batch)
  const further = bindBatches(parse('time_add 900y').pipes, TEST_SETTINGS)(batch)
  assert.notDeepEqual(far.texts('_time'), batch.texts('_time'))
  assert.deepEqual(further.texts('_time'), batch.texts('_time'))
})

test('generate_sequence gives numbers instead of what was found', async () => {
  const sequence = (length: number) => Array.from({ length }, (_, at) => row({ _msg: String(at) }))
  const rows = [row({ a: '1' }), row({ a: '2' })]
  assert.deepEqual(await runPipeText('generate_sequence 3', rows, { ordered: true }), sequence(3))
  assert.deepEqual(await runPipeText('generate_sequence 10_000', [], { ordered: true }), sequence(10_000))
  assert.deepEqual(await runPipeText('generate_sequence 0', rows), [])
  assert.deepEqual(fieldsForPipes(parse('generate_sequence 3').pipes).allow, [])
  for (const text of [
    'generate_sequence',
    'generate_sequence -1',
    'generate_sequence 1.5',
    'generate_sequence x',
  ]) {
    assert.throws(
      () => parse(text),
      (error) => isCodedError(error, 'QUERY_SYNTAX'),
      text,
    )
  }
})

test('fields are read only where the result is wanted', () => {
  const namesFor = (text: string) => fieldsForPipes(parse(text).pipes).allow.map(({ name }) => name)
  assert.deepEqual(namesFor('len(a) as b | fields b'), ['a'])
  assert.deepEqual(namesFor('len(a) as b | fields c'), ['c'])
  assert.deepEqual(namesFor('len(a) as a | fields a'), ['a'])
  assert.deepEqual(namesFor('unpack_words a as b | split "," c as d | fields b, d').toSorted(), ['a', 'c'])
})
