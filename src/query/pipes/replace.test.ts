import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError } from '../../base/base.ts'
import { FIELD_NUMBER, FIELD_STRING } from '../../record/record.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { bindBatches } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, TEST_SETTINGS, type TestRow } from '../test-pipes.ts'

async function messageAfter(pipe: string, _msg: string): Promise<string> {
  const [fields]: TestRow[] = await runPipeText(pipe, [row({ _msg })])
  return new Map(fields).get('_msg') ?? ''
}

test('a text is replaced everywhere, or so many times', async () => {
  assert.equal(await messageAfter('replace ("a", "bb")', 'aXaa'), 'bbXbbbb')
  assert.equal(await messageAfter('replace ("a", "") limit 2', 'aXaa'), 'Xa')
  assert.equal(await messageAfter('replace ("aa", "b")', 'aaaaa'), 'bba')
  assert.equal(await messageAfter('replace ("ü", "u") limit 0', 'grün für'), 'grun fur')
})

test('what is put in is not looked at again, and nothing is found nowhere', async () => {
  assert.equal(await messageAfter('replace ("a", "aa")', 'aa'), 'aaaa')
  assert.equal(await messageAfter('replace ("", "x")', 'ab'), 'ab')
})

test('a byte that is not UTF-8 is replaced, and not the half of a character', async () => {
  assert.equal(await messageAfter('replace ("\\x80", "-")', 'a\udc80b💀'), 'a-b💀')
})

test('only rows that match are changed', async () => {
  const rows = [row({ f: 'a', l: '1' }), row({ f: 'a' }), row({ l: '1' })]
  assert.deepEqual(await runPipeText('replace if (l:1) (a, b) at f', rows), [
    [
      ['f', 'b'],
      ['l', '1'],
    ],
    [['f', 'a']],
    [['l', '1']],
  ])
})

test('groups of a pattern stand in what takes its place', async () => {
  assert.equal(
    await messageAfter(`replace_regexp ("(\\\\w+)=(?P<v>\\\\d+)", "$2:\${v}-$1x$$")`, 'a=1 b=2'),
    '1:1-$ 2:2-$',
  )
  assert.equal(await messageAfter('replace_regexp ("[0-9]+", "<$0>") limit 1', '1 22'), '<1> 22')
  assert.equal(await messageAfter('replace_regexp ("^", "> ")', 'a'), '> a')
  assert.equal(await messageAfter('replace_regexp ("x*", "-")', 'abc'), '-a-b-c-')
})

test('a value that would fill the memory is refused', async () => {
  const settings = { stateBytesMax: 1 << 20 }
  const rows = [row({ _msg: 'a'.repeat(100_000) })]
  const long = 'x'.repeat(1000)
  for (const pipe of [`replace (a, ${long})`, `replace_regexp (a, ${long})`]) {
    await assert.rejects(runPipeText(pipe, rows, { settings, cuts: 0 }), (error) =>
      isCodedError(error, 'QUERY_TOO_LARGE'),
    )
  }
})

test('a value that gets longer than any text is refused', async () => {
  const rows = [row({ _msg: 'a'.repeat(20_000) })]
  const pipe = `replace_regexp (a, ${'x'.repeat(40_000)})`
  await assert.rejects(runPipeText(pipe, rows, { cuts: 0 }), (error) =>
    isCodedError(error, 'QUERY_TOO_LARGE'),
  )
})

test('what a batch took more is given back for the next one', () => {
  const { pipes } = parseQuery('* | replace (a, bb) | replace_regexp (b, cc) | unroll list', {
    nowMs: PIPE_TEST_NOW_MS,
  })
  const map = bindBatches(pipes, { ...TEST_SETTINGS, stateBytesMax: 10_000 })
  const batch = RowBatch.of({ _msg: ['a'.repeat(1000)], list: ['[1,2,3]'] })
  for (let times = 0; times < 20; times++) assert.equal(map(batch).rowCount, 3)
})

test('what was changed is text, and what was left keeps its type', () => {
  const { pipes } = parseQuery('* | replace if (l:1) (5, 6) at n', { nowMs: PIPE_TEST_NOW_MS })
  const columns = new Map([
    ['n', new TextColumn(['5', '5'], Uint8Array.of(FIELD_NUMBER, FIELD_NUMBER))],
    ['l', new TextColumn(['1', '2'])],
  ])
  const column = bindBatches(pipes, TEST_SETTINGS)(new RowBatch(2, columns)).column('n')
  assert.deepEqual(column?.texts(), ['6', '5'])
  assert.deepEqual([...(column?.kinds() ?? [])], [FIELD_STRING, FIELD_NUMBER])
})
