/**
 * Random patterns for tests, each with a matcher of its own: written to be plainly right, slow, and without the parser or
 * any engine that it is held against. Texts are lists of code points; a byte that is not UTF-8 is BAD_BYTE.
 */
import type { SeededRandom } from '../../base/base.ts'
import { codePointAt, sequenceLength } from '../values/text.ts'

/** What RE2 takes a byte for that is not UTF-8. */
const BAD_BYTE = 0xfffd

export interface MadePattern {
  readonly pattern: string
  /** Some place of the text matches. */
  matches(bytes: Uint8Array): boolean
}

/** All places where a match that begins at `from` may end. */
type Ends = (text: readonly number[], from: number) => ReadonlySet<number>

interface Piece {
  readonly source: string
  readonly ends: Ends
}

interface Flags {
  readonly anyCase: boolean
  readonly dotAll: boolean
  readonly lines: boolean
}

const CHARACTERS = [
  'a',
  'b',
  'A',
  'B',
  'k',
  'K',
  's',
  'S',
  '1',
  '2',
  '_',
  ' ',
  '-',
  'é',
  '漢',
  '😀',
  'ſ',
  '\u212a',
]
/** Letters that are each other in any case. */
const CASES = ['aA', 'bB', 'kK\u212a', 'sSſ', 'éÉ', 'xX']
const META = /[\\.+*?()|[\]{}^$]/

export function randomPattern(random: SeededRandom): MadePattern {
  const flags = { anyCase: random.chance(0.3), dotAll: random.chance(0.2), lines: random.chance(0.3) }
  const names = (flags.anyCase ? 'i' : '') + (flags.dotAll ? 's' : '') + (flags.lines ? 'm' : '')
  const { source, ends } = choice(random, flags, 3)
  return {
    pattern: (names === '' ? '' : `(?${names})`) + source,
    matches(bytes) {
      const text = codesOf(bytes)
      for (let from = 0; from <= text.length; from++) if (ends(text, from).size > 0) return true
      return false
    },
  }
}

/** Bytes near what such patterns find. */
export function randomText(random: SeededRandom): Uint8Array {
  const pieces = Array.from({ length: random.below(12) }, () => {
    if (random.chance(0.08)) return Uint8Array.of(0x80 + random.below(128))
    if (random.chance(0.08)) return Uint8Array.of(10)
    return new TextEncoder().encode(CHARACTERS[random.below(CHARACTERS.length)])
  })
  return random.chance(0.5)
    ? Uint8Array.from(Buffer.concat(pieces))
    : Uint8Array.from(Buffer.concat(pieces.filter(([byte]) => byte < 0x80)))
}

function codesOf(bytes: Uint8Array): number[] {
  const codes: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at, bytes.length)
    codes.push(length === 0 ? BAD_BYTE : codePointAt(bytes, at, length))
    at += length || 1
  }
  return codes
}

// ---- pieces -------------------------------------------------------------------------------------------------

function choice(random: SeededRandom, flags: Flags, depth: number): Piece {
  const pieces = Array.from({ length: random.chance(0.7) ? 1 : 2 + random.below(2) }, () =>
    sequence(random, flags, depth),
  )
  return {
    source: pieces.map(({ source }) => source).join('|'),
    ends: (text, from) => new Set(pieces.flatMap(({ ends }) => [...ends(text, from)])),
  }
}

function sequence(random: SeededRandom, flags: Flags, depth: number): Piece {
  const pieces = Array.from({ length: random.below(5) }, () => repeated(random, flags, depth))
  return {
    source: pieces.map(({ source }) => source).join(''),
    ends: (text, from) =>
      pieces.reduce<ReadonlySet<number>>((places, piece) => allEnds(piece, text, places), new Set([from])),
  }
}

function allEnds({ ends }: Piece, text: readonly number[], places: Iterable<number>): Set<number> {
  return new Set([...places].flatMap((place) => [...ends(text, place)]))
}

const COUNTS: readonly (readonly [string, number, number])[] = [
  ['*', 0, Infinity],
  ['+', 1, Infinity],
  ['?', 0, 1],
  ['{2}', 2, 2],
  ['{1,3}', 1, 3],
  ['{0,2}', 0, 2],
  ['{2,}', 2, Infinity],
]

function repeated(random: SeededRandom, flags: Flags, depth: number): Piece {
  const piece = single(random, flags, depth)
  if (random.chance(0.6)) return piece
  const [count, min, max] = COUNTS[random.below(COUNTS.length)]
  return {
    source: `${piece.source}${count}${random.chance(0.3) ? '?' : ''}`,
    ends(text, from) {
      let places: ReadonlySet<number> = new Set([from])
      for (let round = 0; round < min; round++) places = allEnds(piece, text, places)
      const all = new Set(places)
      for (let round = min; round < max; round++) {
        const size = all.size
        places = allEnds(piece, text, places)
        for (const place of places) all.add(place)
        if (all.size === size) break
      }
      return all
    },
  }
}

function single(random: SeededRandom, flags: Flags, depth: number): Piece {
  if (depth > 0 && random.chance(0.2)) return group(random, flags, depth - 1)
  if (random.chance(0.15)) return place(random, flags)
  if (random.chance(0.1)) return one('.', (code) => flags.dotAll || code !== 10)
  if (random.chance(0.25)) return characterClass(random, flags)
  return character(random, flags)
}

function group(random: SeededRandom, flags: Flags, depth: number): Piece {
  const inner = random.chance(0.3) ? { ...flags, anyCase: !flags.anyCase, lines: random.chance(0.5) } : flags
  const names = `${inner.anyCase ? 'i' : ''}${inner.lines ? 'm' : ''}`
  const others = `${inner.anyCase ? '' : 'i'}${inner.lines ? '' : 'm'}`
  const opening =
    inner === flags ? (random.chance(0.5) ? '(' : '(?:') : `(?${names}${others && `-${others}`}:`
  const { source, ends } = choice(random, inner, depth)
  return { source: `${opening}${source})`, ends }
}

function one(source: string, test: (code: number) => boolean): Piece {
  return {
    source,
    ends: (text, from) => (from < text.length && test(text[from]) ? new Set([from + 1]) : new Set()),
  }
}

const isSame = (code: number, other: number, anyCase: boolean): boolean =>
  code === other ||
  (anyCase &&
    CASES.some(
      (letters) =>
        letters.includes(String.fromCodePoint(code)) && letters.includes(String.fromCodePoint(other)),
    ))

function character(random: SeededRandom, { anyCase }: Flags): Piece {
  const text = CHARACTERS[random.below(CHARACTERS.length)]
  const code = text.codePointAt(0)!
  const spellings = [text, text, text, `\\x{${code.toString(16)}}`, `\\Q${text}\\E`]
  if (META.test(text)) spellings.splice(0, 3, `\\${text}`)
  return one(spellings[random.below(spellings.length)], (other) => isSame(other, code, anyCase))
}

type CodeTest = (code: number) => boolean

const isDigit: CodeTest = (code) => code >= 0x30 && code <= 0x39
const isWord: CodeTest = (code) =>
  isDigit(code) || code === 0x5f || (code < 0x80 && /[A-Za-z]/.test(String.fromCharCode(code)))
const isSpace: CodeTest = (code) => [9, 10, 12, 13, 32].includes(code)
const KINDS: readonly (readonly [string, CodeTest])[] = [
  ['\\d', isDigit],
  ['\\w', isWord],
  ['\\s', isSpace],
  ['[:alpha:]', (code) => isWord(code) && !isDigit(code) && code !== 0x5f],
  ['[:^digit:]', (code) => !isDigit(code)],
  ['a-b', (code) => code === 0x61 || code === 0x62],
  ['A-S', (code) => code >= 0x41 && code <= 0x53],
  ['1', (code) => code === 0x31],
  [']', (code) => code === 0x5d],
  ['é', (code) => code === 0xe9],
  ['\\D', (code) => !isDigit(code)],
  ['\\W', (code) => !isWord(code)],
]

function characterClass(random: SeededRandom, flags: Flags): Piece {
  const isAlone = random.chance(0.3)
  const kinds = Array.from(
    { length: isAlone ? 1 : 1 + random.below(3) },
    () => KINDS[random.below(KINDS.length)],
  )
  // Only the first one may be a bracket.
  const used = kinds.filter(([source], at) => source !== ']' || at === 0)
  const isNegated = random.chance(0.3)
  const holds: CodeTest = (code) => used.some(([source, test]) => isHeld(source, test, code, flags.anyCase))
  if (isAlone && /^\\/.test(used[0][0])) return one(used[0][0], holds)
  const source = used.map(([text]) => text).join('')
  return one(`[${isNegated ? '^' : ''}${source}]`, (code) => holds(code) !== isNegated)
}

/** What is negated within a class is what no case of the character is. */
function isHeld(source: string, test: CodeTest, code: number, anyCase: boolean): boolean {
  if (!anyCase) return test(code)
  const letters =
    CASES.find((cases) => cases.includes(String.fromCodePoint(code))) ?? String.fromCodePoint(code)
  const codes = Array.from(letters, (letter) => letter.codePointAt(0)!)
  return /^\\[DW]|\^/.test(source) ? codes.every(test) : codes.some(test)
}

function place(random: SeededRandom, { lines }: Flags): Piece {
  const isWordAt = (text: readonly number[], at: number) => at >= 0 && at < text.length && isWord(text[at])
  const isEdge = (text: readonly number[], at: number) => isWordAt(text, at - 1) !== isWordAt(text, at)
  const places: readonly (readonly [string, (text: readonly number[], at: number) => boolean])[] = [
    ['^', (text, at) => at === 0 || (lines && text[at - 1] === 10)],
    ['$', (text, at) => at === text.length || (lines && text[at] === 10)],
    ['\\A', (_, at) => at === 0],
    ['\\z', (text, at) => at === text.length],
    ['\\b', isEdge],
    ['\\B', (text, at) => !isEdge(text, at)],
  ]
  const [source, holds] = places[random.below(places.length)]
  return { source, ends: (text, from) => (holds(text, from) ? new Set([from]) : new Set()) }
}
