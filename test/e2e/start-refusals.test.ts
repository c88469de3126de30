/**
 * A start that cannot be: one sentence that says what to do, and an exit code that is not 0. Most are refused within the
 * process of the test; that such a process ends, and with this code, two of them show.
 */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { removeTemporary, runCommand, temporaryDirectory } from '../child-program.ts'
import { runCommandHere } from '../command-here.ts'
import { serveArguments, startProgram } from '../running-program.ts'

const directory = temporaryDirectory()
let other: Server

before(async () => {
  other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
})
after(() => {
  other.close()
  removeTemporary(directory)
})

const takenAddress = (): string => `127.0.0.1:${(other.address() as AddressInfo).port}`

/** What a start says that fails. It must be one line on stderr, and nothing that promises anything on stdout. */
async function refusedStart(
  dataDir: string,
  more: readonly string[] = [],
  run = runCommandHere,
): Promise<{ code: number | null; sentence: string }> {
  const { code, stdout, stderr } = await run(['serve', ...serveArguments(dataDir), ...more])
  assert.equal(stdout.toString(), '')
  assert.match(stderr, /^[^\n]+\n$/, 'one sentence')
  assert.doesNotMatch(stderr, /\bat .*\.ts:\d|node:internal/, 'no stack')
  assert.notEqual(code, 0)
  return { code, sentence: stderr }
}

it('names the port that is taken, and the option that moves it', async () => {
  const taken = takenAddress()
  for (const [flag, name, run] of [
    ['--log-listen', /log/, runCommand],
    ['--query-listen', /query/, runCommandHere],
  ] as const) {
    const { sentence } = await refusedStart(join(directory, 'port'), [flag, taken], run)
    assert.ok(sentence.includes(taken), sentence)
    assert.match(sentence, name)
  }
})

it('leaves a directory whose ports were taken free for the next start, whose server it names to others, undisturbed', async () => {
  const dataDir = join(directory, 'free')
  await refusedStart(dataDir, ['--log-listen', takenAddress()])
  await using program = await startProgram({ dataDir })
  const { sentence } = await refusedStart(dataDir, [], runCommand)
  assert.ok(sentence.includes(dataDir), sentence)
  assert.match(sentence, new RegExp(`\\b${program.pid}\\b`), 'who it is')
  assert.equal(await program.terminate(), 0)
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
