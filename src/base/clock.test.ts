import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'

test('the monotonic side never steps back', () => {
  const first = systemClock.monotonicMs()
  assert.ok(systemClock.monotonicMs() >= first)
})

test('a timer is called, a cancelled one is not', async () => {
  const calls: string[] = []
  const cancel = systemClock.after(0, () => calls.push('cancelled'))
  cancel()
  const keepAlive = setInterval(() => {}, 1000)
  await new Promise<void>((resolve) => systemClock.after(0, resolve))
  clearInterval(keepAlive)
  assert.deepEqual(calls, [])
})
