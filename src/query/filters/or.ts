/** `a or b`: at least one of them matches. */
import type { Block } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { boundsOfEither } from '../scan/bounds.ts'
import { containsAnyOf } from './contains-any.ts'
import type { ExactFilter } from './exact.ts'
import { inOf } from './in.ts'
import { type BoundFilter, type FilterKind, PRECEDENCE_OR } from './kind.ts'
import type { PhraseFilter } from './phrase.ts'

export interface OrFilter extends Filter {
  readonly kind: 'or'
  /** At least two, none of them an `or`. */
  readonly children: readonly Filter[]
}

/** The filter for which one of `filters` must match. At least one. */
export function orOf(filters: readonly Filter[]): Filter {
  const children = filters.flatMap((filter) => (isOr(filter) ? filter.children : [filter]))
  if (children.length === 1) return children[0]
  const or: OrFilter = { kind: 'or', children }
  return or
}

function isOr(filter: Filter): filter is OrFilter {
  return filter.kind === 'or'
}

export const orFilter: FilterKind<OrFilter> = {
  kind: 'or',
  summary: 'at least one of them matches',
  examples: ['error or fail', '(error or fail) and disk'],
  precedence: PRECEDENCE_OR,
  print: ({ children }, printer) =>
    children.map((child) => printer.child(child, PRECEDENCE_OR + 1)).join(' or '),
  wants: ({ children }, wantsOf) => children.flatMap(wantsOf),
  bind({ children }, context) {
    const bound = withLists(children)
      .map(context.bind)
      .sort((a, b) => a.cost - b.cost)
    return {
      cost: bound.reduce((sum, child) => sum + child.cost, 0),
      narrow(view, rows) {
        const open = rows.copy()
        for (const child of bound) {
          if (open.isEmpty()) return
          const matching = open.copy()
          child.narrow(view, matching)
          open.andNot(matching)
        }
        rows.andNot(open)
      },
      count: (block, isCheap) => countOfAny(bound, block, isCheap),
      parts: { kind: 'or', filters: bound },
      ...skipOfAny(bound),
    }
  },
  bounds: ({ children }, boundsOf) => children.map(boundsOf).reduce(boundsOfEither),
}

/** Fewer are asked for one by one: a store knows of most of its blocks that a word is not in them. */
const PHRASES_LISTED_MIN = 100
const VALUES_LISTED_MIN = 9

interface Listed {
  readonly min: number
  readonly list: (values: string[]) => Filter
  readonly value: string
}

/** Many phrases, or whole values, of one field are one list: they cost a pass over the values, not one each. */
function withLists(children: readonly Filter[]): readonly Filter[] {
  if (children.length < VALUES_LISTED_MIN) return children
  const lists = new Map<
    string,
    { readonly first: Listed; readonly filters: Filter[]; readonly values: string[] }
  >()
  const others: Filter[] = []
  for (const filter of children) {
    const listed = listedOf(filter)
    if (listed === null) {
      others.push(filter)
      continue
    }
    const key = JSON.stringify([filter.kind, listed.field])
    const known = lists.get(key) ?? { first: listed, filters: [], values: [] }
    lists.set(key, known)
    known.filters.push(filter)
    known.values.push(listed.value)
  }
  for (const { first, filters, values } of lists.values()) {
    if (filters.length < first.min) others.push(...filters)
    else others.push(first.list([...new Set(values)]))
  }
  return others
}

/** Null: the filter is in no list. */
function listedOf(filter: Filter): (Listed & { readonly field: string }) | null {
  if (isPhrase(filter) && filter.phrase !== '') {
    const { field, phrase: value } = filter
    return { field, value, min: PHRASES_LISTED_MIN, list: (values) => containsAnyOf(field, values) }
  }
  if (!isExact(filter) || filter.isPrefix) return null
  const { field, value } = filter
  return { field, value, min: VALUES_LISTED_MIN, list: (values) => inOf(field, values) }
}

const isPhrase = (filter: Filter): filter is PhraseFilter => filter.kind === 'phrase'
const isExact = (filter: Filter): filter is ExactFilter => filter.kind === 'exact'

/** Known where one child matches all rows, or where all but one match none and of that one it is known. */
function countOfAny(
  children: readonly BoundFilter[],
  block: Block,
  isCheap: boolean | undefined,
): number | null {
  let most = 0
  const open: BoundFilter[] = []
  for (const child of children) {
    const count = child.count?.(block, true) ?? null
    if (count === block.rowCount) return count
    if (count === 0) continue
    open.push(child)
    most = count ?? -1
  }
  if (open.length === 0) return 0
  if (open.length > 1) return null
  if (most >= 0) return most
  return isCheap === true ? null : (open[0].count?.(block) ?? null)
}

function skipOfAny(children: readonly BoundFilter[]): { skip?: SkipTest } {
  const tests = children.flatMap(({ skip }) => skip ?? [])
  return tests.length < children.length ? {} : { skip: { kind: 'or', tests } }
}
