/** `a b`, `a and b`: all of them match. */
import type { Filter } from '../ast.ts'
import { boundsOfBoth, UNBOUNDED } from '../bounds.ts'
import { ALL } from './all.ts'
import { type FilterKind, PRECEDENCE_AND } from './kind.ts'

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

function isAnd(filter: Filter): filter is AndFilter {
  return filter.kind === 'and'
}

export const andFilter: FilterKind<AndFilter> = {
  kind: 'and',
  summary: 'all of them match; binds tighter than `or`',
  examples: ['error timeout', 'error and timeout'],
  precedence: PRECEDENCE_AND,
  print: ({ children }, printer) =>
    children.map((child) => printer.child(child, PRECEDENCE_AND + 1)).join(' '),
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
    }
  },
  bounds: ({ children }, boundsOf) => children.map(boundsOf).reduce(boundsOfBoth, UNBOUNDED),
}
