/** A start that cannot be: one sentence that says what to do, and an exit code that is not 0. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { removeTemporary, runCommand, temporaryDirectory } from '../child-program.ts'
import { type RunningProgram, serveArguments, startProgram } from '../running-program.ts'

const directory = temporaryDirectory()
let program: RunningProgram
let other: Server

before(async () => {
  program = await startProgram()
  other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
})
after(async () => {
  await program[Symbol.asyncDispose]()
  other.close()
  removeTemporary(directory)
})

/** What a start says that fails. It must be one line on stderr, and nothing that promises anything on stdout. */
async function refusedStart(
  dataDir: string,
  ...more: string[]
): Promise<{ code: number | null; sentence: string }> {
  const { code, stdout, stderr } = await runCommand(['serve', ...serveArguments(dataDir), ...more])
  assert.equal(stdout.toString(), '')
  assert.match(stderr, /^[^\n]+\n$/, 'one sentence')
  assert.doesNotMatch(stderr, /\bat .*\.ts:\d|node:internal/, 'no stack')
  assert.notEqual(code, 0)
  return { code, sentence: stderr }
}

it('names the port that is taken, and the option that moves it', async () => {
  const address = other.address()
  assert.ok(typeof address === 'object' && address !== null)
  const taken = `127.0.0.1:${address.port}`
  for (const flag of ['--log-listen', '--query-listen']) {
    const { sentence } = await refusedStart(join(directory, 'port'), flag, taken)
    assert.ok(sentence.includes(taken), sentence)
    assert.match(sentence, flag === '--log-listen' ? /log/ : /query/)
  }
})

it('leaves a directory whose ports were taken free for the next start', async () => {
  await using next = await startProgram({ dataDir: join(directory, 'port') })
  assert.equal(await next.terminate(), 0)
})

it('names the data directory that lies under a file', async () => {
  const file = join(directory, 'file')
  writeFileSync(file, '')
  const { sentence } = await refusedStart(join(file, 'data'))
  assert.ok(sentence.includes(join(file, 'data')), sentence)
})

it('names the data directory that is a file', async () => {
  const file = join(directory, 'other-file')
  writeFileSync(file, '')
  const { sentence } = await refusedStart(file)
  assert.ok(sentence.includes(file), sentence)
})

it('names the data directory that the system does not let it make', async (t) => {
  if (process.platform !== 'linux') return t.skip('there is no /proc')
  const { sentence } = await refusedStart('/proc/logcaster')
  assert.ok(sentence.includes('/proc/logcaster'), sentence)
})

it('names the data directory that it may not write', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root may write everywhere')
  const closed = join(directory, 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o500)
  const { sentence } = await refusedStart(closed)
  assert.ok(sentence.includes(closed), sentence)
})

it('names the data directory that another server uses, and does not disturb that one', async () => {
  const { sentence } = await refusedStart(program.dataDir)
  assert.ok(sentence.includes(program.dataDir), sentence)
  assert.match(sentence, new RegExp(`\\b${program.pid}\\b`), 'who it is')
  assert.equal(await program.terminate(), 0)
})
