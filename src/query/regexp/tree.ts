/**
 * A pattern as a tree: what parse-pattern.ts makes of RE2 syntax, for those who want to know things of a pattern without
 * running it (literals.ts, steps.ts, native-source.ts). Plain data. Flags are gone: every node says what it means.
 */
export type PatternNode = EmptyNode | ClassNode | PlaceNode | GroupNode | ListNode | RepeatNode

/** Matches nothing between two characters. */
export interface EmptyNode {
  readonly kind: 'empty'
}

/** One character out of some. A character alone is a class of one; in any case, of its cases. */
export interface ClassNode {
  readonly kind: 'class'
  /** First and last code point of each range, ascending, no two touching. Empty: no character matches. */
  readonly ranges: readonly number[]
  /** Nobody knows which characters: a class of Unicode, or cases beyond ASCII. `ranges` has all. */
  readonly isOpaque: boolean
}

export type Place = 'begin' | 'end' | 'lineBegin' | 'lineEnd' | 'wordEdge' | 'noWordEdge'

export interface PlaceNode {
  readonly kind: 'place'
  readonly place: Place
}

/** With a number: its text is kept. */
export interface GroupNode {
  readonly kind: 'group'
  readonly number: number
  readonly body: PatternNode
}

/** One behind the other, or the first one that leads to a match. */
export interface ListNode {
  readonly kind: 'sequence' | 'choice'
  readonly items: readonly PatternNode[]
}

export interface RepeatNode {
  readonly kind: 'repeat'
  readonly body: PatternNode
  readonly min: number
  /** Infinity: without an end. */
  readonly max: number
  /** As few as will do. */
  readonly isLazy: boolean
}

export const CODE_MAX = 0x10ffff
export const EMPTY: EmptyNode = { kind: 'empty' }
export const OPAQUE: ClassNode = { kind: 'class', ranges: [0, CODE_MAX], isOpaque: true }

/** `ranges` in any order, touching or not. */
export function classOf(ranges: readonly number[]): ClassNode {
  return { kind: 'class', ranges: cleanRanges(ranges), isOpaque: false }
}

export function cleanRanges(ranges: readonly number[]): number[] {
  const pairs: [number, number][] = []
  for (let at = 0; at < ranges.length; at += 2) pairs.push([ranges[at], ranges[at + 1]])
  const clean: number[] = []
  for (const [first, last] of pairs.sort((a, b) => a[0] - b[0])) {
    if (clean.length > 0 && first <= clean[clean.length - 1] + 1)
      clean[clean.length - 1] = Math.max(clean[clean.length - 1], last)
    else clean.push(first, last)
  }
  return clean
}

/** All other code points. `ranges` are clean. */
export function otherRanges(ranges: readonly number[]): number[] {
  const others: number[] = []
  let from = 0
  for (let at = 0; at < ranges.length; at += 2) {
    if (ranges[at] > from) others.push(from, ranges[at] - 1)
    from = ranges[at + 1] + 1
  }
  if (from <= CODE_MAX) others.push(from, CODE_MAX)
  return others
}

/** How many characters and places it has when repetitions are written out. */
export function sizeOfPattern(node: PatternNode): number {
  if (node.kind === 'group') return 1 + sizeOfPattern(node.body)
  if (node.kind === 'repeat') {
    const copies = node.max === Infinity ? Math.max(1, node.min) : node.max
    return 1 + copies * sizeOfPattern(node.body)
  }
  if (node.kind !== 'sequence' && node.kind !== 'choice') return 1
  return node.items.reduce((size, item) => size + sizeOfPattern(item), 0)
}

export function areDisjoint(some: readonly number[], others: readonly number[]): boolean {
  let one = 0
  let other = 0
  while (one < some.length && other < others.length) {
    if (some[one + 1] < others[other]) one += 2
    else if (others[other + 1] < some[one]) other += 2
    else return false
  }
  return true
}

/** How many code points. */
export function sizeOf({ ranges }: ClassNode): number {
  let size = 0
  for (let at = 0; at < ranges.length; at += 2) size += ranges[at + 1] - ranges[at] + 1
  return size
}
