import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  FIELD_FALSE,
  FIELD_JSON,
  FIELD_NULL,
  FIELD_NUMBER,
  FIELD_STRING,
  FIELD_TRUE,
} from '../../record/record.ts'
import {
  isLive,
  liveRows,
  matchBlock,
  parseQuery,
  queryLimit,
  type Row,
  rowFields,
  rowJson,
} from '../query.ts'
import { blockOf, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'

const parse = (text: string) => parseQuery(text, { nowMs: TEST_NOW_MS })

const record: TestRecord = {
  message: 'it "failed"\n',
  timeMs: TEST_NOW_MS + 250,
  level: 'WARN',
  stream: { service: 'api', host: 'h1' },
  fields: {
    'http.status': { text: '500', kind: FIELD_NUMBER },
    'http.path': '/x',
    ok: { text: 'false', kind: FIELD_FALSE },
    yes: { text: 'true', kind: FIELD_TRUE },
    none: { text: '', kind: FIELD_NULL },
    empty: '',
    list: { text: '[1,"2"]', kind: FIELD_JSON },
  },
}

function rowOf(text: string, each: TestRecord = record): Row {
  const query = parse(text)
  const block = blockOf([each], 7)
  const [{ row }] = [...liveRows(query, block, matchBlock(query, block))]
  return row
}

const ALL =
  '{"_time":"2025-07-18T00:00:00.250Z","_stream":"{host=\\"h1\\",service=\\"api\\"}","_msg":"it \\"failed\\"\\n","level":"WARN",' +
  '"service":"api","host":"h1","http.status":500,"http.path":"/x","ok":false,"yes":true,"none":null,"empty":"","list":[1,"2"],"_id":7}'

test('a row as JSON has every field with the type it came with', () => {
  assert.equal(rowJson(rowOf('*')), ALL)
  assert.doesNotThrow(() => JSON.parse(rowJson(rowOf('*'))))
})

test('without pipes a row is the record, with a copy of its bytes', () => {
  const row = rowOf('*')
  assert.ok(row.kind === 'record')
  assert.deepEqual(
    [row.id, row.timeMs, row.timeNs, row.severity, row.level],
    [7, TEST_NOW_MS + 250, 0, 13, 'WARN'],
  )
  assert.equal(Buffer.from(row.message).toString(), 'it "failed"\n')
  assert.deepEqual(
    row.stream.map(({ name }) => name),
    ['service', 'host'],
  )
  assert.ok(!(row.message.buffer instanceof SharedArrayBuffer))
})

test('bytes that are not UTF-8 show as U+FFFD in JSON and stay in the row', () => {
  const row = rowOf('*', { message: Uint8Array.of(97, 0xff) })
  assert.equal(rowJson(row), '{"_time":"1970-01-01T00:00:00Z","_msg":"a\ufffd","_id":7}')
  assert.ok(row.kind === 'record')
  assert.deepEqual([...row.message], [97, 0xff])
})

test('a field cannot pass for one of the fields that every record has', () => {
  const row = rowOf('*', {
    message: 'm',
    fields: { _msg: 'x', _id: '1', _time: 'never', level: 'x', a: 'b' },
  })
  assert.equal(rowJson(row), '{"_time":"1970-01-01T00:00:00Z","_msg":"m","a":"b","_id":7}')
})

test('fields keeps what it names, in its order, once', () => {
  assert.equal(rowJson(rowOf('* | fields ok, _msg, nothing, ok')), '{"ok":false,"_msg":"it \\"failed\\"\\n"}')
  assert.equal(rowJson(rowOf('* | keep http.*, _id')), '{"http.status":500,"http.path":"/x","_id":7}')
  assert.equal(
    rowJson(rowOf('* | fields level, _stream')),
    '{"level":"WARN","_stream":"{host=\\"h1\\",service=\\"api\\"}"}',
  )
})

test('the id of the stream is there where it is asked for by its name, with and without other pipes', () => {
  const id = /^[0-9a-f]{32}$/
  for (const text of [
    '* | fields _stream_id',
    '* | fields *, _stream_id | fields _stream_id',
    '* | fields *, _stream_id | copy a as b | fields _stream_id',
    '* | copy a as b | fields b, _stream_id',
  ]) {
    const { _stream_id } = JSON.parse(rowJson(rowOf(text)))
    assert.match(_stream_id, id, text)
    const found = rowOf(`* | copy level as b | filter _stream_id:${_stream_id}`)
    assert.equal(JSON.parse(rowJson(found)).b, 'WARN')
  }
  assert.equal(rowJson(rowOf('* | fields _stream_id', { message: 'm' })), '{}')
})

test('fields with an asterisk gives every field, and values instead of a record', () => {
  assert.equal(rowOf('* | fields a, *').kind, 'values')
  assert.equal(rowJson(rowOf('* | fields *')), ALL)
})

test('fields with an asterisk is the same whatever else it names', () => {
  assert.deepEqual(parse('* | fields a, *, b*'), parse('* | fields *'))
  assert.deepEqual(parse('* | fields a, _stream_id, *'), parse('* | fields *, _stream_id'))
})

test('fields after fields sees what is left', () => {
  assert.equal(rowJson(rowOf('* | fields ok, yes | fields yes, service')), '{"yes":true}')
})

test('values of a row that is no record are its fields', () => {
  const values = [{ name: 'a', kind: FIELD_STRING, value: Uint8Array.of(98) }]
  assert.equal(rowFields({ kind: 'values', values }), values)
})

test('the smallest limit is the limit of the query', () => {
  assert.equal(queryLimit(parse('*')), null)
  assert.equal(queryLimit(parse('* | limit 5')), 5)
  assert.equal(queryLimit(parse('* | head 5 | fields a | limit 3')), 3)
  assert.equal(queryLimit(parse('* | limit 0')), 0)
})

test('a tail may have fields and filters, but no limit', () => {
  assert.equal(isLive(parse('error')), true)
  assert.equal(isLive(parse('error | where a | fields b')), true)
  assert.equal(isLive(parse('error | limit 5')), false)
})
