/**
 * Claim: batches get into the shared memory of the buffer, and out of it, several times as fast by Node's own copy as by
 * `set` of a typed array, which V8 does byte by byte where both do not begin at the same place of a word.
 *
 *   npm run -s node -- bench/shared-copy.ts
 */
import { printTable } from './figures.ts'

const PIECE_BYTES = 256 * 1024
const PIECES = 64
const ROUNDS = 50

const memory = new SharedArrayBuffer(PIECE_BYTES * (PIECES + 1))
const shared = new Uint8Array(memory)
const sharedBuffer = Buffer.from(memory)
const own = new Uint8Array(PIECE_BYTES).fill(7)

/** Gigabytes a second, of copies that begin at any place of a word. */
function rateOf(copy: (at: number) => void): string {
  const round = (): void => {
    for (let piece = 0; piece < PIECES; piece++) copy(piece * PIECE_BYTES + 1 + (piece % 8))
  }
  round()
  const start = performance.now()
  for (let count = 0; count < ROUNDS; count++) round()
  return ((ROUNDS * PIECES * PIECE_BYTES) / (performance.now() - start) / 1e6).toFixed(1)
}

const rows = [
  [
    'into it',
    rateOf((at) => shared.set(own, at)),
    rateOf((at) => void sharedBuffer.fill(own, at, at + PIECE_BYTES)),
  ],
  [
    'out of it',
    rateOf((at) => own.set(shared.subarray(at, at + PIECE_BYTES))),
    rateOf((at) => void sharedBuffer.copy(own, 0, at, at + PIECE_BYTES)),
  ],
]
console.log(printTable(['shared memory', '`set`, GB/s', "Node's copy, GB/s"], rows))
