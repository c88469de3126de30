import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../base/base.ts'
import { highlightQuery } from './highlight.ts'

/** `kind:text` of each piece. */
const pieces = (text: string): string[] =>
  highlightQuery(text).map(({ kind, start, end }) => `${kind}:${text.slice(start, end)}`)

test('words are told apart by what stands beside them', () => {
  assert.deepEqual(pieces('level:error and "disk full" # why\n| limit 10'), [
    'field:level',
    'operator::',
    'word:error',
    'keyword:and',
    'string:"disk full"',
    'comment:# why\n',
    'operator:|',
    'pipe:limit',
    'number:10',
  ])
  assert.deepEqual(pieces('status:in(500)').slice(2), [
    'function:in',
    'operator:(',
    'number:500',
    'operator:)',
  ])
})

test('a quotation that nothing closes is bad, and what stands before it is not', () => {
  assert.deepEqual(pieces('a "b c'), ['word:a', 'bad:"b c'])
})

test('pieces of any text are in order, do not overlap, and lie within it', () => {
  const seed = 7
  const random = new SeededRandom(seed)
  const parts = ['|', ' ', '"', "'", '#', '(', ')', ':', 'stats', 'by', 'é', '\u202e', '\n', '*', '5m', '\\']
  for (let round = 0; round < 500; round++) {
    const text = Array.from({ length: random.below(20) }, () => parts[random.below(parts.length)]).join('')
    let end = 0
    for (const piece of highlightQuery(text)) {
      assert.ok(piece.start >= end && piece.end > piece.start && piece.end <= text.length, `${seed}: ${text}`)
      end = piece.end
    }
  }
})
