import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CLASS_BITS, classesOf, NOT_ASCII_BIT, WORD_BITS } from '../columns/byte-classes.ts'
import { addValue, noSlotFacts } from './slot-facts.ts'

const classOf = (character: string): number => Math.log2(CLASS_BITS[character.charCodeAt(0)])

describe('slot facts', () => {
  test('number the classes of bytes as the file format says', () => {
    const examples = ['059', 'acf', 'gz', 'AF', 'GZ', '_', '-', '.', ':', '/', ' ', '=&?%+#']
    examples.push('"\'`()[]{}<>', '!$*,;@\\^|~', '\0\t\n\x1f\x7f', '\x80\xc3\xff')
    for (const [number, characters] of examples.entries())
      for (const character of characters) assert.equal(classOf(character), number, JSON.stringify(character))
    const counts = new Uint16Array(16)
    for (const bit of CLASS_BITS) counts[Math.log2(bit)]++
    assert.deepEqual([...counts], [10, 6, 20, 6, 20, 1, 1, 1, 1, 1, 1, 6, 11, 10, 33, 128])
  })

  test('know which ASCII bytes are word characters', () => {
    for (let byte = 0; byte < 0x80; byte++) {
      const isWord = /^\w$/.test(String.fromCharCode(byte))
      assert.equal((CLASS_BITS[byte] & WORD_BITS) !== 0, isWord, `byte ${byte}`)
    }
  })

  test('gather classes and lengths over values, of the bytes given and no others', () => {
    const bytes = Uint8Array.from(Buffer.from('x1a:2é'))
    assert.equal(classesOf(bytes, 1, 3), 0b11)
    assert.equal(classesOf(bytes, 2, 2), 0)
    const facts = noSlotFacts(2)
    addValue(facts, 1, bytes, 1, 4)
    addValue(facts, 1, bytes, 4, 7)
    assert.deepEqual([...facts.classes], [0, 0b11 | (1 << 8) | NOT_ASCII_BIT])
    assert.deepEqual([...facts.lengthMin], [0xffff_ffff, 3])
    assert.deepEqual([...facts.lengthMax], [0, 3])
    addValue(facts, 1, bytes, 0, 0)
    assert.equal(facts.lengthMin[1], 0)
  })
})
