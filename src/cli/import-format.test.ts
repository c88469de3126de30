import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { detectFormat } from './import-format.ts'

const CASES: readonly [head: string, format: string][] = [
  ['{"a":1}\n{"b":2}\n', 'ndjson'],
  ['{"a":1}', 'ndjson'],
  ['{"a":1}\r\nplain\n', 'ndjson'],
  ['\n \r\n{"a":1}\n', 'ndjson'],
  ['\ufeff{"a":1}\n', 'ndjson'],
  ['{}\n', 'ndjson'],
  ['', 'lines'],
  ['\n\n', 'lines'],
  ['plain\n{"a":1}\n', 'lines'],
  ['{"a":1} trailing\n', 'lines'],
  ['{\n  "a": 1\n}\n', 'lines'],
  ['[{"a":1}]\n', 'lines'],
  ['17\n', 'lines'],
  ['null\n', 'lines'],
  ['{broken\n', 'lines'],
  ['{"a":1\n', 'lines'],
]

describe('detectFormat', () => {
  for (const [head, format] of CASES) {
    it(`takes ${JSON.stringify(head)} for ${format}`, () => {
      assert.equal(detectFormat(Buffer.from(head), true), format)
    })
  }

  it('judges a first line that is longer than the head by how it begins', () => {
    assert.equal(detectFormat(Buffer.from('{"message":"very lo'), false), 'ndjson')
    assert.equal(detectFormat(Buffer.from('{ braces open, but no'), false), 'lines')
    assert.equal(detectFormat(Buffer.from('very lo'), false), 'lines')
  })
})
