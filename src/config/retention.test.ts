import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from './kinds.ts'
import { retentionRules } from './retention.ts'

const CONTEXT = { env: {}, readFile: () => assert.fail('no rule reads a file') }
const DAY_MS = 86_400_000

function problemOf(...texts: string[]): string {
  const parsed = retentionRules.parse(texts, CONTEXT)
  return isFailure(parsed) ? parsed.what : assert.fail(`${texts.join()} was taken`)
}

test('rules say how long, and for which records; the last one may be for all', () => {
  const texts = ['retain 90d where level:error', '36h where service:"a b" | where', '30d']
  const parsed = retentionRules.parse(texts, CONTEXT)
  assert.deepEqual(parsed, {
    value: [
      { keepMs: 90 * DAY_MS, where: 'level:error' },
      { keepMs: 1.5 * DAY_MS, where: 'service:"a b" | where' },
      { keepMs: 30 * DAY_MS, where: null },
    ],
  })
  assert.ok(!isFailure(parsed))
  assert.deepEqual(retentionRules.parse(retentionRules.print(parsed.value), CONTEXT), parsed)
  assert.deepEqual(retentionRules.parse(['none'], CONTEXT), { value: [] })
})

test('what is no rule is refused by name', () => {
  assert.match(problemOf('level:error'), /not a duration/)
  assert.match(problemOf('30d for all'), /not a rule/)
  assert.match(problemOf('1s'), /no time to keep/)
  assert.match(problemOf('30d', '40d where x'), /behind a rule for all/)
  assert.match(problemOf(...Array.from({ length: 51 }, (_, n) => `1d where a:${n}`)), /51 rules/)
})

test('a comma inside a filter does not part rules, in variables and flags', () => {
  assert.deepEqual(retentionRules.parse(['9d where level:in(warn', 'error)', '5d'], CONTEXT), {
    value: [
      { keepMs: 9 * DAY_MS, where: 'level:in(warn,error)' },
      { keepMs: 5 * DAY_MS, where: null },
    ],
  })
})
