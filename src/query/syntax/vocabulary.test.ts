import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseQuery, VOCABULARY } from '../query.ts'

const parse = (text: string) => parseQuery(text, { nowMs: 0 })

describe('the vocabulary', () => {
  it('has the words of the registries, in order', () => {
    const { pipes, functions, fields } = VOCABULARY
    assert.ok(pipes.includes('limit') && functions.includes('in') && fields.includes('_msg'))
    for (const words of Object.values(VOCABULARY)) assert.deepEqual(words, words.toSorted())
  })

  it('has only functions and pipes that this version knows', () => {
    for (const [name, text] of [
      ...VOCABULARY.functions.map((name) => [name, `${name}(`]),
      ...VOCABULARY.pipes.map((name) => [name, `* | ${name} (`]),
    ]) {
      assert.throws(() => parse(text), { code: 'QUERY_SYNTAX' }, name)
      try {
        parse(text)
      } catch (error) {
        assert.doesNotMatch(String(error), /not built yet|there is no/, name)
      }
    }
  })
})
