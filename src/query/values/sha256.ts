/**
 * SHA-256 without waiting, for what runs queries. The language alone (query/language.ts) loads this too, in a browser,
 * where nothing asks for it: hence Node's module is asked for in the way that needs no import.
 */
import type { hash } from 'node:crypto'
import { assert } from '../../base/portable.ts'

const nodeHash: typeof hash | undefined = globalThis.process?.getBuiltinModule?.('node:crypto').hash

/** As 64 small hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array): string {
  assert(nodeHash !== undefined, 'digests are made where queries run')
  return nodeHash('sha256', bytes, 'hex')
}
