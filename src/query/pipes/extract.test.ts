import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import type { Column, TextTemplates } from '../../record/record.ts'
import { EVERY_FIELD } from '../batches/fields-wanted.ts'
import { batchOfBlock } from '../batches/record-batches.ts'
import { bindBatches } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, JudgingBlock } from '../test-blocks.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, TEST_SETTINGS } from '../test-pipes.ts'
import { type TemplateRow, templatesOf, textOfRow } from '../test-templates.ts'
import { ExtractPattern } from './extract-pattern.ts'

function extracted(pattern: string, text: string): Record<string, string> {
  const bound = new ExtractPattern(pattern, (message) => new Error(message))
  const parts = bound.names.map(() => '')
  bound.takeApart(text, parts)
  return Object.fromEntries(bound.names.map((name, at) => [name, parts[at]]))
}

function refusalOf(pipe: string): string {
  try {
    parseQuery(`* | ${pipe}`, { nowMs: PIPE_TEST_NOW_MS })
  } catch (error) {
    assert.ok(isCodedError(error, 'QUERY_SYNTAX'))
    const { offset, length } = error.details as { offset: number; length: number }
    return `${error.message} @${`* | ${pipe}`.slice(offset, offset + length)}`
  }
  return assert.fail(`${pipe} is accepted`)
}

test('a field is what stands up to the text behind it', () => {
  const text = '1.2.3.4 GET /foo/bar?baz 404 "Mozilla  foo bar baz" some tail here'
  assert.deepEqual(extracted('<ip> <_> <path> <_> "<agent>"', text), {
    ip: '1.2.3.4',
    path: '/foo/bar?baz',
    agent: 'Mozilla  foo bar baz',
  })
  assert.deepEqual(extracted('<ip> <> <path> <_> <agent>', text), {
    ip: '1.2.3.4',
    path: '/foo/bar?baz',
    agent: 'Mozilla  foo bar baz',
  })
})

test('reading begins behind the first place of the first text, and the last field goes to the end', () => {
  assert.deepEqual(extracted('=<a>', 'x=y=z'), { a: 'y=z' })
  assert.deepEqual(extracted('<a>=', 'x=y=z'), { a: 'x' })
  assert.deepEqual(extracted('<a>', ''), { a: '' })
  assert.deepEqual(extracted('=<a>;', 'x=;'), { a: '' })
})

test('from a text that is missing on, fields are empty', () => {
  assert.deepEqual(extracted('a=<a> b=<b> c=<c>', 'a=1 b=2'), { a: '1', b: '', c: '' })
  assert.deepEqual(extracted('z=<a>', 'a=1'), { a: '' })
  assert.deepEqual(extracted('a=<a> b=<b>', 'a="x y" c=2'), { a: 'x y', b: '' })
})

test('quoted texts lose their quotes and escapes, unless they are asked for plainly', () => {
  assert.deepEqual(extracted('"message":<m>,', '{"message":"a \\"b\\"\\n, c","x":1}'), { m: 'a "b"\n, c' })
  assert.deepEqual(extracted('m=<m>;', "m='it''s';"), { m: 'it' })
  assert.deepEqual(extracted('m=<m> ', 'm=`a\\n b` '), { m: 'a\\n b' })
  assert.deepEqual(extracted('m=<plain:m>,', 'm="a, b",'), { m: '"a' })
  assert.deepEqual(extracted('<_> <m>', '"a b" c'), { m: 'c' })
  assert.deepEqual(extracted('m=<m>', 'm="a\\/b \\ud83d\\ude00"'), { m: 'a/b 😀' })
})

test('a quote that nothing closes, or with an escape that is none, is a character', () => {
  assert.deepEqual(extracted('m=<m> ', 'm="a b'), { m: '"a' })
  assert.deepEqual(extracted('m=<m> ', 'm="a\\q b" '), { m: '"a\\q' })
})

test('signs of HTML stand for themselves', () => {
  assert.deepEqual(extracted('<left> &lt; <right>', 'a < b'), { left: 'a', right: 'b' })
  assert.deepEqual(extracted('<a&amp;b>;', 'x;'), { 'a&b': 'x' })
})

test('a name that stands twice gets what comes last', () => {
  assert.deepEqual(extracted('<a>,<a>;', '1,2;'), { a: '2' })
})

test('hostile values cost no more than a search for each field', () => {
  const text = '"'.repeat(200_000)
  assert.deepEqual(extracted(`${'<_>"'.repeat(50)}<plain:a>`, text).a.length, 200_000 - 3 * 50)
})

test('what a row has is overwritten, kept or kept where nothing was found', async () => {
  const rows = [row({ _msg: 'a=1', a: 'x' }), row({ _msg: 'b=1', a: 'y' }), row({ _msg: 'a=2' })]
  const a = async (options: string) => await runPipeText(`extract "a=<a>" ${options} | fields a`, rows)
  assert.deepEqual(await a(''), [[['a', '1']], [], [['a', '2']]])
  assert.deepEqual(await a('skip_empty_results'), [[['a', '1']], [['a', 'y']], [['a', '2']]])
  assert.deepEqual(await a('keep_original_fields'), [[['a', 'x']], [['a', 'y']], [['a', '2']]])
  assert.deepEqual(await runPipeText('extract if (_msg:~a) "a=<a>" | fields a', rows), [
    [['a', '1']],
    [['a', 'y']],
    [['a', '2']],
  ])
})

test('the field that is read may be one of those that are written', async () => {
  assert.deepEqual(await runPipeText('extract "a=<_msg> b=<b>"', [row({ _msg: 'a=1 b=2' })]), [
    [
      ['_msg', '1'],
      ['b', '2'],
    ],
  ])
})

test('behind a colon that begins it, a name may have colons', () => {
  assert.deepEqual(extracted('a=<:uc:b> <plain:c:d>', 'a=1 2'), { 'uc:b': '1', 'c:d': '2' })
})

test('patterns that cannot be meant are refused at their place', () => {
  assert.equal(
    refusalOf('extract "a<b"'),
    'a `<` in the pattern has no `>`; for the sign itself write `&lt;` @"a<b"',
  )
  assert.equal(
    refusalOf('extract "<a> < <b>"'),
    'a `<` in the pattern has no `>`; for the sign itself write `&lt;` @"<a> < <b>"',
  )
  assert.equal(
    refusalOf('extract "<a><b>"'),
    'a text has to stand between two fields of the pattern @"<a><b>"',
  )
  assert.equal(refusalOf('extract "a<_>"'), 'the pattern has no field, like `ip=<ip> ` @"a<_>"')
  assert.equal(
    refusalOf('extract "<uc:a>"'),
    '`<uc:a>` begins with what is none of: `plain:`; a field of that name is written `<:uc:a>` @"<uc:a>"',
  )
  for (const pattern of ['<\\n\\x1b:a>', '<a\\n\\x1b*>'])
    assert.doesNotMatch(refusalOf(`extract "${pattern}"`), /[\n\x1b]/, pattern)
  assert.equal(refusalOf('extract "<a*>"'), '`<a*>` is no name of one field @"<a*>"')
})

/** It also gives some messages without the others. */
class SparseBlock extends JudgingBlock {
  messagesOf(rows: Uint32Array): Column {
    const { data, starts, lengths } = this.plain.message
    const [ownStarts, ownLengths] = [starts, lengths].map((values) =>
      Uint32Array.from(rows, (row) => values[row]),
    )
    return { data, starts: ownStarts, lengths: ownLengths, kinds: null }
  }
}

test('a block judges which messages can have fields, and the others are not read', () => {
  const messages = Array.from({ length: 100 }, (_, at) => (at % 30 === 7 ? `user=u${at};` : `nothing ${at}`))
  const users = messages.map((message) => /user=(.*);/.exec(message)?.[1] ?? '')
  const block = new SparseBlock(blockOf(messages.map((message) => ({ message }))), false)
  for (const pipe of ['extract "user=<user>;"', 'extract_regexp "user=(?P<user>.*);"']) {
    const { pipes } = parseQuery(`* | ${pipe}`, { nowMs: PIPE_TEST_NOW_MS })
    const map = bindBatches(pipes, TEST_SETTINGS)
    const all = batchOfBlock(block, null, EVERY_FIELD)
    assert.deepEqual([...map(all).texts('user')], users)
    const rows = Uint32Array.of(3, 7, 7, 37, 99)
    const wanted = Array.from(rows, (at) => users[at])
    assert.deepEqual([...map(all.select(rows)).texts('user')], wanted)
    const some = Uint32Array.from({ length: 90 }, (_, at) => at)
    assert.deepEqual([...map(batchOfBlock(block, some, EVERY_FIELD)).texts('user')], users.slice(0, 90))
    assert.deepEqual(block.columnsRead, [])
  }
})

/** It also knows the templates of its messages. */
class TemplateBlock extends SparseBlock {
  readonly #templates: TextTemplates

  constructor(patterns: readonly string[], rows: readonly TemplateRow[]) {
    super(blockOf(rows.map((row) => ({ message: textOfRow(patterns, row) }))), false)
    this.#templates = templatesOf(patterns, rows, new SeededRandom(1))
  }

  messageTemplates(): TextTemplates {
    return this.#templates
  }
}

test('fields come out of templates as out of whole messages, which stay what they are', () => {
  const patterns = ['login user=* from * ok', 'nothing *', 'late *']
  const rows: TemplateRow[] = Array.from({ length: 300 }, (_, at) => ({
    place: at % 4,
    values: [at % 4 === 2 ? `user=x${at} y` : at % 4 === 3 ? `plain user=p${at} z` : `u${at % 7}`, 'here'],
  }))
  const messages = rows.map((row) => textOfRow(patterns, row))
  const users = messages.map((message) => /user=(.*?) /.exec(message)?.[1] ?? '')
  for (const [pipe, wanted] of [
    ['extract "user=<user> "', [users, messages]],
    ['extract "user=<_msg> "', [messages.map(() => ''), users]],
  ] as const) {
    const { pipes } = parseQuery(`* | ${pipe}`, { nowMs: PIPE_TEST_NOW_MS })
    const map = bindBatches(pipes, TEST_SETTINGS)
    const few = Uint32Array.from({ length: 30 }, (_, at) => at * 7)
    for (const chosen of [null, few]) {
      const batch = map(batchOfBlock(new TemplateBlock(patterns, rows), chosen, EVERY_FIELD))
      const picked = (texts: readonly string[]) => Array.from(chosen ?? texts.keys(), (row) => texts[row])
      assert.deepEqual([...batch.texts('user')], picked(wanted[0]))
      assert.deepEqual([...batch.texts('_msg')], picked(wanted[1]))
    }
  }
})

test('messages that are cut are not read', () => {
  const patterns = ['login user=* from *', 'nothing *']
  const rows: TemplateRow[] = Array.from({ length: 200 }, (_, at) => ({ place: at % 2, values: ['u', 'x'] }))
  const block = new TemplateBlock(patterns, rows)
  block.messagesOf = () => assert.fail('whole messages are read')
  const { pipes } = parseQuery('* | extract "user=<user> "', { nowMs: PIPE_TEST_NOW_MS })
  const batch = bindBatches(pipes, TEST_SETTINGS)(batchOfBlock(block, null, EVERY_FIELD))
  assert.deepEqual(
    [...batch.texts('user')],
    rows.map(({ place }) => (place === 0 ? 'u' : '')),
  )
  assert.deepEqual(block.columnsRead, [])
})
