/**
 * A part whose blocks format version 1 wrote, test/data/format-v1-blocks/example.part, must be read for ever and give the
 * records of records.jsonl, which lies beside it. Neither is written again: a new version of the format gets files and a
 * test of its own. test-example-blocks.ts says what went in, and how they were made.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realDisk, SeededRandom, SimulatedDisk } from '../../base/base.ts'
import { FIELD_NUMBER, FIELD_STRING, setBatchFirstId } from '../../record/record.ts'
import { cell, encodeSample } from '../../testing/sample-records.ts'
import { FrameCache } from '../part/frame-cache.ts'
import { FORM_TEMPLATES, slotOfColumn } from './block-layout.ts'
import { BlockWriter } from './block-writer.ts'
import { BatchContent } from './content-of-batches.ts'
import { PartWriter } from './part-writer.ts'
import type { StoredBlock } from './stored-block.ts'
import { StoredPart } from './stored-part.ts'
import {
  type ExampleRecord,
  exampleBlocks,
  exampleText,
  expectedRecords,
  FIELD_ENCODINGS,
  kindName,
  LEVEL,
  writeExamplePart,
} from './test-example-blocks.ts'

const DIRECTORY = join(import.meta.dirname, '../../../test/data/format-v1-blocks')
const PATH = join(DIRECTORY, 'example.part')
const STORED: readonly ExampleRecord[] = readFileSync(join(DIRECTORY, 'records.jsonl'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line))

const openExample = (): StoredPart =>
  StoredPart.open(realDisk, PATH, { cache: new FrameCache(1 << 20), level: LEVEL })

/** The rows of a block, through what gives one row at a time. */
function rowsOf(block: StoredBlock): ExampleRecord[] {
  return Array.from({ length: block.rowCount }, (_, row): ExampleRecord => {
    const levelWord = cell(block.levelWords, row)
    const fields = block
      .fieldsOf(row)
      .map(({ name, kind, value, isStream }) =>
        isStream
          ? ([name, kindName(kind), exampleText(value), 'stream'] as const)
          : ([name, kindName(kind), exampleText(value)] as const),
      )
      .sort(([one], [other]) => (one < other ? -1 : 1))
    return {
      id: block.ids[row],
      time: [block.timesMs[row], block.timesNs[row]],
      received: [block.receivedMs[row], block.receivedNs[row]],
      ...(block.severities[row] === 0 ? {} : { severity: block.severities[row] }),
      ...(block.flags[row] === 0 ? {} : { flags: block.flags[row] }),
      ...(levelWord.length === 0 ? {} : { levelWord: exampleText(levelWord) }),
      message: exampleText(block.messageOf(row)),
      ...(fields.length === 0 ? {} : { fields }),
    }
  })
}

const allRows = (part: StoredPart): ExampleRecord[] =>
  Array.from({ length: part.blockCount }, (_, block) => rowsOf(part.block(block))).flat()

test('the stored part is what it was', () => {
  const hash = createHash('sha256').update(readFileSync(PATH)).digest('hex')
  assert.equal(hash, 'd1ffd85e8ab0e88166323758d0dd4d39de493edaa48d8947cbdb89386f0cdeab')
})

test('blocks of format version 1 give every record that went in', async () => {
  const part = openExample()
  await part.file.verify()
  assert.deepEqual(allRows(part), STORED)
  part.close()
})

test('blocks of format version 1 give whole columns', () => {
  const part = openExample()
  const found = Array.from({ length: part.blockCount }, (_, number) => {
    const block = part.block(number)
    const names = block.fieldNames().sort()
    const columns = names.map((name) => block.field(name) ?? assert.fail(`there is no column ${name}`))
    return Array.from({ length: block.rowCount }, (_, row) => ({
      message: exampleText(cell(block.message, row)),
      fields: names.flatMap((name, index) => {
        const kind = kindName(columns[index].kinds?.[row] ?? FIELD_STRING)
        return kind === undefined ? [] : [[name, kind, exampleText(cell(columns[index], row))]]
      }),
    }))
  }).flat()
  const expected = STORED.map(({ message, fields = [] }) => ({
    message,
    fields: fields.map(([name, kind, value]) => [name, kind, value]),
  }))
  assert.deepEqual(found, expected)
  part.close()
})

test('the stored part has every encoding, templates, an overflow, and times of both sorts', () => {
  const part = openExample()
  const { fields } = part.facts(0)
  for (const [name, code] of Object.entries(FIELD_ENCODINGS)) {
    const index = fields.findIndex((field) => part.names[field.name] === name)
    assert.equal(part.file.openBlock(0).read(slotOfColumn(index + 1))?.[0], code, name)
  }
  const facts = Array.from({ length: part.blockCount }, (_, block) => part.facts(block))
  assert.ok(facts.some((block) => block.fields.some(({ form }) => form === FORM_TEMPLATES)))
  assert.deepEqual(
    facts.map(({ hasOverflow }) => hasOverflow),
    [false, false, true, false, false, false],
  )
  assert.deepEqual(
    facts.map(({ isTimeReceived }) => isTimeReceived),
    [false, false, true, false, true, true],
  )
  part.close()
})

test('what the generator describes is what was stored, and is written and read the same today', async () => {
  assert.deepEqual(expectedRecords(exampleBlocks()), STORED)
  const disk = new SimulatedDisk()
  await writeExamplePart(disk, '/example.part')
  const part = StoredPart.open(disk, '/example.part', { cache: new FrameCache(1 << 20), level: LEVEL })
  assert.deepEqual(allRows(part), STORED)
  part.close()
})

test('the small block of the documentation is these bytes', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/formats/part-blocks.md'), 'utf8')
  const example = page.slice(page.lastIndexOf('```\nfacts')).split('```')[1]
  // A name or nothing, hexadecimal digits, and behind two spaces or more what they mean.
  const documented = new Map<string, string>()
  let name = ''
  for (const line of example.split('\n').filter((text) => text !== '')) {
    name = line.slice(0, 13).trim() || name
    const hex = line.slice(13).split('  ')[0].replaceAll(' ', '')
    documented.set(name, `${documented.get(name) ?? ''}${hex}`)
  }
  assert.deepEqual(documented, await smallBlock())
})

/** What a part with the block of the documentation holds, in hexadecimal. */
async function smallBlock(): Promise<Map<string, string>> {
  const records = Array.from({ length: 16 }, (_, n) => ({
    message: n === 5 ? 'stop' : `job ${n + 1} done`,
    severity: 9,
    fields: [
      { name: 'host', value: 'a', isStream: true },
      ...(n % 8 === 2 ? [{ name: 'code', value: String(n), kind: FIELD_NUMBER }] : []),
    ],
  }))
  const bytes = encodeSample({ receivedMs: 1_736_934_600_250, records })
  setBatchFirstId(new DataView(bytes.buffer, bytes.byteOffset), 0, 7)
  const content = new BatchContent(bytes)
  content.addRecords(0, 0, records.length)
  const disk = new SimulatedDisk()
  const writer = await PartWriter.create(disk, '/small.part', { level: LEVEL })
  await writer.addBlock(content.build(), new BlockWriter(new SeededRandom(1)))
  await writer.finish()
  const { file } = StoredPart.open(disk, '/small.part', { cache: new FrameCache(1 << 20), level: LEVEL })
  const hex = (found: Uint8Array | null): string =>
    Buffer.from(found ?? assert.fail('it is missing')).toString('hex')
  const strings = file.openBlock(0)
  const slots = [0, 2, 3, 4, 6, 16, 18, 20, 21, 65_536]
  return new Map([
    ['facts', hex(file.facts(0))],
    ...[16, 17, 18, 19].map((kind) => [`section ${kind}`, hex(file.section(kind))] as const),
    ...slots.map((slot) => [`slot ${slot}`, hex(strings.read(slot))] as const),
  ])
}
