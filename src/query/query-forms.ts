import type { Query } from './ast.ts'
const later = (): never => {
  throw new Error('not built yet')
}
export function keywordQuery(_word: string): Query {
  return later()
}
export function levelQuery(_word: string): Query {
  return later()
}
export function timeRangeQuery(_fromText: string, _toText: string, _nowMs: number): Query {
  return later()
}
export function idQuery(_id: number): Query {
  return later()
}
export function regexQuery(_pattern: string): Query {
  return later()
}
