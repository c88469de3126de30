/**
 * A list of distinct templates, of a block or of a part. A template's number is its place in the list, and stays.
 *
 *   encoded   +---------+---------+--------------+-----------+--------------------+-------+
 *             | version | count   | bytes of all | headers   | slot offsets       | texts |
 *             | u8      | varint  | texts varint | (count)   | (sum of slots)     |       |
 *             +---------+---------+--------------+-----------+--------------------+-------+
 *   header    bytes of the text varint, slots varint
 *   offset    varint, from the offset of the slot before, the first one from 0
 *
 * docs/formats/part-templates.md has it with an example. Integrity is the caller's: the part has a checksum over it.
 *
 * Keys are strings, which the engine hashes with a seed of its own and compares in full. It hashes no more than 16,383
 * characters, and a key stays below that: TEMPLATE_TEXT_BYTES_MAX and TEMPLATE_SLOTS_MAX see to it.
 */
import type { ByteSink } from '../columns/byte-sink.ts'
import { ByteSource, partCorrupt } from '../columns/byte-source.ts'
import {
  PLAIN,
  TEMPLATE_SLOTS_MAX,
  TEMPLATE_TEXT_BYTES_MAX,
  TEMPLATES_PART_MAX,
  type Template,
} from './template.ts'

const VERSION = 1

export class TemplateDictionary {
  readonly #countMax: number
  readonly #templates: Template[] = []
  readonly #numbers = new Map<string, number>()
  /** Of the objects that were added: blocks of a part mostly bring the same ones again. */
  readonly #numbersOfObjects = new Map<Template, number>()

  constructor(countMax = TEMPLATES_PART_MAX) {
    this.#countMax = countMax
  }

  /** PART_CORRUPT where the bytes are not what `encode` writes. Templates lie in `bytes`, which must not change. */
  static decode(bytes: Uint8Array): TemplateDictionary {
    const source = new ByteSource(bytes)
    const version = source.u8()
    if (version !== VERSION) throw partCorrupt(`its list of templates has the version ${version}`)
    const count = source.varintUpTo(TEMPLATES_PART_MAX, 'the number of templates')
    const textBytes = source.varintUpTo(source.remaining, 'the text of templates')
    const textLengths: number[] = []
    const slotCounts: number[] = []
    for (let template = 0; template < count; template++) {
      textLengths.push(source.varintUpTo(TEMPLATE_TEXT_BYTES_MAX, 'the text of a template'))
      slotCounts.push(source.varintUpTo(TEMPLATE_SLOTS_MAX, 'the number of slots'))
    }
    const slots = slotCounts.map((slotCount, template) =>
      decodeSlots(source, slotCount, textLengths[template]),
    )
    if (
      textLengths.reduce((sum, length) => sum + length, 0) !== textBytes ||
      source.remaining !== textBytes
    ) {
      throw partCorrupt('the texts of its templates do not fill their room')
    }
    const dictionary = new TemplateDictionary()
    for (let template = 0; template < count; template++) {
      const number = dictionary.add({ text: source.take(textLengths[template]), slots: slots[template] })
      if (number !== template) throw partCorrupt('a template stands in its list twice')
    }
    return dictionary
  }

  get count(): number {
    return this.#templates.length
  }

  /** By number. The list is the dictionary's own. */
  list(): readonly Template[] {
    return this.#templates
  }

  /** The number of a template, which is new or not; PLAIN where it is new and the list is full. Keeps its arrays. */
  add(template: Template): number {
    const same = this.#numbersOfObjects.get(template)
    if (same !== undefined) return same
    const key = `${template.slots.join(',')}:${latin1Of(template.text)}`
    const known = this.#numbers.get(key)
    if (known !== undefined) {
      this.#numbersOfObjects.set(template, known)
      return known
    }
    const number = this.#templates.length
    if (number === this.#countMax) return PLAIN
    this.#numbers.set(key, number)
    this.#numbersOfObjects.set(template, number)
    this.#templates.push(template)
    return number
  }

  /**
   * Takes over all templates of another list. By their number there: their number here, or PLAIN where this list is
   * full. So rows of a part that is merged keep their variables, and nothing is mined again.
   */
  addAll(templates: readonly Template[]): Uint32Array {
    return Uint32Array.from(templates, (template) => this.add(template))
  }

  encode(sink: ByteSink): void {
    sink.u8(VERSION)
    sink.varint(this.count)
    sink.varint(this.#templates.reduce((sum, { text }) => sum + text.length, 0))
    for (const { text, slots } of this.#templates) {
      sink.varint(text.length)
      sink.varint(slots.length)
    }
    for (const { slots } of this.#templates) {
      for (let slot = 0; slot < slots.length; slot++)
        sink.varint(slots[slot] - (slot === 0 ? 0 : slots[slot - 1]))
    }
    for (const { text } of this.#templates) sink.append(text)
  }
}

function decodeSlots(source: ByteSource, slotCount: number, textLength: number): Uint32Array {
  if (slotCount > source.remaining) throw partCorrupt('it ends within the slots of a template')
  const slots = new Uint32Array(slotCount)
  let offset = 0
  for (let slot = 0; slot < slotCount; slot++) {
    offset += source.varintUpTo(textLength - offset, 'the offset of a slot')
    slots[slot] = offset
  }
  return slots
}

const latin1Of = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
