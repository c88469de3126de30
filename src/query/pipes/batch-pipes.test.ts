/**
 * What every pipe that works batch by batch promises, on its own examples and some more, with random rows: `wants` is
 * enough, `leaves` names all, `keepsRows` is true, columns that know their distinct texts change nothing, and a batch is
 * never changed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import type { Pipe } from '../ast.ts'
import { type BatchColumn, groupsOfTexts } from '../batches/batch-column.ts'
import { EVERY_FIELD, type FieldsWanted, isWanted, nameOf, namesWanted } from '../batches/fields-wanted.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { GroupColumn } from '../batches/text-columns.ts'
import { bindBatches, fieldsForPipes } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { quote } from '../syntax/quoting.ts'
import { PIPE_TEST_NOW_MS, TEST_SETTINGS } from '../test-pipes.ts'
import { PIPE_KINDS, pipeKindOf } from './registry.ts'

const MORE = [
  '* | collapse_nums prettify',
  '* | collapse_nums if (level:error)',
  '* | copy level as status, status as level',
  '* | copy http.* as web, web as took',
  '* | copy * as all.*',
  '* | rename level as status, took as level',
  '* | rename http.* as *',
  '* | rename http.* as level | rename text as http.path',
  '* | delete level, http.*',
  '* | extract "user=<user> " | extract if (user:"") "took <took> ms"',
  '* | extract if (level:error) "user=<level> " skip_empty_results',
  '* | extract_regexp "(?P<level>[a-z]+)=(?P<took>[0-9]+)" keep_original_fields',
  '* | format "<level>:<uc:_msg>" as level',
  '* | format if (took:>10) "<_><took>" as text skip_empty_results',
  '* | replace ("e", "") at level | replace if (level:rror) ("1", "2")',
  '* | replace_regexp ("[0-9]+", "<$0>") at took',
  '* | unroll if (level:error) by (tags, text)',
  '* | unroll by (tags, nothing)',
  '* | coalesce (nothing, http.*, text) as text',
  '* | set_stream_fields level, http.*',
  '* | set_stream_fields if (level:error) took | fields _stream',
  '* | fields _msg, http.* | filter http.path:x or user=1',
  '* | decolorize | fields *, level',
]

const PIPES: readonly { readonly text: string; readonly pipes: readonly Pipe[] }[] = [
  ...PIPE_KINDS.flatMap(({ bindBatch, examples }) => (bindBatch === undefined ? [] : examples)),
  ...MORE,
]
  .map((text) => ({ text, pipes: parse(text).pipes }))
  .filter(({ pipes }) => pipes.every((pipe) => pipeKindOf(pipe).bindBatch !== undefined))

function parse(text: string) {
  return parseQuery(text, { nowMs: PIPE_TEST_NOW_MS })
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  _time: ['2025-07-18T10:20:30Z', '2025-07-18T10:20:31.5Z'],
  _msg: [
    'user=1 took 15 ms',
    'user=x ',
    '\x1b[31mred\x1b[0m 10.0.0.1',
    '{"a":1,"b":"x"}',
    'a="b c" d=e',
    'größe 7',
  ],
  _stream: ['{host="h1",level="x"}'],
  level: ['error', 'info', 'error user=1', '5'],
  took: ['10', '15', '1m5s', 'x'],
  tags: ['["a","b"]', '[]', '[1,{"c":"d"}]', 'none'],
  text: ['["x"]', 'abc', '1752800000'],
  user: ['u1', 'u2'],
  host: ['h1', 'h2', '"h 3"'],
  status: ['200', '500'],
  'http.path': ['/x/1', '/y'],
  'http.code': ['404'],
  ip: ['10.0.0.7', 'keep'],
}

/** Some fields of each row are empty, and some batches lack some fields. */
function randomBatch(random: SeededRandom): RowBatch {
  const rowCount = random.below(12)
  const columns: Record<string, string[]> = {}
  for (const [name, values] of Object.entries(VALUES)) {
    if (random.below(6) === 0) continue
    columns[name] = Array.from({ length: rowCount }, () =>
      random.below(3) === 0 ? '' : values[random.below(values.length)],
    )
  }
  return RowBatch.of(columns)
}

const bind = (pipes: readonly Pipe[], seed: number) =>
  bindBatches(pipes, TEST_SETTINGS, new SeededRandom(seed))

const textsOf = (batch: RowBatch, names: readonly string[]): string[][] =>
  names.map((name) => [name, ...batch.texts(name)])

/** Names of fields that some row has. */
const filledNames = (batch: RowBatch): string[] =>
  batch.names.filter((name) => batch.texts(name).some((text) => text !== '')).toSorted()

function onlyWanted(batch: RowBatch, wanted: FieldsWanted): RowBatch {
  return batch.withColumns(new Map([...batch.columns].filter(([name]) => isWanted(wanted, name))))
}

function inGroups(batch: RowBatch): RowBatch {
  const columns = [...batch.columns].map(([name, column]): [string, BatchColumn] => [
    name,
    new GroupColumn(groupsOfTexts(column.texts()), batch.rowCount),
  ])
  return batch.withColumns(new Map(columns))
}

const SEEDS = 40

function forRandomBatches(
  check: (each: { pipes: readonly Pipe[]; batch: RowBatch; seed: number }) => void,
): void {
  for (const { text, pipes } of PIPES) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        check({ pipes, batch: randomBatch(new SeededRandom(seed)), seed })
      } catch (error) {
        throw new Error(`${text}, seed ${seed}: ${error instanceof Error ? error.message : error}`)
      }
    }
  }
}

test('pipes that work batch by batch print so that they parse the same', () => {
  for (const { text } of PIPES) assert.deepEqual(parse(printQuery(parse(text))), parse(text), text)
})

/** Words of the grammar, signs, and what else may be the name of a field or a text. */
const HOSTILE = [
  ...['if', 'as', 'by', 'from', 'at', 'limit', 'prettify', 'default', 'IF', 'And', 'not', 'fields', 'where'],
  ...['keep_original_fields', 'skip_empty_results', '', 'a b', 'a*', '*', 'a:b', 'a,b', '(x)', '|', '#x'],
  ...['-a', '!a', '<', '=', '~', '{', '[a', '"', "'", '`', '\\', '\n', 'é', '用户', '\udcff', '7', '_msg'],
]

/** `@` stands for a name or a text. */
const FORMS = [
  ...['fields @, @*, @', 'delete @, @*', 'copy @ as @, @* as @*, @* @', 'rename @ @, @ as @', 'decolorize @'],
  ...['extract "<a>" from @', 'extract if (@:@) "x<a>" from @ keep_original_fields', 'format @ as @'],
  ...[
    'extract_regexp "(?P<a>x)" from @ skip_empty_results',
    'format @',
    'format if (@:=@) @ skip_empty_results',
  ],
  ...['replace (@, @) at @ limit 5', 'replace if (@) (@, @)', 'replace_regexp ("x", @) at @', 'unroll @, @'],
  ...['unroll if (@:*) by (@, @)', 'coalesce (@, @*, @) default @ as @', 'coalesce (@) as @ default @'],
  ...['set_stream_fields @, @', 'set_stream_fields @*', 'set_stream_fields if (@:@) @', 'collapse_nums at @'],
  ...['collapse_nums if (@:@*) at @ prettify', 'fields a | filter @:@ or !@'],
]

test('whatever fields and texts are called, pipes print so that they parse the same', () => {
  const random = new SeededRandom(11)
  for (const form of FORMS) {
    for (let times = 0; times < 150; times++) {
      const isOfPattern = form.startsWith('format')
      const names = HOSTILE.filter((name) => !isOfPattern || name !== '<')
      const text = `* | ${form.replaceAll('@', () => quote(names[random.below(names.length)]))}`
      const query = parse(text)
      assert.deepEqual(parse(printQuery(query)), query, `${text} printed as ${printQuery(query)}`)
    }
  }
})

test('fields that a pipe does not want make no difference to what is wanted of its rows', () => {
  forRandomBatches(({ pipes, batch, seed }) => {
    const all = bind(pipes, seed)(batch)
    for (const name of [...filledNames(all), 'level', 'nothing']) {
      const wanted = fieldsForPipes(pipes, { allow: [nameOf(name)], deny: [] })
      const some = bind(pipes, seed)(onlyWanted(batch, wanted))
      assert.deepEqual(textsOf(some, [name]), textsOf(all, [name]))
    }
    const wanted = fieldsForPipes(pipes, EVERY_FIELD)
    const most = bind(pipes, seed)(onlyWanted(batch, wanted))
    assert.deepEqual(textsOf(most, filledNames(most)), textsOf(all, filledNames(all)))
  })
})

test('what nobody can see of the rows that leave is not wanted', () => {
  const wanted = (text: string): readonly string[] | null => namesWanted(fieldsForPipes(parse(text).pipes))
  assert.deepEqual(wanted('* | fields a, b'), ['a', 'b'])
  assert.deepEqual(wanted('* | fields * | fields a'), ['a'])
  assert.deepEqual(wanted('* | copy x as y | delete x | fields y'), ['x'])
  assert.deepEqual(wanted('* | rename x as y | fields x, y'), ['x'])
  assert.deepEqual(wanted('* | extract "a=<a>" from t | fields a'), ['t'])
  assert.deepEqual(wanted('* | extract if (l:1) "a=<a>" | fields b'), ['b'])
  assert.deepEqual(wanted('* | format "<x>" as y | fields y'), ['x'])
  assert.deepEqual(wanted('* | coalesce (x, y) as z | fields z'), ['x', 'y'])
  assert.deepEqual(wanted('* | collapse_nums if (l:1) | fields a'), ['a'])
  assert.deepEqual(wanted('* | fields a, l | filter l:1 | fields a'), ['a', 'l'])
})

test('columns that know their distinct texts give the same rows', () => {
  forRandomBatches(({ pipes, batch, seed }) => {
    const plain = bind(pipes, seed)(batch)
    const grouped = bind(pipes, seed)(inGroups(batch))
    assert.deepEqual(textsOf(grouped, filledNames(grouped)), textsOf(plain, filledNames(plain)))
  })
})

test('rows of a batch become the same as each row by itself', () => {
  forRandomBatches(({ pipes, batch, seed }) => {
    if (pipes.some(({ kind }) => kind === 'sample')) return
    const map = bind(pipes, seed)
    const together = map(batch)
    const alone = Array.from({ length: batch.rowCount }, (_, row) => map(batch.select(Uint32Array.of(row))))
    for (const name of filledNames(together)) {
      const texts = alone.flatMap((each) => [...each.texts(name)])
      assert.deepEqual([name, ...texts], [name, ...together.texts(name)])
    }
  })
})

test('pipes tell all names of the fields that leave them, and keep the number of rows where they say so', () => {
  forRandomBatches(({ pipes, batch, seed }) => {
    let current = batch
    for (const pipe of pipes) {
      const { leaves, keepsRows } = pipeKindOf(pipe)
      const names = leaves?.(pipe, current.names) ?? null
      const left = bind([pipe], seed)(current)
      if (names !== null)
        assert.deepEqual(
          filledNames(left).filter((name) => !names.includes(name)),
          [],
        )
      if (keepsRows === true) assert.equal(left.rowCount, current.rowCount)
      current = left
    }
  })
})

test('a batch stays as it was', () => {
  forRandomBatches(({ pipes, batch, seed }) => {
    const before = structuredClone(textsOf(batch, batch.names))
    bind(pipes, seed)(batch)
    assert.deepEqual(textsOf(batch, batch.names), before)
  })
})
