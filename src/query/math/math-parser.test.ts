import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import type { MathPipe } from '../pipes/math.ts'
import { parseQuery, printQuery } from '../query.ts'
import { TEST_NOW_MS } from '../test-blocks.ts'
import type { MathExpression } from './expression.ts'
import { FUNCTIONS } from './functions.ts'
import { EXPRESSION_PARTS_MAX } from './math-parser.ts'
import { OPERATORS } from './operators.ts'

const parse = (text: string) => parseQuery(`* | math ${text}`, { nowMs: TEST_NOW_MS })
const stepsOf = (text: string) => (parse(text).pipes[0] as MathPipe).steps
const printed = (text: string) => printQuery(parse(text)).replace('* | math ', '')

test('operators bind as tightly as they do elsewhere, and group from the left', () => {
  const texts: [string, string][] = [
    ['((a + (b * c)) - d) as x', 'a + b * c - d as x'],
    ['(a + b) * c as x', '(a + b) * c as x'],
    ['a - (b - c) as x', 'a - (b - c) as x'],
    ['(a - b) - c as x', 'a - b - c as x'],
    ['2 ^ (3 ^ 2) as x', '2 ^ (3 ^ 2) as x'],
    ['(2 ^ 3) ^ 2 as x', '2 ^ 3 ^ 2 as x'],
    ['((a default b) or c) as x', '(a default b) or c as x'],
    ['a default (b or (c xor (d & (e + f)))) as x', 'a default b or c xor d & e + f as x'],
    ['-(a + b) as x', '-(a + b) as x'],
    ['(-a) ^ 2 as x', '-a ^ 2 as x'],
    ['- - +a as x', '--a as x'],
    ['MAX ( a , b, ) OR c as x', 'max(a, b) or c as x'],
  ]
  for (const [text, wanted] of texts) {
    assert.equal(printed(text), wanted)
    assert.deepEqual(parse(wanted), parse(text), text)
  }
})

test('a name is a number where it is one, else a field', () => {
  const number = (text: string): MathExpression => ({ kind: 'number', text })
  const field = (name: string): MathExpression => ({ kind: 'field', field: name })
  const expressions: [string, MathExpression][] = [
    ['1e-9', number('1e-9')],
    ['10m5s', number('10m5s')],
    ['1_000', number('1_000')],
    ["'2024-05-30T01:02:03Z'", number('2024-05-30T01:02:03Z')],
    ['"123.45.67.89"', number('123.45.67.89')],
    ['nan', number('nan')],
    ['"2xx"', field('2xx')],
    ['"a-b"', field('a-b')],
    ['a.b:c', field('a.b:c')],
    ['@x', field('@x')],
    ['max', field('max')],
    ['"or"', field('or')],
    ['""', field('_msg')],
  ]
  for (const [text, expression] of expressions) {
    assert.deepEqual(stepsOf(`${text} as x`), [{ expression, result: 'x' }], text)
    assert.deepEqual(parse(printed(`${text} as x`)), parse(`${text} as x`), text)
  }
})

test('a result without a name is called as the expression reads', () => {
  assert.deepEqual(
    stepsOf('(a/b), round(fields, .5) r, -"x y"').map(({ result }) => result),
    ['a / b', 'r', '-"x y"'],
  )
})

test('what is no expression is refused at its place', () => {
  const refused: [string, string][] = [
    ['', ''],
    ['a +', '+'],
    ['a + * b as x', '* b'],
    ['(a + b as x', 'as'],
    ['(a + b', '(a'],
    ['a + b) as x', ')'],
    ['a b c', 'c'],
    ['12x as y', '12x'],
    ['rnd(a) as x', 'rnd'],
    ['round() as x', 'round'],
    ['round(a, b, c) as x', 'round'],
    ['abs(a as x', 'as'],
    ['a as', ''],
    ['as as x', 'as as'],
    ['default as x', 'default'],
  ]
  for (const [text, at] of refused) {
    const place = at === '' || at === '+' ? null : `* | math ${text}`.indexOf(at)
    assert.throws(
      () => parse(text),
      (error) => isCodedError(error, 'QUERY_SYNTAX') && (place === null || error.details.offset === place),
      text,
    )
  }
  assert.throws(() => parse('rnd(a) as x'), /no function `rnd`.*`rand`/)
})

test('an expression has bounds in size and depth', () => {
  const isTooLarge = (error: unknown): boolean =>
    isCodedError(error, 'QUERY_TOO_LARGE') && typeof error.details.offset === 'number'
  const sum = (parts: number): string => `${'1+'.repeat(parts)}1 as x`
  assert.doesNotThrow(() => printQuery(parse(sum(EXPRESSION_PARTS_MAX / 2 - 1))))
  assert.throws(() => parse(sum(EXPRESSION_PARTS_MAX / 2)), isTooLarge)
  for (const hostile of ['('.repeat(30_000), '-'.repeat(30_000), 'abs('.repeat(15_000)]) {
    assert.throws(() => parse(hostile), isTooLarge)
  }
})

test('random expressions print so that they read back the same, with no parenthesis too many', () => {
  const seed = Date.now() >>> 0
  const random = new SeededRandom(seed)
  const names = ['a', 'b c', 'or', 'max', 'fields', 'default', 'As', '7up', 'x-y']
  const pick = <T>(values: readonly T[]): T => values[random.below(values.length)]
  const make = (depth: number): MathExpression => {
    const choice = depth === 0 ? random.below(2) : random.below(6)
    if (choice === 0) return { kind: 'number', text: pick(['1', '2.5', '1e-9', '10m5s', '10.0.0.1', '0xff']) }
    if (choice === 1) return { kind: 'field', field: pick(names) }
    if (choice === 2) return { kind: 'negative', of: make(depth - 1) }
    if (choice === 3) return makeCall(depth)
    return {
      kind: 'operation',
      operator: pick([...OPERATORS.keys()]),
      left: make(depth - 1),
      right: make(depth - 1),
    }
  }
  const makeCall = (depth: number): MathExpression => {
    const [name, { valuesMin }] = pick([...FUNCTIONS])
    return { kind: 'call', name, values: Array.from({ length: valuesMin }, () => make(depth - 1)) }
  }
  for (let round = 0; round < 500; round++) {
    const query = {
      ...parse('1 as x'),
      pipes: [{ kind: 'math', steps: [{ expression: make(4), result: 'x' }] }],
    }
    const text = printQuery(query)
    assert.deepEqual(parseQuery(text, { nowMs: TEST_NOW_MS }), query, `seed ${seed}: ${text}`)
    for (let at = text.indexOf('('); at >= 0; at = text.indexOf('(', at + 1)) {
      if (/\w/.test(text[at - 1])) continue
      const without = withoutParenthesis(text, at)
      const other = parses(without)
      if (other !== null) assert.notDeepEqual(other, query, `seed ${seed}: ${text} could be ${without}`)
    }
  }
})

function withoutParenthesis(text: string, at: number): string {
  let depth = 0
  let end = at
  for (; end < text.length; end++) {
    if (text[end] === '(') depth++
    if (text[end] === ')' && --depth === 0) break
  }
  return text.slice(0, at) + text.slice(at + 1, end) + text.slice(end + 1)
}

function parses(text: string): unknown {
  try {
    return parseQuery(text, { nowMs: TEST_NOW_MS })
  } catch {
    return null
  }
}
