/**
 * Real logs in, the same bytes out: each file of the corpus by netcat, by `logcaster send`, and in the LOG dialect,
 * read back over the query port and with `logcaster query` in a pipe. A line's end is LF or CRLF and no part of the
 * record; empty lines are none (PROTOCOLS.md §2).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { runCommand, runToEnd } from '../child-program.ts'
import { until } from '../deadline.ts'
import { LineClient } from '../line-client.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'
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

describe('real logs come back byte for byte', () => {
  let program: RunningProgram
  let lastId = -1

  before(async () => {
    program = await startProgram()
  })
  after(() => program[Symbol.asyncDispose]())

  /** What was stored since this was asked last, once there are so many records. */
  async function newRecords(count: number): Promise<StoredRecord[]> {
    const added = lastId < 0 ? '*' : `_id:>${lastId}`
    const isThere = async (): Promise<boolean> => (await countRecords(program.queryPort, added)) >= count
    await until(async () => ((await isThere()) ? true : null), `${count} records`)
    const records = await readRecords(program.queryPort, added)
    lastId = records.at(-1)?.id ?? lastId
    return records
  }

  for (const file of FILES) {
    it(`${basename(file)}, sent by netcat`, async (t) => {
      const bytes = readCorpus(t, file)
      if (bytes === null || !(await hasNetcat(t))) return
      const { code, stdout, stderr } = await runToEnd('nc', ['-N', '127.0.0.1', String(program.logPort)], {
        input: bytes,
      })
      assert.deepEqual([code, stdout.toString(), stderr], [0, '', ''])
      const lines = linesOf(bytes)
      assertSameLines(messagesOf(await newRecords(lines.length)), lines)
    })

    it(`${basename(file)}, sent in the LOG dialect: each line acknowledged with the id that it has`, async (t) => {
      const bytes = readCorpus(t, file)
      if (bytes === null) return
      const lines = linesOf(bytes)
      const acknowledged = await sendCommands(program.logPort, lines)
      const records = await newRecords(lines.length)
      assertSameLines(messagesOf(records), lines)
      const ids = records.map(({ id }) => id)
      assert.deepEqual(ids, acknowledged)
    })
  }

  it('all of them, sent by logcaster send', async (t) => {
    const corpus = sharedFolder(t, 'corpus')
    if (corpus === null) return
    const paths = FILES.map((file) => join(corpus, file))
    const { code, stdout, stderr } = await runCommand(['send', ...paths, '--json', ...portOptions()])
    assert.equal(code, 0, stderr)
    const files = paths.map((path) => readFileSync(path))
    const lines = files.flatMap(linesOf)
    const sent = lines.length
    const empty = files.flatMap(splitLines).length - sent
    const expected = { sent, acknowledged: sent, refused: 0, empty, long: 0 }
    assert.deepEqual(JSON.parse(stdout.toString()), expected)
    assertSameLines(messagesOf(await newRecords(sent)), lines)
  })

  it('all of that, read with logcaster query into a pipe, oldest first', async (t) => {
    if (sharedFolder(t, 'corpus') === null) return
    const options = ['-o', 'raw', '-n', '1000000', ...portOptions()]
    const { code, stdout, stderr } = await runCommand(['query', '*', ...options])
    assert.equal(code, 0, stderr)
    const records = await readRecords(program.queryPort)
    const inOrder = records.toSorted((one, other) => compareTimes(one, other) || one.id - other.id)
    assertSameLines(splitLines(stdout), messagesOf(inOrder))
  })

  const portOptions = (): string[] => [
    ...['--log-port', String(program.logPort)],
    ...['--query-port', String(program.queryPort)],
  ]
})

function readCorpus(t: TestContext, file: string): Buffer | null {
  const corpus = sharedFolder(t, 'corpus')
  return corpus === null ? null : readFileSync(join(corpus, file))
}

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
