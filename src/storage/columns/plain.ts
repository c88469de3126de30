/** What nothing else holds: the length of each value as a sequence, then the bytes of all. */
import { ByteSource, partCorrupt } from './byte-source.ts'
import type { ColumnFacts } from './column-facts.ts'
import type { ColumnValues, ValueTable } from './column-values.ts'
import { consecutive, DecodedColumn } from './decoded-column.ts'
import { bitsOfBytes, type Encoding } from './encoding.ts'
import { textBits } from './entropy.ts'
import { planSequence, readIndexes } from './number-sequence.ts'

/** What compression makes of a value that came before: where it came, and how long it was. */
const REPEAT_BYTES = 3

export const plain: Encoding = {
  code: 2,
  name: 'plain',
  isText: true,

  plan(values, facts) {
    const lengths = rowLengths(values, facts)
    const plan = planSequence(lengths, facts.scratch)
    const { table } = values
    const write = (sink: Parameters<typeof plan.write>[0]): void => {
      plan.write(sink)
      for (let row = 0; row < values.rowCount; row++) {
        const entry = values.entries[row]
        sink.append(table.bytes, table.starts[entry], table.ends[entry])
      }
    }
    return { bytes: plan.bytes + textBytes(table, facts, lengths), write }
  },

  decode(bytes, rowCount) {
    const materialize = () => {
      const source = new ByteSource(bytes)
      const lengths = readIndexes(source, rowCount, bytes.length, 'the length of a value')
      let total = 0
      for (let row = 0; row < rowCount; row++) total += lengths[row]
      if (total !== source.remaining)
        throw partCorrupt('the lengths of its values are not those of its bytes')
      return consecutive(source.takeRest(), lengths)
    }
    return new DecodedColumn({ rowCount, materialize })
  },

  // Lengths too: they cost less to look at than to pass over.
  holds: (bytes, bitsOf) => bitsOfBytes(bytes, bitsOf),
}

function rowLengths({ table, entries, rowCount }: ColumnValues, { scratch }: ColumnFacts): Float64Array {
  const lengths = scratch.floats(rowCount)
  for (let row = 0; row < rowCount; row++)
    lengths[row] = table.ends[entries[row]] - table.starts[entries[row]]
  return lengths
}

function textBytes(table: ValueTable, facts: ColumnFacts, lengths: Float64Array): number {
  const { distinct, distinctBytes } = facts
  let rowBytes = 0
  for (let row = 0; row < lengths.length; row++) rowBytes += lengths[row]
  const first = (textBits(table, distinct) / 8) * distinctBytes
  const perRepeat = Math.min(REPEAT_BYTES, distinctBytes === 0 ? 0 : first / distinct.length)
  const repeats = Math.min(facts.changes + 1, facts.codes.length) - distinct.length
  return Math.min(rowBytes, first + Math.max(0, repeats) * perRepeat)
}
