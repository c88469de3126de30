/** `!a`, `-a`, `not a`: it does not match. */
import type { Filter } from '../ast.ts'
import { type FilterKind, PRECEDENCE_NOT } from './kind.ts'

export interface NotFilter extends Filter {
  readonly kind: 'not'
  /** No `not` itself. */
  readonly child: Filter
}

export function notOf(filter: Filter): Filter {
  if (isNot(filter)) return filter.child
  const not: NotFilter = { kind: 'not', child: filter }
  return not
}

function isNot(filter: Filter): filter is NotFilter {
  return filter.kind === 'not'
}

export const notFilter: FilterKind<NotFilter> = {
  kind: 'not',
  summary: 'it does not match; binds tightest',
  examples: ['!debug', '-debug', 'not (debug or trace)', 'level:!error'],
  precedence: PRECEDENCE_NOT,
  print: ({ child }, printer) => `!${printer.child(child, PRECEDENCE_NOT)}`,
  wants: ({ child }, wantsOf) => wantsOf(child),
  bind({ child }, context) {
    const bound = context.bind(child)
    return {
      cost: bound.cost,
      narrow(view, rows) {
        const matching = rows.copy()
        bound.narrow(view, matching)
        rows.andNot(matching)
      },
      count(block, isCheap) {
        const count = bound.count?.(block, isCheap) ?? null
        return count === null ? null : block.rowCount - count
      },
      parts: { kind: 'not', filters: [bound] },
    }
  },
}
