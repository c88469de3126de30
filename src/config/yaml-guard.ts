/**
 * Checks a YAML text before the YAML parser sees it: size, control characters, depth, and what LogCaster's
 * files do not use (anchors, aliases, tags, several documents). One pass over the lexer's tokens, which are
 * cheap whatever the text says; the parser's own cost grows with depth until it takes the process with it.
 * Not a parser.
 */
import { Lexer } from 'yaml'

const FILE_BYTES_MAX = 1024 * 1024
const DEPTH_MAX = 32
const INDENT_MAX = 128

export interface Finding {
  readonly what: string
  readonly hint?: string
  /** Where in the text; null when it is the text as a whole. */
  readonly offset: number | null
}

const CONTROL_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/

/** What is wrong, or null when the text may go to the parser. At most one finding: the first. */
export function checkYaml(text: string): Finding | null {
  if (text.length > FILE_BYTES_MAX || Buffer.byteLength(text) > FILE_BYTES_MAX) {
    return { what: 'is larger than 1MiB, the most that is read', hint: 'is it the right file?', offset: null }
  }
  const control = CONTROL_CHARACTER.exec(text)
  if (control !== null) {
    return { what: 'a control character', hint: 'is it a text file in UTF-8?', offset: control.index }
  }
  return checkTokens(text)
}

/** Marks that the lexer puts between tokens and that are no part of the text. */
const DOCUMENT_MARK = '\x02'
const FLOW_ERROR_MARK = '\x18'
const SCALAR_MARK = '\x1f'

interface Token {
  readonly text: string
  readonly offset: number
}

/** The tokens that make structure, not texts; each document begins with one DOCUMENT_MARK. */
function* structureOf(source: string): Generator<Token> {
  let offset = 0
  let before = ''
  for (const text of new Lexer().lex(source)) {
    const isMark = text === DOCUMENT_MARK || text === FLOW_ERROR_MARK || text === SCALAR_MARK
    if (text === '---' && before !== DOCUMENT_MARK) yield { text: DOCUMENT_MARK, offset }
    if (before !== SCALAR_MARK && text !== SCALAR_MARK) yield { text, offset }
    if (!isMark) offset += text.length
    before = text
  }
}

function checkTokens(source: string): Finding | null {
  let documents = 0
  let depth = 0
  let lineDepth = 0
  for (const { text, offset } of structureOf(source)) {
    const unused = UNUSED.get(text[0])
    if (unused !== undefined) return { ...unused, offset }
    if (text === DOCUMENT_MARK && ++documents > 1) return { ...SEVERAL_DOCUMENTS, offset }
    if (text === '[' || text === '{') depth++
    else if (text === ']' || text === '}') depth--
    else if (text === '-' || text === '?') lineDepth++
    else if (text === '\n' || text === '\r\n') lineDepth = 0
    const indent = text[0] === ' ' && source[offset - 1] === '\n' ? text.length : 0
    if (depth > DEPTH_MAX || lineDepth > DEPTH_MAX || indent > INDENT_MAX) return { ...TOO_DEEP, offset }
  }
  return null
}

const TOO_DEEP = { what: 'is nested too deeply', hint: 'options need at most four levels' }
const SEVERAL_DOCUMENTS = { what: 'a second document begins', hint: 'a configuration is one document' }
const ALIAS = { what: 'anchors and aliases (&name, *name) are not supported', hint: 'write the value out' }
const TAG = { what: 'tags (!name) are not supported', hint: 'leave it out' }
const UNUSED = new Map([
  ['&', ALIAS],
  ['*', ALIAS],
  ['!', TAG],
])
