/** Errors in queries, shown under the query. */
import type { CodedError } from '../../base/base.ts'

const LINE_COLUMNS_MAX = 100
const COLUMNS_BEFORE_MAX = 60
/** Characters that take two columns of a terminal: Hangul, kana, Chinese characters, full-width forms, emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/**
 * The line of the query that is wrong, carets under the place, and the message; the message alone when the error has
 * no place. Safe on a terminal, whatever the query holds.
 *
 *   level:error | lmit 5
 *                 ^^^^
 *   there is no pipe `lmit`; did you mean `limit`?
 */
export function caretMessage(text: string, error: CodedError): string {
  const { offset, length } = error.details
  if (typeof offset !== 'number' || typeof length !== 'number' || offset > text.length) return error.message
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const lineEnd = text.indexOf('\n', offset) < 0 ? text.length : text.indexOf('\n', offset)
  const before = shownCharacters(text.slice(lineStart, offset))
  const marked = shownCharacters(text.slice(offset, Math.min(offset + length, lineEnd)))
  const after = shownCharacters(text.slice(Math.min(offset + length, lineEnd), lineEnd))
  const cut = before.length > COLUMNS_BEFORE_MAX ? ['…', ...before.slice(-COLUMNS_BEFORE_MAX)] : before
  const line = [...cut, ...marked, ...after]
  const shown = line.length > LINE_COLUMNS_MAX ? [...line.slice(0, LINE_COLUMNS_MAX), '…'] : line
  const carets = Math.max(1, Math.min(columnsOf(marked), LINE_COLUMNS_MAX - cut.length))
  return [shown.join(''), ' '.repeat(columnsOf(cut)) + '^'.repeat(carets), error.message].join('\n')
}

function shownCharacters(text: string): string[] {
  return Array.from(text, (character) => (UNSHOWN.test(character) ? '·' : character))
}

function columnsOf(characters: readonly string[]): number {
  return characters.reduce((columns, character) => columns + (WIDE.test(character) ? 2 : 1), 0)
}
