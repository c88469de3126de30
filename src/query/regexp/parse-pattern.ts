/**
 * RE2 syntax to a tree. Whether a pattern is valid, re2js says: this parser is given valid ones, and gives up (null)
 * where it does not understand one, so that whoever asked takes the general way.
 *
 * Classes of Unicode (`\pL`) and cases of letters beyond ASCII are understood only as far as that some character stands
 * there.
 */
import {
  type ClassNode,
  CODE_MAX,
  classOf,
  cleanRanges,
  EMPTY,
  OPAQUE,
  otherRanges,
  type PatternNode,
  type Place,
} from './tree.ts'

interface Flags {
  readonly anyCase: boolean
  readonly lines: boolean
  readonly dotAll: boolean
  readonly swapped: boolean
}

const NO_FLAGS: Flags = { anyCase: false, lines: false, dotAll: false, swapped: false }
const FLAG_NAMES: Readonly<Record<string, keyof Flags>> = {
  ...{ i: 'anyCase', m: 'lines', s: 'dotAll', U: 'swapped' },
}

const FLAGS = /\(\?([imsU]*)(?:-([imsU]+))?([:)])/y
const NAME = /\(\?P?<\w+>/y
const COUNT = /\{(\d+)(,?)(\d*)\}/y
const POSIX = /\[:(\^?)(\w+):\]/y
const UNICODE = /\\[pP](?:\{[^}]*\}|[A-Za-z])/y
const HEX = /\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))/y
const OCTAL = /\\([0-7]{1,3})/y

const DIGITS = [0x30, 0x39]
const WORD = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]
const SPACE = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20]
const LINE_FEED = [0x0a, 0x0a]
const CLASSES: Readonly<Record<string, readonly number[]>> = { d: DIGITS, w: WORD, s: SPACE }
const POSIX_CLASSES: Readonly<Record<string, readonly number[]>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: DIGITS,
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: [0x41, 0x5a],
  word: WORD,
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
}
const CONTROLS: Readonly<Record<string, number>> = {
  ...{ a: 0x07, f: 0x0c, t: 0x09, n: 0x0a, r: 0x0d, v: 0x0b },
}
const PLACES: Readonly<Record<string, Place>> = { A: 'begin', z: 'end', b: 'wordEdge', B: 'noWordEdge' }

/** Some scripts without case, first and last: Hebrew to Thai, kana and ideographs, Hangul. */
const CASELESS = [
  [0x590, 0xe7f],
  [0x3040, 0x9fff],
  [0xac00, 0xd7a3],
] as const
/** Letters whose other case lies beyond ASCII: the long s and the Kelvin sign. */
const LONG_S = 0x17f
const KELVIN = 0x212a

const DEPTH_MAX = 1000

/** Null where the pattern is not understood. It is a valid one, unless it is nested too deep. */
export function parsePattern(pattern: string): PatternNode | null {
  try {
    return new PatternParser(pattern).parse()
  } catch (error) {
    if (error instanceof NotUnderstood) return null
    throw error
  }
}

class NotUnderstood extends Error {}

class PatternParser {
  readonly #text: string
  #at = 0
  #flags = NO_FLAGS
  #groups = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): PatternNode {
    const node = this.#choice()
    if (this.#at < this.#text.length) throw new NotUnderstood()
    return node
  }

  #choice(): PatternNode {
    // RE2 refuses what is nested deeper, in words of its own.
    if (++this.#depth > DEPTH_MAX) throw new NotUnderstood()
    const items = [this.#sequence()]
    while (this.#take('|')) items.push(this.#sequence())
    this.#depth--
    return items.length === 1 ? items[0] : { kind: 'choice', items }
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = []
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at])) this.#item(items)
    return items.length === 1 ? items[0] : items.length === 0 ? EMPTY : { kind: 'sequence', items }
  }

  /** Adds one item, or the characters of a quoted text. */
  #item(items: PatternNode[]): void {
    if (this.#text.startsWith('\\Q', this.#at)) {
      this.#quoted(items)
      // A repetition is of the last character.
      const last = items.pop()
      if (last !== undefined) items.push(this.#repeated(last))
      return
    }
    const node = this.#atom()
    if (node !== null) items.push(this.#repeated(node))
  }

  #quoted(items: PatternNode[]): void {
    const end = this.#text.indexOf('\\E', this.#at + 2)
    const text = this.#text.slice(this.#at + 2, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#text.length : end + 2
    for (const character of text) items.push(this.#character(character.codePointAt(0)!))
  }

  #repeated(node: PatternNode): PatternNode {
    const count = this.#count()
    if (count === null) return node
    const isLazy = this.#take('?') !== this.#flags.swapped
    const { min, max } = count
    return { kind: 'repeat', body: node, min, max, isLazy }
  }

  #count(): { min: number; max: number } | null {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    const found = this.#match(COUNT)
    if (found === null) return null
    const min = Number(found[1])
    return { min, max: found[2] === '' ? min : found[3] === '' ? Infinity : Number(found[3]) }
  }

  /** Null for flags that stand alone. */
  #atom(): PatternNode | null {
    const character = this.#text[this.#at]
    if (character === '(') return this.#group()
    if (character === '[') return this.#class()
    if (character === '\\') return this.#escape()
    if (this.#take('.')) return classOf(this.#flags.dotAll ? [0, CODE_MAX] : otherRanges(LINE_FEED))
    if (this.#take('^')) return { kind: 'place', place: this.#flags.lines ? 'lineBegin' : 'begin' }
    if (this.#take('$')) return { kind: 'place', place: this.#flags.lines ? 'lineEnd' : 'end' }
    if ('*+?'.includes(character)) throw new NotUnderstood()
    return this.#character(this.#next())
  }

  #group(): PatternNode | null {
    const outside = this.#flags
    const flags = this.#match(FLAGS)
    if (flags !== null) {
      this.#setFlags(flags[1], true)
      this.#setFlags(flags[2] ?? '', false)
      if (flags[3] === ')') return null
      return this.#closed(this.#choice(), outside)
    }
    if (this.#match(NAME) === null) {
      if (this.#text[this.#at + 1] === '?') throw new NotUnderstood()
      this.#at++
    }
    const number = ++this.#groups
    return { kind: 'group', number, body: this.#closed(this.#choice(), outside) }
  }

  #closed(body: PatternNode, outside: Flags): PatternNode {
    if (!this.#take(')')) throw new NotUnderstood()
    this.#flags = outside
    return body
  }

  #setFlags(names: string, value: boolean): void {
    for (const name of names) this.#flags = { ...this.#flags, [FLAG_NAMES[name]]: value }
  }

  #escape(): PatternNode {
    const name = this.#text[this.#at + 1] ?? ''
    const place = PLACES[name]
    if (place !== undefined) {
      this.#at += 2
      return { kind: 'place', place }
    }
    if (this.#match(UNICODE) !== null) return OPAQUE
    const ranges = this.#classEscape()
    return ranges === null ? this.#character(this.#escapedCode()) : classOf(ranges)
  }

  /** `\d` and the like. */
  #classEscape(): readonly number[] | null {
    const name = this.#text[this.#at + 1] ?? ''
    const ranges = this.#text[this.#at] === '\\' ? CLASSES[name.toLowerCase()] : undefined
    if (ranges === undefined) return null
    this.#at += 2
    const folded = this.#flags.anyCase ? foldedRanges(ranges) : ranges
    return name === name.toLowerCase() ? folded : otherRanges(cleanRanges(folded))
  }

  /** One character behind a backslash. */
  #escapedCode(): number {
    const hex = this.#match(HEX)
    if (hex !== null) return Number.parseInt(hex[1] ?? hex[2], 16)
    const octal = this.#match(OCTAL)
    if (octal !== null) return Number.parseInt(octal[1], 8)
    this.#at++
    const code = this.#next()
    const character = String.fromCodePoint(code)
    if (CONTROLS[character] !== undefined) return CONTROLS[character]
    if (code >= 0x80 || /[\dA-Za-z]/.test(character)) throw new NotUnderstood()
    return code
  }

  #class(): ClassNode {
    this.#at++
    const isNegated = this.#take('^')
    const ranges: number[] = []
    let isOpaque = false
    for (let isFirst = true; isFirst || this.#text[this.#at] !== ']'; isFirst = false) {
      if (this.#at >= this.#text.length) throw new NotUnderstood()
      const item = this.#match(UNICODE) === null ? this.#classItem() : null
      if (item === null) isOpaque = true
      else ranges.push(...item)
    }
    this.#at++
    if (isOpaque) return OPAQUE
    return classOf(isNegated ? otherRanges(cleanRanges(ranges)) : ranges)
  }

  /** Null where nobody knows which characters. */
  #classItem(): readonly number[] | null {
    const posix = this.#match(POSIX)
    if (posix !== null) {
      const known = POSIX_CLASSES[posix[2]]
      if (known === undefined) throw new NotUnderstood()
      const folded = this.#flags.anyCase ? foldedRanges(known) : known
      return posix[1] === '^' ? otherRanges(cleanRanges(folded)) : folded
    }
    const escaped = this.#classEscape()
    if (escaped !== null) return escaped
    const first = this.#classCode()
    if (this.#text[this.#at] !== '-' || this.#text[this.#at + 1] === ']') return this.#folded([first, first])
    this.#at++
    return this.#folded([first, this.#classCode()])
  }

  #classCode(): number {
    return this.#text[this.#at] === '\\' ? this.#escapedCode() : this.#next()
  }

  #character(code: number): ClassNode {
    const ranges = this.#folded([code, code])
    return ranges === null ? OPAQUE : classOf(ranges)
  }

  /** With the other cases of letters, where the flags say so; null where nobody knows them. */
  #folded(ranges: readonly number[]): readonly number[] | null {
    const [first, last] = ranges
    if (!this.#flags.anyCase || CASELESS.some(([from, to]) => from <= first && last <= to)) return ranges
    return last < 0x80 ? foldedRanges(ranges) : null
  }

  #next(): number {
    const code = this.#text.codePointAt(this.#at)
    if (code === undefined) throw new NotUnderstood()
    this.#at += code > 0xffff ? 2 : 1
    return code
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#text)
    if (found !== null) this.#at = expression.lastIndex
    return found
  }
}

/** ASCII letters get their other cases, in any order. */
function foldedRanges(ranges: readonly number[]): number[] {
  const folded = [...ranges]
  const add = (from: number, to: number, shift: number): void => {
    for (let at = 0; at < ranges.length; at += 2) {
      const first = Math.max(ranges[at], from)
      const last = Math.min(ranges[at + 1], to)
      if (first <= last) folded.push(first + shift, last + shift)
    }
  }
  add(0x41, 0x5a, 0x20)
  add(0x61, 0x7a, -0x20)
  const has = (code: number): boolean =>
    folded.some((from, at) => at % 2 === 0 && from <= code && code <= folded[at + 1])
  if (has(0x73)) folded.push(LONG_S, LONG_S)
  if (has(0x6b)) folded.push(KELVIN, KELVIN)
  return folded
}
