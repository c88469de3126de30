import type { Query } from './ast.ts'
export function printQuery(_query: Query): string {
  throw new Error('not built yet')
}
