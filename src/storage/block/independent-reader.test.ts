/**
 * A second reader of parts, written from docs/formats/part.md, part-columns.md, part-templates.md and part-blocks.md
 * alone: that it reads the stored example shows that the pages suffice. It imports nothing of the engine but its own
 * other half (test-independent-columns.ts), and must stay so.
 *
 * Not here: levels, fields of the overflow, what a reader checks against enemies, word filters, dictionaries of zstd.
 * Where a page and this reader differ, one of them is wrong: mend the page first.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32, zstdDecompressSync } from 'node:zlib'
import { decodeColumn, ordinals, Source, sum, times } from './test-independent-columns.ts'

const DIRECTORY = join(import.meta.dirname, '../../../test/data/format-v1-blocks')

// ---- the container ----------------------------------------------------------------------------------------------

interface Entry {
  readonly facts: Buffer
  readonly strings: ReadonlyMap<number, Buffer>
}

interface Part {
  readonly sections: ReadonlyMap<number, Buffer>
  readonly blocks: readonly Entry[]
}

function readPart(file: Buffer): Part {
  const trailer = file.subarray(-32)
  assert.equal(trailer.toString('latin1', 24), 'LCPARTND')
  assert.equal(trailer.readUInt32LE(20), crc32(trailer.subarray(0, 20)))
  const footerAt = Number(trailer.readBigUInt64LE(0))
  const footer = file.subarray(footerAt, footerAt + trailer.readUInt32LE(8))
  assert.equal(trailer.readUInt32LE(12), crc32(footer))
  assert.equal(footer.readUInt32LE(8), 0, 'there are features that this reader does not know')
  const [blocks, frameCount, sectionCount] = [16, 20, 24].map((at) => footer.readUInt32LE(at))
  const framesAt = 32 + sectionCount * 24
  let at = 16
  const frames = times(frameCount, (n) => {
    const entry = footer.subarray(framesAt + n * 16)
    at += entry.readUInt32LE(0)
    return unpack(file.subarray(at - entry.readUInt32LE(0), at), entry)
  })
  const sections = new Map(
    times(sectionCount, (n) => {
      const entry = footer.subarray(32 + n * 24)
      const first = entry.readUInt32LE(4)
      return [
        entry.readUInt32LE(0),
        Buffer.concat(frames.slice(first, first + entry.readUInt32LE(8))),
      ] as const
    }),
  )
  const table = new Source(sections.get(1) ?? assert.fail('there is no block table'))
  return { sections, blocks: times(blocks, () => readEntry(table, frames)) }
}

function unpack(bytes: Buffer, entry: Buffer): Buffer {
  assert.equal(entry.readUInt32LE(8), crc32(bytes))
  if (entry[12] === 0) return bytes
  assert.equal(entry[12], 1, 'dictionaries of zstd are not known here')
  return zstdDecompressSync(bytes)
}

function readEntry(table: Source, frames: readonly Buffer[]): Entry {
  const firstFrame = table.varint()
  const frameCount = table.varint()
  const directoryFrame = table.varint()
  const offset = table.varint()
  const length = table.varint()
  const facts = table.take(table.varint())
  // One that is longer than its frame goes on in the next.
  const directories = Buffer.concat(frames.slice(directoryFrame))
  const directory = new Source(directories.subarray(offset, offset + length))
  const counts = times(frameCount, () => directory.varint())
  const stringCount = counts.reduce(sum, 0)
  const slots = times(stringCount, () => directory.varint())
  const content = new Source(Buffer.concat(frames.slice(firstFrame, firstFrame + frameCount)))
  const strings = new Map(slots.map((slot) => [slot, content.take(directory.varint())]))
  assert.ok(content.isAtEnd && directory.isAtEnd)
  return { facts, strings }
}

// ---- blocks -----------------------------------------------------------------------------------------------------

interface Facts {
  readonly rows: number
  readonly firstId: number
  readonly isTimeReceived: boolean
  readonly hasOverflow: boolean
  readonly fields: readonly FieldFacts[]
}

interface FieldFacts {
  readonly name: number
  readonly rows: number
  readonly form: number
  readonly hasKinds: boolean
}

function readFacts(bytes: Buffer): Facts {
  const source = new Source(bytes)
  assert.equal(source.u8(), 1)
  const bits = source.u8()
  const rows = source.varint()
  const firstId = source.varint()
  source.varint()
  for (let pair = 0; pair < 2; pair++) {
    source.signedVarint()
    source.varint()
  }
  source.varint()
  const fields = times(source.varint(), () => readFieldFacts(source))
  assert.ok(source.isAtEnd)
  return { rows, firstId, isTimeReceived: (bits & 1) !== 0, hasOverflow: (bits & 2) !== 0, fields }
}

function readFieldFacts(source: Source): FieldFacts {
  const name = source.varint()
  const rows = source.varint()
  const packed = source.u8()
  if ((packed & 2) !== 0) source.take(16)
  if ((packed & 4) !== 0) times(source.varint(), () => source.take(source.varint()))
  return { name, rows, form: packed >> 4, hasKinds: (packed & 1) !== 0 }
}

interface Template {
  readonly text: Buffer
  readonly slots: readonly number[]
}

function readTemplates(bytes: Buffer): Template[] {
  const source = new Source(bytes)
  assert.equal(source.u8(), 1)
  const count = source.varint()
  source.varint()
  const headers = times(count, () => [source.varint(), source.varint()])
  const slots = headers.map(([, slotCount]) => {
    let at = 0
    return times(slotCount, () => (at += source.varint()))
  })
  const templates = headers.map(([length], n) => ({ text: source.take(length), slots: slots[n] }))
  assert.ok(source.isAtEnd)
  return templates
}

interface PlacedTemplate {
  readonly number: number
  readonly values: number
}

/** Of each block, by column. */
function readBlockTemplates(bytes: Buffer, blocks: number): ReadonlyMap<number, PlacedTemplate[]>[] {
  const source = new Source(bytes)
  const found = times(blocks, () => {
    const columns = times(source.varint(), () => {
      const column = source.varint()
      source.varint()
      const count = source.varint()
      return [column, times(count, () => ({ number: source.varint(), values: source.varint() }))] as const
    })
    return new Map(columns)
  })
  assert.ok(source.isAtEnd)
  return found
}

function readText(
  { strings }: Entry,
  column: number,
  rows: number,
  placed: readonly PlacedTemplate[],
  templates: readonly Template[],
): Buffer[] {
  const source = new Source(stringOf(strings, 16 + 2 * column))
  assert.equal(source.varint(), placed.length)
  const plainRows = source.varint()
  const places = source.sequence(rows)
  const plain = plainRows > 0 ? decodeColumn(source, plainRows) : []
  const variables = placed.map(({ number, values }, place) => {
    const count = templates[number].slots.length
    if (count === 0) return []
    const slots = new Source(stringOf(strings, 65_536 + 4096 * column + place))
    return times(count, () => decodeColumn(new Source(slots.take(slots.varint())), values))
  })
  return ordinals(places).map((ordinal, row) => {
    const place = places[row]
    if (place === placed.length) return plain[ordinal]
    return render(
      templates[placed[place].number],
      variables[place].map((values) => values[ordinal]),
    )
  })
}

function render({ text, slots }: Template, values: readonly Buffer[]): Buffer {
  const pieces = values.flatMap((value, slot) => [text.subarray(slots[slot - 1] ?? 0, slots[slot]), value])
  return Buffer.concat([...pieces, text.subarray(slots.at(-1) ?? 0)])
}

const stringOf = (strings: ReadonlyMap<number, Buffer>, slot: number): Buffer =>
  strings.get(slot) ?? assert.fail(`there is no string ${slot}`)

// ---- records ----------------------------------------------------------------------------------------------------

/** What is read here of a record: no levels, and only fields that are strings and have a column. */
interface Found {
  readonly id: number
  readonly time: readonly [ms: number, ns: number]
  readonly message: string
  readonly strings: readonly (readonly [name: string, value: string])[]
}

function readRecords(part: Part): Found[] {
  const section = (kind: number): Buffer => part.sections.get(kind) ?? assert.fail(`no section ${kind}`)
  const templates = readTemplates(section(17))
  const ofBlocks = readBlockTemplates(section(19), part.blocks.length)
  const nameSource = new Source(section(16))
  const names = times(nameSource.varint(), () => nameSource.take(nameSource.varint()).toString())
  return part.blocks.flatMap((block, n) => readBlock(block, ofBlocks[n], templates, names))
}

function readBlock(
  block: Entry,
  placed: ReadonlyMap<number, PlacedTemplate[]>,
  templates: readonly Template[],
  names: readonly string[],
): Found[] {
  const { rows, firstId, isTimeReceived, fields } = readFacts(block.facts)
  const ids = new Source(stringOf(block.strings, 0)).sequence(rows)
  const timeSource = new Source(stringOf(block.strings, isTimeReceived ? 2 : 1))
  const ms = timeSource.sequence(rows)
  const ns = timeSource.sequence(rows)
  const messages = readText(block, 0, rows, placed.get(0) ?? [], templates)
  const strings: (readonly [string, string])[][] = times(rows, () => [])
  const rowsOfFields = readRowsOfFields(stringOf(block.strings, 4), rows)
  for (const [field, facts] of fields.entries()) {
    const column = field + 1
    const values =
      facts.form === 1
        ? readText(block, column, facts.rows, placed.get(column) ?? [], templates)
        : decodeColumn(new Source(stringOf(block.strings, 16 + 2 * column)), facts.rows)
    const kinds = facts.hasKinds
      ? new Source(stringOf(block.strings, 17 + 2 * column)).sequence(facts.rows)
      : values.map(() => 0)
    for (const [place, row] of (rowsOfFields.get(field) ?? []).entries())
      if (kinds[place] === 0) strings[row].push([names[facts.name], values[place].toString()])
  }
  return ids.map((offset, row) => ({
    id: firstId + row + offset,
    time: [ms[row], ns[row]],
    message: messages[row].toString('hex'),
    strings: strings[row].sort(([one], [other]) => (one < other ? -1 : 1)),
  }))
}

function readRowsOfFields(bytes: Buffer, rows: number): ReadonlyMap<number, number[]> {
  const source = new Source(bytes)
  const layouts = times(source.varint(), () => times(source.varint(), () => Math.floor(source.varint() / 2)))
  const found = new Map<number, number[]>()
  for (const [row, layout] of source.sequence(rows).entries())
    for (const field of layouts[layout]) found.set(field, [...(found.get(field) ?? []), row])
  return found
}

// ---- the example ------------------------------------------------------------------------------------------------

type StoredText = string | { readonly hex: string }

interface StoredRecord {
  readonly id: number
  readonly time: readonly [number, number]
  readonly message: StoredText
  readonly fields?: readonly (readonly [name: string, kind: string, value: StoredText])[]
}

test('a reader that was written from the documentation alone reads the stored part', () => {
  const lines = readFileSync(join(DIRECTORY, 'records.jsonl'), 'utf8').trim().split('\n')
  const stored: StoredRecord[] = lines.map((line) => JSON.parse(line))
  const part = readPart(readFileSync(join(DIRECTORY, 'example.part')))
  const overflow = new Set(overflowNames(part))
  assert.equal(overflow.size, 10)
  const expected = stored.map(({ id, time, message, fields = [] }) => ({
    id,
    time,
    message: typeof message === 'string' ? Buffer.from(message).toString('hex') : message.hex,
    strings: fields.flatMap(([name, kind, value]) =>
      kind === 'string' && !overflow.has(name) ? [[name, value]] : [],
    ),
  }))
  assert.deepEqual(readRecords(part), expected)
})

test('the examples of the page on columns are read as it says', () => {
  const source = (hex: string): Source => new Source(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  assert.deepEqual(source('00 03').sequence(3), [-1, -1, -1])
  assert.deepEqual(source('02 14 0c').sequence(2), [10, 13])
  // A dictionary of three plain values whose codes are distances, which no column of the stored part has.
  const column = source('09 03 02 05 0002616263 01 02002002')
  assert.deepEqual(decodeColumn(column, 5).map(String), ['a', 'b', 'a', 'c', 'b'])
})

/** Names of fields that share the overflow. */
function overflowNames({ blocks }: Part): string[] {
  return blocks.flatMap(({ facts, strings }) => {
    if (!readFacts(facts).hasOverflow) return []
    const source = new Source(stringOf(strings, 5))
    return times(source.varint(), () => {
      const name = source.take(source.varint()).toString()
      for (let left = source.varint(); left > 0; left--) {
        source.varint()
        source.u8()
        source.take(source.varint())
      }
      return name
    })
  })
}
