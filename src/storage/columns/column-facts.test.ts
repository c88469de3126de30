import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classesOf, DIGIT, LOWER_HEX, POINT } from './byte-classes.ts'
import { FactsWorkspace, factsOfDistinct } from './column-facts.ts'
import { chooseEncoding } from './encodings.ts'
import { columnOf } from './test-columns.ts'

test('facts of a column with several values', () => {
  const facts = new FactsWorkspace().facts(columnOf(['b', 'b', '1.5', 'b', '1.5', '1.5', 'a1']))
  assert.deepEqual([...facts.codes], [0, 0, 1, 0, 1, 1, 2])
  assert.equal(facts.distinct.length, 3)
  assert.equal(facts.changes, 4)
  assert.equal(facts.isDistinct, false)
  assert.deepEqual([facts.lengthMin, facts.lengthMax, facts.distinctBytes], [1, 3, 6])
  assert.equal(facts.classes, DIGIT | POINT | LOWER_HEX)
  assert.deepEqual([...factsOfDistinct(facts).codes], [0, 1, 2])
})

test('facts of a column with one value, whatever the workspace saw before', () => {
  const workspace = new FactsWorkspace()
  workspace.facts(columnOf(['x', 'y', 'z', 'x']))
  const facts = workspace.facts(columnOf(['ok', 'ok', 'ok']))
  assert.deepEqual([...facts.codes], [0, 0, 0])
  assert.deepEqual([facts.distinct.length, facts.changes, facts.isDistinct], [1, 0, false])
  assert.equal(workspace.facts(columnOf(['ok'])).isDistinct, true)
})

test('digits and other bytes are noticed in whichever value they stand', () => {
  const { classes } = new FactsWorkspace().facts(columnOf(['7', 'abc', 'x', 'y']))
  assert.equal(classes, classesOf(Buffer.from('7abcxy'), 0, 6))
})

test('facts of the column before are refused', () => {
  const workspace = new FactsWorkspace()
  const values = columnOf(['x', 'y'])
  const facts = workspace.facts(values)
  workspace.facts(columnOf(['z']))
  assert.throws(() => chooseEncoding(values, facts), /good until those of the next/)
})

test('columns that are larger than the memory kept for them come back to small ones', () => {
  const workspace = new FactsWorkspace()
  const large = columnOf(Array.from({ length: 300_000 }, (_, row) => `id-${row % 70_000}`))
  assert.equal(workspace.facts(large).distinct.length, 70_000)
  assert.equal(workspace.facts(columnOf(Array<string>(300_000).fill('a'))).codes.length, 300_000)
  assert.deepEqual([...workspace.facts(columnOf(['a', 'b', 'a'])).codes], [0, 1, 0])
})
