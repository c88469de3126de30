import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bitset, CodedError, isCodedError } from '../../base/base.ts'
import type { ValueTest } from '../../record/record.ts'
import { BlockView } from '../scan/block-view.ts'
import { PartTurns, testsIn } from '../scan/part-turns.ts'
import { FilterPlan } from '../scan/plan.ts'
import { TurnPace } from '../scan/turn-pace.ts'
import { parseQuery } from '../syntax/parser.ts'
import { blockOf, JudgingBlock, matchingRows, type TestRecord } from '../test-blocks.ts'
import { anyOfTests, hasGrams } from './any-of-tests.ts'
import type { BoundFilter } from './kind.ts'

const ROWS = 3000
const records: TestRecord[] = Array.from({ length: ROWS }, (_, row) => ({
  message: `row ${row} of w${row % 700}x`,
  fields: { f: `v${row % 900}` },
}))
const block = blockOf(records)

const joined = (count: number, of: (number: number) => string): string =>
  Array.from({ length: count }, (_, number) => of(number)).join(' or ')

const expected = (holds: (row: number) => boolean): number[] =>
  Array.from({ length: ROWS }, (_, row) => row).filter(holds)

const planOf = (text: string, nowMs?: () => number): FilterPlan =>
  new FilterPlan(parseQuery(text, { nowMs: 0 }).filter, { nowMs })

const soon = async (): Promise<void> => {}

test('many filters side by side find what each of them finds', async () => {
  const cases: [string, (row: number) => boolean][] = [
    [joined(300, (number) => `w${number}x`), (row) => row % 700 < 300],
    [joined(300, (number) => `f:=v${number}`), (row) => row % 900 < 300],
    [`(${joined(300, (number) => `w${number}x`)}) f:=v7`, (row) => row % 700 < 300 && row % 900 === 7],
    [`!(${joined(300, (number) => `w${number}x`)})`, (row) => row % 700 >= 300],
    [joined(300, (number) => `~"w${number}x$"`), (row) => row % 700 < 300],
    [
      `f:="" or ${joined(200, (number) => `f:="v${number}"`)} or f:=v8*`,
      (row) => row % 900 < 200 || /^8/.test(String(row % 900)),
    ],
    [
      joined(120, (number) => (number === 0 ? '""' : `w${number}x`)),
      (row) => row % 700 > 0 && row % 700 < 120,
    ],
    [joined(300, (number) => `i(W${number}X)`), (row) => row % 700 < 300],
    [joined(300, (number) => `*w${number}x*`), (row) => row % 700 < 300],
    [joined(150, (number) => `~"(?i)W${number}X|zz${number}"`), (row) => row % 700 < 150],
    [
      `${joined(150, (number) => `w${number + 500}*`)} or ~"(7x|w666x)" or f:v899`,
      (row) =>
        (row % 700 >= 500 && row % 700 < 650) || row % 10 === 7 || row % 900 === 899 || row % 700 === 666,
    ],
    [Array.from({ length: 40 }, (_, number) => `!~"w${number}x"`).join(' '), (row) => row % 700 >= 40],
  ]
  for (const [text, holds] of cases) {
    assert.deepEqual(matchingRows(text, records), expected(holds), text.slice(0, 60))
    for (const each of [block, new JudgingBlock(block, false)]) {
      const found = await planOf(text).matchInTurns(each, soon)
      assert.deepEqual([...found.indexes()], expected(holds), text.slice(0, 60))
    }
  }
})

test('what many filters cost before they look at rows is paid once a block, not once a turn', async () => {
  const counts = [50, 100, 200].map((tests) => {
    let calls = 0
    const clock = { ms: 0 }
    // A call costs as much as ten rows.
    const filters: BoundFilter[] = Array.from({ length: tests }, () => ({
      cost: 200,
      narrow: (_view, rows) => {
        calls++
        clock.ms += 0.1 + rows.count() / 100
        rows.clear()
      },
    }))
    const turns = new PartTurns(
      () => new TurnPace(1, 16_384, () => clock.ms),
      () => clock.ms,
    )
    const filter: BoundFilter = { cost: 1, narrow: () => {}, parts: { kind: 'or', filters } }
    assert.equal(testsIn(filter), tests)
    return turns.narrow(filter, new BlockView(block), Bitset.full(ROWS), soon).then(() => calls)
  })
  const [few, more, most] = await Promise.all(counts)
  assert.ok(more <= 2 * few && most <= 2 * more, `${few}, ${more}, ${most} calls`)
})

test('a query of many filters hears of its cancellation within 50 ms', async () => {
  class SlowBlock extends JudgingBlock {
    readonly clock = { ms: 0 }
    override narrow(...[field, test, rows]: Parameters<JudgingBlock['narrow']>): void {
      this.clock.ms += rows.count()
      super.narrow(field, test, rows)
    }
    override countPassing(): number | null {
      return null
    }
  }
  const slow = new SlowBlock(block, false)
  const { clock } = slow
  for (const abortAtMs of [1, 500, 5000]) {
    clock.ms = 0
    const plan = planOf(
      joined(30, (number) => `~"w${number}.*x"`),
      () => clock.ms,
    )
    const pause = async (): Promise<void> => {
      if (clock.ms >= abortAtMs) throw new CodedError('QUERY_CANCELLED', 'cancelled')
    }
    await assert.rejects(plan.matchInTurns(slow, pause), (error) => isCodedError(error, 'QUERY_CANCELLED'))
    assert.ok(clock.ms - abortAtMs < 50, `${clock.ms - abortAtMs} ms late`)
  }
})

test('of many filters only those are asked whose texts a value may hold, each once', () => {
  const asked: number[] = []
  const tests = ['needle', 'needles', 'NEEDLE', 'other', 'err'].map(
    (text, number): ValueTest => ({
      cost: 1,
      test: (data, start, end) => {
        asked.push(number)
        return new TextDecoder().decode(data.slice(start, end)).includes(text)
      },
      needles: [
        {
          bytes: new TextEncoder().encode(text.toLowerCase()),
          ...{ anyCase: true, startsWord: false, endsWord: false, isWhole: false, decides: false },
        },
      ],
    }),
  )
  assert.ok(tests.every(hasGrams))
  const { test: passes } = anyOfTests(tests)
  const isIn = (value: string): [boolean, number[]] => {
    const bytes = new TextEncoder().encode(`..${value}..`)
    asked.length = 0
    const isFound = passes(bytes, 2, bytes.length - 2)
    return [isFound, [...asked]]
  }
  assert.deepEqual(isIn('void'), [false, []])
  assert.deepEqual(isIn('ERROR err'), [true, [4]])
  assert.deepEqual(isIn('err'), [true, [4]])
  assert.deepEqual(isIn('er'), [false, []])
  assert.deepEqual(isIn(''), [false, []])
  const [isFound, all] = isIn('Needle nEEdle neEDles')
  assert.equal(isFound, false)
  assert.deepEqual(all.toSorted(), [0, 1, 2])
})
