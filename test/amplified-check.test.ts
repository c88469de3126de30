/** The check of the long kill run would notice what it is there to notice. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { compareRows, IdBook, type Line, type Row } from './amplified-check.ts'

const LINES: readonly Line[] = ['a', 'b', 'c', 'c'].map((text, at) => ({ timeMs: at, text }))
const ROWS: readonly Row[] = LINES.map((line, at) => ({ ...line, id: 10 + at }))

/** Two batches, of ids 10 and 11, and 12 and 13. */
const book = (): IdBook =>
  new IdBook([
    { lines: 2, firstId: 12, lastId: 13 },
    { lines: 2, firstId: 10, lastId: 11 },
  ])

function check(rows: readonly Row[]): void {
  const ids = book()
  compareRows(LINES, rows, ids)
  ids.finish()
}

it('all lines once, under the ids of their batches, are as they should be, in whichever order', () => {
  check(ROWS)
  check(ROWS.toReversed())
})

it('a line that is lost, changed or there twice is noticed', () => {
  assert.throws(() => check(ROWS.slice(1)), /lost: a/)
  assert.throws(() => check(ROWS.slice(0, 3)), /lost: c/)
  assert.throws(() => check(ROWS.with(1, { ...ROWS[1], text: 'x' })), /lost: b/)
  assert.throws(() => check(ROWS.with(0, { ...ROWS[0], text: 'b' })), /lost: a/)
  assert.throws(() => compareRows(LINES.slice(1), ROWS, book()), /without being sent, .*: a/)
})

it('an id that is there twice, missing, or of no batch is noticed', () => {
  assert.throws(() => check(ROWS.with(1, { ...ROWS[1], id: 10 })), /id 10 is there twice/)
  assert.throws(() => check(ROWS.with(3, { ...ROWS[3], id: 14 })), /id 14 belongs to no batch/)
  assert.throws(() => check(ROWS.with(0, { ...ROWS[0], id: 9 })), /id 9 belongs to no batch/)
  const half = book()
  compareRows(LINES.slice(0, 3), ROWS.slice(0, 3), half)
  assert.throws(() => half.finish(), /1 of 2 lines have ids from 12 to 13/)
})
