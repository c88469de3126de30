import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCodedError, SeededRandom } from '../../base/base.ts'
import { ByteSink } from '../columns/byte-sink.ts'
import { PLAIN, render, TEMPLATE_SLOTS_MAX, TEMPLATE_TEXT_BYTES_MAX, type Template } from './template.ts'
import { TemplateDictionary } from './template-dictionary.ts'

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

const template = (text: string, ...slots: number[]): Template => ({
  text: latin1(text),
  slots: Uint32Array.from(slots),
})

function encode(dictionary: TemplateDictionary): Uint8Array {
  const sink = new ByteSink()
  dictionary.encode(sink)
  return sink.written().slice()
}

function dictionaryOf(...templates: Template[]): TemplateDictionary {
  const dictionary = new TemplateDictionary()
  dictionary.addAll(templates)
  return dictionary
}

/** The example of docs/formats/part-templates.md. */
const stored = '01 03 11 09 02 08 00 00 02 04 05 00 00 6a6f6220 20746f6f6b 7374617274696e67'.replaceAll(
  ' ',
  '',
)

test('a list is written as docs/formats/part-templates.md says, and read back', () => {
  const dictionary = dictionaryOf(template('job  took', 4, 9), template('starting'), template('', 0, 0))
  assert.equal(Buffer.from(encode(dictionary)).toString('hex'), stored)
  assert.deepEqual(
    TemplateDictionary.decode(new Uint8Array(Buffer.from(stored, 'hex'))).list(),
    dictionary.list(),
  )
})

test('a template renders with any bytes in its slots', () => {
  assert.deepEqual(
    render(template('ab', 0, 1, 1, 2), ['1', '', '\0', '\xff'].map(latin1)),
    latin1('1a\0b\xff'),
  )
  assert.deepEqual(render(template(''), []), latin1(''))
})

test('equal templates have one number; other slots or other text are another template', () => {
  const dictionary = new TemplateDictionary(4)
  const numbers = [
    template('a b', 1),
    template('a b', 1),
    template('a b', 2),
    template('a b', 1, 1),
    template('a c', 1),
  ]
  assert.deepEqual(
    numbers.map((one) => dictionary.add(one)),
    [0, 0, 1, 2, 3],
  )
  assert.equal(dictionary.add(template('d')), PLAIN)
  assert.equal(dictionary.add(template('a c', 1)), 3)
  assert.equal(dictionary.count, 4)
})

test('lists are merged by mapping numbers, and keep those that they had', () => {
  const dictionary = dictionaryOf(template('a', 0), template('b', 1))
  assert.deepEqual([...dictionary.addAll([template('c'), template('b', 1), template('a', 1)])], [2, 1, 3])
  assert.equal(dictionary.count, 4)
})

test('random lists come back, the largest templates included', () => {
  const random = new SeededRandom(9)
  const dictionary = new TemplateDictionary()
  for (let round = 0; round < 300; round++) {
    const text = Uint8Array.from({ length: random.below(60) }, () => random.below(256))
    const slots = Uint32Array.from({ length: random.below(6) }, () => random.below(text.length + 1)).sort()
    dictionary.add({ text, slots })
  }
  const slots = Uint32Array.from({ length: TEMPLATE_SLOTS_MAX }, (_, slot) => slot * 16)
  dictionary.add({ text: new Uint8Array(TEMPLATE_TEXT_BYTES_MAX), slots })
  assert.deepEqual(TemplateDictionary.decode(encode(dictionary)).list(), dictionary.list())
  assert.equal(TemplateDictionary.decode(encode(new TemplateDictionary())).count, 0)
})

test('damaged lists are PART_CORRUPT, or another valid list', () => {
  const good = new Uint8Array(Buffer.from(stored, 'hex'))
  const refuses = (bytes: Uint8Array) =>
    assert.throws(
      () => TemplateDictionary.decode(bytes),
      (error) => isCodedError(error) && error.code === 'PART_CORRUPT',
    )
  for (let length = 0; length < good.length; length++) refuses(good.subarray(0, length))
  refuses(Uint8Array.of(...good, 0))
  refuses(Uint8Array.of(2, ...good.subarray(1)))
  refuses(Uint8Array.of(1, 2, 2, 1, 0, 1, 0, 0x61, 0x61))
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bytes = good.slice()
    bytes[bit >> 3] ^= 1 << (bit & 7)
    try {
      assert.deepEqual(encode(TemplateDictionary.decode(bytes)), bytes)
    } catch (error) {
      assert.ok(isCodedError(error) && error.code === 'PART_CORRUPT', String(error))
    }
  }
})
