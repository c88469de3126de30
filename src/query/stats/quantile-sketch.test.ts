import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { compareKeysExactly, valueKey } from '../values/value-order.ts'
import { QuantileSketch, VALUES_MAX } from './quantile-sketch.ts'

const SHARES = [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]

function sketchOf(texts: readonly string[]): QuantileSketch {
  const sketch = new QuantileSketch()
  for (const text of texts) sketch.add(valueKey(text), 1)
  return sketch
}

const exactly = (sorted: readonly string[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]

const sortedOf = (texts: readonly string[]) =>
  texts
    .map(valueKey)
    .toSorted(compareKeysExactly)
    .map(({ text }) => text)

test('up to so many different values, of any kind, quantiles are exact', () => {
  const random = new SeededRandom(1)
  const kinds = [
    () => String(random.below(9000)),
    () => `${random.below(5000)}ms`,
    () => `host${random.below(2000)}`,
    () => new Date(1e12 + random.below(100) * 1000).toISOString(),
    () => '',
  ]
  const texts = Array.from({ length: 30_000 }, () => kinds[random.below(kinds.length)]())
  const sorted = sortedOf(texts)
  const sketch = sketchOf(texts)
  for (const share of SHARES) {
    assert.equal(
      compareKeysExactly(valueKey(sketch.valueAt(share)), valueKey(exactly(sorted, share))),
      0,
      `${share}: ${sketch.valueAt(share)}, ${exactly(sorted, share)}`,
    )
  }
})

test('with more values the answer is close, and a value that was there; both ends are exact', () => {
  const random = new SeededRandom(2)
  // Over twelve powers of ten.
  const texts = Array.from({ length: 50_000 }, () => String(10 ** ((random.uint32() / 2 ** 32) * 12 - 3)))
  const sorted = sortedOf(texts)
  const sketch = sketchOf(texts)
  assert.ok(sketch.size <= VALUES_MAX)
  const all = new Set(texts)
  for (const share of SHARES) {
    const found = sketch.valueAt(share)
    const wanted = Number(exactly(sorted, share))
    assert.ok(all.has(found))
    assert.ok(Math.abs(Number(found) - wanted) <= 0.01 * wanted, `${share}: ${found}, ${wanted}`)
  }
  assert.equal(sketch.valueAt(0), sorted[0])
  assert.equal(sketch.valueAt(1), sorted.at(-1))
})

test('the answer is the same in any order of values, and of sketches that are merged', () => {
  const random = new SeededRandom(3)
  for (const make of [
    () => String(random.uint32() / 1000),
    () => new Date(1.7e12 + random.uint32()).toISOString(),
    () => `x${random.uint32().toString(36)}`,
  ]) {
    const texts = Array.from({ length: 20_000 }, make)
    const whole = sketchOf(texts)
    const parts = Array.from({ length: 5 }, (): string[] => [])
    for (const text of texts.toReversed()) parts[random.chance(0.98) ? 0 : random.below(5)].push(text)
    const merged = new QuantileSketch()
    for (const part of parts) merged.merge(structuredClone(sketchOf(part).take()))
    for (const share of SHARES) assert.equal(merged.valueAt(share), whole.valueAt(share), `${share}`)
  }
})

test('what one sketch took together, a merge does not tell apart', () => {
  const spaced = Array.from({ length: 20_000 }, (_, at) => String(1 + at / 2 ** 15))
  const between = String(1 + 1001.5 / 2 ** 15)
  const large = sketchOf(spaced)
  const small = new QuantileSketch()
  small.add(valueKey(between), 50_000)
  const merged = new QuantileSketch()
  for (const each of [large, small]) merged.merge(structuredClone(each.take()))
  large.add(valueKey(between), 50_000)
  assert.notEqual(large.valueAt(0.5), between)
  assert.equal(merged.valueAt(0.5), large.valueAt(0.5))
})

test('hostile values end: texts of one length, times over centuries, all of them different', () => {
  const texts = Array.from(
    { length: 2 * VALUES_MAX },
    (_, at) => String.fromCodePoint(0x4e00 + (at % 20_000)) + at,
  )
  const times = Array.from({ length: 2 * VALUES_MAX }, (_, at) => new Date(at * 1e8).toISOString())
  const sketch = sketchOf([...texts, ...times, ...times.map((_, at) => `-1e${(at % 600) - 300}`)])
  assert.ok(sketch.size <= VALUES_MAX)
  assert.notEqual(sketch.valueAt(0.5), '')
})

test('an empty sketch has no value, and merging one changes nothing', () => {
  const sketch = new QuantileSketch()
  assert.equal(sketch.valueAt(0.5), '')
  sketch.add(valueKey('5'), 3)
  sketch.merge(new QuantileSketch().take())
  assert.equal(sketch.valueAt(1), '5')
})
