import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText } from '../test-pipes.ts'

test('named groups become fields, others do not', async () => {
  const rows = [row({ text: 'größe=5 cm' }), row({ text: 'x' })]
  assert.deepEqual(await runPipeText('extract_regexp "(?P<size>[0-9]+) (cm|mm)" from text', rows), [
    [
      ['text', 'größe=5 cm'],
      ['size', '5'],
    ],
    [['text', 'x']],
  ])
})

test('a group that took no part is empty', async () => {
  const rows = [row({ _msg: 'b', a: 'old' })]
  assert.deepEqual(await runPipeText('extract_regexp "(?P<a>a)|(?P<b>b)" | fields a, b', rows), [
    [['b', 'b']],
  ])
})

test('what a row has is kept where that is asked for', async () => {
  const rows = [row({ _msg: 'a=1', a: 'x' }), row({ _msg: 'b', a: 'y' })]
  const a = async (options: string) =>
    await runPipeText(`extract_regexp "a=(?P<a>.)" ${options} | fields a`, rows)
  assert.deepEqual(await a('skip_empty_results'), [[['a', '1']], [['a', 'y']]])
  assert.deepEqual(await a('keep_original_fields'), [[['a', 'x']], [['a', 'y']]])
})

test('a pattern that is none, or has no named group, is refused at its place', () => {
  for (const [pipe, message] of [
    ['extract_regexp "(a"', /not valid/],
    ['extract_regexp "(a)"', /no named group/],
  ] as const) {
    assert.throws(
      () => parseQuery(`* | ${pipe}`, { nowMs: PIPE_TEST_NOW_MS }),
      (error) =>
        isCodedError(error, 'QUERY_SYNTAX') && error.details.offset === 19 && message.test(error.message),
    )
  }
})

test('a hostile pattern on a hostile text ends', async () => {
  const rows = [row({ _msg: `${'a'.repeat(20_000)}!` })]
  assert.deepEqual(await runPipeText('extract_regexp "(?P<x>(a+)+)$" | fields x', rows, { cuts: 1 }), [[]])
})
