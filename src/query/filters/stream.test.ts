/** Stream filters against their plain meaning, how they are written, and what is refused. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { matchingRows, TEST_NOW_MS, type TestRecord } from '../test-blocks.ts'

const SEEDS = 400
const parse = (text: string) => parseQuery(text, { nowMs: TEST_NOW_MS })
const NAMES = ['host', 'app', 'or']
const VALUES = ['', 'a', 'b', 'ab', 'a b', '"']

function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return list[random.below(list.length)]
}

/** Of each name: in the stream, a field beside it, or not there. */
function randomRecord(random: SeededRandom): TestRecord {
  const stream: Record<string, string> = {}
  const fields: Record<string, string> = {}
  for (const name of NAMES) {
    const chosen = random.below(3)
    if (chosen < 2) (chosen === 0 ? stream : fields)[name] = pick(random, VALUES)
  }
  return { stream, fields }
}

interface Label {
  readonly text: string
  readonly name: string
  readonly passes: (value: string) => boolean
}

function randomLabel(random: SeededRandom): Label {
  const name = pick(random, NAMES)
  const value = pick(random, VALUES)
  const other = pick(random, VALUES)
  const shown = name === 'or' ? '"or"' : name
  const [wanted, also] = [JSON.stringify(value), JSON.stringify(other)]
  const isOneOf = (each: string): boolean => each === value || each === other
  const forms: readonly [text: string, passes: (value: string) => boolean][] = [
    [`${shown}=${wanted}`, (each) => each === value],
    [`${shown} != ${wanted}`, (each) => each !== value],
    [`${shown}=~"a.*"`, (each) => /^(?:a.*)$/.test(each)],
    [`${shown}=~"a|b|"`, (each) => /^(?:a|b|)$/.test(each)],
    [`${shown}!~"a.*"`, (each) => !/^(?:a.*)$/.test(each)],
    [`${shown}!~".*"`, (each) => !/^(?:.*)$/.test(each)],
    [`${shown} in (${wanted}, ${also})`, isOneOf],
    [`${shown} not_in (${wanted},${also},)`, (each) => !isOneOf(each)],
  ]
  const [text, passes] = pick(random, forms)
  return { text, name, passes }
}

describe('stream filters', () => {
  it('find what their labels say of the stream, and nothing by fields beside it', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = new SeededRandom(seed)
      const records = Array.from({ length: 40 }, () => randomRecord(random))
      const groups = Array.from({ length: 1 + random.below(3) }, () =>
        Array.from({ length: 1 + random.below(3) }, () => randomLabel(random)),
      )
      const text = `{${groups.map((labels) => labels.map((label) => label.text).join(', ')).join(' or ')}}`
      const expected = records.flatMap(({ stream = {} }, row) => {
        const matches = groups.some((labels) =>
          labels.every(({ name, passes }) => passes(stream[name] ?? '')),
        )
        return matches ? [row] : []
      })
      for (const written of [text, `_stream:${text}`, printQuery(parse(text))])
        assert.deepEqual(matchingRows(written, records), expected, `seed ${seed}: ${written}`)
    }
  })

  it('are written as VictoriaLogs writes them', () => {
    for (const [text, printed] of [
      ['{}', '*'],
      ['_stream:{host=web-1}', '{host="web-1"}'],
      ["{ 'a b' = `x` , c!~y OR d=~'z' }", '{"a b"="x",c!~"y" or d=~"z"}'],
      ['{a IN (b, "c,d")} error', '{a in ("b","c,d")} error'],
      ['!{"or"="x"}', '!{"or"="x"}'],
    ]) {
      assert.equal(printQuery(parse(text)), printed)
      assert.deepEqual(parse(printed), parse(text))
    }
  })

  it('are refused at the place where they are wrong', () => {
    const many = `{${Array.from({ length: 201 }, (_, at) => `n${at}=x`).join()}}`
    for (const text of [
      '{',
      '{a',
      '{a}',
      '{a=}',
      '{a=b',
      '{a=b c=d}',
      '{a=b,,}',
      '{a=b or}',
      '{=b}',
      '{a==b}',
      '{a in b}',
      '{a in (b}',
      '{a=~"("}',
      'host:{a=b}',
      '_stream:[a]',
      many,
    ]) {
      assert.throws(
        () => parse(text),
        (error) => isCodedError(error, 'QUERY_SYNTAX') && Number(error.details.offset) <= text.length,
        text,
      )
    }
  })
})
