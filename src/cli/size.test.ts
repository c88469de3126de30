import assert from 'node:assert/strict'
import { it } from 'node:test'
import { printSize } from './size.ts'

it('prints a size with three digits and a binary unit', () => {
  const table: readonly [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1536 * 1024, '1.50 MiB'],
    [200 * 1024 ** 2, '200 MiB'],
    [1023.9 * 1024 ** 2, '1024 MiB'],
    [5 * 1024 ** 5, '5.00 PiB'],
    [5000 * 1024 ** 5, '5000 PiB'],
  ]
  for (const [bytes, text] of table) assert.equal(printSize(bytes), text)
})
