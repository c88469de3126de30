import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestName } from './suggestion.ts'

const names = ['limit', 'fields', 'filter', 'stats', 'i', 'in']

test('the nearest name has the fewest mistakes', () => {
  assert.equal(nearestName('lmit', names), 'limit')
  assert.equal(nearestName('LIMTI', names), 'limit')
  assert.equal(nearestName('fitler', names), 'filter')
  assert.equal(nearestName('fild', names), null)
  assert.equal(nearestName('filds', names), 'fields')
})

test('a name that is far away is no suggestion', () => {
  assert.equal(nearestName('banana', names), null)
  assert.equal(nearestName('xyz', names), null)
  assert.equal(nearestName('', names), 'i')
})
