/** `a b`, `a and b`: all of them match. */
import type { Block } from '../../record/record.ts'
import type { SkipTest } from '../../storage/storage.ts'
import type { Filter } from '../ast.ts'
import { boundsOfBoth, UNBOUNDED } from '../scan/bounds.ts'
import { ALL } from './all.ts'
import { type BoundFilter, type FilterKind, PRECEDENCE_AND } from './kind.ts'

export interface AndFilter extends Filter {
  readonly kind: 'and'
  /** At least two, none of them an `and` or `*`. */
  readonly children: readonly Filter[]
}

/** The filter for which all of `filters` must match, in its simplest form. */
export function andOf(filters: readonly Filter[]): Filter {
  const children = filters.flatMap((filter) => (isAnd(filter) ? filter.children : [filter]))
  const needed = children.filter((child) => child.kind !== ALL.kind)
  if (needed.length === 0) return ALL
  if (needed.length === 1) return needed[0]
  const and: AndFilter = { kind: 'and', children: needed }
  return and
}

export function isAnd(filter: Filter): filter is AndFilter {
  return filter.kind === 'and'
}

export const andFilter: FilterKind<AndFilter> = {
  kind: 'and',
  summary: 'all of them match; binds tighter than `or`',
  examples: ['error timeout', 'error and timeout'],
  precedence: PRECEDENCE_AND,
  print: ({ children }, printer) =>
    children.map((child) => printer.child(child, PRECEDENCE_AND + 1)).join(' '),
  wants: ({ children }, wantsOf) => children.flatMap(wantsOf),
  bind({ children }, context) {
    const bound = children.map(context.bind).sort((a, b) => a.cost - b.cost)
    return {
      cost: bound[0].cost + bound[1].cost,
      narrow(view, rows) {
        for (const child of bound) {
          if (rows.isEmpty()) return
          child.narrow(view, rows)
        }
      },
      count: (block, isCheap) => countOfAll(bound, block, isCheap),
      parts: { kind: 'and', filters: bound },
      ...skipOfAll(bound),
    }
  },
  bounds: ({ children }, boundsOf) => children.map(boundsOf).reduce(boundsOfBoth, UNBOUNDED),
}

/** Known where all rows, or none, match every child but one, and of that one it is known. */
function countOfAll(
  children: readonly BoundFilter[],
  block: Block,
  isCheap: boolean | undefined,
): number | null {
  let least = block.rowCount
  let unknown: BoundFilter | null = null
  for (const child of children) {
    const count = child.count?.(block, true) ?? null
    if (count === 0) return 0
    if (count === block.rowCount) continue
    if (unknown !== null || least < block.rowCount) return null
    if (count === null) unknown = child
    else least = count
  }
  return unknown === null ? least : isCheap === true ? null : (unknown.count?.(block) ?? null)
}

function skipOfAll(children: readonly BoundFilter[]): { skip?: SkipTest } {
  const tests = children.flatMap(({ skip }) => skip ?? [])
  if (tests.length === 0) return {}
  return { skip: tests.length === 1 ? tests[0] : { kind: 'and', tests } }
}
