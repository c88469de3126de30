/** One value for all rows: its bytes, and nothing else. */
import { DecodedColumn, lazily, newSpans } from './decoded-column.ts'
import { bitsOfBytes, type Encoding } from './encoding.ts'

export const constant: Encoding = {
  code: 1,
  name: 'constant',
  isText: true,

  plan({ table }, { distinct, lengthMax }) {
    if (distinct.length !== 1) return null
    const [entry] = distinct
    return {
      bytes: lengthMax,
      settles: true,
      write: (sink) => sink.append(table.bytes, table.starts[entry], table.ends[entry]),
    }
  },

  decode(bytes, rowCount) {
    const codes = lazily(() => new Uint32Array(rowCount))
    const runs = () => ({ groups: Uint32Array.of(0), ends: Uint32Array.of(rowCount) })
    const entries = () => ({ data: bytes, starts: Uint32Array.of(0), lengths: Uint32Array.of(bytes.length) })
    const materialize = () => {
      const { starts, lengths } = newSpans(rowCount)
      return { data: bytes, starts, lengths: lengths.fill(bytes.length) }
    }
    return new DecodedColumn({
      rowCount,
      dictionary: { values: () => [bytes], entries, codes, runs },
      materialize,
      valueAt: () => bytes,
    })
  },

  holds: (bytes, bitsOf) => bitsOfBytes(bytes, bitsOf),
}
