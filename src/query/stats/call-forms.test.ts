import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError } from '../../base/base.ts'
import type { StatsPipe } from '../pipes/stats.ts'
import { parseQuery } from '../syntax/parser.ts'
import { printQuery } from '../syntax/printer.ts'
import { row, runPipeText } from '../test-pipes.ts'

const parse = (pipe: string) => parseQuery(`* | ${pipe}`, { nowMs: 0 })
const printed = (pipe: string): string => printQuery(parse(pipe)).slice('* | '.length)
const namesOf = (pipe: string): string[] => (parse(pipe).pipes[0] as StatsPipe).calls.map(({ as }) => as)

test('a condition gives the same name however it was written', () => {
  for (const condition of ['if (a:b c)', 'if(a:"b"  AND _msg:c)', 'IF ( (a:b) (c) )', 'if (`a`:b c)']) {
    assert.deepEqual(namesOf(`count() ${condition}`), ['count(*) if (a:b c)'], condition)
  }
  assert.deepEqual(namesOf('sum(x) if (("and" or a:"b c") !d:in(1,2))'), [
    'sum(x) if (("and" or a:"b c") !d:in(1,2))',
  ])
  assert.deepEqual(namesOf('count() if (), count()'), ['count(*) if (*)', 'count(*)'])
  assert.throws(
    () => namesOf('count() if (a b), count() if (a and b)'),
    (error) => isCodedError(error, 'QUERY_SYNTAX'),
  )
})

test('a condition with a query in it gives the name as which it was written', () => {
  assert.deepEqual(namesOf('count() if (a:in(b|fields c))'), ['count(*) if (a:in(b|fields c))'])
})

test('a comma may stand behind the last field of every function', () => {
  assert.equal(printed('stats histogram(a,) x'), 'stats histogram(a) as x')
  assert.equal(printed('stats quantile(0.5, a, b*,) x'), 'stats quantile(0.5, a, b*) as x')
  assert.equal(printed('stats quantile(0.5,) x'), 'stats quantile(0.5) as x')
  for (const wrong of ['histogram(a, b)', 'histogram(,)', 'quantile(0.5,,)', 'quantile(0.5 a)']) {
    assert.throws(() => parse(`stats ${wrong} x`), isCodedError, wrong)
  }
})

test('the share of a quantile is any number from 0 to 1', async () => {
  const rows = ['1', '2', '3', '4'].map((a) => row({ a }))
  for (const [share, found] of [
    ['0', '1'],
    ['5e-1', '3'],
    ['.5', '3'],
    ['0.50', '3'],
    ['1.', '4'],
    ['1.0', '4'],
  ]) {
    assert.deepEqual(await runPipeText(`quantile(${share}, a) as x`, rows), [[['x', found]]], share)
  }
  for (const share of ['1.1', '-0.1', '2e0', '1B', '1ns', 'inf', 'x', `${'1'.repeat(50_000)}x`]) {
    assert.throws(() => parse(`quantile(${share}, a)`), isCodedError, share)
  }
})

test('digits of a step may be kept apart', async () => {
  const text = 'stats by (_time:1_000ms, size:1_000KiB) count() as rows'
  assert.equal(printed(text), text.replace('count()', 'count(*)'))
  const rows = [row({ _time: '2025-07-18T00:00:01.5Z', size: '1500KiB' })]
  assert.deepEqual(await runPipeText(text, rows), [
    [
      ['_time', '2025-07-18T00:00:01Z'],
      ['size', '1024000'],
      ['rows', '1'],
    ],
  ])
  assert.throws(() => parse('by (a:_1) count()'), isCodedError)
})
