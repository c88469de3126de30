/**
 * A filter of very many tests over one block, test by test: each goes over all rows that are left, in turns of its own,
 * before the next one does. Row by row instead, every turn would ask every test, and what a test costs before it
 * looks at a row would be paid for all of them in every turn.
 */
import { Bitset } from '../../base/portable.ts'
import type { BoundFilter } from '../filters/kind.ts'
import type { BlockView } from './block-view.ts'
import type { TurnPace } from './turn-pace.ts'

/** Others get the thread that often. */
const PAUSE_MS = 4

/** How many tests a filter asks that is made of others. */
export function testsIn({ parts }: BoundFilter): number {
  return parts === undefined ? 1 : parts.filters.reduce((sum, filter) => sum + testsIn(filter), 0)
}

export class PartTurns {
  readonly #newPace: (filter: BoundFilter) => TurnPace
  readonly #nowMs: () => number
  readonly #paces = new Map<BoundFilter, TurnPace>()
  #pausedMs = -Infinity

  constructor(newPace: (filter: BoundFilter) => TurnPace, nowMs: () => number) {
    this.#newPace = newPace
    this.#nowMs = nowMs
  }

  /** Takes the rows that do not match out of `rows`. */
  async narrow(
    filter: BoundFilter,
    view: BlockView,
    rows: Bitset,
    pause: () => Promise<void>,
  ): Promise<void> {
    const { parts } = filter
    if (parts === undefined) {
      await this.#narrowByTest(filter, view, rows, pause)
      return
    }
    if (parts.kind === 'and') {
      for (const each of parts.filters) {
        if (rows.isEmpty()) return
        await this.narrow(each, view, rows, pause)
      }
      return
    }
    const open = rows.copy()
    for (const each of parts.filters) {
      const matching = open.copy()
      await this.narrow(each, view, matching, pause)
      open.andNot(matching)
      if (open.isEmpty()) break
    }
    if (parts.kind === 'or') rows.andNot(open)
    else rows.and(open)
  }

  async #narrowByTest(
    filter: BoundFilter,
    view: BlockView,
    rows: Bitset,
    pause: () => Promise<void>,
  ): Promise<void> {
    const { rowCount } = view.block
    const known = filter.count?.(view.block) ?? null
    if (known === rowCount) return
    if (known === 0) {
      rows.clear()
      await this.#pauseWhenDue(pause)
      return
    }
    const pace = this.#paceOf(filter)
    for (let from = rows.nextSet(0); from >= 0; ) {
      const to = Math.min(from + pace.rows, rowCount)
      const turn =
        to === rowCount && rows.nextSet(0) === from ? rows : new Bitset(rowCount).fillRange(from, to)
      if (turn !== rows) {
        turn.and(rows)
        rows.andNot(turn)
      }
      pace.turn(to - from, () => filter.narrow(view, turn))
      if (turn !== rows) rows.or(turn)
      from = to === rowCount ? -1 : rows.nextSet(to)
      await this.#pauseWhenDue(pause)
    }
  }

  #paceOf(filter: BoundFilter): TurnPace {
    let pace = this.#paces.get(filter)
    if (pace === undefined) {
      pace = this.#newPace(filter)
      this.#paces.set(filter, pace)
    }
    return pace
  }

  async #pauseWhenDue(pause: () => Promise<void>): Promise<void> {
    if (this.#nowMs() - this.#pausedMs < PAUSE_MS) return
    await pause()
    this.#pausedMs = this.#nowMs()
  }
}
