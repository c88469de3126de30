/**
 * `rows({"host":"a","team":"x"},{…})`: rows that stand in the query itself, where `join` and `union` may have a query in
 * parentheses. They are a query of their own, whose only pipe gives them and reads nothing.
 *
 * A name and its text have a colon or an equals sign between them, in quotes or without. Texts are texts: no numbers, no
 * `null`, nothing within another.
 */
import type { Pipe, Query } from '../ast.ts'
import { NO_FIELD } from '../batches/fields-wanted.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { ALL } from '../filters/all.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { quote } from '../syntax/quoting.ts'
import { isSymbol, type TokenReader } from '../syntax/token-reader.ts'
import type { PipeKind } from './kind.ts'
import { parseGroup } from './parts.ts'

export interface InlineRowsPipe extends Pipe {
  readonly kind: 'inline_rows'
  readonly rows: readonly InlineRow[]
}

/** Names and texts. */
type InlineRow = readonly (readonly [string, string])[]

const ROWS = 'rows'

export const inlineRowsPipe: PipeKind<InlineRowsPipe> = {
  kind: 'inline_rows',
  names: [ROWS],
  summary: 'rows that stand in the query itself',
  examples: [],
  isLive: false,
  parse(parser) {
    throw parser.reader.problem('`rows` is no pipe of its own')
  },
  print: ({ rows }) => `${ROWS}(${rows.map(printRow).join(',')})`,
  wants: () => NO_FIELD,
  leaves: ({ rows }) => [...new Set(rows.flatMap((row) => row.map(([name]) => name)))],
  async *run({ rows }) {
    yield RowBatch.ofRows(rows)
  },
}

// ---- in the text of a query -----------------------------------------------------------------------------------

/** `(query)` or `rows(…)`; `where` it stands, for messages: "after `union`". */
export function parseRowSource(parser: FilterParser, where: string): Query {
  const { reader } = parser
  if (!reader.isWord(ROWS) || !isSymbol(reader.following, '(')) return parser.parseSubquery(where)
  reader.next()
  const rows = parseGroup(parser, `after \`${ROWS}\``, () => parseRow(reader))
  const pipe: InlineRowsPipe = { kind: 'inline_rows', rows }
  return { filter: ALL, pipes: [pipe] }
}

export function printRowSource(query: Query, printer: FilterPrinter): string {
  const [pipe] = query.pipes
  if (query.pipes.length !== 1 || !isInlineRows(pipe)) return `(${printer.query(query)})`
  return inlineRowsPipe.print(pipe, printer)
}

const isInlineRows = (pipe: Pipe): pipe is InlineRowsPipe => pipe.kind === 'inline_rows'

function parseRow(reader: TokenReader): InlineRow {
  const pairs: [string, string][] = []
  reader.expectSymbol('{', 'before the fields of a row')
  while (!reader.takeSymbol('}')) {
    const name = parseText(reader, 'the name of a field')
    if (!reader.takeSymbol('=')) reader.expectSymbol(':', 'or `=` after the name of a field')
    pairs.push([name || MESSAGE_FIELD, parseText(reader, 'the value of a field')])
    if (!reader.isSymbol('}')) reader.expectSymbol(',', 'or `}` after the value of a field')
  }
  return pairs
}

/** A quoted text, or what stands there without a space up to a sign that means something. */
function parseText(reader: TokenReader, what: string): string {
  const first = reader.token
  if (first.kind === 'quoted') return reader.next().text
  let { start: end } = first
  while ((end === first.start || !reader.token.isSpaced) && !endsText(reader)) end = reader.next().end
  if (end === first.start) throw reader.expected(what)
  return reader.source.slice(first.start, end)
}

function endsText({ token }: TokenReader): boolean {
  if (token.kind !== 'symbol') return token.kind !== 'word'
  return '=:,{}[]()|'.includes(token.text)
}

const printRow = (row: InlineRow): string =>
  `{${row.map(([name, text]) => `${quote(name)}:${quote(text)}`).join(',')}}`
