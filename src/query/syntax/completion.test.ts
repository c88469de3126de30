import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completeQuery } from './completion.ts'

const offered = (text: string): string[] =>
  completeQuery(text, text.length).candidates.map((each) => each.text)

test('pipes stand behind a bar, with what they do', () => {
  assert.deepEqual(offered('error | lim'), ['limit '])
  assert.notEqual(completeQuery('* | lim', 7).candidates[0].summary, '')
  assert.deepEqual(completeQuery('* | lim', 7).start, 4)
})

test('fields, functions and keywords stand where a filter may', () => {
  assert.deepEqual(offered('lev'), ['level:'])
  assert.deepEqual(offered('a an'), ['and '])
  assert.equal(completeQuery('a (', 3).wantsFields, 'filter')
  assert.equal(completeQuery('* | filter a', 11).wantsFields, 'filter')
})

test('values of a field stand behind its colon', () => {
  const { wantsValuesOf, start, end } = completeQuery('a host:we', 9)
  assert.deepEqual([wantsValuesOf, start, end], ['host', 7, 9])
  assert.equal(completeQuery('a host', 6).wantsValuesOf, null)
})

test('names of fields stand in pipes without a colon', () => {
  assert.equal(completeQuery('* | fields a, ', 14).wantsFields, 'name')
  assert.deepEqual(offered('* | fields _m'), ['_msg'])
})

test('nothing is offered within a quotation', () => {
  const { candidates, wantsFields, wantsValuesOf } = completeQuery('a "lev', 6)
  assert.deepEqual([candidates.length, wantsFields, wantsValuesOf], [0, 'none', null])
})
