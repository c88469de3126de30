import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { spreadRuns } from '../../record/record.ts'
import { packBits, unpackBits } from './bit-packing.ts'
import { ByteSink } from './byte-sink.ts'
import { ByteSource } from './byte-source.ts'
import { planSequence, readIndexes, readIndexRuns, readSequence } from './number-sequence.ts'
import { Scratch } from './scratch.ts'

const scratch = new Scratch()

function written(numbers: readonly number[]): Uint8Array {
  const sink = new ByteSink(1)
  planSequence(Float64Array.from(numbers), scratch).write(sink)
  return sink.written().slice()
}

const hexOf = (numbers: readonly number[]): string => Buffer.from(written(numbers)).toString('hex')

test('each form of a sequence is as the format says', () => {
  assert.equal(hexOf([-1, -1]), '0003')
  assert.equal(hexOf([10, 13]), '02140c')
  const runs = [9, 77_777_777, 12_345_678, 3_333_333].flatMap((value) => Array<number>(500).fill(value))
  assert.equal(hexOf(runs), 'a0048312006845cc00cb61dc00a2bc320004000000e607')
  assert.equal(hexOf([0, 2 ** 53 - 1]), '860000ff00ff00ff00ff00ff00ff001f')
})

test('integers of every width come back, packed', () => {
  for (let width = 1; width <= 53; width++) {
    const random = new SeededRandom(width)
    const count = 70
    const low = new Uint32Array(count)
    const high = new Uint32Array(width > 32 ? count : 0)
    for (let i = 0; i < count; i++) {
      low[i] = width >= 32 ? random.uint32() : random.uint32() >>> (32 - width)
      if (width > 32) high[i] = random.uint32() >>> (64 - width)
    }
    const sink = new ByteSink(1)
    packBits({ low, high, count, isWide: width > 32 }, width, sink)
    assert.equal(sink.length, Math.ceil((count * width) / 8))
    for (const tail of [0, 9]) {
      const source = new ByteSource(Buffer.concat([sink.written(), Buffer.alloc(tail, 0xff)]))
      const words = unpackBits(source, count, width)
      assert.deepEqual(words.low.slice(0, count), low, `width ${width}`)
      if (width > 32) assert.deepEqual(words.high.slice(0, count), high, `width ${width}`)
      assert.equal(source.remaining, tail)
    }
  }
})

test('sequences of every range come back', () => {
  for (let seed = 0; seed < 600; seed++) {
    const random = new SeededRandom(seed)
    const range = 2 ** random.below(53)
    const base = Math.floor((random.uint32() / 2 ** 32 - 0.5) * 2 ** random.below(52))
    const step = random.chance(0.4) ? Math.floor(range / 1000) : 0
    const repeat = random.chance(0.3) ? 20 : 1
    const count = 1 + random.below(300)
    let value = 0
    const numbers = Float64Array.from({ length: count }, (_, i) => {
      if (i % repeat === 0)
        value = step > 0 ? value + random.below(step + 1) : Math.floor((random.uint32() / 2 ** 32) * range)
      return base + value
    })
    const sink = new ByteSink(1)
    planSequence(numbers, scratch).write(sink)
    const source = new ByteSource(sink.written())
    assert.deepEqual(readSequence(source, count), numbers, `seed ${seed}`)
    source.expectEnd()
  }
})

test('indexes of every range and form come back, and those out of bounds are refused', () => {
  const tags = new Set<number>()
  for (let seed = 0; seed < 1500; seed++) {
    const random = new SeededRandom(seed)
    const count = 1 + random.below(400)
    const range = 2 ** random.below(33)
    const isSmooth = random.chance(0.4)
    const repeat = random.chance(0.3) ? 1 + random.below(60) : 1
    let value = Math.floor((random.uint32() / 2 ** 32) * range)
    const numbers = Array.from({ length: count }, (_, i) => {
      if (i % repeat === 0) {
        const step = Math.floor((random.uint32() / 2 ** 32 - 0.4) * (isSmooth ? range / 500 : range))
        value = isSmooth ? Math.min(range - 1, Math.max(0, value + step)) : Math.abs(step)
      }
      return value
    })
    const bytes = written(numbers)
    tags.add(bytes[0])
    const max = Math.max(...numbers)
    const source = new ByteSource(bytes)
    assert.deepEqual([...readIndexes(source, count, max, 'it')], numbers, `seed ${seed}`)
    source.expectEnd()
    const inRuns = new ByteSource(bytes)
    const runs = readIndexRuns(inRuns, count, max, 'it')
    assert.equal(runs !== null, bytes[0] === 0 || bytes[0] === 160, `seed ${seed}`)
    if (runs === null) assert.equal(inRuns.at, 0)
    else {
      inRuns.expectEnd()
      assert.deepEqual([...spreadRuns(runs)], numbers, `seed ${seed}`)
    }
    const refused = { code: 'PART_CORRUPT' }
    if (runs !== null && max > 0)
      assert.throws(() => readIndexRuns(new ByteSource(bytes), count, max - 1, 'it'), refused)
    if (bytes[0] === 160)
      assert.throws(() => readIndexRuns(new ByteSource(bytes), count + 1, max, 'it'), refused)
    if (max > 0)
      assert.throws(() => readIndexes(new ByteSource(bytes), count, max - 1, 'it'), refused, `seed ${seed}`)
    const below = written(numbers.map((number) => number - Math.min(...numbers) - 1))
    assert.throws(() => readIndexes(new ByteSource(below), count, 0xffff_ffff, 'it'), refused, `seed ${seed}`)
  }
  const has = (from: number, to: number): boolean => [...tags].some((tag) => tag >= from && tag <= to)
  const forms = [
    ...[has(0, 0), has(1, 24), has(25, 32), has(65, 88)],
    ...[has(128, 130), has(136, 138), has(139, 142), has(160, 160)],
  ]
  assert.ok(!forms.includes(false), `${forms} of ${[...tags]}`)
})

test('varints come back, and what no sink wrote is refused', () => {
  const sink = new ByteSink(1)
  const numbers = [0, 1, 63, 64, 127, 128, 16_383, 16_384, 2 ** 32, Number.MAX_SAFE_INTEGER]
  for (const number of numbers) {
    sink.varint(number)
    sink.signedVarint(number)
    sink.signedVarint(-number)
  }
  const source = new ByteSource(sink.written())
  for (const number of numbers)
    assert.deepEqual(
      [source.varint(), source.signedVarint(), source.signedVarint()],
      [number, number, 0 - number],
    )
  source.expectEnd()
  assert.throws(() => new ByteSource(Buffer.alloc(9, 0xff)).varint(), { code: 'PART_CORRUPT' })
  assert.throws(() => new ByteSource(Buffer.alloc(9, 0xff)).signedVarint(), { code: 'PART_CORRUPT' })
  assert.throws(() => new ByteSource(Buffer.of(0x80)).varint(), { code: 'PART_CORRUPT' })
  assert.throws(() => new ByteSource(Buffer.of(1)).expectEnd(), { code: 'PART_CORRUPT' })
  assert.throws(() => new ByteSource(Buffer.of(1, 2, 3)).u32(), { code: 'PART_CORRUPT' })
})

test('little-endian integers come back', () => {
  const sink = new ByteSink(1)
  sink.u8(0xab)
  sink.u16(0x1234)
  sink.u32(0xfedc_ba98)
  sink.append(Buffer.from('a longer piece of text than is copied by hand'))
  assert.equal(Buffer.from(sink.written(0)).toString('hex', 0, 7), 'ab341298badcfe')
  const source = new ByteSource(sink.written())
  assert.deepEqual([source.u8(), source.u16(), source.u32()], [0xab, 0x1234, 0xfedc_ba98])
  assert.equal(Buffer.from(source.takeRest()).toString(), 'a longer piece of text than is copied by hand')
})

test('numbers of more than 53 bits are refused in every form that could hold them', () => {
  for (const [tag, dataBytes] of [
    [53, 14],
    [65 + 52, 14],
    [127 + 7, 14],
    [135 + 7, 14],
  ]) {
    const sink = new ByteSink()
    sink.u8(tag)
    sink.signedVarint(Number.MAX_SAFE_INTEGER)
    sink.append(Buffer.alloc(dataBytes, 0x1c))
    assert.throws(
      () => readSequence(new ByteSource(sink.written()), 2),
      { code: 'PART_CORRUPT' },
      `tag ${tag}`,
    )
  }
})
