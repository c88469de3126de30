/**
 * A block as queries see it: every field, also those that are no fields of the record (`_time`, `_id`, `_msg`,
 * `_stream`, `level`), as a column of text. Made for one block, used by all filters of a query, then forgotten.
 */
import type { Block, Column } from '../../record/record.ts'
import { SPECIAL_FIELDS } from '../special-fields.ts'

export class BlockView {
  readonly block: Block
  readonly #specials = new Map<string, Column>()

  constructor(block: Block) {
    this.block = block
  }

  /** Null: all rows are empty. */
  column(field: string): Column | null {
    const special = SPECIAL_FIELDS.get(field)
    if (special === undefined) return this.block.field(field)
    let column = this.#specials.get(field)
    if (column === undefined) {
      column = special.column(this.block)
      this.#specials.set(field, column)
    }
    return column
  }
}
