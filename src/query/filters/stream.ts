/**
 * `{host="a",service!="b" or app=~"web.*"}`: what the stream of a record says. A label is the value of a field where the
 * field is part of the record's stream, and empty elsewhere. A comma means and, `or` parts groups; patterns match whole
 * labels. `{}` is every record.
 *
 * A label that must have something is a test of its field first: blocks whose facts do not list such a value are not
 * read (storage/block/stored-part.ts).
 */
import type { Bitset } from '../../base/base.ts'
import type { Block, ValueTest } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { nameOf } from '../batches/fields-wanted.ts'
import { layoutGroups } from '../scan/block-groups.ts'
import { passesEmpty } from '../scan/value-test.ts'
import { STREAM_FIELD } from '../special-fields.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { Span } from '../syntax/problem.ts'
import { quote } from '../syntax/quoting.ts'
import { isSymbol, spanOf, type TokenReader } from '../syntax/token-reader.ts'
import { ALL } from './all.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import { exactTest } from './exact.ts'
import { inTest } from './in.ts'
import { type BoundFilter, COST_COMPARE, type FilterKind } from './kind.ts'
import { regexpOf, regexpTest } from './regexp.ts'

export interface StreamFilter extends Filter {
  readonly kind: 'stream'
  /** One of them must match: all labels of it. */
  readonly groups: readonly (readonly StreamLabel[])[]
}

export interface StreamLabel {
  readonly name: string
  readonly operator: '=' | '=~' | 'in'
  readonly isNegated: boolean
  /** One, unless the operator is `in`. */
  readonly values: readonly string[]
}

/** In one filter. */
const LABELS_MAX = 200

// ---- parsing ------------------------------------------------------------------------------------------------

function parse({ reader }: FilterParser, field: string | null): Filter {
  if (field !== null && field !== STREAM_FIELD)
    throw reader.problem('a stream filter `{…}` stands alone, or after `_stream:`')
  const opening = spanOf(reader.next())
  if (reader.takeSymbol('}')) return ALL
  const groups: StreamLabel[][] = [[]]
  for (let count = 1; ; count++) {
    if (count > LABELS_MAX) throw reader.problem(`a stream filter has at most ${LABELS_MAX} labels`, opening)
    groups[groups.length - 1].push(parseLabel(reader))
    if (reader.takeSymbol(',')) {
      if (reader.isSymbol('}')) break
    } else if (reader.takeWord('or')) groups.push([])
    else break
  }
  if (!reader.takeSymbol('}')) throw reader.expected('`,`, `or` or `}` after a label')
  const filter: StreamFilter = { kind: 'stream', groups }
  return filter
}

function parseLabel(reader: TokenReader): StreamLabel {
  const { text: name, span: nameSpan } = parseText(reader, 'the name of a stream field')
  if (name.endsWith(':') && reader.previous?.kind === 'symbol')
    throw reader.problem('within `{…}` no colon stands before the operator: `{app="a"}`', nameSpan)
  for (const [word, isNegated] of [
    ['in', false],
    ['not_in', true],
  ] as const) {
    if (reader.takeWord(word)) return { name, operator: 'in', isNegated, values: parseList(reader) }
  }
  const { isNegated, isPattern } = parseOperator(reader)
  const { text, span } = parseText(reader, 'the value of a stream field')
  if (!isPattern) return { name, operator: '=', isNegated, values: [text] }
  regexpOf(name, whole(text), span)
  return { name, operator: '=~', isNegated, values: [text] }
}

/** `=`, `!=`, `=~`, `!~`. */
function parseOperator(reader: TokenReader): { readonly isNegated: boolean; readonly isPattern: boolean } {
  const isNegated = reader.takeSymbol('!')
  if (isNegated && reader.takeJoined('~')) return { isNegated, isPattern: true }
  if (!reader.takeSymbol('=')) throw reader.expected('`=`, `!=`, `=~`, `!~`, `in` or `not_in`')
  return { isNegated, isPattern: !isNegated && reader.takeJoined('~') }
}

function parseList(reader: TokenReader): string[] {
  reader.expectSymbol('(', 'before the values')
  const values: string[] = []
  while (!reader.takeSymbol(')')) {
    values.push(parseText(reader, 'the value of a stream field').text)
    if (!reader.isSymbol(')')) reader.expectSymbol(',', 'or `)` after a value')
  }
  return values
}

/** A quoted text, or what stands there without a space up to a sign that means something. */
function parseText(reader: TokenReader, what: string): { readonly text: string; readonly span: Span } {
  const first = reader.token
  if (first.kind === 'quoted') {
    reader.next()
    return { text: first.text, span: spanOf(first) }
  }
  let end = first.start
  while ((end === first.start || !reader.token.isSpaced) && !endsText(reader)) end = reader.next().end
  if (end === first.start) throw reader.expected(what)
  return {
    text: reader.source.slice(first.start, end),
    span: { offset: first.start, length: end - first.start },
  }
}

function endsText({ token }: TokenReader): boolean {
  if (token.kind === 'end' || token.kind === 'quoted') return true
  return ['=', '!', '~', ',', '{', '}', '(', ')', '|'].some((symbol) => isSymbol(token, symbol))
}

// ---- printing -----------------------------------------------------------------------------------------------

const PLAIN_NAME = /^(?!or$)[\p{L}\p{Nd}_.]+$/iu

function printLabel({ name, operator, isNegated, values }: StreamLabel): string {
  const shown = PLAIN_NAME.test(name) ? name : quote(name)
  if (operator === 'in') return `${shown} ${isNegated ? 'not_in' : 'in'} (${values.map(quote).join(',')})`
  const sign = operator === '=' ? (isNegated ? '!=' : '=') : isNegated ? '!~' : '=~'
  return `${shown}${sign}${quote(values[0])}`
}

// ---- matching -----------------------------------------------------------------------------------------------

const whole = (pattern: string): string => `^(?:${pattern})$`

function testOf({ operator, values }: StreamLabel): ValueTest {
  if (operator === 'in') return inTest(values)
  return operator === '=' ? exactTest(values[0], false) : regexpTest(whole(values[0]))
}

function bindLabel(label: StreamLabel): BoundFilter {
  const test = testOf(label)
  const field = boundValueFilter(label.name, test)
  const needsValue = passesEmpty(test) === label.isNegated
  const narrow: BoundFilter['narrow'] = (view, rows) => {
    if (needsValue && !label.isNegated) {
      field.narrow(view, rows)
      keepInStream(view.block, label.name, rows)
      return
    }
    const inStream = rows.copy()
    keepInStream(view.block, label.name, inStream)
    const passing = inStream.copy()
    field.narrow(view, passing)
    const right = label.isNegated ? inStream.copy().andNot(passing) : passing
    // What has no such label is right unless the label needs a value.
    if (needsValue) rows.and(right)
    else rows.andNot(inStream.andNot(right))
  }
  const isTelling = needsValue && !label.isNegated
  return {
    cost: test.cost + COST_COMPARE,
    narrow,
    count: (block) => (isTelling && field.count?.(block, true) === 0 ? 0 : null),
    ...(isTelling && field.skip !== undefined && { skip: field.skip }),
  }
}

/** Takes the rows out in whose stream the field is not. */
function keepInStream(block: Block, field: string, rows: Bitset): void {
  if (rows.isEmpty()) return
  const layouts = layoutGroups(block)
  const isIn = layouts.held.map((layout) => layout.some(({ name, isStream }) => isStream && name === field))
  if (!isIn.includes(false)) return
  const ofRow = layouts.ofRow()
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1))
    if (!isIn[ofRow === null ? 0 : ofRow[row]]) rows.unset(row)
}

function bindGroup(labels: readonly StreamLabel[]): BoundFilter {
  const bound = labels.map(bindLabel).sort((a, b) => a.cost - b.cost)
  const tests = bound.flatMap(({ skip }) => skip ?? [])
  return {
    cost: bound.reduce((sum, { cost }) => sum + cost, 0),
    narrow: (view, rows) => {
      for (const label of bound) label.narrow(view, rows)
    },
    count: (block) => (bound.some((label) => label.count?.(block, true) === 0) ? 0 : null),
    ...(tests.length > 0 && { skip: { kind: 'and', tests } }),
  }
}

/** What one of the groups asks of a block; nothing where one of them asks for nothing. */
function skipOf(groups: readonly BoundFilter[]): { readonly skip?: SkipTest } {
  const tests = groups.flatMap(({ skip }) => skip ?? [])
  return tests.length < groups.length ? {} : { skip: { kind: 'or', tests } }
}

export const streamFilter: FilterKind<StreamFilter> = {
  kind: 'stream',
  summary: 'what the stream of a record says; patterns match whole values',
  examples: [
    '{host="web-1"}',
    '_stream:{service=~"shop|cart",host!="web-1"}',
    '{app in ("a","b") or app=""}',
    '{"or" not_in ("x")}',
  ],
  forms: { symbols: { '{': parse } },
  both({ groups }, other) {
    const both = groups.flatMap((labels) => other.groups.map((others) => [...labels, ...others]))
    return both.flat().length > LABELS_MAX ? null : { kind: 'stream', groups: both }
  },
  print: ({ groups }) => `{${groups.map((labels) => labels.map(printLabel).join(',')).join(' or ')}}`,
  wants: ({ groups }) => [STREAM_FIELD, ...groups.flat().map(({ name }) => name)].map(nameOf),
  bind({ groups }) {
    const bound = groups.map(bindGroup)
    return {
      cost: bound.reduce((sum, { cost }) => sum + cost, 0),
      narrow(view, rows) {
        const found = rows.copy().clear()
        for (const group of bound) {
          const matching = rows.copy()
          group.narrow(view, matching)
          found.or(matching)
        }
        rows.and(found)
      },
      count: (block) => (bound.every((group) => group.count?.(block, true) === 0) ? 0 : null),
      ...skipOf(bound),
    }
  },
}
