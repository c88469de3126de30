/** A real disk that is full: a clear refusal, queries go on, and when there is room it goes on by itself. */
import assert from 'node:assert/strict'
import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { removeTemporary, temporaryDirectory } from '../child-program.ts'
import { until } from '../deadline.ts'
import { LineClient } from '../line-client.ts'
import { startProgram } from '../running-program.ts'
import { readRecords } from '../stored-records.ts'

const MIB = 1024 * 1024
const QUIET: ExecFileSyncOptions = { stdio: 'ignore' }

/** A file system of 16 MiB in a temporary directory. */
class SmallDisk implements Disposable {
  readonly path: string
  readonly #directory = temporaryDirectory()
  readonly #unmount = (): void => {
    execFileSync('umount', ['--lazy', this.path], QUIET)
  }

  constructor() {
    this.path = join(this.#directory, 'mount')
    mkdirSync(this.path)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', this.path], QUIET)
    } catch (error) {
      removeTemporary(this.#directory)
      throw error
    }
    process.prependListener('exit', this.#unmount)
  }

  static open(): SmallDisk | null {
    try {
      return new SmallDisk()
    } catch {
      return null
    }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#unmount)
    this.#unmount()
    removeTemporary(this.#directory)
  }
}

it('a full disk refuses records with a reason, and takes them again once there is room', async (t) => {
  using disk = SmallDisk.open()
  if (disk === null) return t.skip('a tmpfs cannot be mounted here')
  writeFileSync(join(disk.path, 'ballast'), Buffer.alloc(10 * MIB))
  const sizes = { 'free-bytes-min': '1MiB', 'batch-bytes-max': '1MiB', 'segment-bytes-max': '2MiB' }
  const small = Object.entries(sizes).flatMap(([name, size]) => [`--storage-${name}`, size])
  await using program = await startProgram({ dataDir: join(disk.path, 'data'), args: small })
  using client = await LineClient.connect(program.logPort)

  const acknowledged: string[] = []
  let refusal = ''
  for (let number = 0; refusal === '' && number < 1000; number++) {
    const message = `${number} ${'x'.repeat(100_000)}`
    const reply = await client.ask(`LOG|INFO||${message}`)
    if (/^OK\|\d+$/.test(reply)) acknowledged.push(message)
    else refusal = reply
  }
  assert.equal(refusal, 'ERROR|Log storage full')
  assert.ok(acknowledged.length > 10)
  assert.equal(await client.ask('LOG::INFO:short'), 'ERROR:Log storage full')
  assert.equal(await client.ask('PING'), 'PONG')
  await assertStored()

  rmSync(join(disk.path, 'ballast'))
  await until(async () => {
    const reply = await client.ask('LOG|INFO||room again')
    return reply === 'ERROR|Log storage full' ? null : assert.match(reply, /^OK\|\d+$/)
  }, 'the store to take records again')
  acknowledged.push('room again')
  await assertStored()
  await program.kill9()
  await program.restart()
  await assertStored()

  async function assertStored(): Promise<void> {
    const stored = await readRecords(program.queryPort)
    const messages = stored.map(({ message }) => message.toString())
    assert.ok(messages.join('\n') === acknowledged.join('\n'), 'exactly what was acknowledged is stored')
  }
})
