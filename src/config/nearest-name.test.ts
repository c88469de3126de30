import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nearestName } from './nearest-name.ts'

const CANDIDATES = ['bytesMax', 'timeZone', 'listen', 'allow', 'auth']

describe('the nearest name', () => {
  for (const [name, wanted] of [
    ['bytesMx', 'bytesMax'],
    ['byteMax', 'bytesMax'],
    ['bytesMaxx', 'bytesMax'],
    ['btyesMax', 'bytesMax'],
    ['BYTESMAX', 'bytesMax'],
    ['timezone', 'timeZone'],
    ['lisetn', 'listen'],
    ['alow', 'allow'],
    ['atuh', 'auth'],
  ] as const) {
    it(`of ${name} is ${wanted}`, () => assert.equal(nearestName(name, CANDIDATES), wanted))
  }

  for (const name of ['colour', 'x', '', 'maximalBytes', 'a'.repeat(100_000)]) {
    it(`of ${name.slice(0, 20) || 'nothing'} is none of them`, () => {
      assert.equal(nearestName(name, CANDIDATES), null)
    })
  }

  it('is the first of two that are equally near', () => {
    assert.equal(nearestName('cat', ['bat', 'rat']), 'bat')
  })

  it('is null when there are no candidates', () => {
    assert.equal(nearestName('cat', []), null)
  })
})
