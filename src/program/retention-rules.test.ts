import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retentionOf } from './retention-rules.ts'

const DAY_MS = 86_400_000

test('the longest keep of rules that are for every record is that of the store', () => {
  const retention = [
    { keepMs: 90 * DAY_MS, where: 'level:error' },
    { keepMs: 30 * DAY_MS, where: null },
  ]
  const { retentionMs, retentionRules } = retentionOf({ retention, retentionMs: 0 }, 0)
  assert.equal(retentionMs, 90 * DAY_MS)
  assert.deepEqual(
    retentionRules.map(({ keepMs, filter }) => [keepMs, filter !== null]),
    [
      [90 * DAY_MS, true],
      [30 * DAY_MS, false],
    ],
  )
})

test('what no rule matches is kept for retentionMs, or for ever', () => {
  const retention = [{ keepMs: 2 * DAY_MS, where: 'level:debug' }]
  const bounded = retentionOf({ retention, retentionMs: 7 * DAY_MS }, 0)
  assert.deepEqual([bounded.retentionMs, bounded.retentionRules.length], [7 * DAY_MS, 2])
  const endless = retentionOf({ retention, retentionMs: 0 }, 0)
  assert.deepEqual([endless.retentionMs, endless.retentionRules.length], [0, 1])
  const plain = retentionOf({ retention: [], retentionMs: 5 }, 0)
  assert.deepEqual(plain, { retentionMs: 5, retentionRules: [] })
})

test('a filter that cannot be read, has pipes, or has a query in it, is refused by name', () => {
  for (const where of ['level:(', 'a | limit 1', 'a:in(b | fields a)']) {
    assert.throws(() => retentionOf({ retention: [{ keepMs: 1, where }], retentionMs: 0 }, 0), {
      code: 'CONFIG_INVALID',
      message: /^storage\.retention: the filter of/,
    })
  }
})
