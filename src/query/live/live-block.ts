/**
 * A block that has just come in, as all tails see it: what more than one of them needs is made once. Used while the block
 * is there, then forgotten; rows that were made keep nothing of it.
 */
import { Bitset } from '../../base/base.ts'
import type { Block } from '../../record/record.ts'
import type { Query } from '../ast.ts'
import type { RecordRow } from '../row.ts'
import { BlockView } from '../scan/block-view.ts'
import { livePlanOf } from '../scan/plan.ts'
import { MESSAGE_FIELD } from '../special-fields.ts'
import { type FieldNeedles, type LiveNeedles, liveNeedlesOf } from './live-needles.ts'
import { LiveRows } from './live-row.ts'
import type { FieldNeedle, RowsThatMay } from './needle-gate.ts'
import type { NeedleRows } from './needle-search.ts'

export class LiveBlock {
  readonly block: Block
  readonly #view: BlockView
  readonly #needles: LiveNeedles
  /** By field: what was found of its needles. */
  readonly #found = new Map<string | null, NeedleRows | 'none' | 'any'>()
  #maker: LiveRows | null = null
  #rows: (RecordRow | undefined)[] | null = null

  /** `queries`: those that are asked of every block; the texts of all of them are searched together. Any may be asked. */
  constructor(block: Block, queries: readonly Query[] = []) {
    this.block = block
    this.#view = new BlockView(block)
    // What a block stores it judges itself.
    this.#needles = liveNeedlesOf(block.narrow === undefined ? queries : [])
  }

  /** The rows that match the filter of the query, or null where there are none. */
  match(query: Query): Bitset | null {
    const rows = this.#candidates(query)
    return rows === null ? null : this.#matchAmong(query, rows)
  }

  /** The same with a pause between turns of some milliseconds; at once where it takes no longer than one. */
  matchInTurns(query: Query, pause: () => Promise<void>): Bitset | null | Promise<Bitset | null> {
    const rows = this.#candidates(query)
    if (rows === null) return null
    const plan = livePlanOf(query)
    const { rowCount } = this.block
    const turnRows = plan.turnRows(this.block)
    if (turnRows >= rowCount || turnRows >= rows.count()) return this.#matchAmong(query, rows)
    return plan.matchViewInTurns(this.#view, pause)
  }

  /** The record as a row that outlives the block: the same for all who ask. */
  recordRow(row: number): RecordRow {
    this.#rows ??= new Array<RecordRow | undefined>(this.block.rowCount)
    this.#maker ??= new LiveRows(this.block)
    const made = this.#rows[row] ?? this.#maker.row(row)
    this.#rows[row] = made
    return made
  }

  /** The record as a row that is only looked at: good until another row is asked for. */
  passingRow(row: number): RecordRow {
    const made = this.#rows?.[row]
    if (made !== undefined) return made
    this.#maker ??= new LiveRows(this.block)
    return this.#maker.passing(row)
  }

  /** The rows that can match, as a set of one's own; null where there are none. */
  #candidates(query: Query): Bitset | null {
    const rows = livePlanOf(query).rowsThatMay(this.#rowsOf)
    if (rows === 'none') return null
    if (rows === 'any') return Bitset.full(this.block.rowCount)
    return rows.isEmpty() ? null : rows.copy()
  }

  #matchAmong(query: Query, rows: Bitset): Bitset | null {
    const found = livePlanOf(query).matchAmong(this.#view, rows)
    return found.isEmpty() ? null : found
  }

  readonly #rowsOf = ({ field, needle }: FieldNeedle): RowsThatMay => {
    const needles = this.#needles.get(field)
    const number = needles?.numbers.get(needle)
    if (needles === undefined || number === undefined) return 'any'
    const found = this.#found.get(field) ?? this.#find(field, needles)
    return typeof found === 'string' ? found : (found[number] ?? 'none')
  }

  #find(field: string | null, { search }: FieldNeedles): NeedleRows | 'none' | 'any' {
    const column = this.#view.column(field ?? MESSAGE_FIELD)
    const found = column === null ? 'none' : (search.rowsOf(column) ?? 'any')
    this.#found.set(field, found)
    return found
  }
}
