import type { Query } from './ast.ts'
export interface ParseOptions {
  /** What `now` means in `_time` filters. */
  readonly nowMs: number
}
export function parseQuery(_text: string, _options: ParseOptions): Query {
  throw new Error('not built yet')
}
