/** The short form of `npm run soak`: kill -9 under load, and everything that was acknowledged is there. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemRandom } from '../../src/base/base.ts'
import { inTemporaryDirectory } from '../child-program.ts'
import { makeMessage } from '../crash-messages.ts'
import { CrashCheck, CrashRecord } from '../crash-record.ts'
import type { ClientReport } from '../crash-ways.ts'
import { killRounds } from '../kill-rounds.ts'

/** Each is two kills: one under load, and one in the start behind it. */
const ROUNDS = 3

it('kill -9 under load over four protocols loses no acknowledged record, and doubles or changes none', async (t) => {
  const seed = systemRandom.uint32()
  const log = (line: string): void => t.diagnostic(line)
  log(`seed ${seed}`)
  const options = { rounds: ROUNDS, clients: 7, seed, log, startCrashChance: 1 }
  const figures = await inTemporaryDirectory((dataDir) => killRounds({ ...options, dataDir }))
  assert.deepEqual([figures.rounds, figures.startCrashes], [ROUNDS, ROUNDS])
  assert.ok(figures.stored >= figures.acknowledged)
})

// ---- and the check itself would notice ------------------------------------------------------------------------------

const message = (number: number): Buffer => makeMessage({ round: 0, client: 0, number })

/** Problems when this is stored, of 3 messages sent as 10, 11, 12, two of them acknowledged. */
function problemsOf(
  stored: readonly [id: number, message: Buffer][],
  change: Partial<ClientReport> = {},
): string[] {
  const record = new CrashRecord()
  const report = {
    client: 0,
    way: 'main',
    sent: 3,
    acknowledged: 2,
    ids: [10, 11],
    refusals: [],
    problems: [],
  } as const
  record.add(0, [{ ...report, ...change }])
  const check = new CrashCheck(record)
  for (const [id, bytes] of stored) check.take({ id, level: 'INFO', time: '1', message: bytes })
  return check.problems()
}

it('what was sent and not acknowledged may be there or not', () => {
  assert.deepEqual(
    problemsOf([
      [10, message(0)],
      [11, message(1)],
    ]),
    [],
  )
  assert.deepEqual(
    problemsOf([
      [10, message(0)],
      [11, message(1)],
      [12, message(2)],
    ]),
    [],
  )
})

it('a lost, doubled, moved, changed or invented record is noticed', () => {
  const both: [number, Buffer][] = [
    [10, message(0)],
    [11, message(1)],
  ]
  assert.match(problemsOf([both[0]])[0], /message 1 .* was acknowledged as 11 and is lost/)
  assert.match(problemsOf([...both, [13, message(1)]]).join(), /message 1 .* is there twice/)
  assert.match(problemsOf([...both, [11, message(2)]])[0], /id 11 is there twice/)
  assert.match(problemsOf([both[0], [12, message(1)]])[0], /has id 12, and was acknowledged with 11/)
  assert.match(problemsOf([both[0], [11, Buffer.concat([message(1), Buffer.from('x')])]])[0], /was changed/)
  const swapped: [number, Buffer][] = [
    [11, message(0)],
    [10, message(1)],
  ]
  assert.match(problemsOf(swapped, { ids: [] })[0], /message 1 .* has id 10: no growth/)
  assert.match(problemsOf([...both, [12, message(3)]])[0], /sent by nobody/)
  assert.match(problemsOf([...both, [12, Buffer.from('other')]])[0], /sent by nobody/)
  assert.match(problemsOf(both, { refusals: ['ERROR|full'] })[0], /was answered: ERROR\|full/)
  assert.match(problemsOf(both, { problems: ['ERROR|no'] })[0], /was answered: ERROR\|no/)
})
