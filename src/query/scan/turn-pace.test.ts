import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CodedError, isCodedError } from '../../base/base.ts'
import type { ValueTest } from '../../record/record.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, JudgingBlock, TEST_NOW_MS } from '../test-blocks.ts'
import { newestRows } from './newest-rows.ts'
import { FilterPlan } from './plan.ts'
import { TurnPace } from './turn-pace.ts'

/** Turns of rows that cost so much each, on a clock that goes on only by that. Answers the rows of each turn. */
function turnsOf(pace: TurnPace, costsMs: readonly number[], clock: { ms: number }): number[] {
  return costsMs.map((costMs) => {
    const { rows } = pace
    pace.turn(rows, () => {
      clock.ms += rows * costMs
    })
    return rows
  })
}

test('turns grow while they are short, up to a limit', () => {
  const clock = { ms: 0 }
  const pace = new TurnPace(1, 1000, () => clock.ms)
  assert.deepEqual(turnsOf(pace, [0, 0, 0, 0, 0, 0], clock), [1, 8, 64, 512, 1000, 1000])
})

test('a turn that was long makes the next ones short, down to one row', () => {
  const clock = { ms: 0 }
  const pace = new TurnPace(256, 10_000, () => clock.ms)
  assert.deepEqual(turnsOf(pace, [1, 1, 1, 100, 100, 0.01, 0.01], clock), [256, 8, 8, 8, 1, 1, 8])
})

test('a few rows that were fast say nothing of many', () => {
  const pace = new TurnPace(100, 1000, () => 0)
  pace.turn(5, () => {})
  assert.equal(pace.rows, 100)
})

/** A block that judges values itself, of which each costs a millisecond on its clock. */
class SlowBlock extends JudgingBlock {
  readonly clock = { ms: 0 }

  override narrow(...[field, test, rows]: Parameters<JudgingBlock['narrow']>): void {
    this.clock.ms += rows.count()
    super.narrow(field, test, rows)
  }

  override countPassing(_field: string | null, _test: ValueTest): number | null {
    return null
  }
}

const slowBlock = (): SlowBlock =>
  new SlowBlock(blockOf(Array.from({ length: 3000 }, (_, timeMs) => ({ message: 'a', timeMs }))), false)

/** Fails like a cancelled query as soon as `abortAtMs` has come. */
function pauseUntil(clock: { readonly ms: number }, abortAtMs: number): () => Promise<void> {
  return async () => {
    if (clock.ms >= abortAtMs) throw new CodedError('QUERY_CANCELLED', 'cancelled')
  }
}

const isCancelled = (error: unknown): boolean => isCodedError(error, 'QUERY_CANCELLED')

test('a query over a stored block hears of its cancellation within 50 ms, whatever a row costs', async () => {
  for (const text of ['~"b.*b"', '~"a.*b"']) {
    for (const abortAtMs of [1, 60, 700]) {
      for (const isNewest of [false, true]) {
        const block = slowBlock()
        const { clock } = block
        const { filter } = parseQuery(text, { nowMs: TEST_NOW_MS })
        const plan = new FilterPlan(filter, { nowMs: () => clock.ms })
        const pause = pauseUntil(clock, abortAtMs)
        const matched = isNewest
          ? newestRows(plan, block, { limit: 5, worstTimeMs: -Infinity }, pause)
          : plan.matchInTurns(block, pause)
        await assert.rejects(matched, isCancelled)
        const lateMs = clock.ms - abortAtMs
        assert.ok(lateMs < 50, `${text}, aborted at ${abortAtMs}: ${lateMs} ms late`)
      }
    }
  }
})
