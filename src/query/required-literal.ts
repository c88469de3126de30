/**
 * A text that must stand in every value that a regular expression finds, read off the pattern's top level without
 * running it, so that most values are turned away by a search for bytes. Careful before clever: what it does not
 * understand (alternatives, flags within, unusual escapes) gives null.
 */
export interface RequiredLiteral {
  readonly text: string
  /** ASCII letters may stand in any case. */
  readonly anyCase: boolean
  /** The pattern is this text and nothing else. */
  readonly isWhole: boolean
}

const LEADING_FLAGS = /^\(\?([ims]+)\)/
const REPEAT = /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y
const GROUP_OPENING = /\((?:\?(?::|P?<[A-Za-z_]\w*>))?(?!\?)/y
/** Escapes that stand for one of many characters, or for a place. */
const CLASS_OR_PLACE = 'dDwWsSbBAz'
const PLAIN_ESCAPE = /[^\p{L}\p{Nd}]/u
const ASCII = /^[\0-\x7f]$/

export function requiredLiteral(pattern: string): RequiredLiteral | null {
  const flags = LEADING_FLAGS.exec(pattern)
  const anyCase = flags?.[1].includes('i') === true
  const body = pattern.slice(flags?.[0].length ?? 0)
  const pieces = topLevelPieces(body)
  if (pieces === null) return null
  const usable = anyCase ? pieces.flatMap(asciiRuns) : pieces
  const longest = usable.reduce((best, piece) => (piece.length > best.length ? piece : best), '')
  // U+FFFD in a pattern finds every byte that is not UTF-8.
  if (longest === '' || longest.includes('\ufffd')) return null
  return { text: longest, anyCase, isWhole: longest === wholeText(body) }
}

function asciiRuns(piece: string): string[] {
  return piece.split(/[^\0-\x7f]+/)
}

/** The text that the pattern is, or null when it is more than text. */
function wholeText(body: string): string | null {
  let text = ''
  for (let at = 0; at < body.length; ) {
    const literal = readLiteral(body, at)
    if (literal === null || repeatEnd(body, literal.end) > literal.end) return null
    text += literal.text
    at = literal.end
  }
  return text
}

/** Runs of characters that follow each other in every match; null when the pattern is not understood. */
function topLevelPieces(body: string): string[] | null {
  const pieces: string[] = []
  let piece = ''
  const endPiece = () => {
    pieces.push(piece)
    piece = ''
  }
  for (let at = 0; at < body.length; ) {
    const literal = readLiteral(body, at)
    const end = literal?.end ?? otherEnd(body, at)
    if (end < 0) return null
    const afterRepeat = repeatEnd(body, end)
    const isOnce = afterRepeat === end
    if (literal !== null && isOnce) piece += literal.text
    else endPiece()
    at = afterRepeat
  }
  endPiece()
  return pieces
}

/** One character that stands for itself, with where it ends, or null. */
function readLiteral(body: string, at: number): { text: string; end: number } | null {
  const character = String.fromCodePoint(body.codePointAt(at)!)
  if (character !== '\\') {
    return '.[]()|^$*+?{'.includes(character) ? null : { text: character, end: at + character.length }
  }
  const escaped = body.codePointAt(at + 1)
  if (escaped === undefined) return null
  const text = String.fromCodePoint(escaped)
  return PLAIN_ESCAPE.test(text) && ASCII.test(text) ? { text, end: at + 2 } : null
}

/** Where a class, a group, a place or an escape ends, or -1 when it is not understood. */
function otherEnd(body: string, at: number): number {
  const character = body[at]
  if ('.^$]'.includes(character)) return at + 1
  if (character === '[') return classEnd(body, at)
  if (character === '(') return groupEnd(body, at)
  const isKnownEscape = character === '\\' && at + 1 < body.length && CLASS_OR_PLACE.includes(body[at + 1])
  return isKnownEscape ? at + 2 : -1
}

function repeatEnd(body: string, at: number): number {
  REPEAT.lastIndex = at
  return REPEAT.test(body) ? REPEAT.lastIndex : at
}

function classEnd(body: string, start: number): number {
  let at = start + 1
  if (body[at] === '^') at++
  if (body[at] === ']') at++
  for (; at < body.length; at++) {
    if (body[at] === '\\') at++
    else if (body.startsWith('[:', at))
      at = body.indexOf(':]', at) < 0 ? body.length : body.indexOf(':]', at) + 1
    else if (body[at] === ']') return at + 1
  }
  return -1
}

function groupEnd(body: string, start: number): number {
  let depth = 0
  for (let at = start; at < body.length; at++) {
    const character = body[at]
    if (character === '\\') {
      if ('QE'.includes(body[at + 1])) return -1
      at++
    } else if (character === '[') {
      const end = classEnd(body, at)
      if (end < 0) return -1
      at = end - 1
    } else if (character === '(') {
      GROUP_OPENING.lastIndex = at
      if (!GROUP_OPENING.test(body)) return -1
      depth++
    } else if (character === ')' && --depth === 0) return at + 1
  }
  return -1
}
