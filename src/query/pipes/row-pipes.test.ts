/** Small pipes that work batch by batch: delete, drop_empty_fields, filter, decolorize, coalesce, collapse_nums. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { row, runPipeText } from '../test-pipes.ts'

test('delete takes fields away and keeps the row', async () => {
  const rows = [row({ a: '1', 'p.x': '2', b: '3' }), row({ a: '4' })]
  assert.deepEqual(await runPipeText('delete a, p.*', rows), [[['b', '3']], []])
  assert.deepEqual(await runPipeText('rm *', rows), [[], []])
})

test('rows without any field are dropped by drop_empty_fields', async () => {
  const rows = [row({ a: '', b: '' }), row({ a: '1', b: '' }), row({})]
  assert.deepEqual(await runPipeText('drop_empty_fields', rows), [[['a', '1']]])
})

test('a filter behind other pipes sees what they made', async () => {
  const rows = [row({ _msg: 'took 5 ms' }), row({ _msg: 'took 500 ms' })]
  assert.deepEqual(await runPipeText('extract "took <ms> ms" | filter ms:>10 | fields ms', rows), [
    [['ms', '500']],
  ])
  assert.deepEqual(await runPipeText('fields nothing | nothing:*', rows), [])
})

test('decolorize takes out sequences that are whole', async () => {
  const rows = [
    row({ _msg: '\x1b[1;31mred\x1b[0m \x1b[38:5:208mx\x1b[K' }),
    row({ _msg: 'plain \x1b[31' }),
    row({ _msg: '\x1b[\x1b[0mx' }),
  ]
  assert.deepEqual(await runPipeText('decolorize', rows), [
    [['_msg', 'red x']],
    [['_msg', 'plain \x1b[31']],
    [['_msg', '\x1b[x']],
  ])
})

test('decolorize of a long hostile value ends', async () => {
  const long = '\x1b['.repeat(100_000)
  assert.deepEqual(await runPipeText('decolorize f', [row({ f: long })]), [[['f', long]]])
})

test('coalesce takes the first field that is not empty', async () => {
  const rows = [row({ b: '2', a: '1' }), row({ 'p.y': 'y', 'p.x': 'x' }), row({ c: '3' })]
  assert.deepEqual(await runPipeText('coalesce (a, b, p.*) default none as r | fields r', rows), [
    [['r', '1']],
    [['r', 'x']],
    [['r', 'none']],
  ])
  assert.deepEqual(await runPipeText('coalesce (b) as r default "" | fields r', rows), [[['r', '2']], [], []])
  assert.deepEqual(await runPipeText('coalesce (c) | fields _msg', rows), [[], [], [['_msg', '3']]])
})

test('collapse_nums makes messages that differ in numbers the same', async () => {
  const rows = ['a 1', 'a 2', 'b 1.5s'].map((_msg) => row({ _msg, level: 'x1' }))
  assert.deepEqual(await runPipeText('collapse_nums', rows), [
    row({ _msg: 'a <N>', level: 'x1' }),
    row({ _msg: 'a <N>', level: 'x1' }),
    row({ _msg: 'b <N>.<N>s', level: 'x1' }),
  ])
})

test('set_stream_fields makes the stream of the fields that a row has', async () => {
  const rows = [
    row({ b: '2', a: '1', _stream: '{x="y"}' }),
    row({ b: 'q"' }),
    row({ c: '3', _stream: '{x="y"}' }),
  ]
  const streams = async (pipe: string) => await runPipeText(`${pipe} | fields _stream`, rows)
  assert.deepEqual(await streams('set_stream_fields b, a'), [
    [['_stream', '{a="1",b="2"}']],
    [['_stream', '{b="q\\""}']],
    [],
  ])
  assert.deepEqual(await streams('set_stream_fields if (a:*) b'), [
    [['_stream', '{b="2"}']],
    [],
    [['_stream', '{x="y"}']],
  ])
})

test('filters of streams see the stream that was set', async () => {
  const rows = [row({ host: 'h1' }), row({ host: 'h2' })]
  assert.deepEqual(await runPipeText('set_stream_fields host | filter {host="h2"} | fields host', rows), [
    [['host', 'h2']],
  ])
})
