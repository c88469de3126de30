import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SimulatedClock } from './simulated-clock.ts'

test('time stands still until it is advanced', () => {
  const clock = new SimulatedClock({ wallMs: 1000, monotonicMs: 50 })
  assert.deepEqual([clock.wallMs(), clock.monotonicMs()], [1000, 50])
  clock.advance(7)
  assert.deepEqual([clock.wallMs(), clock.monotonicMs()], [1007, 57])
})

test('timers are called once, earliest first, and see the time at which they were due', () => {
  const clock = new SimulatedClock()
  const calls: string[] = []
  const note = (name: string) => () => void calls.push(`${name} ${clock.monotonicMs()}`)
  clock.after(30, note('c'))
  clock.after(10, note('a'))
  clock.after(10, note('b'))
  clock.after(31, note('d'))
  clock.advance(9)
  assert.deepEqual(calls, [])
  clock.advance(21)
  assert.deepEqual(calls, ['a 10', 'b 10', 'c 30'])
  assert.equal(clock.nextTimerMs, 1)
  clock.advance(100)
  assert.deepEqual(calls.slice(3), ['d 31'])
  assert.equal(clock.nextTimerMs, null)
})

test('a timer made by a timer is called in the same advance when it is due', () => {
  const clock = new SimulatedClock()
  const ticks: number[] = []
  const tick = () => {
    ticks.push(clock.monotonicMs())
    clock.after(10, tick)
  }
  clock.after(10, tick)
  clock.advance(35)
  assert.deepEqual(ticks, [10, 20, 30])
  assert.equal(clock.monotonicMs(), 35)
  assert.equal(clock.timers, 1)
})

test('a cancelled timer is not called, also when a timer due with it cancels it', () => {
  const clock = new SimulatedClock()
  const calls: string[] = []
  const cancel = clock.after(5, () => calls.push('cancelled'))
  cancel()
  cancel()
  clock.after(10, () => cancelSecond())
  const cancelSecond = clock.after(10, () => calls.push('second'))
  clock.advance(20)
  assert.deepEqual(calls, [])
})

test('a delay of nothing or less waits for the next advance', () => {
  const clock = new SimulatedClock()
  let calls = 0
  clock.after(0, () => calls++)
  clock.after(-5, () => calls++)
  assert.equal(calls, 0)
  clock.advance(0)
  assert.equal(calls, 2)
})

test('a jump of the wall clock moves neither timers nor the monotonic side', () => {
  const clock = new SimulatedClock({ wallMs: 5000 })
  let calls = 0
  clock.after(10, () => calls++)
  clock.setWall(1000)
  assert.deepEqual([clock.wallMs(), clock.monotonicMs(), calls], [1000, 0, 0])
  clock.advance(10)
  assert.deepEqual([clock.wallMs(), clock.monotonicMs(), calls], [1010, 10, 1])
})

test('a clock that is turned back by advance is a bug', () => {
  assert.throws(() => new SimulatedClock().advance(-1), /BUG/)
})
