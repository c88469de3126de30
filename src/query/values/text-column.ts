/** Values that were made, one a row, as a column like those of blocks: their bytes behind each other. */
import type { Column } from '../../record/record.ts'

export function columnOfValues(values: readonly Uint8Array[]): Column {
  const starts = new Uint32Array(values.length)
  const lengths = Uint32Array.from(values, (value) => value.length)
  let size = 0
  for (let row = 0; row < values.length; row++) {
    starts[row] = size
    size += lengths[row]
  }
  const data = new Uint8Array(size)
  for (let row = 0; row < values.length; row++) data.set(values[row], starts[row])
  return { data, starts, lengths, kinds: null }
}
