/**
 * Tests of `_stream` and `_stream_id`: what they ask is the same for all records of a stream, so that a block is asked once
 * a stream, not once a record.
 */
import type { Bitset } from '../../base/base.ts'
import type { Block, RowGroups, ValueTest } from '../../record/record.ts'
import { streamGroups } from '../scan/block-streams.ts'
import { STREAM_FIELD, STREAM_ID_FIELD, streamId } from '../special-fields.ts'
import { decodeLoosely, encodeText } from '../values/text.ts'
import type { BoundFilter } from './kind.ts'

export const isStreamField = (field: string): boolean => field === STREAM_FIELD || field === STREAM_ID_FIELD

/** Answers that are kept from block to block. */
const ANSWERS_MAX = 10_000

/** `rowByRow` does the same, for rows that are no records, and for blocks with very many streams. */
export class BoundStreamFilter implements BoundFilter {
  readonly cost: number
  readonly #field: string
  readonly #test: ValueTest
  readonly #rowByRow: BoundFilter
  readonly #answers = new Map<string, boolean>()
  readonly #groups = new WeakMap<Block, RowGroups<Uint8Array> | null>()

  constructor(field: string, test: ValueTest, rowByRow: BoundFilter) {
    this.cost = test.cost
    this.#field = field
    this.#test = test
    this.#rowByRow = rowByRow
  }

  narrow(...[view, rows]: Parameters<BoundFilter['narrow']>): void {
    const groups = this.#groupsOf(view.block)
    if (groups === null) this.#rowByRow.narrow(view, rows)
    else keepGroups(groups, this.#passing(groups), rows)
  }

  count(block: Block): number | null {
    const groups = this.#groupsOf(block)
    if (groups === null) return null
    const passing = this.#passing(groups)
    if (!passing.includes(true)) return 0
    return groups.rowCounts().reduce((sum, count, group) => (passing[group] ? sum + count : sum), 0)
  }

  /** Null: rows are looked at one by one. */
  #groupsOf(block: Block): RowGroups<Uint8Array> | null {
    let groups = this.#groups.get(block)
    if (groups === undefined) {
      groups = block.layoutGroups === undefined ? null : streamGroups(block)
      this.#groups.set(block, groups)
    }
    return groups
  }

  #passing({ held }: RowGroups<Uint8Array>): boolean[] {
    return held.map((stream) => this.#passes(decodeLoosely(stream)))
  }

  #passes(stream: string): boolean {
    let answer = this.#answers.get(stream)
    if (answer === undefined) {
      const value = encodeText(this.#field === STREAM_ID_FIELD ? streamId(stream) : stream)
      answer = this.#test.test(value, 0, value.length)
      if (this.#answers.size === ANSWERS_MAX) this.#answers.clear()
      this.#answers.set(stream, answer)
    }
    return answer
  }
}

function keepGroups(groups: RowGroups<Uint8Array>, passing: readonly boolean[], rows: Bitset): void {
  if (!passing.includes(false)) return
  if (!passing.includes(true)) {
    rows.clear()
    return
  }
  const ofRow = groups.ofRow()
  for (let row = rows.nextSet(0); row >= 0; row = rows.nextSet(row + 1))
    if (!passing[ofRow === null ? 0 : ofRow[row]]) rows.unset(row)
}
