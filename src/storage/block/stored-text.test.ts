/** Messages by their templates, as blocks hand them out to whoever works on what they have in common. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, SimulatedDisk } from '../../base/base.ts'
import type { TextTemplates } from '../../record/record.ts'
import { messages } from '../../testing/sample-records.ts'
import type { StoredBlock } from './stored-block.ts'
import { layBatches, openTestPart, writeTestPart } from './test-blocks.ts'

async function blockOf(texts: readonly string[]): Promise<StoredBlock> {
  const disk = new SimulatedDisk()
  const batches = layBatches([messages(...texts)], new SeededRandom(1), 1)
  await writeTestPart(disk, '/part', [batches])
  return openTestPart(disk, '/part').block(0)
}

async function templatesOf(texts: readonly string[]): Promise<TextTemplates> {
  return (await blockOf(texts)).messageTemplates()
}

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1')

test('all rows together are the messages, and their lengths are known without them', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed)
    const makers = Array.from({ length: 1 + random.below(4) }, () => MAKERS[random.below(MAKERS.length)])
    const texts = Array.from({ length: 1 + random.below(300) }, (_, at) => {
      if (random.chance(0.1))
        return random.chance(0.5) ? '' : `${'é'.repeat(random.below(90))}${random.uint32()}`
      const kind = random.below(makers.length)
      return `${makers[kind](at)} was ${'long '.repeat(5 * kind)}${makers[kind](at + 1)}`
    })
    const block = await blockOf(texts)
    const bytes = texts.map((text) => Buffer.from(text))
    const lengths = bytes.map(({ length }) => length)
    assert.deepEqual([...block.messageLengths()], lengths, `seed ${seed}`)
    const { data, starts, lengths: own } = block.message
    assert.deepEqual([...own], lengths)
    for (const [row, wanted] of bytes.entries())
      assert.equal(
        latin1(data, starts[row], starts[row] + own[row]),
        wanted.toString('latin1'),
        `seed ${seed}`,
      )
    assert.deepEqual([...block.messageLengths()], lengths, 'once they are put together')
  }
})

/** Values of the slots of each template, and what is said of their digits. */
function slotsOf({ templates }: TextTemplates): { values: string[]; isDigits: boolean }[] {
  return templates.flatMap((template) =>
    Array.from(template.slots, (_, slot) => {
      const { data, starts, lengths } = template.values(slot)
      const values = Array.from(starts, (start, row) => latin1(data, start, start + lengths[row]))
      return { values, isDigits: template.isDigits(slot) }
    }),
  )
}

const MAKERS: readonly ((at: number) => string)[] = [
  (at) => String((at * 7919) % 5003),
  (at) => String((at * 7919) % 5003).padStart(4, '0'),
  (at) => String(((at * 7919) % 5003) - 2500),
  (at) => `${(at * 7919) % 5003}.${at % 10}`,
  (at) => String((at * 7919) % 3),
  (at) => ['12', '-12', '13'][at % 3],
  (at) => `x${at % 50}`,
  (at) => `10.0.0.${at % 200}`,
]

test('a slot is said to hold digits where all its values do, and numbers below zero are seen', async () => {
  let digits = 0
  let signed = 0
  for (const [index, make] of MAKERS.entries()) {
    const texts = Array.from({ length: 400 }, (_, at) => `took ${make(at)} of ${make(at + 1)} rows`)
    for (const { values, isDigits } of slotsOf(await templatesOf(texts))) {
      const areDigits = values.every((value) => /^\d+$/.test(value))
      assert.equal(isDigits, areDigits, `${index}: ${values.slice(0, 5)}`)
      if (isDigits) digits++
      else if (values.some((value) => value.startsWith('-'))) signed++
    }
  }
  assert.ok(digits >= 4 && signed >= 2, `${digits} of digits, ${signed} with signs`)
})

test('templates in any order, and again, have the values that their rows have', async () => {
  const texts = Array.from({ length: 600 }, (_, at) =>
    at % 3 === 0 ? `user u${at} logged in from 10.0.0.${at % 250}` : `job ${at} took ${at * 3} ms`,
  )
  const { templates, ofRow, plain } = await templatesOf(texts)
  const ordinals = new Uint32Array(templates.length + 1)
  for (const [row, text] of texts.entries()) {
    const place = ofRow[row]
    const ordinal = ordinals[place]++
    if (place === templates.length) {
      const [start, length] = [plain!.starts[ordinal], plain!.lengths[ordinal]]
      assert.equal(latin1(plain!.data, start, start + length), text)
      continue
    }
    const { text: own, slots, rowCount } = templates[place]
    assert.ok(ordinal < rowCount)
    let whole = latin1(own, 0, slots[0] ?? own.length)
    for (let slot = 0; slot < slots.length; slot++) {
      const { data, starts, lengths } = templates[place].values(slot)
      whole += latin1(data, starts[ordinal], starts[ordinal] + lengths[ordinal])
      whole += latin1(own, slots[slot], slots[slot + 1] ?? own.length)
    }
    assert.equal(whole, text)
  }
  assert.ok(templates.length >= 2)
})
