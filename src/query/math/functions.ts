/** The functions of pipe `math`, one line each. */
import { type Random, SeededRandom } from '../../base/portable.ts'
import { numberText } from '../values/number-text.ts'

export interface MathContext {
  readonly nowMs: number
  readonly random: Random
}

export interface MathFunction {
  readonly valuesMin: number
  readonly valuesMax: number
  /** What it makes of the values of a row. The list is used again for the next row. */
  bind(context: MathContext): (values: Float64Array) => number
}

export const FUNCTIONS: ReadonlyMap<string, MathFunction> = new Map<string, MathFunction>([
  ['abs', ofOne(Math.abs)],
  ['ceil', ofOne(Math.ceil)],
  ['exp', ofOne(Math.exp)],
  ['floor', ofOne(Math.floor)],
  ['ln', ofOne(Math.log)],
  ['max', ofMany((value, best) => value > best)],
  ['min', ofMany((value, best) => value < best)],
  [
    'now',
    ofNone(
      ({ nowMs }) =>
        () =>
          nowMs * NS_PER_MS,
    ),
  ],
  ['rand', ofNone(randomNumbers)],
  ['round', { valuesMin: 1, valuesMax: 2, bind: () => (values) => roundTo(values[0], values[1] ?? 1) }],
])

const NS_PER_MS = 1e6

function ofNone(bind: (context: MathContext) => () => number): MathFunction {
  return { valuesMin: 0, valuesMax: 0, bind }
}

function ofOne(compute: (value: number) => number): MathFunction {
  return { valuesMin: 1, valuesMax: 1, bind: () => (values) => compute(values[0]) }
}

/** What is no number is left out. */
function ofMany(isBetter: (value: number, best: number) => boolean): MathFunction {
  const compute = (values: Float64Array): number => {
    let best = Number.NaN
    for (let at = 0; at < values.length; at++) {
      const value = values[at]
      if (Number.isNaN(best) || isBetter(value, best)) best = value
    }
    return best
  }
  return { valuesMin: 2, valuesMax: Infinity, bind: () => compute }
}

/** From 0 to below 1, with all the digits that fit. */
function randomNumbers(context: MathContext): () => number {
  // The system's own randomness costs too much for every row.
  const random = new SeededRandom(context.random.uint32())
  return () => ((random.uint32() >>> 5) * 2 ** 26 + (random.uint32() >>> 6)) / 2 ** 53
}

/** To the nearest multiple of `step`, halves away from 0. Decimal steps give decimal numbers: `round(0.29, 0.1)` is 0.3. */
export function roundTo(value: number, step: number): number {
  if (step === 1) return roundHalf(value)
  const scale = scaleOf(Math.abs(step))
  const scaledStep = Math.round(Math.abs(step) * scale)
  return (roundHalf((value * scale) / scaledStep) * scaledStep) / scale
}

function roundHalf(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value)
}

let lastStep = 1
let lastScale = 1

/** A power of ten that makes it a whole number. */
function scaleOf(step: number): number {
  if (step === lastStep) return lastScale
  const text = numberText(step)
  const point = text.indexOf('.')
  lastStep = step
  lastScale = point < 0 ? 1 : 10 ** (text.length - point - 1)
  return lastScale
}
