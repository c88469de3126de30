/** Where the placeholders of patterns begin and end in a value. */
import { NumberFinder } from '../values/collapse-nums.ts'
import { sequenceLength } from '../values/text.ts'
import { isWordAt, isWordBefore } from '../values/words.ts'

/** Adds the ends of what begins at `at`; there may be none, or several. */
type Ends = (places: ValuePlaces, at: number, ends: number[]) => void

export const PATTERN_PLACES: Readonly<Record<string, Ends>> = {
  '<N>': (places, at, ends) => {
    for (const begin of places.isMinus(at) ? [at, at + 1] : [at]) {
      const end = places.numberEnd(begin)
      if (end >= 0) ends.push(end)
    }
  },
  '<IP4>': (places, at, ends) => places.addJoined(at, 4, '.', ends),
  '<UUID>': (places, at, ends) => places.addJoined(at, 5, '-', ends),
  '<DATE>': addDate,
  '<TIME>': addTime,
  '<DATETIME>': (places, at, ends) => {
    const dates: number[] = []
    addDate(places, at, dates)
    const times: number[] = []
    for (const end of dates) if (places.isCode(end, 'T ')) addTime(places, end + 1, times)
    for (const end of times) addZone(places, end, ends)
  },
  '<W>': (places, at, ends) => {
    const word = places.wordEnd(at)
    if (word >= 0) ends.push(word)
    const quoted = places.quotedEnd(at)
    if (quoted >= 0) ends.push(quoted)
  },
}

function addDate(places: ValuePlaces, at: number, ends: number[]): void {
  places.addJoined(at, 3, '-', ends)
  places.addJoined(at, 3, '/', ends)
}

function addTime(places: ValuePlaces, at: number, ends: number[]): void {
  const times: number[] = []
  places.addJoined(at, 3, ':', times)
  for (const end of times) {
    ends.push(end)
    const fraction = Math.max(places.fractionEnd(end, '.'), places.fractionEnd(end, ','))
    if (fraction >= 0) ends.push(fraction)
  }
}

/** None, `Z`, `+02:00`, `+0200`. */
function addZone(places: ValuePlaces, at: number, ends: number[]): void {
  ends.push(at)
  if (places.isCode(at, 'Z')) ends.push(at + 1)
  if (!places.isCode(at, '+-')) return
  const hours = places.numberEnd(at + 1)
  if (hours < 0) return
  ends.push(hours)
  const minutes = places.fractionEnd(hours, ':')
  if (minutes >= 0) ends.push(minutes)
}

const WORD_PLACEHOLDER = '<W>'
/** By byte: a number, its sign, or a placeholder that stands for one may begin with it. */
const BEGINS_NUMBER = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9a-fA-F<-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
const NO_PLACE = -1
const NOTHING = new Uint8Array(0)
const NUMBER_SHOWN = '<N>'
const BACKSLASH = 0x5c
const QUOTES = '"\'`'

export class ValuePlaces {
  #data: Uint8Array = NOTHING
  #start = 0
  #end = 0
  /** By place in the value: the end of the number that begins there, or 0. Good when `#isNumbered`. */
  #numberEnds = new Int32Array(256)
  #isNumbered = false
  readonly #finder = new NumberFinder()
  /** By quotation mark: the place of the one that closes a text that goes on at a place. */
  readonly #closings = new Map<number, Int32Array>()

  /** The value that is asked from here on. */
  begin(data: Uint8Array, start: number, end: number): void {
    this.#data = data
    this.#start = start
    this.#end = end
    this.#isNumbered = false
    this.#closings.clear()
  }

  /** Where the placeholder ends that begins at one of the places, ascending; null is every place. */
  endsOf(placeholder: string, places: readonly number[] | null): number[] {
    const addEnds = PATTERN_PLACES[placeholder]
    const isOfNumbers = placeholder !== WORD_PLACEHOLDER
    const ends: number[] = []
    const count = places === null ? this.#end - this.#start : places.length
    for (let index = 0; index < count; index++) {
      const at = places === null ? this.#start + index : places[index]
      if (at >= this.#end || (isOfNumbers && BEGINS_NUMBER[this.#data[at]] === 0)) continue
      addEnds(this, at, ends)
      if (this.#isText(placeholder, at)) ends.push(at + placeholder.length)
    }
    return ends.length < 2 ? ends : ascending(ends)
  }

  isCode(at: number, characters: string): boolean {
    return at < this.#end && characters.includes(String.fromCharCode(this.#data[at]))
  }

  /** A minus that no word stands before. */
  isMinus(at: number): boolean {
    return this.isCode(at, '-') && !isWordBefore(this.#data, at, this.#start)
  }

  /** The end of the number that begins there, or -1. A text in which it was replaced has one, too. */
  numberEnd(at: number): number {
    if (!this.#isNumbered) this.#findNumbers()
    const end = at < this.#end ? this.#numberEnds[at - this.#start] : 0
    if (end > 0) return end
    return this.#isText(NUMBER_SHOWN, at) ? at + NUMBER_SHOWN.length : NO_PLACE
  }

  #findNumbers(): void {
    const length = this.#end - this.#start
    if (this.#numberEnds.length < length) this.#numberEnds = new Int32Array(2 * length)
    else this.#numberEnds.fill(0, 0, length)
    const finder = this.#finder
    for (finder.begin(this.#data, this.#start, this.#end); finder.next(); )
      this.#numberEnds[finder.start - this.#start] = finder.end
    this.#isNumbered = true
  }

  /** The end of the number behind a sign at `at`, or -1. */
  fractionEnd(at: number, sign: string): number {
    return this.isCode(at, sign) ? this.numberEnd(at + 1) : NO_PLACE
  }

  /** So many numbers with the sign between them. */
  addJoined(at: number, count: number, sign: string, ends: number[]): void {
    let end = this.numberEnd(at)
    for (let joined = 1; joined < count && end >= 0; joined++) end = this.fractionEnd(end, sign)
    if (end >= 0) ends.push(end)
  }

  wordEnd(at: number): number {
    if (!isWordAt(this.#data, at, this.#end) || isWordBefore(this.#data, at, this.#start)) return NO_PLACE
    let end = at
    while (isWordAt(this.#data, end, this.#end)) end += sequenceLength(this.#data, end, this.#end)
    return end
  }

  /** Behind the mark that closes the text in quotation marks that opens there, or -1. */
  quotedEnd(at: number): number {
    if (!this.isCode(at, QUOTES)) return NO_PLACE
    const mark = this.#data[at]
    let closings = this.#closings.get(mark)
    if (closings === undefined) {
      closings = this.#closingsOf(mark)
      this.#closings.set(mark, closings)
    }
    const closing = closings[at + 1 - this.#start]
    return closing < 0 ? NO_PLACE : closing + 1
  }

  /** From the end to the beginning, each place once: a text full of open marks costs no more than another. */
  #closingsOf(mark: number): Int32Array {
    const length = this.#end - this.#start
    const closings = new Int32Array(length + 2).fill(NO_PLACE)
    for (let index = length - 1; index >= 0; index--) {
      const byte = this.#data[this.#start + index]
      if (byte === mark) closings[index] = this.#start + index
      else closings[index] = byte === BACKSLASH ? closings[index + 2] : closings[index + 1]
    }
    return closings
  }

  #isText(text: string, at: number): boolean {
    if (at + text.length > this.#end) return false
    for (let index = 0; index < text.length; index++)
      if (this.#data[at + index] !== text.charCodeAt(index)) return false
    return true
  }
}

/** Each place once. */
function ascending(places: number[]): number[] {
  return places.sort((a, b) => a - b).filter((place, index) => index === 0 || place !== places[index - 1])
}
