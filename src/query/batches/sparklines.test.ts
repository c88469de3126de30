import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { Sparklines } from './sparklines.ts'

const HOUR = 3_600_000

function lineOf(times: readonly number[]): { start: number; step: number; counts: number[] } {
  const lines = new Sparklines()
  lines.add(new Uint32Array(times.length), Float64Array.from(times), 1)
  return { start: lines.startMs, step: lines.stepMs, counts: lines.of(0) }
}

test('counts are by second as long as that fits', () => {
  assert.deepEqual(lineOf([5500, 5999, 7000]), { start: 5000, step: 1000, counts: [2, 0, 1] })
  assert.equal(lineOf([0, 63_999]).counts.length, 64)
  assert.deepEqual(lineOf([]), { start: 0, step: 1000, counts: [] })
})

test('longer stretches have longer steps, which begin at multiples of them', () => {
  const { start, step, counts } = lineOf([10 * HOUR, 11 * HOUR, 11 * HOUR + 1])
  assert.deepEqual([start % step, step, counts.length <= 64], [0, 64_000, true])
  assert.deepEqual([counts[0], counts[counts.length - 1]], [1, 2])
})

test('times before the epoch count, and rows without a time do not', () => {
  assert.deepEqual(lineOf([-1, Number.NaN, 0]), { start: -1000, step: 1000, counts: [1, 1] })
})

test('the lines do not depend on the order of times, nor on who counted them', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed)
    const stretch = 1 + random.below([10_000, 10 * HOUR, 2 ** 31][random.below(3)])
    const base = random.below(2 ** 31) * 1000 - random.below(2 ** 31) * 700
    const rows = Array.from({ length: 1 + random.below(200) }, () => ({
      thing: random.below(5),
      ms: random.below(20) === 0 ? Number.NaN : base + random.below(stretch),
    }))
    const whole = new Sparklines()
    add(whole, rows)
    const parts = [new Sparklines(), new Sparklines(), new Sparklines()]
    for (const row of rows) add(parts[random.below(3)], [row])
    const merged = new Sparklines()
    const numbers = Uint32Array.of(0, 1, 2, 3, 4)
    for (const part of parts.reverse()) merged.merge(structuredClone(part.state()), numbers, 5)
    assert.deepEqual([merged.startMs, merged.stepMs], [whole.startMs, whole.stepMs], `seed ${seed}`)
    for (let thing = 0; thing < 5; thing++)
      assert.deepEqual(merged.of(thing), whole.of(thing), `seed ${seed}`)
    const timed = rows.filter(({ ms }) => !Number.isNaN(ms))
    const total = [0, 1, 2, 3, 4].flatMap((thing) => whole.of(thing)).reduce((sum, count) => sum + count, 0)
    assert.equal(total, timed.length, `seed ${seed}`)
  }
})

function add(lines: Sparklines, rows: readonly { thing: number; ms: number }[]): void {
  lines.add(
    Uint32Array.from(rows, ({ thing }) => thing),
    Float64Array.from(rows, ({ ms }) => ms),
    5,
  )
}
