import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  deletesFileName,
  type FileKind,
  fileName,
  keysFileName,
  parseFileName,
  partFileName,
} from './file-names.ts'
import { manifestName } from './manifest.ts'
import { segmentName } from './segment-file.ts'

test('files are called by their kind and at least six digits, segments by eight', () => {
  assert.equal(partFileName(123), 'part-000123')
  assert.equal(deletesFileName(123), 'deletes-000123')
  assert.equal(keysFileName(1_234_567), 'keys-1234567')
  assert.equal(fileName('manifest', 7), manifestName(7))
  assert.equal(fileName('segment', 7), segmentName(7))
})

test('a name that was printed is parsed to what it was made of', () => {
  for (const kind of ['segment', 'manifest', 'part', 'deletes', 'keys'] satisfies FileKind[]) {
    for (const number of [0, 1, 999_999, 1_000_000, 100_000_000, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(parseFileName(fileName(kind, number)), { kind, number })
    }
  }
})

test('other names are none of ours', () => {
  const names = [
    '',
    'lock',
    'quarantine',
    'part',
    'part-',
    'part-12345',
    'part-0000123',
    'segment-000123',
    'Part-000123',
    'part-000123.tmp',
    ' part-000123',
    'part-000123\n',
    'part-00012x',
    'part--00012',
    'part-9007199254740993',
    'toString-000001',
    '__proto__-000001',
    'constructor-000001',
    `part-${'9'.repeat(400)}`,
  ]
  for (const name of names) assert.equal(parseFileName(name), null, name)
})
