import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import type { TextTemplates } from '../../record/record.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { bindGatherer } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, TEST_SETTINGS, type TestRow } from '../test-pipes.ts'
import { encodeText } from '../values/text.ts'

const ordered = { ordered: true }

/** `field=value hits, …` */
const shown = (rows: readonly TestRow[]): string =>
  rows
    .map((fields) => fields.map(([, text]) => text))
    .map(([name, value, hits]) => `${name}=${value} ${hits}`)
    .join(', ')

test('facets are the most frequent values of each field, fields by their names', async () => {
  const rows = [
    row({ b: 'x', a: '1', _id: '1' }),
    row({ b: 'y', a: '2', _id: '2' }),
    row({ b: 'y', a: '10', _id: '3' }),
    row({ b: 'x', _id: '4' }),
    row({ b: 'y', a: '2', _id: '5' }),
  ]
  assert.equal(shown(await runPipeText('facets', rows, ordered)), 'a=2 2, a=1 1, a=10 1, b=y 3, b=x 2')
  assert.equal(shown(await runPipeText('facets 1', rows, ordered)), 'a=2 2, b=y 3')
  assert.equal(shown(await runPipeText('facets 0', rows, ordered)), '')
})

test('a field with the same value in all rows is left out, unless it is to be kept', async () => {
  const rows = [row({ same: 'x', some: 'y' }), row({ same: 'x' })]
  assert.equal(shown(await runPipeText('facets', rows, ordered)), 'some=y 1')
  assert.equal(shown(await runPipeText('facets keep_const_fields', rows, ordered)), 'same=x 2, some=y 1')
})

test('a field with too many values is left out, wherever they are', async () => {
  const rows = Array.from({ length: 3000 }, (_, n) =>
    row({ n: String(n % 1001), m: String(n % 1000), k: `${n % 3}` }),
  )
  const fields = (found: readonly TestRow[]): string =>
    [...new Set(found.map(([[, name]]) => name))].join(' ')
  assert.equal(fields(await runPipeText('facets', rows, ordered)), 'k m')
  assert.equal(fields(await runPipeText('facets max_values_per_field 1001', rows, ordered)), 'k m n')
  assert.equal(fields(await runPipeText('facets max_values_per_field 2', rows, ordered)), '')
})

test('a field with a value of too many bytes is left out', async () => {
  const rows = [row({ a: 'é'.repeat(64), b: 'x'.repeat(129) }), row({ a: 'x', b: 'y' })]
  assert.equal((await runPipeText('facets', rows)).length, 2)
  assert.equal((await runPipeText('facets max_value_len 129', rows)).length, 4)
  assert.equal((await runPipeText('facets max_value_len 127', rows)).length, 0)
})

test('facets are what counting every value gives', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed)
    const kinds = 1 + random.below(30)
    const rows = Array.from({ length: random.below(300) }, () =>
      row({
        a: String(random.below(kinds)),
        b: random.below(3) === 0 ? '' : String(random.below(2)),
        c: 'same',
      }),
    )
    const max = random.below(40)
    const found = await runPipeText(`facets 100 max_values_per_field ${max}`, rows, { ...ordered, seed })
    const wanted = ['a', 'b', 'c'].flatMap((name) => {
      const values = rows.flatMap((fields) => new Map(fields).get(name) || [])
      const counted = [...Map.groupBy(values, (text) => text)].map(([text, all]) => ({
        text,
        hits: all.length,
      }))
      if (counted.length > max || (counted.length === 1 && values.length === rows.length)) return []
      counted.sort((x, y) => y.hits - x.hits || Number(x.text) - Number(y.text))
      return counted.map(({ text, hits }) => `${name}=${text} ${hits}`)
    })
    assert.equal(shown(found), wanted.join(', '), `seed ${seed}`)
  }
})

test('facets print so that they parse the same, or are refused', () => {
  const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS })
  for (const text of [
    'facets',
    'facets 5',
    'facets max_value_len 1K keep_const_fields max_values_per_field 20_000 ',
  ])
    assert.deepEqual(parse(printQuery(parse(text)).slice('* | '.length)), parse(text), text)
  for (const text of ['facets x', 'facets 5 6', 'facets max_value_len', 'facets max_values_per_field x'])
    assert.throws(() => parse(text), { code: 'QUERY_SYNTAX' }, text)
})

/** Says what its messages have in common, and fails where somebody reads them. */
class TemplateColumn extends TextColumn {
  readonly #static: Uint8Array
  readonly #rowCount: number
  isRead = false

  constructor(texts: readonly string[], common: string, rowCount = texts.length) {
    super(texts)
    this.#static = encodeText(common)
    this.#rowCount = rowCount
  }

  templates(): TextTemplates {
    const values = () => assert.fail('no value is needed')
    const template = {
      ...{ text: this.#static, slots: [], rowCount: this.#rowCount },
      isDigits: values,
      values,
    }
    return { templates: [template], ofRow: new Uint32Array(this.#rowCount), plain: null }
  }

  override texts(): readonly string[] {
    this.isRead = true
    return super.texts()
  }

  override select(): BatchColumn {
    this.isRead = true
    return new TextColumn(super.texts())
  }
}

test('a field is left out unread where what its values have in common is too long', () => {
  const fieldsOf = (column: BatchColumn): string[] => {
    const [pipe] = parseQuery('* | facets max_value_len 5', { nowMs: PIPE_TEST_NOW_MS }).pipes
    const gatherer = bindGatherer(pipe, TEST_SETTINGS)
    const other = new TextColumn(['x', 'y'])
    gatherer.add(
      new RowBatch(
        2,
        new Map([
          ['other', other],
          ['field', column],
        ]),
      ),
    )
    return [...new Set([...gatherer.rows()].flatMap((batch) => batch.texts('field_name')))]
  }
  const long = new TemplateColumn(['abcdef', 'abcdef1'], 'abcdef')
  assert.deepEqual(fieldsOf(long), ['other'])
  assert.equal(long.isRead, false)
  assert.deepEqual(fieldsOf(new TemplateColumn(['abcde', 'é'], 'abcde')), ['field', 'other'])
  assert.deepEqual(fieldsOf(new TemplateColumn(['a', 'b'], 'abcdef', 0)), ['field', 'other'])
})
