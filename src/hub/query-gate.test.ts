import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import { QueryGate } from './query-gate.ts'

/** Lets everything that is ready happen. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('as many as may run start at once, the next waits for the first that leaves', async () => {
  const gate = new QueryGate(2)
  const first = await gate.enter(undefined)
  await gate.enter(undefined)
  let hasStarted = false
  const third = gate.enter(undefined).then((leave) => {
    hasStarted = true
    return leave
  })
  await settled()
  assert.deepEqual(
    { hasStarted, running: gate.running, total: gate.total },
    { hasStarted: false, running: 2, total: 3 },
  )
  first()
  await third
  assert.deepEqual({ hasStarted, running: gate.running }, { hasStarted: true, running: 2 })
})

test('those who wait start in the order they came', async () => {
  const gate = new QueryGate(1)
  const order: number[] = []
  const queries = [0, 1, 2, 3, 4].map(async (at) => {
    const leave = await gate.enter(undefined)
    order.push(at)
    await settled()
    leave()
  })
  await Promise.all(queries)
  assert.deepEqual(order, [0, 1, 2, 3, 4])
  assert.equal(gate.running, 0)
})

test('one that is cancelled while it waits takes nobody’s place', async () => {
  const gate = new QueryGate(1)
  const leave = await gate.enter(undefined)
  const [cancelled, kept] = [new AbortController(), new AbortController()]
  const second = gate.enter(cancelled.signal)
  const third = gate.enter(kept.signal)
  cancelled.abort()
  await assert.rejects(second, { code: 'QUERY_CANCELLED', details: { hadTurn: false } })
  leave()
  const leaveThird = await third
  assert.equal(gate.running, 1)
  kept.abort()
  leaveThird()
  assert.equal(gate.running, 0)
})

test('one that is cancelled before it came does not wait', async () => {
  const gate = new QueryGate(1)
  const leave = await gate.enter(undefined)
  await assert.rejects(gate.enter(AbortSignal.abort()), { code: 'QUERY_CANCELLED' })
  leave()
  assert.equal(gate.running, 0)
})

test('leaving twice frees one place', async () => {
  const gate = new QueryGate(2)
  const leave = await gate.enter(undefined)
  await gate.enter(undefined)
  leave()
  leave()
  assert.equal(gate.running, 1)
})

test('whatever comes and goes in whatever order, no more than the bound run, and all places come back', async () => {
  const random = new SeededRandom(1)
  const gate = new QueryGate(3)
  const queries = Array.from({ length: 200 }, async () => {
    const abort = new AbortController()
    const entered = gate.enter(abort.signal).catch(() => null)
    if (random.chance(0.3)) abort.abort()
    for (let turns = random.below(4); turns > 0; turns--) await settled()
    if (random.chance(0.3)) abort.abort()
    const leave = await entered
    assert.ok(gate.running <= 3)
    await settled()
    leave?.()
  })
  await Promise.all(queries)
  assert.equal(gate.running, 0)
  assert.equal(gate.total, 200)
})

test('clients get their turns one after the other, however many questions one of them asks', async () => {
  const gate = new QueryGate(1)
  const leave = await gate.enter(undefined, 'many')
  const order: string[] = []
  const ask = async (client: string, name: string): Promise<void> => {
    const done = await gate.enter(undefined, client)
    order.push(name)
    done()
  }
  const asked = [
    ask('many', 'm1'),
    ask('many', 'm2'),
    ask('many', 'm3'),
    ask('few', 'f1'),
    ask('other', 'o1'),
  ]
  leave()
  await Promise.all(asked)
  assert.deepEqual(order, ['m1', 'f1', 'o1', 'm2', 'm3'])
  assert.equal(gate.running, 0)
})

const MIB = 1024 * 1024

test('a query that may need more memory than is left waits, and small ones overtake it', async () => {
  const gate = new QueryGate(8, 100 * MIB)
  const first = await gate.enter(undefined, 'a', 60 * MIB)
  let hasStarted = false
  const second = gate.enter(undefined, 'b', 60 * MIB).then((leave) => {
    hasStarted = true
    return leave
  })
  const small = await gate.enter(undefined, 'c', MIB)
  await settled()
  assert.deepEqual([hasStarted, gate.running, gate.bytes], [false, 2, 60 * MIB])
  small()
  await settled()
  assert.equal(hasStarted, false)
  first()
  const leave = await second
  leave()
  assert.deepEqual([gate.running, gate.bytes], [0, 0])
})

test('one that may need more than there is runs alone', async () => {
  const gate = new QueryGate(8, 10 * MIB)
  const first = await gate.enter(undefined, '', 50 * MIB)
  const second = gate.enter(undefined, '', 2 * MIB)
  await settled()
  assert.equal(gate.running, 1)
  first()
  const leave = await second
  assert.deepEqual([gate.running, gate.bytes], [1, 2 * MIB])
  leave()
})

test('where nothing runs, the answers that were held the longest end for a query that does not fit beside them', async () => {
  const gate = new QueryGate(8, 100 * MIB)
  const ended: string[] = []
  const giveBack = ['first', 'second', 'third'].map((name) => gate.hold(30 * MIB, () => ended.push(name)))
  const leave = await gate.enter(undefined, '', 40 * MIB)
  assert.deepEqual(ended, ['first'])
  const next = gate.enter(undefined, '', 60 * MIB)
  await settled()
  assert.deepEqual(ended, ['first'], 'what runs gives its memory back by itself')
  leave()
  const leaveNext = await next
  assert.deepEqual(ended, ['first', 'second'])
  leaveNext()
  for (const give of giveBack) give()
  assert.equal(gate.bytes, 0)
})

test('an answer that was read gives its memory to who waits', async () => {
  const gate = new QueryGate(8, 100 * MIB)
  const leave = await gate.enter(undefined, '', 50 * MIB)
  const giveBack = gate.hold(50 * MIB, () => assert.fail('it was not needed'))
  const next = gate.enter(undefined, '', 40 * MIB)
  await settled()
  giveBack()
  const leaveNext = await next
  leaveNext()
  leave()
  assert.equal(gate.bytes, 0)
})
