import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from './random.ts'
import { Turns } from './worker-pool-turns.ts'

interface Thing {
  readonly share: string
  readonly name: string
}

const thing = (name: string): Thing => ({ share: name[0], name })

function turnsOf(runningMax: number, names: readonly string[]): { turns: Turns<Thing>; things: Thing[] } {
  const turns = new Turns<Thing>(runningMax)
  const things = names.map(thing)
  for (const each of things) turns.add(each)
  return { turns, things }
}

function takeAll(turns: Turns<Thing>): string[] {
  const names: string[] = []
  for (let next = turns.take(); next !== null; next = turns.take()) names.push(next.name)
  return names
}

describe('Turns', () => {
  it('takes from each share in turn, and within a share in order', () => {
    const { turns } = turnsOf(9, ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'])
    assert.deepEqual(takeAll(turns), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
    assert.equal(turns.waiting, 0)
  })

  it('lets a share run no more than it may until one is released', () => {
    const { turns } = turnsOf(1, ['a1', 'a2', 'b1'])
    assert.deepEqual(takeAll(turns), ['a1', 'b1'])
    assert.equal(turns.waiting, 1)
    turns.release('b')
    assert.deepEqual(takeAll(turns), [])
    turns.release('a')
    assert.deepEqual(takeAll(turns), ['a2'])
  })

  it('takes out what waits, and says when something does not', () => {
    const { turns, things } = turnsOf(9, ['a1', 'a2', 'a3', 'b1'])
    assert.equal(turns.remove(things[1]), true)
    assert.equal(turns.remove(things[1]), false)
    assert.equal(turns.remove(things[3]), true)
    assert.equal(turns.remove(thing('x1')), false)
    assert.deepEqual(takeAll(turns), ['a1', 'a3'])
  })

  it('takes out everything, also of shares that may not run', () => {
    const { turns, things } = turnsOf(1, ['a1', 'a2', 'b1'])
    turns.take()
    assert.deepEqual(turns.removeAll(), [things[1], things[2]])
    assert.equal(turns.waiting, 0)
    assert.equal(turns.take(), null)
  })

  it('agrees with a plain model over random steps', () => {
    for (let seed = 1; seed <= 50; seed++) checkAgainstModel(seed)
  })
})

/** The model: lines as arrays, and the order of their turns as an array of shares. */
function checkAgainstModel(seed: number): void {
  const random = new SeededRandom(seed)
  const runningMax = 1 + random.below(3)
  const turns = new Turns<Thing>(runningMax)
  let waiting: Thing[] = []
  let order: string[] = []
  const running: string[] = []
  const runningOf = (share: string) => running.filter((each) => each === share).length
  const settle = (share: string) => {
    const mayRun = waiting.some((each) => each.share === share) && runningOf(share) < runningMax
    if (!mayRun) order = order.filter((each) => each !== share)
    else if (!order.includes(share)) order.push(share)
  }
  for (let step = 0; step < 300; step++) {
    const share = 'abcd'[random.below(4)]
    const kind = random.below(4)
    if (kind === 0 || kind === 1) {
      const added = thing(`${share}${step}`)
      turns.add(added)
      waiting.push(added)
      settle(share)
    } else if (kind === 2 && random.below(3) === 0 && waiting.length > 0) {
      const gone = waiting[random.below(waiting.length)]
      assert.equal(turns.remove(gone), true, `seed ${seed}`)
      waiting = waiting.filter((each) => each !== gone)
      settle(gone.share)
    } else if (kind === 2) {
      const next = order.shift()
      const expected = waiting.find((each) => each.share === next) ?? null
      assert.equal(turns.take(), expected, `seed ${seed}, step ${step}`)
      if (expected === null) continue
      waiting = waiting.filter((each) => each !== expected)
      running.push(expected.share)
      settle(expected.share)
    } else if (running.length > 0) {
      const [released] = running.splice(random.below(running.length), 1)
      turns.release(released)
      settle(released)
    }
    assert.equal(turns.waiting, waiting.length, `seed ${seed}, step ${step}`)
  }
}
