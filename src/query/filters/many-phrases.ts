/**
 * Which of many phrases stand in a value, in one pass over it however many they are. A phrase that holds a word can
 * only stand where that word does, as a word of the value: each goes by its longest word. Phrases without a word, or with
 * bytes that are not UTF-8, are searched for one by one.
 */
import { encodeText, sequenceLength } from '../values/text.ts'
import { isWordAt, isWordCode } from '../values/words.ts'
import { PhraseSearch } from './phrase-search.ts'

interface Placed {
  readonly search: PhraseSearch
  /** Bytes of the phrase before its word. */
  readonly before: number
  readonly wordLength: number
  readonly number: number
}

export class ManyPhrases {
  /** Different ones, none of them empty. */
  readonly count: number
  readonly #byWord = new Map<number, Placed[]>()
  /** By the lowest bits of hashes: some word has one like that. */
  readonly #mayBeWord = new Uint8Array(HASHES)
  readonly #wordless: { readonly search: PhraseSearch; readonly number: number }[] = []
  /** By phrase: the last value in which it stood. */
  readonly #seenIn: Uint32Array
  #valueNumber = 0

  constructor(phrases: readonly string[]) {
    const distinct = [...new Set(phrases)].filter((phrase) => phrase !== '')
    this.count = distinct.length
    this.#seenIn = new Uint32Array(distinct.length)
    for (const [number, phrase] of distinct.entries()) this.#add(phrase, number)
  }

  #add(phrase: string, number: number): void {
    const bytes = encodeText(phrase)
    let longest = { start: 0, end: 0, hash: 0 }
    forEachWord(bytes, 0, bytes.length, (start, end, hash) => {
      if (end - start > longest.end - longest.start) longest = { start, end, hash }
      return false
    })
    const search = new PhraseSearch(phrase)
    const wordLength = longest.end - longest.start
    if (wordLength === 0 || HAS_BYTES.test(phrase)) {
      this.#wordless.push({ search, number })
      return
    }
    const placed = { search, before: longest.start, wordLength, number }
    this.#mayBeWord[longest.hash & (HASHES - 1)] = 1
    const others = this.#byWord.get(longest.hash)
    if (others === undefined) this.#byWord.set(longest.hash, [placed])
    else others.push(placed)
  }

  /** At least `wanted` different ones stand in the value. */
  hasAtLeast(wanted: number, data: Uint8Array, start: number, end: number): boolean {
    this.#beginValue()
    let found = 0
    for (const { search, number } of this.#wordless) {
      if (search.indexIn(data, start, start, end) >= 0 && this.#isNew(number) && ++found >= wanted)
        return true
    }
    const mayBeWord = this.#mayBeWord
    return forEachWord(data, start, end, (wordStart, wordEnd, hash) => {
      if (mayBeWord[hash & (HASHES - 1)] === 0) return false
      for (const { search, before, wordLength, number } of this.#byWord.get(hash) ?? []) {
        if (wordEnd - wordStart !== wordLength || !search.isAt(data, wordStart - before, start, end)) continue
        if (this.#isNew(number) && ++found >= wanted) return true
      }
      return false
    })
  }

  #beginValue(): void {
    this.#valueNumber++
    if (this.#valueNumber <= 0xffff_ffff) return
    this.#seenIn.fill(0)
    this.#valueNumber = 1
  }

  #isNew(number: number): boolean {
    const isNew = this.#seenIn[number] !== this.#valueNumber
    this.#seenIn[number] = this.#valueNumber
    return isNew
  }
}

/** A byte that is not UTF-8 may be a piece of a letter in the value, which makes the word longer there. */
const HAS_BYTES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

const HASHES = 1 << 16
const HASH_START = 0x811c9dc5
const HASH_FACTOR = 0x01000193

const ASCII_END = 0x80
const ASCII_WORDS = Uint8Array.from({ length: ASCII_END }, (_, code) => (isWordCode(code) ? 1 : 0))

/** Calls `visit` with every word until it says true; whether it did. */
function forEachWord(
  data: Uint8Array,
  start: number,
  end: number,
  visit: (start: number, end: number, hash: number) => boolean,
): boolean {
  for (let at = start; at < end; ) {
    const first = wordBytesAt(data, at, end)
    if (first === 0) {
      at += data[at] < ASCII_END ? 1 : Math.max(1, sequenceLength(data, at, end))
      continue
    }
    const wordStart = at
    let hash = HASH_START
    for (let bytes = first; bytes > 0; bytes = wordBytesAt(data, at, end)) {
      for (const next = at + bytes; at < next; at++) hash = Math.imul(hash ^ data[at], HASH_FACTOR)
    }
    if (visit(wordStart, at, hash)) return true
  }
  return false
}

/** Bytes of the word character at `at`, 0 where none is. */
function wordBytesAt(data: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0
  const byte = data[at]
  if (byte < ASCII_END) return ASCII_WORDS[byte]
  return isWordAt(data, at, end) ? sequenceLength(data, at, end) : 0
}
