/**
 * Calls of functions as `stats` and its relatives have them: `count(a) if (filter) as name`, with commas between them,
 * behind `by (…)`.
 */
import type { Filter } from '../ast.ts'
import { type FilterPrinter, PRECEDENCE_LEAF } from '../filters/kind.ts'
import { filterKindOf } from '../filters/registry.ts'
import { parseAs, parseIf, printIf } from '../pipes/parts.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { quote, shown } from '../syntax/quoting.ts'
import { didYouMean } from '../syntax/suggestion.ts'
import { NAME_PRINTER } from './arguments.ts'
import type { StatsCall, StatsFunction } from './kind.ts'

export interface NamedCall {
  readonly call: StatsCall
  /** Only rows that match count. */
  readonly filter: Filter | null
  /** The field of the result. */
  readonly as: string
}

type Functions = ReadonlyMap<string, Pick<StatsFunction, 'parse' | 'print'>>

/** One or more calls. `taken` are names that no result may have. */
export function parseCalls(
  parser: FilterParser,
  functions: Functions,
  pipe: string,
  taken: readonly string[],
): NamedCall[] {
  const names = new Set(taken)
  const calls: NamedCall[] = []
  do {
    const { offset } = startOf(parser)
    const call = parseCall(parser, functions, pipe)
    if (names.has(call.as)) {
      const message = `two fields of the result would be called ${shown(call.as)}: give this one another name with \`as\``
      throw parser.reader.problem(message, { offset, length: endOf(parser) - offset })
    }
    names.add(call.as)
    calls.push(call)
  } while (parser.reader.takeSymbol(','))
  return calls
}

const startOf = ({ reader }: FilterParser) => ({ offset: reader.token.start })
const endOf = ({ reader }: FilterParser): number => reader.previous?.end ?? reader.token.end

function parseCall(parser: FilterParser, functions: Functions, pipe: string): NamedCall {
  const { reader } = parser
  const call = parseFunction(parser, functions, pipe)
  const beforeIf = reader.token.start
  const filter = parseIf(parser)
  const written = reader.source.slice(beforeIf, endOf(parser))
  const isNamed = !reader.isAtEndOfPart() && !reader.isSymbol(',')
  const as = isNamed ? parseAs(parser) : defaultName(call, functions) + conditionName(filter, written)
  return { call, filter, as }
}

/** However it was written, the same condition has the same name; but one with a query in it is called as it was written. */
function conditionName(filter: Filter | null, written: string): string {
  let hasQuery = false
  const query = (): string => {
    hasQuery = true
    return ''
  }
  const name = printIf(filter, filterNames(query))
  return hasQuery ? ` ${written}` : name
}

const WORDS_BETWEEN: ReadonlySet<string> = new Set(['and', 'or', 'not'])

function filterNames(query: FilterPrinter['query']): FilterPrinter {
  const phrase = (text: string): string =>
    WORDS_BETWEEN.has(text.toLowerCase()) ? quote(text) : NAME_PRINTER.phrase(text)
  const printer: FilterPrinter = {
    phrase,
    query,
    field: (name) => (name === MESSAGE_FIELD ? '' : `${phrase(name)}:`),
    child(filter, precedence) {
      const kind = filterKindOf(filter)
      const text = kind.print(filter, printer)
      return (kind.precedence ?? PRECEDENCE_LEAF) < precedence ? `(${text})` : text
    },
  }
  return printer
}

function parseFunction(parser: FilterParser, functions: Functions, pipe: string): StatsCall {
  const { reader } = parser
  const { token } = reader
  const name = token.text.toLowerCase()
  const found = token.kind === 'word' ? functions.get(name) : undefined
  if (found === undefined) {
    if (token.kind !== 'word') throw reader.expected(`a function of \`${pipe}\`, like \`count()\``)
    throw reader.problem(
      `there is no function ${shown(name)} of \`${pipe}\`${didYouMean(name, functions.keys())}`,
    )
  }
  reader.next()
  return found.parse(parser)
}

function defaultName(call: StatsCall, functions: Functions): string {
  return functions.get(call.name)?.print(call, NAME_PRINTER) ?? call.name
}

export function printCalls(
  calls: readonly NamedCall[],
  functions: Functions,
  printer: FilterPrinter,
): string {
  return calls.map((each) => printCall(each, functions, printer)).join(', ')
}

function printCall({ call, filter, as }: NamedCall, functions: Functions, printer: FilterPrinter): string {
  const text = `${functions.get(call.name)?.print(call, printer)}${printIf(filter, printer)}`
  const isDefault = filter === null && as === defaultName(call, functions)
  return isDefault ? text : `${text} as ${printer.phrase(as)}`
}
