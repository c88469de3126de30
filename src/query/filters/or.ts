/** `a or b`: at least one of them matches. */
import type { Block } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { boundsOfEither } from '../scan/bounds.ts'
import { ALL } from './all.ts'
import { anyOfTests, hasGrams } from './any-of-tests.ts'
import { boundValueFilter } from './bound-value-filter.ts'
import type { ExactFilter } from './exact.ts'
import { inOf } from './in.ts'
import { type BoundFilter, type FilterKind, PRECEDENCE_OR } from './kind.ts'

export interface OrFilter extends Filter {
  readonly kind: 'or'
  /** At least two, none of them an `or` or `*`. */
  readonly children: readonly Filter[]
}

/** The filter for which one of `filters` must match, in its simplest form. At least one. */
export function orOf(filters: readonly Filter[]): Filter {
  const children = filters.flatMap((filter) => (isOr(filter) ? filter.children : [filter]))
  if (children.length === 1) return children[0]
  if (children.some(({ kind }) => kind === ALL.kind)) return ALL
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
    const bound = withJoinedTests(withLists(children).map(context.bind)).toSorted((a, b) => a.cost - b.cost)
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

/** Fewer are asked for one by one: a store knows of most of its blocks that a text is not in them. */
const TESTS_JOINED_MIN = 100
/** Fewer whole values than this are no list. */
const VALUES_LISTED_MIN = 9

/** Many whole values of one field are a list. */
function withLists(children: readonly Filter[]): readonly Filter[] {
  const exact = Map.groupBy(children.filter(isWholeValue), ({ field }) => field)
  const lists = [...exact.values()].filter(({ length }) => length >= VALUES_LISTED_MIN)
  const listed = new Set<Filter>(lists.flat())
  return [
    ...children.filter((child) => !listed.has(child)),
    ...lists.map((filters) =>
      inOf(
        filters[0].field,
        filters.map(({ value }) => value),
      ),
    ),
  ]
}

const isWholeValue = (filter: Filter): filter is ExactFilter =>
  filter.kind === 'exact' && !(filter as ExactFilter).isPrefix

/** Many tests of one field cost a pass over its values, not one each. */
function withJoinedTests(bound: readonly BoundFilter[]): readonly BoundFilter[] {
  const tests = bound.filter(({ value }) => value !== undefined && hasGrams(value.test))
  const byField = Map.groupBy(tests, ({ value }) => value?.field ?? '')
  const groups = [...byField].filter(([, filters]) => filters.length >= TESTS_JOINED_MIN)
  const joined = new Set(groups.flatMap(([, filters]) => filters))
  return [
    ...bound.filter((filter) => !joined.has(filter)),
    ...groups.map(([field, filters]) =>
      boundValueFilter(field, anyOfTests(filters.flatMap(({ value }) => value?.test ?? []))),
    ),
  ]
}

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
