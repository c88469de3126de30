/**
 * How much work a pattern can be for an engine that goes back and tries again, proven from its tree: which patterns are
 * safe to give to the platform's own RegExp, and for how long a text.
 *
 * Such an engine arrives at every piece of a pattern again and again, each time from another beginning of the match or
 * along another way. What is bounded here, from left to right, is how often it arrives at a piece in all (`all`) and at
 * one place of the text (`here`), as a polynomial in the length n of the text:
 *
 *   abc       all n, here 1         every beginning is tried, and none arrives twice at one place
 *   (a|ab)c   all 2n, here 2        two ways lead to the `c`
 *   \d+       all n * n, here n     each of the digits before it may have been the first one
 *   x\d+      all n, here 1         the first digit stands behind an x, which no digit is: runs cannot overlap
 *   .*a.*b    all n * n * n
 *   (a+)+     anything              what repeats without end, and is more than one character, is not judged
 *
 * The work is the sum of all arrivals. A pattern is safe for texts so short that it is at most STEPS_MAX steps a character.
 */
import {
  areDisjoint,
  type ClassNode,
  classOf,
  type ListNode,
  OPAQUE,
  otherRanges,
  type PatternNode,
  type Place,
  type RepeatNode,
} from './tree.ts'

/** For one character of a text, on average. */
const STEPS_MAX = 1000
/** A longer text is not given to it: what it keeps for going back grows with the text. */
const LENGTH_MAX = 1 << 16
/** A mark is not looked for further back. */
const CONTEXT_MAX = 8
/** More copies of a repeated piece are not looked at. */
const COPIES_MAX = 1000

/** The longest text, in code units, for which the pattern is safe; 0 where there is none. */
export function safeLengthOf(node: PatternNode): number {
  const work = new Work()
  try {
    work.add(node, isAnchored(node) ? ANCHORED : UNANCHORED, true)
  } catch (error) {
    if (error instanceof NotBounded) return 0
    throw error
  }
  let safe = 0
  for (let length = LENGTH_MAX; length >= 1; length >>= 1)
    if (work.steps(safe + length) <= STEPS_MAX * (safe + length)) safe += length
  return Math.min(safe, LENGTH_MAX)
}

class NotBounded extends Error {}

/** `factor` times n to the power of `degree`. */
interface Power {
  readonly factor: number
  readonly degree: number
}

const ONE: Power = { factor: 1, degree: 0 }
const LENGTH: Power = { factor: 1, degree: 1 }

const times = (a: Power, b: Power): Power => ({ factor: a.factor * b.factor, degree: a.degree + b.degree })
const isLess = (a: Power, b: Power): boolean =>
  a.degree < b.degree || (a.degree === b.degree && a.factor < b.factor)
const least = (a: Power, b: Power): Power => (isLess(b, a) ? b : a)
/** At least the sum, since n is at least 1. */
const plus = (a: Power, b: Power): Power => ({
  factor: a.factor + b.factor,
  degree: Math.max(a.degree, b.degree),
})

interface Arrivals {
  readonly all: Power
  readonly here: Power
  /** What the characters right before a place of arrival are, whichever way led there; the nearest one last. */
  readonly context: readonly ClassNode[]
  /** What is known of the place itself. */
  readonly place: Place | null
}

const UNANCHORED: Arrivals = { all: LENGTH, here: ONE, context: [], place: null }
const ANCHORED: Arrivals = { all: ONE, here: ONE, context: [], place: null }

function isAnchored(node: PatternNode): boolean {
  if (node.kind === 'place') return node.place === 'begin'
  if (node.kind === 'group') return isAnchored(node.body)
  if (node.kind === 'sequence') return isAnchored(node.items[0])
  return node.kind === 'choice' && node.items.every(isAnchored)
}

class Work {
  /** By degree. */
  readonly #factors: number[] = []
  #copies = 0

  steps(length: number): number {
    return this.#factors.reduce((sum, factor, degree) => sum + factor * length ** degree, 0)
  }

  /**
   * Adds the work of a piece, and answers how often what follows is arrived at. `isLast`: nothing follows, so that the
   * first arrival behind it is a match.
   */
  add(node: PatternNode, arrivals: Arrivals, isLast: boolean): Arrivals {
    if (++this.#copies > COPIES_MAX) throw new NotBounded()
    if (node.kind === 'empty') return arrivals
    if (node.kind === 'group') return this.add(node.body, arrivals, isLast)
    if (node.kind === 'repeat') return this.#addRepeat(node, arrivals, isLast)
    if (node.kind !== 'class' && node.kind !== 'place') return this.#addList(node, arrivals, isLast)
    this.#spend(arrivals.all)
    if (node.kind === 'place') return { ...arrivals, place: node.place }
    return { ...arrivals, context: [...arrivals.context, node].slice(-CONTEXT_MAX), place: null }
  }

  #spend({ factor, degree }: Power): void {
    this.#factors[degree] = (this.#factors[degree] ?? 0) + factor
    for (let lower = 0; lower < degree; lower++) this.#factors[lower] ??= 0
  }

  #addList({ kind, items }: ListNode, arrivals: Arrivals, isLast: boolean): Arrivals {
    if (kind === 'sequence')
      return items.reduce(
        (before, item, at) => this.add(item, before, isLast && at === items.length - 1),
        arrivals,
      )
    this.#spend(arrivals.all)
    return items.map((item) => this.add(item, arrivals, isLast)).reduce(both)
  }

  #addRepeat(node: RepeatNode, arrivals: Arrivals, isLast: boolean): Arrivals {
    const { body, min, max } = node
    if (max === Infinity) return this.#addEndless(node, arrivals, isLast)
    let last = arrivals
    let left: Arrivals | null = min === 0 ? arrivals : null
    for (let copy = 1; copy <= max; copy++) {
      this.#spend(last.all)
      last = this.add(body, last, false)
      if (copy >= min) left = left === null ? last : both(left, last)
    }
    return left ?? arrivals
  }

  #addEndless({ body, min }: RepeatNode, arrivals: Arrivals, isLast: boolean): Arrivals {
    const node = characterOf(body)
    if (node === null) throw new NotBounded()
    let first = arrivals
    for (let copy = 0; copy < min; copy++) first = this.add(node, first, false)
    if (isLast) {
      this.#spend(LENGTH)
      return first
    }
    const distance = isParted(arrivals.place, node) ? 1 : distanceToOther(arrivals.context, node)
    const overlapping = distance < 0 ? first.all : times(first.here, { factor: distance + min, degree: 0 })
    const here = least(overlapping, first.all)
    const all = least(times(first.all, LENGTH), times(here, LENGTH))
    // On the way there, and on the way back.
    this.#spend({ ...all, factor: all.factor * 2 })
    return { all, here: plus(here, first.here), context: min === 0 ? [] : [node], place: null }
  }
}

function both(a: Arrivals, b: Arrivals): Arrivals {
  const shared = Math.min(a.context.length, b.context.length)
  return {
    all: plus(a.all, b.all),
    here: plus(a.here, b.here),
    context: Array.from({ length: shared }, (_, index) =>
      eitherOf(a.context[a.context.length - shared + index], b.context[b.context.length - shared + index]),
    ),
    place: a.place === b.place ? a.place : null,
  }
}

function eitherOf(a: ClassNode, b: ClassNode): ClassNode {
  if (a === b) return a
  return a.isOpaque || b.isOpaque ? OPAQUE : classOf([...a.ranges, ...b.ranges])
}

/** The piece where it is one character, in parentheses or not. */
function characterOf(node: PatternNode): ClassNode | null {
  if (node.kind === 'group') return characterOf(node.body)
  return node.kind === 'class' ? node : null
}

const WORD = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]
const NO_WORD = otherRanges(WORD)
const LINE_FEED = classOf([0x0a, 0x0a])

/** There is no such place within a run of characters of `node`. */
function isParted(place: Place | null, { ranges, isOpaque }: ClassNode): boolean {
  if (isOpaque) return false
  if (place === 'lineBegin') return areDisjoint(ranges, LINE_FEED.ranges)
  return place === 'wordEdge' && (areDisjoint(ranges, NO_WORD) || areDisjoint(ranges, WORD))
}

/**
 * How far back a character stands that is none of `node`: at most so many arrivals share a run of them. -1 where none
 * does.
 */
function distanceToOther(context: readonly ClassNode[], node: ClassNode): number {
  for (let distance = 1; distance <= context.length; distance++) {
    const other = context[context.length - distance]
    if (!other.isOpaque && !node.isOpaque && areDisjoint(other.ranges, node.ranges)) return distance
  }
  return -1
}
