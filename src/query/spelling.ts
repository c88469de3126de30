/** How filters and pipes write names and phrases, so that the parser reads the same back. */
import { quote } from './quoting.ts'
import { RESERVED_WORDS } from './reserved-words.ts'
import { MESSAGE_FIELD } from './special-fields.ts'

const BARE = /^[\p{L}\p{Nd}_.]+$/u

/** A phrase, without quotes where it is one word that means nothing else. */
export function phraseText(phrase: string): string {
  return BARE.test(phrase) && !RESERVED_WORDS.has(phrase.toLowerCase()) ? phrase : quote(phrase)
}

/** `name:` before a filter; nothing for the message. */
export function fieldPrefix(field: string): string {
  return field === MESSAGE_FIELD ? '' : `${phraseText(field)}:`
}
