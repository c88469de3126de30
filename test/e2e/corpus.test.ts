/**
 * Real logs in, the same bytes out: each file of the corpus by netcat, by `logcaster send`, and in the LOG dialect,
 * read back over the query port and with `logcaster query` in a pipe. A line's end is LF or CRLF and no part of the
 * record; empty lines are none (PROTOCOLS.md §2).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { until } from '../deadline.ts'
import { LineClient } from '../line-client.ts'
import { type RunningProgram, runCommand, runToEnd, startProgram } from '../running-program.ts'
import { sharedFolder } from '../shared-folder.ts'
import { countRecords, readRecords, type StoredRecord } from '../stored-records.ts'

const FILES = [
  'Apache.log',
  'BGL.log',
  'HDFS.log',
  'Hadoop.log',
  'Linux.log',
  'OpenSSH.log',
  'OpenStack.log',
  'Spark.log',
  'Thunderbird.log',
  'Zookeeper.log',
  'more/access.log',
  'more/kafka.log',
]

describe('a real log comes back byte for byte', { concurrency: 2 }, () => {
  for (const file of FILES) {
    describe(basename(file), () => {
      let program: RunningProgram
      let lastId = -1

      before(async () => {
        program = await startProgram()
      })
      after(() => program[Symbol.asyncDispose]())

      /** Sends the file in some way, and looks for its lines behind what was there before. */
      async function roundTrip(
        t: TestContext,
        send: (bytes: Buffer, path: string) => Promise<void>,
      ): Promise<void> {
        const corpus = sharedFolder(t, 'corpus')
        if (corpus === null) return
        const path = join(corpus, file)
        const bytes = readFileSync(path)
        const lines = linesOf(bytes)
        await send(bytes, path)
        const added = `_id:>${lastId}`
        await until(
          async () => ((await countRecords(program.queryPort, added)) < lines.length ? null : true),
          `${lines.length} records`,
        )
        const records = await readRecords(program.queryPort, added)
        assertSameLines(messagesOf(records), lines)
        await assertPiped(added, records)
        lastId = records.at(-1)?.id ?? lastId
      }

      /** `logcaster query` into a pipe gives the same, oldest first. */
      async function assertPiped(filter: string, records: readonly StoredRecord[]): Promise<void> {
        const options = ['-o', 'raw', '-n', '1000000', '--query-port', String(program.queryPort)]
        const { code, stdout, stderr } = await runCommand(['query', ...options, filter])
        assert.equal(code, 0, stderr)
        const inOrder = records.toSorted((one, other) => compareTimes(one, other) || one.id - other.id)
        assertSameLines(splitLines(stdout), messagesOf(inOrder))
      }

      it('sent by netcat', async (t) => {
        if (!(await hasNetcat(t))) return
        await roundTrip(t, async (bytes) => {
          const args = ['-N', '127.0.0.1', String(program.logPort)]
          const { code, stdout, stderr } = await runToEnd('nc', args, { input: bytes })
          assert.deepEqual([code, stdout.toString(), stderr], [0, '', ''])
        })
      })

      it('sent by logcaster send', async (t) => {
        await roundTrip(t, async (bytes, path) => {
          const { code, stdout, stderr } = await runCommand([
            'send',
            path,
            '--json',
            '--log-port',
            String(program.logPort),
          ])
          const records = linesOf(bytes).length
          assert.equal(code, 0, stderr)
          assert.deepEqual(JSON.parse(stdout.toString()), {
            sent: records,
            acknowledged: records,
            refused: 0,
            empty: splitLines(bytes).length - records,
            long: 0,
          })
        })
      })

      it('sent in the LOG dialect, each line acknowledged with the id that it has', async (t) => {
        let ids: number[] = []
        await roundTrip(t, async (bytes) => {
          ids = await sendCommands(program.logPort, linesOf(bytes))
        })
        const stored = await readRecords(program.queryPort, `_id:>=${ids[0]}`)
        assert.deepEqual(
          stored.map(({ id }) => id),
          ids,
        )
      })

      it('and all of it, with a star for a query', async (t) => {
        if (sharedFolder(t, 'corpus') === null) return
        await assertPiped('*', await readRecords(program.queryPort))
      })
    })
  }
})

/** Sends each line as a command, all at once; the ids of the replies. */
async function sendCommands(port: number, lines: readonly Buffer[]): Promise<number[]> {
  using client = await LineClient.connect(port)
  const commands = lines.map((line) => Buffer.concat([Buffer.from('LOG|INFO||'), line, Buffer.from('\n')]))
  const sending = client.send(Buffer.concat(commands))
  const replies = await client.lines(lines.length)
  await sending
  return replies.map((reply) => {
    const id = /^OK\|(\d+)$/.exec(reply)?.[1]
    assert.ok(id !== undefined, `a LOG command is answered with ${reply}`)
    return Number(id)
  })
}

async function hasNetcat(t: TestContext): Promise<boolean> {
  const isThere = await runToEnd('nc', ['-h']).then(
    ({ stderr }) => stderr.includes('-N'),
    () => false,
  )
  if (isThere) return true
  const reason = 'there is no nc that knows -N (package netcat-openbsd)'
  if (process.env['LOGCASTER_REQUIRE_SHARED']) assert.fail(`${reason}, and LOGCASTER_REQUIRE_SHARED is set`)
  t.skip(reason)
  return false
}

// ---- lines ------------------------------------------------------------------------------------------------------

const NEWLINE = 0x0a
const RETURN = 0x0d

/** What stands before each line feed, and behind the last one if anything does. */
function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let from = 0
  for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
    lines.push(bytes.subarray(from, to))
    from = to + 1
  }
  return from < bytes.length ? [...lines, bytes.subarray(from)] : lines
}

/** The records that a file is. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines = splitLines(bytes).map((line) => (line.at(-1) === RETURN ? line.subarray(0, -1) : line))
  return lines.filter((line) => line.length > 0)
}

const messagesOf = (records: readonly StoredRecord[]): Buffer[] => records.map(({ message }) => message)

/** Says where the first difference is: 2,000 lines at once help nobody. */
function assertSameLines(actual: readonly Buffer[], expected: readonly Buffer[]): void {
  const count = Math.min(actual.length, expected.length)
  for (let index = 0; index < count; index++) {
    if (actual[index].equals(expected[index])) continue
    assert.equal(actual[index].toString('latin1'), expected[index].toString('latin1'), `line ${index + 1}`)
  }
  assert.equal(actual.length, expected.length)
}

/** Unix seconds with decimals, none of them before 1970. */
function compareTimes(one: StoredRecord, other: StoredRecord): number {
  const [seconds, decimals = ''] = one.time.split('.')
  const [otherSeconds, otherDecimals = ''] = other.time.split('.')
  if (seconds !== otherSeconds) return Number(seconds) - Number(otherSeconds)
  return Number(decimals.padEnd(9, '0')) - Number(otherDecimals.padEnd(9, '0'))
}
