/**
 * How the program stops: what was acknowledged is there afterwards, however it was asked to stop, and ids go on
 * growing over every kind of restart.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inTemporaryDirectory } from '../child-program.ts'
import { until } from '../deadline.ts'
import { type Crash, crashRounds } from '../kill-rounds.ts'
import { LineClient } from '../line-client.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'
import { readRecords } from '../stored-records.ts'

const SEED = 20_261
/** A drain time that no test waits for. */
const HOURS = ['--drain-ms-max', '10h']

/** How the program is asked to stop under load, one way after the other on the same data. */
const STOPS: readonly ((program: RunningProgram) => Promise<void>)[] = [
  (program) => stopWell(program, 'SIGTERM'),
  (program) => stopWell(program, 'SIGINT'),
  insist,
]

async function stopWell(program: RunningProgram, signal: NodeJS.Signals): Promise<void> {
  assert.equal(await program.terminate(signal), 0, signal)
  assert.doesNotMatch(program.stderr(), /BUG|UnhandledPromise|uncaught/i)
}

/** One client would hold the stop up for hours. */
async function insist(program: RunningProgram): Promise<void> {
  using stuck = await LineClient.connect(program.logPort)
  await stopReading(stuck)
  // Signals that come shortly after the first one are taken for the same: so it is said again until it is heard.
  const exit = await until(() => {
    if (program.isAlive) program.signal('SIGTERM')
    return program.isAlive ? null : program.exited
  }, 'the second signal to end it')
  // 130: what was still under way was not waited for.
  assert.deepEqual(exit, { code: 130, signal: null })
}

it('under load SIGTERM and SIGINT end with 0, a second signal ends at once, and everything acknowledged is stored', async () => {
  const rounds = STOPS.length
  const options = { rounds, clients: 6, seed: SEED, args: HOURS, acknowledgedMax: 2000, log: () => {} }
  const manner = { allowsHalfLines: true, allowsRefusals: true }
  const stop: Crash = (program, _random, round) => STOPS[round](program)
  const figures = await inTemporaryDirectory((dataDir) => crashRounds({ ...options, dataDir }, stop, manner))
  assert.equal(figures.rounds, rounds)
  assert.ok(figures.acknowledged > 0)
})

/** A client that is owed more replies than the system keeps for it, and takes none. */
async function stopReading(client: LineClient): Promise<void> {
  assert.equal(await client.ask('PING'), 'PONG')
  client.socket.pause()
  client.socket.write('LOG|\n'.repeat(2_000_000))
}

describe('a client that does not go away', () => {
  it('finds a record as soon as it is acknowledged, is answered to the end of what it sent, and closed', async () => {
    await using program = await startProgram()
    await assertReadableAtOnce(program)
    using client = await LineClient.connect(program.logPort)
    assert.match(await client.ask('LOG|INFO||before'), /^OK\|/)
    using query = await LineClient.connect(program.queryPort)
    await query.send('QUERY|TAIL|*\n')
    assert.equal(await query.line(), 'RESULT|*')
    assert.equal(await program.terminate(), 0)
    assert.deepEqual(await client.rest(), [])
    assert.deepEqual(await query.rest(), ['END'])
  })

  it('is cut off at the end of the drain time when it takes no replies, and the others lose nothing', async () => {
    await using program = await startProgram({ args: ['--drain-ms-max', '300ms'] })
    using stuck = await LineClient.connect(program.logPort)
    await stopReading(stuck)
    await store(program, 'kept')
    assert.equal(await program.terminate(), 0)
    assert.match(program.stderr(), /cut off at the end of the drain time.*connections=1/)
    await program.restart()
    assert.deepEqual(
      (await readRecords(program.queryPort)).map(({ message }) => String(message)),
      ['kept'],
    )
  })
})

describe('ids', () => {
  it('go on growing after a stop, after a kill, and after both', async () => {
    await using program = await startProgram()
    const ids = [await store(program, 'one')]
    assert.equal(await program.terminate(), 0)
    await program.restart()
    ids.push(await store(program, 'two'), await store(program, 'three'))
    await program.kill9()
    await program.restart()
    ids.push(await store(program, 'four'))
    await program.kill9()
    await program.restart()
    assert.equal(await program.terminate('SIGINT'), 0)
    await program.restart()
    ids.push(await store(program, 'five'))
    assert.deepEqual(
      ids,
      ids.toSorted((one, other) => one - other),
    )
    assert.equal(new Set(ids).size, ids.length)
    const stored = await readRecords(program.queryPort)
    assert.deepEqual(
      stored.map(({ id, message }) => [id, String(message)]),
      ['one', 'two', 'three', 'four', 'five'].map((message, index) => [ids[index], message]),
    )
  })
})

/** Ids of records that are acknowledged are found at once. */
async function assertReadableAtOnce(program: RunningProgram): Promise<void> {
  using client = await LineClient.connect(program.logPort)
  using query = await LineClient.connect(program.queryPort)
  for (let round = 0; round < 200; round++) {
    const id = (await client.ask(`LOG|INFO||round ${round}`)).slice('OK|'.length)
    assert.equal(await query.ask(`QUERY|ID|${id}`), 'RESULT|1')
    assert.match(await query.line(), new RegExp(`^${id}\\|INFO\\|[\\d.]+\\|round ${round}$`))
    assert.equal(await query.line(), 'END')
  }
}

async function store(program: RunningProgram, message: string): Promise<number> {
  using client = await LineClient.connect(program.logPort)
  const reply = await client.ask(`LOG|INFO||${message}`)
  assert.match(reply, /^OK\|\d+$/)
  return Number(reply.slice('OK|'.length))
}
