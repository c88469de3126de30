/** docs/client.md shows what runs. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { codeBlocks } from '../../test/markdown.ts'
import { FakeNetworkServer } from './fake-log-server.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/client.md'), 'utf8')

function run(program: string): Promise<string> {
  return new Promise((resolve) => {
    const args = ['--input-type=module', '--eval', program]
    execFile(process.execPath, args, (_error, stdout, stderr) => resolve(stdout + stderr))
  })
}

it('the first example of docs/client.md runs', async () => {
  await using server = new FakeNetworkServer()
  await server.start()
  const [example] = codeBlocks(page)
  const program = example.text
    .replace('logcaster/client', join(import.meta.dirname, 'client.ts'))
    .replace('9999', String(server.address.port))
  assert.equal(await run(program), 'stored: 3 records\n')
  assert.deepEqual(server.fake.store.messages, ['disk is full', 'one', 'two'])
})
