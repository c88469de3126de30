/** Every kind of pipe, one line each. All that others know of them is derived here. */
import { assert } from '../../base/base.ts'
import type { Pipe } from '../ast.ts'
import { fieldsPipe } from './fields.ts'
import { filterPipe } from './filter.ts'
import type { PipeKind } from './kind.ts'
import { LATER_PIPES, LATER_STATS_FUNCTIONS } from './later.ts'
import { limitPipe } from './limit.ts'

export const PIPE_KINDS: readonly PipeKind[] = [fieldsPipe, filterPipe, limitPipe]

const kinds = new Map(PIPE_KINDS.map((kind) => [kind.kind, kind]))

export function pipeKindOf(pipe: Pipe): PipeKind {
  const kind = kinds.get(pipe.kind)
  assert(kind !== undefined, `no pipe is called ${pipe.kind}`)
  return kind
}

/** Kinds by every name they have. */
export const PIPES_BY_NAME: ReadonlyMap<string, PipeKind> = new Map(
  PIPE_KINDS.flatMap((kind) => kind.names.map((name) => [name, kind] as const)),
)

/** Kinds by the words that begin them without their name, like `count()`. */
export const PIPES_BY_LEAD: ReadonlyMap<string, PipeKind> = new Map(
  PIPE_KINDS.flatMap((kind) => (kind.leads ?? []).map((word) => [word, kind] as const)),
)

/** What a name that is not built stands for, in words for a message. */
export const LATER_PIPES_BY_NAME: ReadonlyMap<string, string> = new Map([
  ...LATER_PIPES.flatMap((names) => names.map((name) => [name, `pipe \`${names[0]}\``] as const)),
  ...LATER_STATS_FUNCTIONS.map((name) => [name, 'pipe `stats`'] as const),
])

/** Every name that a pipe may begin with, built or not. */
export const PIPE_NAMES: ReadonlySet<string> = new Set([
  ...PIPES_BY_NAME.keys(),
  ...PIPES_BY_LEAD.keys(),
  ...LATER_PIPES_BY_NAME.keys(),
])
