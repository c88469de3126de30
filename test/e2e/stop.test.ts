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

/** Loads the program, ends it in this way, and checks what is stored, record by record. */
async function stopUnderLoad(stop: Crash, args: readonly string[] = []): Promise<void> {
  const options = { rounds: 1, clients: 6, seed: SEED, args, acknowledgedMax: 2000, log: () => {} }
  const manner = { allowsHalfLines: true, allowsRefusals: true }
  const { rounds, acknowledged } = await inTemporaryDirectory((dataDir) =>
    crashRounds({ ...options, dataDir }, stop, manner),
  )
  assert.equal(rounds, 1)
  assert.ok(acknowledged > 0)
}

describe('under load', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal} ends with 0 after everything acknowledged is stored`, () =>
      stopUnderLoad(async (program) => {
        assert.equal(await program.terminate(signal), 0)
        assert.doesNotMatch(program.stderr(), /BUG|UnhandledPromise|uncaught/i)
      }))
  }

  it('a second signal ends at once and loses nothing that was acknowledged', () =>
    stopUnderLoad(async (program) => {
      using stuck = await LineClient.connect(program.logPort)
      await stopReading(stuck)
      // Signals that come shortly after the first one are taken for the same: so it is said again until it is heard.
      const exit = await until(() => {
        if (program.isAlive) program.signal('SIGTERM')
        return program.isAlive ? null : program.exited
      }, 'the second signal to end it')
      // 130: what was still under way was not waited for.
      assert.deepEqual(exit, { code: 130, signal: null })
    }, HOURS))
})

/** A client that is owed more replies than the system keeps for it, and takes none. */
async function stopReading(client: LineClient): Promise<void> {
  assert.equal(await client.ask('PING'), 'PONG')
  client.socket.pause()
  client.socket.write('LOG|\n'.repeat(2_000_000))
}

describe('a client that does not go away', () => {
  it('is answered to the end of what it sent, and closed', async () => {
    await using program = await startProgram()
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

  it('are readable at once: a record is found as soon as it is acknowledged', async () => {
    await using program = await startProgram()
    using client = await LineClient.connect(program.logPort)
    using query = await LineClient.connect(program.queryPort)
    for (let round = 0; round < 200; round++) {
      const id = (await client.ask(`LOG|INFO||round ${round}`)).slice('OK|'.length)
      assert.equal(await query.ask(`QUERY|ID|${id}`), 'RESULT|1')
      assert.match(await query.line(), new RegExp(`^${id}\\|INFO\\|[\\d.]+\\|round ${round}$`))
      assert.equal(await query.line(), 'END')
    }
  })
})

async function store(program: RunningProgram, message: string): Promise<number> {
  using client = await LineClient.connect(program.logPort)
  const reply = await client.ask(`LOG|INFO||${message}`)
  assert.match(reply, /^OK\|\d+$/)
  return Number(reply.slice('OK|'.length))
}
