/** `*`: everything matches. */
import type { Filter } from '../ast.ts'
import type { FilterKind } from './kind.ts'

export interface AllFilter extends Filter {
  readonly kind: 'all'
}

export const ALL: AllFilter = { kind: 'all' }

export const allFilter: FilterKind<AllFilter> = {
  kind: 'all',
  summary: 'every record',
  examples: ['*'],
  print: () => '*',
  wants: () => [],
  bind: () => ({ cost: 0, narrow: () => {}, count: ({ rowCount }) => rowCount }),
}
