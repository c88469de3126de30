/**
 * What other query languages write: `took == 5`, `level=~"err.*"`, `level:=="error"`, `path:contains("api")`. LogsQL would
 * read words and exact values in most of them, and find nothing; whoever is used to them is told what to write instead.
 */
import type { CodedError } from '../../base/portable.ts'
import { shown } from './quoting.ts'
import type { Phrase, TokenReader } from './token-reader.ts'

/** What stands behind the colon of a field instead. */
const SPELLINGS: Readonly<Record<string, string>> = {
  '==': '=',
  '<>': '!=',
  '=~': '~',
  '~=': '~',
  '=<': '<=',
  '=>': '>=',
}
/** `took > 5` means something: the word, and a message above 5. */
const BETWEEN_SPACES = /(?:==|=~|~=|<>)(?=\s)/y
const BEFORE_QUOTES = /^[\p{L}\p{Nd}_.]+(==|!=|=~|!~|~=|<>)["'`]/u
/** A value may begin with these, as `<nil>` and `~/a` do. */
const BEHIND_COLON = /==|<>|(?:=~|~=)(?=["'`])|=[<>](?=["'`\d])/y

const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  '*text*': ['contains', 'like', 'ilike', 'has'],
  '="text"*': ['startswith', 'starts_with', 'prefix'],
  '="text"': ['equals', 'eq'],
  '~"pattern"': ['regex', 'regexp', 'match', 'matches'],
  '*': ['exists', 'notempty'],
  'range[1, 5]': ['between'],
  'ipv4_range(10.0.0.0/8)': ['ip', 'cidr'],
}

/** `; write …` for the name of a function of another language, else nothing. */
export function formOfFunction(name: string): string {
  const form = Object.keys(FUNCTIONS).find((each) => FUNCTIONS[each].includes(name))
  return form === undefined ? '' : `; write it like \`field:${form}\``
}

/** Behind a word that has no field: `took == 5` and `took!="5"`, or null. */
export function operatorOfWord(reader: TokenReader, { text, isQuoted, span }: Phrase): CodedError | null {
  if (isQuoted) return null
  const joined = BEFORE_QUOTES.exec(text)
  if (joined !== null) {
    const [all, operator] = joined
    const at = all.length - 1 - operator.length
    const message = `${fieldForm(text.slice(0, at), operator)}, or put all of it into quotes to search for it`
    return reader.problem(message, { offset: span.offset + at, length: operator.length })
  }
  const operator = matchAt(BETWEEN_SPACES, reader)
  if (operator === null || !reader.token.isSpaced || reader.following.kind === 'end') return null
  const message = `${fieldForm(text, operator)}, or leave out the space behind \`${operator}\` to ask it of the message`
  return reader.problem(message, { offset: reader.token.start, length: operator.length })
}

function fieldForm(word: string, operator: string): string {
  const field = shown(word)
  return `write \`${field.slice(1, -1)}:${SPELLINGS[operator] ?? operator}…\` for the field ${field}`
}

/** At an operator behind a colon: `==` in `level:==error`, or null. */
export function operatorOfField(reader: TokenReader): CodedError | null {
  const operator = matchAt(BEHIND_COLON, reader)
  if (operator === null) return null
  const message = `\`${operator}\` is no operator: write \`${SPELLINGS[operator]}\`, or put the value into quotes`
  return reader.problem(message, { offset: reader.token.start, length: operator.length })
}

function matchAt(pattern: RegExp, { source, token }: TokenReader): string | null {
  pattern.lastIndex = token.start
  return pattern.exec(source)?.[0] ?? null
}
