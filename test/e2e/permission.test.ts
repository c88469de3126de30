/**
 * The real program under Node's permission model, with the rights that docs/storage.md says it needs: records are
 * stored, sealed and found, in worker threads where they are allowed, and in the one thread that there is where not.
 */
import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { removeTemporary, temporaryDirectory } from '../child-program.ts'
import { until } from '../deadline.ts'
import { LineClient } from '../line-client.ts'
import { startProgram } from '../running-program.ts'
import { countRecords, readStats } from '../stored-records.ts'

const LINES = 9000
const SEAL_MS_MAX = 30_000

interface Stats {
  readonly hub: { readonly stores: { readonly logs: { readonly parts: number; readonly segments: number } } }
}

async function sealed(port: number): Promise<true | null> {
  const { hub } = (await readStats(port)) as unknown as Stats
  return hub.stores.logs.parts > 0 ? true : null
}

async function storeSealAndFind(t: TestContext, flags: readonly string[]): Promise<void> {
  const dataDir = temporaryDirectory()
  t.after(() => removeTemporary(dataDir))
  const nodeFlags = ['--permission', '--allow-fs-read=*', `--allow-fs-write=${dataDir}`, ...flags]
  const args = ['--storage-segment-bytes-max', '1MiB', '--storage-batch-bytes-max', '512KiB']
  await using program = await startProgram({
    dataDir,
    nodeFlags,
    args: [...args, '--record-bytes-max', '64KiB'],
  })
  using client = await LineClient.connect(program.logPort)
  const lines = Array.from({ length: LINES }, (_, n) => `LOG|INFO||record ${n} ${'x'.repeat(150)}\n`)
  const sending = client.send(Buffer.from(lines.join('')))
  await client.lines(LINES)
  await sending
  await until(() => sealed(program.queryPort), 'a segment to be sealed', SEAL_MS_MAX)
  assert.equal(await countRecords(program.queryPort), LINES)
  assert.equal(await countRecords(program.queryPort, '"record 17"'), 1)
  assert.doesNotMatch(program.stderr(), /WORKER_DIED|BUG|ERROR/)
  assert.equal(await program.terminate(), 0)
}

it('stores, seals and finds under the permission model, with threads', (t) =>
  storeSealAndFind(t, ['--allow-worker']))

it('stores, seals and finds under the permission model, without threads', (t) => storeSealAndFind(t, []))
