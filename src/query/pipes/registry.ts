/** Every kind of pipe, one line each. All that others know of them is derived here. */
import { assert } from '../../base/portable.ts'
import type { Pipe } from '../ast.ts'
import { blockStatsPipe } from './block-stats.ts'
import { blocksCountPipe } from './blocks-count.ts'
import { coalescePipe } from './coalesce.ts'
import { collapseNumsPipe } from './collapse-nums.ts'
import { copyPipe } from './copy.ts'
import { decolorizePipe } from './decolorize.ts'
import { deduplicatePipe } from './deduplicate.ts'
import { deletePipe } from './delete.ts'
import { dropEmptyFieldsPipe } from './drop-empty-fields.ts'
import { extractPipe } from './extract.ts'
import { extractRegexpPipe } from './extract-regexp.ts'
import { facetsPipe } from './facets.ts'
import { fieldNamesPipe } from './field-names.ts'
import { fieldValuesPipe } from './field-values.ts'
import { fieldsPipe } from './fields.ts'
import { filterPipe } from './filter.ts'
import { firstPipe } from './first.ts'
import { formatPipe } from './format.ts'
import { generateSequencePipe } from './generate-sequence.ts'
import { hashPipe } from './hash.ts'
import { inlineRowsPipe } from './inline-rows.ts'
import { joinPipe } from './join.ts'
import { jsonArrayConcatPipe } from './json-array-concat.ts'
import { jsonArrayLenPipe } from './json-array-len.ts'
import type { PipeKind } from './kind.ts'
import { lastPipe } from './last.ts'
import { lenPipe } from './len.ts'
import { limitPipe } from './limit.ts'
import { mathPipe } from './math.ts'
import { offsetPipe } from './offset.ts'
import { packJsonPipe } from './pack-json.ts'
import { packLogfmtPipe } from './pack-logfmt.ts'
import { patternsPipe } from './patterns.ts'
import { queryStatsPipe } from './query-stats.ts'
import { renamePipe } from './rename.ts'
import { replacePipe } from './replace.ts'
import { replaceRegexpPipe } from './replace-regexp.ts'
import { runningStatsPipe } from './running-stats.ts'
import { samplePipe } from './sample.ts'
import { setStreamFieldsPipe } from './set-stream-fields.ts'
import { sortPipe } from './sort.ts'
import { splitPipe } from './split.ts'
import { statsPipe } from './stats.ts'
import { streamContextPipe } from './stream-context.ts'
import { streamContextRowsPipe } from './stream-context-rows.ts'
import { timeAddPipe } from './time-add.ts'
import { topPipe } from './top.ts'
import { totalStatsPipe } from './total-stats.ts'
import { unionPipe } from './union.ts'
import { uniqPipe } from './uniq.ts'
import { unpackJsonPipe } from './unpack-json.ts'
import { unpackLogfmtPipe } from './unpack-logfmt.ts'
import { unpackSyslogPipe } from './unpack-syslog.ts'
import { unpackWordsPipe } from './unpack-words.ts'
import { unrollPipe } from './unroll.ts'

export const PIPE_KINDS: readonly PipeKind[] = [
  blockStatsPipe,
  blocksCountPipe,
  coalescePipe,
  collapseNumsPipe,
  copyPipe,
  decolorizePipe,
  deduplicatePipe,
  deletePipe,
  dropEmptyFieldsPipe,
  extractPipe,
  extractRegexpPipe,
  facetsPipe,
  fieldNamesPipe,
  fieldValuesPipe,
  fieldsPipe,
  filterPipe,
  firstPipe,
  formatPipe,
  generateSequencePipe,
  hashPipe,
  joinPipe,
  jsonArrayConcatPipe,
  jsonArrayLenPipe,
  lastPipe,
  lenPipe,
  limitPipe,
  mathPipe,
  offsetPipe,
  packJsonPipe,
  packLogfmtPipe,
  patternsPipe,
  queryStatsPipe,
  renamePipe,
  replacePipe,
  replaceRegexpPipe,
  samplePipe,
  setStreamFieldsPipe,
  sortPipe,
  splitPipe,
  runningStatsPipe,
  statsPipe,
  totalStatsPipe,
  streamContextPipe,
  timeAddPipe,
  topPipe,
  unionPipe,
  uniqPipe,
  unpackJsonPipe,
  unpackLogfmtPipe,
  unpackSyslogPipe,
  unpackWordsPipe,
  unrollPipe,
]

/** What other pipes are made of: no query can name them. */
const INNER_PIPE_KINDS: readonly PipeKind[] = [inlineRowsPipe, streamContextRowsPipe]

const kinds = new Map([...PIPE_KINDS, ...INNER_PIPE_KINDS].map((kind) => [kind.kind, kind]))

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

/** Names of pipes that other engines have and this version does not, each as a message calls it. */
export const LATER_PIPES_BY_NAME: ReadonlyMap<string, string> = new Map([
  ['stats_remote', 'pipe `stats_remote`'],
])

/** Every name that a pipe may begin with, built or not. */
export const PIPE_NAMES: ReadonlySet<string> = new Set([
  ...PIPES_BY_NAME.keys(),
  ...PIPES_BY_LEAD.keys(),
  ...LATER_PIPES_BY_NAME.keys(),
])
