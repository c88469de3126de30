/**
 * What a part knows beside its blocks: names of fields, templates, facts of their slots, and which templates the blocks
 * have, with counts. Each is a section of the file (docs/formats/part-blocks.md); numbers are varints.
 *
 *   names             count; of each: bytes of the name, the name
 *   slot facts        of each slot of each template: classes, smallest length, largest length
 *   block templates   of each block: columns with templates; of each: column, rows without a template, templates;
 *                     of each: number in the part, rows
 */
import { ByteSink } from '../columns/byte-sink.ts'
import { ByteSource, partCorrupt } from '../columns/byte-source.ts'
import { noSlotFacts, type SlotFacts } from '../template/slot-facts.ts'
import type { Template } from '../template/template.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const CLASSES_MAX = 0xffff
const LENGTH_MAX = 0xffff_ffff

/** The templates of one column of one block: numbers in the part, by place in the block. */
export interface BlockTemplates {
  readonly column: number
  readonly plainRows: number
  readonly numbers: Uint32Array
  readonly rowCounts: Uint32Array
}

export function encodeNames(names: readonly string[]): Uint8Array {
  const sink = new ByteSink()
  sink.varint(names.length)
  for (const name of names) {
    const bytes = encoder.encode(name)
    sink.varint(bytes.length)
    sink.append(bytes)
  }
  return sink.written()
}

/** PART_CORRUPT. */
export function decodeNames(bytes: Uint8Array): string[] {
  const source = new ByteSource(bytes)
  const count = source.varintUpTo(source.remaining, 'the number of names')
  const names: string[] = []
  for (let n = 0; n < count; n++)
    names.push(decoder.decode(source.take(source.varintUpTo(source.remaining, 'a name'))))
  source.expectEnd()
  return names
}

export function encodeSlotFacts(facts: readonly SlotFacts[]): Uint8Array {
  const sink = new ByteSink()
  for (const { classes, lengthMin, lengthMax } of facts) {
    for (let slot = 0; slot < classes.length; slot++) {
      sink.varint(classes[slot])
      sink.varint(lengthMin[slot])
      sink.varint(lengthMax[slot])
    }
  }
  return sink.written()
}

/** PART_CORRUPT. */
export function decodeSlotFacts(bytes: Uint8Array, templates: readonly Template[]): SlotFacts[] {
  const source = new ByteSource(bytes)
  const facts = templates.map(({ slots }) => {
    const own = noSlotFacts(slots.length)
    for (let slot = 0; slot < slots.length; slot++) {
      own.classes[slot] = source.varintUpTo(CLASSES_MAX, 'the classes of a slot')
      own.lengthMin[slot] = source.varintUpTo(LENGTH_MAX, 'a length')
      own.lengthMax[slot] = source.varintUpTo(LENGTH_MAX, 'a length')
    }
    return own
  })
  source.expectEnd()
  return facts
}

export function encodeBlockTemplates(blocks: readonly (readonly BlockTemplates[])[]): Uint8Array {
  const sink = new ByteSink()
  for (const columns of blocks) {
    sink.varint(columns.length)
    for (const { column, plainRows, numbers, rowCounts } of columns) {
      sink.varint(column)
      sink.varint(plainRows)
      sink.varint(numbers.length)
      for (let place = 0; place < numbers.length; place++) {
        sink.varint(numbers[place])
        sink.varint(rowCounts[place])
      }
    }
  }
  return sink.written()
}

/** PART_CORRUPT. */
export function decodeBlockTemplates(
  bytes: Uint8Array,
  blocks: number,
  templates: number,
): BlockTemplates[][] {
  const source = new ByteSource(bytes)
  const found = Array.from({ length: blocks }, () => {
    const columns = source.varintUpTo(source.remaining, 'the columns with templates')
    return Array.from({ length: columns }, () => decodeColumnTemplates(source, templates))
  })
  source.expectEnd()
  return found
}

function decodeColumnTemplates(source: ByteSource, templates: number): BlockTemplates {
  const column = source.varint()
  const plainRows = source.varint()
  const count = source.varintUpTo(source.remaining, 'the templates of a column')
  const numbers = new Uint32Array(count)
  const rowCounts = new Uint32Array(count)
  for (let place = 0; place < count; place++) {
    const number = source.varint()
    if (number >= templates) throw partCorrupt(`there is no template ${number}`)
    numbers[place] = number
    rowCounts[place] = source.varintUpTo(LENGTH_MAX, 'the rows of a template')
  }
  return { column, plainRows, numbers, rowCounts }
}
