/**
 * `block_stats`: what each block that had rows knows of each field, for those rows: how many have it, how it is held
 * (`time`, `const`, `dict`, `string`), the bytes of the values, and how many distinct ones its dictionary has with how
 * many bytes. `bloom_bytes`, which queries for VictoriaLogs add up, are 0: indexes here are those of whole parts. For
 * people who look into the engine; none of it is a promise.
 */
import type { Pipe } from '../ast.ts'
import { EVERY_FIELD } from '../batches/fields-wanted.ts'
import { type MemoryShare, textBytes } from '../batches/memory-share.ts'
import { RowBatch } from '../batches/row-batch.ts'
import { TextColumn, TimeColumn } from '../batches/text-columns.ts'
import { encodeText } from '../values/text.ts'
import type { Gatherer, PipeKind } from './kind.ts'

export interface BlockStatsPipe extends Pipe {
  readonly kind: 'block_stats'
}

export const blockStatsPipe: PipeKind<BlockStatsPipe> = {
  kind: 'block_stats',
  names: ['block_stats'],
  summary:
    'what each block knows of each field of these rows: how many have it, how it is held, how many bytes',
  examples: ['error | block_stats'],
  isLive: false,
  parse: () => ({ kind: 'block_stats' }),
  print: () => 'block_stats',
  wants: () => EVERY_FIELD,
  leaves: () => [...STATS_FIELDS],
  bindGather: (_pipe, { memory }) => new BlockStatsGatherer(memory),
}

const STATS_FIELDS = [
  'field',
  'rows',
  'type',
  'values_bytes',
  'bloom_bytes',
  'dict_items',
  'dict_bytes',
] as const

/** Plain data: as STATS_FIELDS. */
type FieldStats = readonly string[]

class BlockStatsGatherer implements Gatherer {
  readonly #memory: MemoryShare
  readonly #stats: FieldStats[] = []

  constructor(memory: MemoryShare) {
    this.#memory = memory
  }

  add(batch: RowBatch): void {
    for (const stats of batch.names.map((name) => statsOf(batch, name))) this.#keep(stats)
  }

  #keep(stats: FieldStats): void {
    this.#memory.charge(stats.reduce((sum, text) => sum + textBytes(text), 0))
    this.#stats.push(stats)
  }

  take(): FieldStats[] {
    return this.#stats
  }

  merge(state: unknown): void {
    for (const stats of state as FieldStats[]) this.#keep(stats)
  }

  rows(): RowBatch[] {
    const columns = STATS_FIELDS.map((field, at) => {
      const texts = this.#stats.map((stats) => stats[at])
      return [field, new TextColumn(texts)] as const
    })
    return [new RowBatch(this.#stats.length, new Map(columns))]
  }
}

function statsOf(batch: RowBatch, field: string): FieldStats {
  const column = batch.column(field)
  const groups = column?.groups() ?? null
  const type = typeOf(column instanceof TimeColumn, groups)
  let rows = 0
  let bytes = 0
  const sizes = groups?.texts.map(sizeOf) ?? null
  const texts = groups === null ? batch.texts(field) : null
  for (let row = 0; row < batch.rowCount; row++) {
    const size = sizes === null ? sizeOf(texts![row]) : sizes[groups!.ofRow === null ? 0 : groups!.ofRow[row]]
    bytes += size
    if (size > 0) rows++
  }
  const dictBytes = sizes?.reduce((sum, size) => sum + size, 0) ?? 0
  return [field, String(rows), type, String(bytes), '0', String(sizes?.length ?? 0), String(dictBytes)]
}

function typeOf(isTime: boolean, groups: { readonly texts: readonly string[] } | null): string {
  if (isTime) return 'time'
  if (groups === null) return 'string'
  return groups.texts.length === 1 ? 'const' : 'dict'
}

const sizeOf = (text: string): number => (text === '' ? 0 : encodeText(text).length)
