import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HeldPart } from '../../storage/storage.ts'
import { EVERY_FIELD } from '../batches/fields-wanted.ts'
import type { PipeSettings } from '../pipes/kind.ts'
import { parseQuery } from '../syntax/parser.ts'
import { AggregateCache, questionOf } from './aggregate-cache.ts'

const SETTINGS: PipeSettings = {
  ...{ nowMs: 0, stateBytesMax: 1 << 20, timeMsMin: -Infinity, timeMsMax: Infinity, rateSeconds: null },
}
const partAt = (path: string, changes: Partial<HeldPart> = {}): HeldPart =>
  ({ path, deletedRecords: 0, records: 100_000, ...changes }) as HeldPart

function question(text: string, settings = SETTINGS): string | null {
  const { filter, pipes } = parseQuery(text, { nowMs: 0 })
  const wanted = { before: pipes.slice(0, -1), pipe: pipes[pipes.length - 1], fields: EVERY_FIELD, settings }
  return questionOf(filter, wanted)
}

test('what is asked again of the same part is known, as it was kept', () => {
  const cache = new AggregateCache(100_000)
  const state = { groups: ['a'], counts: Float64Array.of(7), big: 5n }
  cache.keep(partAt('/a'), 'q', state)
  state.groups.push('b')
  assert.deepEqual(cache.find(partAt('/a'), 'q'), {
    state: { groups: ['a'], counts: Float64Array.of(7), big: 5n },
  })
})

test('another part, another question, other deleted rows and another slice are something else', () => {
  const cache = new AggregateCache(100_000)
  cache.keep(partAt('/a'), 'q', 1)
  assert.equal(cache.find(partAt('/b'), 'q'), undefined)
  assert.equal(cache.find(partAt('/a'), 'p'), undefined)
  assert.equal(cache.find(partAt('/a', { deletedRecords: 1 }), 'q'), undefined)
  assert.equal(cache.find(partAt('/a', { slice: { at: 0, of: 2 } }), 'q'), undefined)
})

test('the least recently used go first, and what is too large is never kept', () => {
  const cache = new AggregateCache(8 * 1024)
  for (let at = 0; at < 8; at++) {
    cache.keep(partAt(`/${at}`), 'q', 'x'.repeat(500))
    cache.find(partAt('/0'), 'q')
  }
  assert.ok(cache.bytes <= 8 * 1024)
  assert.notEqual(cache.find(partAt('/0'), 'q'), undefined)
  cache.keep(partAt('/large'), 'q', 'x'.repeat(5000))
  assert.equal(cache.find(partAt('/large'), 'q'), undefined)
  for (let at = 0; at < 100; at++) cache.keep(partAt(`/${at}`), 'q', 'x'.repeat(500))
  assert.ok(cache.bytes <= 8 * 1024)
  assert.equal(cache.find(partAt('/1'), 'q'), undefined)
})

test('questions are told apart by filter, pipes and time range', () => {
  const base = question('error | stats count()')
  assert.equal(question('error | stats count()', { ...SETTINGS, nowMs: 5 }), base)
  assert.notEqual(question('error | stats by (a) count()'), base)
  assert.notEqual(question('warn | stats count()'), base)
  assert.notEqual(question('error | extract "<a>" | stats count()'), base)
  assert.notEqual(question('error | stats count()', { ...SETTINGS, timeMsMin: 5 }), base)
  assert.notEqual(
    question('error | stats rate()', { ...SETTINGS, rateSeconds: 5 }),
    question('error | stats rate()'),
  )
})

test('what chance or the time of asking decides is never kept', () => {
  assert.equal(question('* | sample 10 | stats count()'), null)
  assert.equal(question('* | math now() as t | stats max(t)'), null)
})

test('small parts, and states that were too large, are not worth a state of their own', () => {
  const cache = new AggregateCache(8 * 1024)
  const [large, small] = [partAt('/large'), partAt('/small', { records: 10 })]
  assert.deepEqual([cache.isWorthKeeping(large, 'q'), cache.isWorthKeeping(small, 'q')], [true, false])
  for (const state of [
    'x'.repeat(5000),
    { words: [new Uint32Array(2000)] },
    new Map([['a', 'x'.repeat(2100)]]),
  ]) {
    const question = `q${typeof state}${JSON.stringify(state).length}`
    cache.keep(large, question, state)
    assert.equal(cache.isWorthKeeping(large, question), false)
    assert.equal(cache.isWorthKeeping(large, 'another'), true)
    assert.equal(cache.find(large, question), undefined)
  }
  assert.ok(cache.bytes < 4096)
})
