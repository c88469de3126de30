/**
 * Word edges at places of a template: may a word character stand right before or behind a place, as far as the static
 * text and the facts of slots tell? A place is a segment and an offset in its text; segment n stands before slot n.
 *
 * Invariant: IMPOSSIBLE and SURE hold for every row. A character that may be cut by the end of a segment is UNSURE.
 */
import { wordEnd, wordStart } from '../../record/record.ts'
import { NOT_ASCII_BIT, WORD_BITS } from '../columns/byte-classes.ts'
import type { SlotFacts } from './slot-facts.ts'
import type { Template } from './template.ts'

export type Edge = typeof IMPOSSIBLE | typeof UNSURE | typeof SURE

/** A word character stands there in every row. */
export const IMPOSSIBLE = 0
/** Rows differ, or nobody knows. */
export const UNSURE = 1
/** No word character stands there in any row. */
export const SURE = 2

const CHARACTER_BYTES_MAX = 4

export function segmentStart({ slots }: Template, segment: number): number {
  return segment === 0 ? 0 : slots[segment - 1]
}

export function segmentEnd({ text, slots }: Template, segment: number): number {
  return segment === slots.length ? text.length : slots[segment]
}

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80

/** Is the place right behind `at` bytes of the segment's text one where no word character ends? */
export function edgeBefore(template: Template, facts: SlotFacts, segment: number, at: number): Edge {
  const { text } = template
  const start = segmentStart(template, segment)
  const place = start + at
  for (let from = place - 1; from >= start && from >= place - CHARACTER_BYTES_MAX; from--) {
    if (isContinuation(text[from])) continue
    return wordEnd(text, from, place) === place ? IMPOSSIBLE : SURE
  }
  if (at >= CHARACTER_BYTES_MAX || segment === 0) return SURE
  return at > 0 ? cutCharacterEdge(facts, segment - 1) : slotEdge(facts, segment - 1)
}

/** Is the place right behind `at` bytes of the segment's text one where no word character begins? */
export function edgeBehind(template: Template, facts: SlotFacts, segment: number, at: number): Edge {
  const { text, slots } = template
  const place = segmentStart(template, segment) + at
  const end = segmentEnd(template, segment)
  if (place < end) {
    const placeEnd = place + sequenceLength(text[place])
    if (placeEnd <= end) return wordStart(text, place, placeEnd) === place ? IMPOSSIBLE : SURE
    for (let next = place + 1; next < end; next++) if (!isContinuation(text[next])) return SURE
  }
  if (segment === slots.length) return SURE
  return place < end ? cutCharacterEdge(facts, segment) : slotEdge(facts, segment)
}

/** Bytes of the UTF-8 sequence that begins with this byte; 1 where none does. */
function sequenceLength(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 1
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

/** The neighbour is the near end of a slot's value. */
function slotEdge({ classes, lengthMin }: SlotFacts, slot: number): Edge {
  const bits = classes[slot]
  if (lengthMin[slot] === 0 || (bits & NOT_ASCII_BIT) !== 0) return UNSURE
  if ((bits & WORD_BITS) === 0) return SURE
  return isOnlyWord(bits) ? IMPOSSIBLE : UNSURE
}

/** The neighbour is a piece of a character, whose other piece would be in the slot. */
function cutCharacterEdge({ classes, lengthMin }: SlotFacts, slot: number): Edge {
  return lengthMin[slot] > 0 && (classes[slot] & NOT_ASCII_BIT) === 0 ? SURE : UNSURE
}

/** Every byte of these classes is a word character. */
export function isOnlyWord(classes: number): boolean {
  return (classes & ~WORD_BITS) === 0
}

/**
 * The last segment at or before `from` where a text of rows may be cut off: its first byte is in the cut text whatever
 * the row, begins a character, and no place of the needle begins there. So every place of the needle in the cut text
 * has the same character before it as in the row. `fold` is what bytes are compared as.
 */
export function safeStart(template: Template, needle: Uint8Array, fold: Uint8Array, from: number): number {
  let segment = from
  while (segment > 0 && !isSafeStart(template, needle, fold, segment)) segment--
  return segment
}

function isSafeStart(template: Template, needle: Uint8Array, fold: Uint8Array, segment: number): boolean {
  const { text } = template
  const start = segmentStart(template, segment)
  const length = segmentEnd(template, segment) - start
  if (length === 0 || isContinuation(text[start])) return false
  const compared = Math.min(length, needle.length)
  for (let at = 0; at < compared; at++) if (fold[text[start + at]] !== needle[at]) return true
  return false
}

/** The first segment at or behind `to` where the text may end, in the same sense. */
export function safeEnd(template: Template, needle: Uint8Array, fold: Uint8Array, to: number): number {
  const last = template.slots.length
  let segment = to
  while (segment < last && !isSafeEnd(template, needle, fold, segment)) segment++
  return segment
}

function isSafeEnd(template: Template, needle: Uint8Array, fold: Uint8Array, segment: number): boolean {
  const { text } = template
  const start = segmentStart(template, segment)
  const end = segmentEnd(template, segment)
  if (!endsWithCharacter(text, start, end)) return false
  const compared = Math.min(end - start, needle.length)
  for (let back = 1; back <= compared; back++)
    if (fold[text[end - back]] !== needle[needle.length - back]) return true
  return false
}

/** No byte behind `end` can belong to a character that begins before it. */
function endsWithCharacter(text: Uint8Array, start: number, end: number): boolean {
  for (let back = 1; back < CHARACTER_BYTES_MAX; back++) {
    if (end - back < start) return false
    const byte = text[end - back]
    if (!isContinuation(byte)) return sequenceLength(byte) <= back
  }
  return true
}
