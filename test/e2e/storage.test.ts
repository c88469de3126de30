/**
 * What an operator asks of the storage engine, with the real program: seal, merge, check, measure, copy, and find a byte
 * that the disk turned over.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Outcome, removeTemporary, runCommand, temporaryDirectory } from '../child-program.ts'
import { runCommandHere } from '../command-here.ts'
import { LineClient } from '../line-client.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'
import { countRecords } from '../stored-records.ts'

const TOKEN = 'operator-of-the-storage-tests'
const HASH = createHash('sha256').update(TOKEN).digest('hex')
const TOKENS = ['--tokens', `ops read,write,admin sha256:${HASH}`]
const LINES = 4000
const QUERIES = ['*', 'user7', 'timeout', 'failed or refused', '_msg:~"user[0-3] "']

/** Lines as programs write them: few templates, many values. */
function line(n: number): string {
  const kinds = [
    `request ${n} of user${n % 40} took ${(n * 7919) % 900} ms`,
    `connection from 10.0.${n % 7}.${n % 250} refused`,
    `job job-${(n * 31) % 5000} failed: ${n % 2 === 0 ? 'timeout' : 'no route'} after ${n % 60} s`,
  ]
  return kinds[n % kinds.length]
}

async function sendLines(port: number, from: number, count: number): Promise<void> {
  using client = await LineClient.connect(port)
  const lines = Array.from({ length: count }, (_, n) => `LOG|INFO||${line(from + n)}\n`)
  const sending = client.send(Buffer.from(lines.join('')))
  await client.lines(count)
  await sending
}

const countsOf = (program: RunningProgram): Promise<number[]> =>
  Promise.all(QUERIES.map((query) => countRecords(program.queryPort, query)))

describe('what an operator asks of the storage', () => {
  let program: RunningProgram
  let backups = ''
  let counts: readonly number[] = []

  const ask = (words: readonly string[], run = runCommandHere): Promise<Outcome> =>
    run([...words, '--http-port', String(program.httpPort)], { env: { LOGCASTER_TOKEN: TOKEN } })

  const done = (...words: string[]): Promise<string> => doneBy(runCommandHere, ...words)

  async function doneBy(run: typeof runCommand, ...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await ask(words, run)
    assert.deepEqual([code, stderr], [0, ''], words.join(' '))
    return stdout.toString()
  }

  before(async () => {
    backups = temporaryDirectory()
    program = await startProgram({ args: TOKENS })
  })
  after(async () => {
    await program[Symbol.asyncDispose]()
    removeTemporary(backups)
  })

  it('is not for everybody', async () => {
    for (const words of [['flush'], ['merge', '--wait'], ['backup', join(backups, 'none')]]) {
      const { code, stderr } = await runCommandHere([...words, '--http-port', String(program.httpPort)])
      assert.equal(code, 4, words.join(' '))
      assert.match(stderr, /--token/)
    }
  })

  it('seals and merges, and every query counts what it counted before', async () => {
    await sendLines(program.logPort, 0, LINES / 2)
    await done('flush')
    await sendLines(program.logPort, LINES / 2, LINES / 2)
    counts = await countsOf(program)
    assert.ok(counts.every((count) => count > 0) && counts[0] === LINES, counts.join(' '))
    assert.match(await done('flush'), /^sealed: 4,000 records, \d+ parts with /)
    assert.deepEqual(await countsOf(program), counts)
    // The process lasts as long as what it waits for.
    assert.match(await doneBy(runCommand, 'merge', '--wait'), /^merged: 4,000 records, \d+ parts? with /)
    assert.deepEqual(await countsOf(program), counts)
    assert.match(await done('merge'), /^merging: /)
  })

  it('tells what is on disk, and the columns add up to it', async () => {
    const report = JSON.parse(await done('stats', '--storage', '--json')) as {
      readonly bytes: number
      readonly records: number
      readonly columns: readonly { readonly kind: string; readonly bytes: number }[]
    }
    const total = report.columns.reduce((sum, { bytes }) => sum + bytes, 0)
    assert.equal(report.records, LINES)
    assert.ok(Math.abs(total - report.bytes) <= report.bytes * 0.01, `${total} of ${report.bytes}`)
    const page = await done('stats', '--storage', '-o', 'table')
    assert.match(page, /^4,000 records in \d+ parts?: .+ of values take .+ : 1\), /)
    for (const word of ['(message)', '(ids)', '(templates)', '(overhead)', 'share', 'encoding', 'day'])
      assert.ok(page.includes(word), `${word}\n${page}`)
  })

  it('makes a copy that a server runs on', async () => {
    const copy = join(backups, 'copy')
    assert.match(await done('backup', copy), /^copied 4,000 records, \d+ files, .+ to \//)
    const refused = await ask(['backup', copy])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /is not empty/)
    assert.match(
      (await runCommandHere(['verify', '--data-dir', copy])).stdout.toString(),
      /4,000 records: all is well/,
    )
    await using restored = await startProgram({ dataDir: copy })
    assert.deepEqual(await countsOf(restored), counts)
    await sendLines(restored.logPort, 0, 3)
    assert.equal(await countRecords(restored.queryPort, '*'), LINES + 3)
  })

  it('finds a byte that was turned over, with the server and without it', async () => {
    assert.match(await done('verify'), /^\d+ files, .+, 4,000 records: all is well\n$/)
    const locked = await runCommandHere(['verify', '--data-dir', program.dataDir])
    assert.equal(locked.code, 1)
    assert.match(locked.stderr, /Another LogCaster|in use|uses/i)
    const directory = join(program.dataDir, 'stores/logs')
    const name = readdirSync(directory).filter((each) => each.startsWith('part-'))[0]
    const bytes = readFileSync(join(directory, name))
    bytes[Math.floor(bytes.length / 3)] ^= 1
    writeFileSync(join(directory, name), bytes)
    const online = await ask(['verify'])
    assert.equal(online.code, 1)
    assert.match(online.stdout.toString(), new RegExp(`^damaged: ${name}: .+ \\(ids \\d+ to \\d+\\)\n`))
    await program.terminate()
    const offline = await runCommand(['verify', '--data-dir', program.dataDir, '--json'])
    assert.equal(offline.code, 1, offline.stderr)
    const { damaged } = JSON.parse(offline.stdout.toString()) as { damaged: { file: string }[] }
    assert.deepEqual([...new Set(damaged.map(({ file }) => file))], [`logs/${name}`])
  })
})
