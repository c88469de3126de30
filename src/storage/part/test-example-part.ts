/**
 * What went into test/data/format-v1-part/example.part, which was written once and never again: a dictionary of zstd,
 * frames that are raw, packed and packed with the dictionary, strings that share a frame and one that has two of its
 * own, empty strings, blocks and sections, a word filter.
 */
import type { TestPart } from './test-part.ts'

export const FILTER_SECTION = 18
export const FILTER_WORDS = 'connection closed 10_0_0_7 größe'

const encoder = new TextEncoder()
const bytesOf = (text: string): Uint8Array => encoder.encode(text)
const lines = (count: number, step: number): Uint8Array =>
  bytesOf(Array.from({ length: count }, (_, n) => `connection ${n * step} from 10.0.0.7 closed\n`).join(''))
const counting = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, n) => (n * 167) >> 2)

/** As the first LogCaster that wrote filters wrote it, under Unicode 17.0. */
const FILTER = Uint8Array.from(
  Buffer.from(
    '01080300001101000400000001000000adfbcadefecaad0b00000000004800000000000000002e000000b3f600000000',
    'hex',
  ),
)

export const EXAMPLE: TestPart = {
  dictionary: lines(20, 3),
  blocks: [
    {
      facts: bytesOf('facts of block 0'),
      strings: [
        { slot: 0, bytes: lines(40, 7) },
        { slot: 1, bytes: bytesOf('shares the frame of slot 0'), endsFrame: true },
        { slot: 2, bytes: bytesOf('') },
        { slot: 70_000, bytes: counting(300), kind: 'dense' },
      ],
    },
    { facts: bytesOf(''), strings: [] },
    {
      facts: counting(64),
      strings: [
        { slot: 4_294_967_295, bytes: lines(3, 1) },
        { slot: 2, bytes: new Uint8Array(4 * 1024 * 1024 + 1000).fill(0x6c) },
        { slot: 1, bytes: bytesOf('behind the long one') },
      ],
    },
  ],
  sections: new Map([
    [16, lines(10, 11)],
    [17, bytesOf('')],
    [FILTER_SECTION, FILTER],
    [1_000_000, bytesOf('{"any":"bytes"}')],
  ]),
}
