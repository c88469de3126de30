/**
 * logfmt (`level=info msg="it is done" took=5ms`) to names and texts and back. Every text is logfmt: what is no pair of
 * a name and a value is passed over. Linear.
 */

import { quotedEnd, unquote } from '../syntax/quoting.ts'
import { jsonString } from './json-text.ts'
import type { NamedTexts } from './named-texts.ts'

const QUOTES = '"\'`'
const SPACE = 0x20
const EQUALS = 0x3d

export function readLogfmt(text: string): NamedTexts {
  const pairs: NamedTexts = { names: [], texts: [] }
  for (let at = 0; at < text.length; ) {
    const start = skipSpace(text, at)
    const nameEnd = endOfName(text, start)
    if (nameEnd < text.length && text.charCodeAt(nameEnd) === EQUALS) {
      at = readValue(text, nameEnd + 1, pairs)
      if (nameEnd > start) pairs.names.push(text.slice(start, nameEnd))
      else pairs.texts.pop()
    } else at = nameEnd
  }
  return pairs
}

/** Adds the value that starts at `at`; where it ends. */
function readValue(text: string, at: number, pairs: NamedTexts): number {
  const quotedTo = at < text.length && QUOTES.includes(text[at]) ? quotedEnd(text, at) : -1
  // A quotation mark that does not close what opens at the value's start is a character like others.
  if (quotedTo > 0 && (quotedTo === text.length || text.charCodeAt(quotedTo) <= SPACE)) {
    const { text: value, problem } = unquote(text.slice(at, quotedTo))
    pairs.texts.push(problem === null ? value : text.slice(at + 1, quotedTo - 1))
    return quotedTo
  }
  const end = endOfWord(text, at)
  pairs.texts.push(text.slice(at, end))
  return end
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && text.charCodeAt(at) <= SPACE) at++
  return at
}

/** Where a space, an equals sign or the text ends it. */
function endOfName(text: string, start: number): number {
  let at = start
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code <= SPACE || code === EQUALS) break
  }
  return at
}

/** Where a space or the text ends it. */
function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length && text.charCodeAt(at) > SPACE) at++
  return at
}

const NOT_IN_NAMES = /[\p{Cc}\s="]/gu
const TO_QUOTE = /^['`]|[\p{Cc}\s"]/u

/** A name that `readLogfmt` reads as one. */
export function logfmtName(name: string): string {
  return name.replace(NOT_IN_NAMES, '_')
}

/** In quotes where it has to be. */
export function logfmtValue(text: string): string {
  return TO_QUOTE.test(text) ? jsonString(text) : text
}
