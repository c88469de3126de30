/**
 * A part file that format version 1 wrote, test/data/format-v1-part/example.part, must be read for ever. It is never
 * written again: a new version of the format gets a file and a test of its own. test-example-part.ts has what went in;
 * it was written with level 9, features to understand 0x100 and features to ignore 0x300.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { RealDisk } from '../../base/base.ts'
import { decodeWordFilter } from '../filter/word-filter.ts'
import { FrameCache } from './frame-cache.ts'
import { PartFileReader } from './part-file-reader.ts'
import { EXAMPLE, FILTER_SECTION, FILTER_WORDS } from './test-example-part.ts'
import { contentsOf, contentsThrough } from './test-part.ts'

const PATH = join(import.meta.dirname, '../../../test/data/format-v1-part/example.part')

const openExample = (): PartFileReader =>
  PartFileReader.open(new RealDisk(), PATH, { cache: new FrameCache(1 << 20), featuresUnderstood: 0x100 })

test('the stored part is what it was', async () => {
  const hash = createHash('sha256')
    .update(await readFile(PATH))
    .digest('hex')
  assert.equal(hash, 'c96c054054942747e7f61eff91b029fb01d96ce5069c409fa02e69fb609e4a09')
})

test('a part of format version 1 gives what went in', async () => {
  const reader = openExample()
  await reader.verify()
  assert.deepEqual(contentsThrough(reader), contentsOf(EXAMPLE))
  assert.equal(reader.featuresToIgnore, 0x300)
  reader.close()
})

test('a word filter of format version 1 knows its words', () => {
  const reader = openExample()
  const bytes = reader.section(FILTER_SECTION) ?? assert.fail('there is no filter')
  const filter = decodeWordFilter(bytes)
  for (const text of FILTER_WORDS.split(' ')) {
    const word = Buffer.from(text)
    assert.equal(filter.mayContain(word, 0, word.length), true, text)
  }
  const other = Buffer.from('refused')
  assert.equal(filter.mayContain(other, 0, other.length), false)
  reader.close()
})
