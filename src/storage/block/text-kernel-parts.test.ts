/** Parts are the same bytes whether the text of their blocks is read by the kernel or by its twins. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { sharedFolder } from '../../../test/shared-folder.ts'
import {
  type InstantiateKernel,
  instantiateKernel,
  refuseKernel,
  SeededRandom,
  SimulatedDisk,
} from '../../base/base.ts'
import { shortOrLong } from '../../testing/test-length.ts'
import { BlockWriter } from './block-writer.ts'
import { PartWriter } from './part-writer.ts'
import { type Batches, contentOf, layBatches, randomBatches } from './test-blocks.ts'

const SEED = 20_261_121

/** The digest of a part with these blocks. */
async function digestWith(instantiate: InstantiateKernel, blocks: readonly Batches[]): Promise<string> {
  const writer = new BlockWriter(new SeededRandom(SEED), { instantiate, rowsMin: 0 })
  const part = await PartWriter.create(new SimulatedDisk({ seed: 1 }), '/part', { level: 1 })
  const known = writer.newKnownTemplates()
  for (const block of blocks) await part.addBlock(contentOf(block), writer, known)
  return (await part.finish()).sha256
}

async function check(blocks: readonly Batches[], what: string): Promise<void> {
  assert.equal(await digestWith(instantiateKernel, blocks), await digestWith(refuseKernel, blocks), what)
}

test('blocks of any records are the same bytes', async () => {
  for (let round = 0; round < shortOrLong(10, 30); round++) {
    const seed = SEED + round
    const random = new SeededRandom(seed)
    let firstId = 0
    const blocks = Array.from({ length: 3 }, () => {
      const block = layBatches(randomBatches(random, 1 + random.below(600)), random, firstId)
      firstId = block.endId
      return block
    })
    await check(blocks, `with the seed ${seed}`)
  }
})

test('blocks of real logs are the same bytes, and fields that hold such text', async (t) => {
  const corpus = sharedFolder(t, 'corpus')
  if (corpus === null) return
  const random = new SeededRandom(SEED)
  let firstId = 0
  const files = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.log'),
  )
  const blocks = files.map((path) => {
    const lines = readFileSync(join(corpus, path), 'latin1').split('\n')
    const messages = lines.filter((line) => line.length > 0).slice(0, 1500)
    const records = messages.map((message, row) => ({
      message,
      fields: [
        { name: 'copy', value: messages[messages.length - 1 - row] },
        { name: 'host', value: `host-${row % 7}` },
      ],
    }))
    const block = layBatches([{ records }], random, firstId)
    firstId = block.endId
    return block
  })
  await check(blocks, 'as one part')
})
