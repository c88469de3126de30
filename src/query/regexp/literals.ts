/**
 * Texts of which one must stand in whatever a pattern finds, read off its tree, so that most values are turned away by a
 * search for bytes:
 *
 *   took [0-9]+ms             took␣
 *   (Failed|Accepted) pass    Failed␣pass, Accepted␣pass
 *   error|failed|time ?out    error, failed, timeout, time␣out
 *   [0-9]+                    nothing is known
 *
 * Invariant: a text that the pattern finds holds one of the texts of each set, compared as `anyCase` says (case of ASCII
 * letters counts or not), or a letter beyond ASCII that is another case of one (`foreign`): the long s, the Kelvin sign.
 */
import { type ClassNode, type PatternNode, sizeOf } from './tree.ts'

/** One of these texts, never none, or a text with one of the `foreign` letters. Small letters where `anyCase`. */
export interface LiteralSet {
  readonly texts: readonly string[]
  readonly anyCase: boolean
  readonly foreign: readonly string[]
}

export interface Literals {
  /** The best first. */
  readonly required: readonly LiteralSet[]
  /** The pattern finds these, `required[0]`, and nothing else; at the places given alone. */
  readonly whole: WholePlaces | null
}

/** Where a pattern that is only text demands it: at the beginning of a value, at its end, or anywhere. */
export interface WholePlaces {
  readonly begins: boolean
  readonly ends: boolean
}

/** More texts are not looked for at once; where there are several, longer ones are cut. */
const TEXTS_MAX = 16
const TEXT_LENGTH_MAX = 64
const REQUIRED_MAX = 4
/** A class with more characters is not spelled out. */
const CLASS_SIZE_MAX = 8
const REPEATS_MAX = 16

export function literalsOf(node: PatternNode): Literals {
  const { items, ...places } = withoutPlaces(node)
  const runs = new Runs()
  runs.addAll(items)
  const whole = runs.exact()
  if (whole !== null && !whole.texts.includes('')) return { required: [whole], whole: places }
  return { required: runs.best(), whole: null }
}

function withoutPlaces(node: PatternNode): WholePlaces & { items: readonly PatternNode[] } {
  let items = node.kind === 'sequence' ? node.items : [node]
  const isPlace = (item: PatternNode | undefined, place: string): boolean =>
    item?.kind === 'place' && item.place === place
  const begins = isPlace(items[0], 'begin')
  if (begins) items = items.slice(1)
  const ends = isPlace(items.at(-1), 'end')
  return { begins, ends, items: ends ? items.slice(0, -1) : items }
}

/** A piece of the pattern of which all texts are known. Letters in any case are small ones, and `isFolded`. */
interface Exact {
  readonly texts: readonly string[]
  readonly isFolded: boolean
  /** A letter was met of which case counts. */
  readonly isCased: boolean
  /** Letters that may stand in the place of letters: with one of them, it is none of the texts. */
  readonly foreign: readonly string[]
}

const NOTHING: Exact = { texts: [''], isFolded: false, isCased: false, foreign: [] }

/** What stands one behind the other: the piece that is known last, and the best of those before. */
class Runs {
  #run: Exact = NOTHING
  /** Nothing but `#run` was met. */
  #isExact = true
  readonly #found: LiteralSet[] = []

  addAll(items: readonly PatternNode[]): void {
    for (const item of items) this.#add(item)
  }

  /** All texts that match; null where they are not known. */
  exact(): LiteralSet | null {
    const { texts, isFolded, isCased, foreign } = this.#run
    if (!this.#isExact || (isFolded && isCased)) return null
    return { texts, anyCase: isFolded, foreign }
  }

  best(): LiteralSet[] {
    this.#break()
    return this.#found.sort((a, b) => worthOf(b) - worthOf(a)).slice(0, REQUIRED_MAX)
  }

  #add(node: PatternNode): void {
    if (node.kind === 'empty') return
    if (node.kind === 'group') this.#add(node.body)
    else if (node.kind === 'sequence') this.addAll(node.items)
    else if (node.kind === 'choice') this.#addChoice(node.items)
    else if (node.kind === 'class') this.#append(textsOfClass(node))
    else if (node.kind === 'repeat') this.#addRepeat(node)
    // A place takes no room: what stands on both sides of it stands together.
    else this.#isExact = false
  }

  #addChoice(items: readonly PatternNode[]): void {
    const branches = items.map(runsOf)
    const exact = branches.map((branch) => branch.#exactRun())
    const union = exact.every((one) => one !== null) ? unionOf(exact) : null
    if (union !== null) {
      this.#append(union)
      return
    }
    this.#append(null)
    const best = branches.map((branch) => branch.best()[0])
    const anyCase = best.some((one) => one?.anyCase === true)
    const texts = best.flatMap((one) => one?.texts ?? [])
    if (best.every((one) => one !== undefined) && texts.length <= TEXTS_MAX)
      this.#found.push({
        texts: anyCase ? distinctInSmallLetters(texts) : distinct(texts),
        anyCase,
        foreign: distinct(best.flatMap((one) => one?.foreign ?? [])),
      })
  }

  #exactRun(): Exact | null {
    return this.#isExact ? this.#run : null
  }

  #addRepeat({ body, min, max }: Extract<PatternNode, { kind: 'repeat' }>): void {
    if (max === 0) return
    if (min === 0 && max === 1) {
      const exact = runsOf(body).#exactRun()
      this.#append(exact === null ? null : unionOf([exact, NOTHING]))
      return
    }
    if (min === 0) {
      this.#append(null)
      return
    }
    const exact = runsOf(body).#exactRun()
    if (exact === null) this.#add(body)
    else for (let count = 0; count < Math.min(min, REPEATS_MAX); count++) this.#append(exact)
    if (exact === null || max > min || min > REPEATS_MAX) this.#append(null)
  }

  /** What follows is one of these texts; null: anything. */
  #append(next: Exact | null): void {
    if (next === null) {
      this.#isExact = false
      this.#break()
      return
    }
    const texts = distinct(this.#run.texts.flatMap((text) => next.texts.map((more) => text + more)))
    const isTooMuch =
      texts.length > TEXTS_MAX || (texts.length > 1 && texts.some(({ length }) => length > TEXT_LENGTH_MAX))
    if (isTooMuch && this.#run !== NOTHING) {
      this.#isExact = false
      this.#break()
      this.#append(next)
      return
    }
    this.#run = {
      texts,
      isFolded: this.#run.isFolded || next.isFolded,
      isCased: this.#run.isCased || next.isCased,
      foreign: distinct([...this.#run.foreign, ...next.foreign]),
    }
  }

  /** What follows does not stand right behind. */
  #break(): void {
    const { texts, isFolded, foreign } = this.#run
    this.#run = NOTHING
    if (texts.includes('')) return
    const found = isFolded ? distinctInSmallLetters(texts) : distinct(texts)
    this.#found.push({ texts: found, anyCase: isFolded, foreign })
  }
}

function runsOf(node: PatternNode): Runs {
  const runs = new Runs()
  runs.addAll([node])
  return runs
}

/** Null where they are too many. */
function unionOf(exacts: readonly Exact[]): Exact | null {
  const texts = distinct(exacts.flatMap((exact) => exact.texts))
  if (texts.length > TEXTS_MAX) return null
  return {
    texts,
    isFolded: exacts.some(({ isFolded }) => isFolded),
    isCased: exacts.some(({ isCased }) => isCased),
    foreign: distinct(exacts.flatMap(({ foreign }) => foreign)),
  }
}

function distinct(texts: readonly string[]): readonly string[] {
  // To look at a text that grows character by character takes time each time.
  return texts.length < 2 ? texts : [...new Set(texts)]
}

/** ASCII letters alone are made small. */
function distinctInSmallLetters(texts: readonly string[]): readonly string[] {
  return distinct(texts.map((text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())))
}

/** Any byte that is not UTF-8 is found by it. */
const REPLACEMENT = 0xfffd

/** Null where they are too many, or not known. */
function textsOfClass(node: ClassNode): Exact | null {
  const size = sizeOf(node)
  if (node.isOpaque || size === 0 || size > CLASS_SIZE_MAX) return null
  const codes: number[] = []
  for (let at = 0; at < node.ranges.length; at += 2)
    for (let code = node.ranges[at]; code <= node.ranges[at + 1]; code++) codes.push(code)
  if (codes.includes(REPLACEMENT)) return null
  const characters = codes.map((code) => String.fromCodePoint(code))
  const isFolded = characters.some((letter) => isLetter(letter) && characters.includes(otherCase(letter)))
  if (!isFolded) return { texts: characters, isFolded, isCased: characters.some(isLetter), foreign: [] }
  const small = distinctInSmallLetters(characters)
  const foreign = FOREIGN.filter(([letter, other]) => small.includes(letter) && small.includes(other))
  const others = foreign.map(([, other]) => other)
  return {
    texts: small.filter((letter) => !others.includes(letter)),
    isFolded,
    isCased: characters.some((letter) => isLetter(letter) && !characters.includes(otherCase(letter))),
    foreign: others,
  }
}

/** Letters with a case beyond ASCII: the long s, and the Kelvin sign. */
const FOREIGN: readonly (readonly [string, string])[] = [
  ['s', '\u017f'],
  ['k', '\u212a'],
]

const isLetter = (character: string): boolean => /^[A-Za-z]$/.test(character)
const otherCase = (letter: string): string => String.fromCharCode(letter.charCodeAt(0) ^ 0x20)

/** Long texts are worth more than few: the shortest one is found by chance most often. */
function worthOf({ texts }: LiteralSet): number {
  const length = texts.reduce((least, text) => Math.min(least, text.length), Infinity)
  return Math.min(length, 16) * 4 - texts.length
}
