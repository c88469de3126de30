/**
 * LogsQL text to a query.
 *
 *   query    filter pipe*                            operand  ( filter ) · * · not operand · field : operand · leaf
 *   pipe     | name …                                leaf     phrase · phrase* · what a kind of filter declares
 *   filter   and (or and)*     and  operand+
 *
 * The parser knows the grammar; how a filter or a pipe is spelled, its kind knows (filters/registry, pipes/registry).
 * Invariant: whatever the text, it returns a query or throws a CodedError with the place.
 */
import { CodedError, isCodedError } from '../../base/portable.ts'
import type { Filter, Pipe, Query, QueryOptions } from '../ast.ts'
import { ALL } from '../filters/all.ts'
import { andOf, isAnd } from '../filters/and.ts'
import { anyFieldOf, mayBeOfAnyField } from '../filters/any-field.ts'
import type { WordForm } from '../filters/kind.ts'
import { notOf } from '../filters/not.ts'
import { orOf } from '../filters/or.ts'
import { phraseOf } from '../filters/phrase.ts'
import { prefixOf } from '../filters/prefix.ts'
import { FIELD_FORMS, FUNCTION_FORMS, filterKindOf, GROUP_FORMS, SYMBOL_FORMS } from '../filters/registry.ts'
import { substringOf } from '../filters/substring.ts'
import type { PipeKind } from '../pipes/kind.ts'
import {
  LATER_PIPES_BY_NAME,
  PIPE_NAMES,
  PIPES_BY_LEAD,
  PIPES_BY_NAME,
  pipeKindOf,
} from '../pipes/registry.ts'
import { MESSAGE_FIELD, SPECIAL_FIELDS } from '../special-fields.ts'
import { cleanText, encodeText } from '../values/text.ts'
import type { Argument, FilterParser } from './filter-parser.ts'
import { formOfFunction, operatorOfField, operatorOfWord } from './foreign-forms.ts'
import { optionsWithin, parseOptions } from './options.ts'
import type { Span } from './problem.ts'
import { shown } from './quoting.ts'
import { didYouMean } from './suggestion.ts'
import { isSymbol, type Phrase, spanOf, TokenReader } from './token-reader.ts'

export const QUERY_BYTES_MAX = 64 * 1024
export const QUERY_DEPTH_MAX = 100
/** Words, phrases and the like in one query. */
export const QUERY_FILTERS_MAX = 1000
/** Pipes in one query, those of the queries within it included. */
export const QUERY_PIPES_MAX = 200

/** A shorter word behind `|` is searched for: one letter of it changed is half of another word. */
const MISSPELLED_LENGTH_MIN = 4

/** A level of nesting is two steps of the parser: into the group, and into the operand. */
const STEPS_MAX = 2 * QUERY_DEPTH_MAX + 2

export interface ParseOptions {
  /** What `now` means in `_time` filters. */
  readonly nowMs: number
}

/**
 * The query that the text is. QUERY_SYNTAX with `details` `{ offset, length }` in code units of the text;
 * QUERY_TOO_LARGE beyond 64 KiB, 100 levels of nesting, 1,000 filters or 200 pipes.
 */
export function parseQuery(text: string, options: ParseOptions): Query {
  checkSize(text)
  return new QueryParser(cleanText(text), options.nowMs).parseQuery()
}

/**
 * All that is wrong with the text, in its order: behind a problem, reading goes on at the next pipe. Empty: nothing is.
 * For whoever shows a query that is being typed.
 */
export function diagnoseQuery(text: string, options: ParseOptions): CodedError[] {
  const problems: CodedError[] = []
  try {
    checkSize(text)
    new QueryParser(cleanText(text), options.nowMs, problems).parseQuery()
  } catch (error) {
    if (!isCodedError(error)) throw error
    problems.push(error)
  }
  return problems
}

function checkSize(text: string): void {
  const isSmall = text.length * 3 <= QUERY_BYTES_MAX
  if (isSmall || (text.length <= QUERY_BYTES_MAX && encodeText(text).length <= QUERY_BYTES_MAX)) return
  throw new CodedError('QUERY_TOO_LARGE', `the query is longer than ${QUERY_BYTES_MAX} bytes`, {
    details: { offset: 0, length: text.length },
  })
}

/** Names of the fields of the rows that leave the pipes, where the pipes tell; else null. */
function fieldsLeaving(pipes: readonly Pipe[]): readonly string[] | null {
  let fields: readonly string[] | null = null
  for (const pipe of pipes) fields = pipeKindOf(pipe).leaves?.(pipe, fields) ?? null
  return fields
}

const wordOrPrefix: WordForm = (field, text, isPrefix) =>
  isPrefix ? prefixOf(field, text) : phraseOf(field, text)

/** All of them match; those that are one filter together become it, in the place of the first. */
function allOf(filters: readonly Filter[]): Filter {
  const needed: Filter[] = []
  const placeOf = new Map<string, number>()
  for (const filter of filters.flatMap((each) => (isAnd(each) ? each.children : [each]))) {
    const place = placeOf.get(filter.kind)
    const both = place === undefined ? null : (filterKindOf(filter).both?.(needed[place], filter) ?? null)
    if (place !== undefined && both !== null) needed[place] = both
    else placeOf.set(filter.kind, needed.push(filter) - 1)
  }
  return andOf(needed)
}

class QueryParser implements FilterParser {
  readonly reader: TokenReader
  /** Where problems go while reading goes on; null: they are thrown. */
  readonly #problems: CodedError[] | null
  #depth = 0
  #filters = 0
  #pipes = 0
  /** What queries within the query inherit. */
  #options: QueryOptions = {}
  /** Within the operand of `http.*:…`, how the names of its fields begin. */
  #fieldPrefix: string | null = null
  /** Within a group like `=(…)`, what its words are. */
  #wordForm: WordForm | null = null

  constructor(source: string, nowMs: number, problems: CodedError[] | null = null) {
    this.reader = new TokenReader(source, nowMs)
    this.#problems = problems
  }

  parseQuery(): Query {
    const query = this.#parseWholeQuery()
    if (this.reader.token.kind !== 'end') throw this.#leftover()
    return query
  }

  #parseWholeQuery(): Query {
    const { reader } = this
    const inherited = this.#options
    const hasOptions = reader.isWord('options') && isSymbol(reader.following, '(')
    if (hasOptions) this.#options = optionsWithin(inherited, parseOptions(this))
    const options = this.#options
    let filter = this.#recovering(() => this.#parseWholeFilter()) ?? ALL
    const pipes: Pipe[] = []
    while (reader.takeSymbol('|')) {
      const start = spanOf(reader.token)
      const pipe = this.#recovering(() => this.#placed(this.#parsePipe(), pipes.length === 0, start))
      if (pipe === null) continue
      const more = pipeKindOf(pipe).asFilter?.(pipe)
      if (more === undefined || pipes.length > 0) pipes.push(pipe)
      else filter = allOf([filter, more])
    }
    this.#options = inherited
    return { filter, pipes, ...(Object.keys(options).length > 0 && { options }) }
  }

  /** Null where there was a problem that was noted: the next token is a bar, or the end. */
  #recovering<T>(parse: () => T): T | null {
    const depth = this.#depth
    try {
      return parse()
    } catch (error) {
      if (this.#problems === null || depth > 0 || !isCodedError(error, 'QUERY_SYNTAX')) throw error
      this.#problems.push(error)
      this.#depth = depth
      this.#fieldPrefix = null
      this.#wordForm = null
      this.reader.skipToBar()
      return null
    }
  }

  parseSubquery(where: string): Query {
    const { reader } = this
    const opening = spanOf(reader.token)
    reader.expectSymbol('(', where)
    const fieldPrefix = this.#fieldPrefix
    const wordForm = this.#wordForm
    this.#fieldPrefix = null
    this.#wordForm = null
    this.#enter()
    const query = this.#parseWholeQuery()
    this.#leave()
    this.#fieldPrefix = fieldPrefix
    this.#wordForm = wordForm
    if (!reader.takeSymbol(')')) {
      if (reader.token.kind === 'end') throw reader.problem('this `(` has no closing `)`', opening)
      throw this.#leftover()
    }
    return query
  }

  parseValuesQuery(where: string): Query {
    const { start } = this.reader.token
    const query = this.parseSubquery(where)
    const fields = fieldsLeaving(query.pipes)
    if (fields?.length === 1) return query
    const end = this.reader.previous?.end ?? start
    throw this.reader.problem('a query whose values are wanted ends in one field, like `| fields user`', {
      offset: start,
      length: end - start,
    })
  }

  // ---- pipes --------------------------------------------------------------------------------------------------

  #placed(pipe: Pipe, isFirst: boolean, start: Span): Pipe {
    const { names, isFirstOnly } = pipeKindOf(pipe)
    if (isFirst || isFirstOnly !== true) return pipe
    throw this.reader.problem(`\`${names[0]}\` stands right behind the filter, before all other pipes`, start)
  }

  #parsePipe(): Pipe {
    const { reader } = this
    if (++this.#pipes > QUERY_PIPES_MAX) throw this.#tooMany(QUERY_PIPES_MAX, 'pipes')
    const { token } = reader
    const name = token.text.toLowerCase()
    if (token.kind === 'end') throw reader.problem('a pipe is missing after `|`, like `| limit 10`')
    if (!token.isSpaced) this.#refuseForeignPipe()
    if (token.kind !== 'word' || isSymbol(reader.following, ':')) return this.#parseFilterPipe()
    const kind = PIPES_BY_NAME.get(name)
    if (kind !== undefined) reader.next()
    const pipe = this.#parsePipeOf(kind ?? PIPES_BY_LEAD.get(name), name)
    return pipe
  }

  #parsePipeOf(kind: PipeKind | undefined, name: string): Pipe {
    const { reader } = this
    if (kind === undefined) return this.#parseUnknownPipe(name)
    const pipe = kind.parse(this)
    if (reader.isAtEndOfPart()) return pipe
    throw reader.expected(`\`|\` or the end of the query after \`${name}\``, this.#hintBehindPipe())
  }

  /** For a word that the pipe does not have: another pipe, or one of its own words that was misspelled. */
  #hintBehindPipe(): string {
    const { kind, text } = this.reader.token
    if (kind !== 'word') return ''
    const name = text.toLowerCase()
    return PIPES_BY_NAME.has(name)
      ? `; put \`|\` before ${shown(text)}`
      : didYouMean(name, this.reader.wordsAsked)
  }

  /** `a || b`, and `|= "text"`, which is another language's "contains". */
  #refuseForeignPipe(): void {
    const { reader } = this
    const { start } = reader.token
    const span = { offset: start - 1, length: 2 }
    if (reader.takeSymbol('|')) throw reader.problem('write `or` instead of `||`', span)
    if (!reader.isSymbol('=')) return
    throw reader.problem(
      'write the text alone instead of `|=`, like `"text"`; with a space, `| ="text"` is the whole message',
      span,
    )
  }

  /** A filter after `|` needs no name where it cannot be the name of a pipe. */
  #parseFilterPipe(): Pipe {
    return PIPES_BY_NAME.get('filter')!.parse(this)
  }

  /** A word that looks like the name of a pipe is one that was misspelled; a filter and any other word are searched for. */
  #parseUnknownPipe(name: string): Pipe {
    const { reader } = this
    const later = LATER_PIPES_BY_NAME.get(name)
    if (later !== undefined) throw reader.notBuilt(later)
    if (FUNCTION_FORMS.has(name) && isSymbol(reader.following, '(')) return this.#parseFilterPipe()
    const suggestion = name.length < MISSPELLED_LENGTH_MIN ? '' : didYouMean(name, PIPE_NAMES)
    if (suggestion === '') return this.#parseFilterPipe()
    const hint = this.#isLastOfPart() ? ' To search for the word, put it into quotes' : ''
    throw reader.problem(`there is no pipe ${shown(name)}${suggestion}${hint}`)
  }

  /** The part ends behind the token. */
  #isLastOfPart(): boolean {
    const { following } = this.reader
    return following.kind === 'end' || isSymbol(following, '|') || isSymbol(following, ')')
  }

  // ---- filters ------------------------------------------------------------------------------------------------

  parseFilter(field: string | null): Filter {
    return this.#parseOr(field)
  }

  parseFilterOfPipe(): Filter {
    if (this.#isLastOfPart()) this.#refusePipeName()
    return this.#parseOr(null)
  }

  #parseWholeFilter(): Filter {
    const { reader } = this
    if (reader.token.kind === 'end') throw reader.problem('the query is empty; `*` finds everything')
    if (reader.isSymbol('|')) throw reader.problem('a filter is missing before `|`; `*` finds everything')
    this.#refusePipeName()
    return this.#parseOr(null)
  }

  /** `limit 10` without a filter is more often a forgotten `* |` than a search for two words. */
  #refusePipeName(): void {
    const { reader } = this
    const { token, following } = reader
    const isName =
      token.kind === 'word' && PIPE_NAMES.has(token.text.toLowerCase()) && !isSymbol(following, ':')
    if (!isName) return
    throw reader.problem(
      `${shown(token.text)} is the name of a pipe: it stands after \`|\`; to search for the word, put it into quotes`,
    )
  }

  #parseOr(field: string | null): Filter {
    this.#enter()
    const children = [this.#parseAnd(field)]
    while (this.reader.takeWord('or')) children.push(this.#parseAnd(field))
    this.#leave()
    return orOf(children)
  }

  #parseAnd(field: string | null): Filter {
    const { reader } = this
    this.#countFilter()
    const children = [this.parseOperand(field)]
    while (!reader.isAtEndOfPart() && !reader.isWord('or')) {
      reader.takeWord('and')
      this.#countFilter()
      children.push(this.parseOperand(field))
    }
    return allOf(children)
  }

  parseOperand(field: string | null): Filter {
    this.#enter()
    const filter = this.#parseNegated(field)
    this.#leave()
    return filter
  }

  #parseNegated(field: string | null): Filter {
    const { reader } = this
    const { token } = reader
    const isNot =
      token.kind === 'word'
        ? token.text.toLowerCase() === 'not'
        : isSymbol(token, '!') || isSymbol(token, '-')
    if (!isNot) return this.#parsePositive(field)
    reader.next()
    return notOf(this.parseOperand(field))
  }

  #parsePositive(field: string | null): Filter {
    const { reader } = this
    const { token } = reader
    if (reader.takeSymbol(':')) return this.parseOperand(field)
    if (isSymbol(token, '(')) return this.#parseGroup(field)
    if (isSymbol(reader.following, '(') && token.kind === 'symbol') {
      const form = GROUP_FORMS.get(token.text)
      if (form !== undefined) return this.#parseGroupOf(form, field ?? '')
    }
    const leaf = this.#parseLeaf(field)
    if (this.#fieldPrefix === null) return leaf
    if (mayBeOfAnyField(leaf)) return anyFieldOf(this.#fieldPrefix, leaf)
    throw reader.problem('this filter cannot be asked of several fields', {
      offset: token.start,
      length: (reader.previous?.end ?? token.end) - token.start,
    })
  }

  #parseLeaf(field: string | null): Filter {
    const { reader } = this
    const { token, following } = reader
    if (isSymbol(token, '*')) return this.#parseAsterisk(field)
    if (token.kind === 'symbol') {
      const form = SYMBOL_FORMS.get(token.text)
      const problem = form === undefined ? null : operatorOfField(reader)
      if (problem !== null) throw problem
      if (form !== undefined) return form(this, field)
    }
    if (token.kind === 'word' && isSymbol(following, '(')) return this.#parseFunction(field)
    const isRange = token.kind === 'word' && isSymbol(following, '[')
    if (isRange && FUNCTION_FORMS.has(token.text.toLowerCase())) return this.#parseFunction(field)
    return this.#parsePhrase(field)
  }

  #parseGroup(field: string | null): Filter {
    const { reader } = this
    const opening = spanOf(reader.next())
    if (reader.isSymbol(')')) throw reader.problem('a filter is missing between `(` and `)`')
    const filter = this.#parseOr(field)
    if (!reader.takeSymbol(')')) {
      if (reader.token.kind === 'end') throw reader.problem('this `(` has no closing `)`', opening)
      throw this.#leftover()
    }
    return filter
  }

  /** From the symbol before the parenthesis on. */
  #parseGroupOf(form: WordForm, field: string): Filter {
    const outer = this.#wordForm
    this.#wordForm = form
    this.reader.next()
    const filter = this.#parseGroup(field)
    this.#wordForm = outer
    return filter
  }

  /** `*` is everything, `field:*` any value, `*:…` is asked of all fields. */
  #parseAsterisk(field: string | null): Filter {
    const { reader } = this
    const { previous, token } = reader
    const isBehindGroup = previous !== null && (isSymbol(previous, ')') || isSymbol(previous, ']'))
    if (isBehindGroup && !token.isSpaced)
      throw reader.problem(`\`*\` stands at the end of a word, not behind \`${previous.text}\``)
    reader.next()
    if (field === null && reader.takeJoined(':')) return this.#parseOfAnyField('')
    if (!reader.token.isSpaced && !reader.isAtEndOfPart()) return this.#parseSubstring(field)
    this.#refuseJoined()
    return field === null ? ALL : prefixOf(this.fieldOr(field), '')
  }

  /** `*text*`, behind its first asterisk. */
  #parseSubstring(field: string | null): Filter {
    const { reader } = this
    const next = spanOf(reader.token)
    const phrase = reader.phrase({ colon: field !== null })
    if (phrase !== null && reader.takeJoined('*')) {
      this.#refuseJoined()
      return substringOf(this.fieldOr(field), phrase.text)
    }
    const shownNext = shown(reader.source[next.offset])
    throw reader.problem(
      `\`*\` stands at the end of a word, or around it as in \`*text*\`, not before ${shownNext} alone; for a pattern write \`~"a.*b"\``,
      next,
    )
  }

  #parseFunction(field: string | null): Filter {
    const { reader } = this
    const { token, following } = reader
    const name = token.text.toLowerCase()
    const form = FUNCTION_FORMS.get(name)
    // A form that refuses points at the name, so the name is still to be read (`parseArguments` does).
    if (form !== undefined) return form(this, field)
    if (following.isSpaced) return this.#parsePhrase(field)
    const suggestion =
      formOfFunction(name) ||
      didYouMean(name, FUNCTION_FORMS.keys()) ||
      '; for the word and a group, put a space before `(`'
    throw reader.problem(`there is no filter ${shown(`${name}(…)`)}${suggestion}`)
  }

  #parsePhrase(field: string | null): Filter {
    const { reader } = this
    const phrase = reader.phrase({ colon: field !== null })
    if (phrase === null) throw this.#missingOperand()
    if (field === null && reader.isSymbol(':')) return this.#parseFieldValue(phrase)
    this.#refuseForeignAnd(phrase)
    const problem = field === null ? operatorOfWord(reader, phrase) : null
    if (problem !== null) throw problem
    const isPrefix = reader.takeJoined('*')
    if (isPrefix) {
      if (field === null && reader.takeJoined(':')) return this.#parseOfAnyField(phrase.text)
      this.#refuseJoined()
    }
    return (this.#wordForm ?? wordOrPrefix)(this.fieldOr(field), phrase.text, isPrefix)
  }

  #parseFieldValue(name: Phrase): Filter {
    const { reader } = this
    const field = this.fieldOr(name.text)
    reader.next()
    if (reader.isAtEndOfPart()) {
      throw reader.problem(`a value is missing after \`${shown(name.text).slice(1, -1)}:\``, name.span)
    }
    // A field of the sender goes by its name in quotes where a filter goes by it without.
    const form = name.isQuoted && !SPECIAL_FIELDS.has(field) ? undefined : FIELD_FORMS.get(field)
    if (form === undefined) return this.parseOperand(field)
    const isNegated = reader.takeSymbol('!') || reader.takeWord('not')
    return isNegated ? notOf(form(this, field)) : form(this, field)
  }

  /** `*:…`, `http.*:…`: every filter that follows is asked of each of these fields. */
  #parseOfAnyField(prefix: string): Filter {
    const { reader } = this
    if (reader.isAtEndOfPart())
      throw reader.problem(`a value is missing after \`${shown(`${prefix}*:`).slice(1, -1)}\``)
    this.#fieldPrefix = prefix
    const filter = this.parseOperand('')
    this.#fieldPrefix = null
    return filter
  }

  fieldOr(field: string | null): string {
    return field === null || field === '' ? MESSAGE_FIELD : field
  }

  // ---- arguments ----------------------------------------------------------------------------------------------

  parseArguments(functionName: string, count?: number): Argument[] {
    const { reader } = this
    if (reader.isWord(functionName)) reader.next()
    reader.expectSymbol('(', `after \`${functionName}\``)
    const values: Argument[] = []
    while (!reader.isSymbol(')')) {
      values.push(this.#parseArgument(functionName))
      if (!reader.takeSymbol(',')) break
      if (count !== undefined && values.length === count) throw this.#wrongCount(functionName, count)
    }
    if (!reader.isSymbol(')')) throw this.#unclosedArguments(functionName)
    if (count !== undefined && values.length !== count) throw this.#wrongCount(functionName, count)
    reader.next()
    return values
  }

  #parseArgument(functionName: string): Argument {
    const { reader } = this
    const start = spanOf(reader.token)
    if (reader.takeSymbol('*')) return { text: '', isPrefix: true, ...start }
    const phrase = reader.phrase({ colon: true })
    if (phrase === null) throw this.#unclosedArguments(functionName)
    return { text: phrase.text, isPrefix: reader.takeSymbol('*'), ...phrase.span }
  }

  refusePrefixes(functionName: string, values: readonly Argument[]): void {
    const prefix = values.find(({ isPrefix }) => isPrefix)
    if (prefix === undefined) return
    throw this.reader.problem(`\`${functionName}(…)\` takes whole values, without \`*\``, prefix)
  }

  #wrongCount(functionName: string, count: number): CodedError {
    return this.reader.problem(
      `\`${functionName}(…)\` takes ${count === 1 ? 'one value' : `${count} values`}`,
    )
  }

  #unclosedArguments(functionName: string): CodedError {
    const { reader } = this
    if (reader.token.kind === 'end') return reader.problem(`\`${functionName}(\` has no closing \`)\``)
    return reader.expected(`\`,\` or \`)\` in \`${functionName}(…)\``)
  }

  // ---- problems -----------------------------------------------------------------------------------------------

  #missingOperand(): CodedError {
    const { reader } = this
    const { previous } = reader
    if (!reader.isAtEndOfPart()) return this.#leftover()
    if (previous === null) return reader.expected('a filter')
    const before = shown(reader.source.slice(previous.start, previous.end))
    return reader.problem(`a filter is missing after ${before}`)
  }

  /** Something that no filter begins with. */
  #leftover(): CodedError {
    const { reader } = this
    if (reader.isSymbol(')'))
      return reader.problem('this `)` closes nothing; put it into quotes to search for it')
    const text = shown(reader.source.slice(reader.token.start, reader.token.end))
    return reader.problem(`${text} has no meaning here; put the text into quotes to search for it`)
  }

  /** Nothing may stand right behind an asterisk. */
  #refuseJoined(): void {
    const { reader } = this
    if (reader.token.isSpaced || reader.isAtEndOfPart()) return
    const next = shown(reader.source[reader.token.start])
    throw reader.problem(
      `\`*\` stands at the end of a word, not before ${next}; for a pattern write \`~"a.*b"\``,
    )
  }

  #refuseForeignAnd({ text, isQuoted, span }: Phrase): void {
    if (text !== '&&' || isQuoted) return
    throw this.reader.problem(
      'write `and` instead of `&&`, or nothing: filters side by side must all match',
      span,
    )
  }

  // ---- depth --------------------------------------------------------------------------------------------------

  #enter(): void {
    this.#depth++
    if (this.#depth <= STEPS_MAX) return
    const { offset, length } = spanOf(this.reader.token)
    throw new CodedError('QUERY_TOO_LARGE', `the query is nested more than ${QUERY_DEPTH_MAX} levels deep`, {
      details: { offset, length },
    })
  }

  #countFilter(): void {
    this.#filters++
    if (this.#filters > QUERY_FILTERS_MAX) throw this.#tooMany(QUERY_FILTERS_MAX, 'filters')
  }

  #tooMany(most: number, what: string): CodedError {
    const { offset, length } = spanOf(this.reader.token)
    return new CodedError('QUERY_TOO_LARGE', `the query has more than ${most} ${what}`, {
      details: { offset, length },
    })
  }

  #leave(): void {
    this.#depth--
  }
}
