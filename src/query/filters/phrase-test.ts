/**
 * The search that words, phrases, prefixes and their any-case forms share: the text stands in the value, and where the
 * text begins or ends with a word character, a word begins or ends there.
 */
import { type Accept, Needle } from '../../base/portable.ts'
import type { TestNeedle, ValueTest } from '../../record/record.ts'
import { FoldedText, foldBytes, hasAsciiLetter, isAscii } from '../values/folding.ts'
import { encodeText } from '../values/text.ts'
import { isWordAt, isWordBefore } from '../values/words.ts'
import { COST_FOLDED_SEARCH, COST_SEARCH } from './kind.ts'

export interface PhraseTestOptions {
  /** The word at the end may go on. */
  readonly isPrefix: boolean
  readonly anyCase: boolean
}

export function phraseTest(phrase: string, options: PhraseTestOptions): ValueTest {
  const bytes = encodeText(phrase)
  if (bytes.length === 0) return emptyPhraseTest(options.isPrefix)
  if (options.anyCase && !isAscii(bytes, 0, bytes.length)) return foldedTest(foldBytes(bytes), options)
  const needle = new Needle(bytes, options.anyCase)
  const anyCase = options.anyCase && hasAsciiLetter(phrase)
  const declared = { ...edgesOf(needle.bytes, options.isPrefix), ...SEARCHED, ...(anyCase && { anyCase }) }
  return { cost: COST_SEARCH, test: boundedSearch(needle, options.isPrefix), needles: [declared] }
}

/** The search for the needle is all that the test is. */
const SEARCHED = { isWhole: false, decides: true } as const

function edgesOf(
  bytes: Uint8Array,
  isPrefix: boolean,
): Pick<TestNeedle, 'bytes' | 'startsWord' | 'endsWord'> {
  return {
    bytes,
    startsWord: isWordAt(bytes, 0, bytes.length),
    endsWord: !isPrefix && isWordBefore(bytes, bytes.length, 0),
  }
}

/** An empty phrase is an empty value; every value that is not empty begins with an empty prefix. */
function emptyPhraseTest(isPrefix: boolean): ValueTest {
  const characters = isPrefix ? { min: 1, max: Infinity } : { min: 0, max: 0 }
  return { cost: 1, characters, test: (_data, start, end) => end > start === isPrefix }
}

function foldedTest(folded: Uint8Array, options: PhraseTestOptions): ValueTest {
  const search = boundedSearch(new Needle(folded), options.isPrefix)
  const value = new FoldedText()
  return {
    cost: COST_FOLDED_SEARCH,
    test(data, start, end) {
      if (isAscii(data, start, end)) return false
      value.fold(data, start, end)
      return search(value.bytes, 0, value.length)
    },
  }
}

function boundedSearch(needle: Needle, isPrefix: boolean): ValueTest['test'] {
  const { bytes, startsWord, endsWord } = edgesOf(needle.bytes, isPrefix)
  const isBounded: Accept = (data, position, start, end) => {
    if (startsWord && isWordBefore(data, position, start)) return false
    return !endsWord || !isWordAt(data, position + bytes.length, end)
  }
  return (data, start, end) => needle.indexIn(data, start, end, isBounded) >= 0
}
