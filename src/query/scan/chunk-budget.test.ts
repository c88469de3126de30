import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, ChunkBudget } from './chunk-budget.ts'

test('a chunk is large while few wait, and small when many do, but never nothing', () => {
  const budget = new ChunkBudget()
  const chunks = Array.from({ length: 1000 }, () => budget.take())
  assert.equal(chunks[0], CHUNK_BYTES_MAX)
  assert.equal(chunks.at(-1), CHUNK_BYTES_MIN)
  assert.ok(budget.usedBytes < 192 * 1024 * 1024, `${budget.usedBytes} bytes`)
  for (const bytes of chunks) budget.give(bytes)
  assert.deepEqual([budget.usedBytes, budget.take()], [0, CHUNK_BYTES_MAX])
})
