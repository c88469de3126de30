import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AddressRate } from './address-rate.ts'

describe('AddressRate', () => {
  it('allows so many in every window, wherever it begins', () => {
    const rate = new AddressRate(2, 1000)
    const tryAt = (nowMs: number): boolean => {
      const isFree = rate.isFree('a', nowMs)
      if (isFree) rate.count('a', nowMs)
      return isFree
    }
    assert.deepEqual([0, 900, 950, 999, 1000, 1500, 1900, 1901].map(tryAt), [
      true,
      true,
      false,
      false,
      true,
      false,
      true,
      false,
    ])
  })

  it('counts each address for itself, and forgets those that are quiet', () => {
    const rate = new AddressRate(1, 1000)
    for (let address = 0; address < 5000; address++) rate.count(String(address), address)
    assert.equal(rate.isFree('4999', 5000), false)
    assert.equal(rate.isFree('4998', 4999), false)
    assert.equal(rate.isFree('0', 5000), true)
  })

  it('allows everything when there is no limit', () => {
    const rate = new AddressRate(0, 1000)
    for (let count = 0; count < 10; count++) rate.count('a', 0)
    assert.equal(rate.isFree('a', 0), true)
  })
})
