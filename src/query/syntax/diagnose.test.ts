import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnoseQuery } from './parser.ts'

const places = (text: string): unknown[] =>
  diagnoseQuery(text, { nowMs: 0 }).map(({ details }) =>
    text.slice(Number(details.offset), Number(details.offset) + Number(details.length)),
  )

test('a query that is right has no problems', () => {
  assert.deepEqual(diagnoseQuery('level:error | limit 5', { nowMs: 0 }), [])
})

test('each pipe that is wrong is told, and those that are right are not', () => {
  assert.deepEqual(places('level: | lmit 5 | limit 5 | limit x'), ['level', 'lmit', 'x'])
})

test('a bar in parentheses does not end a pipe that is wrong', () => {
  assert.deepEqual(places('* | lmit (a | lmit) | limit y'), ['lmit', 'y'])
})

test('what is too large is told once', () => {
  const [problem, ...others] = diagnoseQuery('a'.repeat(70_000), { nowMs: 0 })
  assert.deepEqual([problem.code, others.length], ['QUERY_TOO_LARGE', 0])
})
