import type { Query } from './ast.ts'
export function queryLimit(_query: Query): number | null {
  throw new Error('not built yet')
}
export function isLive(_query: Query): boolean {
  throw new Error('not built yet')
}
