/** Which templates have variables that may be pieces of words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasWordAtSlot } from './word-edges.ts'

const isLeaky = (text: string, ...slots: number[]): boolean =>
  hasWordAtSlot({ text: new TextEncoder().encode(text), slots: Uint32Array.from(slots) })

test('a variable between marks, blanks or the ends of the text is made of whole words', () => {
  assert.equal(isLeaky('took  ms', 5), false)
  assert.equal(isLeaky('[]', 0, 1, 2), false)
  assert.equal(isLeaky('no variable at all'), false)
})

test('a variable beside a letter, a digit, an underscore or a byte beyond ASCII may be a piece of a word', () => {
  for (const edge of ['a', 'Z', '0', '9', '_', 'é', '»']) {
    assert.equal(isLeaky(`took ${edge}`, 5), true, `before ${edge}`)
    assert.equal(isLeaky(`${edge} ms`, new TextEncoder().encode(edge).length), true, `behind ${edge}`)
  }
})

test('two variables without text between them may be one word together', () => {
  assert.equal(isLeaky('took  ms', 5, 5), true)
})
