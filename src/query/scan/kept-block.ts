/**
 * The block whose rows were read last, with what was decoded of it: who reads all rows of an answer asks for a block
 * several times, some thousand rows at a time.
 *
 * It is one block; it goes when its last row or another block was read, or a moment after it was used last, and it counts
 * only as long as its part was open all the time. What it holds is what one block takes decoded.
 */
import type { Block } from '../../record/record.ts'
import type { HeldPart, PartCache, ScannedBlock } from '../../storage/storage.ts'
import type { BlockKeeper } from './search.ts'

const KEEP_MS = 2000

interface Kept {
  /** The open part: another object when it was opened again. */
  readonly part: object
  readonly number: number
  readonly deletesPath: string | null
  readonly block: Block
}

export class KeptBlock {
  #kept: Kept | null = null
  #timer: NodeJS.Timeout | null = null

  /** For one search of these parts. */
  keeperOf(cache: PartCache, parts: readonly HeldPart[]): BlockKeeper {
    const openPart = (held: HeldPart): object => cache.using(held, (part) => part)
    const heldOf = ({ origin }: ScannedBlock): HeldPart | undefined =>
      origin && parts.find(({ number }) => number === origin.part)
    return {
      blockOf: (scanned) => {
        const held = heldOf(scanned)
        const kept = this.#kept
        if (held === undefined || kept === null) return scanned.block
        const isSame =
          kept.number === scanned.origin!.block &&
          kept.deletesPath === held.deletesPath &&
          kept.part === openPart(held)
        return isSame ? kept.block : scanned.block
      },
      keep: (scanned, block, rows) => {
        const held = heldOf(scanned)
        this.#kept = null
        // Rows are mostly asked for as they lie: whoever had the last one does not come back.
        if (held === undefined || rows[rows.length - 1] === block.rowCount - 1) return
        const { deletesPath } = held
        this.#kept = { part: openPart(held), number: scanned.origin!.block, deletesPath, block }
        this.#timer ??= setTimeout(() => this.#drop(), KEEP_MS).unref()
        this.#timer.refresh()
      },
    }
  }

  #drop(): void {
    this.#kept = null
    this.#timer = null
  }
}
