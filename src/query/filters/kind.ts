/**
 * What a kind of filter declares about itself. Everything that the lexer, the parser, the printer, the planner and the
 * scan know of filters comes from here: a new filter is a new file and one line in registry.ts.
 */
import type { Bitset } from '../../base/base.ts'
import type { Block, ValueTest } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import type { Filter, Query } from '../ast.ts'
import { type FieldPattern, nameOf } from '../batches/fields-wanted.ts'
import type { BlockView } from '../scan/block-view.ts'
import type { Bounds } from '../scan/bounds.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'

export interface FilterKind<F extends Filter = Filter> {
  readonly kind: F['kind']
  /** One line for the reference. */
  readonly summary: string
  /** Queries that use it; a test parses them. */
  readonly examples: readonly string[]
  /** How a query spells it; absent where the grammar itself does (and, or, not). */
  readonly forms?: FilterForms
  /** How tightly its text holds together, PRECEDENCE_*. Absent: a leaf. */
  readonly precedence?: number
  print(filter: F, printer: FilterPrinter): string
  /** Prepares it for matching. Called once a query. */
  bind(filter: F, context: BindContext): BoundFilter
  /**
   * The query whose values it needs before it can be bound, or null where it has none: `in(error | fields user)`. The
   * rows of that query have one field, whose values `withValues` takes. Both or neither.
   */
  subquery?(filter: F): Query | null
  withValues?(filter: F, values: readonly string[]): Filter
  /** Fields of a row that it looks at. Absent: every field. */
  wants?(filter: F, wantsOf: (child: Filter) => readonly FieldPattern[]): readonly FieldPattern[]
  /** The one filter that says what both say, or null where there is none. Absent: there never is. */
  both?(a: F, b: F): F | null
  /** Absent: it may match anything. */
  bounds?(filter: F, boundsOf: (child: Filter) => Bounds): Bounds
}

/** `wants` of a filter that looks at one field. */
export const wantsItsField = ({ field }: { readonly field: string }): readonly FieldPattern[] => [
  nameOf(field),
]

export const PRECEDENCE_OR = 1
export const PRECEDENCE_AND = 2
export const PRECEDENCE_NOT = 3
export const PRECEDENCE_LEAF = 4

/** Where a filter's text may begin. `field` is null where the query named none. */
export interface FilterForms {
  /** `name(…)`, in small letters. */
  readonly functions?: Readonly<Record<string, FilterForm>>
  /** A value that begins with this symbol; it is still to be read. */
  readonly symbols?: Readonly<Record<string, FilterForm>>
  /** What a word or a phrase, with or without `*`, is in a group that begins with this symbol: `=(a or b*)`. */
  readonly groups?: Readonly<Record<string, WordForm>>
  /** Everything after `field:` of this field. */
  readonly fields?: Readonly<Record<string, FilterForm>>
}

export type FilterForm = (parser: FilterParser, field: string | null) => Filter

export type WordForm = (field: string, text: string, isPrefix: boolean) => Filter

/** How queries spell what filters are made of, so that the parser reads the same back. */
export interface FilterPrinter {
  /** In parentheses where it holds together less tightly than `precedence`. */
  readonly child: (filter: Filter, precedence: number) => string
  /** `name:` before a filter; nothing for the message. */
  readonly field: (name: string) => string
  /** In quotes where it is not one word, or a word that means something else. */
  readonly phrase: (text: string) => string
  /** A query within the query; whoever prints it puts the parentheses. */
  readonly query: (query: Query) => string
}

export interface BindContext {
  /** The filter is for a tail: what ends now has no end. */
  readonly isLive: boolean
  readonly bind: (child: Filter) => BoundFilter
}

export interface BoundFilter {
  /** Roughly what a row costs, COST_*; cheap filters run first and leave fewer rows to the others. */
  readonly cost: number
  /** Takes rows that do not match out of `rows`. Never adds one. */
  narrow(view: BlockView, rows: Bitset): void
  /**
   * How many rows of the block match, where it can tell in some milliseconds; else null. `isCheap`: null also where rows
   * would have to be looked at. Absent: never known.
   */
  count?(block: Block, isCheap?: boolean): number | null
  /** What rows that match pass. Absent: nothing that a store could ask of its blocks. */
  readonly skip?: SkipTest
  /** The filters of which it is made, cheap ones first, where nothing else decides: all, one or none of them match. */
  readonly parts?: BoundParts
  /** Where it is a test of the values of one field that is stored, and nothing else. */
  readonly value?: { readonly field: string; readonly test: ValueTest }
}

export interface BoundParts {
  readonly kind: 'and' | 'or' | 'not'
  /** At least one. */
  readonly filters: readonly BoundFilter[]
}

export const COST_NUMBER = 1
export const COST_COMPARE = 2
export const COST_SEARCH = 8
export const COST_FOLDED_SEARCH = 40
export const COST_REGEXP = 200
