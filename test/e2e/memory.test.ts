/**
 * One budget of memory: writers that push as fast as they can against a disk that cannot take it are held up, none of
 * them is refused, and the process stays about within its budget.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ChildProgram, ROOT, removeTemporary, temporaryDirectory } from '../child-program.ts'
import { until } from '../deadline.ts'
import { LineClient } from '../line-client.ts'
import { rssBytesMax } from '../process-figures.ts'
import { countRecords, readStats } from '../stored-records.ts'

const MIB = 1024 * 1024
const WRITERS = 12
const PUSH_MS = 2500
const PIECE_LINES = 1000
const PIECE = Buffer.from(`LOG|INFO||${'a line of the usual length, '.repeat(7)}\n`.repeat(PIECE_LINES))
/** What the allocator and the collector may take beyond the budget for a moment, and what the machine's noise adds. */
const SLACK_BYTES = 96 * MIB
const DISK_BYTES_PER_SECOND = 12 * MIB

interface Slow {
  readonly process: ChildProgram
  readonly logPort: number
  readonly queryPort: number
}

async function startSlow(t: TestContext, budgetBytes: number): Promise<Slow> {
  const directory = temporaryDirectory()
  const script = join(ROOT, 'test/slow-disk-server.ts')
  const args = [directory, String(budgetBytes), String(DISK_BYTES_PER_SECOND), '30']
  const process = new ChildProgram(globalThis.process.execPath, [script, ...args])
  t.after(async () => {
    await process[Symbol.asyncDispose]()
    removeTemporary(directory)
  })
  await process.untilStdout((stdout) => /^ready \d+ \d+\n/m.test(stdout), 'it was ready', 60_000)
  const [, logPort, queryPort] = /^ready (\d+) (\d+)\n/m.exec(process.stdout())!
  return { process, logPort: Number(logPort), queryPort: Number(queryPort) }
}

/** Pushes as fast as the socket takes it; every line is answered. How many lines there were. */
async function push(port: number, endMs: number): Promise<number> {
  using client = await LineClient.connect(port)
  const answered = (async () => {
    let lines = 0
    for (let answer = await client.line(); answer !== 'PONG'; answer = await client.line(), lines++)
      assert.match(answer, /^OK\|\d+$/)
    return lines
  })()
  let pieces = 0
  for (; performance.now() < endMs; pieces++) await client.send(PIECE)
  await client.send('PING\n')
  assert.equal(await answered, pieces * PIECE_LINES)
  return pieces * PIECE_LINES
}

// Each waits for its disk: they wait at the same time.
describe('writers wait for a slow disk', { concurrency: true }, () => {
  for (const mebibytes of [192, 512]) {
    it(`and the process stays within ${mebibytes} MiB`, async (t) => {
      const { process, logPort, queryPort } = await startSlow(t, mebibytes * MIB)
      const endMs = performance.now() + PUSH_MS
      const pushing = Promise.all(Array.from({ length: WRITERS }, () => push(logPort, endMs)))
      let heldBytesMax = 0
      const watch = setInterval(async () => {
        const stats = await readStats(queryPort)
        heldBytesMax = Math.max(heldBytesMax, Number(stats['unstoredBytes']))
      }, 200)
      const lines = (await pushing).reduce((sum, count) => sum + count, 0)
      clearInterval(watch)
      assert.equal(await countRecords(queryPort), lines)
      const { memory } = (await readStats(queryPort)) as unknown as {
        readonly memory: { readonly shares: Readonly<Record<string, number>> }
      }
      const peak = rssBytesMax(process.pid)
      t.diagnostic(
        `${lines} lines; at most ${Math.round(heldBytesMax / MIB)} MiB waited for the disk, and ` +
          `the process took ${Math.round(peak / MIB)} MiB at most`,
      )
      assert.ok(heldBytesMax > 0 && heldBytesMax <= memory.shares['memory.inputBytesMax'] + 8 * MIB)
      assert.ok(peak < mebibytes * MIB + SLACK_BYTES, `it took ${Math.round(peak / MIB)} MiB`)
      assert.doesNotMatch(process.stderr(), /BUG|unhandled|rror/)
      await until(() => process.isAlive || null, 'it to be alive')
    })
  }
})
