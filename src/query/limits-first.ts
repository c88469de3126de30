/**
 * `offset 20 | limit 10` as `limit 30 | offset 20`, which gives the same rows: so that whatever stands before knows how
 * many are enough.
 */
import type { Pipe } from './ast.ts'
import { type LimitPipe, limitOf } from './pipes/limit.ts'
import type { OffsetPipe } from './pipes/offset.ts'

export function limitsFirst(pipes: readonly Pipe[]): Pipe[] {
  const moved: Pipe[] = []
  for (const pipe of pipes) {
    if (!isLimit(pipe)) {
      moved.push(pipe)
      continue
    }
    let rows = pipe.rows
    let at = moved.length
    while (at > 0) {
      const before = moved[at - 1]
      if (!isOffset(before)) break
      rows += before.rows
      at--
    }
    moved.splice(at, 0, limitOf(rows))
  }
  return moved
}

const isLimit = (pipe: Pipe): pipe is LimitPipe => pipe.kind === 'limit'
const isOffset = (pipe: Pipe): pipe is OffsetPipe => pipe.kind === 'offset'
