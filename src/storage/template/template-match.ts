/**
 * Decides by a template alone whether a needle stands in all of its rows, in none, or perhaps in some; and for these
 * which parts of a row must be rendered to tell.
 *
 *   template   Received block  of size  from      slots [15, 24, 30], named b, n, a here
 *   "of size"     all       within static text, a space on either side
 *   "of size 6"   window    from " of size " to " from ": slot n is digits, and may begin with 6
 *   "67"          windows   one around slot b, one around n, one around a: no place of the needle is in two slots
 *   "of size x"   none      slot n has no letters
 *
 * A walk from left to right keeps how many bytes of the needle may have been seen where a segment or slot ends
 * ("partly seen"), and for each such number the first segment where the needle may have begun. Static text must hold
 * the next bytes exactly; a slot takes bytes of its classes, as many as its values are long.
 *
 * Invariants: 'all' and 'none' hold for every row whose values obey the facts. The needle stands in a row where it stands
 * in the text of one of the windows, whose ends are taken for the ends of the row. Windows ascend and share no slot. A
 * template costs at most the length of the needle times (bytes of static text + slots), and nothing is allocated but
 * windows.
 *
 * Not here: the test of what was rendered.
 */
import { foldOf } from '../../base/base.ts'
import type { TestNeedle } from '../../record/record.ts'
import { classesOfNeedle } from '../columns/byte-classes.ts'
import type { SlotFacts } from './slot-facts.ts'
import type { Template } from './template.ts'
import {
  edgeBefore,
  edgeBehind,
  IMPOSSIBLE,
  isOnlyWord,
  SURE,
  safeEnd,
  safeStart,
  segmentEnd,
  segmentStart,
} from './template-match-edges.ts'
import { StaticRunFilter } from './template-match-filter.ts'

/** Windows: at least one. */
export type TemplateAnswer = 'all' | 'none' | readonly TemplateWindow[]

/**
 * The needle may stand between the beginning of `fromSegment` and the end of `toSegment`. Segment 0 is the text
 * before slot 0, segment n that behind slot n - 1; slots between the two segments belong to the window.
 */
export interface TemplateWindow {
  readonly fromSegment: number
  readonly toSegment: number
}

/** In place of a first segment: so many bytes cannot have been seen. */
const NONE = 0x7fff_ffff

/** Made for one needle, asked about many templates. */
export class TemplateMatcher {
  readonly #needle: TestNeedle
  readonly #bytes: Uint8Array
  readonly #filter: StaticRunFilter
  /** What bytes of rows are compared as. */
  readonly #fold: Uint8Array
  /** By byte of the needle: the bits of its classes, two where either case of a letter will do. */
  readonly #classes: Uint16Array
  /** By length of a prefix of the needle: its longest shorter prefix that is also its end. */
  readonly #borders: Int32Array
  /** By bytes of the needle seen at the end of the last segment or slot: the first segment where it may have begun. */
  #seen: Int32Array
  /** All entries of `#seen` that are not NONE lie between these, inclusive; there are none where `low > high`. */
  #low = NONE
  #high = -1
  /** The next `#seen`, with NONE everywhere between two steps. */
  #spare: Int32Array
  readonly #queue: Int32Array
  /** Of the places found that end in a segment: the first segment where one of them begins. */
  #fromOf = new Int32Array(16)
  /** The last segment where a place found ends. */
  #to = -1

  constructor(needle: TestNeedle) {
    const { bytes, anyCase = false } = needle
    this.#needle = needle
    this.#bytes = bytes
    this.#fold = foldOf(anyCase)
    this.#filter = new StaticRunFilter(bytes, anyCase)
    this.#classes = classesOfNeedle(bytes, anyCase)
    this.#borders = bordersOf(bytes)
    this.#seen = new Int32Array(bytes.length + 1).fill(NONE)
    this.#spare = new Int32Array(bytes.length + 1).fill(NONE)
    this.#queue = new Int32Array(bytes.length + 1)
  }

  ask(template: Template, facts: SlotFacts): TemplateAnswer {
    if (!this.#passesFilter(template, facts)) return 'none'
    this.#forget()
    return this.#needle.isWhole ? this.#askWhole(template, facts) : this.#askPlaces(template, facts)
  }

  #passesFilter({ text, slots }: Template, { classes, lengthMax }: SlotFacts): boolean {
    let bits = 0
    let rowLengthMax = text.length
    for (let slot = 0; slot < slots.length; slot++) {
      bits |= classes[slot]
      rowLengthMax += lengthMax[slot]
    }
    return rowLengthMax >= this.#bytes.length && this.#filter.mayHold(text, bits)
  }

  #see(count: number, from: number): void {
    if (from < this.#seen[count]) this.#seen[count] = from
    if (count < this.#low) this.#low = count
    if (count > this.#high) this.#high = count
  }

  /** `#seen` is cleared, and is the spare one from here on; what was the spare has its entries from `low` to `high`. */
  #turn(low: number, high: number): void {
    const next = this.#spare
    this.#forget()
    this.#spare = this.#seen
    this.#seen = next
    this.#low = low
    this.#high = high
  }

  #forget(): void {
    const seen = this.#seen
    for (let count = this.#low; count <= this.#high; count++) seen[count] = NONE
    this.#low = NONE
    this.#high = -1
  }

  /** The needle is the row: one place, from the first segment to the last. */
  #askWhole(template: Template, facts: SlotFacts): TemplateAnswer {
    const slotCount = template.slots.length
    this.#see(0, 0)
    for (let segment = 0; this.#high >= 0; segment++) {
      this.#passText(template, facts, segment)
      if (segment === slotCount) break
      this.#passSlot(facts, segment)
    }
    if (this.#seen[this.#bytes.length] === NONE) return 'none'
    return slotCount === 0 ? 'all' : [{ fromSegment: 0, toSegment: slotCount }]
  }

  #askPlaces(template: Template, facts: SlotFacts): TemplateAnswer {
    const slotCount = template.slots.length
    if (this.#fromOf.length <= slotCount) this.#fromOf = new Int32Array(slotCount + 1)
    this.#fromOf.fill(NONE, 0, slotCount + 1)
    this.#to = -1
    for (let segment = 0; segment <= slotCount; segment++) {
      if (this.#high >= 0) this.#passText(template, facts, segment)
      if (this.#beginInText(template, facts, segment)) return 'all'
      if (segment < slotCount) this.#slotPlaces(template, facts, segment)
    }
    return this.#to < 0 ? 'none' : this.#windows(template)
  }

  /** Places that share a slot have one window. */
  #windows(template: Template): TemplateWindow[] {
    const { bytes, startsWord, endsWord } = this.#needle
    const windows: TemplateWindow[] = []
    for (let to = 0; to <= this.#to; to++) {
      const from = this.#fromOf[to]
      if (from === NONE) continue
      let fromSegment = startsWord ? safeStart(template, bytes, this.#fold, from) : from
      const toSegment = endsWord ? safeEnd(template, bytes, this.#fold, to) : to
      for (
        let last = windows.at(-1);
        last !== undefined && last.toSegment > fromSegment;
        last = windows.at(-1)
      ) {
        fromSegment = Math.min(fromSegment, last.fromSegment)
        windows.pop()
      }
      windows.push({ fromSegment, toSegment })
    }
    return windows
  }

  #found(from: number, to: number): void {
    if (from < this.#fromOf[to]) this.#fromOf[to] = from
    if (to > this.#to) this.#to = to
  }

  #isEdgeBefore(template: Template, facts: SlotFacts, segment: number, at: number): boolean {
    return !this.#needle.startsWord || edgeBefore(template, facts, segment, at) !== IMPOSSIBLE
  }

  #isEdgeBehind(template: Template, facts: SlotFacts, segment: number, at: number): boolean {
    return !this.#needle.endsWord || edgeBehind(template, facts, segment, at) !== IMPOSSIBLE
  }

  /** What was partly seen goes on in the text of a segment, ends in it, or was none. */
  #passText(template: Template, facts: SlotFacts, segment: number): void {
    const start = segmentStart(template, segment)
    const textLength = segmentEnd(template, segment) - start
    if (textLength === 0) return
    const { isWhole } = this.#needle
    const { length } = this.#bytes
    const seen = this.#seen
    const next = this.#spare
    let low = NONE
    let high = -1
    for (let count = this.#low; count <= this.#high; count++) {
      if (seen[count] === NONE) continue
      const rest = length - count
      if (rest < textLength && isWhole) continue
      if (!this.#isTextAt(template.text, start, count, Math.min(rest, textLength))) continue
      if (rest > textLength || isWhole) {
        high = count + textLength
        if (low === NONE) low = high
        next[high] = seen[count]
      } else if (this.#isEdgeBehind(template, facts, segment, rest)) this.#found(seen[count], segment)
    }
    this.#turn(low, high)
  }

  #isTextAt(text: Uint8Array, start: number, count: number, compared: number): boolean {
    const bytes = this.#bytes
    const fold = this.#fold
    for (let at = 0; at < compared; at++) if (fold[text[start + at]] !== bytes[count + at]) return false
    return true
  }

  /** Places that begin in the text of a segment. True: one of them is in all rows. */
  #beginInText(template: Template, facts: SlotFacts, segment: number): boolean {
    const { text, slots } = template
    const bytes = this.#bytes
    const borders = this.#borders
    const fold = this.#fold
    const { length } = bytes
    const start = segmentStart(template, segment)
    const end = segmentEnd(template, segment)
    const first = bytes[0]
    let count = 0
    for (let at = start; at < end; at++) {
      const byte = fold[text[at]]
      if (count === 0 && byte !== first) continue
      while (count > 0 && bytes[count] !== byte) count = borders[count]
      if (bytes[count] === byte) count++
      if (count === length) {
        if (this.#placeInText(template, facts, segment, at + 1 - start)) return true
        count = borders[count]
      }
    }
    if (segment === slots.length) return false
    for (; count > 0; count = borders[count])
      if (this.#isEdgeBefore(template, facts, segment, end - start - count)) this.#see(count, segment)
    return false
  }

  /** The needle stands in the text of a segment, and ends behind `at` bytes of it. True: in all rows. */
  #placeInText(template: Template, facts: SlotFacts, segment: number, at: number): boolean {
    const { startsWord, endsWord } = this.#needle
    const before = startsWord ? edgeBefore(template, facts, segment, at - this.#bytes.length) : SURE
    const behind = endsWord ? edgeBehind(template, facts, segment, at) : SURE
    if (before === IMPOSSIBLE || behind === IMPOSSIBLE) return false
    this.#found(segment, segment)
    return before === SURE && behind === SURE
  }

  /** Places that begin, end or go on in a slot. */
  #slotPlaces(template: Template, facts: SlotFacts, slot: number): void {
    const { length } = this.#bytes
    const held = this.#heldFrom(facts.classes[slot])
    if (held > 0) {
      const textLength = segmentEnd(template, slot) - segmentStart(template, slot)
      if (this.#isEdgeBefore(template, facts, slot, textLength)) this.#see(0, slot)
    }
    if (this.#high >= 0) {
      this.#endWithinValue(facts, slot)
      this.#passSlot(facts, slot)
      this.#seen[0] = NONE
    }
    if (held > 0) this.#beginWithinValue(facts, slot, Math.min(held, facts.lengthMax[slot] - 1))
    const whole = this.#seen[length]
    if (whole === NONE) return
    this.#seen[length] = NONE
    if (this.#isEdgeBehind(template, facts, slot + 1, 0)) this.#found(whole, slot + 1)
  }

  /** How many bytes the needle begins with that are all of these classes. */
  #heldFrom(slotClasses: number): number {
    const classes = this.#classes
    let at = 0
    while (at < classes.length && (classes[at] & slotClasses) !== 0) at++
    return at
  }

  /** What was partly seen ends in the value, with bytes of the value behind it. */
  #endWithinValue({ classes, lengthMax }: SlotFacts, slot: number): void {
    if (this.#needle.endsWord && isOnlyWord(classes[slot])) return
    const seen = this.#seen
    const { length } = this.#bytes
    const bits = classes[slot]
    const first = Math.max(this.#low, length - lengthMax[slot] + 1)
    for (let count = length - 1; count >= first && (this.#classes[count] & bits) !== 0; count--)
      if (seen[count] !== NONE) this.#found(seen[count], slot + 1)
  }

  /** The needle begins behind the first byte of the value, which can hold up to `held` bytes of it. */
  #beginWithinValue({ classes, lengthMax }: SlotFacts, slot: number, held: number): void {
    const { startsWord, endsWord } = this.#needle
    const { length } = this.#bytes
    const onlyWord = isOnlyWord(classes[slot])
    if (startsWord && onlyWord) return
    for (let count = 1; count <= held; count++) this.#see(count, slot)
    if (held === length && length <= lengthMax[slot] - 2 && !(endsWord && onlyWord))
      this.#found(slot, slot + 1)
  }

  /**
   * What was partly seen goes on over a whole value. The bytes seen before it that lead to one number behind it are a
   * range that only moves on; a queue of them, in ascending order of first segments, has the smallest at its head.
   */
  #passSlot(facts: SlotFacts, slot: number): void {
    const bits = facts.classes[slot]
    const lengthMin = facts.lengthMin[slot]
    const lengthMax = facts.lengthMax[slot]
    const classes = this.#classes
    const seen = this.#seen
    const next = this.#spare
    const queue = this.#queue
    const sourceMax = this.#high
    let head = 0
    let tail = 0
    let heldFrom = this.#low
    let low = NONE
    let high = -1
    for (let count = heldFrom; count < next.length; count++) {
      if (count > heldFrom && (classes[count - 1] & bits) === 0) heldFrom = count
      if (heldFrom > sourceMax || count - lengthMax > sourceMax) break
      const source = count - lengthMin
      if (source >= 0 && seen[source] !== NONE) {
        while (tail > head && seen[queue[tail - 1]] >= seen[source]) tail--
        queue[tail++] = source
      }
      const first = Math.max(heldFrom, count - lengthMax)
      while (head < tail && queue[head] < first) head++
      if (head === tail) continue
      next[count] = seen[queue[head]]
      if (low === NONE) low = count
      high = count
    }
    this.#turn(low, high)
  }
}

function bordersOf(bytes: Uint8Array): Int32Array {
  const borders = new Int32Array(bytes.length + 1)
  let border = 0
  for (let length = 2; length <= bytes.length; length++) {
    while (border > 0 && bytes[border] !== bytes[length - 1]) border = borders[border]
    if (bytes[border] === bytes[length - 1]) border++
    borders[length] = border
  }
  return borders
}
