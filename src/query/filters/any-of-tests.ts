/**
 * Very many tests of one value, of which one must pass: the value is gone through once, and only tests are asked of whose
 * texts it holds three bytes. Each test goes by three bytes of each of its needles (record/value-test.ts), those that
 * fewest other tests go by. In a hostile value all of them may stand; then each test is asked once, as without this.
 */
import { foldOf } from '../../base/portable.ts'
import type { ValueTest } from '../../record/record.ts'
import { COST_FOLDED_SEARCH } from './kind.ts'

const GRAM_BYTES = 3
const GRAM_MASK = 0xff_ffff
const HASHES = 1 << 16

/** A value that passes holds three bytes that are known. */
export const hasGrams = ({ needles }: ValueTest): boolean =>
  needles?.every(({ bytes }) => bytes.length >= GRAM_BYTES) === true

/** All tests have grams. */
export function anyOfTests(tests: readonly ValueTest[]): ValueTest {
  const many = new ManyTests(tests)
  return { cost: COST_FOLDED_SEARCH, test: (data, start, end) => many.passes(data, start, end) }
}

class ManyTests {
  readonly #tests: readonly ValueTest[]
  /** By the lowest bits of grams: some test goes by one like that. */
  readonly #mayBeGram = new Uint8Array(HASHES)
  readonly #byGram = new Map<number, number[]>()
  /** By test: the last value of which it was asked. */
  readonly #askedOf: Uint32Array
  #valueNumber = 0

  constructor(tests: readonly ValueTest[]) {
    this.#tests = tests
    this.#askedOf = new Uint32Array(tests.length)
    for (const [number, { needles = [] }] of tests.entries())
      for (const { bytes } of needles) this.#add(bytes, number)
  }

  #add(needle: Uint8Array, number: number): void {
    let rarest = -1
    let fewest = Infinity
    for (let at = 0; at + GRAM_BYTES <= needle.length; at++) {
      const gram = gramAt(needle, at)
      const others = this.#byGram.get(gram)?.length ?? 0
      if (others < fewest) {
        fewest = others
        rarest = gram
      }
    }
    this.#mayBeGram[hashOf(rarest)] = 1
    const numbers = this.#byGram.get(rarest)
    if (numbers === undefined) this.#byGram.set(rarest, [number])
    else numbers.push(number)
  }

  passes(data: Uint8Array, start: number, end: number): boolean {
    this.#beginValue()
    const fold = FOLD
    const mayBeGram = this.#mayBeGram
    const firstEnd = start + GRAM_BYTES - 1
    let gram = 0
    for (let at = start; at < end; at++) {
      gram = ((gram << 8) | fold[data[at]]) & GRAM_MASK
      if (at < firstEnd || mayBeGram[hashOf(gram)] === 0) continue
      if (this.#somePasses(gram, data, start, end)) return true
    }
    return false
  }

  #somePasses(gram: number, data: Uint8Array, start: number, end: number): boolean {
    for (const number of this.#byGram.get(gram) ?? []) {
      if (this.#askedOf[number] === this.#valueNumber) continue
      this.#askedOf[number] = this.#valueNumber
      if (this.#tests[number].test(data, start, end)) return true
    }
    return false
  }

  #beginValue(): void {
    this.#valueNumber++
    if (this.#valueNumber <= 0xffff_ffff) return
    this.#askedOf.fill(0)
    this.#valueNumber = 1
  }
}

/** ASCII letters are small: a needle may stand there in any case. */
const FOLD = foldOf(true)

const gramAt = (bytes: Uint8Array, at: number): number =>
  (FOLD[bytes[at]] << 16) | (FOLD[bytes[at + 1]] << 8) | FOLD[bytes[at + 2]]

const hashOf = (gram: number): number => (gram ^ (gram >>> 9)) & (HASHES - 1)
