import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeQuery } from './queries-command.ts'

const QUERY = { id: 'mine', state: 'running', tookMs: 1250, client: '127.0.0.1', query: '*', problem: null }

test('a query shows how far it is with sealed records, and nothing of the kind where it reads none', () => {
  for (const [done, all, shown] of [
    [2_000_000, 5_000_000, '40 % of 5,000,000 sealed records  '],
    [0, 5_000_000, '0 % of 5,000,000 sealed records  '],
    [0, 0, ''],
  ])
    assert.equal(
      describeQuery({ ...QUERY, recordsDone: done, recordsAll: all }),
      `mine  running  1.3 s  ${shown}127.0.0.1  *`,
    )
})
