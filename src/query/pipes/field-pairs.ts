/**
 * What `copy` and `rename` have in common: `a as b, p* as q*`, one pair after the other. A name goes to a name (`b*` is
 * `b` there); a prefix to another prefix, so that `p.x` becomes `q.x`, or to one name, which then gets the last of the
 * fields in the order of their names that is not empty.
 *
 * A row that lacks `a` has no `b` afterwards. Of `p*` only what a row has goes somewhere: the result for a row depends on
 * that row alone.
 */
import type { Pipe } from '../ast.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import {
  type FieldPattern,
  type FieldsWanted,
  matchesPattern,
  withFields,
  withoutFields,
} from '../batches/fields-wanted.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import type { FilterPrinter } from '../filters/kind.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import type { PipeKind } from './kind.ts'
import { areWanted, parseCommas, parseFieldPattern, printFieldPattern } from './parts.ts'

export interface FieldPair {
  readonly from: FieldPattern
  readonly to: FieldPattern
}

function parsePairs(parser: FilterParser): FieldPair[] {
  return parseCommas(parser, () => parsePair(parser))
}

function parsePair(parser: FilterParser): FieldPair {
  const from = parseFieldPattern(parser)
  const isAs = parser.reader.takeWord('as')
  const to = parseFieldPattern(
    parser,
    isAs ? 'the name of a field after `as`' : '`as` and the name of a field',
  )
  return { from, to }
}

function printPairs(pairs: readonly FieldPair[], printer: FilterPrinter): string {
  const name = (pattern: FieldPattern): string => printFieldPattern(pattern, printer)
  return pairs.map(({ from, to }) => `${name(from)} as ${name(to)}`).join(', ')
}

export interface PairsPipe<K extends string = string> extends Pipe {
  readonly kind: K
  readonly pairs: readonly FieldPair[]
}

export interface PairsPipeNames<K extends string> extends Pick<PipeKind, 'names' | 'summary' | 'examples'> {
  readonly kind: K
  /** A field is gone from where it was. */
  readonly isMove: boolean
}

export function pairsPipe<K extends string>({ isMove, ...names }: PairsPipeNames<K>): PipeKind<PairsPipe<K>> {
  const { kind } = names
  return {
    ...names,
    isLive: true,
    keepsRows: true,
    takesBlocks: true,
    parse: (parser) => ({ kind, pairs: parsePairs(parser) }),
    print: ({ pairs }, printer) => `${kind} ${printPairs(pairs, printer)}`,
    wants: ({ pairs }, after) => pairsWant(pairs, after, isMove),
    leaves: ({ pairs }, entering) => pairsLeave(pairs, entering, isMove),
    bindBatch:
      ({ pairs }) =>
      (batch) =>
        withPairs(batch, pairs, isMove),
  }
}

// ---- columns ------------------------------------------------------------------------------------------------

type Columns = Map<string, BatchColumn>

/** The batch after all pairs. */
function withPairs(batch: RowBatch, pairs: readonly FieldPair[], isMove: boolean): RowBatch {
  let columns: Columns = new Map(batch.columns)
  for (const { from, to } of pairs) {
    if (from.isPrefix) columns = withPrefix(columns, from.name, to, isMove)
    else columns = withName(columns, from.name, to.name, isMove)
  }
  return batch.withColumns(columns)
}

function withName(columns: Columns, from: string, to: string, isMove: boolean): Columns {
  if (from === to) return columns
  const column = columns.get(from)
  if (column === undefined) {
    columns.delete(to)
    return columns
  }
  if (!isMove) return columns.set(to, column)
  const renamed: Columns = new Map()
  for (const [name, each] of columns) {
    if (name === from) renamed.set(to, column)
    else if (name !== to) renamed.set(name, each)
  }
  return renamed
}

function withPrefix(columns: Columns, prefix: string, to: FieldPattern, isMove: boolean): Columns {
  if (to.isPrefix && to.name === prefix) return columns
  const taken = [...columns].filter(([name]) => name.startsWith(prefix))
  taken.sort(([a], [b]) => (a < b ? -1 : 1))
  if (isMove) for (const [name] of taken) columns.delete(name)
  for (const [name, column] of taken) {
    const target = to.isPrefix ? to.name + name.slice(prefix.length) : to.name
    const had = columns.get(target)
    columns.set(target, had === undefined || had === column ? column : filledOver(column, had))
  }
  return columns
}

/** The texts of `over`, and where they are empty those of `under`. */
function filledOver(over: BatchColumn, under: BatchColumn): BatchColumn {
  const overTexts = over.texts()
  if (!overTexts.includes('')) return over
  const underTexts = under.texts()
  const overKinds = over.kinds()
  const underKinds = under.kinds()
  const texts = overTexts.map((text, row) => (text === '' ? underTexts[row] : text))
  if (overKinds === null && underKinds === null) return new TextColumn(texts)
  const kinds = Uint8Array.from(texts, (_, row) => {
    const kinds = overTexts[row] === '' ? underKinds : overKinds
    return kinds === null ? 0 : kinds[row]
  })
  return new TextColumn(texts, kinds)
}

// ---- wanted -------------------------------------------------------------------------------------------------

function pairsWant(pairs: readonly FieldPair[], after: FieldsWanted, isMove: boolean): FieldsWanted {
  return pairs.reduceRight((wanted, pair) => pairWants(pair, wanted, isMove), after)
}

function pairWants({ from, to }: FieldPair, after: FieldsWanted, isMove: boolean): FieldsWanted {
  const isNeeded = areWanted(after, [to])
  if (from.isPrefix) return isNeeded ? withFields(after, [from]) : after
  const kept = withoutFields(after, isMove ? [to, from] : [to])
  return isNeeded ? withFields(kept, [from]) : kept
}

/** Names that leave, given those that enter. */
function pairsLeave(
  pairs: readonly FieldPair[],
  entering: readonly string[] | null,
  isMove: boolean,
): readonly string[] | null {
  if (entering === null) return null
  let names = new Set(entering)
  for (const { from, to } of pairs) {
    const taken = [...names].filter((name) => matchesPattern(name, from))
    const targets = taken.map((name) =>
      to.isPrefix && from.isPrefix ? to.name + name.slice(from.name.length) : to.name,
    )
    if (isMove) names = new Set([...names].filter((name) => !taken.includes(name)))
    for (const target of targets) names.add(target)
  }
  return [...names]
}
