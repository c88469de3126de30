import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError } from '../../base/base.ts'
import { FIELD_NUMBER, FIELD_STRING } from '../../record/record.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { ConstantColumn, GroupColumn, TextColumn } from '../batches/text-columns.ts'
import { bindBatches, fieldsForPipes } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, TEST_SETTINGS } from '../test-pipes.ts'
import { pipeKindOf } from './registry.ts'

const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS })

async function unpacked(pipe: string, fields: Readonly<Record<string, string>>): Promise<unknown> {
  const [found] = await runPipeText(pipe, [row(fields)])
  return Object.fromEntries(found)
}

const json = '{"a":"1","b":{"c":"2","d":""},"e":[1]}'

test('unpack_json sets fields, also the one that it reads', async () => {
  assert.deepEqual(await unpacked('unpack_json', { _msg: json, a: 'old', d: 'kept' }), {
    _msg: json,
    a: '1',
    'b.c': '2',
    d: 'kept',
    e: '[1]',
  })
  assert.deepEqual(await unpacked('unpack_json from x', { x: '{"x":"y","z":null}', z: 'kept' }), {
    x: 'y',
    z: 'kept',
  })
  assert.deepEqual(await unpacked('unpack_json from x', { x: '{"":"m"}' }), { x: '{"":"m"}', _msg: 'm' })
  assert.deepEqual(await unpacked('unpack_json', { _msg: '{"":"m","_msg":"n"}' }), { _msg: 'n' })
})

test('a prefix stands before the names', async () => {
  const found = { x: json, 'p.a': '1', 'p.b.c': '2', 'p.e': '[1]' }
  assert.deepEqual(await unpacked('unpack_json from x result_prefix p.', { x: json }), found)
  const chosen = { x: json, 'p.a': '1', 'p.b.c': '2' }
  assert.deepEqual(await unpacked('unpack_json from x fields (a, b*) result_prefix p.', { x: json }), chosen)
})

test('a list of fields leaves others out, and empties what the text does not have', async () => {
  const old = { x: json, a: 'old', z: 'old', e: 'old' }
  assert.deepEqual(await unpacked('unpack_json x fields (a, z)', old), { x: json, a: '1', e: 'old' })
  assert.deepEqual(await unpacked('unpack_json x fields (b.*)', old), { ...old, 'b.c': '2' })
  assert.deepEqual(await unpacked('unpack_json x fields (a, z) skip_empty_results', old), { ...old, a: '1' })
  assert.deepEqual(await unpacked('unpack_json x fields (a, z) keep_original_fields', old), old)
  assert.deepEqual(await unpacked('unpack_logfmt x fields (a, z)', { x: 'a=1 b=2', z: 'old' }), {
    x: 'a=1 b=2',
    a: '1',
  })
})

test('objects whose names are to be preserved stay JSON text', async () => {
  const x = '{"a":{"b":{"c": 1, "d":["é", {}]}},"e":{"f":{"g":"h"}},"b":{"c":2},"n":5}'
  assert.deepEqual(await unpacked('unpack_json x preserve_keys (a, e.f, n) | delete x', { x }), {
    a: '{"b":{"c":1,"d":["é",{}]}}',
    'e.f': '{"g":"h"}',
    'b.c': '2',
    n: '5',
  })
  const chosen = 'unpack_json from x fields (a.b, e*) preserve_keys (a.b, zz) result_prefix p. | delete x'
  assert.deepEqual(await unpacked(chosen, { x }), { 'p.a.b': '{"c":1,"d":["é",{}]}', 'p.e.f.g': 'h' })
  assert.deepEqual(await unpacked('unpack_json x fields (a.b.c) | delete x', { x }), { 'a.b.c': '1' })
})

test('a row whose text is empty or no JSON object stays as it is', async () => {
  for (const x of ['', 'text', '[1]', '{"a":1', '{"a":1}}']) {
    const fields = { ...(x !== '' && { x }), a: 'old', b: '1' }
    assert.deepEqual(await unpacked('unpack_json x fields (a, c)', fields), fields, x)
  }
  const rows = [row({ x: 'a=1' }), row({ a: 'old' })]
  assert.deepEqual(await runPipeText('unpack_logfmt x fields (a) | fields a', rows), [
    row({ a: '1' }),
    row({ a: 'old' }),
  ])
  assert.deepEqual((await runPipeText('unpack_syslog x', rows))[1], row({ a: 'old' }))
})

test('if says which rows are unpacked', async () => {
  const rows = [
    row({ x: '{"a":"1"}', y: 'yes' }),
    row({ x: '{"a":"2"}' }),
    row({ x: '{"a":"3"}', y: 'yes', a: 'old' }),
  ]
  assert.deepEqual(await runPipeText('unpack_json if (y:yes) from x | fields a', rows), [
    row({ a: '1' }),
    [],
    row({ a: '3' }),
  ])
  assert.deepEqual(await runPipeText('unpack_json if (y:no) from x | fields a', rows), [
    [],
    [],
    row({ a: 'old' }),
  ])
})

test('unpack_logfmt passes over what is no pair', async () => {
  assert.deepEqual(await unpacked('unpack_logfmt', { _msg: 'GET level=info path="/a b"', GET: 'kept' }), {
    _msg: 'GET level=info path="/a b"',
    GET: 'kept',
    level: 'info',
    path: '/a b',
  })
})

test('unpack_syslog knows the time of the query and the offset', async () => {
  const found = await unpacked('unpack_syslog from x offset -2h result_prefix s. keep_original_fields', {
    x: '<34>Jul 17 22:00:00 host app: text',
    's.hostname': 'old',
  })
  assert.deepEqual(found, {
    x: '<34>Jul 17 22:00:00 host app: text',
    's.level': 'critical',
    's.priority': '34',
    's.facility': '4',
    's.facility_keyword': 'auth',
    's.severity': '2',
    's.format': 'rfc3164',
    's.timestamp': '2025-07-18T00:00:00.000Z',
    's.hostname': 'old',
    's.app_name': 'app',
    's.message': 'text',
  })
})

test('names that are words of the pipe can be unpacked, in quotes or after from', () => {
  for (const text of [
    'unpack_json from fields',
    'unpack_json if (a:x) from "b c" fields (d) preserve_keys (d, "e f") result_prefix p skip_empty_results',
    'unpack_json from preserve_keys preserve_keys (a)',
    'unpack_json "keep_original_fields" fields ("a b", c*, *) result_prefix "x y"',
    'unpack_logfmt from result_prefix result_prefix result_prefix',
    'unpack_syslog from offset offset 1h30m',
    'unpack_syslog if () offset -1h',
  ]) {
    const query = parse(text)
    assert.deepEqual(parse(printQuery(query).slice(4)), query, text)
  }
})

test('columns that know their texts give the same as plain ones, and types stay where nothing was set', () => {
  const texts = ['{"n":"1"}', 'no', '{"n":"2","m":"3"}', 'unused']
  const ofRow = Uint32Array.of(2, 1, 0, 2)
  const map = bindBatches(parse('unpack_json x').pipes, TEST_SETTINGS)
  const numbers = new TextColumn(['7', '8', '9', '10'], new Uint8Array(4).fill(FIELD_NUMBER))
  const rowTexts = Array.from(ofRow, (group) => texts[group])
  for (const x of [new GroupColumn({ texts, ofRow }, 4), new TextColumn(rowTexts)]) {
    const made = map(
      new RowBatch(
        4,
        new Map([
          ['x', x],
          ['n', numbers],
        ]),
      ),
    )
    assert.deepEqual(made.texts('n'), ['2', '8', '1', '2'])
    assert.deepEqual(made.texts('m'), ['3', '', '', '3'])
    assert.deepEqual(
      made.column('n')?.kinds(),
      Uint8Array.of(FIELD_STRING, FIELD_NUMBER, FIELD_STRING, FIELD_STRING),
    )
  }
  const constant = map(new RowBatch(2, new Map([['x', new ConstantColumn('{"a":"b"}', 2)]])))
  assert.deepEqual(constant.texts('a'), ['b', 'b'])
  assert.deepEqual(numbers.texts(), ['7', '8', '9', '10'])
})

test('texts with ever other names need more memory than a query has, and say so', () => {
  const map = bindBatches(parse('unpack_json').pipes, { ...TEST_SETTINGS, stateBytesMax: 1 << 20 })
  const rows = Array.from({ length: 1000 }, (_, at) => `{"a${at}":1}`)
  assert.throws(
    () => map(RowBatch.of({ _msg: rows })),
    (error) => isCodedError(error, 'QUERY_TOO_LARGE') && /unpack_json/.test(error.message),
  )
  const fine = RowBatch.of({ _msg: rows.slice(0, 100) })
  const other = bindBatches(parse('unpack_json').pipes, { ...TEST_SETTINGS, stateBytesMax: 1 << 20 })
  for (let round = 0; round < 100; round++) assert.equal(other(fine).names.length, 101)
})

test('what is wanted behind it, the text and what if looks at are read', () => {
  const [pipe] = parse('unpack_json if (y:1) from x fields (a)').pipes
  const wanted = fieldsForPipes([pipe, ...parse('fields b, a').pipes])
  assert.deepEqual(wanted.allow.map(({ name }) => name).toSorted(), ['a', 'b', 'x', 'y'])
  assert.deepEqual(pipeKindOf(pipe).leaves?.(pipe, ['x', 'b']), ['x', 'b', 'a'])
  const [all] = parse('unpack_json').pipes
  assert.equal(pipeKindOf(all).leaves?.(all, ['x']), null)
})
