/** What waits for a subscriber comes out in its order, and is counted exactly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../base/base.ts'
import type { TailItem } from './hub-api.ts'
import { LiveTailQueue } from './live-tail-queue.ts'

const gap = (fromId: number): TailItem => ({ kind: 'gap', fromId, toId: fromId, count: 1 })

test('items come out in their order, however many wait meanwhile', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed)
    const queue = new LiveTailQueue()
    const expected: { readonly item: TailItem; readonly bytes: number }[] = []
    for (let step = 0; step < 20_000; step++) {
      if (random.chance(step % 6000 < 3000 ? 0.7 : 0.3)) {
        const next = { item: gap(step), bytes: random.below(100) }
        expected.push(next)
        queue.push(next.item, next.bytes)
      } else {
        assert.equal(queue.shift(), expected.shift()?.item ?? null, `seed ${seed}`)
      }
      assert.equal(queue.length, expected.length)
    }
    assert.equal(
      queue.bytes,
      expected.reduce((sum, { bytes }) => sum + bytes, 0),
      `seed ${seed}`,
    )
    queue.clear()
    assert.deepEqual([queue.length, queue.bytes, queue.shift()], [0, 0, null])
  }
})
