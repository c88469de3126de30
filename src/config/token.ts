/**
 * Tokens of the configuration: who may do what, known by the SHA-256 of a token and never by the token itself. One
 * entry is one text, `ci write,read sha256:<64 hex digits>`.
 *
 * No message of this kind repeats what was written: it may be a token. Not here: who asks for a token, and what a
 * session does with it (servers/access.ts).
 */
import { createHash } from 'node:crypto'
import { isFailure, type Kind, type Parsed, type Texts } from './kinds.ts'

/** Everything that a port or a token can grant. */
export const CAPABILITIES = ['write', 'read', 'chat', 'admin'] as const

export interface Token {
  /** For logs and statistics; not secret. */
  readonly name: string
  readonly grant: readonly (typeof CAPABILITIES)[number][]
  /** SHA-256 of the whole token, 64 lower case hex digits. */
  readonly hash: string
}

export const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

const EMPTY = 'none'
const HASH_MARK = 'sha256:'
const SHOWN_DIGITS = 8
const FORM = 'write NAME CAPABILITY[,CAPABILITY...] sha256:HASH'
const HOW =
  '`logcaster token new` makes a token and its entry, `logcaster token hash` hashes one that you have'

/** The hash of a token, as it stands in an entry behind `sha256:`. */
export function hashToken(token: string | Uint8Array): string {
  return createHash('sha256').update(token).digest('hex')
}

/** The entry that makes a token known. */
export function printTokenEntry({ name, grant, hash }: Token): string {
  return `${name} ${grant.join(',')} ${HASH_MARK}${hash}`
}

/** Prints only the first digits of a hash: enough to tell two tokens apart, and of no use to anybody else. */
export const tokens: Kind<readonly Token[]> = {
  name: 'list of tokens',
  form: 'list',
  unit: '',
  schema: schemaOf(
    `^[A-Za-z0-9][A-Za-z0-9._-]{0,62} +(${CAPABILITIES.join('|')})(,(${CAPABILITIES.join('|')}))* +sha256:[0-9a-fA-F]{64}$`,
  ),
  parse(texts) {
    return texts.length === 1 && texts[0] === EMPTY ? { value: [] } : parseEntries(texts)
  },
  print(values) {
    if (values.length === 0) return [EMPTY]
    return values.map((token) =>
      printTokenEntry({ ...token, hash: `${token.hash.slice(0, SHOWN_DIGITS)}...` }),
    )
  },
}

function schemaOf(pattern: string): Kind<unknown>['schema'] {
  const entry = { type: 'string', pattern }
  return { anyOf: [{ const: EMPTY }, entry, { type: 'array', items: entry, uniqueItems: true }] }
}

interface Entry {
  readonly text: string
  readonly index: number
}

function parseEntries(texts: Texts): Parsed<readonly Token[]> {
  const found: Token[] = []
  for (const { text, index } of entriesOf(texts)) {
    const parsed = parseEntry(text)
    if (isFailure(parsed)) return { ...parsed, index }
    const token = parsed.value
    const twin = found.find(({ name, hash }) => name === token.name || hash === token.hash)
    if (twin?.name === token.name) return { what: `two tokens are named ${token.name}`, index }
    if (twin !== undefined) return { what: `${twin.name} and ${token.name} are the same token`, index }
    found.push(token)
  }
  return { value: found }
}

/**
 * Commas part the texts of a list in variables and flags, and capabilities in an entry: a text that has no third word
 * yet goes on in the next one.
 */
function entriesOf(texts: Texts): Entry[] {
  const entries: Entry[] = []
  for (const [index, text] of texts.entries()) {
    const last = entries.at(-1)
    const isOpen = last !== undefined && wordsOf(last.text).length === 2
    if (isOpen) entries[entries.length - 1] = { text: `${last.text},${text}`, index: last.index }
    else entries.push({ text, index })
  }
  return entries
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

function parseEntry(text: string): Parsed<Token> {
  const words = wordsOf(text)
  const [name = '', capabilities = '', mark = ''] = words
  if (words.length !== 3 || !mark.startsWith(HASH_MARK)) {
    return { what: 'an entry is not a name, capabilities and a hash', hint: `${FORM}; ${HOW}` }
  }
  if (!TOKEN_NAME.test(name)) {
    return { what: 'the name of a token has more than letters, digits, ".", "_" and "-"', hint: FORM }
  }
  const grant = parseGrant(capabilities)
  return isFailure(grant) ? grant : parseHash(name, grant.value, mark.slice(HASH_MARK.length))
}

/** Capabilities with commas between them; each once, in the order of CAPABILITIES. */
export function parseGrant(text: string): Parsed<Token['grant']> {
  const words = text.split(',')
  const isKnown = words.every((word) => CAPABILITIES.some((capability) => capability === word))
  if (!isKnown) {
    return {
      what: 'a token grants something that is no capability',
      hint: `they are ${CAPABILITIES.join(', ')}`,
    }
  }
  return { value: CAPABILITIES.filter((capability) => words.includes(capability)) }
}

function parseHash(name: string, grant: Token['grant'], digits: string): Parsed<Token> {
  const hash = digits.toLowerCase()
  if (/^[0-9a-f]{64}$/.test(hash)) return { value: { name, grant, hash } }
  if (/^[0-9a-f]{8}\.\.\.$/.test(hash)) {
    return { what: `the hash of ${name} is shortened, as config show prints it`, hint: 'write all 64 digits' }
  }
  return { what: `the hash of ${name} is not 64 hex digits`, hint: HOW }
}
