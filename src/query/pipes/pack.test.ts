import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIELD_JSON, FIELD_NULL, FIELD_NUMBER, FIELD_STRING, FIELD_TRUE } from '../../record/record.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { bindBatches, fieldsForPipes } from '../pipeline.ts'
import { parseQuery } from '../syntax/parser.ts'
import { PIPE_TEST_NOW_MS, row, runPipeText, TEST_SETTINGS, type TestRow } from '../test-pipes.ts'

const parse = (text: string) => parseQuery(`* | ${text}`, { nowMs: PIPE_TEST_NOW_MS })

const rows: TestRow[] = [
  row({ _msg: 'x "y"\n', 'a.b': '1 2', 'a.c': '3', d: 'é=ü' }),
  row({ d: '4' }),
  row({ z: '' }),
]

async function packed(pipe: string): Promise<(string | undefined)[]> {
  const found = await runPipeText(`${pipe} | fields p`, rows, { ordered: true })
  return found.map((fields) => new Map(fields).get('p'))
}

test('pack_json packs what is not empty, in the order of the fields', async () => {
  assert.deepEqual(await packed('pack_json as p'), [
    '{"_msg":"x \\"y\\"\\n","a.b":"1 2","a.c":"3","d":"é=ü"}',
    '{"d":"4"}',
    '{}',
  ])
})

test('a list says which fields, in its order, each once', async () => {
  assert.deepEqual(await packed('pack_json fields (d, a*, a.c, none) p'), [
    '{"d":"é=ü","a.b":"1 2","a.c":"3"}',
    '{"d":"4"}',
    '{}',
  ])
  assert.deepEqual(await packed('pack_json fields (*) p'), await packed('pack_json p'))
})

test('pack_logfmt packs with quotes where they are needed', async () => {
  assert.deepEqual(await packed('pack_logfmt as p'), [
    '_msg="x \\"y\\"\\n" a.b="1 2" a.c=3 d=é=ü',
    'd=4',
    undefined,
  ])
})

test('without as, the message is overwritten', async () => {
  assert.deepEqual(await runPipeText('pack_logfmt', [row({ a: '1', _msg: 'm' })]), [
    row({ a: '1', _msg: 'a=1 _msg=m' }),
  ])
})

test('what is packed can be unpacked', async () => {
  const hostile = row({ 'a b': '\udcff"\\', c: '{"x":1}', e: '\u2028\u0000', 'f=': "'", g: '10' })
  for (const [pack, unpack] of [
    ['pack_json', 'unpack_json'],
    ['pack_logfmt fields (c, e, g)', 'unpack_logfmt'],
  ]) {
    const kept = pack === 'pack_json' ? hostile : hostile.filter(([name]) => 'ceg'.includes(name))
    const found = await runPipeText(`${pack} as p | fields p | ${unpack} from p | delete p`, [hostile])
    assert.deepEqual(new Map(found[0]), new Map(kept), pack)
  }
})

test('what came as a JSON number, boolean, array or object stays one', () => {
  const kinds = Uint8Array.of(FIELD_TRUE, FIELD_JSON, FIELD_NUMBER, FIELD_STRING, FIELD_NULL)
  const column = new TextColumn(['true', '[1,"2"]', '5', '5', ''], kinds)
  const map = bindBatches(parse('pack_json as p').pipes, TEST_SETTINGS)
  assert.deepEqual(map(new RowBatch(5, new Map([['a', column]]))).texts('p'), [
    '{"a":true}',
    '{"a":[1,"2"]}',
    '{"a":5}',
    '{"a":"5"}',
    '{}',
  ])
})

test('only what is packed is read, and nothing where nobody wants it', () => {
  const namesFor = (text: string) =>
    fieldsForPipes(parse(text).pipes)
      .allow.map(({ name, isPrefix }) => (isPrefix ? `${name}*` : name))
      .toSorted()
  assert.deepEqual(namesFor('pack_json fields (a, b.*) as p | fields p, c'), ['a', 'b.*', 'c'])
  assert.deepEqual(namesFor('pack_json as p | fields p'), ['*'])
  assert.deepEqual(namesFor('pack_json as p | fields c'), ['c'])
})
