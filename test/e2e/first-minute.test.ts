/** README.md's first minute, typed as it stands there; only the ports are others, since a test may not take the real ones. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ChildProgram, type Outcome, ROOT, runToEnd } from '../child-program.ts'
import { until } from '../deadline.ts'
import { codeBlocks } from '../markdown.ts'
import { type RunningProgram, startProgram } from '../running-program.ts'
import { readRecords, readStats } from '../stored-records.ts'

const README = readFileSync(join(ROOT, 'README.md'), 'utf8')
const FIRST_MINUTE = README.slice(README.indexOf('## The first minute'), README.indexOf('## Sending logs'))

describe('the first minute of README.md', () => {
  const [start, sendAndFind, tail, acknowledge] = codeBlocks(FIRST_MINUTE).map(({ text }) => text.trim())
  let program: RunningProgram

  before(async () => {
    program = await startProgram({ throughNpm: true })
  })
  after(() => program[Symbol.asyncDispose]())

  /** The variables that point the commands to our ports. */
  const env = (): NodeJS.ProcessEnv => ({
    LOGCASTER_LOG_PORT: String(program.logPort),
    LOGCASTER_QUERY_PORT: String(program.queryPort),
  })

  /** Types a block into a shell. */
  async function type(block: string): Promise<Outcome> {
    const outcome = await runToEnd('sh', ['-c', block.replaceAll('9999', String(program.logPort))], {
      env: env(),
    })
    assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
    return outcome
  }

  it('starts with npm start, which says what listens where and what to try', () => {
    assert.match(start, /^npm ci && npm start$/)
    assert.match(program.stdout(), new RegExp(`^ +logs +127\\.0\\.0\\.1:${program.logPort}$`, 'm'))
    assert.match(program.stdout(), new RegExp(`^ +queries +127\\.0\\.0\\.1:${program.queryPort}$`, 'm'))
  })

  it('finds the line that was sent', async () => {
    const { stdout } = await type(sendAndFind)
    assert.match(stdout.toString(), /hello from me/)
  })

  it('shows a line in the tail as it comes in, until Ctrl+C', async () => {
    await using watcher = new ChildProgram('sh', ['-c', tail], { env: env() })
    await until(async () => ((await tails()) === 1 ? true : null), 'the tail to listen')
    const { stdout } = await type(acknowledge)
    assert.match(stdout.toString(), /^OK\|\d+\n$/)
    await watcher.untilStdout((text) => text.includes('disk on fire'), 'the tail shows the line')
    watcher.interrupt()
    const { stderr } = await watcher.end()
    assert.doesNotMatch(stderr, /\bat .*:\d+:\d+/, 'no stack')
  })

  async function tails(): Promise<number> {
    const { hub } = (await readStats(program.queryPort)) as { readonly hub: { readonly tails: number } }
    return hub.tails
  }

  it('works with the two lines that the start prints', async () => {
    const lines = program.stdout().split('\n')
    const from = lines.findIndex((line) => line.startsWith('Try, in another terminal'))
    const { stdout } = await type(lines.slice(from + 1, from + 3).join('\n'))
    assert.equal(stdout.toString().match(/hello from me/g)?.length, 2)
  })

  it('answers the program of README.md', async (t) => {
    const script = codeBlocks(README).find(({ language }) => language === 'python')?.text
    assert.ok(script !== undefined)
    const python = await runToEnd('python3', ['-V']).catch(() => null)
    if (python === null) return t.skip('there is no python3')
    const args = ['-c', script.replaceAll('9999', String(program.logPort))]
    const { stdout, stderr } = await runToEnd('python3', args)
    assert.match(stdout.toString(), /^OK\|\d+\n\n$/, stderr)
  })

  it('ends when npm is asked to stop: the server answers, stores and exits with 0', async () => {
    const pid = await serverPid()
    assert.notEqual(pid, program.pid, 'npm is not the server')
    assert.equal(await program.terminate(), 0)
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    assert.doesNotMatch(program.stderr(), /\b(WARN|ERROR|FATAL)\b|npm err/)
  })

  /** The server wrote its own pid into its directory. */
  async function serverPid(): Promise<number> {
    const pid = /\d+/.exec(readFileSync(join(program.dataDir, 'lock'), 'utf8'))?.[0]
    assert.ok(pid !== undefined)
    return Number(pid)
  }

  it('has all of it after a restart', async () => {
    await program.restart()
    const stored = (await readRecords(program.queryPort)).map(({ message }) => message.toString())
    assert.deepEqual(stored, ['hello from me', 'disk on fire', 'hello from me', 'low on paper'])
    assert.equal(await program.terminate('SIGINT'), 0)
  })
})
