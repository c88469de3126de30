/**
 * `join by (a) (query)`: each row with the fields of those rows of another query that have the same values in the fields
 * named; a row is repeated where there are several. Rows without a partner stay as they are, or go with `inner`. A field
 * that the row has itself stays. The rows of the other query are held in the memory of this one; `rows(…)` may stand in
 * its place.
 */
import type { Pipe, Query } from '../ast.ts'
import type { BatchColumn } from '../batches/batch-column.ts'
import { SLICE_ROWS } from '../batches/batch-slices.ts'
import { EVERY_FIELD, type FieldPattern, type FieldsWanted, withFields } from '../batches/fields-wanted.ts'
import { gatherRows, heldRowsBytes, holdRows } from '../batches/held-rows.ts'
import type { RowBatch } from '../batches/row-batch.ts'
import { TextColumn } from '../batches/text-columns.ts'
import { tupleKey } from '../batches/tuple-counter.ts'
import { TupleGroups } from '../batches/tuple-groups.ts'
import type { FilterParser } from '../syntax/filter-parser.ts'
import { parseRowSource, printRowSource } from './inline-rows.ts'
import type { PipeKind, RunContext } from './kind.ts'
import { parseFieldNamesInGroup, printFieldNames } from './parts.ts'

export interface JoinPipe extends Pipe {
  readonly kind: 'join'
  /** At least one. */
  readonly by: readonly string[]
  readonly query: Query
  readonly isInner: boolean
  /** Stands before the names of the fields that come from the other query. */
  readonly prefix: string
}

export const joinPipe: PipeKind<JoinPipe> = {
  kind: 'join',
  names: ['join'],
  summary: 'each row with the fields of the rows of another query that have the same values in these fields',
  examples: [
    '* | by (service) count() as records | join by (service) (error | by (service) count() as errors)',
    '* | uniq by (host) | join by (host) (level:fatal | uniq by (host) with hits) inner prefix "fatal."',
    'error | join by (host) rows({host="web-1",team="shop"},{host="web-2",team="cart"})',
  ],
  isLive: false,
  parse: parseJoin,
  print({ by, query, isInner, prefix }, printer) {
    const others = printRowSource(query, printer)
    const inner = isInner ? ' inner' : ''
    const before = prefix === '' ? '' : ` prefix ${printer.phrase(prefix)}`
    return `join by (${printFieldNames(by, printer)}) ${others}${inner}${before}`
  },
  wants: ({ by }, after) => withFields(after, by),
  async *run(pipe, input, context) {
    const partners = await Partners.of(pipe, context)
    for await (const batch of input) {
      for (const joined of partners.join(batch)) {
        yield joined
        await context.pause()
      }
    }
  },
}

function parseJoin(parser: FilterParser): JoinPipe {
  const { reader } = parser
  if (!reader.takeWord('by')) reader.takeWord('on')
  const by = parseFieldNamesInGroup(parser, 'after `join by`')
  if (by.length === 0) throw reader.problem('`join by` needs the name of a field')
  const query = parseRowSource(parser, 'after the fields of `join`')
  let isInner = false
  let prefix: string | null = null
  for (;;) {
    if (reader.takeWordOnce('inner', isInner)) isInner = true
    else if (reader.takeWordOnce('prefix', prefix !== null))
      prefix = reader.expectPhrase('a prefix for names', { colon: true }).text
    else return { kind: 'join', by, query, isInner, prefix: prefix ?? '' }
  }
}

const PARTNER_BYTES = 48
const NOBODY: readonly number[] = []
const NO_PARTNER = 0xffff_ffff

/** Without what their names begin with in the rows that leave. */
function wantedOfPartners({ by, prefix }: JoinPipe, wanted: FieldsWanted): FieldsWanted {
  const own = ({ name, isPrefix }: FieldPattern): readonly FieldPattern[] => {
    if (name.startsWith(prefix)) return [{ name: name.slice(prefix.length), isPrefix }]
    return isPrefix && prefix.startsWith(name) ? EVERY_FIELD.allow : []
  }
  return withFields({ allow: wanted.allow.flatMap(own), deny: wanted.deny.flatMap(own) }, by)
}

/** The rows of the other query. */
class Partners {
  readonly #pipe: JoinPipe
  readonly #rows: RowBatch
  /** Numbers of rows by what they have in the fields. */
  readonly #byKey: ReadonlyMap<string, readonly number[]>

  private constructor(pipe: JoinPipe, rows: RowBatch, byKey: ReadonlyMap<string, readonly number[]>) {
    this.#pipe = pipe
    this.#rows = rows
    this.#byKey = byKey
  }

  static async of(pipe: JoinPipe, { select, wanted, memory, pause }: RunContext): Promise<Partners> {
    const batches: RowBatch[] = []
    const byKey = new Map<string, number[]>()
    let count = 0
    for await (const batch of select(pipe.query, wantedOfPartners(pipe, wanted))) {
      memory.charge(2 * heldRowsBytes(holdRows(batch)) + PARTNER_BYTES * batch.rowCount)
      const tuples = new TupleGroups(batch, pipe.by)
      const keys = Array.from({ length: tuples.count }, (_, tuple) => keyOf(tuples, tuple, pipe.by))
      for (let row = 0; row < batch.rowCount; row++) {
        const key = keys[tuples.ofRow === null ? 0 : tuples.ofRow[row]]
        const known = byKey.get(key)
        if (known === undefined) byKey.set(key, [count++])
        else known.push(count++)
      }
      batches.push(batch)
      await pause()
    }
    return new Partners(
      pipe,
      gatherRows(
        batches,
        Uint32Array.from({ length: count }, (_, row) => row),
      ),
      byKey,
    )
  }

  *join(batch: RowBatch): Generator<RowBatch> {
    const { by, isInner } = this.#pipe
    const tuples = new TupleGroups(batch, by)
    const found = Array.from(
      { length: tuples.count },
      (_, tuple) => this.#byKey.get(keyOf(tuples, tuple, by)) ?? NOBODY,
    )
    let own: number[] = []
    let partners: number[] = []
    for (let row = 0; row < batch.rowCount; row++) {
      const others = found[tuples.ofRow === null ? 0 : tuples.ofRow[row]]
      if (others.length === 0 && !isInner) {
        own.push(row)
        partners.push(NO_PARTNER)
      }
      for (const other of others) {
        own.push(row)
        partners.push(other)
        if (own.length < SLICE_ROWS) continue
        yield this.#joined(batch, own, partners)
        own = []
        partners = []
      }
    }
    if (own.length > 0) yield this.#joined(batch, own, partners)
  }

  #joined(batch: RowBatch, own: readonly number[], partners: readonly number[]): RowBatch {
    const rows = batch.select(Uint32Array.from(own))
    const columns = new Map<string, BatchColumn>(rows.columns)
    for (const name of this.#rows.names) {
      if (this.#pipe.by.includes(name)) continue
      const target = this.#pipe.prefix + name
      const texts = this.#rows.texts(name)
      const before = columns.get(target)?.texts() ?? null
      const filled = partners.map(
        (partner, at) => before?.[at] || (partner === NO_PARTNER ? '' : texts[partner]),
      )
      columns.set(target, new TextColumn(filled))
    }
    return rows.withColumns(columns)
  }
}

function keyOf(tuples: TupleGroups, tuple: number, by: readonly string[]): string {
  return tupleKey(by.map((_, field) => tuples.textOf(tuple, field)))
}
