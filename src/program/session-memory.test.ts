import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '../config/config.ts'
import { sessionMemory } from './session-memory.ts'

const MIB = 1024 * 1024
const memoryOf = (budget: string) =>
  sessionMemory(loadConfig({ env: {}, flags: { 'memory-bytes-max': budget } }).config)

test('sessions have what they were made for with 768 MiB or more, and less in proportion below', () => {
  const full = memoryOf('768MiB')
  assert.deepEqual(memoryOf('8GiB'), full)
  assert.equal(full.expandingBytesMax, 512 * MIB)
  assert.equal(memoryOf('384MiB').expandingBytesMax, 256 * MIB)
})

test('the smallest budget still takes the largest frame, and some bodies that expand', () => {
  const least = memoryOf('192MiB')
  assert.ok(least.halfFrameBytesMax > 16 * MIB)
  assert.ok(least.expandingBytesMax >= 4 * 16 * MIB)
})
